"""Pipelines: a box for each stage, shapes on the arrows."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.patches import FancyBboxPatch

from scripts.diagrams.canvas import GREY, LIGHT, arrow, canvas, shape_text


class Block(NamedTuple):
    """A stage of a pipeline: its title, the shape that leaves it, and whether it is frozen."""

    title: str
    shape: tuple | str = ""
    frozen: bool = False


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
    across, lanes = 3.1, len(fork) if fork else 1
    longest = max(max(map(len, rows)), len(rows[-1]) + max(map(len, fork)) if fork else 0)
    high = 1.7 * (len(rows) + lanes - 1) + 0.3
    fig, ax = canvas(across * longest + 0.6, high, 0.62)
    before = None
    for i, row in enumerate(rows):
        for j, block in enumerate(row):
            at = (0.3 + across * j, high - 1.5 - 1.7 * i)
            _box(ax, block, at)
            if before:
                _join(ax, *before, at)
            before = at, block
    if fork:
        start = len(rows[-1]) * across
        for lane, branch in enumerate(fork):
            last = before
            for j, block in enumerate(branch):
                at = (0.3 + start + across * j, high - 1.5 - 1.7 * (len(rows) - 1 + lane))
                _box(ax, block, at)
                if last:
                    _join(ax, *last, at, quiet=lane > 0 and j == 0)
                last = at, block
            _leave(ax, *last)
    elif before:
        _leave(ax, *before)
    return fig


def _as_blocks(stage) -> list[Block]:
    if hasattr(stage, "layers"):
        return of_model(stage)
    if isinstance(stage, Block):
        return [stage]
    if isinstance(stage, str):
        return [Block(stage)]
    return [block for part in stage for block in _as_blocks(part)]


def _box(ax, block: Block, at) -> None:
    """A box of 1.9 x 1.1 whose lower left corner is at `at`."""
    hatch = {"hatch": "///", "facecolor": "#eeeeee"} if block.frozen else {"facecolor": LIGHT}
    ax.add_patch(
        FancyBboxPatch(at, 1.9, 1.1, boxstyle="round,pad=0.02,rounding_size=0.12", edgecolor="black", **hatch)
    )
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0} if block.frozen else None
    text = f"{block.title}\n(frozen)" if block.frozen else block.title
    ax.text(at[0] + 0.95, at[1] + 0.55, text, ha="center", va="center", fontsize=10, bbox=box)


def _join(ax, start, block: Block, end, quiet: bool = False) -> None:
    """The arrow from one box to the next, with the shape that goes along it."""
    text = "" if quiet else shape_text(block.shape)
    if abs(start[1] - end[1]) < 0.01:
        arrow(ax, (start[0] + 1.92, start[1] + 0.55), (end[0] - 0.02, end[1] + 0.55))
        ax.text((start[0] + end[0] + 1.9) / 2, start[1] + 1.16, text, ha="center", va="bottom", fontsize=9)
    elif end[0] > start[0]:
        arrow(ax, (start[0] + 1.92, start[1] + 0.55), (end[0] - 0.02, end[1] + 0.55))
    else:  # to the next row
        middle = (start[1] + end[1] + 1.1) / 2
        corners = [(start[0] + 0.95, start[1]), (start[0] + 0.95, middle), (end[0] + 0.95, middle)]
        ax.plot(*zip(*corners, strict=True), color=GREY, linestyle="-", linewidth=1.6)
        arrow(ax, corners[-1], (end[0] + 0.95, end[1] + 1.12))
        ax.text(start[0] + 1.1, start[1] - 0.2, text, ha="left", va="center", fontsize=9)


def _leave(ax, start, block: Block) -> None:
    """The arrow out of the last box."""
    if block.shape:
        arrow(ax, (start[0] + 1.92, start[1] + 0.55), (start[0] + 2.5, start[1] + 0.55))
        ax.text(
            start[0] + 2.5, start[1] + 1.16, shape_text(block.shape), ha="center", va="bottom", fontsize=9
        )
