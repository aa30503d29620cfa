"""Boxes in COCO's form: one JSON file for many pictures, boxes as x, y, width, height from 0."""

import json
from collections import defaultdict
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

FORM = "COCO (a .json with images, annotations, categories)"
LARGEST_FILE = 2_000_000_000  # bytes


def find(files: Files) -> Found | None:
    """All COCO files of a folder with their pictures; None where there is none.

    Raises:
        Refused: there are some, and no picture of theirs is here.
    """
    marked, skipped, foreign, classes, named = [], [], [], {}, set()
    for path in files.of(".json"):
        try:
            content = _content(path)
            if content is None:
                continue
            names = _categories(content)
            here, lost = _pictures(files, path, content, names, named)
        except Refused as problem:
            skipped.append(f"{files.name(path)}: {problem}")
            continue
        if content["images"] and not here:
            # not a line for each of thousands of pictures
            foreign.append(
                f"{files.name(path)}: a COCO file of another set: {len(content['images']):,} pictures are named, none is here ({lost[0]})"
            )
            continue
        marked += here
        skipped += [f"{files.name(path)}: {line}" for line in lost]
        classes |= dict.fromkeys(names.values())
    if not marked and (foreign or skipped):
        raise Refused("; ".join((foreign + skipped)[:2]))
    if not marked:
        return None
    return Found("COCO", marked, skipped + foreign, tuple(classes), named=frozenset(named))


def _content(path: Path) -> dict | None:
    """What a COCO file holds; None where a JSON file is none."""
    try:
        content = json.loads(text_of(path, LARGEST_FILE))
    except (ValueError, RecursionError) as problem:
        raise Refused(f"is no JSON, or cut off: {str(problem)[:100]}") from None
    keys = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in keys):
        return None
    return {key: [entry for entry in content[key] if isinstance(entry, dict)] for key in keys}


def _categories(content: dict) -> dict:
    """Names by id, in order of ids."""
    try:
        pairs = sorted((_key(entry["id"]), clean(entry["name"])) for entry in content["categories"])
        if not all(isinstance(number, int) for number, _ in pairs):
            raise TypeError
    except (KeyError, TypeError):
        raise Refused("a category without a number or a name") from None
    return {number: name for number, name in pairs if name}


def _pictures(
    files: Files, path: Path, content: dict, names: dict, named: set
) -> tuple[list[Marked], list[str]]:
    """The pictures of one file, and what belongs to none of them. Pictures without annotations have no objects.

    Pictures that a refusal speaks of join `named`.
    """
    part = part_called(path.stem) or files.part(path)
    source, lost, known, places = files.name(path), [], set(), {}
    objects, bad = defaultdict(list), defaultdict(list)
    for image in content["images"]:
        number, name = _key(image.get("id")), str(image.get("file_name", ""))
        known.add(number)
        try:
            if number in places:
                raise Refused(f"{_told(name)}: its id {_told(number)} is another picture's")
            places[number] = files.named(name, path), image
        except Refused as problem:
            lost.append(str(problem))
            named.update(getattr(problem, "pictures", ()))
    for entry in content["annotations"]:
        number = _key(entry.get("image_id"))
        if number not in known:
            lost.append(
                f"annotation {_told(entry.get('id'))}: there is no picture with the id {_told(number)}"
            )
            continue
        try:
            objects[number].append(_object(entry, names))
        except Refused as problem:
            bad[number].append(f"annotation {_told(entry.get('id'))}: {problem}")
    marked = []
    for number, (picture, image) in places.items():
        told = f"{source}: {_told(image['file_name'])}"
        marked.append(Marked(told, picture, _size(image), objects[number], bad[number], part))
    return marked, lost


def _object(entry: dict, names: dict) -> Object:
    name = names.get(_key(entry.get("category_id")))
    if name is None:
        raise Refused(f"there is no category {_told(entry.get('category_id'))}")
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise Refused(f"{name}: no box of four numbers")
    try:
        x, y, width, height = numbers(box)
        told = f"x {x:g}, y {y:g}, width {width:g}, height {height:g}"
        whole = in_pixels(upright((x, y, x + width, y + height), told), told)
    except Refused as problem:
        raise Refused(f"{name}: {problem}") from None
    # a crowd is no single object; COCO's evaluation counts it neither way, as VOC's does difficult ones
    return Object(name, whole, bool(entry.get("iscrowd")))


def _key(value):
    """An id that can be looked up: some programs write numbers as texts. 1.5 and true are not the id 1."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    whole = isinstance(value, str) or (number == value and not isinstance(value, bool))
    return number if whole else str(value)


def _told(value) -> str:
    """Whatever stands in a file, for a message."""
    return clean(value)[:80]


def _size(image: dict) -> tuple[int, int] | None:
    try:
        width, height = (int(float(image[key])) for key in ("width", "height"))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None
