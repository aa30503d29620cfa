"""What all diagrams share: axes without a frame, arrows, numbers and shapes as they are written."""

import matplotlib.pyplot as plt
import numpy as np
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
    """A figure and axes without a frame, `unit` inches to a step either way."""
    fig, ax = plt.subplots(figsize=(max(width * unit, 2), max(height * unit, 1.2)))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return fig, ax


def arrow(ax, start, end, text: str = "", bend: float = 0.0, **style) -> None:
    """An arrow with a text beside its middle."""
    style = {"color": GREY, "linewidth": 1.6, **style}
    way = f"arc3,rad={bend}"
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, connectionstyle=way, **style)
    )
    if text:
        middle = (np.array(start, float) + np.array(end, float)) / 2
        ax.annotate(text, middle, (0, 5), textcoords="offset points", ha="center", va="bottom", fontsize=10)
