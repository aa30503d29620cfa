"""Selective search by OpenCV's contrib modules (ximgproc, C++); prints seconds and boxes of each picture.

    python -m scripts.tools.benches.programs.opencv_selective_search pictures.npz SETTINGS

Settings are JSON: colour spaces, values of k, similarities (letters of CTSF together), the smallest region in pixels.
Seconds are of the clock and of the processor.
"""

import json
import sys
import time

import cv2
import numpy as np
from cv2.ximgproc import segmentation

NAMES = {"C": "Color", "T": "Texture", "S": "Size", "F": "Fill"}


def search(picture, spaces, starts, groupings, smallest):
    """The boxes of one picture, RGB, as OpenCV gives them: int, shape (n, 4), x, y, width, height."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    made = segmentation.createSelectiveSearchSegmentation()
    made.setBaseImage(bgr)
    for space in spaces:
        made.addImage(cv2.cvtColor(bgr, getattr(cv2, f"COLOR_BGR2{space}")))
    for k in starts:
        made.addGraphSegmentation(segmentation.createGraphSegmentation(0.8, k, smallest))
    for letters in groupings:
        together = segmentation.createSelectiveSearchSegmentationStrategyMultiple()
        for letter in letters:
            measure = getattr(segmentation, f"createSelectiveSearchSegmentationStrategy{NAMES[letter]}")()
            together.addStrategy(measure, 1 / len(letters))
        made.addStrategy(together)
    return made.process()


def main(file: str, settings: str) -> None:
    """Search every picture of the file."""
    pictures, boxes, seconds, given = np.load(file), [], [], json.loads(settings)
    for name in pictures.files:
        picture = pictures[name]
        began = time.perf_counter(), time.process_time()
        found = search(picture, *given)
        seconds.append([time.perf_counter() - began[0], time.process_time() - began[1]])
        boxes.append((found + np.pad(found[:, :2], ((0, 0), (2, 0)))).tolist())
    print(json.dumps([seconds, boxes]))


if __name__ == "__main__":
    main(*sys.argv[1:])
