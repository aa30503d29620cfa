"""Boxes in a table: a .csv with a line for each object, in the column names that are common (csv_columns.py).

A line with a picture and no box is a picture without objects. A table without a column of classes has objects of one class.
"""

from scripts.data.own_sets.box_forms import Found, Marked, clean, in_pixels, numbers, part_called, upright
from scripts.data.own_sets.csv_columns import CORNERS, PART, Table, table
from scripts.data.own_sets.folder_files import Files
from scripts.data.voc_annotation import Object, Refused

FORM = "CSV (columns filename, class and xmin, ymin, xmax, ymax, or x1, y1, x2, y2, or x, y, w, h)"
ONE_CLASS = "object"  # the name of the one class, where nobody gives another


def find(files: Files, classes=None) -> Found | None:
    """All tables of a folder with their pictures; None where no table has the columns.

    Args:
        files: of the folder.
        classes: names; where there is one, objects of a table without a column of classes have it.
    """
    marked, skipped, notes, named = [], [], [], set()
    for path in files.of(".csv", ".tsv"):
        try:
            if (found := table(path)) is None:
                continue
            one, told = _one_class(found, classes)
            here, lost = _pictures(files, path, found, one, named)
        except Refused as problem:
            skipped.append(f"{files.name(path)}: {problem}")
            continue
        marked += here
        skipped += [f"{files.name(path)}: {line}" for line in lost]
        start = (
            "1, the end included, as Pascal VOC's" if found.corners[0] == "xmin" else "0, the end excluded"
        )
        notes.append(f"the columns {', '.join(found.corners)} are taken to count from {start}")
        notes += [f"{files.name(path)}: {line}" for line in told]
    if not marked and skipped:
        raise Refused("; ".join(skipped[:2]))
    if not marked:
        return None
    return Found("CSV", marked, skipped, None, tuple(dict.fromkeys(notes)), named=frozenset(named))


def _one_class(found: Table, classes) -> tuple[str | None, list[str]]:
    """The one class of a table without a column of classes, None where it has the column; and what is to be told of it."""
    told = [found.note] if found.note else []
    if found.label is not None:
        return None, told
    if classes is not None and len(classes) != 1:
        raise Refused(
            f"has no column of classes, and {len(classes)} names are given: give the one that it is of"
        )
    name = clean(classes[0]) if classes else ONE_CLASS
    cure = "" if classes else ", which classes= names otherwise"
    return name, [f"there is no column of classes: every object is of the class {name}{cure}", *told]


def _pictures(
    files: Files, path, found: Table, one: str | None, named: set
) -> tuple[list[Marked], list[str]]:
    """The pictures of one table, and the lines that belong to none; pictures that such a line may mean join `named`."""
    picture, label, corners = found.picture, found.label, found.corners
    source, whole = files.name(path), part_called(path.stem) or files.part(path)
    places, pictures, missing = {}, {}, {}
    # the width and height of the box, where the table has none of the picture
    sized = "width" not in corners
    for i, row in enumerate(found.rows, found.first):
        text = clean(row[picture])
        try:
            if text not in places:
                places[text] = None
                places[text] = files.named(text, path)
            if places[text] is None:
                missing[text][1] += 1
                continue
        except Refused as problem:
            missing[text] = [f"line {i}: {problem}", 0]
            named.update(getattr(problem, "pictures", ()))
            continue
        part = next((part_called(row[name]) for name in PART if name in row), None) or whole
        size = _size(row) if sized else None
        entry = pictures.setdefault(
            places[text], Marked(f"{source}: {text}", places[text], size, [], [], part)
        )
        if not any(row[name].strip() for name in (*corners, *([label] if label else []))):
            continue
        try:
            entry.objects.append(_object(row, row[label] if label else one, corners))
        except Refused as problem:
            entry.bad.append(f"line {i}: {problem}")
    # a picture that is not there is told once, however many objects it has
    lost = [told + f", and {more:,} more of its lines" * (more > 0) for told, more in missing.values()]
    return list(pictures.values()), lost


def _object(row: dict, written: str, corners: tuple) -> Object:
    """The object in a line, whose class is called as `written`."""
    name = clean(written)
    if not name:
        raise Refused("an object without a name")
    if "\n" in written.strip():
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
