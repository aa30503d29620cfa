"""RoI pooling and its gradient, and RoIAlign, by torchvision, for what one file holds; leaves them in another.

    python -m tests.programs.torchvision_pooling given.npz said.npz

given.npz: boxes, images, inside (boxes that lie inside), settings (rows of size and scale), and for setting i the map maps_i
and the gradient up_i, channels last. said.npz: pooled_i, gradient_i and aligned_i, channels last as well.
"""

import sys

import numpy as np
import torch
from torchvision.ops import roi_align, roi_pool


def channels_first(values):
    """As torchvision wants maps: a tensor of the same numbers, (n, channels, rows, columns)."""
    return torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))


def channels_last(tensor):
    """As the course has them: an array, (n, rows, columns, channels)."""
    return tensor.detach().numpy().transpose(0, 2, 3, 1)


def main(source: str, target: str) -> None:
    """Pool, align, and leave the results."""
    given, said = np.load(source), {}

    def rois(boxes):
        images = given["images"][:, None].astype(np.float32)
        return torch.from_numpy(np.concatenate([images, boxes], axis=1))

    for i, (size, scale) in enumerate(given["settings"]):
        maps = channels_first(given[f"maps_{i}"]).requires_grad_(True)
        pooled = roi_pool(maps, rois(given["boxes"]), int(size), scale)
        pooled.backward(channels_first(given[f"up_{i}"]))
        aligned = roi_align(maps, rois(given["inside"]), int(size), scale, sampling_ratio=2, aligned=True)
        said[f"pooled_{i}"], said[f"aligned_{i}"] = channels_last(pooled), channels_last(aligned)
        said[f"gradient_{i}"] = channels_last(maps.grad)
    np.savez(target, **said)


if __name__ == "__main__":
    main(*sys.argv[1:])
