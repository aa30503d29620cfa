"""Anchors: boxes of set sizes and shapes at every position of a feature map, and what a network learns at each.

S. Ren, K. He, R. Girshick, J. Sun: "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks", NIPS
2015; sections are those of arXiv 1506.01497v3. Boxes are those of boxes.py: float x1, y1, x2, y2, counted from 0, end
exclusive. Position (row, column) of a map of stride s stands for the square of s x s pixels from (column s, row s), and its
anchors lie round the middle of that square. Everything here is NumPy: targets are numbers, no gradient passes through.
"""

from typing import NamedTuple

import numpy as np

from scripts.detection.boxes import BOX_STD, encode, iou

# pixels, side of the square of equal area; the paper: 128, 256, 512, for larger pictures
SCALES = (24, 36, 54)
RATIOS = (0.5, 1.0, 2.0)  # height to width (section 3.1.1)
# IoU: above the one an anchor holds an object, below the other none (section 3.1.2)
POSITIVE_IOU, NEGATIVE_IOU = 0.7, 0.3
# anchors of a picture that are learnt at a time, and the most of them with objects (3.1.3)
BATCH, SHARE = 256, 0.5
POSITIVE, NEGATIVE, IGNORED = 1, 0, -1


class Targets(NamedTuple):
    """What the anchors of a picture are taught: labels (n,), POSITIVE, NEGATIVE or IGNORED; deltas (n, 4) over `BOX_STD`, 0 but for POSITIVE."""

    labels: np.ndarray
    deltas: np.ndarray


def shapes(scales=SCALES, ratios=RATIOS) -> np.ndarray:
    """The anchors of one position, round the point (0, 0): float64, shape (scales * ratios, 4), ratios fastest.

    Each has the area of a square with its scale as side, whatever its ratio of height to width.
    """
    sides = [(s / r**0.5, s * r**0.5) for s in scales for r in ratios]
    halves = np.array(sides, float).reshape(-1, 2) / 2
    return np.concatenate([-halves, halves], axis=1)


def anchors_of(rows: int, columns: int, stride: int, scales=SCALES, ratios=RATIOS) -> np.ndarray:
    """The anchors of a whole map: float64, shape (rows * columns * k, 4), k = scales * ratios.

    In the order of a convolution's output of k channels, flattened: row by row, in a row column by column, at each the k
    shapes. They may reach outside the picture.
    """
    down, across = (np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride
    y, x = np.meshgrid(down, across, indexing="ij")
    centres = np.stack([x, y, x, y], axis=2)[:, :, None, :]
    return (centres + shapes(scales, ratios)).reshape(-1, 4)


def inside(boxes, height: int, width: int) -> np.ndarray:
    """Which boxes do not cross the border of a picture: bool, shape (n,). The others are not learnt from (3.1.3)."""
    return (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= (width, height)).all(axis=1)


def match(anchors, truth, usable=None, positive=POSITIVE_IOU, negative=NEGATIVE_IOU):
    """Which anchors hold an object (section 3.1.2).

    An anchor does when its IoU with some object is above `positive`; so does the one that overlaps an object most, and
    every other that overlaps it just as much, however little that is: or no anchor would learn this object. But an object
    that no anchor overlaps has a largest IoU of 0, which all anchors share: it makes none hold anything.

    Args:
        anchors: float, shape (n, 4); truth: float, shape (k, 4), k may be 0.
        usable: bool, shape (n,), or None for all; the others are IGNORED and never an object's best.

    Returns:
        int8, shape (n,): POSITIVE; NEGATIVE, when every IoU is below `negative`; IGNORED for what lies between. And int64,
        shape (n,): the object each overlaps most, the one its box is taught to reach; 0 where there is none.
    """
    usable = np.ones(len(anchors), bool) if usable is None else usable
    if len(truth) == 0:
        return np.where(usable, NEGATIVE, IGNORED).astype(np.int8), np.zeros(len(anchors), np.int64)
    overlaps = iou(anchors, truth) * usable[:, None]
    most, of_object = overlaps.max(axis=1), overlaps.max(axis=0)
    best = ((overlaps == of_object) & (of_object > 0)).any(axis=1)  # without "> 0" all anchors would be
    labels = np.where(most < negative, NEGATIVE, IGNORED)
    labels = np.where((most > positive) | best, POSITIVE, labels)
    return np.where(usable, labels, IGNORED).astype(np.int8), overlaps.argmax(axis=1)


def draw(rng, labels, count=BATCH, share=SHARE) -> np.ndarray:
    """The labels of a batch of anchors: of all but these IGNORED (section 3.1.3).

    At most a share of the batch holds objects; the rest does not. Where objects are fewer, more of the others fill it.
    """
    holding, others = np.flatnonzero(labels == POSITIVE), np.flatnonzero(labels == NEGATIVE)
    holding = rng.permutation(holding)[: int(count * share)]
    drawn = np.full_like(labels, IGNORED)
    drawn[holding] = POSITIVE
    drawn[rng.permutation(others)[: count - len(holding)]] = NEGATIVE
    return drawn


def targets(rng, anchors, truth, height: int, width: int, std=BOX_STD, **batch) -> Targets:
    """What the anchors of one picture are taught in one step.

    Args:
        rng: a ``numpy.random.Generator``; anchors: of `anchors_of`; truth: float, shape (k, 4), the objects' boxes.
        height, width: of the picture, pixels. std: deltas are divided by it, so that the errors that matter are neither
            tiny nor all on the flat part of smooth L1; 1 leaves them. batch: count and share of `draw`.
    """
    labels, which = match(anchors, truth, inside(anchors, height, width))
    labels = draw(rng, labels, **batch)
    deltas, holding = np.zeros((len(anchors), 4), np.float32), labels == POSITIVE
    if holding.any():
        deltas[holding] = encode(anchors[holding], truth[which[holding]].astype(float)) / std
    return Targets(labels, deltas)
