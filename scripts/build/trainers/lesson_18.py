"""Lesson 18's detector: Faster R-CNN on detection scenes, everything trained at once, from the backbone of lesson 17."""

import time

import keras
import numpy as np

from scripts import weights
from scripts.data.scenes import load_scenes
from scripts.detection import faster_rcnn
from scripts.detection.coverage import best_overlaps, recall
from scripts.detection.evaluation import evaluate, objects_in

SEED, SCENES, STEPS = 0, 2400, 6000


def trained(seed: int = SEED, scenes: int = SCENES, steps: int = STEPS):
    """A detector trained on scenes that lessons show the first of. Returns the model and seconds."""
    keras.utils.set_random_seed(seed)
    given = load_scenes(scenes, "train")
    model = faster_rcnn.detector()
    faster_rcnn.start_from_fast(model)
    begin = time.perf_counter()
    random = np.random.default_rng(seed)
    faster_rcnn.train(model, given.images, given.boxes, given.labels, steps, random=random)
    return model, time.perf_counter() - begin


def measured(model, scenes) -> dict[str, float]:
    """mAP at 0.5 and at 0.7, and the recall at 0.5 of the 100 surest proposals."""
    net = faster_rcnn.Net(model)
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
    card = {
        "data": f"scenes, {SCENES:,} of the training part", "seed": SEED, "seconds": round(seconds), "steps": STEPS,
        "epochs": round(2 * STEPS / SCENES, 1), "score_is": "mAP@0.5 on 100 test scenes", "parameters": model.count_params(),
        "started_from": "fast_rcnn",
    }  # fmt: skip
    weights.add(model, "faster_rcnn", card | {name: round(value, 4) for name, value in got.items()})


TRAINERS = {"faster_rcnn": detector}
