"""What the columns of a table with boxes are: by the names in its first line, or without such a line by what is in them.

xmin, ymin, xmax, ymax are Pascal VOC's tags, so they count from 1 and include the last pixel; x1, y1, x2, y2 and x, y, width,
height count from 0, the end excluded.
"""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from scripts.data.own_sets.box_forms import clean, numbers, text_of
from scripts.data.own_sets.folder_files import PICTURES
from scripts.data.voc_annotation import Refused

LARGEST_FILE = 500_000_000  # bytes
PICTURE = ("filename", "imagename", "image", "imagepath", "filepath", "path", "file", "img", "imageid")
CLASS = ("class", "classname", "label", "labelname", "category", "object", "name")
PART = ("split", "subset", "set", "part", "usage")
# column names, and how to make of the four numbers a box as the course counts
CORNERS = {
    ("xmin", "ymin", "xmax", "ymax"): lambda a, b, c, d: (a - 1, b - 1, c, d),
    ("x1", "y1", "x2", "y2"): lambda a, b, c, d: (a, b, c, d),
    ("left", "top", "right", "bottom"): lambda a, b, c, d: (a, b, c, d),
    ("x", "y", "w", "h"): lambda a, b, c, d: (a, b, a + c, b + d),
    ("left", "top", "width", "height"): lambda a, b, c, d: (a, b, a + c, b + d),
    ("x", "y", "width", "height"): lambda a, b, c, d: (a, b, a + c, b + d),
}
SIZED = (
    "width",
    "height",
    "xmin",
    "ymin",
    "xmax",
    "ymax",
)  # as scripts that read Pascal VOC's files write them
FEW = 0.05  # of the lines may have corners the wrong way round; where more have, the numbers are no corners
CURE = "write a first line with the names of the columns, such as filename,class,xmin,ymin,xmax,ymax"


class Table(NamedTuple):
    """A table with boxes.

    picture, label: the columns with the picture and the class, `label` None where there is none. corners: those of the box, in
    the order of CORNERS. rows: the lines as {column: text}. first: the number of the first of them in the file. note: how the
    columns were understood, where their names do not say it.
    """

    picture: str
    label: str | None
    corners: tuple[str, str, str, str]
    rows: list[dict[str, str]]
    first: int
    note: str = ""


def table(path: Path) -> Table | None:
    """The table in a file; None where it has no columns of pictures and boxes.

    Raises:
        Refused: it cannot be read, or it has pictures and numbers in lines without names, and what they are is not clear.
    """
    text = text_of(path, LARGEST_FILE)
    first = next(filter(str.strip, text.splitlines()), "")
    mark = max("\t;,", key=first.count)
    try:
        # newline=None takes the line ends of old Macs too, a carriage return alone
        whole = io.StringIO(text.lstrip("\r\n"), newline=None)
        lines = list(csv.reader(whole, delimiter=mark, skipinitialspace=True))
    except csv.Error as problem:
        raise Refused(f"is no table that can be read: {problem}") from None
    lines = [line for line in lines if line]
    if not lines:
        return None
    if any(_is_picture(cell) for cell in lines[0]):
        return _unnamed(lines)
    names = [re.sub("[^a-z0-9]", "", name.lower()) for name in lines[0]]
    picture, label = (next((name for name in known if name in names), None) for known in (PICTURE, CLASS))
    corners = next((known for known in CORNERS if set(known) <= set(names)), None)
    if not (picture and corners) or len(lines) == 1:
        return None
    note = ""
    if label is None:
        others = [
            name for name in names if name and name not in (picture, *corners, "width", "height", *PART)
        ]
        note = f"columns {', '.join(others)} are not used" if others else ""
    return Table(picture, label, corners, _rows(names, lines[1:]), 2, note)


def _rows(names: list[str], lines: list[list[str]]) -> list[dict[str, str]]:
    """Lines as dictionaries: what a line lacks is empty, what it has too much is dropped."""
    return [dict(zip(names, line + [""] * (len(names) - len(line)), strict=False)) for line in lines]


def _unnamed(lines: list[list[str]]) -> Table | None:
    """A table without a line of names: a picture, four or six numbers, perhaps a class."""
    width = max(map(len, lines))
    columns = [[line[i].strip() for line in lines if len(line) > i and line[i].strip()] for i in range(width)]
    filled = [i for i, column in enumerate(columns) if column]
    pictures = [i for i in filled if _most(_is_picture, columns[i])]
    values = [i for i in filled if _most(_is_number, columns[i])]
    words = [i for i in filled if i not in pictures and i not in values]
    if not values:
        return None
    if len(pictures) != 1 or len(values) not in (4, 6) or len(words) > 1:
        raise Refused(
            f"has no line of names, and {len(pictures)} columns of pictures, {len(values)} of numbers, {len(words)} of words: "
            f"{CURE}"
        )
    corners = SIZED[2:] if len(values) == 6 else ("x1", "y1", "x2", "y2")
    names = [""] * width
    names[pictures[0]] = PICTURE[0]
    for i in words:
        names[i] = CLASS[0]
    for i, name in zip(values, SIZED if len(values) == 6 else corners, strict=True):
        names[i] = name
    rows = _rows(names, lines)
    wrong = sum(_is_turned([row[name] for name in corners]) for row in rows)
    if wrong > max(1, FEW * len(rows)):
        raise Refused(
            f"has no line of names, and in {wrong:,} of its {len(rows):,} lines the last two numbers are not beyond the two before "
            f"them, so they may be a width and a height: {CURE}"
        )
    note = f"there is no line of names: the columns are taken for {', '.join(filter(None, names))}"
    return Table(PICTURE[0], CLASS[0] if words else None, corners, rows, 1, note)


def _most(is_one, column: list[str]) -> bool:
    """Whether more than half are, so that a few bad cells change nothing."""
    return 2 * sum(map(is_one, column)) > len(column)


def _is_picture(text: str) -> bool:
    return Path(clean(text)).suffix.lower() in PICTURES


def _is_number(text: str) -> bool:
    try:
        return bool(numbers([text]))
    except Refused:
        return False


def _is_turned(cells: list[str]) -> bool:
    try:
        x1, y1, x2, y2 = numbers(cells)
    except Refused:
        return False
    return x2 < x1 or y2 < y1
