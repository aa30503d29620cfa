"""How good a detector is: matching as Pascal VOC does it, precision and recall, average precision, its mean and interval.

M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman: "The Pascal Visual Object Classes (VOC) Challenge", IJCV
2010, section 4.2. From VOC 2010 on AP is the whole area under the curve; before, its mean at 11 recalls. Kinds of error
stand in error_kinds.py, the quality of proposals in proposal_quality.py.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from scripts.detection.boxes import iou
from scripts.detection.detections import Detections

HIT, MISS, IGNORED = 1, 0, -1


class Objects(NamedTuple):
    """What is in one picture: boxes (k, 4); labels (k,), int; difficult (k,), bool, or None where no object is."""

    boxes: np.ndarray
    labels: np.ndarray
    difficult: np.ndarray | None = None


def objects_in(pictures) -> list[Objects]:
    """What is in the pictures of a set (`scenes.Scenes`, `voc.VocSet`), one entry each, as `evaluate` takes it."""
    difficult = getattr(pictures, "difficult", None) or [None] * len(pictures.boxes)
    return [Objects(*one) for one in zip(pictures.boxes, pictures.labels, difficult, strict=True)]


@dataclass(frozen=True)
class Judged:
    """The detections of one class over all pictures, best first, and how each was judged.

    scores: float, shape (n,); images: int, shape (n,), the picture of each; outcomes: int, shape (n,): HIT, MISS or IGNORED.
    objects: int, shape (pictures,): how many objects of the class there are to find in each, difficult ones left out.
    """

    scores: np.ndarray
    images: np.ndarray
    outcomes: np.ndarray
    objects: np.ndarray


@dataclass(frozen=True)
class Evaluation:
    """How good a detector is on a set of pictures.

    average_precision: float, shape (classes,), NaN for a class without objects; mean: over the other classes, NaN when there
    is none; judged: for each class its detections.
    """

    average_precision: np.ndarray
    mean: float
    judged: list[Judged]


def match(boxes, truth, difficult=None, iou_threshold=0.5):
    """Judge the detections of one class in one picture (section 4.2).

    A detection looks at the object it overlaps most, and at no other. If the overlap is too small, or the object already
    hit by a better detection, it is a miss: the second box on an object is a false alarm. Is the object marked as
    difficult, it counts neither way, however often it is found.

    Args:
        boxes: float, shape (n, 4), best first; truth: float, shape (k, 4); difficult: bool, shape (k,), or None.
        iou_threshold: the IoU from which on an object is found.

    Returns:
        int, shape (n,): HIT (1), MISS (0) or IGNORED (-1).
    """
    outcomes = np.full(len(boxes), MISS)
    if len(truth) == 0:
        return outcomes
    overlaps, hit = iou(boxes, truth), np.zeros(len(truth), bool)
    for i, best in enumerate(overlaps.argmax(axis=1)):
        if overlaps[i, best] >= iou_threshold and difficult is not None and difficult[best]:
            outcomes[i] = IGNORED
        elif overlaps[i, best] >= iou_threshold and not hit[best]:
            outcomes[i], hit[best] = HIT, True
    return outcomes


def precision_recall(outcomes, objects, weights=1):
    """The precision-recall curve of detections, best first.

    Args:
        outcomes: int, shape (n,): HIT, MISS or IGNORED; objects: how many there are to find, above 0.
        weights: how often each detection counts, a number or shape (n,). For many curves at once shape (curves, n), and
            `objects` of shape (curves, 1).

    Returns:
        precision and recall after each detection, float, shape (n,) each, or (curves, n).
    """
    hits = np.cumsum((outcomes == HIT) * weights, axis=-1)
    misses = np.cumsum((outcomes == MISS) * weights, axis=-1)
    return hits / np.maximum(hits + misses, 1), hits / objects


def average_precision(precision, recall, method="area"):
    """One number for a precision-recall curve, 0..1.

    Args:
        precision, recall: float, shape (n,), recall rising; none at all gives 0. Or shape (curves, n).
        method: "area": under the curve whose precision at a recall is the largest at this recall or beyond (VOC 2010 and
            later). "11 points": the mean of that precision at recalls 0, 0.1, ..., 1 (VOC 2007).

    Returns:
        A float, or float, shape (curves,).
    """
    if method == "11 points":
        # np.arange(11) / 10, not np.arange(0, 1.1, 0.1): its 0.30000000000000004 would miss a recall of 3/10
        found = [np.where(recall >= r, precision, 0).max(axis=-1, initial=0) for r in np.arange(11) / 10]
        value = np.mean(found, axis=0)
    elif method == "area":
        best = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
        value = np.sum(np.diff(recall, axis=-1, prepend=0) * best, axis=-1)
    else:
        raise ValueError(f'method is "area" or "11 points", not {method!r}')
    return float(value) if np.ndim(value) == 0 else value


def judge(found: list[Detections], truth: list[Objects], label: int, iou_threshold: float = 0.5) -> Judged:
    """All detections of one class, judged picture by picture and put in one order; of equal scores the earlier one first.

    Raises:
        ValueError: not as many pictures in both lists, or a score that is no number: such detections have no order.
    """
    if len(found) != len(truth):
        raise ValueError(f"{len(found)} pictures with detections, {len(truth)} with objects")
    scores, outcomes, counts, objects = [], [], [], []
    for said, there in zip(found, truth, strict=True):
        mine, wanted = np.asarray(said.labels) == label, np.asarray(there.labels) == label
        score = np.asarray(said.scores, float)[mine]
        if np.isnan(score).any():
            raise ValueError("a score is NaN: drop such detections before they are judged")
        order = np.argsort(-score, kind="stable")
        difficult = np.zeros(wanted.sum(), bool) if there.difficult is None else there.difficult[wanted]
        scores.append(score[order])
        outcomes.append(match(said.boxes[mine][order], there.boxes[wanted], difficult, iou_threshold))
        counts.append(len(order))
        objects.append(int((~difficult).sum()))
    scores, outcomes = np.concatenate([[], *scores]), np.concatenate([np.zeros(0, int), *outcomes])
    order = np.argsort(-scores, kind="stable")
    images = np.repeat(np.arange(len(found)), counts)
    return Judged(scores[order], images[order], outcomes[order], np.array(objects, int))


def evaluate(
    found: list[Detections],
    truth: list[Objects],
    classes: int,
    iou_threshold: float = 0.5,
    method: str = "area",
) -> Evaluation:
    """Average precision of each class and its mean.

    Args:
        found, truth: one entry a picture, in the same order; labels 0..classes-1.
        iou_threshold, method: as in `match` and `average_precision`.

    Raises:
        ValueError: as `judge`.
    """
    judged = [judge(found, truth, label, iou_threshold) for label in range(classes)]
    once = np.ones((1, len(truth)), int)
    values = np.array([_of_class(one, once, method)[0] for one in judged])
    return Evaluation(values, _mean(values), judged)


def bootstrap(
    evaluation: Evaluation, repeats: int = 1000, level: float = 0.95, method: str = "area", seed: int = 0
) -> tuple[float, float]:
    """An interval for the mean AP: the pictures are drawn anew, with replacement, many times.

    It tells how far the number would move with other pictures of the same kind, not with another training run. A picture
    drawn twice makes its hits stand together, which raises AP: the draws lie too high, so the interval is corrected for
    the share of them below the number itself (Efron 1981, bias-corrected percentiles).

    Returns:
        The lower and upper end. They hold the AP of endless pictures less often than `level` says where there are few
        pictures of a class: the AP of few pictures is itself too high on average.
    """
    draws = _draws(evaluation, repeats, seed)
    number, *means = _means(evaluation, draws, method)
    return _interval(np.array(means), number, level)


def paired_bootstrap(
    first: Evaluation,
    second: Evaluation,
    repeats: int = 1000,
    level: float = 0.95,
    method: str = "area",
    seed: int = 0,
) -> tuple[float, float, float]:
    """By how much the mean AP of a second detector is above that of a first one, both judged on the same pictures.

    Each draw takes the same pictures for both detectors, and the difference is taken within the draw: a picture that is
    hard for both lowers both, and leaves their difference as it is. So the interval of the difference is mostly narrower
    than what the two detectors' own intervals suggest. An interval that holds 0 means that these pictures cannot tell
    which detector is better. As with `bootstrap` it tells of other pictures, not of another training run.

    Args:
        first, second: of `evaluate`, with the same `truth`: as many classes, and `objects`, int, shape (pictures,), equal
            class by class; the detections, shape (n,) a class, may differ in number.
        repeats, level, method, seed: as `bootstrap`.

    Returns:
        The difference, second.mean - first.mean by `method`, and the lower and upper end of its interval.

    Raises:
        ValueError: the two were not judged on the same objects.
    """
    counts = [[one.objects for one in evaluation.judged] for evaluation in (first, second)]
    if len(counts[0]) != len(counts[1]) or not all(map(np.array_equal, *counts)):
        raise ValueError("the two evaluations are not of the same pictures: their objects differ")
    draws = _draws(first, repeats, seed)
    number, *differences = _means(second, draws, method) - _means(first, draws, method)
    return float(number), *_interval(np.array(differences), number, level)


def trainings_bootstrap(
    first: list[Evaluation],
    second: list[Evaluation],
    repeats: int = 1000,
    level: float = 0.95,
    method: str = "area",
    seed: int = 0,
) -> tuple[float, float, float]:
    """`paired_bootstrap` for two ways to train a detector, of each several trainings: by how much the second is above.

    Each draw takes the same pictures for all detectors, and of each way as many trainings as there are, with
    replacement. So the interval tells of other pictures and of other trainings. Of three trainings the second part is rough:
    what three differ by is, on average, two thirds of the true variance.

    Args:
        first, second: a list of evaluations each, one a training, all of the same pictures.

    Returns:
        The mean of the second's means less the first's, and the lower and upper end of its interval.

    Raises:
        ValueError: no training, or evaluations of other pictures.
    """
    if not first or not second:
        raise ValueError("of each way there has to be a training")
    counts = [[one.objects for one in evaluation.judged] for evaluation in (*first, *second)]
    if not all(len(one) == len(counts[0]) and all(map(np.array_equal, counts[0], one)) for one in counts):
        raise ValueError("the evaluations are not of the same pictures: their objects differ")
    draws, rng = _draws(first[0], repeats, seed), np.random.default_rng(seed)
    sides = []
    for way in (first, second):
        means = np.array([_means(one, draws, method) for one in way])  # (trainings, 1 + repeats)
        chosen = rng.integers(len(way), size=(len(way), repeats))
        drawn = np.take_along_axis(means[:, 1:], chosen, axis=0).mean(axis=0)
        sides.append(np.append(means[:, 0].mean(), drawn))
    number, *differences = sides[1] - sides[0]
    return float(number), *_interval(np.array(differences), float(number), level)


def _draws(evaluation: Evaluation, repeats: int, seed: int) -> np.ndarray:
    """How often each picture counts: int, shape (1 + repeats, pictures); first each once, then the draws."""
    images = len(evaluation.judged[0].objects)
    draws = np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), size=repeats)
    return np.concatenate([np.ones((1, images), draws.dtype), draws])


def _means(evaluation: Evaluation, draws, method: str) -> np.ndarray:
    """The mean AP of each draw, float, shape (draws,); NaN where a draw has no object."""
    values = np.array([_of_class(one, draws, method) for one in evaluation.judged])
    return np.array([_mean(column) for column in values.T])


def _interval(values, number: float, level: float) -> tuple[float, float]:
    """Bias-corrected percentiles of what the draws gave, shape (repeats,), round the number of all pictures."""
    repeats, normal = len(values), NormalDist()
    values = values[np.isfinite(values)]
    below = np.mean(values < number) + np.mean(values == number) / 2
    bias = normal.inv_cdf(float(np.clip(below, 0.5 / repeats, 1 - 0.5 / repeats)))
    ends = [normal.cdf(2 * bias + normal.inv_cdf(share)) for share in ((1 - level) / 2, (1 + level) / 2)]
    low, high = np.quantile(values, ends)
    return float(low), float(high)


def _of_class(judged: Judged, weights, method: str) -> np.ndarray:
    """AP of a class when each picture counts so often; weights: shape (draws, pictures). Returns float, shape (draws,)."""
    objects, values = weights @ judged.objects, np.full(len(weights), np.nan)
    there = np.flatnonzero(objects)
    # a hundred draws at once: quick, and little memory however many detections there are
    for some in np.split(there, range(100, len(there), 100)):
        counted = weights[some][:, judged.images]
        curves = precision_recall(judged.outcomes, objects[some, None], counted)
        values[some] = average_precision(*curves, method)
    return values


def _mean(values) -> float:
    """The mean over the classes that have objects."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan
