"""TinyYOLOv3 in Keras: its file found and read, never fetched unasked; what lesson 00 does without it."""

import hashlib
import os
import pickle
import zipfile

import numpy as np
import pytest

from scripts import data, pretrained
from scripts.pretrained import darknet, files, keras_yolo, pt_arrays, state_dicts, yolo_file
from scripts.tools import lessons
from scripts.tools.execute import execute
from scripts.weights import WeightsError
from tests.support import Server

CARD = pretrained.cards()[yolo_file.NET]
needs_weights = pytest.mark.skipif(yolo_file.find() is None, reason="TinyYOLOv3's weights are not here")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for weights; the user's own and the mirror's are empty too, and this is not Colab."""
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setattr(keras_yolo, "in_colab", lambda: False)
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture(scope="module")
def light():
    """The bytes of a Darknet file of this net whose numbers are all 0, and its card."""
    content = darknet.pack({name: np.zeros(shape, np.float32) for name, shape in yolo_file.shapes().items()})
    known = {**CARD["darknet"], "sha256": hashlib.sha256(content).hexdigest()}
    assert len(content) == known["bytes"]
    return content, {**CARD, "darknet": known}


@pytest.fixture
def served(folder, light, monkeypatch):
    """A server with the light file at its author's address: (server, a function that sets its answer)."""
    content, card = light
    with Server() as server:
        monkeypatch.delenv("COURSE_OFFLINE", raising=False)
        here = {**card, "author_url": server.url("/tiny.weights"), "url": server.url("/owner/name/tiny.pt")}
        monkeypatch.setattr(files, "cards", lambda: {yolo_file.NET: here})
        server.pages["/tiny.weights"] = (200, content)
        yield server


def test_the_net_has_the_numbers_of_the_manifest():
    model = keras_yolo.build()
    assert model.count_params() == CARD["parameters"]
    assert sum(int(np.prod(shape)) for shape in yolo_file.shapes().values()) == CARD["parameters"]
    assert [tuple(out.shape[1:]) for out in model.outputs] == [(13, 13, 255), (26, 26, 255)]


def test_asking_for_the_file_and_loading_without_it_fetch_nothing(served, folder):
    assert yolo_file.find() is None
    with pytest.raises(WeightsError, match=r"\ATinyYOLOv3's weights are not here\. python -m .*\Z"):
        keras_yolo.load()
    assert served.asked == [] and list(folder.iterdir()) == []


def test_a_student_who_asks_gets_the_file_and_it_is_loaded(served, folder):
    model = keras_yolo.load(fetch_it=True)
    assert (folder / CARD["darknet"]["file"]).is_file() and len(served.asked) == 1
    assert not model.get_layer("conv1").get_weights()[0].any()
    keras_yolo.load(fetch_it=True)
    assert len(served.asked) == 1, "fetched again although it is here"


def test_in_colab_the_file_is_fetched_without_a_question(served, folder, monkeypatch):
    monkeypatch.setattr(keras_yolo, "in_colab", lambda: True)
    keras_yolo.load()
    assert len(served.asked) == 1


@needs_weights
def test_where_the_author_does_not_answer_imageais_file_is_fetched_checked_and_recorded(served, folder):
    here = lessons.ROOT / "weights" / CARD["file"]
    if not here.is_file():
        pytest.skip("ImageAI's form of the file is not here")
    served.pages["/tiny.weights"] = (403, b"no")
    served.pages["/owner/name/tiny.pt"] = (200, here.read_bytes())
    keras_yolo.load(fetch_it=True)
    assert served.asked == ["/tiny.weights", "/owner/name/tiny.pt"]
    assert state_dicts.recorded(folder)[CARD["file"]]["how"] == "from 127.0.0.1"
    assert yolo_file.find() == folder / CARD["file"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [((200, b"<!DOCTYPE html><title>404</title>"), "another file"), ((404, b"no"), "answered 404")],
    ids=["a page", "nothing"],
)
def test_an_answer_that_is_not_the_file_never_stays(served, folder, answer, words):
    served.pages["/tiny.weights"] = served.pages["/owner/name/tiny.pt"] = answer
    with pytest.raises(WeightsError, match=rf"\ATinyYOLOv3's weights are not here \(.*{words}.*\Z"):
        keras_yolo.load(fetch_it=True)
    assert not [path for path in folder.rglob("*") if path.suffix != ".lock"]


def test_offline_is_one_clear_line(folder, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"\A.*not asked \(COURSE_OFFLINE=1\).*\Z"):
        yolo_file.fetch(package=True)
    assert yolo_file.main() == 1


def test_a_damaged_darknet_file_is_not_taken(folder):
    (folder / CARD["darknet"]["file"]).write_bytes(b"half")
    assert yolo_file.find() is None


class Evil:
    """What a file of weights must not be able to do."""

    def __reduce__(self):
        return os.getcwd, ()


@pytest.mark.parametrize(
    ("described", "words"),
    [
        (pickle.dumps(Evil()), "asks for"),
        (pickle.dumps([1, 2]), "no state dict"),
        (b"nothing", "cut off or no weights"),
    ],
)
def test_a_pt_file_that_asks_for_more_than_arrays_is_refused(tmp_path, described, words):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", described)
    with pytest.raises(pt_arrays.PtError, match=words):
        pt_arrays.read(tmp_path / "a.pt")


def test_a_file_that_is_no_archive_or_of_another_net_is_one_line(tmp_path):
    (tmp_path / "tiny.pt").write_bytes(b"PK half of a file")
    with pytest.raises(WeightsError, match=r"\Atiny\.pt is cut off or no weights.*\Z"):
        yolo_file.read(tmp_path / "tiny.pt")
    tiny = {"conv1.conv.bias": np.zeros(1), "conv1.conv.weight": np.zeros((1, 1, 1, 1))}
    (tmp_path / "tiny.weights").write_bytes(darknet.pack(tiny))
    with pytest.raises(WeightsError, match="is not of this net"):
        yolo_file.read(tmp_path / "tiny.weights")


def test_a_picture_of_any_shape_is_letterboxed_on_grey():
    square = keras_yolo.letterbox(np.full((100, 200, 3), 255, np.uint8))
    assert square.shape == (416, 416, 3) and square.dtype == np.float32
    assert np.allclose(square[104:312], 1) and np.allclose(square[:104], 128 / 255)
    with pytest.raises(data.DataError, match="too narrow"):
        keras_yolo.letterbox(np.zeros((1, 2000, 3), np.uint8))
    with pytest.raises(ValueError, match="0 to 100"):
        keras_yolo.detect(None, square, 150)


@needs_weights
def test_the_file_here_is_the_one_that_its_author_published():
    packed = darknet.pack(yolo_file.read(yolo_file.find()), seen=32_013_312)
    assert hashlib.sha256(packed).hexdigest() == CARD["darknet"]["sha256"]


@needs_weights
def test_the_stored_boxes_are_those_that_the_net_finds():
    net = keras_yolo.load()
    for name in CARD["found"]:
        found = keras_yolo.detect(net, data.photograph(name), 30)
        kept = keras_yolo.stored(name)
        assert [one["name"] for one in found] == [one["name"] for one in kept], name
        for one, other in zip(found, kept, strict=True):
            assert np.abs(np.subtract(one["box_points"], other["box_points"])).max() <= 1
            assert abs(one["percentage_probability"] - other["percentage_probability"]) <= 0.1
    with pytest.raises(WeightsError, match="no boxes are stored"):
        keras_yolo.stored("rocket")


@pytest.mark.long
def test_without_the_file_lesson_00_shows_the_stored_boxes_and_runs_on(tmp_path):
    names = ("COURSE_WEIGHTS", "COURSE_USER_CACHE", "COURSE_MIRROR")
    nowhere = {name: str(tmp_path / name) for name in names}
    run = execute(
        lessons.chosen(["00"])[0], COURSE_OFFLINE="1", COURSE_CLAIMS_DIR=str(tmp_path / "claims"), **nowhere
    )
    assert not run.error and not run.failed, (run.cell, run.error)
    status = {claim["id"]: claim["status"] for claim in run.claims}
    assert status["00.motorbike"] == "not measured" and status["00.test-accuracy"] == "kept"
    said = "".join(out.get("text", "") for cell in run.notebook.cells for out in cell.get("outputs", []))
    assert "TinyYOLOv3's weights are not here" in said and "stored with the course" in said
    assert not list(tmp_path.rglob("*.weights"))
