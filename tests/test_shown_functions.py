"""What a lesson shows is what it runs: a shown function that is changed changes what later cells print.

The cells of a lesson run once in one namespace, on few scenes and for few steps. Then for each shown function its cell is run
again with a line changed, as a student would change it, and after it the later cells named: the result has to move.
"""

import contextlib
import io
import re
from typing import NamedTuple

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from scripts.detection import anchors, faster_rcnn
from scripts.tools import lessons

pytestmark = pytest.mark.long
SAME = 2e-4  # threads add in another order: a few steps of training part by 1e-5


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
        same = before.shape == after.shape and np.allclose(
            before, after, equal_nan=True, atol=SAME, rtol=SAME
        )
        assert len(before) and same, f"{change.rerun}: without a change the result moved as well"
        return before.shape != changed.shape or not np.allclose(
            before, changed, equal_nan=True, atol=SAME, rtol=SAME
        )


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
    Change("heads-build", "layers.Dense(classes + 1", "layers.Dense(classes + 2", ("net-run",), "logits"),
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


@pytest.fixture(scope="module")
def lesson_16(tmp_path_factory):
    small = {
        r"load_scenes\(120,": "load_scenes(30,",
        r"load_scenes\(100,": "load_scenes(4,",
        r"range\(150\)": "range(4)",
    }
    return Lesson("16", small, "ap-run", tmp_path_factory.mktemp("lesson_16"), skip=("hard-run",))


CHANGES_16 = (
    Change(
        "sim-build", "others).sum(axis=-1)", "others).sum(axis=-1) ** 4", ("loop-run",), "tree.similarity"
    ),
    Change("sim-build", "(size_a + size_b) / pixels", "0", ("loop-run",), "tree.similarity"),
    Change("sim-build", "(width * height - size_a - size_b)", "0", ("search-run",), "test_proposals"),
    Change("loop-build", "a, b = max(pairs", "a, b = min(pairs", ("search-run",), "best"),
    Change("warp-build", "context=CONTEXT", "context=0", ("features-run",), "test_features"),
    Change("warp-build", "1.5 * tf.norm", "0.5 * tf.norm", ("tune-labels", "tune-run"), "losses"),
    Change("tune-net", "width=128", "width=64", ("tune-run",), "losses"),
    Change("tune-labels", "iou_threshold=0.5", "iou_threshold=0.8", ("tune-run",), "losses"),
    Change("svm-build", "C = 0.001", "C = 1.0", ("svm-run",), "svm_w"),
    Change("code-build", "np.log(goal", "2 * np.log(goal", ("box-run",), "deltas"),
    Change("code-build", "largest)) / 2", "largest)) / 4", ("detect-build",), "[one.boxes for one in moved]"),
    Change(
        "box-run", "t_mean - x_mean @ w", "1 - x_mean @ w", ("detect-build",), "[one.boxes for one in moved]"
    ),
    Change("detect-build", "iou_threshold=0.3", "iou_threshold=0.9", ("ap-run",), "result.mean"),
    Change("match-build", " and most not in taken", "", ("ap-run",), "outcomes"),
    Change(
        "match-build", "recalls = hits / objects", "recalls = hits / 2 / objects", ("ap-run",), "ap_of_five"
    ),
)


@pytest.mark.parametrize("change", CHANGES_16, ids=[f"{one.cell}: {one.old}" for one in CHANGES_16])
def test_lesson_16_runs_what_it_shows(lesson_16, change):
    assert lesson_16.moves(change)


@pytest.fixture(scope="module")
def lesson_18(tmp_path_factory):
    small = {
        r"load_scenes\(400,": "load_scenes(12,",
        r"load_scenes\(100,": "load_scenes(4,",
        r":360\]": ":8]",
        r"360:\]": "8:]",
        r"STEPS = \d+": "STEPS = 2",
    }
    return Lesson("18", small, "detect-run", tmp_path_factory.mktemp("lesson_18"))


CHANGES_18 = (
    Change("anchors-build", "s / r**0.5", "s / r", ("anchors-run",), "reach"),
    Change("anchors-build", "(rows) + 0.5)", "(rows) + 0.1)", ("anchors-run",), "reach"),
    Change(
        "targets-match",
        "(most > positive) | best",
        "(most > positive)",
        ("joint-teach",),
        "example.anchor_labels",
    ),
    Change("batch-build", "count=256", "count=32", ("joint-teach",), "example.anchor_labels"),
    Change(
        "batch-build", "astype(float)) / std", "astype(float))", ("joint-teach",), "example.anchor_deltas"
    ),
    Change("see-build", "(1, 2) if", "(1, 3) if", ("see-run",), "sees"),
    Change("loss-build", "balance=10.0", "balance=50.0", ("joint-flow",), "four"),
    Change("propose-build", "* std)", "* 0)", ("propose-run",), "proposed"),
    Change("joint-teach", "after=200", "after=5", ("joint-run",), "history"),
    Change(
        "joint-losses",
        "return (*of_rpn, *of_heads)",
        "return (*of_heads, *of_rpn)",
        ("joint-step", "joint-run"),
        "history",
    ),
    Change("joint-step", "tf.add_n(losses)", "tf.add_n(losses[:1])", ("joint-run",), "history"),
    Change("detect-run", "min_score=0.05", "min_score=0.6", (), "[one.mean for one in results['shipped']]"),
)


@pytest.mark.parametrize("change", CHANGES_18, ids=[f"{one.cell}: {one.old}" for one in CHANGES_18])
def test_lesson_18_runs_what_it_shows(lesson_18, change):
    assert lesson_18.moves(change)


def test_lesson_18_shows_what_the_helpers_do(lesson_18):
    """Where the lesson's function is a plainer one than the helper of the same name, both give the same."""
    shown, rng = lesson_18.space, np.random.default_rng
    truth, table = shown["train_scenes"].boxes[0], shown["table"]
    ours = shown["targets"](rng(3), table, truth, 160, 160)
    theirs = anchors.targets(rng(3), table, truth, 160, 160)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)

    logits, deltas = (part.numpy() for part in shown["rpn"](shown["train_maps"][:2]))
    scenes = shown["train_scenes"]
    objects = [(160, 160, scenes.boxes[i], scenes.labels[i]) for i in (0, 1)]
    ours = shown["step_targets"](rng(4), [0, 1], logits, deltas)
    theirs = faster_rcnn.step_targets(rng(4), logits, deltas, (160, 160), objects, 10)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)

    goals = logits, deltas, theirs.anchor_labels, theirs.anchor_deltas, 400
    np.testing.assert_allclose(
        shown["proposal_losses"](*goals), faster_rcnn.proposal_losses(*goals), rtol=1e-5
    )
    pictures, model = scenes.images[:2] / np.float32(255), shown["fresh"]()
    for layer in model.get_layer("heads").layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # else chance would part them
    ours = shown["joint_losses"](model, pictures, np.arange(2), lambda *_: tuple(theirs))
    expected = faster_rcnn.joint_losses(model, pictures, np.arange(2), lambda *_: tuple(theirs))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)

    net, image = shown["nets"]["shipped"], shown["test_scenes"].images[0]
    for one, other in zip(shown["detect"](net, image), faster_rcnn.detect(net, image), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
