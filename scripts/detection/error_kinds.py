"""What kind of mistakes a detector makes.

D. Hoiem, Y. Chodpathumwan, Q. Dai: "Diagnosing Error in Object Detectors", ECCV 2012, section 3. They count the second box on
an object as bad localisation; here it has a kind of its own.
"""

import numpy as np

from scripts.detection.boxes import iou
from scripts.detection.detections import Detections
from scripts.detection.evaluation import Objects, match

KINDS = ("correct", "localisation", "duplicate", "similar class", "other class", "background")


def kinds_of_error(
    found: list[Detections],
    truth: list[Objects],
    classes: int,
    similar=(),
    iou_threshold: float = 0.5,
    weak: float = 0.1,
) -> dict[str, np.ndarray]:
    """Count the surest detections of each class by kind: as many as there are objects of the class (section 3).

    - correct: the first to overlap its object by `iou_threshold`; duplicate: a later one.
    - localisation: the right class, but it overlaps the object by less than `iou_threshold`, at least `weak`.
    - similar class, other class: it overlaps an object of such a class by at least `weak`.
    - background: none of these.

    Args:
        found, truth: one entry a picture. Detections that fall on a difficult object are left out.
        similar: groups of labels that look alike, such as ((3, 5, 8), (4, 9)).

    Returns:
        For each of `KINDS` how many there are, int, shape (classes,).
    """
    alike = [{label} for label in range(classes)]
    for label in range(classes):
        alike[label] = set().union({label}, *(set(members) for members in similar if label in members))
    counts = {kind: np.zeros(classes, int) for kind in KINDS}
    for label in range(classes):
        judged, objects = [], 0
        for said, there in zip(found, truth, strict=True):
            kinds, scores, wanted = _kinds(said, there, label, alike[label], iou_threshold, weak)
            judged += zip(scores, kinds, strict=True)
            objects += wanted
        for _, kind in sorted(judged, key=lambda pair: -pair[0])[:objects]:
            counts[kind][label] += 1
    return counts


def _kinds(said: Detections, there: Objects, label: int, alike, iou_threshold: float, weak: float):
    """The kinds and scores of the detections of one class in one picture, best first; how many objects there are to find."""
    mine, labels = np.flatnonzero(np.asarray(said.labels) == label), np.asarray(there.labels)
    mine = mine[np.argsort(-np.asarray(said.scores)[mine], kind="stable")]
    difficult = np.zeros(len(labels), bool) if there.difficult is None else there.difficult
    same = labels == label
    outcomes = match(said.boxes[mine], there.boxes[same], difficult[same], iou_threshold)
    overlaps = iou(said.boxes[mine], there.boxes)

    def nearest(members):
        return overlaps[:, members].max(axis=1, initial=0)

    own = nearest(same)
    close = nearest(np.isin(labels, list(alike - {label})))
    other = nearest(~np.isin(labels, list(alike)))
    kinds = np.select(
        [outcomes == 1, own >= iou_threshold, own >= weak, close >= weak, other >= weak],
        [KINDS[0], KINDS[2], KINDS[1], KINDS[3], KINDS[4]],
        KINDS[5],
    )
    counted = outcomes >= 0
    scores = np.asarray(said.scores)[mine][counted].tolist()
    return kinds[counted].tolist(), scores, int((same & ~difficult).sum())
