"""Pictures with boxes drawn on them: how they look, which are meant, where they go."""

import numpy as np
import pytest

from scripts import data
from scripts.detection import detector_marks
from scripts.detection.detections import Detections

NAMES = ("café/bar", "red fox")


def test_what_is_drawn():
    picture = np.full((200, 300, 3), 128, np.uint8)
    found = Detections(np.float32([[50, 60, 250, 180]]), np.float32([0.9]), np.array([1]))
    drawn = detector_marks.with_boxes(picture, found, NAMES)
    changed = (drawn != picture).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (50, 60, 250, 180)
    assert not changed[100:150, 80:220].any() and (picture == 128).all() and drawn.dtype == np.uint8
    # the name of another class looks different
    other = detector_marks.with_boxes(picture, found._replace(labels=np.array([0])), NAMES)
    assert (other != drawn).any()
    # at a corner the words stay inside
    corner = found._replace(boxes=np.float32([[295, 195, 300, 200]]))
    assert (detector_marks.with_boxes(picture, corner, NAMES) != picture).sum() > 500


def test_where_marked_pictures_go(tmp_path):
    for name in ("a.png", "b.jpeg", "a_boxes.png", "notes.txt"):
        (tmp_path / name).write_text("")
    paths = list(detector_marks.pictures_in([tmp_path, tmp_path / "a_boxes.png"]))
    assert [path.name for path in paths] == ["a.png", "b.jpeg", "a_boxes.png"]
    taken = {path.resolve() for path in paths}
    names = [detector_marks.marked_path(path, tmp_path, taken).name for path in paths]
    # a picture that was named is not written over
    assert names == ["a_2_boxes.png", "b_boxes.jpg", "a_boxes_boxes.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(data.DataError, match=r"\Aempty: there is no picture in this folder\Z"):
        list(detector_marks.pictures_in([tmp_path / "empty"]))
