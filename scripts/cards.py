"""Measured results too long for a lesson's minute: read from data/cards, where `make cards` has written them.

A lesson prints such a number by a cell that reads its card, and never types it. A card says how it was made: the command, the
seeds, the date, the machine.
"""

import json
from pathlib import Path

from scripts import ROOT
from scripts.runtime import OneLine

FOLDER = ROOT / "data" / "cards"


class CardError(OneLine, RuntimeError):
    """A card cannot be read; the message names the file, the reason and the cure."""


def read(name: str, folder: Path | None = None) -> dict:
    """A card by its name, such as "detectors".

    Raises:
        CardError: there is no such card, or its file is no JSON.
    """
    path = (folder or FOLDER) / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise CardError(
            f"data/cards/{path.name} cannot be read ({problem}). "
            "Restore it with: git checkout data/cards, or make it: make cards"
        ) from problem
