"""Lesson 18 has no listing in the slides; what is measured is the proposal network against selective search, Faster R-CNN's
training and test by stage, three generations side by side, and blood cells (BCCD) by a detector of one's own.

Run: python -m scripts.tools.benches.lesson_18
(or with words of what to measure: proposals, training, stages, cells; cells-imagenet: with the photographs' backbone).
"""

import sys
import time

import numpy as np

LISTINGS = ()
TRAINING = {"scenes": 400, "steps": 600, "seeds": 3}  # as in view
CELLS = {"steps": 1000, "rate": 1e-3}  # BCCD


def milliseconds(function, items, repeats: int = 3) -> float:
    """Median over repeats of the mean time of one item; the first item once before, to trace and to warm up."""
    function(items[0])
    means = []
    for _ in range(repeats):
        began = time.perf_counter()
        for item in items:
            function(item)
        means.append(1000 * (time.perf_counter() - began) / len(items))
    return float(np.median(means))


def shipped():
    """The shipped detector."""
    from scripts import weights
    from scripts.detection import faster_rcnn

    model = faster_rcnn.detector()
    weights.load(model, "faster_rcnn")
    return model


def scaled(image):
    """One picture as nets take it."""
    return image[None].astype(np.float32) / np.float32(255)


def proposals() -> dict:
    """The shipped proposal network against selective search: milliseconds, recall and overlap at 50, 100 and 300 boxes."""
    from scripts import data
    from scripts.detection import faster_rcnn, proposal_quality
    from scripts.detection.proposals import selective_search

    scenes = data.load_scenes(100, "test")
    net = faster_rcnn.Stages(shipped())
    maps = [net.map(scaled(image)) for image in scenes.images]
    side = scenes.images.shape[1:3]
    said = {
        "selective search": [selective_search(image) for image in scenes.images],
        "proposal network": [net.propose(one, *side, after=300).boxes for one in maps],
    }
    ms = {
        "selective search": milliseconds(selective_search, scenes.images),
        "proposal network": milliseconds(lambda one: net.propose(one, *side), maps),
    }
    print(f"proposals, {len(scenes)} scenes of 160x160; the network's time is given the map")
    print(
        f"{'':18}{'ms':>7}"
        + "".join(f"{f'{n} boxes: recall@0.5, @0.7, overlap':>40}" for n in (50, 100, 300))
    )
    rows = {}
    for name, boxes in said.items():
        best = [proposal_quality.best_overlaps(boxes, scenes.boxes, most) for most in (50, 100, 300)]
        rows[name] = [
            [proposal_quality.recall(b), proposal_quality.recall(b, 0.7), float(b.mean())] for b in best
        ]
        print(
            f"{name:18}{ms[name]:7.1f}"
            + "".join(f"{f'{a:.3f}  {b:.3f}  {c:.3f}':>40}" for a, b, c in rows[name])
        )
    ratio = ms["selective search"] / ms["proposal network"]
    print(f"the network's stage is {ratio:.1f} times faster", flush=True)
    return {"ms": ms, "rows": rows, "ratio": ratio}


def training() -> dict:
    """Joint training as in view, over seeds: seconds, recall of 100 proposals, mAP."""
    import keras

    from scripts import data, weights
    from scripts.detection import fast_rcnn, faster_rcnn
    from scripts.tools.trainers.lesson_18 import measured

    scenes, test = data.load_scenes(TRAINING["scenes"]), data.load_scenes(100, "test")
    rows = []
    for seed in range(TRAINING["seeds"]):
        keras.utils.set_random_seed(seed)
        start, model = fast_rcnn.digit_classifier(), faster_rcnn.detector()
        weights.load(start, "scene_digits")
        fast_rcnn.start_from(model, start)
        began, given = time.perf_counter(), (scenes.images, scenes.boxes, scenes.labels)
        faster_rcnn.train(model, *given, TRAINING["steps"], rng=np.random.default_rng(seed))
        rows.append({"seconds": time.perf_counter() - began, **measured(model, test)})
        print(
            f"joint training, seed {seed}: " + ", ".join(f"{k} {v:.3f}" for k, v in rows[-1].items()),
            flush=True,
        )
    median = {key: float(np.median([row[key] for row in rows])) for key in rows[0]}
    print("median: " + ", ".join(f"{key} {value:.3f}" for key, value in median.items()), flush=True)
    return {"rows": rows, "median": median}


def stages() -> dict:
    """Test time of Fast and Faster R-CNN by stage, milliseconds a scene: the same backbone and heads, other proposals."""
    from scripts import data
    from scripts.detection import fast_rcnn, faster_rcnn
    from scripts.detection.proposals import selective_search

    images = data.load_scenes(100, "test").images
    side = images.shape[1:3]
    rows, model = {}, shipped()
    for name, module in (("Fast R-CNN", fast_rcnn), ("Faster R-CNN", faster_rcnn)):
        net = module.Stages(model)
        maps = [net.map(scaled(image)) for image in images]
        if module is fast_rcnn:
            boxes = [selective_search(image).astype(np.float32) for image in images]
            first = milliseconds(selective_search, images)
            whole = milliseconds(lambda i, net=net: fast_rcnn.detect(net, i, selective_search(i)), images)
        else:
            boxes = [net.propose(one, *side).boxes for one in maps]
            first = milliseconds(lambda one, net=net: net.propose(one, *side), maps)
            whole = milliseconds(lambda i, net=net: faster_rcnn.detect(net, i), images)
        pairs = list(zip(maps, boxes, strict=True))
        rows[name] = {
            "proposals": first,
            "convolutions": milliseconds(lambda i, net=net: net.map(scaled(i)), images),
            "pooling and heads": milliseconds(lambda pair, net=net: net.heads(net.pool(*pair)), pairs),
            "all": whole,
        }
        print(
            f"{name:14}" + ", ".join(f"{stage} {ms:.1f} ms" for stage, ms in rows[name].items()), flush=True
        )
    ratio = rows["Fast R-CNN"]["all"] / rows["Faster R-CNN"]["all"]
    print(f"end to end Faster R-CNN is {ratio:.2f} times faster", flush=True)
    return {"rows": rows, "ratio": ratio}


def cells(start: str = "digits") -> dict | None:
    """A `Detector` with a proposal network on blood cells: trained on trainval, mAP@0.5 on the test part."""
    from scripts import course
    from scripts.tools.benches import blood_cells

    return blood_cells.learned(start, seed=course.current_seed(), **CELLS)


PARTS = {"proposals": proposals, "training": training, "stages": stages, "cells": cells}
# asked for by name alone: not measured with all
MORE = {"cells-imagenet": lambda: cells("imagenet")}


def main(*only: str) -> None:
    """Measure, print and store the parts named, or all."""
    from scripts.tools import listings

    asked = {name: part for name, part in (PARTS | MORE).items() if name in only} if only else PARTS
    everything = {name: part() for name, part in asked.items()}
    listings.store_parts("faster_rcnn.json", everything)


if __name__ == "__main__":
    main(*sys.argv[1:])
