"""Anchors: places and shapes, matching, batches and targets, against a slow writing from the paper on random cases."""

import math

import numpy as np
import pytest

from scripts.detection import anchors
from scripts.detection.anchors import IGNORED, NEGATIVE, POSITIVE
from scripts.detection.boxes import decode

NONE = np.zeros((0, 4))


def random_case(seed):
    """Anchors of a map of random size, and objects of a picture; now and then an object far outside, or none at all."""
    rng = np.random.default_rng(seed)
    rows, columns, stride = (int(n) for n in (*rng.integers(2, 9, 2), rng.choice([4, 8, 16])))
    height, width = (
        rows * stride + int(rng.integers(stride)),
        columns * stride + int(rng.integers(stride)),
    )
    scales, ratios = (
        rng.uniform(6, 40, rng.integers(1, 4)),
        rng.uniform(0.3, 3, rng.integers(1, 4)),
    )
    start = rng.uniform(0, (width, height), (int(rng.integers(0, 5)), 2))
    truth = np.concatenate([start, start + rng.uniform(3, 40, start.shape)], axis=1)
    if seed % 3 == 0:
        truth = np.concatenate([truth, [[5000.0, 5000, 5040, 5040]]])  # no anchor meets it
    if seed % 4 == 0:
        truth = np.rint(truth)  # ties are many
    return rng, (rows, columns, stride, tuple(scales), tuple(ratios)), truth, height, width


def slow_anchors(rows, columns, stride, scales, ratios):
    """Section 3.1.1, one box after the other."""
    boxes = []
    for row in range(rows):
        for column in range(columns):
            for scale in scales:
                for ratio in ratios:
                    w = math.sqrt(scale * scale / ratio)
                    h = ratio * w
                    x, y = column * stride + stride / 2, row * stride + stride / 2
                    boxes.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(boxes)


def slow_iou(a, b):
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(across, 0.0) * max(down, 0.0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def slow_match(boxes, truth, height, width):
    """Sections 3.1.2 and 3.1.3: positive (i) best for an object, (ii) IoU above 0.7; negative below 0.3 for all."""
    allowed = [b[0] >= 0 and b[1] >= 0 and b[2] <= width and b[3] <= height for b in boxes]
    table = [[slow_iou(b, t) for t in truth] for b in boxes]
    labels = []
    for i in range(len(boxes)):
        if not allowed[i]:
            labels.append(IGNORED)
            continue
        label = NEGATIVE if all(v < 0.3 for v in table[i]) else IGNORED
        for j in range(len(truth)):
            best = max(table[k][j] for k in range(len(boxes)) if allowed[k])
            if table[i][j] > 0.7 or (table[i][j] == best and best > 0):
                label = POSITIVE
        labels.append(label)
    return np.array(labels), table


def slow_deltas(anchor, box):
    """Equation 2: t_x = (x - x_a) / w_a, ..., t_w = log(w / w_a)."""
    wa, ha, w, h = anchor[2] - anchor[0], anchor[3] - anchor[1], box[2] - box[0], box[3] - box[1]
    x, y, xa, ya = ((b[i] + b[i + 2]) / 2 for b, i in ((box, 0), (box, 1), (anchor, 0), (anchor, 1)))
    return [(x - xa) / wa, (y - ya) / ha, math.log(w / wa), math.log(h / ha)]


@pytest.mark.parametrize("seed", range(24))
def test_places_and_labels_are_the_papers(seed):
    _, shape, truth, height, width = random_case(seed)
    boxes = anchors.anchors_of(*shape)
    np.testing.assert_allclose(boxes, slow_anchors(*shape), atol=1e-9)
    labels, which = anchors.match(boxes, truth, anchors.inside(boxes, height, width))
    expected, table = slow_match(boxes, truth, height, width)
    np.testing.assert_array_equal(labels, expected)
    for i in np.flatnonzero(labels == POSITIVE):
        assert which[i] == int(np.argmax(table[i]))


@pytest.mark.parametrize("seed", range(24))
def test_targets_are_the_papers(seed):
    rng, shape, truth, height, width = random_case(seed)
    boxes = anchors.anchors_of(*shape)
    found = anchors.targets(rng, boxes, truth, height, width, count=40)
    expected, table = slow_match(boxes, truth, height, width)
    for i, label in enumerate(found.labels):
        assert label in (expected[i], IGNORED)
        if label == POSITIVE:
            expected_deltas = np.array(slow_deltas(boxes[i], truth[np.argmax(table[i])])) / (
                0.1,
                0.1,
                0.2,
                0.2,
            )
            np.testing.assert_allclose(found.deltas[i], expected_deltas, atol=1e-4)
        else:
            assert not found.deltas[i].any()
    there = [(expected == kind).sum() for kind in (POSITIVE, NEGATIVE)]
    holding = min(there[0], 20)
    assert (found.labels == POSITIVE).sum() == holding
    assert (found.labels == NEGATIVE).sum() == min(there[1], 40 - holding)


def test_order_is_that_of_a_flattened_map():
    """Anchor (row, column, shape) of a map (rows, columns, k) stands where reshape puts it."""
    table = anchors.anchors_of(3, 4, 8, (10, 20), (1.0, 2.0)).reshape(3, 4, 4, 4)
    np.testing.assert_allclose((table[2, 1, :, :2] + table[2, 1, :, 2:]) / 2, [[12.0, 20.0]] * 4)
    np.testing.assert_allclose(table[0, 0, 0], [-1, -1, 9, 9])
    sides = table[0, 0, :, 2:] - table[0, 0, :, :2]
    np.testing.assert_allclose(sides.prod(axis=1), [100, 100, 400, 400])
    np.testing.assert_allclose(sides[:, 1] / sides[:, 0], [1, 2, 1, 2])


def test_an_object_no_anchor_overlaps_marks_nothing_positive():
    boxes = anchors.anchors_of(3, 3, 16, (16,), (1.0,))
    far = np.array([[400.0, 400, 420, 420]])
    labels, _ = anchors.match(boxes, far)
    assert labels.tolist() == [NEGATIVE] * 9
    near = np.array([[0.0, 0, 16, 16]])
    labels, _ = anchors.match(boxes, np.concatenate([near, far]))
    assert labels.tolist() == [POSITIVE] + [NEGATIVE] * 8


def test_an_object_met_by_anchors_across_the_border_only_marks_nothing():
    boxes = anchors.anchors_of(3, 3, 16, (40,), (1.0,))
    usable = anchors.inside(boxes, 48, 48)
    assert usable.sum() == 1  # the middle one
    corner = np.array([[0.0, 0, 4, 4]])
    labels, _ = anchors.match(boxes, corner, usable)
    assert (labels == POSITIVE).sum() == 0 and labels[4] == NEGATIVE
    assert (np.delete(labels, 4) == IGNORED).all()


def test_all_that_tie_for_an_object_hold_it_however_little():
    boxes = anchors.anchors_of(1, 2, 16, (16,), (1.0,))
    between = np.array([[14.0, 6, 18, 10]])  # half in each: an IoU of 8 / 264
    labels, which = anchors.match(boxes, between)
    assert labels.tolist() == [POSITIVE, POSITIVE] and which.tolist() == [0, 0]


def test_limits_are_strict():
    anchor = np.array([[0.0, 0, 10, 10]])
    for share, other, expected in (
        (7.0, 10.0, IGNORED),
        (7.1, 10.0, POSITIVE),
        (3.0, 10.0, IGNORED),
        (2.9, 10.0, NEGATIVE),
    ):
        both = np.array([[0, 0, share, 10], [0, 0, 10, 10.0]])  # the second anchor is the object's best
        labels, _ = anchors.match(both, np.array([[0, 0, 10.0, other]]))
        assert labels[0] == expected, share
    assert anchors.match(anchor, NONE)[0].tolist() == [NEGATIVE]


def test_no_object_and_no_anchor():
    boxes = anchors.anchors_of(3, 3, 16, (16,), (1.0,))
    labels, which = anchors.match(boxes, NONE, anchors.inside(boxes, 48, 48))
    assert (labels == NEGATIVE).all() and not which.any()
    found = anchors.targets(np.random.default_rng(0), boxes, NONE, 48, 48)
    assert (found.labels == NEGATIVE).all() and not found.deltas.any()
    found = anchors.targets(np.random.default_rng(0), boxes, np.array([[0.0, 0, 16, 16]]), 4, 4)  # all cross
    assert (found.labels == IGNORED).all()


@pytest.mark.parametrize(
    ("holding", "others", "expected"),
    [(300, 3000, (128, 128)), (5, 3000, (5, 251)), (300, 10, (128, 10)), (0, 50, (0, 50))],
)
def test_a_batch_is_half_objects_at_most(holding, others, expected):
    labels = np.array([POSITIVE] * holding + [NEGATIVE] * others + [IGNORED] * 40, np.int8)
    drawn = anchors.draw(np.random.default_rng(0), labels)
    assert ((drawn == POSITIVE).sum(), (drawn == NEGATIVE).sum()) == expected
    assert (labels[drawn != IGNORED] == drawn[drawn != IGNORED]).all()


def test_a_batch_is_drawn_anew_each_time_and_equal_for_equal_seeds():
    labels = np.array([POSITIVE] * 300 + [NEGATIVE] * 3000, np.int8)
    first, second = (anchors.draw(np.random.default_rng(seed), labels) for seed in (0, 1))
    assert (first != second).any()
    np.testing.assert_array_equal(first, anchors.draw(np.random.default_rng(0), labels))


def test_decoding_the_targets_gives_the_objects():
    rng = np.random.default_rng(3)
    boxes, truth = anchors.anchors_of(20, 20, 8), np.array([[20.0, 30, 60, 90], [90, 80, 130, 110]])
    found = anchors.targets(rng, boxes, truth, 160, 160)
    holding = found.labels == POSITIVE
    reached = decode(boxes[holding], found.deltas[holding].astype(float) * (0.1, 0.1, 0.2, 0.2))
    gaps = np.abs(reached[:, None] - truth[None]).max(axis=2).min(axis=1)
    assert holding.any() and gaps.max() < 1e-3
