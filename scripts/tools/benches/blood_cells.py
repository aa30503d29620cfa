"""A `Detector` on BCCD, blood cells under a microscope: what the benches of lessons 17 and 18 have in common."""

import time

import numpy as np


def learned(start: str, steps: int, **settings) -> dict | None:
    """Train on trainval, test on the test part, print and return what came of it; None where BCCD is not here.

    Args:
        start, steps, settings: of `Detector.train`.

    Returns:
        map: mAP@0.5 of all classes; each: AP by class; recall: of the test pictures' proposals at 0.5; proposals: how many a test
        picture has, on average; seconds: of the training and the test; start, side.
    """
    from scripts import data
    from scripts.detection import proposal_quality
    from scripts.detection.detector import Detector
    from scripts.detection.evaluation import objects_in

    try:
        train, test = data.load_bccd("trainval"), data.load_bccd("test")
    except data.DataError as problem:
        print(f"blood cells not measured: {problem}")
        return None
    began = time.perf_counter()
    detector = Detector.train(train, steps=steps, start=start, **settings)
    with detector.net.source.remembered():
        result = detector.evaluate(test, doing="test pictures")
        seconds = time.perf_counter() - began
        said = [detector.propose(image) for image in test.images]
    best = proposal_quality.best_overlaps(said, [one.boxes for one in objects_in(test)])
    each = dict(zip(test.classes, result.average_precision.tolist(), strict=True))
    row = {
        "map": result.mean,
        "each": each,
        "recall": proposal_quality.recall(best),
        "proposals": float(np.mean([len(boxes) for boxes in said])),
        "seconds": seconds,
        "start": start,
        "side": detector.net.plan.side,
    }
    print(
        f"BCCD, proposals by {detector.net.plan.proposals}, from {start}, {row['side']} pixels, "
        f"{len(train)} training and {len(test)} test pictures, {steps} steps, {seconds:.0f} s in all:"
    )
    by_class = ", ".join(f"{name} {value:.3f}" for name, value in each.items())
    print(
        f"  recall of {row['proposals']:.0f} proposals {row['recall']:.3f}, mAP@0.5 {result.mean:.3f} ({by_class})",
        flush=True,
    )
    return row
