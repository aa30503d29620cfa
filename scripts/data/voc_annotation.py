"""One annotation in Pascal VOC's form: an XML file with the size of a picture and its objects.

Boxes in such files count pixels from 1 and include the last one; in the course's convention (scripts/detection/boxes.py) that
is x1 = xmin - 1, y1 = ymin - 1, x2 = xmax, y2 = ymax. Files come from everywhere, so nothing in them is trusted: document
type declarations, whose entities can grow without bound or name other files, are refused, and every box is looked at.
"""

import math
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

LARGEST_FILE = 10_000_000  # bytes
NEARLY = 1.0  # pixels a box may reach outside without a word: many tools count from 0


class Object(NamedTuple):
    """name: its class; box: x1, y1, x2, y2 as the course counts; difficult: whether it is marked so."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool


class Annotation(NamedTuple):
    """size: (width, height) as the file has it, None where it has none; objects; bad: why others were left out."""

    size: tuple[int, int] | None
    objects: list[Object]
    bad: list[str]


class Refused(ValueError):
    """An annotation, or an object in it, that cannot be used; the message says why."""


def read_annotation(path) -> Annotation:
    """Read an annotation; objects that cannot be used are left out, with a reason each.

    Raises:
        Refused: the file is missing, no XML, too large, no annotation, or holds a document type declaration.
    """
    root = parse(path)
    if root.tag != "annotation":
        raise Refused(f"holds <{root.tag}> instead of <annotation>")
    objects, bad = [], []
    for element in root.findall("object"):
        try:
            objects.append(_object(element))
        except Refused as problem:
            bad.append(str(problem))
    return Annotation(_size(root.find("size")), objects, bad)


def parse(path) -> Element:
    """An XML file as a tree of elements. Document type declarations are refused before anything in them is read.

    Raises:
        Refused: as `read_annotation`.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise Refused("there is no such file") from None
    except OSError as problem:
        raise Refused(f"cannot be opened ({problem.strerror})") from None
    if len(content) > LARGEST_FILE:
        raise Refused(f"is too large for an annotation ({len(content):,} bytes)")

    def refuse(*declaration):
        raise Refused("holds a document type declaration (<!DOCTYPE ...>), which is refused; remove it")

    tree, parser = TreeBuilder(), expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.data
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as problem:
        if isinstance(problem, Refused):
            raise
        raise Refused(f"is no XML: {problem}") from None
    return tree.close()


def inside(box, width: int, height: int):
    """A box cut at the borders of its picture, and whether more than a pixel of it had to be cut.

    Raises:
        Refused: it lies outside.
    """
    x1, y1, x2, y2 = box
    cut = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        raise Refused(f"a box outside the picture of {width} x {height}: {_told(box)}")
    return cut, max(abs(a - b) for a, b in zip(box, cut, strict=True)) > NEARLY


def _object(element: Element) -> Object:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise Refused("an object without a name")
    corners = element.find("bndbox")
    if corners is None:
        raise Refused(f"{name}: no box")
    xmin, ymin, xmax, ymax = (_number(corners, tag, name) for tag in ("xmin", "ymin", "xmax", "ymax"))
    box = (xmin - 1, ymin - 1, xmax, ymax)
    if xmax < xmin or ymax < ymin:
        raise Refused(f"{name}: an inverted box: {_told(box)}")
    # one pixel by the letter, but what such files hold is a click by mistake
    if xmax == xmin or ymax == ymin:
        raise Refused(f"{name}: a zero-size box: {_told(box)}")
    return Object(name, box, (element.findtext("difficult") or "").strip() == "1")


def _number(corners: Element, tag: str, name: str) -> float:
    text = (corners.findtext(tag) or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Refused(f"{name}: {tag} is {text!r}, no number")
    return value


def _size(element: Element | None) -> tuple[int, int] | None:
    """(width, height), or None where the tag is missing, 0 or no number: then the picture itself is asked."""
    try:
        width, height = (int(float(element.findtext(tag))) for tag in ("width", "height"))
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _told(box) -> str:
    x1, y1, x2, y2 = box
    return f"xmin {x1 + 1:g}, ymin {y1 + 1:g}, xmax {x2:g}, ymax {y2:g}"
