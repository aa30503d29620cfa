"""Faster R-CNN for photographs: the net of lesson 18 with a backbone from ImageNet, anchors of the objects' own sizes, two maps.
With selective search in the place of the proposal network it is lesson 17's Fast R-CNN.

A net is told by a `Plan`, which can be written down: whoever has a plan and weights has the detector. The net has two halves:
`frozen` is never trained, so what it says of a picture may be kept; `trained` goes on from there. The proposal network sees the
last map, and boxes are pooled by RoIAlign from all maps of `trained`, side by side, so that small things keep their outlines.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from scripts.detection import detections, fast_rcnn, faster_rcnn
from scripts.detection.boxes import BOX_STD, area, clip, decode, large_enough
from scripts.detection.detections import Detections
from scripts.detection.photo_proposals import NETWORK, SEARCH, BySearch, OfNetwork
from scripts.detection.pooling import RoiAlign
from scripts.pretrained import efficientnet_lite

PHOTO, SMALL = "efficientnet_lite0", "small"
SIDE = 480  # pixels that the longer side of a picture is brought to
ANCHORS = 9


class Plan(NamedTuple):
    """All that settles a net but its weights; plain numbers and names, as JSON keeps them.

    classes: names. anchors: (width, height) of each, pixels of the shrunk picture, of `anchor_sizes`. backbone: `PHOTO`, from
    ImageNet, or `SMALL`, the course's own. trainable_from: the backbone's group of blocks from which on it is trained (`PHOTO`);
    None: nothing of it. side: pixels that the longer side of a picture is brought to. width: of the heads' hidden layer.
    search: None: there is a proposal network; else arguments of selective search, by which proposals come, and no anchor.
    """

    classes: tuple[str, ...]
    anchors: tuple[tuple[float, float], ...]
    backbone: str = PHOTO
    trainable_from: int | None = 4
    side: int = SIDE
    width: int = 128
    search: dict | None = None

    @property
    def proposals(self) -> str:
        """Where they come from."""
        return NETWORK if self.search is None else SEARCH


def anchor_sizes(boxes, count: int = ANCHORS, repeats: int = 50, seed: int = 0) -> tuple:
    """Widths and heights of anchors by k-means over the objects, with 1 - IoU as distance (J. Redmon, A. Farhadi: YOLO9000, 2017).

    Args:
        boxes: arrays (k, 4), pixels of the shrunk pictures.

    Returns:
        At most `count` pairs (width, height), smallest area first, whole pixels.

    Raises:
        ValueError: there is no object.
    """
    every = np.concatenate([np.zeros((0, 4)), *boxes])
    sides = every[area(every) > 0][:, 2:] - every[area(every) > 0][:, :2]
    if len(sides) == 0:
        raise ValueError("there is no object to learn from")
    rng = np.random.default_rng(seed)
    different = np.unique(np.maximum(1, np.rint(sides)), axis=0)
    centres = rng.permutation(different)[:count]
    for _ in range(repeats):
        nearest = overlap_of_sides(sides, centres).argmax(axis=1)
        moved = [np.median(sides[nearest == i], axis=0) for i in range(len(centres)) if (nearest == i).any()]
        if len(moved) == len(centres) and np.allclose(moved, centres):
            break
        centres = np.array(moved)
    order = np.argsort(centres.prod(axis=1))
    return tuple((float(w), float(h)) for w, h in np.maximum(1, np.rint(centres[order])))


def overlap_of_sides(sides, others) -> np.ndarray:
    """IoU of boxes (n, 2) and (m, 2), given by width and height, laid on one corner: float64, shape (n, m)."""
    common = np.minimum(sides[:, None], others[None]).prod(axis=2)
    return common / (sides.prod(axis=1)[:, None] + others.prod(axis=1)[None] - common)


class Net:
    """A net by its plan: the halves of the backbone, `frozen` and `trained`, then `proposals` and `heads`; `model` is the whole.

    source: the object that proposals come from, of photo_proposals.py; with selective search `proposals` is None.
    stride: pixels between positions of anchors; halved: how many cells of the last map are one position.
    """

    def __init__(self, plan: Plan, from_imagenet: bool = True):
        """Build a net; `from_imagenet`: whether `PHOTO`'s trained weights are put in, or other weights will be loaded."""
        self.plan = plan
        self.frozen, self.trained, self.strides = trunk(plan, from_imagenet)
        maps = self.trained.outputs
        self.halved = 2 if plan.backbone == SMALL else 1
        self.stride = self.strides[-1] * self.halved
        searched = plan.search is not None
        self.proposals = None if searched else self._proposal_net(maps[-1].shape[-1])
        place = (plan.anchors, self.stride, self.halved)
        self.source = BySearch(plan.search) if searched else OfNetwork(*place)
        channels = sum(one.shape[-1] for one in maps)
        self.heads = fast_rcnn.heads(len(plan.classes), channels, plan.width)
        self.align = [
            RoiAlign(fast_rcnn.BINS, 1 / stride, name=f"pooling{stride}") for stride in self.strides
        ]
        self.model = self._whole()

    def _proposal_net(self, channels: int) -> keras.Model:
        """Lesson 18's; the pooling that it begins with is left out where the map is coarse already."""
        whole = faster_rcnn.proposal_net(channels, len(self.plan.anchors))
        if self.halved == 2:
            return whole
        return keras.Model(whole.layers[1].output, whole.outputs, name="proposals")

    def _whole(self) -> keras.Model:
        """Inputs and outputs as those of `faster_rcnn.detector`, or of `fast_rcnn.detector`, pictures 0..255."""
        picture = keras.Input((None, None, 3), name="pictures")
        boxes, images = keras.Input((4,), name="boxes"), keras.Input((), dtype="int32", name="images")
        maps = self.maps(self.frozen(picture))
        of_anchors = self.proposals(maps[-1]) if self.proposals else ()
        return keras.Model(
            [picture, boxes, images], [*of_anchors, *self.heads(self.pool(maps, boxes, images))]
        )

    def maps(self, given, training=None) -> list:
        """All maps that boxes are pooled from, of what `frozen` gave; proposals see the last."""
        given = as_list(given)
        # the small half is a Sequential, which takes the map itself; Keras warns of the other form
        return as_list(self.trained(given[0] if self.plan.backbone == SMALL else given, training=training))

    def pool(self, maps, boxes, images):
        """(n, 7, 7, channels of all maps), by RoIAlign."""
        pooled = [align(one, boxes, images) for align, one in zip(self.align, maps, strict=True)]
        return layers.concatenate(pooled) if len(pooled) > 1 else pooled[0]


def trunk(plan: Plan, from_imagenet: bool):
    """The backbone in two halves, and the strides of the maps that the second gives.

    Raises:
        WeightsError: ImageNet's weights are wanted and not here. ValueError: a backbone that there is not.
    """
    if plan.backbone not in (PHOTO, SMALL):
        raise ValueError(f"the backbone is {PHOTO!r} or {SMALL!r}, not {plan.backbone!r}")
    if plan.backbone == SMALL:
        frozen = keras.Sequential([keras.Input((None, None, 3)), layers.Rescaling(1 / 255)], name="frozen")
        return frozen, fast_rcnn.backbone(), (fast_rcnn.STRIDE,)
    whole = efficientnet_lite.backbone(16) if from_imagenet else efficientnet_lite.build(5)
    return *efficientnet_lite.halves(whole, plan.trainable_from), (8, 16)


def as_list(maps) -> list:
    """Keras answers with a bare tensor where a model has one output."""
    return list(maps) if isinstance(maps, (list, tuple)) else [maps]


class Stages:
    """The stages of a net, each a graph that is traced once: what `detect` runs.

    look: a picture, float32 (1, height, width, 3), to all maps, and what the proposal network says of anchors where there is one:
    logits (n,) and deltas (n, 4). judge: maps and boxes (n, 4) to probabilities (n, classes + 1) and moves (n, classes, 4).
    """

    def __init__(self, net: Net):
        self.net = net
        picture, rois = tf.TensorSpec((1, None, None, 3)), tf.TensorSpec((None, 4))
        specs = [tf.TensorSpec((1, None, None, one.shape[-1])) for one in net.trained.outputs]

        def look(picture):
            maps = as_list(net.trained(net.frozen(picture, training=False), training=False))
            said = net.proposals(maps[-1], training=False) if net.proposals else ()
            return maps, *(one[0] for one in said)

        def judge(maps, boxes):
            images = tf.zeros(tf.shape(boxes)[:1], tf.int32)
            logits, deltas = net.heads(net.pool(maps, boxes, images), training=False)
            return tf.nn.softmax(logits), deltas * BOX_STD

        self.look = tf.function(look, input_signature=[picture], autograph=False)
        self.judge = tf.function(judge, input_signature=[specs, rois], autograph=False)

    def propose(self, image, after: int | None = None):
        """The maps of one picture, uint8 (height, width, 3), and its proposals, float (n, 4); after: as `OfNetwork.propose`."""
        maps, *said = self.look(image[None].astype(np.float32))
        return maps, self.net.source.propose(image, maps, *said, after=after)


def detect(
    net: Stages,
    image,
    min_score: float = 0.05,
    iou_threshold: float = 0.3,
    passes: int = 1,
    after: int | None = None,
) -> Detections:
    """From a picture, uint8 (height, width, 3), brought to the plan's side before, to detections in its pixels.

    Args: as `faster_rcnn.detect`; after: proposals that the heads judge; None: as many as their source has at most.
    """
    height, width = image.shape[:2]
    maps, boxes = net.propose(image, after)
    if len(boxes) == 0:
        return Detections(boxes, np.zeros(0, np.float32), np.zeros(0, np.int64))
    for turn in range(passes):
        probabilities, moves = (one.numpy() for one in net.judge(maps, boxes.astype(np.float32)))
        probabilities = probabilities[:, :-1]
        if turn + 1 < passes:
            moved = clip(
                decode(boxes, moves[np.arange(len(boxes)), probabilities.argmax(axis=1)]), height, width
            )
            boxes = np.where(large_enough(moved, faster_rcnn.SMALLEST)[:, None], moved, boxes)
    return detections.detect(boxes, probabilities, moves, min_score, iou_threshold, (height, width))
