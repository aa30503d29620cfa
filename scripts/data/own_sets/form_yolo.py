"""Boxes in YOLO's form: a .txt for each picture, a line for each object, with the names in data.yaml or classes.txt.

A line holds the class's number and the box's middle, width and height in shares of the picture's width and height; instead of
the four, the points of a polygon may stand there, whose box is taken.
"""

from pathlib import Path

from scripts.data.own_sets.box_forms import Found, Marked, numbers, text_of, upright
from scripts.data.own_sets.folder_files import Files
from scripts.data.own_sets.yolo_names import LISTS, Names, described, listed, nearest, pictures_by_part
from scripts.data.voc_annotation import Object, Refused

FORM = "YOLO (a .txt for each picture, the names in data.yaml or classes.txt)"
LARGEST = 10_000_000  # bytes
FAR = 1.5  # above it a number is no share of a width or height, though its box may reach outside


def find(files: Files) -> Found | None:
    """All labels of a folder with their pictures; None where there are none.

    Beside data.yaml a picture without a .txt is one without objects, as Ultralytics reads it. Beside classes.txt, which
    labelling programs write as they go, it is one that nobody has looked at yet: it is left out and named.

    Raises:
        Refused: labels are there, but no names, or a data.yaml that cannot be read.
    """
    yaml = described(files)
    names = [yaml] if yaml else listed(files)
    aside = {path for one in names for path in (one.source, *one.parts.values())}
    labels, skipped, taken, named = [], [], set(), set()
    for path in files.of(".txt"):
        if path in aside or path.name.lower() in LISTS:
            continue
        try:
            picture = files.same_stem(path)
        except Refused as problem:
            # readme.txt and the like are no labels
            if _is_label(path):
                skipped.append(f"{files.name(path)}: {problem}")
                named.update(getattr(problem, "pictures", ()))
            continue
        labels.append((path, picture))
        taken.add(picture)
    if not (labels or skipped) or not (names or any(_is_label(path) for path, _ in labels)):
        return None
    if not names:
        raise Refused("there are labels in YOLO's form, but no data.yaml or classes.txt with a name a line")
    parts, told = pictures_by_part(files, yaml)
    marked = []
    for path, picture in labels:
        objects, bad = _objects(path, nearest(names, path))
        marked.append(Marked(files.name(path), picture, None, objects, bad, parts.get(picture), True))
    notes, bare = [], [path for path in files.pictures if path not in taken]
    if yaml:
        bare = [path for path in bare if path not in named and (not parts or path in parts)]
        marked += [Marked(files.name(path), path, None, [], [], parts.get(path), True) for path in bare]
        if bare:
            notes.append(
                f"{len(bare):,} pictures have no .txt: pictures without objects, as {yaml.source.name}'s form has it"
            )
    order = tuple(dict.fromkeys(name for one in names for _, name in sorted(one.by_number.items()) if name))
    return Found("YOLO", marked, skipped + told, order, tuple(notes), bool(parts), frozenset(named))


def _objects(path: Path, names: Names) -> tuple[list[Object], list[str]]:
    """The objects of a label file, boxes in shares, and why lines are left out."""
    try:
        lines = text_of(path, LARGEST).splitlines()
    except Refused as problem:
        return [], [str(problem)]
    objects, bad = [], []
    for i, line in enumerate(lines, 1):
        if line.strip():
            try:
                objects.append(_object(line.split(), names))
            except Refused as problem:
                bad.append(f"line {i}: {problem}")
    return objects, bad


def _object(words: list[str], names: Names) -> Object:
    if len(words) != 5 and (len(words) < 7 or len(words) % 2 == 0):
        raise Refused(f"{len(words)} numbers, a class and a box have five")
    number, *values = numbers(words)
    if number != int(number) or not names.by_number.get(int(number)):
        raise Refused(
            f"class {words[0]} has no name: {names.source.name} has {len(names.by_number)} names, from 0"
        )
    name, told = names.by_number[int(number)], " ".join(words[1:5])
    if max(values) > FAR:
        kind = "percent or pixels" if max(values) <= 100 else "pixels"
        raise Refused(
            f"{name}: shares of width and height (0 to 1) are expected, these may be {kind}: {told}"
        )
    if len(values) == 4:
        x, y, width, height = values
        box = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    else:
        box = min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
    try:
        return Object(name, upright(box, told), False)
    except Refused as problem:
        raise Refused(f"{name}: {problem}") from None


def _is_label(path: Path) -> bool:
    """Whether a text begins as a label file does: five numbers or more in its first line."""
    try:
        first = next(filter(str.strip, text_of(path, LARGEST).splitlines()), "")
        return len(numbers(first.split())) >= 5
    except Refused:
        return False
