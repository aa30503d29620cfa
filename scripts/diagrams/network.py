"""Nets of dense layers as neurons and connections."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Circle

from scripts.diagrams.canvas import BLUE, GREY, RED, canvas, number

NUMBERED = 16  # a layer with at most so many connections has their numbers written on them
RADIUS = 0.32  # of a neuron; neurons of a layer stand 1 apart


def dense_layers(model) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights (inputs, outputs) and biases (outputs,) of a Keras model's dense layers, in order.

    Raises:
        ValueError: the model has none.
    """
    found = []
    for layer in model.layers:
        kernel, *bias = layer.get_weights() or [np.zeros(0)]
        if kernel.ndim == 2:
            found.append((kernel, bias[0] if bias else np.zeros(kernel.shape[1])))
    if not found:
        raise ValueError("network: this model has no dense layer")
    return found


def network(
    net, values: Sequence | None = None, names: Sequence[Sequence[str]] | None = None, shown: int = 6
):
    """A net of dense layers as neurons and connections.

    A line is thicker for a larger weight, broken for a negative one. Where a layer has few connections their weights are
    written on them, and biases under their neurons.

    Args:
        net: a Keras model, whose dense layers are drawn; or a list of (weights (inputs, outputs), biases (outputs,) or None).
        values: for each column of neurons, the inputs first, what is written into them; None leaves them empty.
        names: for each column what is written beside its neurons; None where nothing is.
        shown: neurons of a column that are drawn; of a wider one the first ones, and how many there are.

    Raises:
        ValueError: no dense layer, or weights that do not fit each other.
    """
    layers = net if isinstance(net, list) else dense_layers(net)
    layers = [(np.atleast_2d(np.array(w, float)), b if b is None else np.ravel(b)) for w, b in layers]
    for (one, _), (other, _) in zip(layers, layers[1:], strict=False):
        if one.shape[1] != other.shape[0]:
            raise ValueError(f"network: {one.shape[1]} outputs do not fit {other.shape[0]} inputs")
    sizes = [layers[0][0].shape[0], *(w.shape[1] for w, _ in layers)]
    most, gap = max(min(size, shown) for size in sizes), 2.6
    fig, ax = canvas(gap * len(layers) + 2, most + 1.0, 0.95)
    centres = []
    for column, size in enumerate(sizes):
        drawn = min(size, shown)
        y = most / 2 + 0.55 + (drawn - 1) / 2 - np.arange(drawn)
        centres.append([(1 + gap * column, height) for height in y])
    for column, (weights, _) in enumerate(layers):
        _connections(ax, weights, centres[column], centres[column + 1])
    for column, places in enumerate(centres):
        for i, (x, y) in enumerate(places):
            ax.add_patch(
                Circle((x, y), RADIUS, facecolor="white", edgecolor="black", linewidth=1.8, zorder=3)
            )
            if values is not None and values[column] is not None:
                ax.text(
                    x, y, number(np.ravel(values[column])[i]), ha="center", va="center", fontsize=10, zorder=4
                )
            if names is not None and column < len(names) and names[column] and i < len(names[column]):
                at, side = (x - RADIUS - 0.1, "right") if column == 0 else (x + RADIUS + 0.1, "left")
                ax.text(at, y, names[column][i], ha=side, va="center", fontsize=12, zorder=4)
            biases = layers[column - 1][1] if column else None
            if biases is not None and layers[column - 1][0].size <= NUMBERED:
                ax.text(
                    x,
                    y - RADIUS - 0.05,
                    f"b {number(biases[i])}",
                    ha="center",
                    va="top",
                    fontsize=9,
                    color=GREY,
                )
        if sizes[column] > len(places):
            ax.text(
                places[-1][0],
                places[-1][1] - 0.5,
                f"... {sizes[column]} in all",
                ha="center",
                va="top",
                fontsize=10,
            )
    return fig


def _connections(ax, weights, left, right) -> None:
    """The lines between two columns of neurons, with their weights where there are few."""
    largest = max(np.abs(weights).max(), 1e-12)
    for i, start in enumerate(left):
        for j, end in enumerate(right):
            weight = weights[i, j]
            style = "-" if weight >= 0 else (0, (4, 2))
            width = 0.4 + 2.6 * abs(weight) / largest
            ax.plot(
                *zip(start, end, strict=True),
                linestyle=style,
                linewidth=width,
                color=BLUE if weight >= 0 else RED,
                zorder=1,
            )
            if weights.size <= NUMBERED:
                # at different parts of the way, so that numbers of crossing lines do not meet
                share = 0.3 if (i + j) % 2 else 0.62
                x, y = (1 - share) * np.array(start) + share * np.array(end)
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
                ax.text(x, y, number(weight), ha="center", va="center", fontsize=9, zorder=2, bbox=box)
