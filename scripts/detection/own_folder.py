"""Fast R-CNN on any pictures with boxes in Pascal VOC's form: read, shrink, propose, train, evaluate.

The detector is fast_rcnn.py's as it stands; only sizes are settled here, since photographs are larger than scenes.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from scripts.course import progress
from scripts.data import VocSet, read_voc
from scripts.data.ladder import DataError
from scripts.detection import coverage, fast_rcnn
from scripts.detection.evaluation import Evaluation, Found, evaluate, objects_in
from scripts.detection.proposals import selective_search

LONGEST = 320  # pixels, of the longer side of a picture as the net sees it
MOST = 2000  # proposals a picture


@dataclass(frozen=True)
class Learned:
    """net: the trained detector; recall: of the test pictures' proposals at 0.5; found: detections, in pixels of the
    pictures as they are in the folder; evaluation: at 0.5; proposals: how many a test picture has, on average."""

    net: fast_rcnn.Net
    recall: float
    found: list[Found]
    evaluation: Evaluation
    proposals: float


def read(folder) -> tuple[VocSet, VocSet]:
    """The training and test part of a folder. A folder whose lists name no "test" is tested on "val".

    Raises:
        DataError: no such folder, or nothing in it that can be used.
    """
    train = read_voc(Path(folder).expanduser(), "train")
    try:
        return train, read_voc(Path(folder).expanduser(), "test", classes=train.classes)
    except DataError:
        return train, read_voc(Path(folder).expanduser(), "val", classes=train.classes)


def shrunk(image, longest: int = LONGEST) -> tuple[np.ndarray, float]:
    """A picture whose longer side is at most `longest` pixels, and the factor; never enlarged."""
    factor = min(1.0, longest / max(image.shape[:2]))
    if factor == 1.0:
        return image, factor
    size = [max(1, round(side * factor)) for side in (image.shape[1], image.shape[0])]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), factor


def learn(train: VocSet, test: VocSet, steps: int = 600, start=None, longest: int = LONGEST, search=None,
          flip: bool = False, seed: int = 0, rate: float = 1e-3, lowest: float = fast_rcnn.LOWEST) -> Learned:  # fmt: skip
    """Train Fast R-CNN on one set of pictures and test it on another.

    Args:
        train, test: with the same classes. Pictures without objects are not trained on: the paper's background boxes
            overlap an object, and theirs overlap none. In the test all count; what is found on an empty one is a false
            alarm.
        start: a trained `fast_rcnn.digit_classifier` to begin from, or None.
        longest: pixels that the longer side is brought to. search: arguments of `selective_search`; None takes "fast".
        flip: whether mirrored pictures are trained on as well; not for what has a left and a right, as digits.

    Raises:
        ValueError: no object to learn from.
    """
    random, search = np.random.default_rng(seed), search or {"strategy": "fast"}
    classes, examples = len(train.classes), []
    for i, image in enumerate(progress(train.images, "proposals")):
        small, factor = shrunk(image, longest)
        kept = ~train.difficult[i]
        boxes, labels = train.boxes[i][kept] * factor, train.labels[i][kept]
        if len(boxes):
            proposals = selective_search(small, **search)[:MOST]
            examples.append(fast_rcnn.prepare(small, proposals, boxes, labels, classes, random, 4))
            if flip:
                examples.append(mirrored(examples[-1]))
    if not examples:
        raise ValueError("there is no object to learn from")
    model = fast_rcnn.detector(classes)
    if start is not None:
        fast_rcnn.start_from(model, start)
    fast_rcnn.train(model, examples, steps, rate, random=random, lowest=lowest, doing="training")
    net = fast_rcnn.Net(model)

    def look(image):
        proposals = selective_search(image, **search)[:MOST]
        return fast_rcnn.detect(net, image, proposals, limit=0.02), proposals

    return tested(net, test, longest, look)


def tested(net, test: VocSet, longest: int, look) -> Learned:
    """A trained detector on test pictures.

    Args:
        look: a function from a shrunk picture to its detections, Found, and its proposals, float (n, 4).
    """
    found, proposed = [], []
    for image in progress(test.images, "test pictures"):
        small, factor = shrunk(image, longest)
        said, proposals = look(small)
        found.append(said._replace(boxes=said.boxes / factor))
        proposed.append(proposals / factor)
    best = coverage.best_overlaps(proposed, test.boxes)
    evaluation = evaluate(found, objects_in(test), len(test.classes))
    many = float(np.mean([len(boxes) for boxes in proposed]))
    return Learned(net, coverage.recall(best), found, evaluation, many)


def mirrored(example: fast_rcnn.Example) -> fast_rcnn.Example:
    """The example with left and right changed: boxes, and the sign of the targets' dx."""
    x1, y1, x2, y2 = example.boxes.T
    width = np.float32(example.image.shape[1])
    boxes = np.stack([width - x2, y1, width - x1, y2], axis=1)
    targets = example.targets * np.float32([-1, 1, 1, 1])
    return example._replace(image=example.image[:, ::-1], boxes=boxes, targets=targets)
