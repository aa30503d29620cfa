"""Looks at a video and writes one where a file can hold 100,000 bytes only: writing fails as on a full disk.

    python -m tests.programs.video_on_a_full_disk VIDEO TARGET

Prints how many frames were found, and the problem.
"""

import resource
import signal
import sys

import cv2
import numpy as np

from scripts import data
from scripts.detection import detector_video
from scripts.detection.detections import Detections

LIMIT = 100_000


class Nothing:
    """A detector that finds nothing."""

    classes = ()

    def __call__(self, picture, min_score):
        return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))


def main(video: str, target: str) -> None:
    """Frames of noise are put in the place of the video's own, since nothing makes them small."""
    rng = np.random.default_rng(0)
    size = next(data.frames(video)).shape
    writer = cv2.VideoWriter(video, cv2.VideoWriter_fourcc(*"MJPG"), 20, size[1::-1])
    for _ in range(40):
        writer.write(rng.integers(0, 255, size, np.uint8))
    writer.release()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
    seen = detector_video.over_video(Nothing(), video, into=target)
    print(f"{len(seen.found)} found; {seen.problem}")


if __name__ == "__main__":
    main(*sys.argv[1:])
