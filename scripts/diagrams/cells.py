"""Recurrent cells: a plain one unrolled, LSTM and GRU with their gates."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch

from scripts.diagrams.canvas import GREY, LIGHT, arrow, canvas


def cell(kind: str, steps: Sequence[str] = ("x1", "x2", "x3")):
    """A recurrent cell: "rnn" unrolled over the steps named, "lstm" or "gru" with its gates.

    Args:
        kind: "rnn", "lstm" (Hochreiter and Schmidhuber 1997, with the forget gate of Gers and others 2000) or "gru" (Cho and
            others 2014).
        steps: the names of the inputs of an unrolled one.

    Raises:
        ValueError: another kind, or no step.
    """
    if kind == "rnn":
        return _unrolled(steps)
    if kind not in GATED:
        raise ValueError(f"cell: {kind!r} is none of rnn, {', '.join(GATED)}")
    fig, ax = canvas(10.4, 4.6, 0.72)
    ax.add_patch(
        FancyBboxPatch((1.3, 0.9), 7.8, 2.9, boxstyle="round,pad=0.02,rounding_size=0.2", facecolor="#f7f7f7")
    )
    for text, x, y in GATED[kind]["boxes"]:
        gate = text.startswith("σ") or text.startswith("tanh")
        ax.add_patch(Circle((x, y), 0.34, facecolor=LIGHT if gate else "white", edgecolor="black", zorder=3))
        ax.text(x, y, text.partition("|")[0], ha="center", va="center", fontsize=11, zorder=4)
        if below := text.partition("|")[2]:
            ax.text(x + 0.42, y - 0.05, below, ha="left", va="center", fontsize=9, color=GREY, zorder=4)
    for line in GATED[kind]["lines"]:
        points = np.array(line, float)
        ax.plot(*points[:-1].T, color=GREY, linestyle="-", linewidth=1.6, zorder=1)
        arrow(ax, points[-2], points[-1], zorder=2)
    for text, x, y in GATED[kind]["names"]:
        ax.text(x, y, text, ha="center", va="center", fontsize=13)
    return fig


# circles (σ: a gate, tanh: a candidate, x, + and 1-: element by element), lines from point to point, and names of what goes in
# and out. h: hidden state, c: cell state, x: input; the gates see h and x together
GATED = {
    "lstm": {
        "boxes": [
            ("x", 2.3, 3.3),
            ("+", 5.0, 3.3),
            ("x", 5.0, 2.35),
            ("x", 7.4, 2.35),
            ("tanh", 7.4, 3.3),
            ("σ|forget", 2.3, 1.6),
            ("σ|input", 3.7, 1.6),
            ("tanh|new", 5.0, 1.6),
            ("σ|output", 6.2, 1.6),
        ],
        "lines": [
            [(0.9, 3.3), (1.96, 3.3)],
            [(2.64, 3.3), (4.66, 3.3)],
            [(5.34, 3.3), (7.06, 3.3)],
            [(6.6, 3.3), (6.6, 3.7), (9.6, 3.7)],
            [(7.4, 2.96), (7.4, 2.69)],
            [(7.74, 2.35), (9.6, 2.35)],
            [(0.9, 1.15), (2.3, 1.15), (2.3, 1.26)],
            [(2.3, 1.15), (3.7, 1.15), (3.7, 1.26)],
            [(3.7, 1.15), (5.0, 1.15), (5.0, 1.26)],
            [(5.0, 1.15), (6.2, 1.15), (6.2, 1.26)],
            [(1.7, 0.45), (1.7, 1.15)],
            [(2.3, 1.94), (2.3, 2.96)],
            [(3.7, 1.94), (3.7, 2.35), (4.66, 2.35)],
            [(5.0, 1.94), (5.0, 2.01)],
            [(5.0, 2.69), (5.0, 2.96)],
            [(6.2, 1.94), (6.2, 2.35), (7.06, 2.35)],
        ],
        "names": [
            ("$c_{t-1}$", 0.5, 3.3),
            ("$c_t$", 9.95, 3.7),
            ("$h_t$", 9.95, 2.35),
            ("$h_{t-1}$", 0.5, 1.15),
            ("$x_t$", 1.7, 0.2),
        ],
    },
    "gru": {
        "boxes": [
            ("x", 3.2, 2.3),
            ("σ|reset", 2.5, 1.6),
            ("σ|update", 4.3, 1.6),
            ("tanh|new", 6.2, 1.6),
            ("1-", 5.25, 2.6),
            ("x", 4.3, 3.3),
            ("x", 6.2, 2.6),
            ("+", 7.6, 3.3),
        ],
        "lines": [
            [(0.9, 3.3), (3.96, 3.3)],
            [(4.64, 3.3), (7.26, 3.3)],
            [(7.94, 3.3), (9.6, 3.3)],
            [(1.6, 3.3), (1.6, 1.15), (2.5, 1.15), (2.5, 1.26)],
            [(1.9, 3.3), (1.9, 2.3), (2.86, 2.3)],
            [(2.5, 1.15), (4.3, 1.15), (4.3, 1.26)],
            [(2.5, 1.94), (2.5, 1.98), (2.9, 1.98), (2.97, 2.04)],
            [(3.54, 2.3), (3.75, 2.3), (3.75, 2.1), (5.5, 2.1), (5.5, 1.6), (5.86, 1.6)],
            [(4.3, 1.15), (6.2, 1.15), (6.2, 1.26)],
            [(4.3, 1.94), (4.3, 2.96)],
            [(4.3, 2.6), (4.91, 2.6)],
            [(5.59, 2.6), (5.86, 2.6)],
            [(6.2, 1.94), (6.2, 2.26)],
            [(6.54, 2.6), (7.6, 2.6), (7.6, 2.96)],
            [(1.75, 0.45), (1.75, 1.15)],
        ],
        "names": [("$h_{t-1}$", 0.5, 3.3), ("$h_t$", 9.95, 3.3), ("$x_t$", 1.75, 0.2)],
    },
}


def _unrolled(steps: Sequence[str]):
    """The same cell once for each step, handing its hidden state on."""
    if not steps:
        raise ValueError("cell: an unrolled one has at least one step")
    fig, ax = canvas(2.7 * len(steps) + 1.6, 4.0, 0.7)
    for i, name in enumerate(steps):
        x = 1.4 + 2.7 * i
        box = {"boxstyle": "round,pad=0.02,rounding_size=0.12", "facecolor": LIGHT, "edgecolor": "black"}
        ax.add_patch(FancyBboxPatch((x, 1.5), 1.4, 1.0, **box))
        ax.text(x + 0.7, 2.0, "cell", ha="center", va="center", fontsize=12)
        arrow(ax, (x + 0.7, 0.75), (x + 0.7, 1.48))
        ax.text(x + 0.7, 0.45, name, ha="center", va="center", fontsize=12)
        arrow(ax, (x + 0.7, 2.52), (x + 0.7, 3.25))
        ax.text(x + 0.7, 3.55, f"y{i + 1}", ha="center", va="center", fontsize=12)
        arrow(ax, (x - 1.3 if i else 0.4, 2.0), (x - 0.02, 2.0))
        ax.text(x - 0.65, 2.12, f"h{i}", ha="center", va="bottom", fontsize=11)
    last = 1.4 + 2.7 * (len(steps) - 1)
    arrow(ax, (last + 1.42, 2.0), (last + 2.4, 2.0))
    ax.text(last + 1.95, 2.12, f"h{len(steps)}", ha="center", va="bottom", fontsize=11)
    return fig
