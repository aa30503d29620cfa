"""Compares the course's boxes with torchvision's on random ones, and prints the largest differences as JSON.

    python -m tests.programs.torchvision_boxes

nms and by_class count the cases in which other boxes are kept; iou, encode and decode are largest differences, decode's as
a share of the coordinate.
"""

import json

import numpy as np
import torch
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import batched_nms, box_iou, nms

from scripts.detection import boxes as ours


def main(cases: int = 60) -> None:
    """Draw the cases, compare, and print."""
    report = {"iou": 0.0, "nms": 0, "by_class": 0, "encode": 0.0, "decode": 0.0}
    coder, tensor = BoxCoder((1.0, 1.0, 1.0, 1.0)), torch.from_numpy

    def note(name, difference):
        report[name] = max(report[name], float(difference.max()))

    for seed in range(cases):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 300))
        start = rng.uniform(0, 100, (n, 2))
        a = np.concatenate([start, start + rng.uniform(0.5, 60, (n, 2))], axis=1).astype(np.float32)
        b, scores = a[rng.permutation(n)], rng.permutation(n).astype(np.float32) / n
        labels, limit = rng.integers(0, 5, n), float(rng.uniform(0.1, 0.9))
        note("iou", np.abs(ours.iou(a, b) - box_iou(tensor(a), tensor(b)).numpy()))
        theirs = nms(tensor(a), tensor(scores), limit).tolist()
        report["nms"] += ours.nms(a, scores, limit).tolist() != theirs
        exact = a.astype(np.float64), scores.astype(np.float64), labels
        theirs = batched_nms(*map(tensor, exact), limit).tolist()
        report["by_class"] += ours.nms_by_class(*exact, limit).tolist() != theirs
        note("encode", np.abs(ours.encode(a, b) - coder.encode_single(tensor(b), tensor(a)).numpy()))
        deltas = rng.normal(0, 2, (n, 4)).astype(np.float32)
        box = coder.decode_single(tensor(deltas), tensor(a)).numpy()
        note("decode", np.abs(ours.decode(a, deltas) - box) / (1 + np.abs(box)))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
