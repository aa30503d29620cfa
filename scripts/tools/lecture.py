"""`make lecture`: open copies of the lessons without outputs in JupyterLab, so that no answer stands under a question.

The copies lie in lecture/, which git ignores and `make clean` leaves. They are made anew each time; one that you changed is kept
under another name before.
"""

import hashlib
import json
import sys
from pathlib import Path

from nbconvert.preprocessors import ClearOutputPreprocessor

from scripts.tools import lab, lessons

FOLDER = lessons.ROOT / "lecture"
MADE = "lecture"  # in a copy's metadata: what its cells were when it was made


def without_outputs(notebook):
    """A copy of a notebook without outputs and execution counts; all else is as it was."""
    return ClearOutputPreprocessor().preprocess(notebook, {})[0]


def cells_sha256(notebook) -> str:
    """The sha256 of the cells' kinds and sources: what a lecturer may have changed, whatever was run."""
    cells = [[cell.cell_type, lessons.source(cell)] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode("utf-8")).hexdigest()


def changed(copy: Path) -> bool:
    """Whether somebody changed a copy since it was made, or it can no longer be read."""
    try:
        notebook = lessons.read(copy)
        return notebook.metadata.get(MADE) != cells_sha256(notebook)
    except Exception:  # a broken file has many ways to be broken
        return True


def make(paths: list[Path], folder: Path) -> list[str]:
    """Write copies of lessons without outputs into a folder. Returns a line for each changed copy that it kept, and where."""
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for path in paths:
        target = folder / path.name
        if target.exists() and changed(target):
            taken = len(list(folder.glob(f"{path.stem}_yours_*.ipynb")))
            kept = target.with_name(f"{path.stem}_yours_{taken + 1}.ipynb")
            target.rename(kept)
            told.append(f"{target.name}: you changed this copy; it is kept as {folder.name}/{kept.name}")
        bare = without_outputs(lessons.read(path))
        bare.metadata[MADE] = cells_sha256(bare)
        lessons.write(bare, target)
    return told


def main(*arguments: str) -> int:
    """Make copies of the lessons named, or of all, and open them. Returns JupyterLab's exit status."""
    numbers = lessons.parser("make lecture", __doc__).parse_args(arguments).lessons
    print(
        "\n".join([*make(lessons.chosen(numbers), FOLDER), f"Copies without outputs lie in {FOLDER.name}/."]),
        flush=True,
    )
    return lab.open_on(FOLDER, numbers)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
