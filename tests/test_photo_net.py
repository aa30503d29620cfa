"""The net for photographs: anchors after the objects, halves that make one backbone, maps that fit, what cannot be built."""

import keras
import numpy as np
import pytest

from scripts.detection import anchors, faster_rcnn, photo_net
from scripts.detection.boxes import iou, large_enough
from scripts.detection.photo_net import PHOTO, SMALL, Net, Plan
from scripts.detection.photo_proposals import anchor_table
from scripts.detection.proposals import selective_search
from scripts.pretrained import efficientnet_lite

PLAN = Plan(("cat", "dog"), ((12.0, 20.0), (30.0, 30.0)), SMALL, None, 96, 16)


def boxes_of(sides):
    """Boxes of these (width, height), one corner each somewhere."""
    sides = np.array(sides, float)
    corners = np.random.default_rng(0).uniform(0, 50, sides.shape)
    return np.concatenate([corners, corners + sides], axis=1)


def test_anchors_are_the_middles_of_the_groups_of_objects():
    rng = np.random.default_rng(1)
    middles = np.array([[10, 12], [40, 20], [30, 90]])
    sides = np.concatenate([middle + rng.integers(-1, 2, (40, 2)) for middle in middles])
    pictures = np.split(boxes_of(sides), [7, 50, 50, 80])
    assert photo_net.anchor_sizes(pictures, 3) == ((10.0, 12.0), (40.0, 20.0), (30.0, 90.0))
    # more anchors lie nearer to the objects, and are in order of area
    means = []
    for count in (1, 3, 6):
        sizes = photo_net.anchor_sizes(pictures, count)
        assert len(sizes) == count and np.all(np.diff(np.prod(sizes, axis=1)) >= 0)
        means.append(photo_net.overlap_of_sides(sides, np.array(sizes)).max(axis=1).mean())
    assert means[0] < means[1] < means[2]


def test_few_objects_and_odd_ones():
    assert photo_net.anchor_sizes([boxes_of([[9, 5]])], 9) == ((9.0, 5.0),)
    assert photo_net.anchor_sizes([boxes_of([[9, 5]] * 4), boxes_of([[3, 4]])], 9) == ((3.0, 4.0), (9.0, 5.0))
    # a box without area is no size, and less than half a pixel becomes one
    odd = np.array([[5, 5, 5, 9], [0, 0, 0.2, 6], [9, 9, 3, 3], [0, np.nan, 4, 4]])
    assert photo_net.anchor_sizes([odd], 9) == ((1.0, 6.0),)
    for nothing in ([], [np.zeros((0, 4))], [odd[:1]]):
        with pytest.raises(ValueError, match=r"\Athere is no object to learn from\Z"):
            photo_net.anchor_sizes(nothing)


def test_overlaps_of_sides_are_those_of_boxes_on_one_corner():
    rng = np.random.default_rng(0)
    one, two = rng.uniform(1, 50, (5, 2)), rng.uniform(1, 50, (7, 2))
    on_corner = [np.concatenate([np.zeros_like(sides), sides], axis=1) for sides in (one, two)]
    assert np.allclose(photo_net.overlap_of_sides(one, two), iou(*on_corner))


def test_the_anchors_of_a_map_stand_in_the_order_of_lesson_18():
    scales, ratios = (16.0, 40.0), anchors.RATIOS
    first = anchors.anchors_of(1, 1, 8, scales)
    sizes = first[:, 2:] - first[:, :2]
    assert len(sizes) == len(scales) * len(ratios)
    table = anchor_table(3, 5, 8, sizes)
    assert np.allclose(table, anchors.anchors_of(3, 5, 8, scales)) and table.shape == (3 * 5 * 6, 4)


@pytest.fixture(scope="module")
def whole():
    """A backbone of random weights, whose normalisation does something; its maps of a picture of odd sides."""
    net, rng = efficientnet_lite.build(5), np.random.default_rng(0)
    for layer in net.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.5, 1.5, one.shape) for one in layer.get_weights()])
    ends = [net.get_layer(name).output for name in ("group3_2_add", "group5_3_add")]
    picture = rng.uniform(0, 255, (1, 33, 47, 3)).astype(np.float32)
    return net, picture, keras.Model(net.input, ends)(picture, training=False)


@pytest.mark.parametrize("group", [None, 0, 3, 5])
def test_two_halves_are_the_whole_backbone(whole, group):
    net, picture, expected = whole
    first, second = efficientnet_lite.halves(net, group)
    maps = photo_net.as_list(second(photo_net.as_list(first(picture, training=True)), training=True))
    for given, wanted in zip(maps, expected, strict=True):
        assert np.std(wanted) > 0 and np.allclose(given, wanted, rtol=1e-5, atol=1e-5)
    # the first half trains nothing, the second its convolutions, all of them, from this group on
    names = {weight.path.split("/")[-2] for weight in second.trainable_weights}
    parts = {int(name[5]) for name in names}
    assert parts == (set() if group is None else set(range(max(group, 1), 6)))
    assert not any(name.endswith("norm") for name in names) and first.trainable_weights == []


@pytest.mark.parametrize(("backbone", "group"), [(PHOTO, 4), (SMALL, None)])
def test_a_net_has_answers_for_each_anchor_and_each_box(backbone, group):
    net = Net(PLAN._replace(backbone=backbone, trainable_from=group), from_imagenet=False)
    picture = np.random.default_rng(0).uniform(0, 255, (2, 64, 96, 3)).astype(np.float32)
    boxes = np.float32([[0, 0, 60, 60], [10, 20, 90, 50], [5, 5, 9, 9]])
    logits, deltas, classes, moves = net.model([picture, boxes, np.int32([0, 1, 1])], training=False)
    positions = (64 // net.stride) * (96 // net.stride)
    assert logits.shape == (2, positions * 2) and deltas.shape == (2, positions * 2, 4)
    assert classes.shape == (3, 3) and moves.shape == (3, 2, 4)
    maps = net.maps(net.frozen(picture, training=False))
    assert [one.shape[1] for one in maps] == [64 // stride for stride in net.strides]
    # boxes are pooled from all maps, side by side
    assert net.pool(maps, boxes, np.int32([0, 1, 1])).shape == (3, 7, 7, sum(one.shape[-1] for one in maps))
    assert net.stride == (16 if backbone == PHOTO else 8)


def test_with_selective_search_there_is_no_proposal_network():
    net = Net(PLAN._replace(anchors=(), search={"strategy": "single"}))
    boxes, which = np.float32([[0, 0, 60, 60], [10, 20, 90, 50]]), np.int32([0, 0])
    classes, moves = net.model([np.zeros((1, 64, 96, 3), np.float32), boxes, which], training=False)
    assert net.proposals is None and classes.shape == (2, 3) and moves.shape == (2, 2, 4)
    assert {one.name for one in net.model.layers} >= {"backbone", "pooling4", "heads"}
    # the boxes that are judged are those of the search, and no more than are asked for
    picture = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    meant, stages = selective_search(picture, "single"), photo_net.Stages(net)
    meant = meant[large_enough(meant, 4)]
    assert len(meant) > 20
    assert np.array_equal(stages.propose(picture)[1], meant)
    assert np.array_equal(stages.propose(picture, after=7)[1], meant[:7])


def test_what_cannot_be_built_is_told():
    with pytest.raises(ValueError, match=r"\Athe backbone is 'efficientnet_lite0' or 'small', not 'vgg'\Z"):
        Net(PLAN._replace(backbone="vgg"))
    with pytest.raises(ValueError, match="from 0 to 5, not at 6"):
        Net(PLAN._replace(backbone=PHOTO, trainable_from=6), from_imagenet=False)


def test_where_nothing_is_proposed_nothing_is_found(monkeypatch):
    net = Net(PLAN)
    monkeypatch.setattr(faster_rcnn, "SMALLEST", 1e9)
    found = photo_net.detect(photo_net.Stages(net), np.zeros((64, 96, 3), np.uint8), 0.0)
    assert found.boxes.shape == (0, 4) and found.scores.shape == (0,) and found.labels.shape == (0,)
