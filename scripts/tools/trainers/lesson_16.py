"""Lesson 16's R-CNN at full length: more scenes and more steps than a lesson has time for, and all three of its models."""

import time

import keras
import numpy as np
import tensorflow as tf

from scripts import course, weights
from scripts.data.scenes import load_scenes
from scripts.detection import detections, rcnn
from scripts.detection.evaluation import evaluate, objects_in
from scripts.detection.proposals import selective_search

SCENES, STEPS, RATE = 600, 1200, 1e-3


def rcnn_detector() -> None:
    """Train net, machines and regression one after another, judge them once on 100 test scenes, and ship them."""
    keras.utils.set_random_seed(course.current_seed())
    began = time.perf_counter()
    scenes = load_scenes(SCENES, "train")
    # the objects' own boxes stand behind the proposals
    boxes = [
        np.concatenate([selective_search(image), truth])
        for image, truth in zip(scenes.images, scenes.boxes, strict=True)
    ]
    given = list(zip(boxes, scenes.boxes, scenes.labels, strict=True))
    pairs = zip(scenes.images, boxes, strict=True)
    crops = np.concatenate([rcnn.ink(rcnn.warp(image, some)).numpy() for image, some in pairs])
    labels = np.concatenate([rcnn.tuning_labels(*one) for one in given])
    net = rcnn.object_net()
    fine_tune(net, crops, labels)
    detector = joined(net, *machines_and_regression(net, scenes, given))
    seconds = time.perf_counter() - began

    scores = scored(detector)
    for name, value in scores.items():
        print(f"rcnn_detector: {name} {value:.4f}")
    print(f"{seconds:.0f} s")
    card = {
        "data": f"scenes, {SCENES} of the training part",
        "starts_from": "mnist_cnn",
        "seed": course.current_seed(),
        "seconds": round(seconds),
        "epochs": round(STEPS * 128 / len(labels), 1),
        "steps": STEPS,
        "score": scores["mAP@0.5"],
        "score_is": "mAP@0.5 on 100 test scenes, with box regression",
        "other_scores": scores,
        "parameters": detector.count_params(),
    }
    weights.add(detector, "rcnn_detector", card)


def fine_tune(net, crops, labels) -> None:
    """The lesson's loop; crops: float32, shape (n, 28, 28, 1); labels: int, shape (n,)."""
    rng, adam = course.rng(), keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, STEPS))
    adam.build(net.trainable_variables)

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            logits = net(x, training=True)[2]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        adam.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)

    for _ in range(STEPS):
        batch = rcnn.draw_batch(rng, labels)
        train(crops[batch], labels[batch])


def machines_and_regression(net, scenes, given):
    """From the tuned net's answers: the machines' weights and biases for its features, the regression's for profiles."""
    features, profiles, targets = [], [], []
    for image, (boxes, truth, classes) in zip(scenes.images, given, strict=True):
        maps, described, _ = rcnn.describe(net, image, boxes)
        near, codes, _ = rcnn.regression_pairs(boxes[: len(boxes) - len(truth)], truth, classes)
        features.append(described)
        profiles.append(rcnn.profile(maps[near]))
        targets.append(codes)
    x = np.concatenate(features)
    scale = rcnn.NORM / np.linalg.norm(x, axis=1).mean()
    own = np.concatenate([np.arange(len(b)) >= len(b) - len(truth) for b, truth, _ in given])
    allowed = np.concatenate([rcnn.svm_labels(*one) for one in given])
    classes = np.concatenate(scenes.labels)
    svms = rcnn.train_svms(x[own] * scale, classes, x[~own] * scale, allowed[~own], course.rng())
    w, b = rcnn.fit_ridge(np.concatenate(profiles), np.concatenate(targets), rcnn.RIDGE_OF_PROFILES)
    return (svms.weights * scale, svms.biases), (w * rcnn.NORM, b)  # the detector's profiles have length 1


def joined(net, machines, regression):
    """`rcnn.rcnn_detector` with the weights of the three."""
    detector = rcnn.rcnn_detector()
    tuned = [layer for layer in net.layers if layer.weights]
    fresh = [layer for layer in detector.layers if layer.weights]
    bodies, (features, machine, move, logits) = fresh[:-4], fresh[-4:]
    for layer, source in zip([*bodies, features, logits], tuned, strict=True):
        layer.set_weights(source.get_weights())
    machine.set_weights(machines)
    move.set_weights(regression)
    return detector


def scored(detector) -> dict[str, float]:
    """mAP on 100 test scenes at 0.5 and 0.7, with the boxes moved and as proposed."""
    held = load_scenes(100, "test")
    boxes = [selective_search(image) for image in held.images]
    said = [rcnn.describe(detector, image, some) for image, some in zip(held.images, boxes, strict=True)]
    size = held.images.shape[1:3]
    moved = [detections.detect(b, s, d[:, None], size=size) for b, (s, d, _) in zip(boxes, said, strict=True)]
    as_proposed = [detections.detect(b, s) for b, (s, *_) in zip(boxes, said, strict=True)]
    truth, results = objects_in(held), {}
    for suffix, found in (("", moved), (" as proposed", as_proposed)):
        for limit in (0.5, 0.7):
            results[f"mAP@{limit}{suffix}"] = float(evaluate(found, truth, 10, limit).mean)
    return results


TRAINERS = {"rcnn_detector": rcnn_detector}
