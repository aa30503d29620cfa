"""What stands beside labels in YOLO's form: the names of the classes, and in data.yaml the parts."""

from pathlib import Path
from typing import NamedTuple

from scripts.data.own_sets.box_forms import CALLED, clean, text_of
from scripts.data.own_sets.folder_files import Files
from scripts.data.voc_annotation import Refused

LISTS = ("classes.txt", "obj.names", "labels.txt", "predefined_classes.txt")  # a name a line
LARGEST, LARGEST_LIST = 1_000_000, 50_000_000  # bytes, of names and of lists of pictures
NOTHING = ("", "null", "~")  # a key of YAML without a value


class Names(NamedTuple):
    """Names of classes by number.

    source: the file. by_number: {number: name}. parts: {(part, path as written): the file or folder it means, or None}.
    """

    source: Path
    by_number: dict[int, str]
    parts: dict[tuple[str, str], Path | None]


def described(files: Files) -> Names | None:
    """What data.yaml, or another .yaml with names, says; None where there is none.

    Raises:
        Refused: a data.yaml that is no YAML, or whose names cannot be understood.
    """
    import yaml

    for path in sorted(files.of(".yaml", ".yml"), key=lambda path: (path.stem.lower() != "data", path)):
        try:
            # makes texts, lists and dictionaries only: safe_load would make False of a class that is called no
            content = yaml.load(text_of(path, LARGEST), Loader=yaml.BaseLoader)
        except (yaml.YAMLError, RecursionError, ValueError) as problem:
            if path.stem.lower() != "data":
                continue
            raise Refused(f"{files.name(path)} is no YAML: {' '.join(str(problem).split())[:150]}") from None
        names = content.get("names") if isinstance(content, dict) else None
        if isinstance(names, list):
            names = dict(enumerate(names))
        if not isinstance(names, dict) or not names:
            continue
        try:
            # a name made of lists that name lists would be written out to any length
            if not all(isinstance(name, str) for name in names.values()):
                raise TypeError
            names = {int(number): clean(name) for number, name in names.items()}
        except (TypeError, ValueError):
            raise Refused(f"{files.name(path)}: names is neither a list nor numbers with names") from None
        return Names(path, names, _places(files, path, content))
    return None


def listed(files: Files) -> list[Names]:
    """The files with a name a line, those at the top first."""
    for name in LISTS:
        if found := [path for path in files.all if path.name.lower() == name]:
            found.sort(key=lambda path: len(path.parts))
            lines = [enumerate(text_of(path, LARGEST).splitlines()) for path in found]
            names = [{i: clean(line) for i, line in numbered} for numbered in lines]
            return [Names(path, own, {}) for path, own in zip(found, names, strict=True)]
    return []


def nearest(names: list[Names], label: Path) -> Names:
    """The names for a label file: LabelImg writes a list of its own into each folder."""
    near = [one for one in names if label.is_relative_to(one.source.parent)]
    return near[-1] if near else names[0]


def pictures_by_part(files: Files, names: Names | None) -> tuple[dict[Path, str], list[str]]:
    """Pictures to parts, as data.yaml has them, and what could not be found. A picture of two parts is of the first."""
    parts, told = {}, []
    for (part, text), place in (names.parts if names else {}).items():
        if place is None:
            told.append(f"{files.name(names.source)}: {part}: {text} is not in this folder")
        elif place.is_dir():
            for path in files.pictures:
                if path.is_relative_to(place):
                    parts.setdefault(path, part)
        else:
            for line in filter(str.strip, text_of(place, LARGEST_LIST).splitlines()):
                try:
                    parts.setdefault(files.named(line.strip(), place), part)
                except Refused as problem:
                    told.append(f"{files.name(place)}: {problem}")
    return parts, told


def _places(files: Files, path: Path, content: dict) -> dict[tuple[str, str], Path | None]:
    root = content.get("path")
    places, root = {}, root if isinstance(root, str) else ""
    for key, part in CALLED.items():
        value = content.get(key)
        for text in value if isinstance(value, list) else [value] if isinstance(value, str) else []:
            if isinstance(text, str) and text not in NOTHING:
                # many files name a path of the machine that made them
                meant = map(files.inside, (f"{files.name(path.parent)}/{text}", f"{root}/{text}"))
                places[part, text] = next(filter(None, meant), None)
    return places
