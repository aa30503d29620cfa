"""Lesson 17 has no listing in the slides. Measured are RoI pooling against torchvision's C++, Fast R-CNN by stage, its
ratios to R-CNN with the same backbone and boxes, and a detector of one's own with selective search on BCCD.

torchvision's side runs in a process of its own, taking turns: COURSE_TORCH_PYTHON names the Python of an environment
that has it, where this one has not. BCCD comes by the mirror folder. Run: python -m scripts.tools.benches.lesson_17
(or with a part's name: pooling, ratios, detector, bccd; bccd may be followed by a start, "imagenet" or "digits", and steps).
"""

import statistics
import sys
import time

import numpy as np

from scripts.tools.benches import programs
from scripts.tools.listings import torch_python

LISTINGS = ()
ROUNDS, REPEATS = 3, 9
# of the comparison with torchvision: a picture of 160 pixels, stride 4
ROIS, SIDE, CHANNELS, BINS = 300, 40, 64, 7
# pixels of the picture, boxes, pixels of a warped box: few, the lesson's, larger crops, the paper's proportions
SETTINGS = ((160, 128, 32), (160, 128, 64), (160, 128, 96), (160, 128, 128), (320, 480, 190))
# chosen by the recall of its proposals on BCCD's validation part
BCCD_SEARCH = {"strategy": "fast", "k": (25, 50, 100), "sigma": 1.5, "smallest": 40}


def pooling() -> dict:
    """Milliseconds of RoI pooling on both sides, forward, and forward with backward."""
    torch = torch_python()
    ours, theirs, sizes = [], [], (ROIS, SIDE, CHANNELS, BINS, REPEATS)
    for _ in range(ROUNDS):
        ours.append(programs.run(sys.executable, "course_roi_pool", *sizes))
        theirs += [programs.run(torch, "torchvision_roi_pool", *sizes)] if torch else []
    mine = 1000 * np.median(ours, axis=0)
    print(f"RoI pooling, {ROIS} RoIs on {SIDE} x {SIDE} x {CHANNELS}, {BINS} x {BINS} bins:")
    print(f"  course      forward {mine[0]:6.2f} ms, with backward {mine[1]:6.2f} ms")
    if not torch:
        print("  torchvision not measured: COURSE_TORCH_PYTHON names no Python that has it")
        return {"course_ms": mine.tolist()}
    other = 1000 * np.median(theirs, axis=0)
    print(f"  torchvision forward {other[0]:6.2f} ms, with backward {other[1]:6.2f} ms")
    print(f"  course / torchvision, forward and backward: {mine[1] / other[1]:.2f} (bound: 3)", flush=True)
    return {"course_ms": mine.tolist(), "torchvision_ms": other.tolist(), "ratio": mine[1] / other[1]}


def seconds_of(run, repeats: int = 5) -> float:
    """Median seconds, after one run that traces."""
    run()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def ratios() -> list[dict]:
    """R-CNN against Fast R-CNN, same backbone, same boxes, same heads: testing a picture, and a training step."""
    import tensorflow as tf

    from scripts import data
    from scripts.detection import fast_rcnn, rcnn
    from scripts.detection.pooling import roi_pool
    from scripts.detection.proposals import selective_search

    stride, bins = fast_rcnn.STRIDE, fast_rcnn.BINS
    model = fast_rcnn.detector()
    net, scenes = fast_rcnn.Stages(model), data.load_scenes(2, "test")
    found = selective_search(scenes.images[0])
    propose = seconds_of(lambda: selective_search(scenes.images[0]))

    def fast_test(image, boxes):
        net.heads(net.pool(net.map(image[None].astype(np.float32) / 255), boxes))

    def slow_test(image, boxes, side):
        whole = np.float32([[0, 0, side - stride, side - stride]])
        at_once = max(2, 120_000 // side**2)  # crops with as many pixels as a small photograph
        for first in range(0, len(boxes), at_once):
            crops = rcnn.warp(image, boxes[first : first + at_once], side, 2)
            maps, every = net.crops(crops), np.repeat(whole, len(crops), axis=0)
            net.heads(roi_pool(maps, every, np.arange(len(crops)), bins, 1 / stride, gradient=False))

    @tf.function(reduce_retracing=True, autograph=False)
    def step(pictures, boxes, images, labels):
        with tf.GradientTape() as tape:
            logits, deltas = model([pictures, boxes, images], training=True)
            loss = sum(fast_rcnn.losses(logits, deltas, labels, tf.zeros((128, 4))))
        return tape.gradient(loss, model.trainable_variables)

    rows, labels = [], np.arange(128, dtype=np.int32) % 11
    print("R-CNN / Fast R-CNN, same backbone and boxes; proposals left out unless said")
    print(f"{'picture':>8}{'boxes':>6}{'S':>5} | {'model':>6}{'test':>7}{'share':>7}{'with proposals':>16} | training: "
          f"{'model':>6}{'step':>7}")  # fmt: skip
    for side, number, crop in SETTINGS:
        scale = side // 160
        image = np.kron(scenes.images[0], np.ones((scale, scale, 1), np.uint8))
        boxes = np.float32(np.resize(found, (number, 4)) * scale)
        fast = seconds_of(lambda image=image, boxes=boxes: fast_test(image, boxes))
        slow = seconds_of(lambda image=image, boxes=boxes, crop=crop: slow_test(image, boxes, crop), 1)
        rois, which = np.float32(np.resize(found, (128, 4)) * scale), np.repeat(np.int32([0, 1]), 64)
        pair = np.float32(np.stack([image, image[::-1]])) / 255
        whole = np.repeat(np.float32([[0, 0, crop - stride, crop - stride]]), 128, axis=0)
        fast_step = seconds_of(lambda p=pair, b=rois, w=which: step(p, b, w, labels), 3)
        crops = np.concatenate([rcnn.warp(image, rois, crop, 2).numpy()])
        slow_step = seconds_of(lambda c=crops, b=whole: step(c, b, np.arange(128, dtype=np.int32), labels), 1)
        theory, train_theory = number * crop**2 / side**2, 64 * crop**2 / side**2
        row = {
            "picture": side, "boxes": number, "crop": crop, "model": theory, "test": slow / fast,
            "with_proposals": (slow + propose) / (fast + propose), "training_model": train_theory,
            "training": slow_step / fast_step,
        }  # fmt: skip
        rows.append(row)
        print(
            f"{side:8}{number:6}{crop:5} | {theory:6.1f}{row['test']:7.1f}{row['test'] / theory:7.2f}"
            f"{row['with_proposals']:16.2f} |           {train_theory:6.1f}{row['training']:7.1f}",
            flush=True,
        )
    for key, wanted, word in (("test", 25, "testing"), ("training", 8.8, "training")):
        reached = [row for row in rows if row[key] >= wanted]
        first = reached[0] if reached else None
        print(f"{word} passes {wanted} times at: " + (f"picture {first['picture']}, {first['boxes']} boxes, crops of "
              f"{first['crop']}" if first else "none of these"))  # fmt: skip
    print(
        "why: R-CNN convolves N S^2 pixels where Fast R-CNN convolves H W; pooling and heads cost every box the same"
    )
    return rows


def detector() -> dict:
    """The shipped detector on 100 test scenes: mAP, and milliseconds a scene by stage."""
    from scripts import data, weights
    from scripts.detection import fast_rcnn
    from scripts.detection.evaluation import bootstrap, evaluate, objects_in
    from scripts.detection.proposals import selective_search

    model, test = fast_rcnn.detector(), data.load_scenes(100, "test")
    card = weights.load(model, "fast_rcnn")
    net, stages, found = fast_rcnn.Stages(model), [], []
    fast_rcnn.detect(net, test.images[0], selective_search(test.images[0]))
    for image in test.images:
        times = [time.perf_counter()]
        boxes = selective_search(image)
        times.append(time.perf_counter())
        maps = net.map(image[None].astype(np.float32) / 255)
        times.append(time.perf_counter())
        pooled = net.pool(maps, boxes)
        times.append(time.perf_counter())
        net.heads(pooled)
        times.append(time.perf_counter())
        found.append(fast_rcnn.detect(net, image, boxes, 0.01))
        stages.append([*np.diff(times), time.perf_counter() - times[-1]])
    ms = 1000 * np.median(stages, axis=0)
    ms[4] = max(ms[4] - ms[1:4].sum(), 0)  # what `detect` takes beyond its stages
    result = evaluate(found, objects_in(test), 10)
    low, high = bootstrap(result)
    print(
        f"shipped Fast R-CNN: mAP@0.5 {result.mean:.3f} ({low:.3f} to {high:.3f}), trained {card['seconds']} s"
    )
    names = ("proposals", "convolutions", "RoI pooling", "heads", "threshold and NMS")
    print(
        "  ms a scene: " + ", ".join(f"{name} {one:.1f}" for name, one in zip(names, ms, strict=True)),
        flush=True,
    )
    return {"map": result.mean, "interval": [low, high], "ms": dict(zip(names, ms.tolist(), strict=True))}


def bccd(start: str = "digits", steps: int = 1000) -> dict | None:
    """A `Detector` whose proposals come by selective search, on BCCD, blood cells under a microscope: mAP@0.5 on its test part."""
    from scripts import course
    from scripts.detection.photo_proposals import SEARCH
    from scripts.tools.benches import blood_cells

    return blood_cells.learned(
        start, steps, rate=1e-3, proposals=SEARCH, search=BCCD_SEARCH, seed=course.current_seed()
    )


def main(only: str = "", start: str = "digits", steps: str = "1000") -> None:
    """Measure, print and store the parts whose names hold a word, or all; start, steps: of `bccd`."""
    from scripts import course
    from scripts.tools import listings

    results = {}
    for part in (pooling, ratios, detector, bccd):
        if only in part.__name__:
            with course.quiet():
                import tensorflow as tf

                tf.zeros(1)
            results[part.__name__] = part(start, int(steps)) if part is bccd else part()
    listings.store_parts("fast_rcnn.json", results)


if __name__ == "__main__":
    main(*sys.argv[1:])
