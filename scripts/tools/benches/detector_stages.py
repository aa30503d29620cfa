"""R-CNN's seconds by stage, in training and for one scene, and non-maximum suppression against torchvision's.

torchvision is imported in a process of its own: this Python's where it has it, else the one that COURSE_TORCH_PYTHON names.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scripts.tools import lessons
from scripts.tools.benches import programs
from scripts.tools.lesson_cells import run_cells
from scripts.tools.listings import torch_python

# lesson 16 from its scenes to its box regression, without what it only shows
CELLS = (
    "sim-build", "loop-build", "search-run", "warp-build", "tune-net", "tune-labels", "tune-run", "svm-build", "features-run",
    "svm-run", "code-build", "box-run",
)  # fmt: skip
TRAINED = {
    "fine-tuning": "tune-run",
    "features": "features-run",
    "SVMs": "svm-run",
    "box regression": "box-run",
}
COUNTS, LIMIT, REPEATS = (100, 500, 2000), 0.3, 5


def clocked(act: Callable, *arguments):
    """Seconds that a call took, and what it gave."""
    began = time.perf_counter()
    given = act(*arguments)
    return time.perf_counter() - began, given


def stages() -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of training the lesson's R-CNN, by stage; seconds of one test scene, by stage, the median of all."""
    from scripts.detection import detections, rcnn
    from scripts.detection.proposals import selective_search

    _, space = run_cells("16", (), "", CELLS, "")
    cells = {cell.id: lessons.source(cell) for cell in lessons.read(lessons.chosen(["16"])[0]).cells}
    images, held, net = space["train_scenes"].images, space["test_scenes"].images, space["net"]
    scale, w, b, box_w, box_b = (space[name] for name in ("scale", "svm_w", "svm_b", "box_w", "box_b"))

    def crops(image, boxes):
        return rcnn.ink(rcnn.warp(image, boxes)).numpy()

    training = {"proposals": clocked(lambda: [selective_search(image) for image in images])[0]}
    pairs = list(zip(images, space["training"], strict=True))
    training["warping"] = clocked(lambda: [crops(*pair) for pair in pairs])[0]
    training |= {name: clocked(exec, cells[id], space)[0] for name, id in TRAINED.items()}
    # the cell describes test scenes as well, and makes all crops anew
    training["features"] *= len(images) / (len(images) + len(held))
    training["features"] -= training["warping"]
    rows = []
    for image in held:
        proposing, boxes = clocked(selective_search, image)
        warping, _ = clocked(crops, image, boxes)
        describing, (maps, features, _) = clocked(rcnn.describe, net, image, boxes)
        scoring, scores = clocked(lambda x: x * scale @ w + b, features)
        moving, deltas = clocked(lambda x: (rcnn.profile(x) @ box_w + box_b)[:, None], maps)
        suppressing, _ = clocked(detections.detect, boxes, scores, deltas, -1.0, 0.3, image.shape[:2])
        rows.append((proposing, warping, describing - warping, scoring, moving, suppressing))
    names = ("proposals", "warping", "CNN", "SVMs", "box regression", "threshold and NMS")
    return training, dict(zip(names, np.median(rows, axis=0).tolist(), strict=True))


def suppression() -> list[dict]:
    """A row for each count of boxes: median milliseconds of ours and torchvision's; whether both keep the same boxes."""
    from scripts.detection.boxes import nms

    rng, given, rows = np.random.default_rng(0), {}, []
    for count in COUNTS:
        start, sides = rng.uniform(0, 400, (count, 2)), rng.uniform(20, 120, (count, 2))
        given[f"b{count}"] = np.concatenate([start, start + sides], axis=1)
        given[f"s{count}"] = rng.permutation(count) / count
        took = [clocked(nms, given[f"b{count}"], given[f"s{count}"], LIMIT) for _ in range(REPEATS)]
        ms = 1000 * float(np.median([seconds for seconds, _ in took]))
        rows.append({"boxes": count, "kept": took[0][1].tolist(), "ms": ms})
    python = torch_python()
    if python:
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "boxes.npz")
            np.savez(file, **given)
            theirs = programs.run(python, "torchvision_nms", file, LIMIT, REPEATS)
        for row, (seconds, kept) in zip(rows, theirs, strict=True):
            row |= {"torchvision_ms": 1000 * seconds, "same": kept == row["kept"]}
    return [row | {"kept": len(row["kept"])} for row in rows]


def main() -> None:
    """Measure, print and store both tables."""
    rows = suppression()
    print(f"\nnon-maximum suppression at {LIMIT}, NumPy against torchvision (C++, one thread)")
    for row in rows:
        theirs = (
            f"{row['torchvision_ms']:8.2f} ms torchvision, {'the same' if row['same'] else 'OTHER'} boxes kept"
            if "same" in row
            else "torchvision not measured: this Python has none and COURSE_TORCH_PYTHON names none"
        )
        print(
            f"{row['boxes']:6,} boxes, {row['kept']:4} kept: {row['ms']:8.2f} ms ours, {theirs}", flush=True
        )
    training, scene = stages()
    print("\nR-CNN as lesson 16 runs it")
    print("training, s: " + ", ".join(f"{name} {took:.1f}" for name, took in training.items()), end="")
    print(f"; in all {sum(training.values()):.1f}")
    print(
        "a test scene, ms: " + ", ".join(f"{name} {1000 * took:.2f}" for name, took in scene.items()), end=""
    )
    print(f"; in all {1000 * sum(scene.values()):.1f}", flush=True)
    target = lessons.ROOT / "build" / "detector_stages.json"
    target.parent.mkdir(exist_ok=True)
    whole = {"suppression": rows, "training_s": training, "scene_s": scene}
    target.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
