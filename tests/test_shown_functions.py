"""What a lesson shows is what it runs: a shown function that is changed changes what later cells print.

The cells of a lesson run once in one namespace, on few scenes and for few steps. Then for each shown function its cell is run
again with a line changed, as a student would change it, and after it the later cells named: the result has to move.
"""

import contextlib
import io
import re
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scripts.tools import lessons

pytestmark = pytest.mark.long


class Change(NamedTuple):
    """A line of a shown cell changed: `old` becomes `new`; then `rerun`, in this order, and `watch`, an expression, moves."""

    cell: str
    old: str
    new: str
    rerun: tuple[str, ...]
    watch: str


class Lesson:
    """A lesson's code cells in a namespace of their own, made small."""

    def __init__(self, number: str, small: dict[str, str], until: str, folder, skip: tuple[str, ...] = ()):
        path = lessons.chosen([number])[0]
        self.cells = {
            cell.id: lessons.source(cell) for cell in lessons.read(path).cells if cell.cell_type == "code"
        }
        self.space, self.folder = {"__name__": "__main__"}, folder
        for old, new in small.items():
            found = [id for id, text in self.cells.items() if re.search(old, text)]
            assert found, f"lesson {number} has no {old}"
            for id in found:
                self.cells[id] = re.sub(old, new, self.cells[id])
        for id, text in self.cells.items():
            if (
                id not in skip
                and not id.endswith("-plot")
                and not id.startswith(("exercise", "knobs", "claims"))
            ):
                self.run(id, text)
            if id == until:
                break

    def run(self, id: str, text: str) -> None:
        """Run a cell from a file of its own: TensorFlow reads the source of what it traces."""
        file = self.folder / f"{id}.py"
        file.write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, file, "exec"), self.space)
        plt.close("all")

    def value(self, expression: str) -> np.ndarray:
        """An expression's numbers, in one row."""
        flat = []

        def collect(thing):
            if isinstance(thing, dict):
                thing = list(thing.values())
            if isinstance(thing, (list, tuple)):
                for part in thing:
                    collect(part)
            else:
                flat.append(np.ravel(np.asarray(thing, float)))

        collect(eval(expression, self.space))
        return np.concatenate([[], *flat])

    def moves(self, change: Change) -> bool:
        """Whether the watched value is another one with the changed cell, and the old one again with the old cell."""
        text = self.cells[change.cell]
        assert text.count(change.old) == 1, f"{change.cell} has {text.count(change.old)} times {change.old!r}"
        values = []
        for shown in (text, text.replace(change.old, change.new), text):
            self.run(change.cell, shown)
            for id in change.rerun:
                self.run(id, self.cells[id])
            values.append(self.value(change.watch))
        before, changed, after = values
        same = before.shape == after.shape and np.allclose(before, after, equal_nan=True, atol=1e-5)
        assert len(before) and same, f"{change.rerun}: without a change the result moved as well"
        return before.shape != changed.shape or not np.allclose(before, changed, equal_nan=True, atol=1e-5)


@pytest.fixture(scope="module")
def lesson_17(tmp_path_factory):
    small = {
        r"load_scenes\(200,": "load_scenes(8,",
        r"load_scenes\(100,": "load_scenes(3,",
        "100 \\* 160": "3 * 160",
        r"examples, 360,": "examples, 4,",
    }
    return Lesson("17", small, "test-run", tmp_path_factory.mktemp("lesson_17"))


CHANGES_17 = (
    Change("backbone-build", "(32, 64, 96, 96)", "(32, 64, 96, 48)", ("size-run",), "half_map"),
    Change("project-run", "end / stride + 0.5", "end / stride", ("pool-build", "pool-run"), "largest_gap"),
    Change("heads-build", "classes + 1", "classes + 2", ("net-run",), "logits"),
    Change("detector-build", "1 / STRIDE", "0.5 / STRIDE", ("net-run",), "logits"),
    Change(
        "losses-build",
        "size < 1, 0.5 * size**2",
        "size < 0.1, 5 * size**2",
        ("train-build", "train-run"),
        "history",
    ),
    Change("batch-build", "int(share * count)", "int(0.1 * count)", ("train-run",), "history"),
    Change("step-build", "of_class + weight", "3 * of_class + weight", ("train-run",), "history"),
    Change(
        "detect-build",
        "iou_threshold=0.3",
        "iou_threshold=0.9",
        ("test-run",),
        "[len(one.boxes) for one in found]",
    ),
)


@pytest.mark.parametrize("change", CHANGES_17, ids=[one.cell for one in CHANGES_17])
def test_lesson_17_runs_what_it_shows(lesson_17, change):
    assert lesson_17.moves(change)
