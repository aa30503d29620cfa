"""Two objects and boxes that overlap them by set amounts, for the tests of the detectors."""

import numpy as np

NONE, NO_LABEL = np.zeros((0, 4), np.float32), np.zeros(0, np.int32)
TRUTH, LABELS = np.array([[10.0, 10, 50, 50], [60, 60, 100, 100]], np.float32), np.array([3, 7])
# IoU with the first object: 1, 0.6, exactly 0.5, 0.3, 0
BOXES = np.array(
    [[10, 10, 50, 50], [10, 10, 50, 34], [10, 10, 50, 30], [10, 10, 50, 22], [110, 110, 150, 150]], float
)
