"""Writes what the Keras EfficientNet-Lite0 makes of pictures: maps at stride 8 and 16, and the logits.

    python -m tests.programs.lite_maps PICTURES ARRAYS

PICTURES is an .npz of batches, float32 (n, height, width, 3), RGB from 0 to 255; in ARRAYS, an .npz, each name gets an ending:
_8, _16, _logits.
"""

import sys

import numpy as np

from scripts.pretrained import efficientnet_lite


def main(pictures: str, arrays: str) -> None:
    """Make the three nets, and run each batch through each."""
    nets = {stride: efficientnet_lite.backbone(stride) for stride in efficientnet_lite.LAST_GROUP}
    nets["logits"] = efficientnet_lite.classifier()
    with np.load(pictures) as batches:
        made = {
            f"{name}_{what}": np.asarray(net(batches[name], training=False))
            for name in batches
            for what, net in nets.items()
        }
    np.savez(arrays, **made)


if __name__ == "__main__":
    main(*sys.argv[1:])
