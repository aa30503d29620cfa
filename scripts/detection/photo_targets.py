"""What a step of training on photographs is taught: of anchors, and of boxes for the heads.

Two things differ from lesson 18 because photographs are few: anchors that cross the border of a picture are learnt from as well,
since an object that fills a photograph has no anchor that lies inside it. And as lesson 17 does, the heads are given boxes near
each object too: on the few pictures that it knows by heart the proposal network soon proposes boxes that need no correction, and
the heads would never learn to correct.
"""

from typing import NamedTuple

import numpy as np

from scripts.detection import anchors, fast_rcnn, faster_rcnn
from scripts.detection.boxes import BOX_STD, clip, encode, iou, large_enough
from scripts.detection.photo_net import Net
from scripts.detection.photo_proposals import BEFORE, anchor_table
from scripts.detection.views import View

LEARNT_FROM = 200  # proposals of a picture that the heads may be taught with, of the network
BEST, BEST_IOU = 8, 0.35  # anchors that each object has at least, where they overlap it by so much
# boxes near each object that they are taught with, and by how much of a side the corners are moved
NEAR, AWAY = 32, 0.3


class HeadTargets(NamedTuple):
    """What the heads are taught in a step: the last four parts of `faster_rcnn.StepTargets`.

    boxes: float32 (n, 4); images: int32 (n,), which picture; labels: int32 (n,); targets: float32 (n, 4), over `BOX_STD`.
    """

    boxes: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    targets: np.ndarray


def match_anchors(table, truth, usable):
    """`anchors.match`, and each object's best few anchors hold it in any case.

    Small objects lie between the anchors: hardly one reaches the IoU of 0.7, while a large object has dozens. With a single
    anchor each, they would be learnt so seldom that the network stops proposing them.

    Returns: as `anchors.match`.
    """
    labels, which = anchors.match(table, truth, usable)
    if len(truth):
        overlaps = iou(table, truth) * usable[:, None]
        for k, column in enumerate(overlaps.T):
            best = np.argsort(-column, kind="stable")[:BEST]
            best = best[(column[best] >= BEST_IOU) & (labels[best] != anchors.POSITIVE)]
            labels[best], which[best] = anchors.POSITIVE, k
    return labels, which


def anchor_targets(rng, table, truth, height: int, width: int) -> anchors.Targets:
    """What the anchors of a photograph are taught: `anchors.targets`, but for which anchors hold an object or are left out.

    Left out are those whose centre lies outside the picture, on what was filled up; one that only crosses the border stays.

    Args:
        table: anchors, float (n, 4); truth: the objects' boxes, float (k, 4); height, width: of the picture, pixels.
    """
    centres = (table[:, :2] + table[:, 2:]) / 2
    usable = ((centres > 0) & (centres < (width, height))).all(axis=1)
    labels, which = match_anchors(table, truth, usable)
    labels = anchors.draw(rng, labels)
    deltas, holding = np.zeros((len(table), 4), np.float32), labels == anchors.POSITIVE
    if holding.any():
        deltas[holding] = encode(table[holding], truth[which[holding]].astype(float)) / BOX_STD
    return anchors.Targets(labels, deltas)


def near(rng, truth, size) -> np.ndarray:
    """Boxes near each object, float32 (NEAR * k, 4): its corners moved at random, cut at the picture's border.

    Args:
        truth: float (k, 4); size: (height, width) of the picture.
    """
    boxes = np.repeat(truth, NEAR, axis=0)
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return clip(boxes + rng.uniform(-AWAY, AWAY, boxes.shape).astype(np.float32) * sides, *size)


def of_heads(rng, net: Net, proposals, view: View, image: int) -> HeadTargets:
    """What the heads are taught of one picture, which is number `image` of the step.

    Args:
        proposals: float (n, 4), pixels of the view.
    """
    proposals = np.concatenate([proposals, near(rng, view.boxes, view.size)])
    if not large_enough(np.concatenate([proposals, view.boxes]), fast_rcnn.SMALLEST).any():
        # nothing is proposed, and no object is large enough for the heads: the whole of it is background
        proposals = np.float32([[0, 0, *view.size[::-1]]])
    given = fast_rcnn.prepare(None, proposals, view.boxes, view.labels, len(net.plan.classes))
    picked = fast_rcnn.sample(rng, given.overlaps, background_iou=0.0)
    images, labels = np.full(len(picked), image, np.int32), given.labels[picked].astype(np.int32)
    return HeadTargets(given.boxes[picked], images, labels, given.targets[picked])


def step_targets(rng, net: Net, grid, logits, deltas, views: list[View]) -> faster_rcnn.StepTargets:
    """What one step is taught, from what the proposal network says now.

    Args:
        grid: rows and columns of the anchors' positions; logits, deltas: (pictures, anchors) and (pictures, anchors, 4).
        views: the step's pictures.
    """
    parts, table = [], anchor_table(*grid, net.stride, net.plan.anchors)
    said = {"before": BEFORE, "after": LEARNT_FROM}
    for i, view in enumerate(views):
        of_anchors = anchor_targets(rng, table, view.boxes, *view.size)
        proposals = faster_rcnn.propose(logits[i], deltas[i], table, *view.size, **said).boxes
        parts.append((*of_anchors, *of_heads(rng, net, proposals, view, i)))
    labels, deltas, *rest = zip(*parts, strict=True)
    return faster_rcnn.StepTargets(np.stack(labels), np.stack(deltas), *map(np.concatenate, rest))


def search_targets(rng, net: Net, views: list[View], proposals) -> HeadTargets:
    """What one step is taught where proposals come by selective search: of anchors, nothing.

    Args:
        views: the step's pictures; proposals: of each, float (n, 4), pixels of the view.
    """
    pairs = zip(proposals, views, strict=True)
    parts = [of_heads(rng, net, boxes, view, i) for i, (boxes, view) in enumerate(pairs)]
    return HeadTargets(*map(np.concatenate, zip(*parts, strict=True)))
