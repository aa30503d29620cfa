"""TinyYOLOv3 read twice: our conversion in ImageAI's net, and the Darknet file by OpenCV 4's own reader.

    python -m scripts.tools.benches.lesson_15     # in an environment with PyTorch; makes build/opencv4 beside it

OpenCV 5 has no Darknet reader any more, so version 4 gets a virtual environment of its own. Both nets are given the same
picture. Their raw maps hold numbers up to some tens, sums of thousands of float32 products, and have to agree to 1e-4 of
the largest; what a detector reads off them (places in a cell, probabilities: sigmoids of the raw numbers) to 1e-4 as it
stands. Our net in float64 tells whose rounding the rest is. Returns 1 when they do not agree.
`make bench LESSONS=15` runs it; the unit tests compare the converted file with its author's published hash.

Two things are not the weights' but ImageAI's, and are put right before the comparison (and reported without that): before
its pooling of stride 1 it pads the right and lower border with 0 where Darknet and OpenCV take minus infinity, which
changes the last cells of both maps; and its batch normalisation adds 1e-5 to the variance where Darknet has 1e-6.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

from scripts import course, data, pretrained
from scripts.pretrained import darknet, imageai_help
from scripts.tools.benches import programs
from scripts.tools.environment import python_of

FOLDER = course.ROOT / "build" / "opencv4"
PACKAGES = ("opencv-python-headless>=4.10,<5", "numpy>=2.1,<3")
LIMIT = 1e-4
LISTINGS = ()


def config() -> str:
    """The layers of TinyYOLOv3 in Darknet's words (Redmon and Farhadi 2018, yolov3-tiny.cfg), as far as a forward pass needs."""

    def conv(filters: int, size: int, last: bool = False) -> str:
        norm, activation = ("", "linear") if last else ("batch_normalize=1\n", "leaky")
        return f"[convolutional]\n{norm}filters={filters}\nsize={size}\nstride=1\npad=1\nactivation={activation}\n\n"

    def yolo(mask: str) -> str:
        anchors = ",".join(map(str, imageai_help.ANCHORS["tiny_yolov3"]))
        return f"[yolo]\nmask={mask}\nanchors={anchors}\nclasses=80\nnum=6\n\n"

    text = "[net]\nwidth=416\nheight=416\nchannels=3\n\n"
    for number, filters in enumerate((16, 32, 64, 128, 256, 512)):
        text += conv(filters, 3) + f"[maxpool]\nsize=2\nstride={2 if number < 5 else 1}\n\n"
    text += conv(1024, 3) + conv(256, 1) + conv(512, 3) + conv(255, 1, last=True) + yolo("3,4,5")
    text += "[route]\nlayers=-4\n\n" + conv(128, 1) + "[upsample]\nstride=2\n\n[route]\nlayers=-1,8\n\n"
    return text + conv(256, 3) + conv(255, 1, last=True) + yolo("0,1,2")


def reader_python() -> Path:
    """The Python of OpenCV 4's environment, which is made the first time."""
    python = python_of(FOLDER)
    probe = [python, "-c", "import cv2; assert cv2.__version__ < '5'"]
    if not python.exists() or subprocess.run(probe, capture_output=True).returncode:
        print("Setting up build/opencv4 (about 100 MB).", flush=True)
        venv.EnvBuilder(with_pip=True, clear=True).create(FOLDER)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--retries", "1"]
        subprocess.run([*pip, *PACKAGES], check=True)
    return python


def sigmoid(x):
    """1 / (1 + exp(-x)), in float64 so that it adds no rounding of its own."""
    return 1 / (1 + np.exp(-np.float64(x)))


def differences() -> dict:
    """For each raw map of scikit-image's motorcycle the largest differences, and the largest number in it."""
    detector = imageai_help.load("tiny_yolov3", pretrained.fetch("tiny_yolov3", package=True))
    net, maps = imageai_help.network(detector), {}
    import torch
    from imageai.yolov3.utils import prepare_image

    for name, layer in (("coarse", net.conv10), ("fine", net.conv13)):
        layer.register_forward_hook(
            lambda layer, given, out, name=name: maps.update({name: out.cpu().numpy().copy()})
        )
    picture = prepare_image(imageai_help.bgr(data.photograph("motorcycle_left")), (416, 416))
    with torch.no_grad():
        net.cpu()(picture)
        as_imageai = dict(maps)
        net.zeropad = torch.nn.ConstantPad2d((0, 1, 0, 1), float("-inf"))
        for layer in net.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.eps = 1e-6
        net(picture)
        as_float32 = dict(maps)
        net.double()(picture.double())
        exact, maps = maps, as_float32
        net.float()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        state = {name: value.numpy() for name, value in net.state_dict().items() if value.ndim}
        (Path(folder) / "net.cfg").write_text(config(), encoding="utf-8")
        (Path(folder) / "net.weights").write_bytes(darknet.pack(state))
        np.save(Path(folder) / "input.npy", picture.numpy())
        found["opencv"] = programs.run(reader_python(), "opencv_darknet", folder)
        for name, ours in maps.items():
            theirs = np.load(Path(folder) / f"{name}.npy")
            found[name] = {
                "largest": float(np.abs(ours).max()),
                "difference": float(np.abs(ours - theirs).max()),
                "after sigmoid": float(np.abs(sigmoid(ours) - sigmoid(theirs)).max()),
                "ours to float64": float(np.abs(ours - exact[name]).max()),
                "OpenCV to float64": float(np.abs(theirs - exact[name]).max()),
            }
            found[f"{name}, ImageAI's padding"] = float(np.abs(as_imageai[name] - theirs).max())
    return found


def main() -> int:
    """Print both differences. Returns 1 when one is above the limit."""
    if importlib.util.find_spec("torch") is None:
        print(
            "15: the second reading of TinyYOLOv3 needs PyTorch (requirements.txt), which is not here: not measured"
        )
        return 0
    found = differences()
    print(json.dumps(found))
    both = [found[name] for name in ("coarse", "fine")]
    share = max(each["difference"] / each["largest"] for each in both)
    decoded = max(each["after sigmoid"] for each in both)
    print(f"largest difference, as a share of the largest number: {share:.1e}")
    print(f"after the sigmoid: {decoded:.1e}; at most {LIMIT:g} is asked for of both")
    return 0 if max(share, decoded) <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
