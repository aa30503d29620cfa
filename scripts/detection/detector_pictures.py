"""What a detector is shown: pictures checked, brought to its side with their boxes; which of a set can be learnt from."""

import numpy as np

from scripts.detection import fast_rcnn
from scripts.detection.boxes import area, large_enough
from scripts.detection.evaluation import objects_in
from scripts.detection.photo_net import SIDE
from scripts.detection.views import resized

MEDIAN, LARGEST = 40, 640  # pixels: see `side_for`


def checked(picture) -> np.ndarray:
    """The same picture. Raises ValueError for one of another form than uint8 (height, width, 3)."""
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ValueError(
            f"a picture is uint8 of shape (height, width, 3), RGB, as data.read_image gives it; this is {picture.dtype} of {picture.shape}"
        )
    return picture


def brought_to(image, side: int):
    """A picture whose longer side is about `side` pixels, and by what its boxes are to be multiplied, float32 (4,).

    Smaller ones are enlarged: the backbone knows things at the size that they have on a whole photograph. Sides become multiples
    of `views.WHOLE`, so width and height change by slightly different factors.
    """
    small, factors = resized(image, np.ones((1, 4), np.float32), side / max(image.shape[:2]))
    return small, factors[0]


def side_for(pictures) -> int:
    """The side for a set: `SIDE`, or more where a class is small, until half of its objects measure `MEDIAN` pixels; at most `LARGEST`.

    Args:
        pictures: a set; an object's size is the side of the square of equal area.
    """
    by_class = [[] for _ in pictures.classes]
    for i, (boxes, labels) in enumerate(zip(pictures.boxes, pictures.labels, strict=True)):
        width, height = pictures.sizes[i] if hasattr(pictures, "sizes") else pictures.images[i].shape[1::-1]
        for label, size in zip(labels, np.sqrt(area(np.asarray(boxes, float).reshape(-1, 4))), strict=True):
            by_class[label].append(size * SIDE / max(width, height))
    smallest = min((float(np.median(one)) for one in by_class if one), default=MEDIAN)
    return int(np.clip(SIDE * MEDIAN / max(smallest, 1.0), SIDE, LARGEST))


def usable(pictures, side: int) -> list:
    """What is trained on: (image, boxes, labels) each, brought to a side.

    Raises:
        ValueError: there is no object to learn from; a picture of another form.
    """
    examples = []
    for i, objects in enumerate(objects_in(pictures)):
        kept = np.ones(len(objects.boxes), bool) if objects.difficult is None else ~objects.difficult
        if len(kept) and not kept.any():
            continue
        small, factors = brought_to(checked(pictures.images[i]), side)
        boxes = np.asarray(objects.boxes, np.float32).reshape(-1, 4)[kept] * factors
        examples.append((small, boxes, np.asarray(objects.labels)[kept]))
    if not any(len(boxes) for _, boxes, _ in examples):
        raise ValueError("there is no object to learn from")
    if not any(large_enough(boxes, fast_rcnn.SMALLEST).any() for _, boxes, _ in examples):
        raise ValueError(
            f"each object has fewer than {fast_rcnn.SMALLEST:.0f} pixels where a picture's longer side has {side}: "
            "train with a larger side, or cut the pictures into parts"
        )
    return examples
