"""A plain reading of boxes in four forms, apart from the course's readers: what `make fuzz` holds them to.

Each reader takes the files of a folder, {name: bytes}, and gives one entry for each object written there: its
class and its box x1, y1, x2, y2 from 0, in pixels of a picture of 20 x 16, not cut at the borders; None where
an entry holds no box. The whole is None where this plain reading does not know what is meant.
"""

import csv
import json
import math
from xml.etree import ElementTree

import yaml

WIDTH, HEIGHT = 20, 16
COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")


def text_of(content: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else Windows' Western European."""
    for encoding in ("utf-16",) * content.startswith((b"\xff\xfe", b"\xfe\xff")) + ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            pass
    return content.decode("cp1252", errors="replace")


def box_of(values, make):
    """`make` of four finite numbers, else None."""
    try:
        numbers = [math.nan if isinstance(value, bool) else float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        return None
    return make(*numbers) if all(map(math.isfinite, numbers)) else None


def voc(files: dict[str, bytes]):
    def one(element):
        corners = [element.findtext(f"bndbox/{tag}") for tag in ("xmin", "ymin", "xmax", "ymax")]
        box = box_of(corners, lambda a, b, c, d: (a - 1, b - 1, c, d))
        return box and (element.findtext("name") or "", box)

    return [one(element) for element in ElementTree.fromstring(files["a.xml"]).findall("object")]


def yolo(files: dict[str, bytes]):
    def one(words):
        number, *shares = words
        if len(shares) == 4:
            box = box_of(shares, lambda x, y, w, h: (x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        else:
            points = [box_of(shares[i::2] or [""], lambda *some: (min(some), max(some))) for i in (0, 1)]
            box = None if None in points else (points[0][0], points[1][0], points[0][1], points[1][1])
        name = box_of([number], lambda value: names.get(value))
        return box and name and (name, tuple(a * b for a, b in zip(box, (WIDTH, HEIGHT) * 2, strict=True)))

    try:
        names = yaml.load(text_of(files["data.yaml"]), Loader=yaml.BaseLoader)["names"]
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        names = {float(key): str(name) for key, name in pairs}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return [one(line.split()) for line in text_of(files["a.txt"]).splitlines() if line.strip()]


def coco(files: dict[str, bytes]):
    def number(value):
        return box_of([value], lambda found: found)

    def one(entry):
        category, box = number(entry.get("category_id")), entry.get("bbox")
        box = (
            box_of(box, lambda x, y, w, h: (x, y, x + w, y + h))
            if isinstance(box, list) and len(box) == 4
            else None
        )
        known = box and category in names and number(entry.get("image_id")) in pictures
        return (names[category], box) if known else None

    content = json.loads(text_of(files["marks.json"]))
    names = {
        number(one.get("id")): str(one.get("name")) for one in content["categories"] if isinstance(one, dict)
    }
    pictures = [number(one.get("id")) for one in content["images"] if isinstance(one, dict)]
    return [one(entry) for entry in content["annotations"] if isinstance(entry, dict)]


def csv_table(files: dict[str, bytes]):
    def one(row):
        box = box_of([row.get(key) for key in COLUMNS[4:]], lambda a, b, c, d: (a - 1, b - 1, c, d))
        return box and (row.get("class") or "", box)

    text = text_of(files["marks.csv"]).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    mark = max("\t;,", key=next(filter(str.strip, text.split("\n")), "").count)
    rows = [row for row in csv.reader(text.split("\n"), delimiter=mark, skipinitialspace=True) if row]
    names = [name.strip().lower() for name in rows[0]]
    if sorted(names) != sorted(COLUMNS) or '"' in text:
        return None
    found = [dict(zip(names, row, strict=False)) for row in rows[1:]]
    # a line with a picture alone is no object
    return [one(row) for row in found if any(row.get(key, "").strip() for key in COLUMNS[3:])]


READERS = {"voc": voc, "yolo": yolo, "coco": coco, "csv": csv_table}
