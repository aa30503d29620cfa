"""RoI pooling by torchvision (C++); prints the median seconds forward, and forward with backward.

python -m scripts.tools.benches.programs.torchvision_roi_pool ROIS SIDE CHANNELS BINS REPEATS
"""

import json
import sys

import numpy as np

from scripts.tools.benches.programs.roi_pool_case import Case


def main(*sizes: str) -> None:
    """Time both; sizes: of a `Case`."""
    import torch
    import torchvision

    case = Case(*map(int, sizes))
    maps, boxes = case.drawn()
    x = torch.from_numpy(maps.transpose(0, 3, 1, 2).copy()).requires_grad_(True)
    rois = torch.from_numpy(np.concatenate([np.zeros((case.rois, 1), np.float32), boxes], axis=1))

    def forward():
        return torchvision.ops.roi_pool(x, rois, (case.bins, case.bins), case.scale)

    ones = torch.ones_like(forward())
    print(json.dumps([case.median(forward), case.median(lambda: forward().backward(ones))]))


if __name__ == "__main__":
    main(*sys.argv[1:])
