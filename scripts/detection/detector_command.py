"""The line command of a detector: train it on a folder, test it, and let it mark pictures.

    python -m scripts.detection.detector train my_pictures
    python -m scripts.detection.detector test my_pictures_detector other_pictures
    python -m scripts.detection.detector show my_pictures_detector photograph.jpg

A folder is whatever `data.read_any` reads, a zip too. What a notebook does with a detector stands in detector.py.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from PIL import Image

from scripts import data
from scripts.detection import detector_files, photo_training
from scripts.detection.detector import STARTS, Detector
from scripts.detection.detector_files import DetectorError
from scripts.detection.detector_marks import marked_path, pictures_in, with_boxes
from scripts.detection.detector_results import has_objects, tested, together
from scripts.runtime import CourseError, quiet
from scripts.weights import WeightsError

COMMAND = "python -m scripts.detection.detector"
TOLD = (data.DataError, DetectorError, WeightsError, CourseError, ValueError, OSError)


class Reads(argparse.ArgumentParser):
    """A wrong line is told in one line, and ends with status 1 as every other problem."""

    def error(self, message):
        self.exit(1, f"{self.prog}: {message}; {self.prog} --help tells more\n")


def number(kind, low, high):
    """A reader of numbers of a kind, from low to high, for `argparse`."""

    def read(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:,} to {high:,}")
        return value

    return read


def reader() -> Reads:
    """What the line may say."""
    reads = Reads(
        prog=COMMAND, description="Train a detector on your own pictures, test it, show it new ones."
    )
    parts = reads.add_subparsers(dest="what", required=True, metavar="train|test|show")
    train = parts.add_parser("train", help="learn from a folder of pictures with boxes")
    train.add_argument("folder", help="pictures with boxes (Pascal VOC, YOLO, COCO or CSV), or a zip of them")
    train.add_argument(
        "--into", metavar="DETECTOR", help="the folder to keep it in; an older detector there gives way"
    )
    train.add_argument(
        "--steps",
        type=number(int, 2, 10**6),
        help=f"how long to train; {photo_training.STEPS}, or more for many pictures, where not given",
    )
    train.add_argument(
        "--start",
        choices=STARTS,
        default="imagenet",
        help="what the net has learned before: photographs, digits or nothing",
    )
    train.add_argument(
        "--side",
        type=number(int, 64, 2048),
        help="pixels that a picture's longer side gets; by the size of the objects where not given",
    )
    train.add_argument(
        "--seed", type=number(int, 0, 2**31), default=0, help="of all that is drawn by chance; %(default)s"
    )
    train.add_argument(
        "--no-mirror", action="store_true", help="for things that have a left and a right, such as letters"
    )
    train.set_defaults(run=run_train)
    test = parts.add_parser(
        "test", help="measure how well a detector does on a folder of pictures with boxes"
    )
    test.add_argument("detector", help="the folder that the detector is kept in")
    test.add_argument("folder", help="pictures with boxes, or a zip of them")
    test.add_argument(
        "--all", action="store_true", help="every picture; for a folder that it was not trained on"
    )
    test.set_defaults(run=run_test)
    show = parts.add_parser("show", help="draw what a detector finds on pictures")
    show.add_argument("detector", help="the folder that the detector is kept in")
    show.add_argument("pictures", nargs="+", metavar="picture", help="pictures, or folders of them")
    show.add_argument(
        "--into", metavar="FOLDER", help="where the marked pictures go; else beside each picture"
    )
    show.add_argument(
        "--min-score",
        type=number(float, 0, 1),
        default=0.3,
        help="draw only what is surer than this; %(default)s",
    )
    show.set_defaults(run=run_show)
    return reads


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
    line = reader().parse_args(arguments or None)
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
