"""Prints what the Keras TinyYOLOv3 finds in photographs that the packages carry, as JSON: minimum, photograph, boxes.

    python -m tests.programs.keras_yolo_boxes MINIMA NAME NAME ...

MINIMA are numbers with commas between them, such as 50,5.
"""

import json
import sys

from scripts import data
from scripts.pretrained import keras_yolo


def main(minima: str, *names: str) -> None:
    """Load the net once, and look at each photograph."""
    net = keras_yolo.load()
    found = {}
    for minimum in minima.split(","):
        found[minimum] = {
            name: keras_yolo.detect(net, data.photograph(name), float(minimum)) for name in names
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
