"""Fast R-CNN: the whole picture goes through the CNN once; each proposal is pooled from its map; two heads, one loss.

R. Girshick: "Fast R-CNN", ICCV 2015; sections are those of arXiv 1504.08083v2. The numbers are the paper's where no other is
given. Proposals come from proposals.py, pooling from pooling.py; the shares of labels and the coding of boxes are those
of rcnn.py and boxes.py. The net is small: four convolutions of stride 4 in all, for pictures of some hundred pixels.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from scripts.detection import detections
from scripts.detection.boxes import BOX_STD, encode, large_enough, nearest
from scripts.detection.detections import Detections
from scripts.detection.pooling import RoiPooling
from scripts.runtime import progress

STRIDE = 4  # pixels a cell of the map
BINS = 7  # a side, after RoI pooling (the paper's, for VGG16)
ROIS, SHARE = 64, 0.25  # RoIs a picture; the share of these that are objects (section 2.3)
# an object from this IoU on; background between the two (section 2.3)
FOREGROUND_IOU, BACKGROUND_IOU = (0.5, 0.1)
SMALLEST = 4.0  # pixels, of a proposal's side


class Example(NamedTuple):
    """A picture ready for training.

    image: uint8 (height, width, 3); boxes: its RoIs, float32 (n, 4), objects' own boxes among them; overlaps: their IoU with
    the nearest object, (n,); labels: that object's, (n,), the background's below `FOREGROUND_IOU`; targets: of boxes, (n, 4).
    """

    image: np.ndarray
    boxes: np.ndarray
    overlaps: np.ndarray
    labels: np.ndarray
    targets: np.ndarray


def backbone() -> keras.Model:
    """The convolutions: any picture becomes a map, a quarter as high and wide (rounded down), of 96 channels.

    Input: float32, shape (pictures, height, width, 3), RGB, values 0..1, any height and width.
    """
    stack = [keras.Input(shape=(None, None, 3)), layers.Rescaling(2.0, offset=-1.0)]
    for i, filters in enumerate((32, 64, 96, 96)):
        start = {"kernel_initializer": "he_normal", "padding": "same", "activation": "relu"}
        stack += [layers.Conv2D(filters, 3, name=f"conv{i + 1}", **start)]
        stack += [layers.MaxPooling2D(2)] if i < 2 else []
    return keras.Sequential(stack, name="backbone")


def heads(classes: int, channels: int = 96, width: int = 128, bins: int = BINS) -> keras.Model:
    """From a pooled RoI to its two answers (section 2.2).

    Input: float32, shape (n, bins, bins, channels). Outputs: logits of the classes and, last, of the background, shape
    (n, classes + 1); box deltas of each class, over `BOX_STD`, shape (n, classes, 4).
    """
    pooled = keras.Input(shape=(bins, bins, channels))
    hidden = layers.Dense(width, activation="relu", kernel_initializer="he_normal", name="hidden")
    shared = layers.Dropout(0.3)(hidden(layers.Flatten()(pooled)))
    small, tiny = (keras.initializers.RandomNormal(0.0, std) for std in (0.01, 0.001))
    logits = layers.Dense(classes + 1, kernel_initializer=small, name="classes")(shared)
    deltas = layers.Dense(4 * classes, kernel_initializer=tiny, name="boxes")(shared)
    return keras.Model(pooled, [logits, layers.Reshape((classes, 4))(deltas)], name="heads")


def detector(classes: int = 10, width: int = 128, bins: int = BINS) -> keras.Model:
    """The whole net (figure 1): backbone, RoI pooling, heads.

    Inputs: pictures as `backbone` takes them; boxes, float32 (n, 4), pixels; images, int32 (n,), the picture of each box.
    Outputs: those of `heads`.
    """
    pictures = keras.Input(shape=(None, None, 3), name="pictures")
    boxes = keras.Input(shape=(4,), name="boxes")
    images = keras.Input(shape=(), dtype="int32", name="images")
    maps = backbone()(pictures)
    pooled = RoiPooling(bins, 1 / STRIDE, name="pooling")(maps, boxes, images)
    return keras.Model([pictures, boxes, images], heads(classes, maps.shape[-1], width, bins)(pooled))


def digit_classifier(width: int = 128) -> keras.Model:
    """What is pre-trained, as VGG16 on ImageNet was: the backbone and hidden layer of `detector`, and ten digits.

    Input: float32, shape (n, 56, 56, 3), RGB, values 0..1: a digit's box, stretched. Output: logits, shape (n, 10).
    """
    hidden = layers.Dense(width, activation="relu", kernel_initializer="he_normal", name="hidden")
    top = [layers.MaxPooling2D(2), layers.Flatten(), hidden, layers.Dropout(0.3), layers.Dense(10)]
    return keras.Sequential([keras.Input(shape=(56, 56, 3)), backbone(), *top])


def start_from(model, classifier) -> None:
    """Take a trained `digit_classifier`'s convolutions and hidden layer over into a detector; its heads stay new."""
    model.get_layer("backbone").set_weights(classifier.get_layer("backbone").get_weights())
    model.get_layer("heads").get_layer("hidden").set_weights(classifier.get_layer("hidden").get_weights())


def prepare(image, proposals, truth, labels, background: int, rng=None, jittered: int = 0) -> Example:
    """What training has to know of a picture: proposals and the objects' own boxes, each with label and target.

    Args:
        image: uint8, (height, width, 3); proposals: float, (n, 4), may be none; truth: float, (k, 4); labels: int, (k,).
        jittered: for each object so many boxes near it more, drawn by `rng`.
    """
    near = [jitter(rng, truth, jittered, image.shape)] if jittered else []
    boxes = np.concatenate([proposals, truth, *near]).astype(np.float32)
    boxes = boxes[large_enough(boxes, SMALLEST)]
    overlap, which = nearest(boxes, truth)
    is_object = overlap >= FOREGROUND_IOU
    targets = np.zeros((len(boxes), 4), np.float32)
    targets[is_object] = encode(boxes[is_object], truth[which[is_object]]) / BOX_STD
    return Example(
        image, boxes, overlap, np.where(is_object, np.append(labels, 0)[which], background), targets
    )


def jitter(rng, truth, count: int, shape) -> np.ndarray:
    """`count` boxes near each object: its corners moved by up to a quarter of its sides, cut at the picture's border."""
    boxes = np.repeat(truth, count, axis=0)
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    moved = boxes + rng.uniform(-0.25, 0.25, boxes.shape) * sides
    return np.clip(moved, 0, np.array([shape[1], shape[0]] * 2))


def sample(
    rng, overlaps, count: int = ROIS, share: float = SHARE, background_iou: float = BACKGROUND_IOU
) -> np.ndarray:
    """Which RoIs of a picture are trained on (section 2.3): at most a `share` of objects, the others background.

    Background overlaps an object by `background_iou` to 0.5: boxes near objects are the hard ones. Where there is none such, any
    background will do; where there is none at all, objects fill the batch. Few are drawn several times.

    Args:
        overlaps: float, shape (n,), IoU of each RoI with its nearest object.

    Returns:
        int, shape (count,): indices.

    Raises:
        ValueError: no RoI at all.
    """
    if len(overlaps) == 0:
        raise ValueError("there is no RoI to learn from: no proposal, no object")
    objects = np.flatnonzero(overlaps >= FOREGROUND_IOU)
    others = np.flatnonzero((overlaps < FOREGROUND_IOU) & (overlaps >= background_iou))
    others = others if len(others) else np.flatnonzero(overlaps < FOREGROUND_IOU)
    most = min(int(count * share), len(objects)) if len(others) else count
    chosen = rng.choice(objects, most, replace=most > len(objects)) if most else []
    rest = count - most
    return np.append(chosen, rng.choice(others, rest, replace=rest > len(others)) if rest else []).astype(int)


def padded_batch(images) -> np.ndarray:
    """Pictures as one array, float32 (n, h, w, 3), values 0..1; smaller ones are filled up at the right and below with 0."""
    height, width = np.max([image.shape[:2] for image in images], axis=0)
    pictures = np.zeros((len(images), height, width, 3), np.float32)
    for picture, image in zip(pictures, images, strict=True):
        picture[: image.shape[0], : image.shape[1]] = image / np.float32(255)
    return pictures


def batch(rng, examples, **settings):
    """RoIs of some pictures as one batch of fixed shape: what `trainer`'s step takes.

    Returns:
        pictures, float32 (p, h, w, 3), values 0..1; boxes, (p * 64, 4); images, int32 (p * 64,); labels, int32; targets.
    """
    pictures = padded_batch([one.image for one in examples])
    picked = [sample(rng, one.overlaps, **settings) for one in examples]
    images = np.repeat(np.arange(len(examples), dtype=np.int32), [len(p) for p in picked])
    parts = [[part[p] for part in one[1:]] for one, p in zip(examples, picked, strict=True)]
    boxes, _, labels, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
    return pictures, boxes, images, labels.astype(np.int32), targets


def smooth_l1(x):
    """0.5 x^2 up to 1, |x| - 0.5 beyond (equation 3): an outlier pulls no harder than 1."""
    size = tf.abs(x)
    return tf.where(size < 1, 0.5 * size**2, size - 0.5)


def losses(logits, deltas, labels, targets):
    """The two losses of equation 1, means over all RoIs; the box loss of a background is 0.

    Args:
        logits, deltas: of the detector; labels: int32 (n,); targets: (n, 4), over `BOX_STD`.
    """
    background = logits.shape[1] - 1
    of_class = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    said = tf.gather(deltas, tf.minimum(labels, background - 1), batch_dims=1)
    of_box = tf.reduce_sum(smooth_l1(said - targets), axis=1) * tf.cast(labels < background, tf.float32)
    return tf.reduce_mean(of_class), tf.reduce_mean(of_box)


def trainer(model, optimizer, weight: float = 1.0) -> Callable:
    """A training step as a graph, traced once for any number and size of pictures: it returns the two losses.

    Args:
        weight: lambda of equation 1, how much the box loss counts. Layers whose `trainable` is off stay as they are.
    """
    variables = model.trainable_variables
    optimizer.build(variables)
    spec = [(None, None, None, 3), (None, 4), (None,), (None,), (None, 4)]
    kinds = [tf.float32, tf.float32, tf.int32, tf.int32, tf.float32]
    signature = [tf.TensorSpec(*one) for one in zip(spec, kinds, strict=True)]

    @tf.function(input_signature=signature, autograph=False)
    def step(pictures, boxes, images, labels, targets):
        with tf.GradientTape() as tape:
            logits, deltas = model([pictures, boxes, images], training=True)
            of_class, of_box = losses(logits, deltas, labels, targets)
            loss = of_class + weight * of_box
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return of_class, of_box

    return step


def train(
    model,
    examples,
    steps: int,
    rate: float = 1e-3,
    weight: float = 1.0,
    rng=None,
    pictures: int = 2,
    doing: str = "",
    **settings,
):
    """Train on `pictures` of the examples a step, each seen once in an epoch; the rate falls to 0 in half a cosine.

    Args:
        weight: of `trainer`. doing: a name for a progress bar, which is shown where there is one. settings: of `batch`.

    Returns:
        float, shape (steps, 2): the two losses of each step.
    """
    rng = rng or np.random.default_rng(0)
    step = trainer(model, adam(rate, steps), weight)
    history = [
        step(*batch(rng, [examples[i] for i in chosen], **settings))
        for chosen in progress(shuffled_batches(rng, len(examples), pictures, steps), doing, steps)
    ]
    return np.array(history, np.float32)


def adam(rate: float, steps: int) -> keras.optimizers.Adam:
    """Adam whose rate rises to `rate` in a twentieth of the steps and then falls to 0 in half a cosine."""
    warm = max(1, steps // 20)
    decay = keras.optimizers.schedules.CosineDecay
    return keras.optimizers.Adam(
        decay(rate / 10, max(1, steps - warm), warmup_target=rate, warmup_steps=warm)
    )


def shuffled_batches(rng, count: int, size: int, steps: int):
    """For each step the indices of `size` of `count` things, in an order that is new for each epoch."""
    order = []
    for _ in range(steps):
        if len(order) < size:
            order = [*order, *rng.permutation(count)]
        chosen, order = order[:size], order[size:]
        yield chosen


class Stages:
    """A detector's stages, each a graph traced once: the map of one picture, pooling and heads of its RoIs."""

    def __init__(self, model):
        trunk, pooling, top = (model.get_layer(name) for name in ("backbone", "pooling", "heads"))
        self.classes = top.outputs[1].shape[1]
        picture, rois = tf.TensorSpec((1, None, None, 3)), tf.TensorSpec((None, 4))
        cells, pooled = (
            tf.TensorSpec((1, None, None, trunk.outputs[0].shape[-1])),
            tf.TensorSpec(top.inputs[0].shape),
        )
        none = {"autograph": False}
        self.map = tf.function(lambda x: trunk(x, training=False), input_signature=[picture], **none)
        self.pool = tf.function(
            lambda m, b: pooling(m, b, tf.zeros(tf.shape(b)[:1], tf.int32), training=False),
            input_signature=[cells, rois],
            **none,
        )
        crops = tf.TensorSpec((None, None, None, 3))
        self.crops = tf.function(lambda x: trunk(x, training=False), input_signature=[crops], **none)
        self.heads = tf.function(lambda p: top(p, training=False), input_signature=[pooled], **none)

    def __call__(self, image, boxes):
        """Probabilities of classes and background, (n, classes + 1), and deltas, (n, classes, 4), for boxes of a picture."""
        if len(boxes) == 0:
            return np.zeros((0, self.classes + 1), np.float32), np.zeros((0, self.classes, 4), np.float32)
        maps = self.map(image[None].astype(np.float32) / np.float32(255))
        logits, deltas = self.heads(self.pool(maps, boxes.astype(np.float32)))
        return tf.nn.softmax(logits).numpy(), deltas.numpy() * BOX_STD


def detect(
    net: Stages, image, proposals, min_score: float = 0.05, iou_threshold: float = 0.3, move: bool = True
) -> Detections:
    """From a picture and its proposals to detections: threshold, boxes moved, suppression class by class (section 2.2).

    Args:
        min_score: a class is reported where its probability is above this; move: whether boxes are moved by the box head.
    """
    proposals = np.asarray(proposals, np.float32).reshape(-1, 4)
    proposals = proposals[large_enough(proposals, SMALLEST)]
    probabilities, deltas = net(image, proposals)
    moves = deltas if move else None
    return detections.detect(
        proposals, probabilities[:, :-1], moves, min_score, iou_threshold, image.shape[:2]
    )
