"""Lesson 18's detector: Faster R-CNN on detection scenes, everything trained at once, from the classifier of digits that Fast R-CNN starts from too.

It sees training scenes only (scripts/data/scenes.py).
"""

import time

import keras
import numpy as np

from scripts import weights
from scripts.data.scenes import load_scenes
from scripts.detection import fast_rcnn, faster_rcnn
from scripts.detection.evaluation import evaluate, objects_in
from scripts.detection.proposal_quality import best_overlaps, recall

SEED, SCENES, STEPS = 0, 2000, 4000


def trained(seed: int = SEED, steps: int = STEPS):
    """A detector trained at full length. Returns the model, seconds, and seconds of the processor."""
    keras.utils.set_random_seed(seed)
    scenes, model, digits = load_scenes(SCENES), faster_rcnn.detector(), fast_rcnn.digit_classifier()
    weights.load(digits, "scene_digits")
    fast_rcnn.start_from(model, digits)
    began, used = time.perf_counter(), time.process_time()
    given = (scenes.images, scenes.boxes, scenes.labels)
    faster_rcnn.train(model, *given, steps, rng=np.random.default_rng(seed), doing="training")
    return model, time.perf_counter() - began, time.process_time() - used


def measured(model, scenes) -> dict[str, float]:
    """mAP at 0.5 and at 0.7, also of two passes, and the recall of the 100 surest proposals at 0.5 and at 0.8."""
    net, truth, classes = faster_rcnn.Stages(model), objects_in(scenes), len(scenes.classes)
    once, twice = (
        [faster_rcnn.detect(net, image, passes=passes) for image in scenes.images] for passes in (1, 2)
    )
    maps = (net.map(fast_rcnn.padded_batch([image])) for image in scenes.images)
    said = [net.propose(one, *i.shape[:2]).boxes for one, i in zip(maps, scenes.images, strict=True)]
    best = best_overlaps(said, scenes.boxes, 100)
    return {
        "score": evaluate(once, truth, classes, 0.5).mean,
        "map_at_0.7": evaluate(once, truth, classes, 0.7).mean,
        "two_passes": evaluate(twice, truth, classes, 0.5).mean,
        "two_passes_at_0.7": evaluate(twice, truth, classes, 0.7).mean,
        "recall": recall(best),
        "recall_at_0.8": recall(best, 0.8),
    }


def detector() -> None:
    """Train, score on 100 test scenes, and ship. Steps are fixed before, the last weights count."""
    model, seconds, used = trained()
    got = measured(model, load_scenes(100, "test"))
    print(f"faster_rcnn: {', '.join(f'{name} {value:.4f}' for name, value in got.items())}; {seconds:.0f} s")
    weights.add(model, "faster_rcnn", card(model, seconds, got) | {"processor_seconds": round(used)})


def card(model, seconds: float, got: dict) -> dict:
    """What a reader should know of the weights."""
    return {
        "data": f"{SCENES:,} training scenes, started from scene_digits",
        "seed": SEED,
        "seconds": round(seconds),
        "epochs": round(2 * STEPS / SCENES, 1),
        "steps": STEPS,
        "score_is": "mAP@0.5 on 100 test scenes",
        "parameters": model.count_params(),
        **{name: round(value, 4) for name, value in got.items()},
    }


TRAINERS = {"faster_rcnn": detector}
