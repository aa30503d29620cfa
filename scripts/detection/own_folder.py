"""Either detector on any pictures with boxes in Pascal VOC's form: read, shrink, train, evaluate.

The detectors are those of fast_rcnn.py and faster_rcnn.py as they stand; only sizes are settled here, since photographs
are larger than scenes. Fast R-CNN's proposals come by selective search, Faster R-CNN runs none.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from scripts.data import VocSet, read_voc
from scripts.detection import fast_rcnn, faster_rcnn, proposal_quality
from scripts.detection.boxes import area
from scripts.detection.detections import Detections
from scripts.detection.evaluation import Evaluation, evaluate, objects_in
from scripts.detection.proposals import selective_search
from scripts.runtime import progress

LONGEST = 320  # pixels, of the longer side of a picture as the net sees it
MOST = 2000  # proposals a picture


@dataclass(frozen=True)
class Learned:
    """What came of a training.

    net: the trained detector; recall: of the test pictures' proposals at 0.5; found: detections, in pixels of the pictures
    as they are in the folder; evaluation: at 0.5; proposals: how many a test picture has, on average.
    """

    net: fast_rcnn.Stages
    recall: float
    found: list[Detections]
    evaluation: Evaluation
    proposals: float


def read(folder) -> tuple[VocSet, VocSet]:
    """The training and test part of a folder. A folder whose lists name no "test" is tested on "val".

    Raises:
        DataError: no such folder, or nothing in it that can be used.
    """
    folder = Path(folder).expanduser()
    train, lists = read_voc(folder, "train"), folder / "ImageSets" / "Main"
    no_test = (lists / "val.txt").is_file() and not (lists / "test.txt").is_file()
    return train, read_voc(folder, "val" if no_test else "test", classes=train.classes)


def shrunk(image, longest: int = LONGEST) -> tuple[np.ndarray, float]:
    """A picture whose longer side is at most `longest` pixels, and the factor; never enlarged."""
    factor = min(1.0, longest / max(image.shape[:2]))
    if factor == 1.0:
        return image, factor
    size = [max(1, round(side * factor)) for side in (image.shape[1], image.shape[0])]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), factor


def learn_fast_rcnn(
    train: VocSet,
    test: VocSet,
    steps: int = 600,
    start=None,
    longest: int = LONGEST,
    search=None,
    flip: bool = False,
    seed: int = 0,
    rate: float = 1e-3,
    background_iou: float = fast_rcnn.BACKGROUND_IOU,
) -> Learned:
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
    rng, search = np.random.default_rng(seed), search or {"strategy": "fast"}
    classes, examples = len(train.classes), []
    for i, image in enumerate(progress(train.images, "proposals")):
        small, factor = shrunk(image, longest)
        kept = ~train.difficult[i]
        boxes, labels = train.boxes[i][kept] * factor, train.labels[i][kept]
        if len(boxes):
            proposals = selective_search(small, **search)[:MOST]
            examples.append(fast_rcnn.prepare(small, proposals, boxes, labels, classes, rng, 4))
            if flip:
                examples.append(mirrored(examples[-1]))
    if not examples:
        raise ValueError("there is no object to learn from")
    model = fast_rcnn.detector(classes)
    if start is not None:
        fast_rcnn.start_from(model, start)
    fast_rcnn.train(model, examples, steps, rate, rng=rng, background_iou=background_iou, doing="training")
    net = fast_rcnn.Stages(model)

    def look(image):
        proposals = selective_search(image, **search)[:MOST]
        return fast_rcnn.detect(net, image, proposals, min_score=0.02), proposals

    return tested(net, test, longest, look)


def tested(net, test: VocSet, longest: int, look) -> Learned:
    """A trained detector on test pictures.

    Args:
        look: a function from a shrunk picture to its `Detections` and its proposals, float (n, 4).
    """
    found, proposed = [], []
    for image in progress(test.images, "test pictures"):
        small, factor = shrunk(image, longest)
        said, proposals = look(small)
        found.append(said._replace(boxes=said.boxes / factor))
        proposed.append(proposals / factor)
    best = proposal_quality.best_overlaps(proposed, test.boxes)
    evaluation = evaluate(found, objects_in(test), len(test.classes))
    many = float(np.mean([len(boxes) for boxes in proposed]))
    return Learned(net, proposal_quality.recall(best), found, evaluation, many)


def mirrored(example: fast_rcnn.Example) -> fast_rcnn.Example:
    """The example with left and right changed: boxes, and the sign of the targets' dx."""
    x1, y1, x2, y2 = example.boxes.T
    width = np.float32(example.image.shape[1])
    boxes = np.stack([width - x2, y1, width - x1, y2], axis=1)
    targets = example.targets * np.float32([-1, 1, 1, 1])
    return example._replace(image=example.image[:, ::-1], boxes=boxes, targets=targets)


def scales_of(boxes) -> tuple[float, ...]:
    """Three scales of anchors for objects of these boxes, in whole pixels.

    A tenth, half and nine tenths of the objects are smaller: by the side of the square of equal area.

    Raises:
        ValueError: there is no object.
    """
    every = np.concatenate([np.zeros((0, 4)), *boxes])
    if len(every) == 0:
        raise ValueError("there is no object to learn from")
    return tuple(np.maximum(1.0, np.rint(np.percentile(np.sqrt(area(every)), (10, 50, 90)))).tolist())


def shrunk_set(pictures: VocSet, longest: int, flips: bool = False):
    """Pictures, boxes and labels for training, shrunk.

    Difficult objects are left out, and with them the pictures that hold no other; so are pictures without any object.

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


def learn_faster_rcnn(
    train: VocSet,
    test: VocSet,
    steps: int = 600,
    start=None,
    longest: int = LONGEST,
    scales=None,
    flips: bool = False,
    seed: int = 0,
    rate: float = 1e-3,
    pictures: int = 2,
    after: int = 200,
) -> Learned:
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
    model = faster_rcnn.detector(len(train.classes), scales)
    if start is not None:
        fast_rcnn.start_from(model, start)
    rng = np.random.default_rng(seed)
    settings = {"rng": rng, "pictures": pictures, "scales": scales, "after": after, "doing": "training"}
    faster_rcnn.train(model, images, boxes, labels, steps, rate, **settings)
    net = faster_rcnn.Stages(model, scales)

    def look(image):
        proposals = net.propose(net.map(fast_rcnn.padded_batch([image])), *image.shape[:2], after=after).boxes
        return faster_rcnn.detect(net, image, min_score=0.02, after=after), proposals

    return tested(net, test, longest, look)
