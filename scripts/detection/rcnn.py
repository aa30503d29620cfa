"""R-CNN: a picture's proposals, each warped, described by a CNN, scored by a support vector machine a class, and moved.

R. Girshick, J. Donahue, T. Darrell, J. Malik: "Rich feature hierarchies for accurate object detection and semantic
segmentation", CVPR 2014; sections and appendices are those of arXiv 1311.2524v5. The numbers are the paper's, but for the
size of a warped box: 28 pixels with 2 of context here, 227 with 16 there. Proposals come from proposals.py.
"""

import weakref
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.svm import LinearSVC

from scripts import models, weights
from scripts.detection.boxes import encode, iou, nearest

SIDE, CONTEXT = 28, 2  # pixels: of a warped box, and of these the border that shows its surroundings
POSITIVES, NEGATIVES = 32, 96  # in a batch of fine-tuning (section 2.3)
NORM = 20.0  # mean length of features when a support vector machine sees them
C, RIDGE = 1e-3, 1000.0
RIDGE_OF_PROFILES = 300.0  # chosen on training scenes that nothing had learned from, as `profile` was


class Svms(NamedTuple):
    """One linear support vector machine a class: weights (d, classes); biases (classes,), -inf for a class never seen."""

    weights: np.ndarray
    biases: np.ndarray


def object_net(classes: int = 10, width: int = 128) -> keras.Model:
    """The shipped digit CNN made ready for objects: its convolutions, then new dense layers (section 2.3).

    Returns:
        A model from float32, shape (n, 28, 28, 1), values 0..1, to three outputs: the map after the last pooling,
        shape (n, 3136); the features, shape (n, width), none negative; the logits of the classes and, last, of the
        background, shape (n, classes + 1).
    """
    digits = models.mnist_cnn()
    weights.load(digits, "mnist_cnn")
    for layer in digits.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9  # its means are of digits alone: they have to follow soon
    pooled = digits.layers[-3].output  # flattened; dropout and the ten digits' layer are left out
    features = layers.Dense(width, activation="relu", kernel_initializer="he_normal")(pooled)
    return keras.Model(digits.inputs[0], [pooled, features, layers.Dense(classes + 1)(features)])


def rcnn_detector() -> keras.Model:
    """Lesson 16's R-CNN, all three models of it: the fine-tuned net, its support vector machines and its box regression.

    Machines and regression are linear, so each is a dense layer here, with the scaling of its inputs in its weights.
    Input: float32, shape (batch, 28, 28, 1), values 0..1, the ink of warped proposals.
    Output: scores of the machines, shape (batch, 10); how to move the boxes, shape (batch, 4); logits of the ten
    classes and the background, shape (batch, 11).
    """
    digits = models.mnist_cnn()
    pooled = digits.layers[-3].output
    features = layers.Dense(128, activation="relu", kernel_initializer="he_normal")(pooled)
    grid = layers.Reshape((7, 7, 64))(pooled)
    means = [layers.Flatten()(layers.AveragePooling2D(size)(grid)) for size in ((7, 1), (1, 7))]
    profile = layers.UnitNormalization()(layers.Concatenate()(means))
    outputs = [layers.Dense(10)(features), layers.Dense(4)(profile), layers.Dense(11)(features)]
    return keras.Model(digits.inputs[0], outputs)


def warp(image, boxes, side=SIDE, context=CONTEXT):
    """Each box with some surroundings, brought to one size whatever its shape (section 2.1, appendix A).

    Args:
        image: uint8, shape (height, width, 3); boxes: float, shape (n, 4), in the picture, sides above 0.
        context: the box becomes the inner side - 2 * context pixels. Outside the picture its edge goes on (the paper
            puts the mean there).

    Returns:
        float32 tensor, shape (n, side, side, 3), values 0..1, by linear interpolation at the centres of pixels.
    """
    step = (boxes[:, 2:] - boxes[:, :2]) / (side - 2 * context)  # a pixel of the result, in the picture
    border = int(np.max(step, initial=0) * context) + 1
    image = np.pad(np.float32(image) / 255, ((border, border), (border, border), (0, 0)), "edge")
    first = boxes[:, :2] + border + (0.5 - context) * step - 0.5
    ends = np.concatenate([first, first + (side - 1) * step], axis=1)[:, [1, 0, 3, 2]]
    corners = ends / (np.array(image.shape[:2] * 2) - 1)  # TensorFlow: 0 is the first pixel, 1 the last
    return tf.image.crop_and_resize(image[None], corners, np.zeros(len(boxes), int), (side, side))


def ink(crops):
    """How far each pixel's colour is from the mean colour of the crop's border: what the digit CNN knows.

    The paper subtracts one mean picture from all crops; here each crop's own surroundings are subtracted, so that dark
    ink on a bright ground and coloured ink look as bright ink on black does.

    Args:
        crops: float32, shape (n, side, side, 3), values 0..1.

    Returns:
        float32 tensor, shape (n, side, side, 1), values 0..1.
    """
    edges = [crops[:, 0], crops[:, -1], crops[:, :, 0], crops[:, :, -1]]
    ground = tf.reduce_mean(tf.concat(edges, axis=1), axis=1)[:, None, None, :]
    return tf.minimum(1.5 * tf.norm(crops - ground, axis=3, keepdims=True), 1.0)


def tuning_labels(boxes, truth, labels, background=10, iou_threshold=0.5):
    """Labels for fine-tuning: the object's class from an IoU of `iou_threshold` on, else background (section 2.3).

    Args:
        boxes: float, shape (n, 4); truth: float, shape (k, 4); labels: int, shape (k,).
    """
    overlap, which = nearest(boxes, truth)
    return np.where(overlap >= iou_threshold, np.append(labels, background)[which], background)


def draw_batch(rng, labels, background=10, positives=POSITIVES, negatives=NEGATIVES):
    """Indices of a batch for fine-tuning: objects are rare, so their share is set (section 2.3).

    Where there is none of one kind, the other fills the batch.

    Raises:
        ValueError: no box at all.
    """
    objects, others = np.flatnonzero(labels != background), np.flatnonzero(labels == background)
    if len(labels) == 0:
        raise ValueError("fine-tuning: there is no box to learn from")
    objects, others = (objects if len(objects) else others), (others if len(others) else objects)
    return np.append(rng.choice(objects, positives), rng.choice(others, negatives))


def svm_labels(boxes, truth, labels, classes=10, iou_threshold=0.3):
    """Which boxes are negatives of which class: bool, shape (n, classes) (section 2.3, appendix B).

    A box is one where it overlaps every object of the class by less than `iou_threshold`. What overlaps more is left out:
    only the objects' own boxes are positives.
    """
    overlaps = iou(boxes, truth)
    return np.stack(
        [overlaps[:, labels == c].max(axis=1, initial=0) < iou_threshold for c in range(classes)], axis=1
    )


def regression_pairs(boxes, truth, labels, iou_threshold=0.6):
    """What box regression learns from: proposals near an object (appendix C).

    Returns:
        Indices of the boxes whose IoU with their nearest object is above `iou_threshold`; the code that takes each to that
        object, shape (m, 4); its class.
    """
    overlap, which = nearest(boxes, truth)
    near = np.flatnonzero(overlap > iou_threshold)
    objects = which[near]
    return near, encode(boxes[near], truth[objects]), labels[objects]


def describe(model, image, boxes, crops=None) -> list[np.ndarray]:
    """All outputs of a net such as `object_net` for the boxes of one picture, each of shape (n, ...); n may be 0.

    Args:
        image: uint8, shape (height, width, 3); boxes: float, shape (n, 4).
        crops: what makes the net's inputs of (image, boxes): float32, shape (n, 28, 28, 1). None takes the ink of warped boxes.
            A net has to see the kind of crops that it was trained on.
    """
    if len(boxes) == 0:
        return [np.zeros((0, *output.shape[1:]), np.float32) for output in model.outputs]
    seen = ink(warp(image, boxes)) if crops is None else crops(image, boxes)
    return [output.numpy() for output in _call(model)(seen)]


def train_svm(positives, negatives, rng, first=1000, margin=-1.0, passes=2, loss="squared_hinge"):
    """One class's support vector machine, with one pass of hard negatives (section 2.3).

    Trained on the positives and `first` negatives drawn; then on these and all negatives that it scores above `margin`,
    the margin: the others would not change it.

    Args:
        positives: float, shape (p, d), p above 0; negatives: float, shape (n, d), n above 0. Mean length 20 suits C.
        passes: 1 leaves the hard negatives out.
        loss: the squared hinge is scikit-learn's own choice; "hinge" is the authors'.

    Returns:
        weights, shape (d,); bias.
    """
    used = np.zeros(len(negatives), bool)
    used[rng.permutation(len(negatives))[:first]] = True
    for _ in range(passes):
        x = np.concatenate([positives, negatives[used]])
        y = np.arange(len(x)) < len(positives)
        svm = LinearSVC(
            loss=loss, max_iter=50_000, C=C, class_weight={True: 2}, intercept_scaling=10, random_state=0
        ).fit(x, y)
        used |= svm.decision_function(negatives) > margin
    return svm.coef_[0], svm.intercept_[0]


def train_svms(positives, labels, negatives, allowed, rng) -> Svms:
    """`train_svm` for each class.

    Args:
        positives: float, shape (p, d), features of the objects' own boxes; labels: int, shape (p,).
        negatives: float, shape (n, d), of proposals; allowed: bool, shape (n, classes), of `svm_labels`.

    Returns:
        Svms. A class without a positive or without a negative scores -inf: it is never found.
    """
    w = np.zeros((positives.shape[1], allowed.shape[1]))
    b = np.full(allowed.shape[1], -np.inf)
    for c in range(allowed.shape[1]):
        if (labels == c).any() and allowed[:, c].any():
            w[:, c], b[c] = train_svm(positives[labels == c], negatives[allowed[:, c]], rng)
    return Svms(w, b)


def fit_ridge(features, targets, ridge=RIDGE):
    """Linear regression with small weights: w makes |t - x w|^2 + ridge |w|^2 least (appendix C).

    Solved as w = x' (x x' + ridge)^-1 t, one equation a box; (x' x + ridge)^-1 x' t, one a feature, is the same.

    Returns:
        weights, shape (d, 4); bias, shape (4,), which is not kept small.
    """
    x_mean, t_mean = features.mean(axis=0), targets.mean(axis=0)
    x, t = features - x_mean, targets - t_mean
    w = x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(len(x)), t)
    return w, t_mean - x_mean @ w


def profile(maps, grid=(7, 7, 64), norm=NORM):
    """Where along x and y each channel of a map answers: its means over rows, and over columns.

    What box regression sees when pairs are few. The paper gives it the whole map and each class a regressor of its own,
    of many thousand pairs; of hundreds, 3,136 weights for each of four numbers fit their chance. Each box's
    answer has the same length, so that a digit's contrast does not count.

    Args:
        maps: float, shape (n, height * width * channels), as `object_net` gives them, none negative.
        grid: height, width and channels of the map.

    Returns:
        float, shape (n, (width + height) * channels); each row has length `norm`, or 0 where the map is 0.
    """
    maps = maps.reshape(-1, *grid)
    both = np.concatenate([maps.mean(axis=1), maps.mean(axis=2)], axis=1)
    both = both.reshape(len(maps), (grid[0] + grid[1]) * grid[2])
    return norm * both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6)


_calls = weakref.WeakKeyDictionary()  # a model that is gone takes its graph with it


def _call(model):
    """The model as a graph for any number of boxes, traced once."""
    if model not in _calls:
        signature = [tf.TensorSpec((None, SIDE, SIDE, 1), tf.float32)]
        call = weakref.WeakMethod(model.call)  # the graph must not keep its own key alive
        _calls[model] = tf.function(lambda x: call()(x), input_signature=signature, autograph=False)
    return _calls[model]
