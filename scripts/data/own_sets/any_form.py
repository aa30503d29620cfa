"""Your own pictures with boxes, in whatever form: what is in a folder or a zip, in parts, and said in a few lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.data.ladder import DataError
from scripts.data.own_sets import form_coco, form_csv, form_voc, form_yolo
from scripts.data.own_sets.box_forms import PARTS, Found
from scripts.data.own_sets.box_parts import dealt
from scripts.data.own_sets.contact_sheet import contact_sheet
from scripts.data.own_sets.folder_files import Files
from scripts.data.own_sets.marked_pictures import Kept, looked_at
from scripts.data.own_sets.set_report import report_on
from scripts.data.own_sets.unzipped import unzip
from scripts.data.voc import Pictures, VocSet
from scripts.data.voc_annotation import Refused

FORMS = {"voc": form_voc, "yolo": form_yolo, "coco": form_coco, "csv": form_csv}
SHARES = (0.7, 0.15, 0.15)


@dataclass(frozen=True)
class Parts:
    """What `read_any` read: a set for each part, with the same classes; one may have no pictures.

    form: in words. report: the lines that were printed. skipped: all that was left out or cut, "file: reason" each; those of a
    set's own pictures are in its `skipped` as well.
    """

    train: VocSet
    validation: VocSet
    test: VocSet
    form: str
    report: str
    skipped: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.train.classes

    def sheet(self, part: str = "train", count: int = 12, **named):
        """Some pictures of a part with their boxes: a figure and its alt text (`contact_sheet`, which takes `named`).

        Raises:
            DataError: no such part, or no pictures in it.
        """
        if part not in PARTS:
            raise DataError(f"part is one of {', '.join(PARTS)}, not {part!r}")
        return contact_sheet(getattr(self, part), count=count, **named)


def read_any(
    folder,
    classes=None,
    form: str | None = None,
    seed: int = 0,
    shares: Sequence[float] = SHARES,
    check: bool = True,
    into=None,
    tell: bool = True,
) -> Parts:
    """Read pictures with boxes from a folder or a zip: Pascal VOC, YOLO, COCO or CSV, wherever in it the files lie.

    Args:
        folder: the folder, or a zip file, which is unpacked into a folder of its own.
        classes: the names to learn, in order; objects of others are left out and named. None takes all that have an object, in
            the form's own order, or sorted. A table without a column of classes takes the one name here, or else "object".
        form: "voc", "yolo", "coco" or "csv"; None takes the form that has most pictures.
        seed: of the parts, where no lists make them.
        shares: of train, validation and test, where no lists make them. A part that the lists do not have is taken from train.
        check: read every picture once, so that damaged ones are found now.
        into: where a zip is unpacked; None takes a folder beside it.
        tell: whether to print the report. `sheet` of the parts draws some of the pictures with their boxes.

    Returns:
        The parts: by lists (ImageSets/Main, data.yaml, a column split) or by folders and files that are called train, val, test;
        else by groups (groups.py). Boxes are x1, y1, x2, y2 from 0, end exclusive, on the picture as it is shown, so as EXIF
        turns it; where the annotation's own size is that of the picture as stored, they are turned with it.

    Raises:
        DataError: no such folder or form, none of the forms in it, no object, or nothing that can be used.
    """
    folder = Path(folder)
    if form not in (None, *FORMS):
        raise DataError(f"form is one of {', '.join(FORMS)}, not {form!r}")
    if len(shares) != len(PARTS) or min(shares) < 0 or shares[0] <= 0:
        raise DataError(f"shares are three numbers, of {', '.join(PARTS)}, the first above 0, not {shares!r}")
    if not folder.exists():
        raise DataError(f"{folder.name} is missing: there is no such folder or zip file. Check the spelling")
    if not folder.is_dir() and folder.suffix.lower() != ".zip":
        raise DataError(f"{folder.name} is a file: name the folder that it is in, or a zip file")
    if not folder.is_dir():
        folder = unzip(folder, into)
    files = Files(folder)
    # a text would be a name for each of its letters
    wanted = None if classes is None else (classes,) if isinstance(classes, str) else tuple(classes)
    found, notes = _found(files, form, wanted)
    kept, skipped = looked_at(found, files.name, wanted, check)
    skipped = [*found.skipped, *skipped]
    skipped += [f"{files.name(path)}: no annotation in the form {found.form}" for path in _bare(files, found)]
    if found.listed and any(one.part for one in kept):
        kept = _listed(kept, skipped)
    known = wanted or _known(found, kept)
    _usable(folder, kept, known, skipped)
    parts, how = dealt(files, kept, known, shares, seed)
    sets = {part: _set([kept[i] for i in parts[part]], known) for part in PARTS}
    skipped += [line for one in kept for line in one.told]
    notes = [*found.notes, *notes]
    if turned := sum(one.turned for one in kept):
        notes.append(
            f"{turned:,} pictures had boxes on the picture as stored; they were turned with it, as EXIF says"
        )
    if empty := len(set(found.classes or ()) - set(known)) * (wanted is None):
        notes.append(f"{empty:,} classes that the form names have no object and are left out")
    if none := [part for part, one in sets.items() if not len(one)]:
        notes.append(
            f"nothing is left for {' and '.join(none)}: the pictures are too few, or belong together"
        )
    report = report_on(folder.name, found.form, sets, how, notes, skipped)
    if tell:
        print(report)
    return Parts(*sets.values(), found.form, report, tuple(skipped))


def _found(files: Files, form: str | None, wanted) -> tuple[Found, list[str]]:
    """What is there in the form with most pictures, and the other forms in words."""
    every, why = {}, []
    for name in [form] if form else FORMS:
        try:
            # a table may have no names of classes
            found = form_csv.find(files, wanted) if name == "csv" else FORMS[name].find(files)
        except Refused as problem:
            why.append(str(problem))
            continue
        if found and found.marked:
            every[name] = found
        elif found:
            why += found.skipped[:2]
    if not every:
        looked = "; ".join(FORMS[name].FORM for name in ([form] if form else FORMS))
        zips = [path.name for path in files.of(".zip")]
        cure = f" Name the zip file itself: {zips[0]}." if zips and not files.pictures else ""
        wrong = f" {'; '.join(why[:3])}." if why else ""
        raise DataError(
            f"{files.folder.name}: no pictures with boxes in a form that is known.{wrong} Looked for: {looked}. Seen: {files.seen()}.{cure}"
        )
    best = max(every, key=lambda name: len(every[name].marked))
    others = [
        f"{every[name].form} ({name!r}, {len(every[name].marked):,} pictures)"
        for name in every
        if name != best
    ]
    return every[best], [f"also there, not read (form=): {', '.join(others)}"] if others else []


def _bare(files: Files, found: Found) -> list[Path]:
    """The pictures that no annotation speaks of, and no refusal either."""
    told = {one.picture for one in found.marked} | found.named
    return [path for path in files.pictures if path not in told]


def _listed(kept: list[Kept], skipped: list[str]) -> list[Kept]:
    """Pictures that are in a list; where no list is for training, those in none are."""
    if all(one.part != "train" for one in kept):
        return [one._replace(part=one.part or "train") for one in kept]
    skipped += [f"{one.name}: in no list of train, validation or test" for one in kept if one.part is None]
    return [one for one in kept if one.part]


def _known(found: Found, kept: list[Kept]) -> tuple[str, ...]:
    there = {thing.name for one in kept for thing in one.objects}
    return tuple(name for name in found.classes or sorted(there) if name in there)


def _usable(folder: Path, kept: list[Kept], known, skipped: list[str]) -> None:
    why = "; ".join(skipped[:3])
    if not kept:
        raise DataError(f"{folder.name}: no picture in it can be used ({why})")
    if not any(one.objects for one in kept):
        what = f" of the classes {', '.join(map(str, known[:8]))}" if known else ""
        raise DataError(
            f"{folder.name}: there is no object{what} in any of its pictures{f' ({why})' if why else ''}"
        )


def _set(kept: list[Kept], known: tuple[str, ...]) -> VocSet:
    boxes = [np.array([t.box for t in one.objects], np.float32).reshape(-1, 4) for one in kept]
    labels = [np.array([known.index(t.name) for t in one.objects], np.int32) for one in kept]
    difficult = [np.array([t.difficult for t in one.objects], bool) for one in kept]
    told = tuple(line for one in kept for line in one.told)
    return VocSet(
        Pictures(one.picture for one in kept),
        boxes,
        labels,
        difficult,
        known,
        [one.size for one in kept],
        told,
    )
