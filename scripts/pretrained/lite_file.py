"""EfficientNet-Lite0's layers, and its file of weights read as arrays: NumPy only.

The file is found and fetched as `files.py` does it for every net (`find`, `fetch`, `missing` of "efficientnet_lite0"); its whole
hash is known. Net: Tan and Le 2019, "EfficientNet"; Lite0 (Liu 2020) leaves out squeeze and excitation and takes ReLU6. Trained
on ImageNet, with 1,000 classes.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.pretrained import files, pt_arrays
from scripts.weights import WeightsError

NET = "efficientnet_lite0"
STEM, HEAD, CLASSES = 32, 1280, 1000
NORMALISED = ("weight", "bias", "running_mean", "running_var")


class Group(NamedTuple):
    """Inverted bottlenecks one after the other; only the first has the stride, and the channels that are given."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    given: int
    out: int


GROUPS = (
    Group(1, 3, 1, 1, 32, 16),
    Group(2, 3, 2, 6, 16, 24),
    Group(2, 5, 2, 6, 24, 40),
    Group(3, 3, 2, 6, 40, 80),
    Group(3, 5, 1, 6, 80, 112),
    Group(4, 5, 2, 6, 112, 192),
    Group(1, 3, 1, 6, 192, 320),
)


class Convolution(NamedTuple):
    """A convolution without bias, and the batch normalisation after it.

    name: in Keras, such as "group3_1_expand"; kernel and norm: what the names in the file begin with; shape: of the kernel,
    (out, in, height, width), of a depthwise one (channels, 1, height, width).
    """

    name: str
    kernel: str
    norm: str
    shape: tuple[int, int, int, int]


def convolutions() -> list[Convolution]:
    """All convolutions, from the picture on."""
    found = [Convolution("stem", "_conv_stem", "_bn0", (STEM, 3, 3, 3))]
    block = 0
    for number, group in enumerate(GROUPS, start=1):
        for repeat in range(1, group.repeats + 1):
            given = group.given if repeat == 1 else group.out
            wide, side = given * group.expansion, group.kernel
            steps = [
                ("expand", "_expand_conv", "_bn0", (wide, given, 1, 1)),
                ("depthwise", "_depthwise_conv", "_bn1", (wide, 1, side, side)),
                ("project", "_project_conv", "_bn2", (group.out, wide, 1, 1)),
            ]
            for name, kernel, norm, shape in steps if group.expansion > 1 else steps[1:]:
                names = (
                    f"group{number}_{repeat}_{name}",
                    f"_blocks.{block}.{kernel}",
                    f"_blocks.{block}.{norm}",
                )
                found.append(Convolution(*names, shape))
            block += 1
    return [*found, Convolution("head", "_conv_head", "_bn1", (HEAD, GROUPS[-1].out, 1, 1))]


def shapes() -> dict[str, tuple[int, ...]]:
    """The arrays of the net by their names in the file."""
    found = {}
    for one in convolutions():
        found[f"{one.kernel}.weight"] = one.shape
        found.update({f"{one.norm}.{part}": one.shape[:1] for part in NORMALISED})
    return {**found, "_fc.weight": (CLASSES, HEAD), "_fc.bias": (CLASSES,)}


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, by the names of `shapes`; they cannot be written to.

    Raises:
        WeightsError: it is not a whole file of this net.
    """
    title, wanted = files.cards()[NET]["title"], shapes()
    try:
        arrays = pt_arrays.read(path)
    except pt_arrays.PtError as problem:
        raise WeightsError(str(problem)) from problem
    if any(name not in arrays or arrays[name].shape != shape for name, shape in wanted.items()):
        raise WeightsError(f"{path.name} holds the weights of another net than {title}")
    arrays = {name: arrays[name] for name in wanted}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise WeightsError(f"{path.name} is damaged: some of its numbers are NaN or infinite")
    return arrays
