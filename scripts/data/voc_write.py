"""Detection data written in Pascal VOC's form, so that other programs, and the course's own reader, can read it."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from scripts.data.ladder import DataError


def write_voc(scenes, folder, part: str = "train", prefix: str = "") -> int:
    """Write pictures and objects: JPEGImages (as PNG, without loss), Annotations, ImageSets/Main/<part>.txt.

    Args:
        scenes: `scenes.Scenes` or another set with images, boxes, labels, classes.
        folder: where to; it is made when it is not there. Parts of one set are written one after another.
        part: the list that names these pictures.
        prefix: of the names; the part's own name when empty: train_00000, train_00001, ...

    Returns:
        How many pictures were written.

    Raises:
        DataError: a box that is not in whole pixels, which the form cannot hold; or a folder that cannot be written to.
    """
    from PIL import Image

    folder, names = Path(folder), []
    try:
        for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for i, (image, boxes, labels) in enumerate(
            zip(scenes.images, scenes.boxes, scenes.labels, strict=True)
        ):
            names.append(f"{prefix or part}_{i:05d}")
            Image.fromarray(image).save(folder / "JPEGImages" / f"{names[-1]}.png")
            tree = annotation(
                f"{names[-1]}.png", image.shape, boxes, [scenes.classes[label] for label in labels]
            )
            tree.write(folder / "Annotations" / f"{names[-1]}.xml", encoding="utf-8")
        (folder / "ImageSets" / "Main" / f"{part}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    except OSError as problem:
        raise DataError(f"{folder.name} cannot be written to: {problem.strerror}") from problem
    return len(names)


def annotation(file: str, shape, boxes, names) -> ElementTree.ElementTree:
    """The annotation of one picture: boxes as the course counts become 1-based, end inclusive."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = file
    size = ElementTree.SubElement(root, "size")
    for tag, value in zip(("height", "width", "depth"), shape, strict=True):
        ElementTree.SubElement(size, tag).text = str(value)
    for box, name in zip(boxes, names, strict=True):
        if not (np.asarray(box) == np.rint(box)).all():
            raise DataError(f"{file}: the box {np.asarray(box).tolist()} is not in whole pixels")
        x1, y1, x2, y2 = map(int, box)
        thing = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(thing, "name").text = name
        ElementTree.SubElement(thing, "difficult").text = "0"
        corners = ElementTree.SubElement(thing, "bndbox")
        for tag, value in (("xmin", x1 + 1), ("ymin", y1 + 1), ("xmax", x2), ("ymax", y2)):
            ElementTree.SubElement(corners, tag).text = str(value)
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)
