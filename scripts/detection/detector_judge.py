"""How a training is watched: a detector is judged on its validation part now and then, and its best weights are kept."""

import numpy as np

from scripts.detection.detector_pictures import brought_to, checked
from scripts.detection.evaluation import evaluate, objects_in

CHECKS = 6  # how often a training is judged on the validation part
PATIENCE = 3  # checks without a better one after which it ends
JUDGED = 100  # validation pictures that a check looks at, at most


class Judge:
    """Looks at the validation part now and then while a detector is trained, and remembers the best weights."""

    def __init__(self, detector, validation, steps: int):
        """Of a `Detector`, by a set `validation`, in a training of so many steps."""
        self.detector, self.every = detector, max(1, steps // CHECKS)
        # brought to their side now: a hundred photographs as they are may not fit into memory
        self.images, self.objects = [], []
        for i, objects in enumerate(objects_in(validation)[:JUDGED]):
            small, factors = brought_to(checked(validation.images[i]), detector.net.plan.side)
            self.images.append(small)
            self.objects.append(objects._replace(boxes=objects.boxes * factors))
        self.scores, self.best, self.weights = [], -1.0, None

    def __call__(self, done: int) -> bool:
        """After each step; True when the training should end."""
        if done % self.every:
            return False
        found = self.detector.find_all(self.images)
        # at two limits: the second tells apart what the first calls equal
        means = [
            evaluate(found, self.objects, len(self.detector.classes), limit).mean for limit in (0.5, 0.75)
        ]
        score = float(np.mean(means))
        self.scores.append({"step": done, "mAP@0.5": means[0], "mAP@0.75": means[1]})
        if not score <= self.best:
            self.best, self.weights = score, self.detector.net.model.get_weights()
            self.at = len(self.scores)
        return len(self.scores) - self.at >= PATIENCE

    def keep_the_best(self) -> None:
        if self.weights is not None:
            self.detector.net.model.set_weights(self.weights)
