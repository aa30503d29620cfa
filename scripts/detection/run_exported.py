"""A detector that `detector_export.export` wrote, run without the course: copy its folder, and use it there.

    from run_exported import ExportedDetector

    detector = ExportedDetector("folder")
    # a picture is uint8 (height, width, 3), RGB; detector.classes[label] is the name
    boxes, scores, labels = detector(picture)

By a line: python run_exported.py PICTURE ... It needs NumPy, OpenCV and a LiteRT interpreter: ai_edge_litert,
tflite_runtime, or TensorFlow with its own.

Two nets lie in the folder. The first sees the picture and gives maps, and for each anchor a logit and four
deltas. From these, here, come boxes. The second judges a fixed number of boxes by the maps, twice. What
stands between and behind the nets is `propose` of faster_rcnn.py and `detect` of photo_net.py in NumPy.
Nothing is imported from the course.
"""

import importlib
import json
import operator
import sys
import warnings
from pathlib import Path

import numpy as np

LOOK, JUDGE, FACTS = "picture_to_maps.tflite", "boxes_to_classes.tflite", "exported.json"
FORM = 1
PASSES = 2  # how often boxes go through the second net
# modules, and where in them the interpreter is
INTERPRETERS = (
    ("ai_edge_litert.interpreter", "Interpreter"),
    ("tflite_runtime.interpreter", "Interpreter"),
    ("tensorflow", "lite.Interpreter"),
)


class ExportedDetector:
    """`detector(picture)` finds; `classes` names what; `facts`: of exported.json, with the card."""

    def __init__(self, folder=None, threads: int = 2):
        """Load a folder; None takes the one that this file lies in.

        Raises:
            FileNotFoundError, ValueError: a file is missing, or is not of this form. ImportError: no
            interpreter is here.
        """
        folder = Path(__file__).parent if folder is None else Path(folder)
        for name in (LOOK, JUDGE, FACTS):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder.name}: {name} is missing; copy the whole folder")
        self.facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if self.facts.get("form") != FORM:
            raise ValueError(
                f"{folder.name}: {FACTS} is not of form {FORM}; use the run_exported.py beside it"
            )
        self.classes = tuple(self.facts["classes"])
        self.height, self.width = self.facts["size"]
        self._look, self._judge = (Net(folder / name, threads) for name in (LOOK, JUDGE))
        self._anchors = self._anchor_table()

    def __call__(self, picture, min_score: float = 0.3, iou_threshold: float = 0.3, passes: int = PASSES):
        """What is found on one picture.

        Args:
            picture: uint8, (height, width, 3), RGB, any size.
            min_score: surer ones only. iou_threshold: of two boxes of a class that overlap more, the surer
                stays.

        Returns:
            boxes, float (n, 4), x1, y1, x2, y2 in pixels of the picture; scores (n,), surest first; labels
            (n,), places in `classes`.

        Raises:
            ValueError: no picture of this form.
        """
        picture = np.asarray(picture)
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
            raise ValueError(f"a picture is uint8, (height, width, 3), not {picture.dtype}, {picture.shape}")
        laid, size = self.laid_in(picture)
        *maps, logits, deltas = self._look(laid[None])
        boxes = self.propose(logits[0], deltas[0], *size)
        if len(boxes) == 0:
            return boxes, np.zeros(0, np.float32), np.zeros(0, np.int64)
        for turn in range(passes):
            probabilities, moves = self.judge(maps, boxes, *size)
            if turn + 1 < passes:
                moved = clip(decode(boxes, moves[np.arange(len(boxes)), probabilities.argmax(axis=1)]), *size)
                large = large_enough(moved, self.facts["smallest"])
                boxes = np.where(large[:, None], moved, boxes)
        rows, labels = np.nonzero(probabilities > min_score)
        found, scores = clip(decode(boxes[rows], moves[rows, labels]), *size), probabilities[rows, labels]
        kept = nms_by_class(found, scores, labels, iou_threshold)
        factors = np.float32([size[1] / picture.shape[1], size[0] / picture.shape[0]] * 2)
        return found[kept] / factors, scores[kept], labels[kept]

    def laid_in(self, picture):
        """A picture brought to the nets' size: float32 (height, width, 3), and its height and width in it.

        It lies at the top left; what is left at the right and below is filled with the value that the net
        takes for nothing.
        """
        height, width = picture.shape[:2]
        room, multiple = (self.height, self.width), self.facts["multiple"]
        factor = self.facts["side"] / max(height, width)
        size = scaled(height, width, factor, multiple)
        if size[0] > room[0] or size[1] > room[1]:
            # of another form than the pictures that this size was made for
            factor = min(room[0] / height, room[1] / width)
            size = tuple(map(min, scaled(height, width, factor, multiple), room))
        small = picture
        if size != (height, width):
            import cv2

            way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
            small = cv2.resize(picture, size[::-1], interpolation=way)
        laid = np.full((*room, 3), self.facts["fill"], np.float32)
        laid[: size[0], : size[1]] = small
        return laid, size

    def propose(self, logits, deltas, height: int, width: int) -> np.ndarray:
        """Boxes for the second net, float32 (n, 4), from what the first says of each anchor.

        Anchors at positions that the picture does not reach are left out.
        """
        facts = self.facts
        logits = np.where(self._reached(height, width), logits, -np.inf)
        order = np.argsort(-logits, kind="stable")[: facts["before"]]
        moves = deltas[order].astype(float) * facts["anchor_std"]
        boxes = clip(decode(self._anchors[order], moves), height, width)
        kept = large_enough(boxes, facts["smallest"]) & np.isfinite(logits[order])
        boxes = boxes[kept].astype(np.float32)
        return boxes[nms(boxes, logits[order][kept], facts["proposal_iou"])[: facts["proposals"]]]

    def judge(self, maps, boxes, height: int, width: int):
        """What the second net says: probabilities (n, classes), without background, and moves (n, classes, 4)."""
        given = np.zeros((self.facts["proposals"], 4), np.float32)
        given[: len(boxes)] = boxes
        probabilities, moves = self._judge(*maps, given, np.float32([[height, width]]))
        return probabilities[: len(boxes), :-1], moves[: len(boxes)]

    def _positions(self, height: int, width: int):
        """Rows and columns of anchors that a picture of this size has."""
        return height // self.facts["stride"], width // self.facts["stride"]

    def _anchor_table(self) -> np.ndarray:
        rows, columns = self._positions(self.height, self.width)
        stride, halves = self.facts["stride"], np.array(self.facts["anchors"], float) / 2
        y, x = np.meshgrid(
            (np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij"
        )
        centres = np.stack([x, y, x, y], axis=2)[:, :, None]
        return (centres + np.concatenate([-halves, halves], axis=1)).reshape(-1, 4)

    def _reached(self, height: int, width: int) -> np.ndarray:
        """Which anchors stand at positions that a picture of this size has: bool, (anchors,)."""
        reached = np.zeros((*self._positions(self.height, self.width), len(self.facts["anchors"])), bool)
        rows, columns = self._positions(height, width)
        reached[:rows, :columns] = True
        return reached.ravel()


class Net:
    """A .tflite file as a function of arrays, which answers in the order of the Keras model's outputs."""

    def __init__(self, path: Path, threads: int = 2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow's own interpreter announces that it will go
            whole = interpreter()(model_path=str(path), num_threads=threads)
        self.run = whole.get_signature_runner()
        # inputs are known by their shapes, which all differ: their names depend on the version of Keras
        self.inputs = {tuple(one["shape"]): name for name, one in self.run.get_input_details().items()}
        # output_0, output_1, ...
        self.outputs = sorted(self.run.get_output_details(), key=lambda name: int(name.rpartition("_")[2]))

    def __call__(self, *arrays) -> list[np.ndarray]:
        answers = self.run(**{self.inputs[one.shape]: one for one in arrays})
        return [answers[name] for name in self.outputs]


def interpreter():
    """The class of the first interpreter that is installed. Raises ImportError when none is."""
    for module, place in INTERPRETERS:
        try:
            return operator.attrgetter(place)(importlib.import_module(module))
        except (ImportError, AttributeError):
            continue
    raise ImportError("no LiteRT interpreter is installed: install the package ai-edge-litert")


def scaled(height: int, width: int, factor: float, multiple: int) -> tuple[int, int]:
    """Sides times a factor, each the nearest multiple of so many pixels."""
    return tuple(max(multiple, multiple * round(side * factor / multiple)) for side in (height, width))


def decode(boxes, deltas) -> np.ndarray:
    """Boxes (n, 4) moved by deltas (n, 4): the centre's way in sides, logarithms of sides' ratios."""
    sides = boxes[:, 2:] - boxes[:, :2]
    centres = boxes[:, :2] + sides / 2 + deltas[:, :2] * sides
    halves = sides * np.exp(np.minimum(deltas[:, 2:], np.log(1000 / 16))) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def clip(boxes, height: int, width: int) -> np.ndarray:
    return np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype))


def large_enough(boxes, smallest: float) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2] >= smallest).all(axis=1)


def overlap(box, others) -> np.ndarray:
    """IoU of one box with others (n, 4)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = sides.clip(min=0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - common
    return np.divide(common, union, out=np.zeros(len(others)), where=union > 0)


def nms(boxes, scores, iou_threshold: float) -> np.ndarray:
    """Places of the boxes that stay, best first: each drops later ones that overlap it above the limit."""
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[overlap(boxes[best], boxes[order]) <= iou_threshold]
    return np.array(kept, np.int64)


def nms_by_class(boxes, scores, labels, iou_threshold: float) -> np.ndarray:
    """`nms` for each class alone; places over all classes, best first."""
    kept = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    kept = [members[nms(boxes[members], scores[members], iou_threshold)] for members in kept]
    kept = np.concatenate([np.zeros(0, np.int64), *kept])
    return kept[np.lexsort((kept, -scores[kept]))]


def main(paths: list[str]) -> None:
    """Print what is found on pictures."""
    import cv2

    detector = ExportedDetector()
    for path in paths:
        picture = cv2.imread(path)
        if picture is None:
            print(f"{path}: no picture that can be read")
            continue
        boxes, scores, labels = detector(np.ascontiguousarray(picture[..., ::-1]))
        print(f"{path}: {len(boxes)} found")
        for box, score, label in zip(boxes, scores, labels, strict=True):
            print(f"  {detector.classes[label]} {score:.2f} at", *np.rint(box).astype(int))


if __name__ == "__main__":
    main(sys.argv[1:])
