"""Boxes in Pascal VOC's form, wherever the files lie: in two folders, side by side (LabelImg's default), by parts."""

import contextlib
from pathlib import Path

from scripts.data.own_sets.box_forms import CALLED, Found, Marked, clean, text_of
from scripts.data.own_sets.folder_files import PICTURES, Files, steps
from scripts.data.voc_annotation import Refused, parse, read_annotation

FORM = "Pascal VOC (an .xml with <annotation> for each picture)"
LARGEST_LIST = 50_000_000  # bytes


def find(files: Files) -> Found | None:
    """All annotations of a folder with their pictures; None where there is none.

    Raises:
        Refused: there are .xml files, and none can be read.
    """
    read, skipped, named = {}, [], set()
    for path in files.of(".xml"):
        try:
            read[path] = read_annotation(path), (parse(path).findtext("filename") or "").strip()
        except Refused as problem:
            skipped.append(f"{files.name(path)}: {problem}")
            # its picture is left out with it
            with contextlib.suppress(Refused):
                named.add(files.same_stem(path))
    if not read:
        if skipped:
            raise Refused("; ".join(skipped[:2]))
        return None
    parts, told = _lists(files)
    marked = []
    for path, (annotation, filename) in read.items():
        try:
            picture = _picture(files, path, filename, read)
        except Refused as problem:
            skipped.append(f"{files.name(path)}: {problem}")
            named.update(getattr(problem, "pictures", ()))
            continue
        things = [thing._replace(name=clean(thing.name)) for thing in annotation.objects]
        part = parts.get(clean(path.stem))
        marked.append(Marked(files.name(path), picture, annotation.size, things, annotation.bad, part))
    stems = {clean(path.stem) for path in files.of(".xml")}
    skipped += [
        f"{told[stem]}: {stem}: there is no annotation of this name" for stem in parts if stem not in stems
    ]
    return Found("Pascal VOC", marked, skipped, listed=bool(parts), named=frozenset(named))


def _picture(files: Files, path: Path, filename: str, read: dict) -> Path:
    """The picture of an annotation: of its own stem, else the one it names, when that has no annotation of its own."""
    try:
        return files.same_stem(path, filename)
    except Refused as problem:
        if "there is no picture" not in str(problem) or not steps(filename):
            raise
        stem = clean(Path(steps(filename)[-1]).stem)
        if any(clean(other.stem) == stem for other in read):
            raise
        return files.named(filename, path)


def _lists(files: Files) -> tuple[dict[str, str], dict[str, str]]:
    """ImageSets/Main: stems to parts, and stems to the lists that name them; train and val come before trainval."""
    parts, told = {}, {}
    lists = [path for path in files.of(".txt") if path.parent.name == "Main" and path.stem in CALLED]
    for path in sorted(lists, key=lambda path: (path.stem == "trainval", path)):
        for line in text_of(path, LARGEST_LIST).splitlines():
            if line.strip():
                # a name may hold spaces, and 1, 0 or -1 may follow it
                words = line.split()
                stem = clean(
                    " ".join(words[:-1]) if len(words) > 1 and words[-1] in ("1", "0", "-1") else line
                )
                stem = stem[: -len(Path(stem).suffix)] if Path(stem).suffix.lower() in PICTURES else stem
                parts.setdefault(stem, CALLED[path.stem])
                told.setdefault(stem, files.name(path))
    return parts, told
