"""Lesson 16 has no listing in the slides; what is measured is selective search, against OpenCV's own (ximgproc, in C++).

Non-maximum suppression and R-CNN's seconds by stage follow (detector_stages.py) where all sets are measured.

OpenCV's stands in the contrib wheel only, which cannot be installed beside opencv-python: COURSE_CONTRIB_PYTHON names the
Python of an environment that has it. Both sides see the same pictures in the same run, each in a process of its own,
taking turns. Run: python -m scripts.tools.benches.lesson_16
(or with a word of a set's title: scenes, BCCD, photographs).
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from scripts.tools.benches import programs

LISTINGS = ()
ROUNDS = 3
# name, colour spaces, k, similarities, smallest region. "fast" and "single" are the paper's strategies; OpenCV's own
# settings for these have a larger k and join all regions below 100 pixels, so they stand beside, not in the comparison.
ONE, EIGHT = (("HSV",), (100,), ("CTSF",), 20), (("HSV", "Lab"), (50, 100), ("CTSF", "TSF"), 20)
WAYS = (
    ("course single", "course", "single"),
    ("OpenCV single", "OpenCV", ONE),
    ("course fast", "course", "fast"),
    ("OpenCV fast", "OpenCV", EIGHT),
    ("OpenCV single, its own", "OpenCV", (("HSV",), (200,), ("CTSF",), 100)),
    ("OpenCV fast, its own", "OpenCV", (("HSV", "Lab"), (150, 300), ("CTSF", "TSF"), 100)),
)
PAIRS = (
    ("course single", "OpenCV single"),
    ("course fast", "OpenCV fast"),
    ("course single", "OpenCV fast, its own"),
)

# objects in some photographs of the mirror folder, by hand: x1 y1 x2 y2 each
PHOTOGRAPHS = {
    "darknet_dog_bicycle_truck.jpg": "132 221 310 539 125 141 566 420 465 74 692 168",
    "darknet_horses.jpg": "0 193 315 412 170 196 418 361 434 213 594 347 276 210 455 325 0 186 152 350",
    "darknet_person_dog_horse.jpg": "191 98 276 375 65 264 204 343 406 139 602 346",
    "imageai_truck.jpg": "60 100 970 550",
    "imageai_cyclists.jpg": "96 18 330 380 67 188 330 420 500 40 705 385 416 173 716 421 458 96 530 155",
}


def sets(scenes: int = 100, cells: int = 12) -> dict:
    """Pictures and boxes of objects: scenes; BCCD's test part and photographs, where the mirror folder has them."""
    from scripts import data
    from scripts.data import downloads

    made = data.load_scenes(scenes, "test")
    chosen = {f"{scenes} scenes of 160x160": (list(made.images), made.boxes)}
    mirror = downloads.mirror() or Path()
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


def compare(pictures, boxes, contrib: str | None, rounds: int = ROUNDS) -> list[dict]:
    """A row for each way of searching: median milliseconds a picture, recall at 0.5, mean best overlap, boxes a picture.

    Milliseconds of the processor tell more where other programs run beside: the clock also counts the time these take.
    """
    from scripts.detection import proposal_quality

    pythons = {
        "course": (sys.executable, "course_selective_search"),
        "OpenCV": (contrib, "opencv_selective_search"),
    }
    ways = [(name, *pythons[side], json.dumps(settings)) for name, side, settings in WAYS if pythons[side][0]]
    seconds, found = {way[0]: [] for way in ways}, {}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "pictures.npz")
        np.savez(file, **{f"p{i:03d}": picture for i, picture in enumerate(pictures)})
        for _ in range(rounds):
            for name, python, program, settings in ways:
                took, found[name] = programs.run(python, program, file, settings)
                seconds[name].append(np.median(took, axis=0))
    rows = []
    for name, *_ in ways:
        said = [np.array(one, float) for one in found[name]]
        best = proposal_quality.best_overlaps(said, boxes)
        rows.append(
            {
                "way": name,
                "ms": 1000 * float(np.median(seconds[name], axis=0)[0]),
                "processor_ms": 1000 * float(np.median(seconds[name], axis=0)[1]),
                "recall": proposal_quality.recall(best),
                "overlap": float(best.mean()),
                "boxes": float(np.mean([len(one) for one in said])),
            }
        )
    return rows


def main(only: str = "") -> None:
    """Measure, print and store the sets whose titles hold a word, or all."""
    from scripts.tools import listings

    contrib, everything = os.environ.get("COURSE_CONTRIB_PYTHON"), {}
    if not contrib:
        print("OpenCV's selective search not measured: COURSE_CONTRIB_PYTHON names no Python that has it")
    for title, (pictures, boxes) in sets().items():
        if only not in title:
            continue
        rows = everything[title] = compare(pictures, boxes, contrib, ROUNDS if len(pictures) >= 100 else 1)
        print(f"\n{title}, {sum(map(len, boxes))} objects")
        print(f"{'':24}{'ms':>8}{'CPU ms':>8}{'recall@0.5':>12}{'overlap':>9}{'boxes':>8}")
        for row in rows:
            print(
                f"{row['way']:24}{row['ms']:8.1f}{row['processor_ms']:8.1f}{row['recall']:12.3f}{row['overlap']:9.3f}{row['boxes']:8.0f}",
                flush=True,
            )
        by_name = {row["way"]: row for row in rows}
        for mine, other in PAIRS if contrib else ():
            ours, theirs = by_name[mine], by_name[other]
            ratios = {key: theirs[key] / ours[key] for key in ours if key != "way"}
            print(
                f"{other} / {mine}: " + ", ".join(f"{key} {ratio:.2f}" for key, ratio in ratios.items()),
                flush=True,
            )
    listings.store_parts("selective_search.json", everything)
    if not only:
        from scripts.tools.benches import detector_stages

        detector_stages.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
