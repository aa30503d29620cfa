"""Annotations in four forms damaged at random: what is read is held to a plain reading (plain_boxes.py)."""

import io
import json
import re
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from scripts.data.ladder import DataError
from scripts.data.own_sets.any_form import read_any
from scripts.tools.fuzzing.damage import changed, damaged, edits, text_edits
from scripts.tools.fuzzing.engine import Target, Wrong, one_line
from scripts.tools.fuzzing.plain_boxes import HEIGHT, READERS, WIDTH

# pixels: what float32 and shares with six decimals round away
NEAR = 1e-3
MORE = re.compile(r", and ([\d,]+) more of its lines\Z")
OBJECT = """<object><name>{}</name><bndbox>
<xmin>{}</xmin>
<ymin>{}</ymin>
<xmax>{}</xmax>
<ymax>{}</ymax>
</bndbox></object>
"""
XML = "<annotation><filename>a.png</filename>\n<size><width>20</width><height>16</height></size>\n"
XML += OBJECT.format("cat", 2, 3, 9, 11) + OBJECT.format("dog", 5, 5, 12, 14) + "</annotation>\n"
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 20, "height": 16}],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 9], "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [4, 5, 6, 7], "iscrowd": 0},
    ],
}
CSV = "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,20,16,cat,2,3,9,11\na.png,20,16,dog,5,5,12,14\n"
YOLO = "0 0.5 0.5 0.4 0.5\n1 0.3 0.3 0.2 0.2\n"
FORMS = {
    "voc": {"a.xml": XML.encode()},
    "yolo": {"a.txt": YOLO.encode(), "data.yaml": b"names: [cat, dog]\nnc: 2\n"},
    "coco": {"marks.json": json.dumps(COCO, indent=1).encode()},
    "csv": {"marks.csv": CSV.encode()},
}


def _picture() -> bytes:
    place = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (90, 120, 30)).save(place, "PNG")
    return place.getvalue()


PICTURE = _picture()


def judge_of(form: str):
    """A judge of one form: a DataError, or the boxes of the plain reading, and what is left out is named."""

    def judge(example) -> bool:
        name, in_text, in_bytes = example
        files = dict(FORMS[form])
        files[name] = damaged(changed(files[name].decode(), in_text), in_bytes)
        with tempfile.TemporaryDirectory() as place:
            for file, content in {"a.png": PICTURE, **files}.items():
                Path(place, file).write_bytes(content)
            try:
                parts = read_any(place, tell=False)
            except DataError as problem:
                return one_line(problem)
        read = [pair for one in (parts.train, parts.validation, parts.test) for pair in _objects(one)]
        written = READERS[form](files)
        if written is not None:
            compare(read, written, parts.skipped)
        return True

    return judge


def _objects(part) -> list:
    """(class, box) of each object of a part; Wrong where rows do not fit or boxes lie outside."""
    found = []
    for boxes, labels, difficult, (width, height) in zip(
        part.boxes, part.labels, part.difficult, part.sizes, strict=True
    ):
        if not len(boxes) == len(labels) == len(difficult):
            raise Wrong("boxes and labels are not as many")
        inside = (boxes >= 0).all() and (boxes <= (width, height, width, height)).all()
        if not np.isfinite(boxes).all() or not inside or not (boxes[:, :2] < boxes[:, 2:]).all():
            raise Wrong("a box is not inside its picture")
        if not all(0 <= label < len(part.classes) for label in labels):
            raise Wrong("a label is no class")
        found += [(part.classes[label], box) for label, box in zip(labels, boxes, strict=True)]
    return found


def compare(read: list, written: list, left_out: tuple[str, ...]) -> None:
    """Wrong where a box or class is read that is not written so, or is written and neither read nor named."""
    waiting = [entry for entry in written if entry is not None]
    for name, box in read:
        same = [
            i
            for i, entry in enumerate(waiting)
            if _letters(entry[0]) == _letters(name) and _near(entry[1], box)
        ]
        if not same:
            raise Wrong("a box or a class is read that is not written so")
        del waiting[same[0]]
    # the lines of a table whose picture is not there are told together
    more = sum(int(found[1].replace(",", "")) for line in left_out if (found := MORE.search(line)))
    if len(read) + len(left_out) + more < len(written):
        raise Wrong("an object is neither read nor named")


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", name)))


def _near(box, read) -> bool:
    return np.allclose(np.clip(box, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT)), read, rtol=0, atol=NEAR)


def targets() -> list[Target]:
    few = st.one_of(st.just([]), edits(1))
    return [
        Target(form, st.tuples(st.sampled_from(sorted(files)), text_edits(), few), judge_of(form))
        for form, files in FORMS.items()
    ]
