"""scripts/drawing_pad.py without a browser: what the page sends becomes lesson 07's picture, and what else may come."""

import ast
import os
import subprocess
import sys
import types

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from scripts import drawing_pad, weights
from scripts.course import ROOT
from scripts.runtime import CourseError
from scripts.tools import lessons

ONE = [[[140.0, 40.5], [140, 120], [138.2, 240]]]
SEVEN = [[[70, 60], [140, 60], [210, 60], [170, 150], [130, 240]], [[110, 150], [190, 150]]]
LINE = "Nothing is drawn: here is a bundled drawing of a 2 instead.\n"


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """No test depends on where it is run."""
    for name in ("COURSE_FORMS", "JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def page(monkeypatch):
    """A kernel that a page looks on: what it displayed, and its shell, whose count of cells a test may raise."""
    events = types.SimpleNamespace(trigger=lambda name: None)  # comm calls it round every message of the page
    # imported before the name is put aside: ipywidgets keeps the function that it finds
    pytest.importorskip("ipywidgets")
    shell, shown = types.SimpleNamespace(kernel=object(), execution_count=1, events=events), []
    monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", shown.append)
    return types.SimpleNamespace(shown=shown, shell=shell)


@pytest.fixture
def with_anywidget(page):
    pytest.importorskip("anywidget")
    return page


def bundled() -> np.ndarray:
    return drawing_pad.like_mnist(drawing_pad.drawn(drawing_pad.BUNDLED))


def test_the_preparation_is_lesson_07s():
    cells = lessons.read(lessons.chosen(["07"])[0]).cells
    cell = next(cell for cell in cells if "def like_mnist" in lessons.source(cell))

    def body(source: str) -> list[str]:
        function = next(
            node for node in ast.walk(ast.parse(source)) if getattr(node, "name", "") == "like_mnist"
        )
        return [
            ast.unparse(node)
            for node in function.body[1:]
            if not isinstance(node, (ast.Import, ast.ImportFrom))
        ]

    ours = (ROOT / "scripts/drawing_pad.py").read_text(encoding="utf-8")
    assert body(ours) == body(lessons.source(cell))


@pytest.mark.parametrize(
    "settings", [{}, {"COURSE_FORMS": "0", "JPY_SESSION_NAME": "a"}, {"VSCODE_PID": "1"}]
)
def test_without_a_page_it_is_the_bundled_drawing_and_one_line_says_so(settings, monkeypatch, capsys):
    for name, value in settings.items():  # this process is no kernel, so a variable alone shows nothing
        monkeypatch.setenv(name, value)
    pad = drawing_pad.draw_digit()
    assert capsys.readouterr().out == ""
    digit = pad.digit()
    assert capsys.readouterr().out == LINE
    assert digit.shape == (28, 28, 1) and digit.dtype == np.float32
    assert digit.min() == 0 and 0.9 < digit.max() <= 1
    np.testing.assert_array_equal(digit, bundled())


def test_forms_turned_off_show_nothing_in_a_page_either(page, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_FORMS", "0")
    drawing_pad.draw_digit().digit()
    assert capsys.readouterr().out == LINE and page.shown == []


@pytest.mark.parametrize("way", ["update", "custom"])
@pytest.mark.parametrize("strokes", [ONE, SEVEN, [[[100, 100]]]], ids=["one", "seven", "dot"])
def test_what_the_page_sends_is_prepared(strokes, way, with_anywidget, capsys):
    pad = drawing_pad.draw_digit()
    (widget,) = with_anywidget.shown
    told = {
        "update": {"state": {"strokes": strokes}, "buffer_paths": []},
        "custom": {"content": {"strokes": strokes}},
    }
    widget.comm.handle_msg({"content": {"data": {"method": way, **told[way]}}, "buffers": []})
    np.testing.assert_array_equal(pad.digit(), drawing_pad.like_mnist(drawing_pad.drawn(strokes)))
    assert capsys.readouterr().out == ""


def test_clear_brings_the_bundled_drawing_back(with_anywidget, capsys):
    pad = drawing_pad.draw_digit()
    (widget,) = with_anywidget.shown
    widget.set_state({"strokes": ONE})
    widget.set_state({"strokes": []})
    np.testing.assert_array_equal(pad.digit(), bundled())
    assert capsys.readouterr().out == LINE


def test_the_later_of_the_two_ways_counts(with_anywidget):
    pad = drawing_pad.draw_digit()
    (widget,) = with_anywidget.shown
    widget.set_state({"strokes": ONE})
    one = pad.digit()
    custom = {"method": "custom", "content": {"strokes": SEVEN}}
    widget.comm.handle_msg({"content": {"data": custom}, "buffers": []})
    seven = pad.digit()
    widget.set_state({"strokes": [*SEVEN, *ONE]})  # held back by the page while the kernel was busy
    assert not np.array_equal(one, seven) and not np.array_equal(seven, pad.digit())


def test_two_pads_do_not_share_a_drawing(with_anywidget):
    one, other = drawing_pad.draw_digit(), drawing_pad.draw_digit()
    with_anywidget.shown[0].set_state({"strokes": ONE})
    with_anywidget.shown[1].set_state({"strokes": SEVEN})
    assert not np.array_equal(one.digit(), other.digit())


def test_it_is_shown_once_a_cell(with_anywidget):
    pad = drawing_pad.draw_digit()
    pad._ipython_display_()  # as IPython does with the last expression of a cell
    assert len(with_anywidget.shown) == 1
    with_anywidget.shell.execution_count += 1
    pad._ipython_display_()
    assert with_anywidget.shown == 2 * with_anywidget.shown[:1]


@pytest.mark.parametrize(
    "strokes",
    [None, 3, "one", [1, 2], [[]], [[[1, 2, 3]]], [[[1, 2], [3]]], [[["a", "b"]]], [[[None, 1]]]]
    + [[[[float("nan"), 1]]], [[[float("inf"), 1]]], [[[10**400, 1]]], [{"x": 1}]],
    ids=str,
)
def test_broken_data_are_one_clear_error(strokes, with_anywidget):
    pad = drawing_pad.draw_digit()
    with_anywidget.shown[0].set_state({"strokes": strokes})
    with pytest.raises(CourseError, match="no drawing: press Clear on the pad"):
        pad.digit()


@pytest.mark.parametrize(
    "strokes",
    [[[[900, 900], [1e300, 1e300]]], [[[0, y], [280, y]] for y in range(0, 281, 10)]],
    ids=["beside the paper", "all ink"],
)
def test_no_ink_and_nothing_but_ink_are_one_clear_error(strokes, with_anywidget):
    pad = drawing_pad.draw_digit()
    with_anywidget.shown[0].set_state({"strokes": strokes})
    with pytest.raises(CourseError, match="no ink on paper: press Clear"):
        pad.digit()


@pytest.mark.parametrize("name", ["anywidget", "ipywidgets"])
def test_a_package_that_is_not_installed_is_told_in_the_line(name, page, monkeypatch, capsys):
    if name == "ipywidgets":
        pytest.importorskip("anywidget")
        for module in [module for module in sys.modules if module.split(".")[0] == "anywidget"]:
            monkeypatch.delitem(sys.modules, module)  # so that it is imported anew
    monkeypatch.setitem(sys.modules, name, None)  # Python's own way to say that there is no such module
    pad = drawing_pad.draw_digit()
    assert capsys.readouterr().out == "" and page.shown == []
    np.testing.assert_array_equal(pad.digit(), bundled())
    assert capsys.readouterr().out == (
        f"There is no pad, for {name} is not installed (pip install anywidget): "
        "here is a bundled drawing of a 2 instead.\n"
    )


@pytest.mark.parametrize("version", ["0.8.1", "0.11.0", None], ids=["old", "broken", "no version"])
def test_an_anywidget_that_cannot_be_used_is_told_in_the_line(version, page, monkeypatch, capsys):
    pytest.importorskip("traitlets")
    stand_in = types.ModuleType("anywidget")  # without its class
    if version:
        stand_in.__version__ = version
    monkeypatch.setitem(sys.modules, "anywidget", stand_in)
    np.testing.assert_array_equal(drawing_pad.draw_digit().digit(), bundled())
    told = capsys.readouterr().out
    assert told.startswith("There is no pad, for anywidget cannot be used (") and told.count("\n") == 1
    assert "pip install -U anywidget" in told and page.shown == []


def run(variables: dict[str, str]) -> list[list]:
    """The outputs of four cells in a real kernel with these environment variables, a list a cell."""
    cells = ["from scripts.drawing_pad import draw_digit\npad = draw_digit()", "draw_digit()", "pad"]
    notebook = nbformat.v4.new_notebook(
        cells=list(map(nbformat.v4.new_code_cell, [*cells, "x = pad.digit()"]))
    )
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}})
    client.execute(env={**os.environ, **variables})
    return [cell.outputs for cell in notebook.cells]


def test_a_kernel_without_a_page_stores_one_line_of_text():
    *pads, digit = run({})
    assert pads == [[], [], []]
    assert [output.text for output in digit] == [LINE]


def test_a_kernel_with_a_page_shows_each_pad_once():
    pytest.importorskip("anywidget")
    *pads, digit = run({"JPY_SESSION_NAME": "lesson.ipynb"})
    for outputs in pads:
        (output,) = outputs
        assert "application/vnd.jupyter.widget-view+json" in output.data
        assert output.data["text/plain"] == "A pad to draw a digit on: run this cell, and draw."
    assert [output.text for output in digit] == [LINE]


def test_importing_it_imports_nothing_heavy():
    program = "import sys; from scripts import drawing_pad; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "scripts" in loaded and not loaded & {"anywidget", "ipywidgets", "IPython", "numpy", "PIL"}


def test_nothing_is_fetched_and_the_pad_has_a_label():
    for text in (drawing_pad.SCRIPT, drawing_pad.STYLE):
        assert not any(word in text for word in ("http", "//cdn", "fetch(", "import ", "@import", "url("))
    assert "aria-label" in drawing_pad.SCRIPT and "touch-action: none" in drawing_pad.STYLE


def test_the_shipped_net_reads_the_bundled_drawing_and_others():
    from scripts.models import mnist_cnn

    net = mnist_cnn()
    weights.load(net, "mnist_cnn")
    pictures = [
        drawing_pad.like_mnist(drawing_pad.drawn(strokes)) for strokes in (drawing_pad.BUNDLED, ONE, SEVEN)
    ]
    logits = net.predict(np.stack(pictures), verbose=0)
    assert logits.argmax(axis=1).tolist() == [drawing_pad.BUNDLED_DIGIT, 1, 7]
