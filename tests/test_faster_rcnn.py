"""Faster R-CNN: the losses of region proposals and the proposal layer against slow writings from the paper; its bad input."""

import math

import numpy as np
import pytest
import tensorflow as tf

from scripts.detection import anchors, faster_rcnn
from scripts.detection.anchors import HOLDS, HOLDS_NOT, UNUSED
from scripts.detection.boxes import clip, decode, iou, nms

NONE = np.zeros((0, 4))


def said(seed, pictures=2, n=60):
    """What a network might say of some anchors, with labels and targets of every kind."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 4, (pictures, n)).astype(np.float32)
    deltas = random.normal(0, 1.5, (pictures, n, 4)).astype(np.float32)
    labels = random.choice([HOLDS, HOLDS_NOT, UNUSED], (pictures, n), p=[0.2, 0.5, 0.3]).astype(np.int8)
    targets = random.normal(0, 1, (pictures, n, 4)).astype(np.float32)
    return logits, deltas, labels, targets


def slow_losses(logits, deltas, labels, targets, positions, balance):
    """Equation 1, one anchor after the other."""
    of_objects, of_boxes = [], []
    for picture in range(len(logits)):
        drawn = [i for i in range(len(labels[picture])) if labels[picture][i] != UNUSED]
        log_loss = box_loss = 0.0
        for i in drawn:
            p = 1 / (1 + math.exp(-float(logits[picture][i])))
            star = 1 if labels[picture][i] == HOLDS else 0
            log_loss -= star * math.log(p) + (1 - star) * math.log(1 - p)
            for t, goal in zip(deltas[picture][i], targets[picture][i], strict=True):
                x = abs(float(t) - float(goal))
                box_loss += star * (0.5 * x * x if x < 1 else x - 0.5)
        of_objects.append(log_loss / max(len(drawn), 1))
        of_boxes.append(balance * box_loss / positions)
    return np.mean(of_objects), np.mean(of_boxes)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("balance", [1.0, 10.0])
def test_the_losses_are_the_papers(seed, balance):
    case = said(seed, pictures=1 + seed % 3)
    found = faster_rcnn.proposal_losses(*case, positions=20, balance=balance)
    np.testing.assert_allclose([float(one) for one in found], slow_losses(*case, 20, balance), rtol=1e-4)


def test_losses_where_nothing_was_drawn_or_nothing_holds_an_object():
    logits, deltas, labels, targets = said(0)
    nothing = faster_rcnn.proposal_losses(logits, deltas, np.full_like(labels, UNUSED), targets, 20)
    assert [float(one) for one in nothing] == [0, 0]
    empty = faster_rcnn.proposal_losses(logits, deltas, np.full_like(labels, HOLDS_NOT), targets, 20)
    assert float(empty[0]) > 0 and float(empty[1]) == 0


def test_losses_of_very_sure_answers_are_finite():
    logits, deltas, labels, targets = said(1)
    found = faster_rcnn.proposal_losses(1e4 * logits, 1e4 * deltas, labels, targets, 20)
    assert np.isfinite([float(one) for one in found]).all()


def test_no_gradient_reaches_what_was_not_drawn():
    logits, deltas, labels, targets = (tf.constant(one) for one in said(2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([logits, deltas])
        log_loss, box_loss = faster_rcnn.proposal_losses(logits, deltas, labels, targets, 20)
    assert not tape.gradient(log_loss, logits).numpy()[labels.numpy() == UNUSED].any()
    assert not tape.gradient(box_loss, deltas).numpy()[labels.numpy() != HOLDS].any()
    assert tape.gradient(box_loss, deltas).numpy()[labels.numpy() == HOLDS].any()


def test_the_network_speaks_in_the_order_of_the_anchors():
    """What is true of one place of the map changes the answers of the anchors round this place only."""
    net = faster_rcnn.proposal_net(4, width=8)
    maps = np.zeros((1, 7, 9, 4), np.float32)
    before = [out.numpy() for out in net(maps)]
    assert before[0].shape == (1, 7 * 9 * 9) and before[1].shape == (1, 7 * 9 * 9, 4)
    maps[0, 5, 2] = 1
    table = anchors.anchors_of(7, 9, 8)
    for quiet, loud in zip(before, net(maps), strict=True):
        changed = np.abs(loud.numpy() - quiet).reshape(1, len(table), -1).max(axis=(0, 2)) > 1e-7
        centres = (table[changed, :2] + table[changed, 2:]) / 2
        assert changed.any() and np.abs(centres - (2.5 * 8, 5.5 * 8)).max() <= 8  # a 3 x 3 convolution


def slow_proposals(logits, deltas, boxes, height, width, before, after, overlap):
    """Section 3.3, with the course's own suppression."""
    order = sorted(range(len(logits)), key=lambda i: -logits[i])[:before]
    found = clip(decode(boxes[order], deltas[order].astype(float)), height, width)
    sides = found[:, 2:] - found[:, :2]
    kept = np.flatnonzero((sides >= faster_rcnn.SMALLEST).all(axis=1))
    kept = kept[nms(found[kept], logits[np.array(order)[kept]], overlap)][:after]
    return found[kept], 1 / (1 + np.exp(-logits[np.array(order)[kept]]))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("before", "after"), [(600, 100), (50, 300), (1, 1)])
def test_proposals_are_the_surest_that_are_left(seed, before, after):
    random, boxes = np.random.default_rng(seed), anchors.anchors_of(10, 12, 8)
    logits = random.normal(0, 3, len(boxes)).astype(np.float32)
    deltas = random.normal(0, 0.3, (len(boxes), 4)).astype(np.float32)
    found = faster_rcnn.propose(logits, deltas, boxes, 80, 96, before, after)
    expected = slow_proposals(logits, deltas, boxes, 80, 96, before, after, 0.7)
    np.testing.assert_allclose(found.boxes, expected[0], atol=1e-3)
    np.testing.assert_allclose(found.scores, expected[1], atol=1e-5)
    assert (np.diff(found.scores) <= 0).all() and len(found.boxes) <= after
    assert (found.boxes >= 0).all() and (found.boxes[:, 2:] <= (96, 80)).all()
    overlaps = iou(found.boxes.astype(float), found.boxes.astype(float))
    assert (overlaps - np.eye(len(overlaps)) <= 0.7 + 1e-5).all()


def test_wild_answers_give_no_wild_boxes():
    """exp of a large dw would overflow; answers that are no number are never proposed."""
    boxes = anchors.anchors_of(4, 4, 8)
    logits, deltas = np.full(len(boxes), -1e4, np.float32), np.full((len(boxes), 4), 1e4, np.float32)
    with np.errstate(all="raise"):
        found = faster_rcnn.propose(logits, deltas, boxes, 32, 32)
    assert np.isfinite(found.boxes).all() and (found.boxes >= 0).all() and (found.boxes <= 32).all()
    deltas[:] = 0
    deltas[::2], logits[1::4] = np.nan, np.nan
    found = faster_rcnn.propose(logits, deltas, boxes, 32, 32)
    assert len(found.boxes) and np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()


def test_nothing_large_enough_gives_no_proposal():
    boxes = anchors.anchors_of(4, 4, 8, (4,), (1.0,))
    found = faster_rcnn.propose(np.ones(16, np.float32), np.zeros((16, 4), np.float32), boxes, 32, 32)
    assert found.boxes.shape == (0, 4) and found.scores.shape == (0,)
