"""A video that is written: frames with boxes drawn on them, by OpenCV's writer, checked, whole or not at all.

OpenCV's writer says nothing when the disk is full, when a frame has another size, or when it knows no
encoder.
"""

import functools
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.data import DataError
from scripts.detection.detections import Detections
from scripts.plots import COLOURS
from scripts.runtime import quiet

# what an ending stands for: encoders that OpenCV's wheels bring along
CODES = {".avi": "MJPG", ".mp4": "mp4v"}
RATE = 20.0  # frames a second where a video does not say
# the house's colours that can be read on black
BRIGHT = [COLOURS[i] for i in (4, 5, 3, 2, 1)]
RGB = [tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in BRIGHT]


def drawn(picture, found: Detections, classes) -> np.ndarray:
    """A copy of a picture, uint8 (height, width, 3), with boxes; in each its class and score in per cent.

    A class keeps its colour; text and colour say the same. Names may hold any letters of DejaVu Sans.
    """
    page = Image.fromarray(picture)
    pen, thick = ImageDraw.Draw(page), max(1, round(max(picture.shape) / 250))
    for box, score, label in zip(*found, strict=True):
        x1, y1, x2, y2 = (float(edge) for edge in box)
        colour = RGB[int(label) % len(RGB)]
        # the box's end is exclusive
        frame = (x1, y1, max(x1, x2 - 1), max(y1, y2 - 1))
        pen.rectangle(frame, outline=(255, 255, 255), width=thick + 2)
        pen.rectangle(frame, outline=colour, width=thick)
        text = f"{classes[label]} {100 * score:.0f}"
        place = (x1 + thick + 2, y1 + thick + 1)
        left, top, right, bottom = pen.textbbox(place, text, font=_font(10 + 2 * thick))
        pen.rectangle((left - 2, top - 2, right + 2, bottom + 2), fill=(0, 0, 0))
        pen.text(place, text, fill=(255, 255, 255), font=_font(10 + 2 * thick))
    return np.asarray(page)


@functools.cache
def _font(size: int):
    from matplotlib import font_manager

    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


class VideoFile:
    """A video being written, for a ``with`` block: `add` frames; `keep` checks it and puts it in its place.

    Without `keep`, as after an exception, nothing is left behind, and an older file of this name stays.
    """

    def __init__(self, path, rate: float = RATE):
        """Raises DataError: an ending without an encoder here, or a folder that cannot be written to."""
        self.path, self.rate = Path(path), rate if 0 < rate <= 240 else RATE
        self.frames, self._writer, self._size = 0, None, None
        if self.path.suffix.lower() not in CODES:
            raise DataError(f"{self.path.name}: a video is written as {' or '.join(CODES)}")
        if self.path.is_dir():
            raise DataError(f"{self.path.name} is a folder: name a file for the video")
        try:
            self._place = tempfile.TemporaryDirectory(prefix=".video-", dir=self.path.parent)
        except OSError as problem:
            raise DataError(
                f"{self.path.name} cannot be written: {problem.strerror}. Check the folder, or name another"
            ) from None
        self._half = Path(self._place.name) / f"half{self.path.suffix.lower()}"
        with quiet():
            # tried at once, not after the first frame was looked at
            trial = self._opened((64, 64))
            able = trial.isOpened()
            trial.release()
        if not able:
            self._place.cleanup()
            raise DataError(f"{self.path.name} cannot be written: OpenCV has no encoder for it here")

    def _opened(self, size: tuple[int, int]):
        code = cv2.VideoWriter_fourcc(*CODES[self._half.suffix])
        return cv2.VideoWriter(str(self._half), code, self.rate, size)

    def add(self, picture) -> None:
        """Write a frame, uint8 (height, width, 3), RGB; one of another size is brought to the first one's."""
        with quiet():
            if self._writer is None:
                # encoders halve the resolution of colours: an even number of pixels a side
                self._size = tuple(max(2, side - side % 2) for side in picture.shape[1::-1])
                self._writer = self._opened(self._size)
            width, height = self._size
            if picture.shape[:2] != (height + picture.shape[0] % 2, width + picture.shape[1] % 2):
                picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
            self._writer.write(np.ascontiguousarray(picture[:height, :width, ::-1]))
        self.frames += 1

    def keep(self) -> None:
        """Finish, read back, and put the file in its place.

        Raises:
            DataError: fewer frames can be read than were written, as when the disk is full.
        """
        if self._writer is None:
            raise DataError(f"{self.path.name} is not written: there was no frame")
        with quiet():
            self._writer.release()
            video = cv2.VideoCapture(str(self._half))
            count, found = video.get(cv2.CAP_PROP_FRAME_COUNT), video.read()[0]
            video.release()
        if not found or count < self.frames:
            whole = max(0, count) if found else 0
            raise DataError(
                f"{self.path.name} is not whole: {whole:.0f} of {self.frames} frames can be read back. "
                "Is the disk full?"
            )
        try:
            self._half.replace(self.path)
        except OSError as problem:
            raise DataError(f"{self.path.name} cannot be written: {problem.strerror}") from None

    def __enter__(self) -> "VideoFile":
        return self

    def __exit__(self, *problem) -> None:
        if self._writer is not None:
            with quiet():
                self._writer.release()
        self._place.cleanup()
