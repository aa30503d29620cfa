"""What all diagrams share: axes without a frame, arrows, numbers and shapes as they are written."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch

BLUE, RED, GREY, LIGHT = "#0072B2", "#D55E00", "#595959", "#d9e8f5"


def number(value: float) -> str:
    """A number as it is written on a diagram: three figures, no trailing zeros."""
    return f"{float(value):.3g}"


def shape_text(shape) -> str:
    """A shape as it is written on an arrow, without the batch: "28 x 28 x 1"."""
    if isinstance(shape, str):
        return shape
    return " x ".join("?" if side is None else str(side) for side in shape)


def canvas(width: float, height: float, unit: float = 1.0):
    """A figure and its axes without a frame or ticks.

    Args:
        width, height: in the drawing's own steps, from 0. unit: inches to a step, either way.
    """
    fig, ax = plt.subplots(figsize=(max(width * unit, 2), max(height * unit, 1.2)))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return fig, ax


def arrow(ax, start, end, **style) -> None:
    """An arrow between two points (x, y); style: of ``matplotlib.patches.FancyArrowPatch``."""
    style = {"color": GREY, "linewidth": 1.6, **style}
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, **style))
