"""A detector over videos and cameras: what is found, written and shown, and what is said when that fails.

The detector is a stand-in, which finds what is red, but in the tests that measure; the camera is one too.
"""

import base64
import io
import struct
import sys

import cv2
import numpy as np
import pytest
import skimage
from PIL import Image

from scripts import data
from scripts.data import own_picture
from scripts.detection import detector_video, video_file, video_seen, video_views
from scripts.detection.detections import Detections
from scripts.detection.detector_video import over_video, over_webcam
from tests.support import program

WIDE, HIGH, SIDE = 160, 96, 32
GREY = (90, 90, 90)


class Red:
    """Finds the box round what is red; `calls` counts the pictures that it was shown."""

    classes = ("red thing", "été / 여름")

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = 0, stop_at

    def __call__(self, picture, min_score=0.3):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        red = picture[..., 0].astype(int) - picture[..., 1] > 80
        if not red.any():
            return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
        rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        return Detections(np.array([box], float), np.array([0.9]), np.array([0]))


def scene(x: int | None) -> np.ndarray:
    """A grey picture with a red square whose left edge is at x; None: without."""
    picture = np.full((HIGH, WIDE, 3), GREY, np.uint8)
    if x is not None:
        picture[32 : 32 + SIDE, x : x + SIDE] = (230, 20, 20)
    return picture


def written(path, pictures, rate=20):
    code = cv2.VideoWriter_fourcc(*video_file.CODES[path.suffix])
    writer = cv2.VideoWriter(str(path), code, rate, pictures[0].shape[1::-1])
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    writer.release()
    return path


@pytest.fixture
def video(tmp_path):
    """Twelve frames: the square moves by 8 pixels a frame from frame 3 on."""
    return written(tmp_path / "moves.avi", [scene(None)] * 3 + [scene(8 * i) for i in range(3, 12)])


@pytest.fixture
def shown(monkeypatch):
    """What is displayed: (kind, bytes, about) each."""
    pages = []

    def display(bundle, metadata, raw):
        kind = next(name for name in bundle if name.startswith("image/"))
        pages.append((kind, base64.b64decode(bundle[kind]), metadata[kind]))

    monkeypatch.setattr("IPython.display.display", display)
    return pages


def test_each_frame_has_its_detections_and_times(video, capsys):
    seen = over_video(Red(), video)
    assert seen.numbers == list(range(12)) and seen.frames == 12 and seen.size == (HIGH, WIDE)
    assert [len(one.boxes) for one in seen.found] == [0] * 3 + [1] * 9
    for number, one in zip(seen.numbers[3:], seen.found[3:], strict=True):
        np.testing.assert_allclose(one.boxes[0], [8 * number, 32, 8 * number + SIDE, 32 + SIDE], atol=1)
    assert seen.problem == "" and len(seen.decoding) == len(seen.detecting) == len(seen.processor) == 12
    assert seen.frames_a_second == pytest.approx(1 / np.median(seen.detecting))
    lines = capsys.readouterr().out.splitlines()
    assert lines == seen.report().splitlines() and "12 of 12 frames of 160 x 96 pixels" in lines[0]
    assert "9 objects" in lines[0] and "frames a second" in lines[1] and "of processors" in lines[1]


@pytest.mark.parametrize(
    ("every", "most", "numbers", "read"),
    [(4, None, [0, 4, 8], 12), (5, 2, [0, 5], 6), (1, 3, [0, 1, 2], 3), (50, None, [0], 12)],
)
def test_every_and_most(video, every, most, numbers, read):
    red = Red()
    seen = over_video(red, video, every=every, most=most)
    assert seen.numbers == numbers and seen.frames == read and red.calls == len(numbers)


def test_min_score_reaches_the_detector_and_bad_numbers_are_told(video):
    class Asked(Red):
        def __call__(self, picture, min_score=0.3):
            assert min_score == 0.7
            return super().__call__(picture)

    assert len(over_video(Asked(), video, most=2, min_score=0.7).found) == 2
    for settings in ({"every": 0}, {"every": 1.5}, {"most": 0}):
        with pytest.raises(ValueError, match="whole number from 1 on"):
            over_video(Red(), video, **settings)


@pytest.mark.parametrize("ending", [".avi", ".mp4"])
def test_the_written_video_has_all_frames_with_their_boxes(video, tmp_path, ending):
    target = tmp_path / f"boxes{ending}"
    over_video(Red(), video, every=2, into=target)
    frames = list(data.frames(target))
    assert len(frames) == 12 and frames[0].shape == (HIGH, WIDE, 3)
    assert np.abs(frames[1].astype(int) - GREY).max() < 25
    colour = np.array(video_file.RGB[0])
    # frames 4 and 5 both have the box of frame 4, whose left edge is at 32
    for frame in frames[4:6]:
        edge = frame[54:62, 30:36].astype(int)
        assert (np.abs(edge - colour).max(axis=2) < 90).any(axis=1).all()
    # the text stands on black, inside the box
    assert frames[4][34:44, 36:60].min() < 40
    about = cv2.VideoCapture(str(target))
    assert about.get(cv2.CAP_PROP_FPS) == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, video.name]


def test_odd_sizes_are_written_and_names_with_accents_are_drawn(tmp_path):
    pictures = [np.full((61, 101, 3), 200, np.uint8)] * 3
    with video_file.VideoFile(tmp_path / "odd.mp4") as out:
        for picture in [*pictures, np.full((200, 300, 3), 200, np.uint8)]:
            out.add(picture)
        out.keep()
    frames = list(data.frames(tmp_path / "odd.mp4"))
    assert len(frames) == 4 and frames[0].shape == (60, 100, 3)
    found = Detections(np.array([[5.0, 5, 90, 55]]), np.array([0.5]), np.array([1]))
    one, other = (video_file.drawn(pictures[0], found, ("", name)) for name in ("été", "ete"))
    assert (one != pictures[0]).any() and (one != other).any() and (pictures[0] == 200).all()


def test_a_video_that_is_cut_off_gives_what_was_found_before(tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 60, (30, HIGH, WIDE, 3), np.uint8)
    whole = written(tmp_path / "whole.avi", [scene(40) - one // 4 for one in noise])
    half = tmp_path / "half.avi"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    seen = over_video(Red(), half, into=tmp_path / "out.avi")
    assert 5 < len(seen.found) < 25 and all(len(one.boxes) for one in seen.found)
    assert "ends early" in seen.problem and "\n" not in seen.problem
    assert len(list(data.frames(tmp_path / "out.avi"))) == len(seen.found)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].endswith(seen.problem)


def test_what_cannot_be_read_is_one_line_and_nothing_is_written(tmp_path):
    (tmp_path / "page.mp4").write_text("<html>not found</html>")
    (tmp_path / "empty.avi").write_bytes(b"")
    written(tmp_path / "none.avi", [scene(1)])
    # opened for another size than its frames have, the writer writes none
    writer = cv2.VideoWriter(str(tmp_path / "none.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 20, (64, 64))
    writer.write(scene(1))
    writer.release()
    (tmp_path / "out.avi").write_bytes(b"an older one")
    cases = {
        "missing.avi": "is missing",
        "page.mp4": "is a web page",
        "empty.avi": "is empty",
        "none.avi": "holds no frames",
    }
    for name, words in cases.items():
        with pytest.raises(data.DataError, match=words) as problem:
            over_video(Red(), tmp_path / name, into=tmp_path / "out.avi")
        assert "\n" not in str(problem.value)
    assert (tmp_path / "out.avi").read_bytes() == b"an older one"
    assert not list(tmp_path.glob(".video*"))


def test_a_video_that_a_telephone_turned_comes_upright(tmp_path):
    path = written(tmp_path / "turned.mp4", [scene(8)] * 5)
    content = bytearray(path.read_bytes())
    # the matrix stands 44 bytes after the name of the track's header, version 0: a quarter turn clockwise
    place = content.index(b"tkhd") + 4 + 40
    assert struct.unpack(">9i", content[place : place + 36])[0] == 1 << 16
    content[place : place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, HIGH << 16, 0, 1 << 30)
    path.write_bytes(content)
    seen = over_video(Red(), path, into=tmp_path / "out.mp4")
    assert seen.size == (WIDE, HIGH)
    # column 8 becomes row 8; rows 32 to 64 of 96 become columns 32 to 64
    np.testing.assert_allclose(seen.found[0].boxes[0], [32, 8, 64, 8 + SIDE], atol=2)
    assert next(data.frames(tmp_path / "out.mp4")).shape == (WIDE, HIGH, 3)


def test_stopped_by_hand_keeps_what_was_found(video, tmp_path):
    seen = over_video(Red(stop_at=6), video, into=tmp_path / "out.avi")
    assert len(seen.found) == 5 and seen.problem == "stopped by hand"
    assert len(list(data.frames(tmp_path / "out.avi"))) == 5
    with pytest.raises(KeyboardInterrupt):
        over_video(Red(stop_at=1), video)


def test_places_that_cannot_be_written_to_are_told_before_anything_is_looked_at(video, tmp_path):
    (tmp_path / "folder.avi").mkdir()
    cases = {
        "out.gif": "is written as .avi or .mp4",
        "no/out.avi": "cannot be written: No such file or directory",
        "folder.avi": "is a folder",
        "moves.avi": "would be written over",
    }
    before, red = video.read_bytes(), Red()
    for name, words in cases.items():
        with pytest.raises(data.DataError, match=words):
            over_video(red, video, into=tmp_path / name)
    assert red.calls == 0 and video.read_bytes() == before


def test_a_full_disk_loses_neither_what_was_found_nor_the_older_video(video, tmp_path):
    target = tmp_path / "out.avi"
    target.write_bytes(b"an older one")
    said = program("video_on_a_full_disk", video, target).splitlines()
    assert said[-1].startswith("40 found; out.avi is not whole") and said[-1].endswith("Is the disk full?")
    assert target.read_bytes() == b"an older one" and not list(tmp_path.glob(".video*"))


class Camera:
    """Stands in for cv2.VideoCapture: `pictures` BGR pictures, then no more."""

    pictures, opened, released = 1000, True, 0

    def __init__(self, number):
        self.left = Camera.pictures

    def isOpened(self):
        return Camera.opened

    def read(self):
        self.left -= 1
        return self.left >= 0, np.ascontiguousarray(scene(40)[..., ::-1])

    def release(self):
        Camera.released += 1


@pytest.fixture
def camera(monkeypatch):
    monkeypatch.setattr(detector_video.cv2, "VideoCapture", Camera)
    monkeypatch.setattr(own_picture, "in_colab", lambda: False)
    for name, value in (("pictures", 1000), ("opened", True), ("released", 0)):
        monkeypatch.setattr(Camera, name, value)
    return Camera


def test_the_camera_ends_by_seconds_or_by_most(camera):
    seen = over_webcam(Red(), most=4)
    assert len(seen.found) == 4 and camera.released == 1
    # the colours are in the order that the detector expects
    np.testing.assert_array_equal(seen.found[3].boxes, [[40, 32, 40 + SIDE, 32 + SIDE]])
    # a camera that goes on for ever: only the clock can end it, however fast this machine is
    camera.pictures = sys.maxsize
    seen = over_webcam(Red(), seconds=0.2)
    assert len(seen.found) >= 1 and seen.problem == ""
    with pytest.raises(ValueError, match="seconds is above 0"):
        over_webcam(Red(), seconds=0)


def test_no_camera_and_one_that_stops(camera, monkeypatch):
    camera.pictures = 3
    seen = over_webcam(Red())
    assert len(seen.found) == 3 and "stopped giving pictures" in seen.problem
    for pictures, opened in ((0, True), (5, False)):
        camera.pictures, camera.opened = pictures, opened
        with pytest.raises(data.DataError, match="camera 0 gives no picture: connect one"):
            over_webcam(Red())
    assert camera.released == 3


def test_a_camera_that_is_not_there_is_told_in_one_line(monkeypatch, capfd):
    monkeypatch.setattr(own_picture, "in_colab", lambda: False)
    with pytest.raises(data.DataError, match="camera 97 gives no picture"):
        over_webcam(Red(), camera=97)
    assert capfd.readouterr().err == ""


def test_in_colab_each_picture_is_a_click(monkeypatch):
    answers = [scene(8), scene(16), data.DataError("the webcam gave no picture (X): allow it, or upload one")]

    def own(way):
        assert way == "webcam"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(own_picture, "in_colab", lambda: True)
    monkeypatch.setattr(own_picture, "own_picture", own)
    assert [one.boxes[0, 0] for one in over_webcam(Red()).found] == [8]
    seen = over_webcam(Red(), most=5)
    assert [one.boxes[0, 0] for one in seen.found] == [16] and "gave no picture" in seen.problem


@pytest.mark.parametrize("count", [1, 5, 16, 17, 100, 1000])
def test_the_frames_kept_are_few_and_evenly_spread(count):
    seen = video_seen.Seen("x", ())
    for _ in range(count):
        seen.found.append(None)
        seen.keep(np.zeros((720, 1280, 3), np.uint8))
    places = [place for place, *_ in seen.kept]
    assert min(count, video_seen.KEPT) <= len(places) <= 2 * video_seen.KEPT
    assert places[0] == 0 and len(set(np.diff(places))) <= 1
    assert count - places[-1] <= max(1, 2 * count / len(places))
    assert seen.kept[0][1].shape == (270, 480, 3) and seen.kept[0][2] == 0.375


def test_frames_are_shown_as_a_strip_and_moving(video, shown):
    seen = over_video(Red(), video)
    video_views.show_strip(seen, count=4)
    kind, file, about = shown.pop()
    assert about["alt"].startswith("4 frames of moves.avi with boxes. frame 1: nothing found; frame 5: ")
    assert about["alt"].endswith("frame 12: red thing 90%.")
    drawn = np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(int)
    assert (np.abs(drawn - video_file.RGB[0]).max(axis=2) < 12).sum() > 500
    video_views.show_moving(seen)
    kind, file, about = shown.pop()
    assert kind == "image/png" and about["frames"] == 12 and len(file) < 250_000
    moving = Image.open(io.BytesIO(file))
    # the first three are equal, and one for the file
    assert moving.n_frames == 10 and "in the last one, frame 12: red thing 90%" in about["alt"]
    with pytest.raises(ValueError, match="no frame to show"):
        video_views.show_strip(video_seen.Seen("x", ()))
    with pytest.raises(ValueError, match="at least 2 frames"):
        video_views.show_moving(over_video(Red(), video, most=1))


def test_photographs_that_move_stay_under_the_limit_of_bytes(tmp_path, shown):
    seen = over_video(Red(), pan(tmp_path / "pan.avi", 16))
    video_views.show_moving(seen)
    _, file, about = shown.pop()
    assert len(file) < 250_000 and about["frames"] == 16


def pan(path, frames=30):
    """Lesson 15's clip: the camera pans over scikit-image's motorcycle, 480 x 324 pixels."""
    picture = cv2.resize(skimage.data.stereo_motorcycle()[0], (480, 324), interpolation=cv2.INTER_AREA)
    wall = np.full((324, 480, 3), (120, 110, 100), np.uint8)
    whole = np.concatenate([wall, picture, wall], axis=1)
    starts = np.linspace(60, 900, frames).astype(int)
    return written(path, [whole[:, x : x + 480] for x in starts])


def untrained(backbone: str, side: int):
    """A detector with random weights; imported here, since the other tests do without TensorFlow."""
    from scripts.detection.detector import Detector
    from scripts.detection.photo_net import SMALL, Net, Plan
    from scripts.runtime import seed

    seed(0)
    plan = Plan(("a", "b"), ((40.0, 40.0), (120.0, 80.0)), backbone, None if backbone == SMALL else 4, side)
    return Detector(Net(plan, from_imagenet=False), {})


def test_a_net_says_of_frames_what_it_says_of_pictures(tmp_path):
    detector, path = untrained("small", 160), pan(tmp_path / "pan.avi", 6)
    seen = over_video(detector, path, min_score=0.05)
    assert sum(len(one.boxes) for one in seen.found) > 6
    for one, picture in zip(seen.found, data.frames(path), strict=True):
        for part, same in zip(one, detector(picture, min_score=0.05), strict=True):
            np.testing.assert_allclose(part, same, rtol=1e-5)
