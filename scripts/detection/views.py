"""How a training picture is shown in a step: mirrored, at another size, in other colours; the boxes go with it."""

from typing import NamedTuple

import cv2
import numpy as np

# Sides are multiples of this. A convolution of stride 2 with padding "same" starts one pixel earlier where a side is odd; four of
# them can move a cell of the last map by 15 pixels. With sides of whole cells every map lies on every picture in the same way
WHOLE = 16


class View(NamedTuple):
    """A picture as a step sees it: image, uint8 (height, width, 3); boxes, float32 (k, 4), its pixels; labels, int (k,)."""

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[:2]


def view_of(rng, image, boxes, labels, settings):
    """A view, drawn by `rng`, and what names it.

    Args:
        settings: of `photo_training.Settings`: mirror, scales, jitter.

    Returns:
        key: (mirrored, scale), the same for equal views; None where colours were drawn, which never come back. And the view.
    """
    flip = bool(settings.mirror and rng.integers(2))
    scale = float(settings.scales[rng.integers(len(settings.scales))])
    boxes = np.asarray(boxes, np.float32)
    if flip:
        image, boxes = mirrored(image, boxes)
    if scale != 1.0:
        image, boxes = resized(image, boxes, scale)
    if settings.jitter:
        return None, View(jittered(rng, image, settings.jitter), boxes, labels)
    return (flip, scale), View(image, boxes, labels)


def mirrored(image, boxes):
    """A picture and its boxes with left and right changed."""
    x1, y1, x2, y2 = boxes.T
    width = np.float32(image.shape[1])
    return np.ascontiguousarray(image[:, ::-1]), np.stack([width - x2, y1, width - x1, y2], axis=1)


def resized(image, boxes, scale: float):
    """A picture and its boxes about `scale` times as large: each side becomes the nearest multiple of `WHOLE`, at least one."""
    size = [max(WHOLE, WHOLE * round(side * scale / WHOLE)) for side in image.shape[1::-1]]
    if size == list(image.shape[1::-1]):
        return image, boxes
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    factors = np.float32([size[0] / image.shape[1], size[1] / image.shape[0]] * 2)
    return cv2.resize(image, size, interpolation=way), boxes * factors


def jittered(rng, image, strength: float) -> np.ndarray:
    """A picture with other brightness, contrast and colours, uint8.

    Args:
        strength: 0 to 1: contrast and brightness change by up to this share, each colour channel by up to a third of it.
    """
    low, high = 1 - strength, 1 + strength
    mean = image.mean(axis=(0, 1), dtype=np.float32)
    colours = rng.uniform(1 - strength / 3, 1 + strength / 3, 3).astype(np.float32)
    contrast, brightness = rng.uniform(low, high, 2).astype(np.float32)
    changed = ((image - mean) * contrast + mean * brightness) * colours
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)
