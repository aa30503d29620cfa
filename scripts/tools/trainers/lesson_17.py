"""Lesson 17's weights: a classifier of coloured digits, which detectors start from, and the full-length Fast R-CNN.

Both see training scenes only (scripts/data/scenes.py): training digits of the bundled sample, training parts of the
photographs.
"""

import time

import keras
import numpy as np
import tensorflow as tf

from scripts import course, data, weights
from scripts.detection import fast_rcnn
from scripts.detection.evaluation import evaluate, objects_in
from scripts.detection.proposals import selective_search

SEED, SCENES = 0, 400  # scenes a seed
DIGITS = {"seeds": range(100, 104), "steps": 900, "batch": 64, "rate": 2e-3, "shift": 0.2}
DETECTOR = {"seeds": range(2), "steps": 800, "rate": 1e-3, "jittered": 2}


def scenes(seeds) -> list[data.Scenes]:
    """Training scenes, `SCENES` of each seed."""
    return [data.load_scenes(SCENES, "train", seed=seed) for seed in seeds]


def crops(images, boxes, which, rng=None):
    """Boxes of pictures stretched to 56 x 56, float32, 0..1; moved a little where `rng` is a generator.

    images: uint8 (n, h, w, 3); boxes: float (k, 4); which: int (k,).
    """
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    if rng is not None:
        boxes = boxes + rng.uniform(-DIGITS["shift"], DIGITS["shift"], boxes.shape) * sides
    corners = boxes[:, [1, 0, 3, 2]] / (np.array(images.shape[1:3] * 2) - 1)
    pictures, place = np.unique(which, return_inverse=True)
    return tf.image.crop_and_resize(images[pictures].astype(np.float32) / 255, corners, place, (56, 56))


def flat(sets):
    """Images, and all objects in a row: their boxes, labels, and the image of each."""
    boxes = [one for each in sets for one in each.boxes]
    images = np.concatenate([each.images for each in sets])
    labels = np.concatenate([one for each in sets for one in each.labels])
    return (
        images,
        np.concatenate(boxes),
        labels,
        np.repeat(np.arange(len(images)), [len(one) for one in boxes]),
    )


def scene_digits() -> None:
    """Classify the digits' own boxes, each side moved by up to a fifth."""
    keras.utils.set_random_seed(SEED)
    rng, model = np.random.default_rng(SEED), fast_rcnn.digit_classifier()
    images, boxes, labels, which = flat(scenes(DIGITS["seeds"]))
    size, steps = DIGITS["batch"], DIGITS["steps"]
    rate = keras.optimizers.schedules.CosineDecay(
        DIGITS["rate"] / 10, steps - 100, warmup_target=DIGITS["rate"], warmup_steps=100
    )
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    began, order = time.perf_counter(), np.zeros(0, int)
    for _ in course.progress(range(steps), "digits"):
        if len(order) < size:
            order = rng.permutation(len(labels))
        chosen, order = order[:size], order[size:]
        step(crops(images, boxes[chosen], which[chosen], rng), tf.constant(labels[chosen]))
    seconds = time.perf_counter() - began
    images, boxes, y, which = flat([data.load_scenes(100, "test")])
    score = float(np.mean(model(crops(images, boxes, which)).numpy().argmax(axis=1) == y))
    print(f"scene_digits: {score:.4f} of the test scenes' digits, {seconds:.0f} s")
    card = {
        "data": f"{len(labels):,} digits in training scenes, each side of a box moved by up to a fifth",
        "seed": SEED,
        "seconds": round(seconds),
        "epochs": round(steps * size / len(labels), 1),
        "score": score,
        "score_is": f"accuracy on the {len(y)} digits of 100 test scenes",
        "parameters": model.count_params(),
    }
    weights.add(model, "scene_digits", card)


def detector() -> None:
    """Fast R-CNN on several times the lesson's scenes, for several times its steps."""
    keras.utils.set_random_seed(SEED)
    rng, start, model = np.random.default_rng(SEED), fast_rcnn.digit_classifier(), fast_rcnn.detector()
    weights.load(start, "scene_digits")
    fast_rcnn.start_from(model, start)
    sets = scenes(DETECTOR["seeds"])
    many = [one for each in sets for one in zip(each.images, each.boxes, each.labels, strict=True)]
    examples = [
        fast_rcnn.prepare(image, selective_search(image), boxes, labels, 10, rng, DETECTOR["jittered"])
        for image, boxes, labels in course.progress(many, "proposals")
    ]
    began, steps = time.perf_counter(), DETECTOR["steps"]
    fast_rcnn.train(model, examples, steps, DETECTOR["rate"], rng=rng, doing="training")
    seconds = time.perf_counter() - began
    test = data.load_scenes(100, "test")
    net = fast_rcnn.Stages(model)
    found = [fast_rcnn.detect(net, image, selective_search(image), 0.01) for image in test.images]
    score = evaluate(found, objects_in(test), 10).mean
    print(f"fast_rcnn: mAP@0.5 {score:.4f} on 100 test scenes, {seconds:.0f} s")
    card = {
        "data": f"{len(many):,} training scenes, started from scene_digits",
        "seed": SEED,
        "seconds": round(seconds),
        "epochs": round(2 * steps / len(many), 1),
        "steps": steps,
        "score": score,
        "score_is": "mAP@0.5 on 100 test scenes",
        "parameters": model.count_params(),
    }
    weights.add(model, "fast_rcnn", card)


TRAINERS = {"scene_digits": scene_digits, "fast_rcnn": detector}
