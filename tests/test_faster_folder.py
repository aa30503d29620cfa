"""Faster R-CNN on a folder: shrunk and mirrored pictures, anchors after the objects, and a short training end to end."""

import numpy as np
import pytest

from scripts import data
from scripts.data.voc import read_voc
from scripts.data.voc_write import write_voc
from scripts.detection import own_folder
from scripts.detection.evaluation import evaluate, objects_in


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voc") / "scenes"
    write_voc(data.load_scenes(4, "train"), folder, "train")
    write_voc(data.load_scenes(3, "test"), folder, "test")
    return tuple(read_voc(folder, part, classes=data.load_scenes(1).classes) for part in ("train", "test"))


def test_scales_follow_the_objects():
    sides = np.arange(10, 111)
    boxes = [np.stack([0 * sides, 0 * sides, sides, sides], axis=1).astype(float)]
    assert own_folder.scales_of(boxes) == (20.0, 60.0, 100.0)
    with pytest.raises(ValueError, match="no object"):
        own_folder.scales_of([np.zeros((0, 4))])


def test_mirrored_boxes_hold_what_they_held(sets):
    images, boxes, labels = own_folder.shrunk_set(sets[0], 80, flips=True)
    assert len(images) == len(boxes) == len(labels) == 4 * len(sets[0])
    for flip in range(4):
        x1, y1, x2, y2 = boxes[flip][0].round().astype(int)
        inside, first = images[flip][y1:y2, x1:x2], boxes[0][0].round().astype(int)
        original = images[0][first[1] : first[3], first[0] : first[2]]
        turned = original[:: -1 if flip % 2 else 1, :: -1 if flip // 2 else 1]
        shape = np.minimum(inside.shape, turned.shape)
        gap = np.abs(inside[: shape[0], : shape[1]].astype(int) - turned[: shape[0], : shape[1]])
        assert np.median(gap) <= 8  # half a pixel of rounding


def test_a_short_training_ends_with_detections(sets):
    learned = own_folder.learn_faster_rcnn(*sets, steps=4, longest=96)
    assert len(learned.found) == len(sets[1]) and learned.proposals > 10
    assert learned.evaluation.mean == evaluate(learned.found, objects_in(sets[1]), 10).mean
    assert max(said.boxes.max() for said in learned.found) > 97  # it was shown 96 pixels of 160
    for said, (width, height) in zip(learned.found, sets[1].sizes, strict=True):
        assert (said.boxes >= 0).all() and (said.boxes <= (width + 1, height + 1) * 2).all()
