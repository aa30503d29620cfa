"""What a detector has seen in a video or by a camera: detections by frame, times, some frames to show."""

import cv2
import numpy as np

from scripts.detection.detections import Detections

KEPT = 8  # pictures at least that are kept to be shown, where there are so many; twice as many at most
SHOWN = 480  # pixels of their longer side


class Seen:
    """What was found in a video, or by a camera.

    name: of the video. classes: the detector's. numbers: of the frames looked at, from 0; found: their
    detections, in pixels of a frame; size: its (height, width). frames: how many were read. problem: "" or,
    in one line, what ended it early.
    decoding: seconds of each frame read; detecting, processor: seconds by the clock and of the processors, of
        each looked at.
    kept: some frames for a figure, evenly spread: (place in `found`, uint8 picture, shrunk by which factor).
    """

    def __init__(self, name: str, classes):
        self.name, self.classes, self.problem = name, tuple(classes), ""
        self.numbers: list[int] = []
        self.found: list[Detections] = []
        self.size, self.frames = (0, 0), 0
        self.decoding: list[float] = []
        self.detecting: list[float] = []
        self.processor: list[float] = []
        self.kept: list[tuple[int, np.ndarray, float]] = []
        self._apart = 1

    @property
    def frames_a_second(self) -> float:
        """Of detecting, decoding apart: by the median frame, since the first one also lays out the net."""
        return 1 / float(np.median(self.detecting)) if self.detecting else 0.0

    def report(self) -> str:
        """Two lines: frames, sizes and objects; times."""
        if not self.found:
            return f"{self.name}: no frame was looked at"
        decoding, detecting, processor = (
            1000 * float(np.median(times)) for times in (self.decoding, self.detecting, self.processor)
        )
        height, width = self.size
        return (
            f"{self.name}: {len(self.found)} of {self.frames} frames of {width} x {height} pixels looked at, "
            f"{sum(len(one.boxes) for one in self.found)} objects\n"
            f"a frame: detecting {detecting:.0f} ms ({processor:.0f} ms of processors), decoding {decoding:.1f} ms; "
            f"{self.frames_a_second:.1f} frames a second"
        )

    def keep(self, picture) -> None:
        """Keep the frame that was just looked at, should it be one of evenly spread ones."""
        place = len(self.found) - 1
        if place % self._apart == 0:
            factor = min(1.0, SHOWN / max(picture.shape[:2]))
            size = [max(1, round(side * factor)) for side in picture.shape[1::-1]]
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture.copy()
            self.kept.append((place, small, factor))
        if len(self.kept) > 2 * KEPT:
            self.kept, self._apart = self.kept[::2], 2 * self._apart
