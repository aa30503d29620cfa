"""A picture of one's own: by path anywhere, by upload and webcam in Colab; a stand-in plays Colab here."""

import base64
import sys
import types

import cv2
import numpy as np
import pytest

from scripts import data
from scripts.data import own_picture


@pytest.fixture
def jpeg():
    return cv2.imencode(".jpg", np.full((20, 30, 3), 120, np.uint8))[1].tobytes()


@pytest.fixture
def colab(monkeypatch):
    """Modules google.colab.files and google.colab.output that answer as told."""
    told = {}
    files = types.SimpleNamespace(upload=lambda: told["upload"])
    output = types.ModuleType("google.colab.output")

    def eval_js(script):
        if isinstance(told["webcam"], Exception):
            raise told["webcam"]
        return told["webcam"]

    output.eval_js = eval_js
    package = types.ModuleType("google.colab")
    package.files, package.output = files, output
    monkeypatch.setattr(own_picture, "in_colab", lambda: True)
    for name, module in (("google.colab", package), ("google.colab.output", output)):
        monkeypatch.setitem(sys.modules, name, module)
    return told


def test_a_path_and_what_is_wrong_with_it(tmp_path, jpeg):
    (tmp_path / "a.jpg").write_bytes(jpeg)
    assert own_picture.own_picture("path", tmp_path / "a.jpg").shape == (20, 30, 3)
    for path, words in (("", "no path is given"), (tmp_path / "b.jpg", "is missing")):
        with pytest.raises(data.DataError, match=words):
            own_picture.own_picture("path", path)
    with pytest.raises(data.DataError, match="no way to get a picture"):
        own_picture.own_picture("fax")


@pytest.mark.parametrize("way", ["upload", "webcam"])
def test_outside_colab_upload_and_webcam_are_one_clear_error(way, monkeypatch):
    monkeypatch.setattr(own_picture, "in_colab", lambda: False)
    with pytest.raises(data.DataError, match=f"{way} works in Colab only"):
        own_picture.own_picture(way)


def test_in_colab(colab, jpeg):
    colab["upload"] = {"mine.jpg": jpeg}
    assert own_picture.own_picture("upload").shape == (20, 30, 3)
    colab["upload"] = {}
    with pytest.raises(data.DataError, match="nothing was uploaded"):
        own_picture.own_picture("upload")
    colab["upload"] = {"page.jpg": b"<html>"}
    with pytest.raises(data.DataError, match=r"page\.jpg is no picture"):
        own_picture.own_picture("upload")
    colab["webcam"] = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    assert own_picture.own_picture("webcam").shape == (20, 30, 3)
    colab["webcam"] = RuntimeError("NotAllowedError")
    with pytest.raises(data.DataError, match="the webcam gave no picture.*allow it"):
        own_picture.own_picture("webcam")
