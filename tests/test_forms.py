"""Forms: a cell of `# @param` values runs as a form just as it runs as a cell, and only where a page looks on."""

import subprocess
import sys

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from scripts import forms, runtime
from scripts.tools import lessons
from scripts.tools.execute import execute

CELL = """\
rate = 0.5  # @param {type: "slider", min: 0, max: 2, step: 0.5}
steps = 4  # @param {type: "slider", min: 1, max: 9, step: 1}
choice = 0.1  # @param [0.01, 0.1] {type: "raw"}
name = "a"  # @param ["a", "it's"]
print(rate, steps, choice, name, type(steps).__name__)
"""


@pytest.fixture
def shell(monkeypatch):
    """A shell as a notebook's, in which a page looks on."""
    monkeypatch.setenv("JPY_SESSION_NAME", "01.ipynb")
    monkeypatch.delenv("COURSE_FORMS", raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    assert forms.offer() and forms.offer()
    assert sum(one is forms.as_form for one in shell.input_transformers_cleanup) == 1
    yield shell
    InteractiveShell.clear_instance()


def moved(shell, name, value):
    """Move a value of the last form shown, as a reader does."""
    (field,) = [field for field in shell.user_ns["_"].fields if field.param.variable == name]
    field.widget.value = value


def test_a_cell_runs_at_once_and_again_when_a_value_is_moved(shell, capsys):
    assert shell.run_cell(CELL).success
    assert capsys.readouterr().out.splitlines()[0] == "0.5 4 0.1 a int"
    moved(shell, "rate", 1.5)
    assert capsys.readouterr().out.endswith("1.5 4 0.1 a int\n") and shell.user_ns["rate"] == 1.5
    moved(shell, "choice", "0.01")
    moved(shell, "name", "it's")
    assert capsys.readouterr().out.splitlines()[-1] == "1.5 4 0.01 it's int"


def test_a_whole_number_stays_one_when_its_slider_is_moved(shell, capsys):
    assert shell.run_cell(CELL).success
    moved(shell, "steps", 7.0)
    assert shell.user_ns["steps"] == 7 and isinstance(shell.user_ns["steps"], int)
    assert isinstance(shell.user_ns["rate"], float)


def test_functions_and_comprehensions_of_a_form_have_the_notebooks_names(shell, capsys):
    shell.run_cell("factor = 10")
    code = "n = 2  # @param {type: 'slider', min: 1, max: 9, step: 1}\n"
    code += "f = lambda x: factor * x * n\nprint([f(i) + factor for i in range(n)])\n"
    assert shell.run_cell(code).success
    assert capsys.readouterr().out.splitlines()[0] == "[10, 30]"
    assert shell.run_cell("g = f(1)").success and shell.user_ns["g"] == 20


@pytest.mark.parametrize(
    "fault", ["1 / 0", "raise KeyboardInterrupt", "no_such_name", "x = (", "exit_ = open('/no/file')"]
)
def test_an_error_of_the_first_run_fails_the_cell(shell, fault, capsys):
    done = shell.run_cell(f"n = 2  # @param {{type: 'slider', min: 1, max: 9, step: 1}}\n{fault}\n")
    assert not done.success


def test_an_error_after_a_move_is_shown_in_the_form_and_the_next_move_works(shell, capsys):
    assert shell.run_cell(
        "n = 2  # @param {type: 'slider', min: 0, max: 9, step: 1}\nprint(10 // n)\n"
    ).success
    moved(shell, "n", 0)
    moved(shell, "n", 5)
    out = capsys.readouterr().out
    assert "ZeroDivisionError" in out and out.rstrip().endswith("2")


def test_the_last_value_of_a_form_is_shown(shell, capsys):
    assert shell.run_cell("n = 2  # @param {type: 'slider', min: 0, max: 9, step: 1}\nn * 21\n").success
    assert "42" in capsys.readouterr().out


def test_other_cells_stay_cells(shell):
    assert forms.as_form(["x = 1\n", "y = 2\n"]) == ["x = 1\n", "y = 2\n"]
    assert shell.run_cell("x = 1\nx + 1").result == 2
    assert forms.as_form(["%%time\n", "x = 1  # @param\n"]) == ["%%time\n", "x = 1  # @param\n"]


@pytest.mark.parametrize(
    ("variables", "page"),
    [
        ({}, ""),
        ({"JPY_SESSION_NAME": "a.ipynb"}, "Jupyter"),
        ({"VSCODE_PID": "1"}, "VS Code"),
        ({"COLAB_RELEASE_TAG": "r"}, "Colab"),
        ({"JPY_SESSION_NAME": "a.ipynb", "COURSE_FORMS": "0"}, ""),
    ],
)
def test_where_a_page_looks_on(monkeypatch, variables, page):
    for name in ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG", "COURSE_FORMS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert runtime.page_looks_on() == page
    InteractiveShell.clear_instance()
    InteractiveShell.instance()
    assert forms.offer() == (page in ("Jupyter", "VS Code"))
    InteractiveShell.clear_instance()


def test_a_run_without_a_page_sees_nothing_of_it(tmp_path):
    path = tmp_path / "01_a.ipynb"
    setup = f"import sys\nsys.path.insert(0, {str(lessons.ROOT)!r})\nfrom scripts import forms\nprint(forms.offer())"
    cells = [nbformat.v4.new_code_cell(text) for text in (setup, CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    run = execute(path)
    assert run.error is None
    assert [[out.get("text") for out in cell.outputs] for cell in run.notebook.cells] == [
        ["False\n"],
        ["0.5 4 0.1 a int\n"],
    ]


def test_without_ipyform_a_cell_is_a_cell():
    program = lessons.ROOT / "tests" / "programs" / "forms_without_ipyform.py"
    environment = {"JPY_SESSION_NAME": "a.ipynb", "PATH": "", "PYTHONPATH": str(lessons.ROOT)}
    done = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "False\n0.5\n"
