"""What the line of a detector's command may say, and how a wrong one is told. What is done stands in detector_command.py."""

import argparse
from collections.abc import Callable

from scripts.detection import photo_training
from scripts.detection.detector import STARTS
from scripts.detection.photo_proposals import NETWORK, SEARCH

COMMAND = "python -m scripts.detection.detector"


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


def reader(train: Callable, test: Callable, show: Callable) -> Reads:
    """What the line may say; `run` of a line that was read is the function of its first word, which takes the line."""
    reads = Reads(
        prog=COMMAND, description="Train a detector on your own pictures, test it, show it new ones."
    )
    parts = reads.add_subparsers(dest="what", required=True, metavar="train|test|show")
    learn = parts.add_parser("train", help="learn from a folder of pictures with boxes")
    learn.add_argument("folder", help="pictures with boxes (Pascal VOC, YOLO, COCO or CSV), or a zip of them")
    learn.add_argument(
        "--into", metavar="DETECTOR", help="the folder to keep it in; an older detector there gives way"
    )
    learn.add_argument(
        "--steps",
        type=number(int, 2, 10**6),
        help=f"how long to train; {photo_training.STEPS}, or more for many pictures, where not given",
    )
    learn.add_argument(
        "--start",
        choices=STARTS,
        default="imagenet",
        help="what the net has learned before: photographs, digits or nothing",
    )
    learn.add_argument(
        "--proposals",
        # a word with a space would have to be quoted
        choices=(NETWORK, SEARCH.replace(" ", "-")),
        default=NETWORK,
        help="where the boxes that are judged come from: the net itself, or selective search, which is slower",
    )
    learn.add_argument(
        "--side",
        type=number(int, 64, 2048),
        help="pixels that a picture's longer side gets; by the size of the objects where not given",
    )
    learn.add_argument(
        "--seed", type=number(int, 0, 2**31), default=0, help="of all that is drawn by chance; %(default)s"
    )
    learn.add_argument(
        "--no-mirror", action="store_true", help="for things that have a left and a right, such as letters"
    )
    learn.set_defaults(run=train)
    judge = parts.add_parser(
        "test", help="measure how well a detector does on a folder of pictures with boxes"
    )
    judge.add_argument("detector", help="the folder that the detector is kept in")
    judge.add_argument("folder", help="pictures with boxes, or a zip of them")
    judge.add_argument(
        "--all", action="store_true", help="every picture; for a folder that it was not trained on"
    )
    judge.set_defaults(run=test)
    mark = parts.add_parser("show", help="draw what a detector finds on pictures")
    mark.add_argument("detector", help="the folder that the detector is kept in")
    mark.add_argument("pictures", nargs="+", metavar="picture", help="pictures, or folders of them")
    mark.add_argument(
        "--into", metavar="FOLDER", help="where the marked pictures go; else beside each picture"
    )
    mark.add_argument(
        "--min-score",
        type=number(float, 0, 1),
        default=0.3,
        help="draw only what is surer than this; %(default)s",
    )
    mark.set_defaults(run=show)
    return reads
