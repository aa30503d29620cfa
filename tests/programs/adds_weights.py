"""Adds the weights of a small net to a folder, as the end of `make weights` does.

    python -m tests.programs.adds_weights FOLDER UNITS NOTE

The net has 100 inputs and UNITS outputs, all weights are one; its card holds a note of NOTE characters.
"""

import sys
from pathlib import Path

from scripts import weights


def main(folder: str, units: str, note: str) -> None:
    """Add them once."""
    import keras

    layer = keras.layers.Dense(int(units), kernel_initializer="ones")
    model = keras.Sequential([keras.Input((100,)), layer])
    weights.add(model, "tiny", {"note": "n" * int(note)}, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
