"""Lesson 00's net in Keras and lesson 15's in PyTorch find the same. Each runs in a process of its own."""

import json

import numpy as np
import pytest

from scripts import data
from scripts.pretrained import darknet, imageai_help, keras_yolo, yolo_file
from tests.support import program

PHOTOGRAPHS = ("motorcycle_left", "coffee", "astronaut", "camera")
# per cent; at 50 two things are found, at 5 a few dozen
MINIMA = {50: 2, 30: 5, 5: 20}


@pytest.mark.long
def test_keras_and_pytorch_find_the_same_boxes_to_a_pixel_and_scores_to_a_thousandth(
    tiny, tiny_file, monkeypatch
):
    monkeypatch.setenv("COURSE_WEIGHTS", str(tiny_file.parent))
    minima = ",".join(map(str, MINIMA))
    by_keras = json.loads(program("keras_yolo_boxes", minima, *PHOTOGRAPHS).splitlines()[-1])
    for minimum, least in MINIMA.items():
        boxes = 0
        for name in PHOTOGRAPHS:
            ours = by_keras[str(minimum)][name]
            theirs = imageai_help.detect(tiny, data.photograph(name), minimum)
            assert [one["name"] for one in ours] == [one["name"] for one in theirs], name
            for one, other in zip(ours, theirs, strict=True):
                apart = np.abs(np.subtract(one["box_points"], other["box_points"])).max()
                assert apart <= 1, (one, other)
                # both are per cent: a thousandth is 0.1
                differ = abs(one["percentage_probability"] - other["percentage_probability"])
                assert differ <= 0.1, (one, other)
            boxes += len(ours)
        assert boxes >= least, minimum


def test_the_names_shapes_and_order_are_those_of_imageais_net(tiny):
    assert imageai_help.classes(tiny) == keras_yolo.COCO
    state = imageai_help.network(tiny).state_dict()
    theirs = {key: tuple(value.shape) for key, value in state.items() if value.ndim}
    assert yolo_file.shapes() == theirs
    assert darknet.order(yolo_file.shapes()) == darknet.order(theirs)


def test_a_pt_file_is_read_without_pytorch_as_pytorch_reads_it(tiny, tiny_file):
    arrays = yolo_file.read(tiny_file)
    state = imageai_help.network(tiny).state_dict()
    assert all(np.array_equal(array, state[name].numpy()) for name, array in arrays.items())
