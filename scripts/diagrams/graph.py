"""A computation as a graph of nodes, with values and gradients."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.patches import Rectangle

from scripts.diagrams.canvas import LIGHT, RED, arrow, canvas, number


class Node(NamedTuple):
    """A node of a computation: its name, the operation, the names of its inputs, its value and the gradient there, if known."""

    name: str
    operation: str = ""
    inputs: tuple[str, ...] = ()
    value: float | None = None
    gradient: float | None = None


def graph(nodes: Sequence[Node], factors: Mapping[tuple[str, str], float] | None = None):
    """A computation as a graph: values go forward, gradients come back and stand in brackets.

    Args:
        nodes: in an order in which each stands after its inputs.
        factors: for (input, node) the slope of the node by this input; it is written on the arrow, with a times sign.

    Raises:
        ValueError: an input that no earlier node is.
    """
    column, by_name = {}, {}
    for node in nodes:
        if unknown := [name for name in node.inputs if name not in column]:
            raise ValueError(f"graph: {node.name} needs {', '.join(unknown)}, which comes before it nowhere")
        column[node.name] = 1 + max((column[name] for name in node.inputs), default=-1)
        by_name[node.name] = node
    for node in reversed(nodes):  # what has no input stands just before its first use
        uses = [column[other.name] for other in nodes if node.name in other.inputs]
        if not node.inputs and uses:
            column[node.name] = min(uses) - 1
    columns = [[node for node in nodes if column[node.name] == k] for k in range(max(column.values()) + 1)]
    high, gap = max(map(len, columns)), 2.75
    fig, ax = canvas(gap * len(columns) + 0.4, 1.5 * high + 0.2, 0.8)
    places = {}
    for k, members in enumerate(columns):
        for i, node in enumerate(members):
            places[node.name] = (1.1 + gap * k, 0.1 + 1.5 * (high / 2 + (len(members) - 1) / 2 - i))
    for node in nodes:
        for name in node.inputs:
            (x1, y1), (x2, y2) = places[name], places[node.name]
            arrow(ax, (x1 + 0.82, y1), (x2 - 0.82, y2))
            if factors and (name, node.name) in factors:
                text = f"× {number(factors[name, node.name])}"
                # above a level arrow, which it would hide; across a sloping one
                x, y = (x1 + x2) / 2, (y1 + y2) / 2 + (0.2 if y1 == y2 else 0.0)
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
                ax.text(x, y, text, ha="center", va="center", fontsize=10, color=RED, bbox=box)
    for name, (x, y) in places.items():
        node = by_name[name]
        ax.add_patch(
            Rectangle(
                (x - 0.82, y - 0.42),
                1.64,
                0.84,
                facecolor=LIGHT if node.inputs else "white",
                edgecolor="black",
            )
        )
        title = f"{name} = {node.operation}" if node.operation else name
        lines = [title, number(node.value) if node.value is not None else ""]
        ax.text(x, y, "\n".join(filter(None, lines)), ha="center", va="center", fontsize=10)
        if node.gradient is not None:
            ax.text(x, y - 0.46, f"[{number(node.gradient)}]", ha="center", va="top", fontsize=11, color=RED)
    return fig
