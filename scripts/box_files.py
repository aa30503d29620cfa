"""The pictures of a folder, the boxes that they have, and the files of Pascal VOC's form for new boxes.

All is found and kept so that `data.read_any` reads the same folder; `box_drawing.py` shows it in a page.
Nothing heavy is imported at the top.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

# a picture in one of these folders has its boxes in a folder called Annotations beside that one
PICTURES = ("jpegimages", "images")
WAYS = ("upload", "webcam")


@dataclass
class Picture:
    """One picture of a folder.

    path: its file. name: its path inside the folder. annotation: the file of its boxes, there or not yet.
    objects: `voc_annotation.Object` each, the box x1, y1, x2, y2 from 0, end exclusive, in pixels of the
    picture as it is shown, so as EXIF turns it; None where there is no file of boxes.
    """

    path: Path
    name: str
    annotation: Path
    objects: list | None = None


def pictures_of(folder) -> tuple[list[Picture], list[str]]:
    """The pictures of a folder and of all folders in it: first those without boxes, each in order of names.

    Returns:
        The pictures; and "file: reason" for each that is left out, and for boxes that are not shown.

    Raises:
        DataError: no such folder, or no picture in it that can be used.
    """
    from scripts.data import DataError
    from scripts.data.own_sets import form_voc
    from scripts.data.own_sets.folder_files import Files
    from scripts.data.own_sets.marked_pictures import looked_at
    from scripts.data.voc_annotation import Refused

    folder = Path(folder).expanduser()
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is missing: there is no such folder"
        raise DataError(f"{folder.name} {what}. Name a folder with pictures in it")
    files, left_out, objects, sources = Files(folder), [], {}, {}
    with contextlib.suppress(Refused):  # no file of boxes can be read: below, each is in its picture's way
        if found := form_voc.find(files):
            kept, skipped = looked_at(found, files.name, check=False)
            left_out = [*found.skipped, *skipped]
            objects = {one.picture: one.objects for one in kept}
            sources = dict.fromkeys(found.named)
            sources |= {one.picture: folder / one.source for one in reversed(found.marked)}
    left_out += _other_forms(files)
    pictures, taken = [], {str(path).casefold(): path for path in sources.values() if path}
    for path in files.pictures:
        if path in objects:
            pictures.append(Picture(path, files.name(path), sources[path], objects[path]))
        elif path not in sources:  # else it is told already
            annotation = _annotation_of(path, folder)
            why = _damage(path)
            if not why and annotation.exists():
                why = f"{files.name(annotation)} is there and cannot be read: repair it or take it away"
            if not why and str(annotation).casefold() in taken:
                why = f"another picture has the boxes of {annotation.name}: give one of them another name"
            if why:
                left_out.append(f"{files.name(path)}: {why}")
                continue
            taken[str(annotation).casefold()] = annotation
            pictures.append(Picture(path, files.name(path), annotation))
    if not pictures:
        why = f"none of its pictures can be used ({'; '.join(left_out[:3])})" if left_out else "no pictures"
        raise DataError(f"{folder.name}: {why}. Seen: {files.seen()}")
    return sorted(pictures, key=lambda one: one.objects is not None), left_out


def save(picture: Picture, shape, objects: list) -> None:
    """Keep the objects of a picture in its file; where they are those that it has, nothing is written.

    Args:
        picture: its `objects` become these.
        shape: (height, width, 3) of the picture as it is shown.
        objects: `voc_annotation.Object` each, boxes in whole pixels.

    Raises:
        OSError: the file cannot be written. What was there before is still there.
    """
    from scripts.data.voc_write import annotation

    def whole(things):
        return [(thing.name, tuple(map(round, thing.box)), thing.difficult) for thing in things]

    # a file of another program may say more, such as how an object stands: it stays as it is
    if picture.objects is None or whole(picture.objects) != whole(objects):
        # a name that XML cannot hold is not needed: the file's own name says whose boxes they are
        name = picture.path.name if picture.path.name.isprintable() else ""
        tree = annotation(name, shape, [thing.box for thing in objects], [thing.name for thing in objects])
        for element, thing in zip(tree.getroot().findall("object"), objects, strict=True):
            element.find("difficult").text = str(int(thing.difficult))
        if picture.annotation.parent != picture.path.parent:
            picture.annotation.parent.mkdir(exist_ok=True)
        unfinished = picture.annotation.with_name(f".{picture.annotation.name}.part")
        try:
            tree.write(unfinished, encoding="utf-8")
            os.replace(unfinished, picture.annotation)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
    picture.objects = objects


def add_pictures(folder, way: str = "upload") -> list[Path]:
    """Put pictures of your own into a folder, in Colab.

    Args:
        folder: where to; it is made when it is not there.
        way: "upload" takes as many files as you choose, "webcam" one frame of the camera.

    Returns:
        The new files. A name that is taken gets a number.

    Raises:
        DataError: no such way, not in Colab, nothing chosen, or a folder that cannot be written to.
    """
    from scripts.data import DataError
    from scripts.data.own_picture import in_colab, own_picture

    if way not in WAYS:
        raise DataError(f"{way!r} is no way to add pictures; there are: {', '.join(WAYS)}")
    if not in_colab():
        raise DataError(f"{way} works in Colab only; here, copy your pictures into the folder {folder}")
    if way == "webcam":
        chosen = {"webcam.jpg": own_picture("webcam")}
    else:
        from google.colab import files

        chosen = files.upload()
    if not chosen:
        raise DataError("nothing was uploaded")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return [_put(Path(folder), Path(name), content) for name, content in chosen.items()]
    except OSError as problem:
        raise DataError(f"{folder} cannot be written to: {problem.strerror}") from None


def _put(folder: Path, name: Path, content) -> Path:
    """A file of bytes, or a picture as an array, under a stem that no other file in the folder has."""
    from PIL import Image

    stems, stem, number = {path.stem.casefold() for path in folder.iterdir()}, name.stem, 1
    while stem.casefold() in stems:
        number += 1
        stem = f"{name.stem}_{number}"
    path = folder / f"{stem}{name.suffix}"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        Image.fromarray(content).save(path, quality=95)
    return path


def _other_forms(files) -> list[str]:
    """Boxes in other forms than Pascal VOC's, in words: `data.read_any` reads one form of a folder."""
    from scripts.data import DataError
    from scripts.data.own_sets import form_coco, form_csv, form_yolo
    from scripts.data.voc_annotation import Refused

    told = []
    for form in (form_yolo, form_coco, form_csv):
        with contextlib.suppress(Refused, DataError):
            if (found := form.find(files)) and found.marked:
                told.append(
                    f"{found.form} (pictures with boxes: {len(found.marked)}): neither shown nor changed here; "
                    "data.read_any takes the form with most pictures, or the one that form= names"
                )
    return told


def _annotation_of(path: Path, folder: Path) -> Path:
    """Where the boxes of a picture are to be kept: in a folder Annotations if there is one, else beside it."""
    inner = path.parent != folder and path.parent.name.lower() in PICTURES
    around = path.parent.parent if inner else path.parent
    for place in sorted(around.iterdir()):
        if place.name.lower() == "annotations" and place.is_dir():
            return place / f"{path.stem}.xml"
    if inner and path.parent.name == "JPEGImages":
        return around / "Annotations" / f"{path.stem}.xml"
    return path.with_name(f"{path.stem}.xml")


def _damage(path: Path) -> str:
    """Why a picture cannot be read, by its header; what comes after it is found when the picture is shown."""
    from scripts.data import DataError, read_image
    from scripts.data.own_sets.picture_header import header

    if header(path) is None:
        try:
            read_image(path)
        except DataError as problem:
            return str(problem).removeprefix(f"{path.name} ")
    return ""
