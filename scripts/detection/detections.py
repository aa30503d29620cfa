"""Detections of a picture, and how they come of scores: what R-CNN, Fast R-CNN and Faster R-CNN have in common at the end."""

from typing import NamedTuple

import numpy as np

from scripts.detection.boxes import clip, decode, nms_by_class


class Detections(NamedTuple):
    """What a detector says of one picture: boxes (n, 4); scores (n,), higher is surer; labels (n,), int."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


def detect(boxes, scores, deltas=None, min_score=-1.0, iou_threshold=0.3, size=None) -> Detections:
    """From scores to detections: threshold, box regression, suppression class by class (section 2.2).

    Args:
        boxes: float, shape (n, 4); scores: float, shape (n, classes).
        deltas: float, shape (n, classes, 4), the regressors' answers, or (n, 1, 4), one for all classes; None: boxes stay
            as proposed. Scores stay in any case.
        min_score: a class is reported where its score is above this.
        size: (height, width) of the picture, at whose borders moved boxes are cut; needed where there are deltas.

    Raises:
        ValueError: deltas without a size.
    """
    if deltas is not None and size is None:
        raise ValueError("detect: moved boxes are cut at the picture's borders: give size=image.shape[:2]")
    rows, labels = np.nonzero(scores > min_score)
    found = boxes[rows]
    if deltas is not None:
        moves = np.broadcast_to(deltas, (*scores.shape, 4))  # one regressor may serve all classes
        found = clip(decode(found, moves[rows, labels]), *size)
    kept = nms_by_class(found, scores[rows, labels], labels, iou_threshold)
    return Detections(found[kept], scores[rows, labels][kept], labels[kept])
