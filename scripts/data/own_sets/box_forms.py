"""What the reader of each form of boxes (form_voc, form_yolo, form_coco, form_csv) hands on, and the checks they share."""

import math
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from scripts.data.voc_annotation import Object, Refused
from scripts.runtime import CONTROL

PARTS = ("train", "validation", "test")
# how files, folders, columns and keys call the parts
CALLED = {
    **dict.fromkeys(("train", "training", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validate", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


class Marked(NamedTuple):
    """One picture with its objects, as an annotation has it.

    source: the file, for messages. picture: the picture's file. size: (width, height) as the annotation has it, or None.
    objects: boxes x1, y1, x2, y2 from 0, end exclusive, in pixels, or in shares of width and height where `shares` is True.
    bad: why other objects in it are left out. part: "train", "validation", "test" where a list says so, else None.
    """

    source: str
    picture: Path
    size: tuple[int, int] | None
    objects: list[Object]
    bad: list[str]
    part: str | None = None
    shares: bool = False


class Found(NamedTuple):
    """What is in a folder in one form.

    form: in words. marked: the pictures. skipped: "file: reason" for each that is left out. classes: all names in the form's
    own order, or None where it has none. notes: what else a reader of the report should know. listed: whether there are lists,
    so that a picture in none belongs nowhere. named: pictures that `skipped` speaks of already.
    """

    form: str
    marked: list[Marked]
    skipped: list[str]
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    listed: bool = False
    named: frozenset[Path] = frozenset()


def part_called(text: str) -> str | None:
    """The part that a name speaks of: "instances_val2017" is "validation". None where it speaks of none or of several."""
    found = {CALLED[word] for word in re.split(r"[^a-z]+", text.lower()) if word in CALLED}
    return found.pop() if len(found) == 1 else None


def clean(name) -> str:
    """A class name or a file name: on one line, without space around it and without characters that are commands for the screen,
    accents in one form (a Mac writes two characters).
    """
    text = " ".join(unicodedata.normalize("NFC", str(name)).strip().splitlines())
    return CONTROL.sub(" ", text).strip()


def text_of(path: Path, most: int) -> str:
    """The text of a file in UTF-8, UTF-16 with its mark, or else Windows' Western European.

    Raises:
        Refused: it cannot be opened, or has more than `most` bytes.
    """
    try:
        if path.stat().st_size > most:
            raise Refused(f"is too large ({path.stat().st_size:,} bytes)")
        content = path.read_bytes()
    except OSError as problem:
        raise Refused(f"cannot be opened ({problem.strerror})") from None
    for encoding in ("utf-16", "utf-8-sig"):
        if encoding == "utf-16" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", errors="replace")


def numbers(values) -> list[float]:
    """Finite numbers.

    Raises:
        Refused: one of them is none.
    """
    found = []
    for value in values:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise Refused(f"{str(value)[:40]!r} is no number")
        found.append(number)
    return found


def upright(box, told: str):
    """The box, when it has a width and a height.

    Raises:
        Refused: it is inverted or of no size; `told` is the box as its file has it.
    """
    x1, y1, x2, y2 = box
    if x2 < x1 or y2 < y1:
        raise Refused(f"an inverted box: {told}")
    if x2 == x1 or y2 == y1:
        raise Refused(f"a zero-size box: {told}")
    return x1, y1, x2, y2


def in_pixels(box, told: str):
    """The box, when it can be in pixels.

    Raises:
        Refused: all of it lies within the first pixel, as shares of width and height do.
    """
    if max(box) <= 1 and any(value != int(value) for value in box):
        raise Refused(f"pixels are expected, these may be shares of width and height: {told}")
    return box
