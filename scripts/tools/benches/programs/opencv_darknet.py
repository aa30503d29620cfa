"""A forward pass of a Darknet net by OpenCV 4's reader, in an environment that has this version; prints the version.

    python -m scripts.tools.benches.programs.opencv_darknet FOLDER

The folder holds net.cfg, net.weights and input.npy; coarse.npy and fine.npy, TinyYOLOv3's two raw maps, are left in it.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

MAPS = {"coarse": "conv_15", "fine": "conv_22"}


def main(folder: str) -> None:
    """Read the net, run it, and leave its maps."""
    held = Path(folder)
    net = cv2.dnn.readNetFromDarknet(str(held / "net.cfg"), str(held / "net.weights"))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.setInput(np.load(held / "input.npy"))
    for name, found in zip(MAPS, net.forward(list(MAPS.values())), strict=True):
        np.save(held / f"{name}.npy", found)
    print(json.dumps(cv2.__version__))


if __name__ == "__main__":
    main(*sys.argv[1:])
