"""A detector over a video or a camera: what it finds frame by frame, and how many frames a second it manages.

    from scripts.detection import detector_video, video_views

    seen = detector_video.over_video(detector, "street.mp4", every=2, into="found.mp4")
    seen.found[0]           # detections of the first frame that was looked at
    video_views.show_strip(seen)

Each frame is judged alone. A video that ends early is no loss: what was found before is returned, `problem`
says what happened.
"""

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from scripts import data
from scripts.data import own_picture
from scripts.detection.video_file import VideoFile, drawn
from scripts.detection.video_seen import Seen
from scripts.runtime import progress, quiet

CAMERA_RATE = 10.0  # frames a second of what is written of a camera: about what a detector manages


def over_video(
    detector,
    path,
    every: int = 1,
    most: int | None = None,
    min_score: float = 0.3,
    into=None,
    doing: str = "looking",
) -> Seen:
    """What a detector finds in the frames of a video; one line of times is printed.

    Args:
        detector: a function of a picture and `min_score` that returns `Detections`, with `classes`.
        path: the video, as `data.frames` reads it; one that a telephone turned comes upright.
        every: only each n-th frame is looked at. most: so many are looked at, at most; None: all.
        into: an .avi or .mp4 to be written: all frames that were read, with boxes; those between show what
            was found last.
        doing: a name for the progress bar; "" shows none.

    Returns:
        What was found. Where the video ends early, where it is stopped by hand, or where `into` cannot be
        written whole, the problem is printed, and kept in `problem`.

    Raises:
        DataError: nothing can be read, or written to `into`. ValueError: every or most is below 1.
    """
    _whole("every", every)
    _whole("most", 1 if most is None else most)
    path = Path(path)
    if into is not None and Path(into).resolve() == path.resolve():
        raise data.DataError(f"{path.name} would be written over: name another file for the video with boxes")
    # raises at once
    pictures = data.frames(path)
    rate, promised = _told(path)
    total = None if promised < 1 else min(math.ceil(promised), ((most or math.inf) - 1) * every + 1)
    seen = Seen(path.name, detector.classes)
    return _look(seen, detector, pictures, every, most, min_score, into, rate, (doing, total))


def over_webcam(
    detector,
    seconds: float = 10.0,
    most: int | None = None,
    min_score: float = 0.3,
    into=None,
    camera: int = 0,
    doing: str = "looking",
) -> Seen:
    """What a detector finds in pictures of this computer's camera, or in Colab of the browser's.

    Args:
        seconds: after so many it ends. In Colab, where each picture is a click, it is `most` that ends it: 1
            where it is None.
        camera: its number in this computer. The others, result and errors: as `over_video`.

    Raises:
        DataError: no camera, or none that may be used.
    """
    _whole("most", 1 if most is None else most)
    if not seconds > 0:
        raise ValueError(f"seconds is above 0, not {seconds!r}")
    if own_picture.in_colab():
        most, seconds = most or 1, math.inf
        pictures = _clicks()
    else:
        pictures = _camera(camera)
    seen = Seen("webcam", detector.classes)
    return _look(seen, detector, pictures, 1, most, min_score, into, CAMERA_RATE, (doing, most), seconds)


def _look(seen, detector, pictures, every, most, min_score, into, rate, bar, seconds=math.inf) -> Seen:
    """Look at pictures until they end, and fill `seen`."""
    until = time.perf_counter() + seconds
    with contextlib.ExitStack() as stack:
        if hasattr(pictures, "close"):
            stack.enter_context(contextlib.closing(pictures))
        out = stack.enter_context(VideoFile(into, rate)) if into is not None else None
        try:
            for picture in progress(_timed(seen, pictures), bar[0], bar[1]):
                if seen.frames % every == 0:
                    _detect(seen, detector, picture, min_score)
                seen.frames += 1
                if out:
                    out.add(drawn(picture, seen.found[-1], seen.classes))
                if len(seen.found) == most or time.perf_counter() > until:
                    break
        except (data.DataError, KeyboardInterrupt) as problem:
            # nothing is lost: what was found before this frame is returned
            if not seen.found:
                raise
            seen.problem = str(problem) or "stopped by hand"
        if out and seen.frames:
            try:
                out.keep()
            except data.DataError as problem:
                seen.problem = f"{seen.problem}; {problem}" if seen.problem else str(problem)
    print(seen.report())
    if seen.problem:
        print(f"{len(seen.found)} frames were looked at, then: {seen.problem}")
    return seen


def _detect(seen: Seen, detector, picture, min_score: float) -> None:
    clock, processor = time.perf_counter(), time.process_time()
    found = detector(picture, min_score=min_score)
    seen.processor.append(time.process_time() - processor)
    seen.detecting.append(time.perf_counter() - clock)
    seen.numbers.append(seen.frames)
    seen.found.append(found)
    seen.size = picture.shape[:2]
    seen.keep(picture)


def _timed(seen: Seen, pictures) -> Iterator[np.ndarray]:
    """The same pictures; how long each took to come is written down."""
    while True:
        clock = time.perf_counter()
        picture = next(pictures, None)
        if picture is None:
            return
        seen.decoding.append(time.perf_counter() - clock)
        yield picture


def _told(path: Path) -> tuple[float, float]:
    """Frames a second, and how many frames, as a video's file says; either may be 0 or nonsense."""
    with quiet():
        video = cv2.VideoCapture(str(path))
        told = video.get(cv2.CAP_PROP_FPS), video.get(cv2.CAP_PROP_FRAME_COUNT)
        video.release()
    return tuple(one if math.isfinite(one) else 0.0 for one in told)


def _camera(number: int) -> Iterator[np.ndarray]:
    """Pictures of a camera, uint8 (height, width, 3), RGB. Raises DataError at once where there is none."""
    with quiet():  # OpenCV asks every backend, and each complains
        camera = cv2.VideoCapture(number)
        found, first = camera.read() if camera.isOpened() else (False, None)
    if not found:
        camera.release()
        raise data.DataError(
            f"camera {number} gives no picture: connect one, allow its use, close other programs that use it; "
            "or take a video, and look at that"
        )
    return _pictures(number, camera, first)


def _clicks() -> Iterator[np.ndarray]:
    """Pictures of the browser's camera in Colab, one a click."""
    while True:
        yield own_picture.own_picture("webcam")


def _pictures(number: int, camera, frame) -> Iterator[np.ndarray]:
    try:
        found = True
        while found:
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            with quiet():
                found, frame = camera.read()
    finally:
        camera.release()
    raise data.DataError(f"camera {number} stopped giving pictures: is it still connected?")


def _whole(name: str, value) -> None:
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} is a whole number from 1 on, not {value!r}")
