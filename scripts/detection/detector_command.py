"""The line command of a detector: train it on a folder, test it, and let it mark pictures.

    python -m scripts.detection.detector train my_pictures
    python -m scripts.detection.detector test my_pictures_detector other_pictures
    python -m scripts.detection.detector show my_pictures_detector photograph.jpg

A folder is whatever `data.read_any` reads, a zip too. What a notebook does with a detector stands in detector.py.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

from PIL import Image

from scripts import data
from scripts.detection import detector_files
from scripts.detection.detector import Detector
from scripts.detection.detector_files import DetectorError
from scripts.detection.detector_line import COMMAND, reader
from scripts.detection.detector_marks import marked_path, pictures_in, with_boxes
from scripts.detection.detector_results import has_objects, tested, together
from scripts.runtime import CourseError, quiet
from scripts.weights import WeightsError

TOLD = (data.DataError, DetectorError, WeightsError, CourseError, ValueError, OSError)


def run_train(line) -> int:
    """Train, save, and test where there is a part to test on."""
    parts = data.read_any(line.folder)
    name = Path(line.folder).resolve().stem
    # asked before the training: where nothing can be written, nobody should wait for it
    place = detector_files.place_for(line.into) if line.into else free_place(Path(f"{name}_detector"))
    about = {"data": f"{len(parts.train):,} pictures of {name} ({parts.form})"}
    print(f"Training from {line.start}:")
    detector = Detector.train(
        parts.train,
        parts.validation if len(parts.validation) else None,
        steps=line.steps,
        start=line.start,
        proposals=line.proposals.replace("-", " "),
        side=line.side,
        seed=line.seed,
        mirror=not line.no_mirror,
        about=about,
    )
    made = detector.card["made"]
    side = detector.net.plan.side
    print(f"Trained {made['steps done']:,} steps at {side} pixels in {made['seconds']:.0f} s.")
    place = saved(detector, place)
    if has_objects(parts.test):
        print(tested(detector, parts.test, f"the test part of {name}"))
        detector.save(place)
    else:
        print("There is no test part with objects, so how good it is, is not known.")
    quoted = f'"{place}"' if " " in str(place) else place
    print(f"The detector lies in {place}. Show it a new picture:\n  {COMMAND} show {quoted} PICTURE")
    return 0


def free_place(folder: Path) -> Path:
    """The folder, or where something is there already, its name with the first number that is free."""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}_{number}")
    return free


def saved(detector: Detector, place: Path) -> Path:
    """Save what was trained; where that fails, in a new folder of the system's temporary one. Returns where it lies."""
    try:
        detector.save(place)
        return place
    except DetectorError as problem:
        elsewhere = Path(tempfile.mkdtemp(prefix="line-to-box-")) / "detector"
        detector.save(elsewhere)
        print(f"{problem}\nSo that nothing is lost, it was saved in {elsewhere}", file=sys.stderr)
        return elsewhere


def run_test(line) -> int:
    """Test a kept detector, and add the result to its card."""
    detector = Detector.load(line.detector)
    parts = data.read_any(line.folder, classes=detector.classes)
    name = Path(line.folder).resolve().stem
    chosen, what = parts.test, f"the test part of {name}"
    if line.all:
        chosen, what = together(parts), f"all of {name}"
    if not has_objects(chosen):
        raise ValueError(
            f"{what} has no object to find. With --all every picture counts: for pictures that it was not trained on"
        )
    print(tested(detector, chosen, what))
    detector.save(line.detector)
    print(f"Written into {Path(line.detector) / detector_files.CARD}.")
    return 0


def run_show(line) -> int:
    """Mark pictures. One that cannot be read is told, and the others are marked."""
    detector = Detector.load(line.detector)
    paths, status = list(pictures_in(line.pictures)), 0
    # what is written never takes the place of a picture that was named
    taken = {path.resolve() for path in paths}
    for path in paths:
        try:
            picture = data.read_image(path)
            found = detector(picture, min_score=line.min_score)
            into = marked_path(path, Path(line.into) if line.into else path.parent, taken)
            into.parent.mkdir(parents=True, exist_ok=True)
            # by its ending a JPEG or a PNG; quality says nothing to a PNG
            Image.fromarray(with_boxes(picture, found, detector.classes)).save(into, quality=92)
        except TOLD as problem:
            status = told(problem)
            continue
        for box, score, label in zip(*found, strict=True):
            corners = ", ".join(f"{corner:.0f}" for corner in box)
            print(f"{path.name}: {detector.classes[label]} {score:.2f} at {corners}")
        if not len(found.boxes):
            print(f"{path.name}: nothing that it is surer of than {line.min_score:g}")
        print(f"{path.name}: drawn in {into}")
    return status


def told(problem: BaseException) -> int:
    """Tell a problem in one line, and return the exit status."""
    print(" ".join(str(problem).split()) or type(problem).__name__, file=sys.stderr)
    return 1


def main(*arguments: str) -> int:
    """Do what the line says. Returns its exit status: 0, or 1 with one line about the problem."""
    line = reader(run_train, run_test, run_show).parse_args(arguments or None)
    for stream in (sys.stdout, sys.stderr):
        # a console that lacks a letter of a name shows a question mark
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")
    try:
        # TensorFlow speaks once more with its first number, and of each graph that is traced again
        with quiet():
            import tensorflow as tf

            tf.get_logger().setLevel("ERROR")
            tf.constant(0)
        return line.run(line)
    except TOLD as problem:
        return told(problem)
    except KeyboardInterrupt:
        print("Stopped by hand. What was trained up to here is not kept", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
