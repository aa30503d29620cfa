"""scripts/diagrams/blocks.py: pictures in boxes, and what enters a pipeline from beside."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scripts import diagrams
from scripts.diagrams import Block
from scripts.diagrams.blocks import LOW, TALL


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def places(fig) -> dict:
    """Where each text stands."""
    return {text.get_text(): text.get_position() for text in fig.axes[0].texts}


def heights(fig) -> list[float]:
    """The heights of the boxes, in the order in which they were drawn; arrows are left out."""
    boxes = [patch for patch in fig.axes[0].patches if hasattr(patch, "get_height")]
    return [box.get_height() for box in boxes]


def test_a_picture_is_drawn_in_its_box_in_its_own_proportions_and_the_axes_stay():
    pixels = np.zeros((20, 40, 3), np.uint8)
    fig = diagrams.blocks(["before", Block("a picture", (20, 40, 3), picture=pixels)])
    (image,) = fig.axes[0].images
    left, right, bottom, top = image.get_extent()
    assert right - left == pytest.approx(2 * (top - bottom))
    at = places(fig)["a picture"]
    assert left < at[0] < right and at[1] < bottom
    plain = diagrams.blocks(["before", Block("a picture", (20, 40, 3))])
    assert fig.axes[0].get_xlim() == plain.axes[0].get_xlim()
    assert fig.axes[0].get_ylim()[1] > plain.axes[0].get_ylim()[1]


def test_a_picture_makes_the_boxes_of_its_row_tall_and_no_others():
    stages = [Block("one", picture=np.ones((4, 4))), "two", "three", ["four", "five"]]
    assert heights(diagrams.blocks(stages, width=2)) == [TALL, TALL, LOW, LOW, LOW]


def test_what_enters_stands_above_its_box():
    fig = diagrams.blocks(["map", Block("pooling", (7, 7), enters="boxes"), "heads"])
    at = places(fig)
    assert at["boxes"][0] == pytest.approx(at["pooling"][0])
    assert at["boxes"][1] > at["7 x 7"][1] > at["pooling"][1]
    assert at["boxes"][1] < fig.axes[0].get_ylim()[1]
    # two arrows join the boxes, one enters; the last box says no shape
    assert len(fig.axes[0].patches) == 3 + 3


def test_two_branches_stand_one_above_the_other_behind_a_tall_box():
    stages = [Block("pooled", (7, 7), picture=np.ones((7, 7))), [Block("class", (11,)), Block("box", (4,))]]
    fig = diagrams.blocks(stages)
    at = places(fig)
    assert at["class"][0] == at["box"][0] > at["pooled"][0]
    assert at["class"][1] > at["box"][1] > fig.axes[0].get_ylim()[0]
    assert {"11", "4", "7 x 7"} <= set(at)
