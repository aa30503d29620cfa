"""Darknet's weight files: a header, then float32 numbers in the order of the layers. NumPy only.

After the header (major, minor, revision as int32, then the pictures seen, as int64 from version 0.2 on) each convolution
gives: with batch normalisation bias, scale, mean, variance, then the kernel; else bias, then the kernel (Redmon's
parser.c, load_convolutional_weights). The file names no layer: only its length tells whether it is of this net.
"""

import math
from pathlib import Path

import numpy as np

from scripts.data.downloads import is_web_page

NORMALISED = ("batch_norm.bias", "batch_norm.weight", "batch_norm.running_mean", "batch_norm.running_var")
HEADER = 20  # bytes; 16 before version 0.2
KNOWN = {8_858_734: "TinyYOLOv3", 62_001_757: "YOLOv3", 11_245_777: "Tiny YOLO v2", 50_983_561: "YOLO v2"}

Shapes = dict[str, tuple[int, ...]]


class DarknetError(ValueError):
    """A file is not the Darknet weights of the net that was asked for; the message says what it is."""


def order(shapes: Shapes) -> list[str]:
    """The names of a state dict's arrays in the order in which Darknet writes them.

    Args:
        shapes: name to shape, for layers called conv1, conv2, ..., each with a ``conv.weight`` and either a
            ``conv.bias`` or the four arrays of a ``batch_norm``, as ImageAI's YOLOv3 nets have them.
    """
    names = []
    layers = list(dict.fromkeys(name.partition(".")[0] for name in shapes))
    for layer in sorted(layers, key=lambda name: int(name.removeprefix("conv"))):
        normalised = f"{layer}.batch_norm.weight" in shapes
        names += [f"{layer}.{part}" for part in (NORMALISED if normalised else ("conv.bias",))]
        names.append(f"{layer}.conv.weight")
    return names


def read(path: Path, shapes: Shapes) -> dict[str, np.ndarray]:
    """Read a Darknet file as the arrays of a state dict.

    Args:
        path: such as yolov3-tiny.weights.
        shapes: see `order`.

    Returns:
        Name to float32 array, kernels in (out, in, height, width); in the order of the file.

    Raises:
        DarknetError: too short, too long, of another net, or no such file at all.
    """
    content = Path(path).read_bytes()
    if is_web_page(content):
        raise DarknetError(f"{path.name} is a web page, not weights")
    if len(content) < HEADER:
        raise DarknetError(f"{path.name} is cut off: {len(content)} bytes, its header alone has {HEADER}")
    major, minor, _ = np.frombuffer(content, "<i4", 3)
    if major != 0 or minor != 2:
        raise DarknetError(f"{path.name} is no Darknet file of version 0.2: it begins with {major}.{minor}")
    names = order(shapes)
    wanted = sum(math.prod(shapes[name]) for name in names)
    numbers, rest = divmod(len(content) - HEADER, 4)
    if numbers != wanted or rest:
        what = KNOWN.get(numbers) if not rest else None
        found = (
            f"its {numbers:,} numbers are those of {what}"
            if what
            else (f"it holds {numbers:,} numbers" + (f" and {rest} bytes" if rest else ""))
        )
        also = "" if what else (": it is cut off" if numbers < wanted else ": it is too long")
        raise DarknetError(f"{path.name} is not of this net, which takes {wanted:,} numbers; {found}{also}")
    values, at, arrays = np.frombuffer(content, "<f4", offset=HEADER), 0, {}
    for name in names:
        size = math.prod(shapes[name])
        arrays[name] = values[at : at + size].reshape(shapes[name]).astype(np.float32)
        at += size
    bad = next((name for name, array in arrays.items() if not np.isfinite(array).all()), None)
    bad = bad or next((n for n, array in arrays.items() if n.endswith("_var") and (array < 0).any()), None)
    if bad:
        raise DarknetError(f"{path.name} is damaged: {bad} holds numbers that cannot be")
    return arrays


def pack(arrays: dict[str, np.ndarray], seen: int = 0) -> bytes:
    """The content of a Darknet file with these arrays: what `read` reads back."""
    header = np.array((0, 2, 0), "<i4").tobytes() + np.int64(seen).tobytes()
    names = order({name: np.shape(array) for name, array in arrays.items()})
    return header + b"".join(np.asarray(arrays[name], "<f4").tobytes() for name in names)
