"""Selective search as the course writes it; prints seconds and boxes of each picture.

    python -m scripts.tools.benches.programs.course_selective_search pictures.npz '"single"'

The strategy is given as JSON. Seconds are of the clock and of the processor; the first picture is searched once before.
"""

import json
import sys
import time

import numpy as np

from scripts.detection.proposals import selective_search


def main(file: str, strategy: str) -> None:
    """Search every picture of the file."""
    pictures, boxes, seconds = np.load(file), [], []
    selective_search(pictures[pictures.files[0]])
    for name in pictures.files:
        picture = pictures[name]
        began = time.perf_counter(), time.process_time()
        found = selective_search(picture, json.loads(strategy))
        seconds.append([time.perf_counter() - began[0], time.process_time() - began[1]])
        boxes.append(found.tolist())
    print(json.dumps([seconds, boxes]))


if __name__ == "__main__":
    main(*sys.argv[1:])
