"""Non-maximum suppression by torchvision on one thread; prints for each set of boxes the median seconds and what is kept.

    python -m scripts.tools.benches.programs.torchvision_nms boxes.npz LIMIT REPEATS

The file holds boxes b100, b500, ... of so many each, and their scores s100, s500, ...
"""

import json
import sys
import time

import numpy as np


def main(file: str, limit: str, repeats: str) -> None:
    """Suppress each set of the file, once before the clock starts."""
    import torch
    import torchvision

    torch.set_num_threads(1)
    given, rows = np.load(file), []
    for count in sorted({key[1:] for key in given.files}, key=int):
        boxes, scores = (torch.from_numpy(given[letter + count]) for letter in "bs")
        torchvision.ops.nms(boxes, scores, float(limit))
        took = []
        for _ in range(int(repeats)):
            began = time.perf_counter()
            kept = torchvision.ops.nms(boxes, scores, float(limit))
            took.append(time.perf_counter() - began)
        rows.append([sorted(took)[len(took) // 2], kept.tolist()])
    print(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
