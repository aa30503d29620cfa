"""ImageAI 3.0.3, with what is wrong in it handled in one place; lesson 15 tells each.

| what ImageAI does | here |
| --- | --- |
| crashes the interpreter when TensorFlow was imported before it | `imageai` refuses, in one line |
| imports tkinter, which many Pythons lack, for a type annotation | `imageai` stands a name in for it |
| says "Invalid weights" whatever is wrong with a file | `load` has the file checked before |
| cuts RetinaNet's boxes at 50 % and YOLO's at objectness 50 %, whatever minimum is asked for | `detect` sets both |
| writes a lossy copy of RetinaNet's arrays into its own folder | `detect` |
| reads arrays as BGR and Pillow's pictures as if they were BGR; fails on grey, RGBA, 16 bits, other endings than jpg and png | `bgr` |
| does not look whether a box is empty or leaves the picture | `detect` clips, and drops what is left without area |
| draws also what `custom_objects` excludes, writes no picture when nothing is found, and needs `display_box` | `draw` |
| makes a folder for extracted objects and fails when it is there | `extract` |
| pads TinyYOLOv3's last pooling with 0 where Darknet has minus infinity: the right and lower cells differ | left as it is: ImageAI's boxes are what the lesson decodes; make bench LESSONS=15 measures it |
| writes frames without objects with red and blue exchanged, swallows every error of a frame, takes a missing video for an empty one | `detect_video` |
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from scripts import data, runtime
from scripts.pretrained import files
from scripts.pretrained.nets import ANCHORS, empty_net, imageai, untrained

__all__ = [
    "ANCHORS",
    "bgr",
    "classes",
    "detect",
    "detect_video",
    "draw",
    "empty_net",
    "extract",
    "imageai",
    "load",
    "network",
    "untrained",
]

SIDE = 416  # pixels: what the YOLOs' pictures are brought to
SETTERS = {
    "tiny_yolov3": "setModelTypeAsTinyYOLOv3",
    "yolov3": "setModelTypeAsYOLOv3",
    "retinanet": "setModelTypeAsRetinaNet",
}
Found = dict  # {"name": str, "percentage_probability": float, "box_points": [x1, y1, x2, y2] whole pixels}


def load(name: str, path: Path | None = None):
    """A loaded ``ObjectDetection``: a new one for each net, because ImageAI's keeps the classes of the last.

    Args:
        name: "tiny_yolov3", "yolov3" or "retinanet".
        path: the file of its weights; None takes the one that `pretrained.find` finds.

    Raises:
        WeightsError: no such file, or not one of this net.
        CourseError: TensorFlow is in this process already: torchvision would crash it.
    """
    runtime.before_torch()  # refused before anything is fetched
    path = Path(path) if path else files.find(name)
    files.check(path, name)
    detector = imageai().ObjectDetection()
    getattr(detector, SETTERS[name])()
    detector.setModelPath(str(path))
    detector.loadModel()
    return detector


def network(detector):
    """The ``torch.nn.Module`` inside a detector, which ImageAI keeps under a private name."""
    return _private(detector, "model")


def bgr(picture) -> np.ndarray:
    """What ImageAI wants: bytes, (height, width, 3), BGR.

    Args:
        picture: a path, read by `data.read_image`; a Pillow picture; or an array in RGB, RGBA or grey, of bytes, 16 bits,
            or real numbers from 0 to 1.

    Raises:
        DataError: a file that is no picture, or an array that holds none.
    """
    if isinstance(picture, (str, Path)):
        return np.ascontiguousarray(data.read_image(picture)[..., ::-1])
    if not isinstance(picture, np.ndarray) and hasattr(picture, "convert"):
        from PIL import ImageOps

        picture = ImageOps.exif_transpose(picture)
        picture = np.asarray(picture.convert("RGBA" if "A" in picture.getbands() else "RGB"))
    array = np.asarray(picture)
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or 0 in array.shape:
        raise data.DataError(f"an array of shape {array.shape} is no picture: (height, width, 3) is")
    if array.dtype == np.uint16:
        array = array >> 8
    elif array.dtype.kind == "f" and np.nanmin(array) >= 0 and np.nanmax(array) <= 1:
        array = np.rint(255 * array)
    elif array.dtype != np.uint8:
        raise data.DataError(f"an array of {array.dtype} is no picture: bytes, 16 bits, or reals from 0 to 1")
    array = array.astype(np.uint8)
    if array.shape[2] == 4:
        alpha = array[..., 3:] / 255
        array = np.rint(array[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return np.ascontiguousarray(array[..., ::-1])


def detect(detector, picture, minimum: float = 50, only: tuple[str, ...] = ()) -> list[Found]:
    """What a detector finds in a picture, most probable first.

    Args:
        detector: a loaded ``ObjectDetection``.
        picture: see `bgr`.
        minimum: per cent; what is below is left out. For the YOLOs the objectness has to reach it as well.
        only: names of classes; empty for all.

    Returns:
        ImageAI's dictionaries: name, percentage_probability, box_points; boxes inside the picture, end excluded.

    Raises:
        DataError: no picture. ValueError: a minimum outside 0 to 100, or a class the net does not know.
    """
    if not 0 <= minimum <= 100:
        raise ValueError(f"minimum is a percentage, 0 to 100, not {minimum:g}")
    if unknown := sorted(set(only) - set(classes(detector))):
        raise ValueError(
            f"{', '.join(unknown)}: no class of this net; it knows {', '.join(classes(detector))}"
        )
    image = bgr(picture)
    height, width = image.shape[:2]
    if min(height, width) * SIDE < 0.5 * max(height, width):
        raise data.DataError(
            f"a picture of {width} x {height} pixels is too narrow: nothing of it is left at {SIDE}"
        )
    with _thresholds(detector, minimum / 100), tempfile.TemporaryDirectory() as folder:
        if _private(detector, "model_type") == "retinanet":
            # given an array, ImageAI writes a JPEG into its own package's folder, and reads that
            file = Path(folder) / "picture.png"
            file.write_bytes(cv2.imencode(".png", image)[1].tobytes())
            image = str(file)
        _, found = detector.detectObjectsFromImage(
            input_image=image, output_type="array", minimum_percentage_probability=0
        )
    kept = []
    for one in found:
        x1, y1, x2, y2 = one["box_points"]
        box = [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]
        wanted = one["percentage_probability"] >= minimum and (not only or one["name"] in only)
        if wanted and box[0] < box[2] and box[1] < box[3]:
            kept.append({**one, "box_points": box})
    return sorted(kept, key=lambda one: -one["percentage_probability"])


def classes(detector) -> list[str]:
    """The names a detector can give: 80 for the YOLOs; RetinaNet's table has 91 lines, of which COCO uses 80."""
    return list(_private(detector, "classes"))


def draw(picture, found: list[Found]) -> np.ndarray:
    """A copy of a picture, RGB, with boxes and labels: just what was found, and the picture itself when nothing was."""
    image = bgr(picture)[..., ::-1].copy()
    thick = max(1, round(max(image.shape) / 250))
    for one in found:
        x1, y1, x2, y2 = one["box_points"]
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), (255, 255, 255), thick + 2)
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), (213, 94, 0), thick)
        label = f"{one['name']} {one['percentage_probability']:.0f}"
        font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.4 + 0.1 * thick
        (width, height), _ = cv2.getTextSize(label, font, size, 1)
        cv2.rectangle(image, (x1, y1), (x1 + width + 6, y1 + height + 8), (0, 0, 0), -1)
        cv2.putText(image, label, (x1 + 3, y1 + height + 4), font, size, (255, 255, 255), 1)
    return image


def extract(picture, found: list[Found], folder: Path) -> list[Path]:
    """Write what was found as PNG files cup-1.png, cup-2.png, ...; as often as you like, into a folder old or new."""
    image, folder, paths = bgr(picture), Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(found, start=1):
        x1, y1, x2, y2 = one["box_points"]
        path = folder / f"{one['name'].replace(' ', '_')}-{number}.png"
        done, content = cv2.imencode(".png", image[y1:y2, x1:x2])
        assert done
        # cv2.imwrite returns False, and says nothing, where it cannot write
        path.write_bytes(content.tobytes())
        paths.append(path)
    return paths


def detect_video(
    detector, path, target: Path | None = None, rate: float = 20, every: int = 1, **how
) -> Iterator[list]:
    """What a detector finds in each frame of a video, frame by frame.

    Args:
        path: the video, see `data.frames`.
        target: where to write it with boxes, an .avi or .mp4; None writes none.
        rate: frames a second of the written video.
        every: detect in every n-th frame only; those between show what was found last.
        how: minimum and only, as for `detect`.

    Raises:
        DataError: at once for a missing or unreadable video; after its last good frame for one that ends early.
    """
    frames = data.frames(path)  # raises at once, not at the first step of the loop
    return _detect_video(detector, frames, target, rate, every, how)


def _detect_video(detector, frames, target, rate, every, how) -> Iterator[list]:
    writer, found = None, []
    try:
        for number, frame in enumerate(frames):
            if number % every == 0:
                found = detect(detector, frame, **how)
            if target:
                with runtime.quiet():  # OpenCV's encoders write to the terminal
                    if writer is None:
                        code = "MJPG" if Path(target).suffix == ".avi" else "mp4v"
                        size = frame.shape[1], frame.shape[0]
                        writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*code), rate, size)
                    writer.write(np.ascontiguousarray(draw(frame, found)[..., ::-1]))
            yield found
    finally:
        if writer is not None:
            writer.release()


class _thresholds:
    """Within it a detector's own limit, on the score or the objectness, is another one."""

    def __init__(self, detector, limit: float):
        self.detector, self.limit = detector, limit

    def __enter__(self):
        self.before = _private(self.detector, "objectness_score")
        # ImageAI keeps what is *above* the limit, and 0 would keep boxes that NMS has already set to 0
        self.detector._ObjectDetection__objectness_score = max(self.limit, 0.001) - 1e-06

    def __exit__(self, *_):
        self.detector._ObjectDetection__objectness_score = self.before


def _private(detector, name: str):
    return getattr(detector, f"_ObjectDetection__{name}")
