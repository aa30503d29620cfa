"""Boxes in a table: a .csv with a line for each object, in the column names that are common.

xmin, ymin, xmax, ymax are Pascal VOC's tags, so they count from 1 and include the last pixel; x1, y1, x2, y2 and x, y, width,
height count from 0, the end excluded. A line with a picture and no box is a picture without objects.
"""

import csv
import io
import re
from pathlib import Path

from scripts.data.own_sets.box_forms import (
    Found,
    Marked,
    clean,
    in_pixels,
    numbers,
    part_called,
    text_of,
    upright,
)
from scripts.data.own_sets.folder_files import Files
from scripts.data.voc_annotation import Object, Refused

FORM = "CSV (columns filename, class and xmin, ymin, xmax, ymax, or x1, y1, x2, y2, or x, y, w, h)"
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


def find(files: Files) -> Found | None:
    """All tables of a folder with their pictures; None where no table has the columns."""
    marked, skipped, notes, named = [], [], [], set()
    for path in files.of(".csv", ".tsv"):
        try:
            if (table := _table(path)) is None:
                continue
            columns, rows = table
            here, lost = _pictures(files, path, columns, rows, named)
        except Refused as problem:
            skipped.append(f"{files.name(path)}: {problem}")
            continue
        marked += here
        skipped += [f"{files.name(path)}: {line}" for line in lost]
        start = "1, the end included, as Pascal VOC's" if columns[2][0] == "xmin" else "0, the end excluded"
        notes.append(f"the columns {', '.join(columns[2])} are taken to count from {start}")
    if not marked and skipped:
        raise Refused("; ".join(skipped[:2]))
    if not marked:
        return None
    return Found("CSV", marked, skipped, None, tuple(dict.fromkeys(notes)), named=frozenset(named))


def _table(path: Path):
    """The columns of picture, class and box by name, and the lines as dictionaries; None where columns are missing."""
    text = text_of(path, LARGEST_FILE)
    first = next(filter(str.strip, text.splitlines()), "")
    mark = max("\t;,", key=first.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text.lstrip("\r\n")), delimiter=mark, skipinitialspace=True))
    except csv.Error as problem:
        raise Refused(f"is no table that can be read: {problem}") from None
    if not rows:
        return None
    names = [re.sub("[^a-z0-9]", "", str(name).lower()) for name in rows[0]]
    picture, label = (next((name for name in known if name in names), None) for known in (PICTURE, CLASS))
    corners = next((known for known in CORNERS if set(known) <= set(names)), None)
    if not (picture and label and corners):
        return None
    rows = [dict(zip(names, ((value or "") for value in row.values()), strict=False)) for row in rows]
    return (picture, label, corners), rows


def _pictures(files: Files, path: Path, columns, rows, named: set) -> tuple[list[Marked], list[str]]:
    """The pictures of one table, and the lines that belong to none; pictures that such a line may mean join `named`."""
    picture, label, corners = columns
    source, whole, lost = files.name(path), part_called(path.stem) or files.part(path), []
    places, found = {}, {}
    # the width and height of the box, where the table has none of the picture
    sized = "width" not in corners
    for i, row in enumerate(rows, 2):
        text = clean(row[picture])
        try:
            if text not in places:
                places[text] = None
                places[text] = files.named(text, path)
            if places[text] is None:
                continue
        except Refused as problem:
            lost.append(f"line {i}: {problem}")
            named.update(getattr(problem, "pictures", ()))
            continue
        part = next((part_called(row[name]) for name in PART if name in row), None) or whole
        size = _size(row) if sized else None
        entry = found.setdefault(places[text], Marked(f"{source}: {text}", places[text], size, [], [], part))
        if not row[label].strip() and not any(row[name].strip() for name in corners):
            continue
        try:
            entry.objects.append(_object(row, label, corners))
        except Refused as problem:
            entry.bad.append(f"line {i}: {problem}")
    return list(found.values()), lost


def _object(row: dict, label: str, corners: tuple) -> Object:
    name = clean(row[label])
    if not name:
        raise Refused("an object without a name")
    if "\n" in row[label].strip():
        raise Refused("a line break in the name of a class: a quote before it is not closed")
    told = ", ".join(f"{key} {row[key].strip() or 'missing'}" for key in corners)
    try:
        values = numbers(row[key] for key in corners)
        whole = CORNERS[corners](*values)
        if corners[0] == "xmin":
            # one pixel by the letter, but what such files hold is a click by mistake (voc_annotation)
            upright(values, told)
        in_pixels(values, told)
        return Object(name, upright(whole, told), False)
    except Refused as problem:
        raise Refused(f"{name}: {problem}") from None


def _size(row: dict) -> tuple[int, int] | None:
    try:
        width, height = (int(float(row[key])) for key in ("width", "height"))
    except (KeyError, ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None
