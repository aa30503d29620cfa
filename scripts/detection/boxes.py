"""Boxes: area, intersection over union, non-maximum suppression, the coding that box regression learns, clipping.

One convention in the whole course: a box is (x1, y1, x2, y2) in pixels, float, counted from 0, its end exclusive. Pixel
(row, column) covers the square from (column, row) to (column + 1, row + 1), so the box of columns 3 to 5 has x1 = 3,
x2 = 6 and the width x2 - x1 = 3. Pascal VOC's files count from 1 and include the end: scripts/data/voc.py converts.
Code from before 2017 adds 1 to widths and heights; nothing here does.

Boxes come as arrays of shape (n, 4), float32 or float64; none at all is shape (0, 4). `as_boxes` makes such an array of
lists and integers.
"""

import numpy as np

# a box grows at most 62.5 times in decoding: exp of more could overflow
LARGEST_LOG = float(np.log(1000 / 16))
# what nets learn are deltas divided by these four: then their size is about 1 (the authors' later code)
BOX_STD = np.float32((0.1, 0.1, 0.2, 0.2))


def as_boxes(boxes) -> np.ndarray:
    """Boxes in any form as a float array of shape (n, 4); an empty list becomes shape (0, 4).

    Raises:
        ValueError: another shape.
    """
    boxes = np.asarray(boxes)
    if boxes.dtype.kind != "f":
        boxes = boxes.astype(np.float64)
    if boxes.size == 0 and boxes.ndim <= 2:
        return np.zeros((0, 4), boxes.dtype)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes have the shape (n, 4): x1, y1, x2, y2; this is {boxes.shape}")
    return boxes


def area(boxes):
    """Areas in square pixels, shape (n,). An inverted box (x2 < x1 or y2 < y1) has none."""
    return (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)


def iou(boxes, others):
    """Intersection over union of every box with every other: the Jaccard index of two sets of pixels.

    Args:
        boxes: float, shape (n, 4); others: float, shape (m, 4). Either may hold none.

    Returns:
        float64, shape (n, m), values 0..1. 0 where a box has no area or a coordinate that is no finite number.
    """
    start = np.maximum(boxes[:, None, :2], others[None, :, :2])
    end = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = (end - start).clip(min=0).prod(axis=2)  # a negative side: they do not meet
    union = area(boxes)[:, None] + area(others)[None, :] - common
    return np.divide(common, union, out=np.zeros(union.shape), where=(union > 0) & np.isfinite(union))


def nms(boxes, scores, iou_threshold=0.3):
    """Greedy non-maximum suppression (R-CNN, section 2.2): the best box stays, all that overlap it too much go, again.

    Args:
        boxes: float, shape (n, 4); scores: float, shape (n,).
        iou_threshold: a box goes when its IoU with a better one that stays is *above* this. R-CNN uses 0.3.

    Returns:
        int64, shape (k,): indices of the boxes that stay, best first; of equal scores the earlier box is the better one.
        Boxes with a score or a coordinate that is no finite number never stay.
    """
    usable = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    order = np.argsort(-scores, kind="stable")
    order, kept = order[usable[order]], []
    while len(order):
        # the best eight at once: fewer calls of NumPy, the same boxes
        clear = iou(boxes[order[:8]], boxes[order]) <= iou_threshold
        stays = np.ones(len(order), bool)
        for i, row in enumerate(clear):
            if stays[i]:
                stays[i + 1 :] &= row[i + 1 :]
        kept += order[:8][stays[:8]].tolist()
        order = order[8:][stays[8:]]
    return np.array(kept, np.int64)


def nms_by_class(boxes, scores, labels, iou_threshold=0.3):
    """`nms` for each class alone: boxes of different classes never suppress each other.

    Args:
        boxes, scores, iou_threshold: as in `nms`; labels: int, shape (n,).

    Returns:
        int64, shape (k,): indices of the boxes that stay over all classes, best first; equal scores in order of index.
    """
    kept = np.zeros(0, np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        kept = np.append(kept, members[nms(boxes[members], scores[members], iou_threshold)])
    return kept[np.lexsort((kept, -scores[kept]))]


def centre_form(boxes):
    """Centres and sizes of boxes: (centre x, centre y, width, height), shape (n, 4)."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.concatenate([boxes[:, :2] + sides / 2, sides], axis=1)


def encode(boxes, targets):
    """What takes boxes to targets, as box regression learns it (R-CNN, appendix C, equations 6 to 9).

    Args:
        boxes: float, shape (n, 4), such as proposals or anchors; targets: float, shape (n, 4), an object for each.

    Returns:
        shape (n, 4): dx, dy, the way of the centre in widths and heights of the box; dw, dh, the logarithms of the ratios
        of the sides. The same shift of a box twice as large gives half the number: the code does not depend on scale.

    Raises:
        ValueError: a side that is not above 0: it has no logarithm.
    """
    start, goal = centre_form(boxes), centre_form(targets)
    if not (start[:, 2:] > 0).all() or not (goal[:, 2:] > 0).all():
        raise ValueError("encode: every side of every box and target has to be above 0")
    shift = (goal[:, :2] - start[:, :2]) / start[:, 2:]
    return np.concatenate([shift, np.log(goal[:, 2:] / start[:, 2:])], axis=1)


def decode(boxes, deltas, largest=LARGEST_LOG):
    """Boxes moved and resized by deltas: the inverse of `encode` (R-CNN, appendix C, equations 1 to 4).

    Args:
        boxes: float, shape (n, 4); deltas: float, shape (n, 4): dx, dy, dw, dh.
        largest: dw and dh are cut to this before exp, which would overflow for what an untrained net may say.

    Returns:
        shape (n, 4). They may reach outside the picture (`clip`). A delta that is no number gives coordinates that are
        none; `nms` drops these.
    """
    start = centre_form(boxes)
    centres = start[:, :2] + deltas[:, :2] * start[:, 2:]
    halves = start[:, 2:] * np.exp(np.minimum(deltas[:, 2:], largest)) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def clip(boxes, height, width):
    """Boxes cut at the borders of a picture of (height, width) pixels; one that lies outside keeps no area.

    NaN stays NaN; an infinite coordinate moves to the border.
    """
    limits = np.array([width, height, width, height], boxes.dtype)
    return np.clip(boxes, 0, limits)


def large_enough(boxes, smallest):
    """Which boxes have both sides of at least `smallest` pixels: bool, shape (n,). NaN is never large enough."""
    return (boxes[:, 2:] - boxes[:, :2] >= smallest).all(axis=1)


def nearest(boxes, truth):
    """For each box the IoU with the object it overlaps most, and which that is; 0 and 0 where none is."""
    overlaps = np.pad(iou(boxes, truth), ((0, 0), (0, 1 if len(truth) == 0 else 0)))
    return overlaps.max(axis=1), overlaps.argmax(axis=1)
