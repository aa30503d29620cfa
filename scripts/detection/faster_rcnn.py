"""Faster R-CNN: a small network on the detector's own feature map proposes the boxes, in place of selective search.

S. Ren, K. He, R. Girshick, J. Sun: "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks", NIPS
2015; sections are those of arXiv 1506.01497v3. Anchors and what they are taught stand in anchors.py, the rest of the
detector in fast_rcnn.py.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from scripts.detection.anchors import HOLDS, RATIOS, SCALES, UNUSED
from scripts.detection.boxes import clip, decode, large_enough

BALANCE = 10.0  # lambda: how much the boxes' loss counts beside the objects' (equation 1)
BEFORE, AFTER = (
    600,
    100,
)  # proposals that suppression sees, and that it leaves at most; the paper: 6000 and 300
OVERLAP = 0.7  # a proposal goes when its IoU with a surer one is above this (section 3.3)
SMALLEST = 8  # pixels: a proposal with a shorter side is dropped; the paper's code: 16


class Proposals(NamedTuple):
    """What a region proposal network says of one picture, surest first: boxes (n, 4); scores (n,), 0..1."""

    boxes: np.ndarray
    scores: np.ndarray


def proposal_net(channels: int, shapes: int = len(SCALES) * len(RATIOS), width: int = 128) -> keras.Model:
    """The region proposal network: one 3x3 convolution, then two 1x1 ones (section 3.1).

    The paper gives two logits an anchor to a softmax, and notes that one to a logistic function does as well: so here.

    Returns:
        A model from a feature map, float32, shape (n, rows, columns, channels), to logits, shape (n, anchors), and deltas,
        shape (n, anchors, 4); anchors = rows * columns * shapes, in the order of `anchors.anchors_of`.
    """
    start = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.01)}  # section 3.1.3
    maps = keras.Input((None, None, channels))
    hidden = layers.Conv2D(width, 3, padding="same", activation="relu", **start)(maps)
    logits = layers.Conv2D(shapes, 1, **start)(hidden)
    deltas = layers.Conv2D(4 * shapes, 1, **start)(hidden)
    return keras.Model(maps, [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(deltas)])


def smooth_l1(x):
    """x^2 / 2 near 0, |x| - 1/2 from 1 on: no outlier's gradient is above 1 (Fast R-CNN, equation 3)."""
    size = tf.abs(x)
    return tf.where(size < 1, 0.5 * x * x, size - 0.5)


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
    drawn, holds = tf.cast(labels != UNUSED, tf.float32), tf.cast(labels == HOLDS, tf.float32)
    log_losses = drawn * tf.nn.sigmoid_cross_entropy_with_logits(labels=holds, logits=logits)
    log_loss = tf.reduce_sum(log_losses, axis=1) / tf.maximum(tf.reduce_sum(drawn, axis=1), 1.0)
    away = tf.reduce_sum(smooth_l1(deltas - tf.cast(targets, tf.float32)), axis=2)
    box_loss = balance / tf.cast(positions, tf.float32) * tf.reduce_sum(holds * away, axis=1)
    return tf.reduce_mean(log_loss), tf.reduce_mean(box_loss)


def propose(logits, deltas, anchors, height, width, before=BEFORE, after=AFTER, overlap=OVERLAP) -> Proposals:
    """From what the network says of one picture to proposals (sections 3.1.1 and 3.3).

    Args:
        logits: float, shape (anchors,); deltas: float, shape (anchors, 4); anchors: float, shape (anchors, 4).
        height, width: of the picture: boxes are cut at its borders, and dropped where little is left.
        before: only so many, the surest, go into suppression; after: so many are left at most.
    """
    order = np.argsort(-logits, kind="stable")[:before]
    boxes = clip(decode(anchors[order], deltas[order].astype(float)), height, width)
    kept = large_enough(boxes, SMALLEST) & np.isfinite(logits[order])
    boxes, scores = boxes[kept].astype(np.float32), tf.sigmoid(logits[order][kept]).numpy()
    # TensorFlow takes a box as y1, x1, y2, x2
    chosen = tf.image.non_max_suppression(boxes[:, [1, 0, 3, 2]], scores, after, overlap).numpy()
    return Proposals(boxes[chosen], scores[chosen])
