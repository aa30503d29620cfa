"""Lesson 18's detector: Faster R-CNN on detection scenes, everything trained at once, from random weights.

It sees training scenes only (scripts/data/scenes.py).
"""

import time

import keras
import numpy as np

from scripts import weights
from scripts.data.scenes import load_scenes
from scripts.detection import faster_rcnn
from scripts.detection.evaluation import evaluate, objects_in
from scripts.detection.proposal_quality import best_overlaps, recall

SEED, SCENES, STEPS = 0, 2000, 4000


def trained(seed: int = SEED, steps: int = STEPS):
    """A detector trained at full length. Returns the model and seconds."""
    keras.utils.set_random_seed(seed)
    scenes, model = load_scenes(SCENES), faster_rcnn.detector()
    began, given = time.perf_counter(), (scenes.images, scenes.boxes, scenes.labels)
    faster_rcnn.train(model, *given, steps, rng=np.random.default_rng(seed), doing="training")
    return model, time.perf_counter() - began


def measured(model, scenes) -> dict[str, float]:
    """mAP at 0.5 and at 0.7, and the recall at 0.5 of the 100 surest proposals."""
    net = faster_rcnn.Stages(model)
    found = [faster_rcnn.detect(net, image) for image in scenes.images]
    truth, classes = objects_in(scenes), len(scenes.classes)
    maps = (net.map(image[None].astype(np.float32) / np.float32(255)) for image in scenes.images)
    said = [net.propose(one, *i.shape[:2]).boxes for one, i in zip(maps, scenes.images, strict=True)]
    return {
        "score": evaluate(found, truth, classes, 0.5).mean,
        "map_at_0.7": evaluate(found, truth, classes, 0.7).mean,
        "recall": recall(best_overlaps(said, scenes.boxes, 100)),
    }


def detector() -> None:
    """Train, score on 100 test scenes, and ship. Steps are fixed before, the last weights count."""
    model, seconds = trained()
    got = measured(model, load_scenes(100, "test"))
    print(f"faster_rcnn: {', '.join(f'{name} {value:.4f}' for name, value in got.items())}; {seconds:.0f} s")
    weights.add(model, "faster_rcnn", card(model, seconds, got))


def card(model, seconds: float, got: dict) -> dict:
    """What a reader should know of the weights."""
    return {
        "data": f"{SCENES:,} training scenes",
        "seed": SEED,
        "seconds": round(seconds),
        "epochs": round(2 * STEPS / SCENES, 1),
        "steps": STEPS,
        "score_is": "mAP@0.5 on 100 test scenes",
        "parameters": model.count_params(),
        **{name: round(value, 4) for name, value in got.items()},
    }


TRAINERS = {"faster_rcnn": detector}
