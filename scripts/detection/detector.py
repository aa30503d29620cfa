"""A detector of your own: trained on your pictures, kept in a folder, loaded, and shown new ones.

    from scripts import data
    from scripts.detection.detector import Detector

    parts = data.read_any("my_pictures")
    detector = Detector.train(parts.train, parts.validation)
    detector.save("my_detector")
    found = Detector.load("my_detector")(picture)

It is lesson 18's Faster R-CNN on a backbone from ImageNet (photo_net.py, photo_training.py), or by one switch,
proposals="selective search", lesson 17's Fast R-CNN. Files: detector_files.py. By a line:

    python -m scripts.detection.detector train|test|show FOLDER
"""

import time

import numpy as np

from scripts.detection import detector_files, fast_rcnn, photo_net, photo_training
from scripts.detection.detections import Detections
from scripts.detection.detector_judge import Judge
from scripts.detection.detector_pictures import brought_to, checked, side_for, usable
from scripts.detection.evaluation import Evaluation, evaluate, objects_in
from scripts.detection.photo_net import PHOTO, SMALL, Net, Plan, Stages
from scripts.detection.photo_proposals import NETWORK, search_of
from scripts.runtime import progress
from scripts.runtime import seed as set_seed

SMALL_SIDE = 320  # pixels, for the small backbone
STARTS = ("imagenet", "digits", "nothing")
LOWEST = 0.02  # score of detections that an evaluation counts
PASSES = 2  # how often boxes go through the heads: the second look sharpens them


class Detector:
    """A trained detector. `detector(picture)` finds; `classes` names what; `card` tells how it was made; `history`: its losses."""

    def __init__(self, net: Net, card: dict, history=None, found=None):
        self.net, self.card = net, card
        self.history = np.zeros((0, 4 if net.proposals else 2), np.float32) if history is None else history
        self.found = found or []
        self._stages = Stages(net)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.net.plan.classes

    @classmethod
    def train(
        cls,
        train,
        validation=None,
        steps: int | None = None,
        start: str = "imagenet",
        trainable_from: int | None = 4,
        side: int | None = None,
        anchors: int = photo_net.ANCHORS,
        proposals: str = NETWORK,
        search: dict | None = None,
        seed: int = 0,
        about: dict | None = None,
        doing: str = "training",
        **settings,
    ) -> "Detector":
        """Train on a set of pictures with boxes.

        Args:
            train, validation: sets (`data.read_any(...).train`, `data.load_bccd()`, `data.load_scenes(...)`) with the same classes.
                Pictures without objects are learnt from too. Difficult objects are left out, and a picture that has no other.
                With a validation part the training is judged `CHECKS` times, keeps the best weights, and ends early when nothing
                gets better.
            steps: of two pictures each; None: 600, or three for each picture where that is more.
            start: "imagenet": EfficientNet-Lite0's photographs; "digits": the course's small backbone from lesson 17's digits;
                "nothing": the small one, from random weights.
            trainable_from: from which group of blocks on the backbone of "imagenet" is fine-tuned; None: it stays frozen. The
                small one is always trained.
            side: pixels that the longer side of each picture is brought to, about; None: of `side_for`, and 320 for the small
                backbone, whose map is finer and slower. anchors: how many, of k-means over the objects.
            proposals: "network", or "selective search": slower, and the net has no proposal network and no anchors. search:
                arguments of `proposals.selective_search` for it; None: the strategy "fast".
            about: what the card should say of the data, such as {"data": "200 photographs of ...", "not for": "..."}.
            doing: a name for the progress bar. settings: of `photo_training.Settings`.

        Raises:
            ValueError: an unknown start or source of proposals, no object to learn from, other classes in the validation part.
            WeightsError: the start's weights are not here; the message names the cure.
        """
        if start not in STARTS:
            raise ValueError(f"start is one of {', '.join(STARTS)}, not {start!r}")
        search = search_of(proposals, search)
        if validation is not None and tuple(validation.classes) != tuple(train.classes):
            raise ValueError("the validation part has other classes than the training part")
        for name, value, low in (("steps", steps, 1), ("side", side, 64), ("anchors", anchors, 1)):
            if value is not None and value < low:
                raise ValueError(f"{name} is {low} or more, not {value}")
        for i, labels in enumerate(train.labels):
            if len(labels) and not 0 <= np.min(labels) <= np.max(labels) < len(train.classes):
                raise ValueError(
                    f"picture {i} has the label {np.max(labels)}, and there are {len(train.classes)} classes, from 0"
                )
        began = time.perf_counter()
        set_seed(seed)
        side = side or (side_for(train) if start == "imagenet" else SMALL_SIDE)
        examples = usable(train, side)
        steps = steps or max(photo_training.STEPS, photo_training.EACH * len(examples))
        sizes = () if search else photo_net.anchor_sizes([one[1] for one in examples], anchors)
        backbone, group = (PHOTO, trainable_from) if start == "imagenet" else (SMALL, None)
        plan = Plan(tuple(train.classes), sizes, backbone, group, side, search=search)
        net = Net(plan)
        if start == "digits":
            start_from_digits(net)
        detector = cls(net, {})
        judge = Judge(detector, validation, steps) if validation is not None and len(validation) else None
        how = photo_training.Settings(steps=steps, seed=seed, **settings)
        detector.history = photo_training.train(net, *zip(*examples, strict=True), how, doing, judge)
        if judge:
            judge.keep_the_best()
        made = {
            "start": start,
            "proposals": proposals,
            "settings": how._asdict(),
            "seconds": round(time.perf_counter() - began, 1),
        }
        made |= {"steps done": len(detector.history), "pictures": len(examples)}
        made |= {"objects": sum(len(one[1]) for one in examples)}
        detector.card = detector_files.card_of(plan, made, about, judge.scores if judge else None)
        return detector

    def __call__(
        self, picture, min_score: float = 0.3, iou_threshold: float = 0.3, passes: int = PASSES
    ) -> Detections:
        """What is found on one picture.

        Args:
            picture: uint8, (height, width, 3), RGB, any size. min_score: surer ones only; `evaluate` counts from `LOWEST` on.
            iou_threshold, passes: as `photo_net.detect`.

        Returns:
            Boxes in pixels of this picture, surest first; labels are positions in `classes`.

        Raises:
            ValueError: no picture of this form.
        """
        picture = checked(picture)
        small, factors = brought_to(picture, self.net.plan.side)
        found = photo_net.detect(self._stages, small, min_score, iou_threshold, passes)
        return found._replace(boxes=found.boxes / factors)

    def propose(self, picture) -> np.ndarray:
        """The boxes that the heads judge first, float (n, 4), pixels of this picture: for `proposal_quality`."""
        small, factors = brought_to(checked(picture), self.net.plan.side)
        return self._stages.propose(small)[1] / factors

    def find_all(self, pictures, doing: str = "", **settings) -> list[Detections]:
        """Detections of each picture of a set, for `evaluate` of evaluation.py; settings: of `__call__`."""
        settings = {"min_score": LOWEST, **settings}
        return [self(image, **settings) for image in progress(pictures, doing)]

    def evaluate(self, pictures, iou_threshold: float = 0.5, doing: str = "", **settings) -> Evaluation:
        """Average precision on a set; `found` keeps the detections. Difficult objects count neither way.

        Raises:
            ValueError: a set of other classes, or without pictures.
        """
        if tuple(pictures.classes) != self.classes:
            raise ValueError(
                f"this detector knows {', '.join(self.classes)}; the set has {', '.join(pictures.classes)}"
            )
        if len(pictures) == 0:
            raise ValueError("there is no picture to judge by")
        self.found = self.find_all(pictures.images, doing, **settings)
        return evaluate(self.found, objects_in(pictures), len(self.classes), iou_threshold)

    def save(self, folder) -> None:
        """Write weights and card into a folder, whole or not at all. Errors: `detector_files.DetectorError`."""
        detector_files.save(self.net, self.card, folder)

    @classmethod
    def load(cls, folder) -> "Detector":
        """A detector out of a folder that `save` wrote. Errors: `detector_files.DetectorError`, one clear line."""
        net, card = detector_files.load(folder)
        return cls(net, card)


def start_from_digits(net: Net) -> None:
    """Put lesson 17's digit classifier's convolutions into the small backbone."""
    from scripts import weights

    classifier = fast_rcnn.digit_classifier()
    weights.load(classifier, "scene_digits")
    net.trained.set_weights(classifier.get_layer("backbone").get_weights())


if __name__ == "__main__":
    import runpy

    # by its name: the command imports this module, and an import here would close a circle
    runpy.run_module("scripts.detection.detector_command", run_name="__main__")
