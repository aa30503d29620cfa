"""A picture of your own: a file, an upload, or a frame of the webcam; the last two work in Colab."""

import base64
import importlib.util
import tempfile
from pathlib import Path

import numpy as np

from scripts import data

WAYS = ("path", "upload", "webcam")
# one frame of the camera, after a click, as a JPEG in a data URL
CAMERA = """
(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const video = document.createElement('video'), button = document.createElement('button');
  button.textContent = 'Take the picture';
  document.body.append(video, button);
  video.srcObject = stream;
  await video.play();
  google.colab.output.setIframeHeight(document.documentElement.scrollHeight, true);
  await new Promise(resolve => button.onclick = resolve);
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  stream.getTracks().forEach(track => track.stop());
  video.remove(); button.remove();
  return canvas.toDataURL('image/jpeg', 0.9);
})()
"""


def in_colab() -> bool:
    """Whether this runs in Colab."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:  # there is no package called google at all
        return False


def own_picture(way: str, path="") -> np.ndarray:
    """A picture of your own, as `data.read_image` gives it.

    Args:
        way: "path", "upload" or "webcam".
        path: the file, for "path".

    Raises:
        DataError: no such file, no picture, nothing uploaded, or an upload or a webcam asked for outside Colab.
    """
    if way not in WAYS:
        raise data.DataError(f"{way!r} is no way to get a picture; there are: {', '.join(WAYS)}")
    if way == "path":
        if not str(path):
            raise data.DataError("no path is given: write the file's name between the quotes")
        return data.read_image(path)
    if not in_colab():
        raise data.DataError(f"{way} works in Colab only; here, give the path of a file")
    return _upload() if way == "upload" else _webcam()


def _upload() -> np.ndarray:
    from google.colab import files

    chosen = files.upload()
    if not chosen:
        raise data.DataError("nothing was uploaded")
    name, content = next(iter(chosen.items()))
    return _read(Path(name).name, content)


def _webcam() -> np.ndarray:
    from google.colab.output import eval_js

    try:
        answer = eval_js(CAMERA)
        return _read("webcam.jpg", base64.b64decode(answer.partition(",")[2]))
    except data.DataError:
        raise
    except Exception as problem:  # the browser says no, or there is no camera
        raise data.DataError(
            f"the webcam gave no picture ({type(problem).__name__}): allow it, or upload one"
        ) from None


def _read(name: str, content: bytes) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        return data.read_image(Path(folder) / name)
