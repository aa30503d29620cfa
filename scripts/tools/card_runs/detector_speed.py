"""From picture to boxes: the course's detector at 480 pixels beside TinyYOLOv3 through ImageAI, by turns, each in a process of its own.

TensorFlow and PyTorch crash in one process, so each net runs in its own, and they take turns: three rounds each. What counts is
the median over the pictures, then over the rounds. The net's weights do not matter for its time; its proposals' number is fixed.
"""

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np

PICTURES, ROUNDS = 30, 3
OURS, THEIRS = "detector", "TinyYOLOv3"


def pictures() -> list[np.ndarray]:
    """Photographs of 480 pixels: bundled ones, shifted, so that no two are equal."""
    import cv2

    from scripts import data

    names = ("coffee", "chelsea", "astronaut", "rocket", "motorcycle_left")
    whole = []
    for i in range(PICTURES):
        image = data.photograph(names[i % len(names)])
        factor = 480 / max(image.shape[:2])
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        whole.append(np.ascontiguousarray(np.roll(image, 7 * i, axis=1)))
    return whole


def milliseconds(find, images) -> float:
    """The median over pictures of the time from picture to boxes; three pictures before, untimed."""
    import time

    for image in images[:3]:
        find(image)
    taken = []
    for image in images:
        began = time.perf_counter()
        find(image)
        taken.append(1000 * (time.perf_counter() - began))
    return float(np.median(taken))


def ours(images) -> float:
    """A detector of raccoons' sizes, trained for a few steps: the number of its proposals is what it will be."""
    from scripts import data
    from scripts.detection.detector import Detector

    return milliseconds(Detector.train(data.load_raccoons("test"), steps=100, doing=""), images)


def theirs(images) -> float:
    from scripts import pretrained
    from scripts.pretrained import imageai_help

    net = imageai_help.load("tiny_yolov3", pretrained.fetch("tiny_yolov3", package=True))
    return milliseconds(lambda image: imageai_help.detect(net, image), images)


def measure() -> dict:
    """Both, by turns. Without ImageAI the second is left out."""
    sides = {OURS: "ours"} | ({THEIRS: "theirs"} if find_spec("imageai") else {})
    rounds = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            command = [sys.executable, "-m", "scripts.tools.card_runs.detector_speed", side]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rounds[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {
        "pictures": PICTURES,
        **{name: round(float(np.median(taken)), 1) for name, taken in rounds.items()},
        "rounds": rounds,
    }


if __name__ == "__main__":
    print(json.dumps({"ours": ours, "theirs": theirs}[sys.argv[1]](pictures())))
