"""R-CNN, Fast R-CNN and Faster R-CNN trained alike, and what each change to the proposal network brings.

One budget: the same 400 training scenes, the same start (`scene_digits`), about the same processor seconds from the scenes to
the trained detector, selective search among them. Then each once at its best: as many scenes and steps as bring it something.
All are judged on the same 100 test scenes; steps were fixed before, and the last weights count.
"""

import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from scripts import weights
from scripts.data.scenes import load_scenes
from scripts.detection import detections, fast_rcnn, faster_rcnn, rcnn
from scripts.detection.boxes import large_enough
from scripts.detection.detections import Detections
from scripts.detection.evaluation import evaluate, objects_in, trainings_bootstrap
from scripts.detection.pooling import RoiAlign
from scripts.detection.proposal_quality import best_overlaps, recall
from scripts.detection.proposals import selective_search
from scripts.runtime import progress
from scripts.tools.trainers import lesson_18 as shipped

CARD, TEST = "detectors", 100
SEEDS, LIMITS = (0, 1, 2), (0.5, 0.7, 0.8)
SCENES, BACKGROUND = 400, 10
# steps that take each about 120 processor seconds, with selective search and, for R-CNN, features, machines and regression
EQUAL = {
    "R-CNN": (150, {}),
    "Fast R-CNN": (1650, {}),
    "Fast R-CNN, RoIAlign": (1800, {"align": True}),
    "Faster R-CNN, RoI pooling": (1200, {"align": False}),
    "Faster R-CNN": (1500, {}),
}
SIDE, CONTEXT = 56, 4  # pixels of a warped box in R-CNN, so that `scene_digits` fits


def start():
    """The classifier that every detector begins from."""
    model = fast_rcnn.digit_classifier()
    weights.load(model, "scene_digits")
    return model


def propose(image):
    """Selective search's boxes of a picture, float32 (n, 4), none smaller than a cell."""
    boxes = selective_search(image, "single").astype(np.float32)
    return boxes[large_enough(boxes, fast_rcnn.SMALLEST)]


def as_lists(found) -> list:
    """Detections of pictures as plain numbers, for the file of a run."""
    return [[np.round(one.boxes, 2).tolist(), one.scores.tolist(), one.labels.tolist()] for one in found]


def result(found, proposals, seconds: float, steps: int, scenes: int, **others) -> dict:
    """What a run leaves: detections, the recall of at most 100 proposals a scene, processor seconds, steps, scenes."""
    test = load_scenes(TEST, "test")
    best = best_overlaps(proposals, test.boxes, 100)
    quality = {str(limit): recall(best, limit) for limit in LIMITS}
    about = {"seconds": round(seconds, 1), "steps": steps, "scenes": scenes, "recall": quality}
    return {"found": as_lists(found), **about, **{name: as_lists(one) for name, one in others.items()}}


def r_cnn(seed: int, steps: int, count: int = SCENES) -> dict:
    """Lesson 16's R-CNN with the backbone and start of lesson 17: colour crops of 56 pixels, SVMs, one box regression."""
    keras.utils.set_random_seed(seed)
    rng, began = np.random.default_rng(seed), time.process_time()
    scenes = load_scenes(count, "train")
    boxes = [np.concatenate([propose(i), b]) for i, b in zip(scenes.images, scenes.boxes, strict=True)]
    given = list(zip(boxes, scenes.boxes, scenes.labels, strict=True))
    crops = np.concatenate([as_crops(i, b) for i, b in zip(scenes.images, boxes, strict=True)])
    labels = np.concatenate([rcnn.tuning_labels(*one) for one in given])
    net = object_net(start())
    fine_tune(net, crops, labels, steps, rng)
    answers = tf.function(lambda x: net(x, training=False), reduce_retracing=True)
    maps, features = [], []
    for some in np.array_split(crops, len(boxes)):
        pooled, described, _ = answers(tf.cast(some, tf.float32) / 255)
        maps.append(rcnn.profile(pooled.numpy(), (7, 7, 96)))
        features.append(described.numpy())
    maps, features = np.concatenate(maps), np.concatenate(features)
    models = other_models(maps, features, given, rng)
    seconds = time.process_time() - began

    test = load_scenes(TEST, "test")
    searched = [propose(image) for image in test.images]
    found = [judged_crops(answers, models, *one) for one in zip(test.images, searched, strict=True)]
    return result(found, searched, seconds, steps, count)


def as_crops(image, boxes):
    """Warped boxes of a picture, uint8 (n, 56, 56, 3): a quarter of what float32 would take."""
    return np.uint8(np.rint(255 * rcnn.warp(image, boxes, SIDE, CONTEXT).numpy()))


def object_net(classifier) -> keras.Model:
    """A classifier's convolutions and hidden layer, with eleven new logits: pooled map, features, logits."""
    crops = keras.Input((SIDE, SIDE, 3))
    maps = classifier.get_layer("backbone")(crops)
    pooled = layers.Flatten()(layers.MaxPooling2D(2)(maps))
    features = classifier.get_layer("hidden")(pooled)
    return keras.Model(crops, [pooled, features, layers.Dense(11)(layers.Dropout(0.3)(features))])


def fine_tune(net, crops, labels, steps: int, rng) -> None:
    """Lesson 16's loop: 32 objects and 96 of the background a step, Adam as the other two have it."""
    adam = fast_rcnn.adam(1e-3, steps)
    adam.build(net.trainable_variables)

    @tf.function(autograph=False)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = net(tf.cast(x, tf.float32) / 255, training=True)[2]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        adam.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)

    for _ in progress(range(steps), "R-CNN"):
        batch = rcnn.draw_batch(rng, labels)
        step(crops[batch], labels[batch])


def other_models(profiles, features, given, rng):
    """The machines and the box regression, with the scale of their inputs."""
    scale = rcnn.NORM / np.linalg.norm(features, axis=1).mean()
    own = np.concatenate([np.arange(len(b)) >= len(b) - len(truth) for b, truth, _ in given])
    allowed = np.concatenate([rcnn.svm_labels(*one) for one in given])
    classes = np.concatenate([labels for *_, labels in given])
    svms = rcnn.train_svms(features[own] * scale, classes, features[~own] * scale, allowed[~own], rng)
    rows, targets, first = [], [], 0
    for boxes, truth, labels in given:
        near, codes, _ = rcnn.regression_pairs(boxes[: len(boxes) - len(truth)], truth, labels)
        rows.append(first + near)
        targets.append(codes)
        first += len(boxes)
    ridge = rcnn.fit_ridge(profiles[np.concatenate(rows)], np.concatenate(targets), rcnn.RIDGE_OF_PROFILES)
    return svms, scale, ridge


def judged_crops(answers, models, image, boxes):
    """R-CNN's detections in one picture."""
    (svms, scale, (w, b)) = models
    pooled, features, _ = answers(tf.cast(as_crops(image, boxes), tf.float32) / 255)
    scores = features.numpy() * scale @ svms.weights + svms.biases
    deltas = (rcnn.profile(pooled.numpy(), (7, 7, 96)) @ w + b)[:, None]
    return detections.detect(boxes, scores, deltas, -1.0, size=image.shape[:2])


def fast(seed: int, steps: int, count: int = SCENES, align: bool = False) -> dict:
    """Lesson 17's Fast R-CNN, or with RoIAlign in place of RoI pooling."""
    keras.utils.set_random_seed(seed)
    rng, began = np.random.default_rng(seed), time.process_time()
    scenes, model = load_scenes(count, "train"), fast_rcnn.detector()
    if align:
        model = with_align(model)
    fast_rcnn.start_from(model, start())
    examples = [
        fast_rcnn.prepare(image, propose(image), boxes, labels, BACKGROUND)
        for image, boxes, labels in zip(scenes.images, scenes.boxes, scenes.labels, strict=True)
    ]
    fast_rcnn.train(model, examples, steps, rng=rng, doing="Fast R-CNN")
    seconds = time.process_time() - began
    test, net = load_scenes(TEST, "test"), fast_rcnn.Stages(model)
    searched = [propose(image) for image in test.images]
    found = [fast_rcnn.detect(net, *one) for one in zip(test.images, searched, strict=True)]
    return result(found, searched, seconds, steps, count)


def with_align(model) -> keras.Model:
    """The same layers, RoIAlign between the map and the heads."""
    pictures, boxes, images = model.inputs
    maps = model.get_layer("backbone")(pictures)
    pooled = RoiAlign(fast_rcnn.BINS, 1 / fast_rcnn.STRIDE, name="pooling")(maps, boxes, images)
    return keras.Model(model.inputs, model.get_layer("heads")(pooled))


def faster(
    seed: int, steps: int, count: int = SCENES, std=faster_rcnn.BOX_STD, balance=None, **parts
) -> dict:
    """Lesson 18's Faster R-CNN; `std`, `balance` and `parts` (align, dilated) are for what each change brings."""
    keras.utils.set_random_seed(seed)
    rng, began = np.random.default_rng(seed), time.process_time()
    scenes, model = load_scenes(count, "train"), faster_rcnn.detector(**parts)
    fast_rcnn.start_from(model, start())
    given = (scenes.images, scenes.boxes, scenes.labels)
    settings = {"std": std} if balance is None else {"std": std, "balance": balance}
    faster_rcnn.train(model, *given, steps, rng=rng, doing="Faster R-CNN", **settings)
    return tested(model, time.process_time() - began, steps, count, std)


def tested(model, seconds: float, steps: int, count: int, std=faster_rcnn.BOX_STD) -> dict:
    """A trained Faster R-CNN on the test scenes, with one pass and with two."""
    test, net = load_scenes(TEST, "test"), faster_rcnn.Stages(model)
    found, twice = (
        [faster_rcnn.detect(net, image, passes=passes, std=std) for image in test.images] for passes in (1, 2)
    )
    maps = [net.map(fast_rcnn.padded_batch([image])) for image in test.images]
    said = [net.propose(one, *i.shape[:2], std=std).boxes for one, i in zip(maps, test.images, strict=True)]
    return result(found, said, seconds, steps, count, twice=twice)


def best_faster(seed: int) -> dict:
    """Faster R-CNN as it ships, or trained alike with another seed."""
    if seed == shipped.SEED:
        model = faster_rcnn.detector()
        seconds = weights.load(model, "faster_rcnn")["processor_seconds"]
    else:
        model, _, seconds = shipped.trained(seed)
    return tested(model, seconds, shipped.STEPS, shipped.SCENES)


FIRST = {"std": 1.0, "balance": 50.0, "align": False, "dilated": False}  # as the first edition had it
CHANGES = {
    "as the first edition": FIRST,
    "targets scaled": {"align": False, "dilated": False},
    "second convolution": {**FIRST, "dilated": True},
    "both": {"align": False},
    "both, RoIAlign": {},
}
WAYS = {"R-CNN": r_cnn, "Fast R-CNN": fast, "Faster R-CNN": faster}
RUNS = {}
for SEED in SEEDS:
    RUNS |= {f"change: {name}, {SEED}": (faster, (SEED, 600), parts) for name, parts in CHANGES.items()}
for SEED in SEEDS:
    for NAME, (STEPS, PARTS) in EQUAL.items():
        RUNS[f"{NAME}, {SEED}"] = (WAYS[NAME.split(",")[0]], (SEED, STEPS), PARTS)
RUNS |= {f"best Faster R-CNN, {SEED}": (best_faster, (SEED,), {}) for SEED in SEEDS}
RUNS |= {
    "best Fast R-CNN, 0": (fast, (0, shipped.STEPS, shipped.SCENES), {}),
    "best R-CNN, 0": (r_cnn, (0, 600, 800), {}),
}

ROWS = tuple(EQUAL)
PAIRS = (
    ("R-CNN", "Fast R-CNN"),
    ("Fast R-CNN", "Faster R-CNN, RoI pooling"),
    ("Fast R-CNN, RoIAlign", "Faster R-CNN"),
    ("Fast R-CNN", "Faster R-CNN"),
    ("Faster R-CNN, RoI pooling", "Faster R-CNN"),
    ("Faster R-CNN", "Faster R-CNN, two passes"),
)


def card(results: dict[str, dict]) -> dict:
    """What the lesson reads, from the results of all runs that there are."""
    rows, judged = [], {}
    for budget in ("equal", "best"):
        for name in ROWS:
            for suffix, found in (("", "found"), (", two passes", "twice")):
                runs = of_seeds(results, f"best {name}" if budget == "best" else name, found)
                if runs and not (suffix and "pooling" in name):
                    rows.append(row(name + suffix, budget, runs, found))
                    judged[name + suffix, budget] = evaluations(runs, found)
    changes = []
    for name in CHANGES:
        for suffix, found in (("", "found"), (", two passes", "twice")):
            runs = of_seeds(results, f"change: {name}", found)
            if runs and (not suffix or name == "both, RoIAlign"):
                changes.append(row(name + suffix, "change", runs, found))
    differences = [
        {
            "one": one,
            "other": other,
            "budget": "equal",
            **difference(judged[one, "equal"], judged[other, "equal"]),
        }
        for one, other in PAIRS
        if (one, "equal") in judged and (other, "equal") in judged
    ]
    return {
        "test": f"{TEST} test scenes",
        "rows": rows,
        "differences": differences,
        "changes": changes,
        "milliseconds": results.get("milliseconds", {}),
    }


def of_seeds(results, name: str, found: str) -> dict[int, dict]:
    """The runs of a name, by seed, that have such detections."""
    there = {seed: results.get(f"{name}, {seed}") for seed in SEEDS}
    return {seed: run for seed, run in there.items() if run and found in run}


def row(name: str, budget: str, runs, found: str) -> dict:
    """A line of the table, one number a seed."""
    judged = evaluations(runs, found)
    first = next(iter(runs.values()))
    return {
        "name": name,
        "budget": budget,
        "scenes": first["scenes"],
        "start": "scene_digits",
        "seeds": list(runs),
        "steps": [run["steps"] for run in runs.values()],
        "seconds": [run["seconds"] for run in runs.values()],
        "recall": {str(x): [round(run["recall"][str(x)], 4) for run in runs.values()] for x in LIMITS},
        "map": {str(x): [round(one.mean, 4) for one in judged[x]] for x in LIMITS},
    }


def evaluations(runs, found: str) -> dict[float, list]:
    """At each limit the evaluation of each run."""
    truth = objects_in(load_scenes(TEST, "test"))
    all_found = [
        [Detections(np.float64(b).reshape(-1, 4), np.float64(s), np.array(c, int)) for b, s, c in run[found]]
        for run in runs.values()
    ]
    return {x: [evaluate(one, truth, BACKGROUND, x) for one in all_found] for x in LIMITS}


def difference(one, other) -> dict:
    """At each limit the points that the second way is above the first, with the 95 % interval."""
    return {
        str(x): [round(100 * value, 2) for value in trainings_bootstrap(one[x], other[x])] for x in LIMITS
    }


def milliseconds() -> dict:
    """Milliseconds of a test scene by stage, each the median over scenes and then over three rounds by turns."""
    images = load_scenes(30, "test").images
    digits, models = (
        object_net(start()),
        {"Fast R-CNN": fast_rcnn.detector(), "Faster R-CNN": faster_rcnn.detector()},
    )
    weights.load(models["Fast R-CNN"], "fast_rcnn")
    weights.load(models["Faster R-CNN"], "faster_rcnn")
    nets = {
        "Fast R-CNN": fast_rcnn.Stages(models["Fast R-CNN"]),
        "Faster R-CNN": faster_rcnn.Stages(models["Faster R-CNN"]),
    }
    answers = tf.function(lambda x: digits(x, training=False), reduce_retracing=True)
    rounds = [
        {
            "R-CNN": of_r_cnn(answers, images[:10]),
            "Fast R-CNN": of_fast(nets["Fast R-CNN"], images),
            "Faster R-CNN": of_faster(nets["Faster R-CNN"], images, 1),
            "Faster R-CNN, two passes": of_faster(nets["Faster R-CNN"], images, 2),
        }
        for _ in range(4)
    ][1:]  # the first traces the graphs
    stages = ("proposals", "convolutions", "the rest")
    return {
        name: dict(
            zip(stages, np.median([one[name] for one in rounds], axis=0).round(2).tolist(), strict=True)
        )
        for name in rounds[0]
    }


def clocked(*stages) -> list[float]:
    """Milliseconds of functions, each of which takes what the one before gave."""
    taken, given = [], None
    for stage in stages:
        began = time.perf_counter()
        given = stage(given)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def of_r_cnn(answers, images):
    """R-CNN's stages; its machines and regression are products of matrices, here of zeros."""
    models = rcnn.Svms(np.zeros((128, 10)), np.zeros(10)), 1.0, (np.zeros((14 * 96, 4)), np.zeros(4))
    rows = []
    for image in images:
        boxes = propose(image)
        first, looked, whole = clocked(
            lambda _, image=image: propose(image),
            lambda b, image=image: answers(tf.cast(as_crops(image, b), tf.float32) / 255)[1].numpy(),
            lambda _, image=image, boxes=boxes: judged_crops(answers, models, image, boxes),
        )
        rows.append((first, looked, max(0.0, whole - looked)))
    return np.median(rows, axis=0)


def of_fast(net, images):
    """Fast R-CNN's stages: search, the map, the rest."""
    rows = [
        clocked(
            lambda _, image=image: propose(image),
            lambda boxes, image=image: (net.map(fast_rcnn.padded_batch([image])), boxes),
            lambda both, image=image: rest(net, both[0], both[1], image.shape[:2], 1),
        )
        for image in images
    ]
    return np.median(rows, axis=0)


def of_faster(net, images, passes: int):
    """Faster R-CNN's stages in the same order; its map comes before its proposals."""
    rows = [
        clocked(
            lambda _, image=image: net.map(fast_rcnn.padded_batch([image])),
            lambda maps, image=image: (maps, net.propose(maps, *image.shape[:2]).boxes),
            lambda both, image=image: rest(net, both[0], both[1], image.shape[:2], passes),
        )
        for image in images
    ]
    return np.median(rows, axis=0)[[1, 0, 2]]


def rest(net, maps, boxes, size, passes: int):
    """Pooling, heads and suppression."""
    for _ in range(passes - 1):
        boxes = faster_rcnn.move_once(net, maps, boxes, *size)
    probabilities, deltas = faster_rcnn.answers(net, maps, boxes)
    return detections.detect(boxes, probabilities, deltas, 0.05, size=size)


RUNS["milliseconds"] = (milliseconds, (), {})
