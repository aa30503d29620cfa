"""Where selective search starts: a picture cut into small regions, what each region looks like, and which of them touch.

J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers, A. W. M. Smeulders: "Selective Search for Object Recognition", IJCV 2013,
sections 3.1 and 3.2; the start is P. F. Felzenszwalb, D. P. Huttenlocher: "Efficient Graph-Based Image Segmentation", IJCV 2004.
The start, scikit-image's, takes about four fifths of the search's time; OpenCV contrib, in C++, needs less than half for it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from skimage.segmentation import felzenszwalb

COLOUR_BINS = 25  # a channel (section 3.2)
DIRECTIONS = 8  # of the Gaussian derivative
TEXTURE_BINS = 10  # a direction and channel
TEXTURE_BIN = 3.0  # grey levels a pixel, the width of a bin; the last bin takes all that is steeper
COLOUR_SPACES = {"RGB": None, "HSV": cv2.COLOR_RGB2HSV_FULL, "Lab": cv2.COLOR_RGB2LAB}


@dataclass(frozen=True)
class Regions:
    """The regions of a picture.

    labels: int, shape (height, width), values 0..n-1: the region of each pixel.
    sizes: int64, shape (n,), pixels. boxes: int64, shape (n, 4), x1, y1, x2, y2, end exclusive.
    colour: float32, shape (n, 75); texture: float32, shape (n, 240): histograms, the sum of each row is 1.
    pairs: int64, shape (p, 2): which regions touch, each pair once, the lower label first.
    """

    labels: np.ndarray
    sizes: np.ndarray
    boxes: np.ndarray
    colour: np.ndarray
    texture: np.ndarray
    pairs: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)


def in_colour_space(image, space: str) -> np.ndarray:
    """An RGB picture, uint8, in one of `COLOUR_SPACES`, each channel 0..255: uint8, same shape."""
    conversion = COLOUR_SPACES[space]
    return image if conversion is None else cv2.cvtColor(image, conversion)


def segment(image, k: float = 100, sigma: float = 0.8, smallest: int = 20) -> np.ndarray:
    """Felzenszwalb and Huttenlocher's segmentation: int, shape (height, width), labels 0..n-1.

    Args:
        image: uint8, shape (height, width, 3), in the colour space that regions should be even in.
        k: how different neighbours may be; a larger k gives larger regions. The papers' scale, for values of 0..255.
        sigma: blur before the start, pixels. smallest: regions of fewer pixels are joined to a neighbour.
    """
    return felzenszwalb(image, scale=k, sigma=sigma, min_size=smallest)


def histogram_bins(image) -> tuple[np.ndarray, np.ndarray]:
    """The bins of colour (uint8, shape (3, height, width), 0..24) and of texture ((24, height, width), 0..9) of each pixel."""
    return np.stack(cv2.split(image)) // -(-256 // COLOUR_BINS), steepness(image)


def describe(labels, bins) -> Regions:
    """What selective search has to know of regions.

    Args:
        labels: int, shape (height, width), values 0..n-1, as `segment` gives them; bins: of `histogram_bins`.
    """
    colour, texture = bins
    sizes = np.bincount(labels.ravel())
    return Regions(
        labels,
        sizes,
        _boxes(labels, len(sizes)),
        _histograms(labels, sizes, colour, COLOUR_BINS),
        _histograms(labels, sizes, texture, TEXTURE_BINS),
        neighbours(labels),
    )


def steepness(image) -> np.ndarray:
    """The bins of Gaussian derivatives (sigma 1) in eight directions of every channel: uint8, shape (24, height, width).

    A derivative in any direction is the sum of those in x and y, weighted by cosine and sine. Of two opposite directions
    one is positive where the other is negative; bin 0 holds what does not rise.
    """
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.0)
    # the derivative of a Gaussian is the Gaussian of a derivative; central differences, borders repeated
    padded = np.stack(cv2.split(cv2.copyMakeBorder(smooth, 1, 1, 1, 1, cv2.BORDER_REPLICATE)))
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / (2 * TEXTURE_BIN)
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / (2 * TEXTURE_BIN)
    half = np.float32(0.5**0.5)
    bins = np.empty((DIRECTIONS, *across.shape), np.uint8)
    for i, rising in enumerate((across, (across + down) * half, down, (down - across) * half)):
        bins[i] = rising.clip(0, TEXTURE_BINS - 1)
        bins[i + DIRECTIONS // 2] = (-rising).clip(0, TEXTURE_BINS - 1)
    return bins.reshape(-1, *image.shape[:2])


def neighbours(labels) -> np.ndarray:
    """The pairs of regions that share a side of a pixel: int64, shape (p, 2), each once, the lower label first."""
    n = int(labels.max()) + 1
    found = []
    for a, b in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        differ = a != b
        a, b = a[differ].astype(np.int64), b[differ].astype(np.int64)
        found.append(np.minimum(a, b) * n + np.maximum(a, b))
    pairs = np.unique(np.concatenate(found))
    return np.stack([pairs // n, pairs % n], axis=1)


def _boxes(labels, n: int) -> np.ndarray:
    """The box round each region: int64, shape (n, 4)."""
    height, width = labels.shape
    boxes = np.empty((n, 4), np.int64)
    # writing in order of rows leaves each region's last row, in reverse order its first; so for columns
    rows, columns = np.indices(labels.shape).reshape(2, -1)
    flat, turned = labels.ravel(), labels.T.ravel()
    boxes[flat, 3] = rows + 1
    boxes[flat[::-1], 1] = rows[::-1]
    order = np.repeat(np.arange(width), height)
    boxes[turned, 2] = order + 1
    boxes[turned[::-1], 0] = order[::-1]
    return boxes


def _histograms(labels, sizes, bins, count: int) -> np.ndarray:
    """Histograms of several channels for each region, side by side, the sum of a row 1: float32, shape (n, channels * count).

    Args:
        bins: uint8, shape (channels, height, width), values 0..count-1.
    """
    n, channels = len(sizes), len(bins)
    row = labels.ravel() * count
    sums = [np.bincount(row + channel.ravel(), minlength=n * count).reshape(n, count) for channel in bins]
    return (np.concatenate(sums, axis=1) / (sizes[:, None] * channels)).astype(np.float32)
