"""Lesson 16 has no listing in the slides; what is measured is selective search, against OpenCV's own (ximgproc, in C++).

OpenCV's stands in the contrib wheel only, which cannot be installed beside opencv-python: COURSE_CONTRIB_PYTHON names the
Python of an environment that has it. Both sides see the same pictures in the same run, each in a process of its own,
taking turns. Run: python -m scripts.build.benches.lesson_16
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

LISTINGS = ()
ROUNDS = 3
# (name, strategy, k): the paper's k, and for OpenCV its own defaults beside them
OURS = (("course single", "single", None), ("course fast", "fast", None))
THEIRS = (
    ("OpenCV single, k 100", "single", (100,)),
    ("OpenCV single, k 200", "single", (200,)),
    ("OpenCV fast, k 50 100", "fast", (50, 50)),
    ("OpenCV fast, k 150 300", "fast", (150, 150)),
)
PAIRS = ((0, 0), (1, 2))  # like with like: the same colour spaces, similarities and k

# objects in some photographs of the mirror folder, by hand: x1 y1 x2 y2 each
PHOTOGRAPHS = {
    "darknet_dog_bicycle_truck.jpg": "132 221 310 539 125 141 566 420 465 74 692 168",
    "darknet_horses.jpg": "0 193 315 412 170 196 418 361 434 213 594 347 276 210 455 325 0 186 152 350",
    "darknet_person_dog_horse.jpg": "191 98 276 375 65 264 204 343 406 139 602 346",
    "imageai_truck.jpg": "60 100 970 550",
    "imageai_cyclists.jpg": "96 18 330 380 67 188 330 420 500 40 705 385 416 173 716 421 458 96 530 155",
}

OPENCV = """
import json, sys, time
import cv2, numpy as np
pictures = np.load(sys.argv[1])
boxes, seconds = [], []
for name in pictures.files:
    bgr = np.ascontiguousarray(pictures[name][..., ::-1])
    began = time.perf_counter()
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(bgr)
    switch = search.switchToSingleStrategy if sys.argv[2] == "single" else search.switchToSelectiveSearchFast
    switch(*json.loads(sys.argv[3]))
    found = search.process()
    seconds.append(time.perf_counter() - began)
    boxes.append((found + np.pad(found[:, :2], ((0, 0), (2, 0)))).tolist())
print(json.dumps([seconds, boxes]))
"""
COURSE = """
import json, sys, time
import numpy as np
from scripts.detection.proposals import selective_search
pictures = np.load(sys.argv[1])
boxes, seconds = [], []
selective_search(pictures[pictures.files[0]])
for name in pictures.files:
    picture = pictures[name]
    began = time.perf_counter()
    found = selective_search(picture, sys.argv[2])
    seconds.append(time.perf_counter() - began)
    boxes.append(found.tolist())
print(json.dumps([seconds, boxes]))
"""


def sets(scenes: int = 100, cells: int = 24) -> dict:
    """Pictures and boxes of objects: scenes; BCCD's test part and photographs, where the mirror folder has them."""
    from scripts import data

    made = data.load_scenes(scenes, "test")
    chosen = {f"{scenes} scenes of 160x160": (list(made.images), made.boxes)}
    mirror = Path(os.environ.get("COURSE_MIRROR", "."))
    try:
        bccd = data.load_bccd("test")
        chosen[f"{cells} pictures of BCCD's test part, 640x480"] = (
            list(bccd.images[:cells]),
            bccd.boxes[:cells],
        )
    except data.DataError as problem:
        print(problem)
    files = [mirror / "photos" / name for name in PHOTOGRAPHS]
    if all(file.is_file() for file in files):
        boxes = [np.array(text.split(), float).reshape(-1, 4) for text in PHOTOGRAPHS.values()]
        chosen[f"{len(files)} photographs"] = ([data.read_image(file) for file in files], boxes)
    return chosen


def search(python: str, code: str, *arguments: str):
    """Seconds and boxes of each picture, from a process of its own."""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([python, "-c", code, *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit((done.stderr.strip() or "no message").splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def compare(pictures, boxes, contrib: str | None, rounds: int = ROUNDS) -> list[dict]:
    """A row for each way of searching: median milliseconds a picture, recall at 0.5, mean best overlap, boxes a picture."""
    from scripts.detection import coverage

    ways = [(name, sys.executable, COURSE, strategy, k) for name, strategy, k in OURS]
    if contrib:
        ways += [(name, contrib, OPENCV, strategy, k) for name, strategy, k in THEIRS]
    seconds, found = {way[0]: [] for way in ways}, {}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "pictures.npz")
        np.savez(file, **{f"p{i:03d}": picture for i, picture in enumerate(pictures)})
        for _ in range(rounds):
            for name, python, code, strategy, k in ways:
                took, found[name] = search(python, code, file, strategy, json.dumps(k))
                seconds[name].append(statistics.median(took))
    rows = []
    for name, *_ in ways:
        said = [np.array(one, float) for one in found[name]]
        best = coverage.best_overlaps(said, boxes)
        rows.append(
            {
                "way": name,
                "ms": 1000 * statistics.median(seconds[name]),
                "recall": coverage.recall(best),
                "overlap": float(best.mean()),
                "boxes": float(np.mean([len(one) for one in said])),
            }
        )
    return rows


def main() -> None:
    """Measure, print and store all sets."""
    from scripts.build import lessons

    contrib, everything = os.environ.get("COURSE_CONTRIB_PYTHON"), {}
    if not contrib:
        print("OpenCV's selective search not measured: COURSE_CONTRIB_PYTHON names no Python that has it")
    for title, (pictures, boxes) in sets().items():
        rows = everything[title] = compare(pictures, boxes, contrib)
        print(f"\n{title}, {sum(map(len, boxes))} objects")
        print(f"{'':24}{'ms':>8}{'recall@0.5':>12}{'overlap':>9}{'boxes':>8}")
        for row in rows:
            print(
                f"{row['way']:24}{row['ms']:8.1f}{row['recall']:12.3f}{row['overlap']:9.3f}{row['boxes']:8.0f}",
                flush=True,
            )
        if contrib:
            for mine, other in PAIRS:
                ours, theirs = rows[mine], rows[len(OURS) + other]
                print(
                    f"{theirs['way']} / {ours['way']}: time {theirs['ms'] / ours['ms']:.2f}, "
                    f"recall {theirs['recall'] / ours['recall']:.3f}, overlap {theirs['overlap'] / ours['overlap']:.3f}, "
                    f"boxes {theirs['boxes'] / ours['boxes']:.2f}"
                )
    target = lessons.ROOT / "build" / "selective_search.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
