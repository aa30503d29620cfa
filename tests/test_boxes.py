"""Boxes: IoU, suppression and coding against their definitions, their limits, and torchvision where it is installed."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scripts.detection.boxes import (
    area,
    as_boxes,
    clip,
    decode,
    encode,
    iou,
    large_enough,
    nms,
    nms_by_class,
)
from scripts.tools.listings import torch_python
from tests.support import needs_torchvision, program

NONE = np.zeros((0, 4))


def random_boxes(n, seed=0, side=100.0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, side, (n, 2))
    return np.concatenate([start, start + rng.uniform(1, side / 2, (n, 2))], axis=1).astype(dtype)


real_boxes = arrays(float, (5, 4), elements=st.floats(0.5, 500)).map(
    lambda a: np.concatenate([a[:, :2], a[:, :2] + a[:, 2:]], axis=1)
)


def test_the_convention_counts_pixels():
    """The box of rows 2 to 3 and columns 3 to 5 is (3, 2, 6, 4): 3 wide, 2 high, nothing added."""
    mask = np.zeros((8, 8), bool)
    mask[2:4, 3:6] = True
    assert area(np.array([[3.0, 2, 6, 4]])) == mask.sum() == 6


def test_iou_counts_common_pixels():
    boxes = np.random.default_rng(0).integers(0, 12, (40, 2, 2))
    boxes = np.concatenate([boxes.min(axis=1), boxes.max(axis=1)], axis=1).astype(float)
    masks = np.zeros((40, 12, 12), bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes.astype(int), strict=True):
        mask[y1:y2, x1:x2] = True
    common = (masks[:, None] & masks[None]).sum(axis=(2, 3))
    union = (masks[:, None] | masks[None]).sum(axis=(2, 3))
    np.testing.assert_array_equal(iou(boxes, boxes), np.where(union, common / np.maximum(union, 1), 0))


@given(real_boxes, real_boxes)
@settings(max_examples=60, deadline=None)
def test_iou_is_symmetric_bounded_and_one_for_itself(a, b):
    both = iou(a, b)
    np.testing.assert_array_equal(both, iou(b, a).T)
    assert ((both >= 0) & (both <= 1 + 1e-12)).all()
    np.testing.assert_allclose(np.diag(iou(a, a)), 1)
    np.testing.assert_allclose(iou(a * 3, b * 3), both, atol=1e-9)  # no scale
    np.testing.assert_allclose(iou(a + 7, b + 7), both, atol=1e-9)  # no place


@pytest.mark.filterwarnings("error::RuntimeWarning:scripts")
def test_degenerate_boxes_overlap_nothing():
    odd = np.array([[5.0, 5, 5, 9], [9, 9, 1, 1], [0, 0, np.nan, 4], [0, 0, np.inf, 4], [0, 0, 10, 10]])
    with np.errstate(invalid="ignore"):
        table = iou(odd, odd)
    assert table[4, 4] == 1 and table.sum() == 1
    assert iou(NONE, odd).shape == (0, 5) and iou(odd, NONE).shape == (5, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_iou_of_any_numbers(dtype):
    two = np.array([[0, 0, 10, 10], [5, 0, 15, 10]], dtype)
    np.testing.assert_allclose(iou(two, two), [[1, 1 / 3], [1 / 3, 1]], rtol=1e-6)


def test_as_boxes():
    assert as_boxes([]).shape == as_boxes([[]]).shape == as_boxes(NONE).shape == (0, 4)
    assert as_boxes([[1, 2, 3, 4]]).dtype == np.float64
    assert as_boxes(np.ones((2, 4), np.float32)).dtype == np.float32
    small = as_boxes(np.array([[200, 200, 250, 250]], np.uint8))  # bytes would wrap
    assert area(small) == 2500
    for wrong in ([1, 2, 3, 4], [[1, 2, 3]], np.zeros((2, 2, 4))):
        with pytest.raises(ValueError, match=r"shape \(n, 4\)"):
            as_boxes(wrong)


def slow_nms(boxes, scores, limit):
    """From the definition: a box stays when no better one that stays overlaps it too much."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if all(iou(boxes[i : i + 1], boxes[j : j + 1])[0, 0] <= limit for j in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("limit", [0.0, 0.3, 0.7, 1.0])
def test_nms_by_its_definition(limit):
    boxes = random_boxes(120)
    scores = np.random.default_rng(1).integers(0, 30, 120) / 30  # many are equal
    assert nms(boxes, scores, limit).tolist() == slow_nms(boxes, scores, limit)


def test_nms_limits():
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert nms(boxes, np.array([0.5, 0.5, 0.4, 0.5]), 0.3).tolist() == [0, 3]  # of equal scores the earlier
    third = iou(boxes[:1], boxes[2:3])[0, 0]
    assert nms(boxes[[0, 2]], np.array([0.9, 0.8]), third).tolist() == [0, 1]  # exactly the limit stays
    assert nms(NONE, np.zeros(0)).shape == (0,) and nms(NONE, np.zeros(0)).dtype == np.int64
    odd = np.array([[0, 0, 10, 10], [0, 0, np.nan, 10], [0, 0, np.inf, 10], [1, 1, 1, 1.0]])
    assert nms(odd, np.array([0.1, 0.9, 0.9, 0.2])).tolist() == [3, 0]
    assert nms(odd, np.array([np.nan, 1, 1, -np.inf])).tolist() == []


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 17, 30])
def test_nms_of_a_chain(count):
    """Each box covers half of the next (IoU 1/3), so every second one goes, also where eight looked at together end."""
    left = 5.0 * np.arange(count)
    chain = np.stack([left, np.zeros(count), left + 10, np.full(count, 10)], axis=1)
    worse = -np.arange(count + 1.0)
    assert nms(chain, worse[1:], 0.3).tolist() == list(range(0, count, 2))
    behind = np.concatenate([[[0, 50, 10, 60]], chain])  # a better one far away moves all by a place
    assert nms(behind, worse, 0.3).tolist() == [0, *range(1, count + 1, 2)]
    assert nms(chain, worse[1:], 0.5).tolist() == list(range(count))


def test_nms_by_class_keeps_classes_apart():
    boxes, scores = random_boxes(80), np.random.default_rng(2).integers(0, 9, 80) / 9
    labels = np.random.default_rng(3).integers(0, 4, 80)
    kept = nms_by_class(boxes, scores, labels, 0.3)
    right = sorted(
        (i for c in range(4) for i in _members(boxes, scores, labels, c)), key=lambda i: (-scores[i], i)
    )
    assert kept.tolist() == right
    far = boxes + 1e6 * labels[:, None]  # the well-known trick: classes moved apart
    assert set(nms(far, scores, 0.3)) == set(right)
    assert nms_by_class(NONE, np.zeros(0), np.zeros(0, int)).tolist() == []


def _members(boxes, scores, labels, label):
    members = np.flatnonzero(labels == label)
    return members[slow_nms(boxes[members], scores[members], 0.3)]


@given(real_boxes, real_boxes)
@settings(max_examples=60, deadline=None)
def test_decode_undoes_encode(boxes, targets):
    np.testing.assert_allclose(decode(boxes, encode(boxes, targets), largest=np.inf), targets, atol=1e-6)
    np.testing.assert_allclose(encode(boxes * 4, targets * 4), encode(boxes, targets), atol=1e-7)  # no scale
    np.testing.assert_allclose(encode(boxes, boxes), 0, atol=1e-12)


def test_coding_by_hand():
    box, target = np.array([[0.0, 0, 10, 20]]), np.array([[5.0, 5, 25, 15]])
    np.testing.assert_allclose(encode(box, target), [[1.0, 0.0, np.log(2), np.log(0.5)]])


def test_growth_is_cut_before_exp():
    with np.errstate(over="raise"):
        grown = decode(np.array([[0.0, 0, 16, 16]]), np.array([[0, 0, 1e30, 800.0]]))
    np.testing.assert_allclose(grown, [[-492, -492, 508, 508]])
    shrunk = decode(np.array([[0.0, 0, 16, 16]]), np.array([[0, 0, -1e30, -800.0]]))
    np.testing.assert_allclose(shrunk, [[8, 8, 8, 8]])  # towards nothing there is no overflow


def test_coding_limits():
    assert encode(NONE, NONE).shape == decode(NONE, NONE).shape == (0, 4)
    for odd in ([[1.0, 1, 1, 5]], [[5.0, 5, 1, 9]], [[0, 0, np.nan, 1]]):
        with pytest.raises(ValueError, match="every side"):
            encode(np.array(odd), np.array([[0.0, 0, 1, 1]]))
        with pytest.raises(ValueError, match="every side"):
            encode(np.array([[0.0, 0, 1, 1]]), np.array(odd))
    lost = decode(np.array([[0.0, 0, 4, 4]]), np.array([[np.nan, 0, 0, 0]]))
    assert len(nms(lost, np.ones(1))) == 0  # what is no number ends here


def test_clip():
    boxes = np.array([[-5.0, -5, 5, 5], [90, 40, 200, 200], [300, 10, 400, 20], [0, 0, np.inf, 5]])
    cut = clip(boxes, height=50, width=100)
    assert cut.tolist() == [[0, 0, 5, 5], [90, 40, 100, 50], [100, 10, 100, 20], [0, 0, 100, 5]]
    assert large_enough(cut, 6).tolist() == [False, True, False, False]
    assert np.isnan(clip(np.array([[np.nan, 0, 1, 1]]), 5, 5)[0, 0])
    assert clip(np.ones((1, 4), np.float32), 5, 5).dtype == np.float32 and clip(NONE, 5, 5).shape == (0, 4)


@needs_torchvision
def test_equal_to_torchvision():
    report = json.loads(program("torchvision_boxes", python=torch_python()).splitlines()[-1])
    assert report["nms"] == report["by_class"] == 0
    assert report["iou"] <= 1e-6 and report["encode"] <= 1e-4 and report["decode"] <= 1e-4
