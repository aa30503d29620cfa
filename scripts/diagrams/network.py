"""Nets of dense layers as neurons and connections."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Circle

from scripts.diagrams.canvas import BLUE, RED, canvas, number

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
    net,
    values: Sequence | None = None,
    names: Sequence[Sequence[str]] | None = None,
    shown: int = 6,
    heads: Sequence[str] | None = None,
    gradients: Sequence | None = None,
    numbers: bool = True,
):
    """A net of dense layers as neurons and connections.

    A line is thicker for a larger weight, broken for a negative one; where numbers are written, a line below says so. Where a
    layer has few connections their weights are written on them, and biases under their neurons.

    Args:
        net: a Keras model, whose dense layers are drawn; or a list of (weights (inputs, outputs), biases (outputs,) or None).
        values: for each column of neurons, the inputs first, what is written into them; None leaves them empty.
        names: for each column what is written beside its neurons; None where nothing is.
        shown: neurons of a column that are drawn; of a wider one the first ones, and how many there are.
        heads: what is written above each column, such as "hidden layer".
        gradients: of each layer (of the weights, of the biases), in the shapes of `net`; they stand in brackets below the numbers.
        numbers: False leaves the numbers of weights and biases out.

    Raises:
        ValueError: no dense layer, or weights that do not fit each other.
    """
    layers = net if isinstance(net, list) else dense_layers(net)
    layers = [(np.atleast_2d(np.array(w, float)), b if b is None else np.ravel(b)) for w, b in layers]
    for (one, _), (other, _) in zip(layers, layers[1:], strict=False):
        if one.shape[1] != other.shape[0]:
            raise ValueError(f"network: {one.shape[1]} outputs do not fit {other.shape[0]} inputs")
    sizes = [layers[0][0].shape[0], *(w.shape[1] for w, _ in layers)]
    layered = [(None, None)] * len(layers) if gradients is None else gradients
    # what stands in brackets needs room
    most, gap = max(min(size, shown) for size in sizes), 2.6 if gradients is None else 4.2
    step = 1.0 if gradients is None else 1.6
    if names is not None and any(names[1 : len(layers)]):
        step = max(step, 1.25)
    low = 0.8 - step / 2  # so much room below that a bias can stand under the lowest neuron
    top = step * (most - 0.5) + low  # of the highest neuron
    fig, ax = canvas(gap * len(layers) + 2, top + (1.3 if heads else 0.95), 0.95)
    centres = []
    for column, size in enumerate(sizes):
        drawn = min(size, shown)
        y = step * (most / 2 + (drawn - 1) / 2 - np.arange(drawn)) + low
        centres.append([(1 + gap * column, height) for height in y])
    for column, (weights, _) in enumerate(layers):
        slopes = layered[column][0] if numbers else None
        _connections(ax, weights, centres[column], centres[column + 1], numbers, slopes)
    for column, places in enumerate(centres):
        for i, (x, y) in enumerate(places):
            ax.add_patch(
                Circle((x, y), RADIUS, facecolor="white", edgecolor="black", linewidth=1.8, zorder=3)
            )
            if values is not None and values[column] is not None:
                text = number(np.ravel(values[column])[i])
                # as large as the neuron allows
                size = 13 if len(text) < 5 else 10
                ax.text(x, y, text, ha="center", va="center", fontsize=size, zorder=4)
            if names is not None and column < len(names) and names[column] and i < len(names[column]):
                # above the neurons in the middle, where lines go to both sides
                at, side = {0: (x - RADIUS - 0.1, "right"), len(layers): (x + RADIUS + 0.1, "left")}.get(
                    column, (x, "center")
                )
                height = y + RADIUS + 0.16 if side == "center" else y
                ax.text(at, height, names[column][i], ha=side, va="center", fontsize=13, zorder=4)
            biases = layers[column - 1][1] if column else None
            if numbers and biases is not None and layers[column - 1][0].size <= NUMBERED:
                slopes = layered[column - 1][1]
                ax.text(
                    x,
                    y - RADIUS - 0.05,
                    f"b {number(biases[i])}"
                    + ("" if slopes is None else f" [{number(np.ravel(slopes)[i])}]"),
                    ha="center",
                    va="top",
                    fontsize=11 if slopes is None else 10,
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
        if heads is not None:
            x = centres[column][0][0]
            ax.text(x, top + 1.0, heads[column], ha="center", va="center", fontsize=12, weight="bold")
    told = ["broken line: negative weight"] if any((w < 0).any() for w, _ in layers) else []
    told += [] if gradients is None else ["[ ]: slope of the cost"]
    if numbers and told:
        ax.text(0.3, 0, "      ".join(told), ha="left", va="center", fontsize=11)
    return fig


def _connections(ax, weights, left, right, numbers=True, slopes=None) -> None:
    """The lines between two columns of neurons, with their weights where there are few, and gradients where given."""
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
            if numbers and weights.size <= NUMBERED:
                # neighbours at different parts of the way, so that numbers of crossing lines do not meet; where lines
                # spread they are farther apart near their ends
                odd, even = (0.57, 0.72) if len(right) > len(left) else (0.62, 0.3)
                share = odd if i % 2 else even
                x, y = (1 - share) * np.array(start) + share * np.array(end)
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
                text = number(weight) + ("" if slopes is None else f"\n[{number(slopes[i][j])}]")
                size = 11 if slopes is None else 10
                ax.text(x, y, text, ha="center", va="center", fontsize=size, zorder=2, bbox=box)
