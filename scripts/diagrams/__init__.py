"""Diagrams of nets: neurons with their numbers, pipelines with shapes, recurrent cells, graphs of a computation.

Shapes and values are read from the Keras model or the arrays given, so that a diagram of a changed model changes. Every function
returns a ``matplotlib.figure.Figure`` for `plots.show` or `motion.animate`. Nothing is told by colour alone: a negative weight is
a broken line, what is frozen is hatched, a gradient stands in brackets.
"""

from scripts.diagrams.blocks import Block, blocks, of_model
from scripts.diagrams.cells import cell
from scripts.diagrams.graph import Node, graph
from scripts.diagrams.network import dense_layers, network

__all__ = ["Block", "Node", "blocks", "cell", "dense_layers", "graph", "network", "of_model"]
