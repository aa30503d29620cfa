"""Detection data in Pascal VOC's form, from any folder: JPEGImages, Annotations and, where there is one, ImageSets/Main.

What cannot be used is left out and named, with its reason, in one warning; nothing is left out in silence.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.data.ladder import DataError
from scripts.data.own_files import read_image
from scripts.data.voc_annotation import Annotation, Refused, inside, read_annotation
from scripts.runtime import CONTROL

VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *(
        "diningtable",
        "dog",
        "horse",
        "motorbike",
        "person",
        "pottedplant",
        "sheep",
        "sofa",
        "train",
        "tvmonitor",
    ),
)
# of the names in order, every fifth is a test
OWN_PARTS = {"train": lambda i: i % 5 != 4, "test": lambda i: i % 5 == 4}
TOLD = 8  # reasons that a warning prints; `VocSet.skipped` has all of them


class Pictures(Sequence):
    """Pictures that are read when they are asked for: a whole set may not fit into memory."""

    def __init__(self, files):
        self.files = tuple(files)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index) -> np.ndarray:
        """uint8, shape (height, width, 3), RGB; a slice gives Pictures."""
        return Pictures(self.files[index]) if isinstance(index, slice) else read_image(self.files[index])


@dataclass(frozen=True)
class VocSet:
    """Pictures with the objects in them; the first three parts are those of `scenes.Scenes`.

    images: n pictures, uint8, (height, width, 3) each, RGB, read when asked for.
    boxes: n arrays, float32, shape (k, 4): x1, y1, x2, y2, counted from 0, end exclusive, inside the picture; k may be 0.
    labels: n arrays, int32, shape (k,): positions in `classes`.
    difficult: n arrays, bool, shape (k,): objects that an evaluation counts neither way.
    sizes: n pairs (width, height). skipped: what was left out, "file: reason" each.
    """

    images: Pictures
    boxes: list[np.ndarray]
    labels: list[np.ndarray]
    difficult: list[np.ndarray]
    classes: tuple[str, ...]
    sizes: list[tuple[int, int]]
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def counts(self) -> str:
        """Pictures, objects and what was left out, in words."""
        objects = sum(map(len, self.labels))
        skipped = f"; {len(self.skipped)} left out or cut" if self.skipped else ""
        return f"{len(self):,} pictures, {objects:,} objects of {len(self.classes)} classes{skipped}"


def read_voc(folder, part: str | None = None, classes=None, check: bool = True, warn: bool = True) -> VocSet:
    """Read a folder in Pascal VOC's form.

    Args:
        folder: the folder that holds JPEGImages and Annotations.
        part: a list in ImageSets/Main, such as "train", "val", "trainval", "test". Where the folder has no ImageSets/Main,
            "train" and "test" are the course's own split: every fifth picture, in order of names, is a test picture.
            None takes every picture that has an annotation.
        classes: the names to learn, in order; objects of others are left out. None takes all names in the folder, sorted,
            whatever the part, so that labels mean the same in each.
        check: read every picture once, so that damaged ones are found now. False trusts them, and their size tags.
        warn: whether to warn of what was left out; `skipped` lists it either way.

    Returns:
        The set. Left out are pictures that are missing or damaged, have no annotation that can be read, or another size
        than their annotation says; and objects with a zero-size, inverted or outside box or an unknown class. A box that
        reaches outside is cut at the border, and told when that is more than a pixel. A picture without objects, or with
        objects of other classes only, stays, with boxes of shape (0, 4): what a detector finds on it is a false alarm. A
        picture is left out when it has objects and the box of none can be used: it is not empty, but where they are is
        not known.

    Raises:
        DataError: no such folder, part or class, no object in the whole folder, or nothing in it that can be used.
    """
    folder = Path(folder)
    for name in ("JPEGImages", "Annotations"):
        if not (folder / name).is_dir():
            raise DataError(
                f"{folder.name} is no folder in Pascal VOC's form: there is no folder {name} in it. It needs JPEGImages with "
                "the pictures and Annotations with an XML file of the same name for each"
            )
    stems = _names(folder, part)
    known = tuple(classes) if classes is not None else _all_classes(folder)
    pictures = {path.stem: path for path in sorted((folder / "JPEGImages").iterdir()) if path.is_file()}
    rows, skipped = [], []
    for stem in stems:
        try:
            rows.append(_picture(folder, stem, pictures, known, check, skipped))
        except Refused as problem:
            skipped.append(str(problem))
    if not rows:
        why = "; ".join(skipped[:3]) or "it is empty"
        raise DataError(f"{folder.name}: no picture in it can be used ({why})")
    if not known:
        raise DataError(f"{folder.name}: there is no object in any of its annotations")
    skipped = [CONTROL.sub(" ", line) for line in skipped]
    if skipped and warn:
        more = f"\n  and {len(skipped) - TOLD:,} more: see .skipped" if len(skipped) > TOLD else ""
        told = "".join(f"\n  {line}" for line in skipped[:TOLD])
        warnings.warn(f"{folder.name}: {len(skipped):,} left out or cut:{told}{more}", stacklevel=2)
    files, boxes, labels, difficult, sizes = map(list, zip(*rows, strict=True))
    return VocSet(Pictures(files), boxes, labels, difficult, known, sizes, tuple(skipped))


def _names(folder: Path, part: str | None) -> list[str]:
    """The names, without ending, of the pictures of a part."""
    every = sorted(path.stem for path in (folder / "Annotations").glob("*.xml"))
    if part is None:
        return every
    lists = folder / "ImageSets" / "Main"
    if not lists.is_dir():
        if part not in OWN_PARTS:
            raise DataError(
                f"{folder.name} has no ImageSets/Main, so its parts are {', '.join(OWN_PARTS)}, not {part!r}"
            )
        return [name for i, name in enumerate(every) if OWN_PARTS[part](i)]
    there = sorted(path.stem for path in lists.glob("*.txt"))
    if part not in there:
        raise DataError(
            f"{folder.name} has no part {part!r}; ImageSets/Main has {', '.join(there[:12]) or 'none'}"
        )
    try:
        lines = (lists / f"{part}.txt").read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"ImageSets/Main/{part}.txt cannot be read: {type(problem).__name__}") from None
    return list(dict.fromkeys(line.split()[0] for line in lines if line.strip()))


def _all_classes(folder: Path) -> tuple[str, ...]:
    """The names of all objects in a folder, sorted."""
    names = set()
    for path in (folder / "Annotations").glob("*.xml"):
        try:
            names |= {thing.name for thing in read_annotation(path).objects}
        except Refused:  # told when its picture's turn comes
            continue
    return tuple(sorted(names))


def _picture(folder: Path, stem: str, pictures: dict, classes, check: bool, skipped: list[str]):
    """One picture with its objects. What is left out of it joins `skipped`; Refused when that is the whole picture."""
    if stem != Path(stem).name:
        raise Refused(f"{stem}: a path in place of a name")
    annotation = _told(f"{stem}.xml", read_annotation, folder / "Annotations" / f"{stem}.xml")
    if stem not in pictures:
        raise Refused(f"{stem}.xml: there is no picture of this name in JPEGImages")
    file = pictures[stem]
    width, height = size = _size(file, annotation, check)
    if annotation.size not in (None, size):
        raise Refused(
            f"{stem}.xml: its size tag says {annotation.size[0]} x {annotation.size[1]}, the picture has {width} x {height}: "
            "its boxes may belong to another picture"
        )
    skipped += [f"{stem}.xml: {reason}" for reason in annotation.bad]
    boxes, labels, difficult, unusable = [], [], [], len(annotation.bad)
    for thing in annotation.objects:
        if thing.name not in classes:
            skipped.append(f"{stem}.xml: unknown class {thing.name!r}")
            continue
        try:
            box, cut = inside(thing.box, width, height)
        except Refused as problem:
            skipped.append(f"{stem}.xml: {thing.name}: {problem}")
            unusable += 1
            continue
        if cut:
            skipped.append(f"{stem}.xml: {thing.name}: a box cut at the border of the picture")
        boxes.append(box)
        labels.append(classes.index(thing.name))
        difficult.append(thing.difficult)
    if unusable and not boxes:
        raise Refused(f"{stem}.xml: none of its objects can be used")
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    return file, corners, np.array(labels, np.int32), np.array(difficult, bool), size


def _size(file: Path, annotation: Annotation, check: bool) -> tuple[int, int]:
    """(width, height) of a picture."""
    if not check and annotation.size:
        return annotation.size
    try:
        height, width = read_image(file).shape[:2]
    except DataError as problem:
        raise Refused(str(problem)) from None
    return width, height


def _told(file: str, read, path):
    """The result of a reader, whose refusals name the file."""
    try:
        return read(path)
    except Refused as problem:
        raise Refused(f"{file}: {problem}") from None
