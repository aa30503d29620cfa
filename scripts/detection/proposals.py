"""Selective search: boxes that may hold an object, whatever its class.

J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers, A. W. M. Smeulders: "Selective Search for Object Recognition", IJCV 2013.
It begins with small regions (regions.py) and joins the two neighbours that are most alike, again and again, until one
region is left (section 3.1, algorithm 1). Every region that ever was gives a box. Several colour spaces, similarities and
starts make several hierarchies (section 3.2); their boxes are put in one order (section 3.3).
"""

import heapq
from dataclasses import dataclass
from itertools import count

import numpy as np

from scripts.detection import regions as cut
from scripts.detection.regions import Regions

# section 5.1.3 of the paper: colour spaces, similarities, k of the start
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
        k: the start's k in place of the strategy's: a number or several; a smaller one gives more boxes.
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
    for space in spaces:
        converted = cut.in_colour_space(image, space)
        bins = cut.histogram_bins(converted)
        for start in starts:
            regions = cut.describe(cut.segment(converted, start, sigma, smallest), bins)
            hierarchies += [group(regions, measure) for measure in measures]
    return ranked([hierarchy.boxes for hierarchy in hierarchies], seed)


def histogram_similarity(one, others):
    """The intersection of histograms whose sums are 1 (section 3.2, equations 1 and 3): colour or texture, 0..1.

    Args:
        one, others: float, shape (bins,) and (m, bins), or both (m, bins).
    """
    return np.minimum(one, others).sum(axis=-1)


def size_similarity(size_a, size_b, pixels):
    """Small regions are joined first, so that no large one swallows all others (equation 4): 0..1."""
    return 1 - (size_a + size_b) / pixels


def fill_similarity(box_a, box_b, size_a, size_b, pixels):
    """Regions that fit into each other are joined first (equation 5): 1 less the gaps that their common box has."""
    width = max(box_a[2], box_b[2]) - min(box_a[0], box_b[0])
    height = max(box_a[3], box_b[3]) - min(box_a[1], box_b[1])
    return 1 - (width * height - size_a - size_b) / pixels


def group(regions: Regions, measures: str = MEASURES) -> Hierarchy:
    """Join the two most similar neighbours until one region is left (section 3.1, algorithm 1).

    The similarity is the sum of the measures named (equation 6). A joined region's histogram is the mean of the two,
    weighted by size (section 3.2): no pixel is looked at again. Of equally similar pairs the one found first is joined
    first. Pairs wait in a heap; one of which a region has been joined meanwhile is passed over when it comes up.

    Args:
        measures: letters of "CTSF": colour, texture, size, fill.

    Raises:
        ValueError: other letters.
    """
    if not measures or set(measures) - set(MEASURES):
        raise ValueError(f"measures are letters of {MEASURES}, not {measures!r}")
    n, pixels = len(regions), regions.labels.size
    by_size, by_fill = "S" in measures, "F" in measures
    histograms = _histograms(regions, measures)
    # plain lists: single numbers are read from them
    sizes, boxes = (regions.sizes.tolist(), regions.boxes.tolist())
    near = [set() for _ in range(n)]
    queue, joined, similarity = [], [], []

    def meet(a, others, alike):
        """Put pairs of neighbours into the heap; `alike` is what their histograms have in common."""
        for b, total in zip(others, alike, strict=True):
            if by_size:
                total += size_similarity(sizes[a], sizes[b], pixels)
            if by_fill:
                total += fill_similarity(boxes[a], boxes[b], sizes[a], sizes[b], pixels)
            heapq.heappush(queue, (-total, next(number), a, b))
            near[a].add(b)
            near[b].add(a)

    number = count()
    first, second = regions.pairs.T
    alike = histogram_similarity(histograms[first], histograms[second]).tolist()
    for a, b, common in zip(first.tolist(), second.tolist(), alike, strict=True):
        meet(a, [b], [common])
    while queue:
        negative, _, a, b = heapq.heappop(queue)
        if near[a] is None or near[b] is None:
            continue
        new, (left, top, right, bottom), other = len(sizes), boxes[a], boxes[b]
        sizes.append(sizes[a] + sizes[b])
        boxes.append([min(left, other[0]), min(top, other[1]), max(right, other[2]), max(bottom, other[3])])
        histograms[new] = (histograms[a] * sizes[a] + histograms[b] * sizes[b]) / sizes[new]
        others = sorted((near[a] | near[b]) - {a, b})
        for neighbour in others:
            near[neighbour] -= {a, b}
        near[a] = near[b] = None
        near.append(set())
        meet(new, others, histogram_similarity(histograms[new], histograms[others]).tolist())
        joined.append((a, b))
        similarity.append(-negative)
    return Hierarchy(np.array(boxes), np.array(joined, np.int64).reshape(-1, 2), np.array(similarity))


def labels_after(labels, hierarchy: Hierarchy, joins: int) -> np.ndarray:
    """The regions after some joins, for a picture of the stage: labels as `regions.segment` gives, with new numbers."""
    n = len(hierarchy.joined) + 1
    now = np.arange(n + joins)
    for new in range(n + joins - 1, n - 1, -1):  # backwards: a region takes the name of what it became last
        now[hierarchy.joined[new - n]] = now[new]
    return now[labels]


def ranked(hierarchies: list[np.ndarray], seed: int = 0) -> np.ndarray:
    """The boxes of several hierarchies in one order, each box once: float32, shape (n, 4).

    Section 3.3: a region's place counts from the top of its hierarchy, 1 for the whole picture, times a random number of
    0..1, so that large regions tend to come first but not only they; of equal boxes the first one stays.
    """
    rng = np.random.default_rng(seed)
    boxes = np.concatenate(hierarchies)
    places = np.concatenate([np.arange(len(part), 0, -1) for part in hierarchies])
    boxes = boxes[np.argsort(places * rng.random(len(places)), kind="stable")]
    _, first = np.unique(boxes, axis=0, return_index=True)
    return boxes[np.sort(first)].astype(np.float32)


def _histograms(regions: Regions, measures: str) -> np.ndarray:
    """The histograms that measures ask for, side by side, with room for the regions that joining will make."""
    asked = [regions.colour] * ("C" in measures) + [regions.texture] * ("T" in measures)
    bins = sum(part.shape[1] for part in asked)
    room = np.zeros((2 * len(regions) - 1, bins), np.float32)
    room[: len(regions)] = np.concatenate(asked, axis=1) if asked else 0
    return room
