"""A lesson's own cells, run outside a notebook: what bench times and what trains some of the weights."""

import contextlib
import gc
import io
import tempfile
import time
from pathlib import Path

from scripts.tools import lessons


def settle() -> None:
    """Before a clock starts: the garbage that imports left is theirs, and so is the cost of looking through their objects."""
    gc.collect()
    gc.freeze()


def run_cells(
    lesson: str, before: tuple[str, ...], given: str, cells: tuple[str, ...], code: str
) -> tuple[float, dict]:
    """Execute a lesson's cells: Setup, imports, `before` and `given`, then with the clock running `cells` and `code`.

    Returns the seconds and the names that the cells defined.
    """
    path = lessons.chosen([lesson])[0]
    sources = {cell.id: lessons.source(cell) for cell in lessons.read(path).cells}
    space: dict = {"__name__": "__main__"}  # as in a notebook; TensorFlow looks functions up by it
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):

        def run(id: str, text: str) -> None:
            # a real file, because TensorFlow reads the source of what it traces
            file = Path(folder) / f"{id}.py"
            file.write_text(text, encoding="utf-8")
            exec(compile(text, file, "exec"), space)

        for id in ("setup", "imports", *before):
            run(id, sources[id])
        run("given-code", given)
        settle()
        began = time.perf_counter()
        for id in cells:
            run(id, sources[id])
        run("bench-code", code)
        seconds = time.perf_counter() - began
    return seconds, space
