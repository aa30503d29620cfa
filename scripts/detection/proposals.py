"""Selective search: boxes that may hold an object, whatever its class.

J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers, A. W. M. Smeulders: "Selective Search for Object Recognition", IJCV 2013.
It begins with small regions (regions.py) and joins the two neighbours that are most alike, again and again, until one
region is left (section 3.1, algorithm 1). Every region that ever was gives a box. Several colour spaces, similarities and
starts make several hierarchies (section 3.2); their boxes are put in one order (section 4.2).
"""

import heapq
from dataclasses import dataclass
from itertools import product

import numpy as np

from scripts.detection import regions as cut
from scripts.detection.regions import Regions

# table 4 and section 5.4 of the paper: colour spaces, similarities, k of the start
STRATEGIES = {
    "single": (("HSV",), ("CTSF",), (100,)),
    "fast": (("HSV", "Lab"), ("CTSF", "TSF"), (50, 100)),
}
MEASURES = "CTSF"  # colour, texture, size, fill


@dataclass(frozen=True)
class Hierarchy:
    """What grouping made of n regions.

    boxes: int64, shape (2n - 1, 4): of the n regions, then of those that were joined, in order of joining; the last one is
        the whole picture.
    joined: int64, shape (n - 1, 2): the two regions that each join took.
    similarity: float64, shape (n - 1,): how alike they were, 0..number of measures.
    """

    boxes: np.ndarray
    joined: np.ndarray
    similarity: np.ndarray


def selective_search(
    image, strategy: str = "single", k=None, sigma: float = 0.8, smallest: int = 20, seed: int = 0
) -> np.ndarray:
    """Boxes that may hold an object, the most promising first.

    Args:
        image: uint8, shape (height, width, 3), RGB.
        strategy: "single" or "fast", the paper's: one hierarchy, or eight.
        k: the start's k in place of the strategy's: a number or several. Small pictures need a smaller one.
        sigma, smallest: as in `regions.segment`.
        seed: of the random part of the order.

    Returns:
        float32, shape (n, 4): x1, y1, x2, y2, counted from 0, end exclusive; no box twice. All lie in the picture.

    Raises:
        ValueError: an unknown strategy, or no such picture.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"the picture has to be uint8, (height, width, 3); it is {image.dtype}, {image.shape}"
        )
    spaces, measures, starts = STRATEGIES[strategy]
    starts = starts if k is None else tuple(np.ravel(k).tolist())
    hierarchies = []
    for space, start in product(spaces, starts):
        converted = cut.in_colour_space(image, space)
        regions = cut.describe(converted, cut.segment(converted, start, sigma, smallest))
        hierarchies += [group(regions, measure) for measure in measures]
    return ranked([hierarchy.boxes for hierarchy in hierarchies], seed)


def similarities(a: int, others, features, sizes, boxes, pixels: int, measures: str = MEASURES) -> np.ndarray:
    """How alike a region is to others: the sum of the measures named (section 3.2, equations 1 to 6), each 0..1.

    colour and texture: the intersection of histograms, which `features` holds side by side; size: small regions come
    first, 1 - (size a + size b) / pixels; fill: regions that fit into each other come first, 1 - the share of the picture
    that their common box leaves open.

    Args:
        a: a region; others: int, shape (m,), regions that touch it.
        features: float, shape (n, bins): the histograms of the measures C and T, as far as they are used.
        sizes: int, shape (n,); boxes: int, shape (n, 4); pixels: of the whole picture.

    Returns:
        float64, shape (m,).
    """
    total = np.minimum(features[a], features[others]).sum(axis=1, dtype=np.float64)
    together = sizes[a] + sizes[others]
    if "S" in measures:
        total += 1 - together / pixels
    if "F" in measures:
        start = np.minimum(boxes[a, :2], boxes[others, :2])
        end = np.maximum(boxes[a, 2:], boxes[others, 2:])
        total += 1 - ((end - start).prod(axis=1) - together) / pixels
    return total


def group(regions: Regions, measures: str = MEASURES) -> Hierarchy:
    """Join the two most similar neighbours until one region is left (section 3.1, algorithm 1).

    A joined region's histogram is the mean of the two, weighted by size (section 3.2): no pixel is looked at again. Of
    equally similar pairs the one found first is joined first.

    Args:
        measures: letters of "CTSF": colour, texture, size, fill.

    Raises:
        ValueError: other letters.
    """
    if not measures or set(measures) - set(MEASURES):
        raise ValueError(f"measures are letters of {MEASURES}, not {measures!r}")
    n, pixels = len(regions), regions.labels.size
    histograms = [regions.colour] * ("C" in measures) + [regions.texture] * ("T" in measures)
    features = _room(np.concatenate(histograms, axis=1) if histograms else np.zeros((n, 0), np.float32))
    sizes, boxes = _room(regions.sizes), _room(regions.boxes)
    touching = [set() for _ in range(n)]
    queue = []
    for a, others in _by_first(regions.pairs):
        alike = similarities(a, others, features, sizes, boxes, pixels, measures)
        for b, similarity in zip(others.tolist(), alike.tolist(), strict=True):
            touching[a].add(b)
            touching[b].add(a)
            queue.append((-similarity, len(queue), a, b))
    heapq.heapify(queue)
    found = len(queue)
    joined, joined_similarity = [], []
    while queue:
        negative, _, a, b = heapq.heappop(queue)
        if touching[a] is None or touching[b] is None:  # one of the two has been joined to another meanwhile
            continue
        new = len(touching)
        sizes[new] = sizes[a] + sizes[b]
        features[new] = (features[a] * sizes[a] + features[b] * sizes[b]) / sizes[new]
        boxes[new, :2] = np.minimum(boxes[a, :2], boxes[b, :2])
        boxes[new, 2:] = np.maximum(boxes[a, 2:], boxes[b, 2:])
        near = (touching[a] | touching[b]) - {a, b}
        touching[a] = touching[b] = None
        touching.append(near)
        joined.append((a, b))
        joined_similarity.append(-negative)
        if not near:
            continue
        others = sorted(near)
        alike = similarities(new, others, features, sizes, boxes, pixels, measures).tolist()
        for other, similarity in zip(others, alike, strict=True):
            touching[other] -= {a, b}
            touching[other].add(new)
            heapq.heappush(queue, (-similarity, found, new, other))
            found += 1
    return Hierarchy(boxes, np.array(joined, np.int64).reshape(-1, 2), np.array(joined_similarity))


def labels_after(labels, hierarchy: Hierarchy, joins: int) -> np.ndarray:
    """The regions after some joins, for a picture of the stage: labels as `regions.segment` gives, with new numbers."""
    n = len(hierarchy.joined) + 1
    now = np.arange(n + joins)
    for new in range(n + joins - 1, n - 1, -1):  # backwards: a region takes the name of what it became last
        now[hierarchy.joined[new - n]] = now[new]
    return now[labels]


def ranked(hierarchies: list[np.ndarray], seed: int = 0) -> np.ndarray:
    """The boxes of several hierarchies in one order, each box once: float32, shape (n, 4).

    Section 4.2: a region's place counts from the top of its hierarchy, 1 for the whole picture, times a random number of
    0..1, so that large regions tend to come first but not only they; of equal boxes the first one stays.
    """
    random = np.random.default_rng(seed)
    boxes = np.concatenate(hierarchies)
    places = np.concatenate([np.arange(len(part), 0, -1) for part in hierarchies])
    boxes = boxes[np.argsort(places * random.random(len(places)), kind="stable")]
    _, first = np.unique(boxes, axis=0, return_index=True)
    return boxes[np.sort(first)].astype(np.float32)


def _room(rows) -> np.ndarray:
    """The rows, followed by as many more, less one, as joining n regions makes."""
    return np.concatenate([rows, np.zeros((len(rows) - 1, *rows.shape[1:]), rows.dtype)])


def _by_first(pairs):
    """Sorted pairs (a, b) as a with all of its b."""
    starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True):
        yield int(pairs[start, 0]), pairs[start:end, 1]
