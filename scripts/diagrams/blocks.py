"""Pipelines: a box for each stage, shapes on the arrows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.patches import FancyBboxPatch

from scripts.diagrams.canvas import GREY, LIGHT, arrow, canvas, shape_text

LOW, TALL = 1.1, 2.3  # a box's height, and that of all boxes where one of them holds a picture
WIDE, APART = 1.9, 0.6  # a box's width, and the room between two rows
UNIT, LARGE_UNIT = 0.62, 0.72  # inches to a step, and where pictures are to be seen
ENTRY = 0.9  # room above a row into which something enters from above


class Block(NamedTuple):
    """A stage of a pipeline.

    title: what it is; shape: what leaves it; frozen: whether it learns nothing; enters: what comes into it beside the stage
    before, written above it; picture: pixels (height, width) or (height, width, 3) that are drawn in the box over its title.
    """

    title: str
    shape: tuple | str = ""
    frozen: bool = False
    enters: str = ""
    picture: np.ndarray | None = None


def of_model(model) -> list[Block]:
    """The layers of a Keras model as blocks, in order: name of the class, shape without the batch, whether frozen."""
    found = [Block("Input", tuple(model.input_shape[1:]))]
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        frozen = bool(layer.weights) and not layer.trainable
        found.append(Block(type(layer).__name__, tuple(layer.output.shape[1:]), frozen))
    return found


def blocks(stages: Sequence, width: int = 5):
    """A pipeline: a box for each stage, the shape that leaves it on the arrow to the next.

    Args:
        stages: `Block`s, or texts; a Keras model stands for all of its layers; a list among them is a fork, whose pipelines run
            side by side to the end. What is frozen is hatched.
        width: boxes in a row; the rest goes on in the next one.

    Raises:
        ValueError: a fork that does not stand at the end.
    """
    line = []
    for stage in [stages] if isinstance(stages, Block) or not isinstance(stages, list | tuple) else stages:
        if isinstance(stage, list):
            line.append([_as_blocks(branch) for branch in stage])
        else:
            line += _as_blocks(stage)
    fork = line[-1] if line and isinstance(line[-1], list) else None
    line = line[:-1] if fork else line
    if any(isinstance(stage, list) for stage in line):
        raise ValueError("blocks: a fork stands at the end, since its branches are not joined again")
    rows = [line[i : i + width] for i in range(0, len(line), width)] or [[]]
    across, branches = 3.1, fork or []
    longest = max([*map(len, rows), *(len(rows[-1]) + len(branch) for branch in branches)])
    talls = [_height(row) for row in rows]
    lane = _height([block for branch in branches for block in branch])
    # how far the branches reach below the last row
    below = max(lane * len(branches) + APART * (len(branches) - 1) - talls[-1], 0)
    entries = [ENTRY if any(block.enters for block in row) else 0 for row in rows]
    high = sum(talls) + APART * len(rows) + sum(entries) + below + 0.3
    fig, ax = canvas(across * longest + 0.6, high, UNIT if max(talls) == LOW else LARGE_UNIT)
    before, bottom = None, high + APART - 0.4
    for row, tall, entry in zip(rows, talls, entries, strict=True):
        bottom -= entry + APART + tall
        for j, block in enumerate(row):
            at = (0.3 + across * j, bottom, tall)
            _box(ax, block, at)
            if before:
                _join(ax, *before, at)
            before = at, block
    start = 0.3 + len(rows[-1]) * across
    for k, branch in enumerate(branches):
        last = before
        for j, block in enumerate(branch):
            at = (start + across * j, bottom + talls[-1] - lane - (lane + APART) * k, lane)
            _box(ax, block, at)
            if last:
                _join(ax, *last, at, quiet=k > 0 and j == 0)
            last = at, block
        _leave(ax, *last)
    if before and not branches:
        _leave(ax, *before)
    return fig


def _height(row: Sequence[Block]) -> float:
    """How tall the boxes of a row are: one that holds a picture makes them all tall."""
    return TALL if any(block.picture is not None for block in row) else LOW


def _as_blocks(stage) -> list[Block]:
    if hasattr(stage, "layers"):
        return of_model(stage)
    if isinstance(stage, Block):
        return [stage]
    if isinstance(stage, str):
        return [Block(stage)]
    return [block for part in stage for block in _as_blocks(part)]


def _box(ax, block: Block, at) -> None:
    """A box with its picture and what enters from above; at: x and y of its lower left corner, and its height."""
    x, y, tall = at
    hatch = {"hatch": "///", "facecolor": "#eeeeee"} if block.frozen else {"facecolor": LIGHT}
    corners = "round,pad=0.02,rounding_size=0.12"
    ax.add_patch(FancyBboxPatch((x, y), WIDE, tall, boxstyle=corners, edgecolor="black", **hatch))
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1.0} if block.frozen else None
    text = f"{block.title}\n(frozen)" if block.frozen else block.title
    middle, height = x + WIDE / 2, y + tall / 2
    if block.picture is not None:
        height = y + 0.27
        _picture(ax, block.picture, middle, y + 0.55, WIDE - 0.25, tall - 0.7)
    ax.text(middle, height, text, ha="center", va="center", fontsize=10, bbox=white)
    if block.enters:
        arrow(ax, (middle, y + tall + 0.62), (middle, y + tall + 0.02))
        ax.text(middle, y + tall + 0.66, block.enters, ha="center", va="bottom", fontsize=10)


def _picture(ax, pixels, middle: float, bottom: float, wide: float, tall: float) -> None:
    """Pixels, as large as fit into wide x tall above `bottom` in their own proportions; the axes keep their limits."""
    step = min(wide / pixels.shape[1], tall / pixels.shape[0])
    half, high = step * pixels.shape[1] / 2, step * pixels.shape[0]
    limits = {"xlim": ax.get_xlim(), "ylim": ax.get_ylim()}
    look = {"cmap": "gray", "zorder": 2, "interpolation": "antialiased"}
    ax.imshow(pixels, extent=(middle - half, middle + half, bottom, bottom + high), **look)
    ax.set(**limits)


def _join(ax, start, block: Block, end, quiet: bool = False) -> None:
    """The arrow from one box to the next, with the shape that goes along it; start, end: places as `_box` takes them."""
    text = "" if quiet else shape_text(block.shape)
    x, y, tall = start
    if end[0] > x:
        arrow(ax, (x + WIDE + 0.02, y + tall / 2), (end[0] - 0.02, end[1] + end[2] / 2))
        if abs(y - end[1]) < 0.01:
            ax.text((x + end[0] + WIDE) / 2, y + tall + 0.06, text, ha="center", va="bottom", fontsize=9)
        else:  # to a branch: beside the box, where no arrow goes
            ax.text(x + WIDE / 2, y + tall + 0.06, text, ha="center", va="bottom", fontsize=9)
        return
    middle = (y + end[1] + end[2]) / 2  # to the next row
    corners = [(x + WIDE / 2, y), (x + WIDE / 2, middle), (end[0] + WIDE / 2, middle)]
    ax.plot(*zip(*corners, strict=True), color=GREY, linestyle="-", linewidth=1.6)
    arrow(ax, corners[-1], (end[0] + WIDE / 2, end[1] + end[2] + 0.02))
    ax.text(x + WIDE / 2 + 0.15, y - 0.2, text, ha="left", va="center", fontsize=9)


def _leave(ax, start, block: Block) -> None:
    """The arrow out of the last box."""
    if block.shape:
        x, y, tall = start
        arrow(ax, (x + WIDE + 0.02, y + tall / 2), (x + WIDE + 0.6, y + tall / 2))
        text = shape_text(block.shape)
        ax.text(x + WIDE + 0.6, y + tall + 0.06, text, ha="center", va="bottom", fontsize=9)
