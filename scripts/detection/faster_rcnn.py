"""Faster R-CNN: a small network on the detector's own feature map proposes the boxes, in place of selective search.

S. Ren, K. He, R. Girshick, J. Sun: "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks", NIPS
2015; sections are those of arXiv 1506.01497v3. Anchors and what they are taught stand in anchors.py, the rest of the
detector in fast_rcnn.py.
"""

import functools
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from scripts.detection import detections, fast_rcnn
from scripts.detection.anchors import BATCH, IGNORED, POSITIVE, RATIOS, SCALES, anchors_of, targets
from scripts.detection.boxes import BOX_STD, clip, decode, large_enough
from scripts.detection.detections import Detections
from scripts.detection.fast_rcnn import smooth_l1
from scripts.detection.pooling import RoiAlign, RoiPooling
from scripts.runtime import progress

STRIDE = 2 * fast_rcnn.STRIDE  # pixels between positions of anchors: the proposal network halves the map
BALANCE = 10.0  # lambda of equation 1
# proposals that suppression sees, and that it leaves at most; the paper: 6000 and 300
BEFORE, AFTER = 600, 100
IOU_THRESHOLD = 0.7  # a proposal goes when its IoU with a surer one is above this (section 3.3)
SMALLEST = 8  # pixels: a proposal with a shorter side is dropped; the paper's code: 16


class Proposals(NamedTuple):
    """What a region proposal network says of one picture, surest first: boxes (n, 4); scores (n,), 0..1."""

    boxes: np.ndarray
    scores: np.ndarray


def proposal_net(
    channels: int, shapes: int = len(SCALES) * len(RATIOS), width: int = 128, dilated: bool = True
) -> keras.Model:
    """The region proposal network: 3x3 convolutions, then two 1x1 ones side by side (section 3.1).

    The map is halved before, by pooling: a position each 8 pixels is enough. One 3x3 convolution on it, as in the paper,
    sees 46 x 46 pixels with our small backbone, fewer than many objects have. A second one, whose taps stand two cells
    apart, makes that 78 x 78: what a network cannot see, it cannot measure. The paper's backbone sees 171 or 228 pixels.
    The paper gives two logits an anchor to a softmax, and notes that one to a logistic function does: so here.

    Args:
        dilated: False leaves the second convolution out.

    Returns:
        A model from a feature map, float32, shape (n, rows, columns, channels), to logits, shape (n, anchors), and deltas,
        shape (n, anchors, 4); anchors = (rows // 2) * (columns // 2) * shapes, in the order of `anchors.anchors_of`.
    """
    start = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.01)}  # section 3.1.3
    maps = keras.Input((None, None, channels))
    hidden = layers.MaxPooling2D(2)(maps)
    for dilation in (1, 2) if dilated else (1,):
        look = {"dilation_rate": dilation, "padding": "same", "activation": "relu"}
        hidden = layers.Conv2D(width, 3, kernel_initializer="he_normal", **look)(hidden)
    logits = layers.Conv2D(shapes, 1, **start)(hidden)
    deltas = layers.Conv2D(4 * shapes, 1, **start)(hidden)
    outputs = [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(deltas)]
    return keras.Model(maps, outputs, name="proposals")


def proposal_losses(logits, deltas, labels, targets, positions, balance=BALANCE):
    """The two losses of region proposals, whose sum is equation 1.

    Args:
        logits: float32, shape (n, anchors); deltas: float32, shape (n, anchors, 4); labels, targets: of `anchors.Targets`,
            of each picture, shapes (n, anchors) and (n, anchors, 4).
        positions: of the map, rows * columns: N_reg of the paper (about 2,400 there).
        balance: lambda.

    Returns:
        Of objects: the mean log loss over the anchors drawn (N_cls of the paper). Of boxes: lambda / N_reg times the sum
        of smooth L1 over the anchors that hold an object. Each is the mean over pictures.
    """
    labels = tf.cast(labels, tf.float32)
    drawn, holds = tf.cast(labels != IGNORED, tf.float32), tf.cast(labels == POSITIVE, tf.float32)
    log_losses = drawn * tf.nn.sigmoid_cross_entropy_with_logits(labels=holds, logits=logits)
    log_loss = tf.reduce_sum(log_losses, axis=1) / tf.maximum(tf.reduce_sum(drawn, axis=1), 1.0)
    away = tf.reduce_sum(smooth_l1(deltas - tf.cast(targets, tf.float32)), axis=2)
    box_loss = balance / tf.cast(positions, tf.float32) * tf.reduce_sum(holds * away, axis=1)
    return tf.reduce_mean(log_loss), tf.reduce_mean(box_loss)


def propose(
    logits,
    deltas,
    anchor_boxes,
    height,
    width,
    before=BEFORE,
    after=AFTER,
    iou_threshold=IOU_THRESHOLD,
    std=BOX_STD,
) -> Proposals:
    """From what the network says of one picture to proposals (sections 3.1.1 and 3.3).

    Args:
        logits: float, shape (anchors,); deltas: float, shape (anchors, 4); anchor_boxes: the anchors, same shape.
        height, width: of the picture: boxes are cut at its borders, and dropped where little is left.
        before: only so many, the surest, go into suppression; after: so many are left at most.
        std: what the targets were divided by in training.
    """
    order = np.argsort(-logits, kind="stable")[:before]
    boxes = clip(decode(anchor_boxes[order], deltas[order].astype(float) * std), height, width)
    kept = large_enough(boxes, SMALLEST) & np.isfinite(logits[order])
    boxes, scores = boxes[kept].astype(np.float32), tf.sigmoid(logits[order][kept]).numpy()
    # TensorFlow takes a box as y1, x1, y2, x2
    chosen = tf.image.non_max_suppression(boxes[:, [1, 0, 3, 2]], scores, after, iou_threshold).numpy()
    return Proposals(boxes[chosen], scores[chosen])


@functools.cache
def anchor_table(height: int, width: int, scales=SCALES) -> np.ndarray:
    """The anchors of a picture of this size, in the order of the proposal network's answers."""
    return anchors_of(height // STRIDE, width // STRIDE, STRIDE, scales)


def detector(classes: int = 10, scales=SCALES, align: bool = True, dilated: bool = True) -> keras.Model:
    """The whole net (figure 2): one backbone, the proposal network on its map, RoI pooling and the heads of lesson 17.

    Inputs: pictures, boxes, images, as those of `fast_rcnn.detector`. Outputs: logits and deltas of the anchors; logits
    and deltas of the boxes given. `scales`: of the anchors, as many as `step_targets` and `Stages` get.
    `align`: RoIAlign (Mask R-CNN), which rounds nothing, in place of RoI pooling; `dilated`: of `proposal_net`.
    """
    pictures = keras.Input(shape=(None, None, 3), name="pictures")
    boxes = keras.Input(shape=(4,), name="boxes")
    images = keras.Input(shape=(), dtype="int32", name="images")
    maps = fast_rcnn.backbone()(pictures)
    pooling = RoiAlign if align else RoiPooling
    pooled = pooling(fast_rcnn.BINS, 1 / fast_rcnn.STRIDE, name="pooling")(maps, boxes, images)
    top = fast_rcnn.heads(classes, maps.shape[-1])
    rpn = proposal_net(maps.shape[-1], len(scales) * len(RATIOS), dilated=dilated)
    return keras.Model([pictures, boxes, images], [*rpn(maps), *top(pooled)])


class StepTargets(NamedTuple):
    """What one step of joint training is taught.

    Labels and deltas of all anchors of all pictures; boxes for the heads, the picture of each, their labels and targets.
    """

    anchor_labels: np.ndarray
    anchor_deltas: np.ndarray
    boxes: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    targets: np.ndarray


# of the parts of `StepTargets`, for the graph: kind of number, and shape
PARTS = (
    (tf.int8, (None, None)),
    (tf.float32, (None, None, 4)),
    (tf.float32, (None, 4)),
    (tf.int32, (None,)),
    (tf.int32, (None,)),
    (tf.float32, (None, 4)),
)


def step_targets(
    rng, logits, deltas, size, objects, background, anchors_drawn=BATCH, after=200, scales=SCALES, std=BOX_STD
) -> StepTargets:
    """What is to be learnt from what the proposal network says now: for it, and for the heads, who get its proposals.

    Args:
        logits, deltas: of the proposal network, shapes (pictures, anchors) and (pictures, anchors, 4), as numbers: no
            gradient passes here, though boxes depend on deltas. That is what makes joint training approximate (3.2).
        size: (height, width) that all pictures were filled up to.
        objects: for each picture its height, its width, its boxes (k, 4) and their labels (k,).
        anchors_drawn: of a picture; after: proposals that the heads may get; scales: of the anchors, a tuple.
        std: what deltas of anchors are divided by.
    """
    parts, table = [], anchor_table(*size, scales)
    for i, (height, width, truth, labels) in enumerate(objects):
        of_anchors = targets(rng, table, truth, height, width, std, count=anchors_drawn)
        boxes = propose(logits[i], deltas[i], table, height, width, after=after, std=std).boxes
        given = fast_rcnn.prepare(None, boxes, truth, labels, background)
        picked = fast_rcnn.sample(rng, given.overlaps, background_iou=0.0)
        image, classes = np.full(len(picked), i, np.int32), given.labels[picked].astype(np.int32)
        parts.append((*of_anchors, given.boxes[picked], image, classes, given.targets[picked]))
    labels, deltas, *rest = zip(*parts, strict=True)
    return StepTargets(np.stack(labels), np.stack(deltas), *map(np.concatenate, rest))


def from_python(answer, which, logits, deltas) -> StepTargets:
    """What a Python function answers to numbers out of a graph, as `StepTargets`. No gradient passes."""
    kinds, shapes = zip(*PARTS, strict=True)
    given = tf.numpy_function(answer, [which, logits, deltas], kinds)
    return StepTargets(*(tf.ensure_shape(part, shape) for part, shape in zip(given, shapes, strict=True)))


def joint_losses(model, pictures, which, answer, balance=BALANCE):
    """The four losses of approximate joint training (section 3.2): of proposals and of heads, of classes and of boxes.

    Args:
        model: of `detector`; pictures: float32, (n, height, width, 3), values 0..1; which: int64 (n,), for `answer`.
        answer: a function of which, logits and deltas, which returns `StepTargets`, by `step_targets`.
        balance: of `proposal_losses`.
    """
    backbone, proposals, pooling, heads = map(model.get_layer, ("backbone", "proposals", "pooling", "heads"))
    maps = backbone(pictures, training=True)  # once, for all that follows
    logits, deltas = proposals(maps, training=True)
    taught = from_python(answer, which, logits, deltas)  # numbers: no gradient passes through the boxes
    positions = tf.reduce_prod(tf.shape(maps)[1:3] // 2)  # the proposal network halves the map
    pooled = pooling(maps, taught.boxes, taught.images, training=True)
    return (
        *proposal_losses(logits, deltas, taught.anchor_labels, taught.anchor_deltas, positions, balance),
        *fast_rcnn.losses(*heads(pooled, training=True), taught.labels, taught.targets),
    )


def trainer(model, optimizer, answer, balance=BALANCE):
    """A step of joint training as a graph: it takes pictures and which they are, and returns the four losses."""
    variables = model.trainable_variables
    optimizer.build(variables)
    signature = [tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None,), tf.int64)]

    @tf.function(input_signature=signature, autograph=False)
    def step(pictures, which):
        with tf.GradientTape() as tape:
            losses = joint_losses(model, pictures, which, answer, balance)
            loss = tf.add_n(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return losses

    return step


def train(
    model,
    images,
    boxes,
    labels,
    steps,
    rate=1e-3,
    rng=None,
    pictures=2,
    doing="",
    balance=BALANCE,
    **settings,
) -> np.ndarray:
    """Train everything at once on `pictures` of the images a step; the rate falls to 0 in half a cosine.

    Args:
        images: uint8, (height, width, 3) each; boxes: float (k, 4) each; labels: int (k,) each.
        doing: a name for a progress bar, which is shown where there is one. balance: of `proposal_losses`.
        settings: of `step_targets`.

    Returns:
        float, shape (steps, 4): objects and boxes of the proposals, classes and boxes of the heads, for each step.
    """
    rng = rng or np.random.default_rng(0)
    background, size = model.get_layer("heads").outputs[1].shape[1], None

    def answer(which, logits, deltas):
        objects = [(*images[i].shape[:2], boxes[i], labels[i]) for i in which]
        return tuple(step_targets(rng, logits, deltas, size, objects, background, **settings))

    step, history = trainer(model, fast_rcnn.adam(rate, steps), answer, balance), []
    for chosen in progress(fast_rcnn.shuffled_batches(rng, len(images), pictures, steps), doing, steps):
        shown = fast_rcnn.padded_batch([images[i] for i in chosen])
        size = shown.shape[1:3]
        history.append(step(shown, np.array(chosen)))
    return np.array(history, np.float32)


class Stages(fast_rcnn.Stages):
    """A detector's stages, each a graph traced once: those of `fast_rcnn.Stages`, and the proposal network.

    scales: of its anchors, as in training; to_proposals: the function that makes proposals of logits and deltas.
    """

    def __init__(self, model, scales=SCALES, to_proposals=propose):
        super().__init__(model)
        self.scales, self.to_proposals = scales, to_proposals
        proposals = model.get_layer("proposals")
        cells = tf.TensorSpec((1, None, None, proposals.inputs[0].shape[-1]))
        self.rpn = tf.function(
            lambda m: proposals(m, training=False), input_signature=[cells], autograph=False
        )

    def propose(self, maps, height, width, **settings) -> Proposals:
        """The proposals of one picture from its map; settings: of `propose`."""
        (logits,), (deltas,) = (said.numpy() for said in self.rpn(maps))
        table = anchor_table(height, width, self.scales)
        return self.to_proposals(logits, deltas, table, height, width, **settings)


def answers(net: Stages, maps, boxes):
    """What the heads say of boxes of one picture.

    Args:
        maps: of `net.map`, (1, rows, columns, channels); boxes: float (n, 4), pixels, n above 0.

    Returns:
        Probabilities, float32 (n, classes), without the background's; deltas, float32 (n, classes, 4), times `BOX_STD`.
    """
    logits, deltas = net.heads(net.pool(maps, boxes.astype(np.float32)))
    return tf.nn.softmax(logits).numpy()[:, :-1], deltas.numpy() * BOX_STD


def move_once(net: Stages, maps, boxes, height: int, width: int) -> np.ndarray:
    """Boxes moved by the deltas of each one's likeliest class, float32 (n, 4): what a second pass of the heads is given."""
    probabilities, deltas = answers(net, maps, boxes)
    likeliest = probabilities.argmax(axis=1)
    moved = clip(decode(boxes, deltas[np.arange(len(boxes)), likeliest]), height, width)
    return np.where(large_enough(moved, SMALLEST)[:, None], moved, boxes)


def detect(
    net: Stages, image, min_score: float = 0.05, iou_threshold: float = 0.3, passes: int = 1, **settings
) -> Detections:
    """From a picture to detections; the map is computed once, for proposals and for classes.

    Args:
        image: uint8, (height, width, 3), RGB.
        min_score, iou_threshold: as `fast_rcnn.detect`; settings: of `propose`.
        passes: how often the boxes go through the heads, at least 1. With 2 the boxes that the first pass moved are pooled
            and judged again (iterative localization: S. Gidaris and N. Komodakis, ICCV 2015).

    Returns:
        Boxes in pixels of the picture, surest first; none is shape (0, 4).
    """
    maps = net.map(image[None].astype(np.float32) / np.float32(255))
    boxes = net.propose(maps, *image.shape[:2], **settings).boxes
    if len(boxes) == 0:
        return Detections(boxes, np.zeros(0, np.float32), np.zeros(0, np.int64))
    for _ in range(passes - 1):
        boxes = move_once(net, maps, boxes, *image.shape[:2])
    probabilities, moves = answers(net, maps, boxes)
    return detections.detect(boxes, probabilities, moves, min_score, iou_threshold, image.shape[:2])
