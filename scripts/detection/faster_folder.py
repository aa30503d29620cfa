"""Faster R-CNN on any pictures with boxes in Pascal VOC's form: shrink, choose anchors, train, evaluate.

Reading and shrinking are those of own_folder.py, the detector is faster_rcnn.py's as it stands. No search is run.
"""

import numpy as np

from scripts.data import VocSet
from scripts.detection import fast_rcnn, faster_rcnn
from scripts.detection.boxes import area
from scripts.detection.own_folder import LONGEST, Learned, shrunk, tested


def scales_of(boxes) -> tuple[float, ...]:
    """Scales of anchors for objects of these boxes: the side of the square of equal area that a tenth, half and nine tenths
    of the objects stay below, in whole pixels. Raises ValueError where there is no object."""
    every = np.concatenate([np.zeros((0, 4)), *boxes])
    if len(every) == 0:
        raise ValueError("there is no object to learn from")
    return tuple(np.maximum(1.0, np.rint(np.percentile(np.sqrt(area(every)), (10, 50, 90)))).tolist())


def shrunk_set(pictures: VocSet, longest: int, flips: bool = False):
    """Pictures, boxes and labels for training: shrunk, difficult objects left out, so also pictures without another, and
    pictures without any.

    Args:
        flips: whether each is given mirrored too, in width, in height and in both: for what has neither right nor top.
    """
    images, boxes, labels = [], [], []
    for i, image in enumerate(pictures.images):
        small, factor = shrunk(image, longest)
        kept = ~pictures.difficult[i]
        if not kept.any():
            continue
        corners = (pictures.boxes[i][kept] * factor).astype(np.float32)
        height, width = small.shape[:2]
        for across in (False, True)[: 1 + flips]:
            for down in (False, True)[: 1 + flips]:
                x1, y1, x2, y2 = corners.T
                x1, x2 = (width - x2, width - x1) if across else (x1, x2)
                y1, y2 = (height - y2, height - y1) if down else (y1, y2)
                images.append(np.ascontiguousarray(small[:: -1 if down else 1, :: -1 if across else 1]))
                boxes.append(np.stack([x1, y1, x2, y2], axis=1))
                labels.append(pictures.labels[i][kept])
    return images, boxes, labels


def learn(train: VocSet, test: VocSet, steps: int = 600, start=None, longest: int = LONGEST, scales=None,
          flips: bool = False, seed: int = 0, rate: float = 1e-3, pictures: int = 2, after: int = 200) -> Learned:  # fmt: skip
    """Train Faster R-CNN on one set of pictures and test it on another.

    Args:
        train, test: with the same classes. Pictures without objects are not trained on; in the test all count, and what
            is found on an empty one is a false alarm.
        start: a trained `fast_rcnn.digit_classifier` to begin from, or None.
        longest: pixels that the longer side is brought to. scales: of anchors, in those pixels; None takes `scales_of`.
        flips: as `shrunk_set`; pictures: of a step; after: proposals of a picture.
    """
    images, boxes, labels = shrunk_set(train, longest, flips)
    scales = tuple(scales or scales_of(boxes))
    model = faster_rcnn.detector(len(train.classes))
    if start is not None:
        fast_rcnn.start_from(model, start)
    random = np.random.default_rng(seed)
    settings = {"random": random, "pictures": pictures, "scales": scales, "after": after, "doing": "training"}
    faster_rcnn.train(model, images, boxes, labels, steps, rate, **settings)
    net = faster_rcnn.Net(model, scales)

    def look(image):
        proposals = net.propose(net.map(fast_rcnn.together([image])), *image.shape[:2], after=after).boxes
        return faster_rcnn.detect(net, image, limit=0.02, after=after), proposals

    return tested(net, test, longest, look)
