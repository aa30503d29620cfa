"""Every lesson has the anatomy that DESIGN asks for, and the rules see what is broken."""

import copy
import re

import nbformat
import pytest

from scripts.tools import anatomy, lessons, lint, notebook_text, stamps

LESSONS = lessons.all_lessons()
MODEL = lessons.chosen(["13"])[0]  # a lesson of the first edition, broken on purpose below


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_a_lesson_keeps_every_rule(path):
    assert anatomy.check(path) == []


def test_readme_has_the_table_as_generated():
    text = (lessons.ROOT / "README.md").read_text(encoding="utf-8")
    assert stamps.stamp_readme(text) == text
    with pytest.raises(ValueError, match="lost the marks"):
        stamps.stamp_readme("no table here")


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A function: change a copy of lesson 13, then return what the rules say of it."""
    original = lessons.read(MODEL)

    def check(change):
        notebook = copy.deepcopy(original)
        change(notebook, {cell.id: cell for cell in notebook.cells})
        path = tmp_path / MODEL.name
        nbformat.write(notebook, path)
        here = [path if other == MODEL else other for other in LESSONS]
        monkeypatch.setattr(stamps, "all_lessons", lambda: here)
        return "\n".join(anatomy.check(path))

    return check


def set_source(id, text):
    return lambda nb, cells: cells[id].update(source=text)


def replace(id, old, new):
    def change(nb, cells):
        assert old in cells[id].source, f"{old!r} is not in {id}"
        cells[id].source = cells[id].source.replace(old, new)

    return change


def drop(id):
    return lambda nb, cells: nb.cells.remove(cells[id])


def animation():
    about = {"image/png": {"alt": "A line turns until it fits.", "frames": 20}}
    return nbformat.v4.new_output("display_data", data={"image/png": ""}, metadata=about)


CASES = [
    (lambda nb, cells: nb.metadata.pop("course"), "metadata.course is missing"),
    (lambda nb, cells: nb.metadata.course.update(goals=["one"]), "goals"),
    (lambda nb, cells: nb.metadata.course.update(surprise=1), "surprise"),
    (lambda nb, cells: nb.metadata.course.update(slug="other"), "should be called 13_other.ipynb"),
    (
        lambda nb, cells: nb.metadata.course.update(data=["imagenet"]),
        "'imagenet' is not in data/manifest.json",
    ),
    (
        lambda nb, cells: nb.metadata.course.update(tracks=["Keras", "TensorFlow"]),
        "the tracks of the metadata",
    ),
    (lambda nb, cells: nb.metadata.course.seconds.update(cpu=56.0), "56 s on 2 cores, its budget is 55 s"),
    (
        lambda nb, cells: cells["five-run"].metadata.update(seconds=61.2),
        "five-run: took 61 s when it was stored; a cell may take 60 s",
    ),
    (
        replace("learned", "wrong.yml&lesson=13", "wrong.yml&lesson=02"),
        "learned: its last line is not as generated",
    ),
    (lambda nb, cells: nb.metadata.kernelspec.update(name="conda-env"), "the kernel should be python3"),
    (set_source("setup", "pass"), "the setup cell is not as generated"),
    (replace("title", "55 minutes", "5 minutes"), "the title cell is not as generated"),
    (drop("imports"), "the cell behind Setup should be the imports"),
    (lambda nb, cells: cells["five-run"].update(id="Cell 7"), "is no slug"),
    (lambda nb, cells: cells["five-run"].metadata.pop("slideshow"), "five-run: no slide type"),
    (drop("claims"), "no cell with the id claims"),
    (set_source("claims", 'course.claim("13.a", 1, "> 0")'), "1 claims, at least three"),
    (replace("claims", '"13.noise-left"', '"02.noise-left"'), "should begin with 13."),
    (replace("claims", '"13.noise-left"', '"13.vae-classes"'), "claimed twice"),
    (replace("knobs", "# @param", "# value"), "no value is marked # @param"),
    (set_source("exercise-1", "x = None"), "not in the form"),
    (lambda nb, cells: nb.cells.append(nb.cells.pop(-3)), "the end of a lesson is"),
    (set_source("learned", "## What you learned\n\n- one thing"), "three points"),
    (replace("fit-text", "**Predict.**", "Think:"), "no **Predict.**"),
    (replace("fit-notice", "**Notice.**", "See."), "no **Notice.**"),
    (
        lambda nb, cells: cells["fit-notice"].update(id="fit-note"),
        "fit-text: asks to predict, and no Notice stands within 6 cells",
    ),
    (set_source("fit-run", "\n".join(f"x{i} = {i}" for i in range(21))), "fit-run: 21 lines"),
    (set_source("fit-run", "x = '" + "y" * 120 + "'"), "fit-run: a line of"),
    (set_source("fit-run", "%timeit 1"), "no plain Python"),
    (set_source("fit-run", "!ls"), "no plain Python"),
    (replace("vae-build", "course.seed()", "pass"), "without course.seed()"),
    (set_source("fit-run", "np.random.rand(3)"), "use course.rng()"),
    (set_source("fit-run", "plt.show()"), "plots.show(fig, alt=...) only"),
    (set_source("fit-plot", "plots.show(fig)"), "plots.show without alt="),
    (
        lambda nb, cells: cells["five-run"].metadata.update(tags=["course-rtl-1e-2"]),
        "unknown tag 'course-rtl-1e-2'",
    ),
    (lambda nb, cells: cells["five-run"].metadata.update(tags=["course-rtol-9e-1"]), "larger than 0.05"),
    (lambda nb, cells: cells["five-run"].update(execution_count=None), "execution count None instead of"),
    (lambda nb, cells: cells["five-run"].outputs.append(nbformat.v4.new_output("error")), "stores an error"),
    (
        lambda nb, cells: cells["five-run"].outputs.append(nbformat.v4.new_output("stream", name="stderr")),
        "stores stderr",
    ),
    (lambda nb, cells: cells["fit-plot"].outputs[0].update(metadata={}), "a picture without alt text"),
    (
        lambda nb, cells: cells["fit-plot"].metadata.update(tags=["course-unpublished", "hide-input"]),
        "stores a picture that may not be published",
    ),
    (
        lambda nb, cells: cells["fit-plot"].update(outputs=[animation() for _ in range(4)]),
        "4 animations, more than 3",
    ),
    (set_source("fit-text", "See /home/me/course/data for more."), "a path of one machine"),
    (
        lambda nb, cells: cells["fit-run"].metadata.update(mirrors="scripts/tools/road.py::nothing"),
        "not there",
    ),
    (
        lambda nb, cells: cells["fit-run"].update(
            source="def smooth_l1(x):\n    return x",
            metadata={"mirrors": "scripts/detection/fast_rcnn.py::smooth_l1"},
        ),
        "differs",
    ),
    (set_source("knobs", 'rate = 0.1  # @param {type: "number"}'), "rate has no min, max and step"),
    (set_source("knobs", 'a, b = 1, 2  # @param {type: "raw"}'), "not one value before # @param"),
    (set_source("fit-plot", "motion.animate(fig, draw, 3)"), "motion.animate without alt="),
]


@pytest.mark.parametrize(
    ("change", "finding"), CASES, ids=[re.sub(r"\W+", "-", finding) for _, finding in CASES]
)
def test_a_broken_lesson_is_found_out(broken, change, finding):
    assert finding in broken(change)


def test_all_lessons_together_keep_their_budget():
    assert sum(stamps.about(path)["seconds"]["cpu"] for path in LESSONS) <= anatomy.ALL_LESSONS
    assert sum(path.stat().st_size for path in LESSONS) <= anatomy.ALL_BYTES


def test_an_untouched_copy_has_no_findings(broken):
    assert broken(lambda nb, cells: None) == ""


def test_a_file_that_is_no_notebook_is_a_finding(tmp_path):
    path = tmp_path / "01_linear_regression.ipynb"
    path.write_text("<html>")
    assert "cannot be read" in anatomy.check(path)[0]


def test_mirrored_code_is_compared_by_its_tree_without_docstrings_and_annotations():
    theirs = 'def f(a: int) -> int:\n    """Long text."""\n    return a + 1  # why\n'
    assert anatomy.definition(theirs, "f") == anatomy.definition("x = 1\ndef f(a):\n    return a+1", "f")
    assert anatomy.definition(theirs, "f") != anatomy.definition("def f(a):\n    return a + 2", "f")
    with pytest.raises(KeyError):
        anatomy.definition(theirs, "g")


def test_lint_finds_a_test_that_imports_torch_at_its_top(tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(
        "import os\nfrom torchvision.ops import nms\n\ndef f():\n    import torch\n"
    )
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    assert lint.forbidden_imports() == [
        "tests/test_x.py:2: imports torchvision.ops at its top; run such code in a subprocess"
    ]


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_a_lesson_survives_the_way_to_text_and_back(path):
    notebook = lessons.read(path)
    cells = notebook_text.to_cells(notebook_text.to_text(notebook), notebook.cells)
    assert len(cells) == len(notebook.cells)
    for before, after in zip(notebook.cells, cells, strict=True):
        assert (before.id, before.cell_type, before.source) == (after.id, after.cell_type, after.source)
        assert lessons.tags(before) == lessons.tags(after) and before.get("outputs") == after.get("outputs")


def test_lessons_are_chosen_by_number_and_unknown_numbers_are_told():
    assert [path.name[:2] for path in lessons.chosen(["1"])] == ["01"]
    with pytest.raises(SystemExit, match="no lesson 77; there are: "):
        lessons.chosen(["77"])
