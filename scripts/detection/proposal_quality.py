"""How good proposals are, before any classifier: which objects they cover, and how tightly.

Uijlings et al. 2013, section 5: recall, average best overlap (ABO, a class) and its mean over classes (MABO). Recall is
the ceiling of every detector that only looks at proposals.
"""

import numpy as np

from scripts.detection.boxes import iou


def best_overlaps(proposals, boxes, most: int | None = None) -> np.ndarray:
    """For every object of all pictures the IoU of the proposal that fits it best.

    Args:
        proposals: for each picture float, shape (n, 4), most promising first; boxes: for each picture float, shape (k, 4).
        most: only so many proposals a picture are looked at; None takes all.

    Returns:
        float, shape (objects,), in order of pictures; 0 where a picture has no proposal.
    """
    best = [
        iou(truth, said[:most]).max(axis=1, initial=0) for said, truth in zip(proposals, boxes, strict=True)
    ]
    return np.concatenate([[], *best])


def recall(best, iou_threshold: float = 0.5) -> float:
    """The share of objects that some proposal overlaps by at least `iou_threshold`; NaN when there is no object."""
    return float(np.mean(best >= iou_threshold)) if len(best) else np.nan
