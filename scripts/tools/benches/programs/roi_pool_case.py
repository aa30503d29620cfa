"""What both sides of the comparison of RoI pooling are given, and how both are timed. NumPy only."""

import statistics
import time
from dataclasses import dataclass

import numpy as np

PICTURE = 160  # pixels, the side of the picture that boxes lie in


@dataclass(frozen=True)
class Case:
    """Sizes: boxes, cells a side of the map, its channels, bins a side of a pooled box; and how often to run."""

    rois: int
    side: int
    channels: int
    bins: int
    repeats: int

    @property
    def scale(self) -> float:
        """Cells a pixel."""
        return self.side / PICTURE

    def drawn(self):
        """A map, float32 (1, side, side, channels), and boxes in pixels of the picture, float32 (rois, 4)."""
        rng = np.random.default_rng(0)
        maps = rng.normal(size=(1, self.side, self.side, self.channels)).astype(np.float32)
        start = rng.uniform(0, PICTURE, (self.rois, 2))
        boxes = np.concatenate([start, start + rng.uniform(10, 90, (self.rois, 2))], axis=1)
        return maps, boxes.clip(0, PICTURE).astype(np.float32)

    def median(self, run) -> float:
        """Median seconds of the runs."""
        seconds = []
        for _ in range(self.repeats):
            began = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - began)
        return statistics.median(seconds)
