"""The strengthened nbval catches what nbval alone lets through, on small notebooks made here."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import nbformat
import pytest

from scripts import ROOT
from scripts.tools import anatomy, lessons
from tests import strict_nbval


def notebook(
    source="print('cost', 0.4167, 'after', 2001)",
    text="cost 0.4167 after 2001\n",
    count=1,
    tags=(),
    data=None,
):
    nb = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell(source, id="only", execution_count=count)
    cell.metadata.tags = list(tags)
    if text:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    nb.cells = [cell]
    if data is not None:
        packages = {"numpy": "numpy"}
        nb.metadata.course = {"packages": packages, "weights": []}
        nb.metadata.course["stored_with"] = {**lessons.environment({"packages": packages}), "data": data}
    return nb


def run(folder, *arguments):
    """Run every notebook of a folder in one pytest as the course's tests do: (exit status, text, {(notebook, cell): failure})."""
    report = folder / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.strict_nbval",
        "--nbval",
        "--nbval-current-env",
    ]
    done = subprocess.run(
        [*command, *arguments, f"--junitxml={report}", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(folder)],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    failures: dict[tuple[str, int], str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        file, cell = case.get("classname").rpartition("/")[2], int(case.get("name").removeprefix("Cell "))
        failures[file.removesuffix(".ipynb"), cell] = "".join(
            part.text or "" for part in case if part.tag in ("failure", "error")
        )
    return done.returncode, done.stdout + done.stderr, failures


def elsewhere(nb):
    """The same notebook, as if another environment had made it."""
    nb.metadata.course.stored_with["packages"]["numpy"] = "0.1"
    return nb


def unpublished():
    """A cell whose picture is not stored, because it may not be published."""
    source = "from IPython.display import display\n"
    source += "display({'image/png': 'aGk=', 'text/plain': '[figure: a face]'}, raw=True)"
    nb = notebook(source, text="", tags=["course-unpublished"])
    told = "[figure: a face]" + anatomy.RUN_IT
    nb.cells[0].outputs = [nbformat.v4.new_output("display_data", data={"text/plain": told})]
    return nb


WARNS = "import sys\nprint('note', file=sys.stderr)\nprint('cost', 0.4167, 'after', 2001)"
KNOB = 'n = 2  # @param {type: "slider", min: 1, max: 9, step: 1}\n'
SAME_AS_A_FORM = KNOB + "print([n * i for i in range(n)])"
OTHER_AS_A_FORM = KNOB + "seen = globals().get('seen', 0) + n\nprint(seen)"
PATCHES = "from scripts import data\ndata.load_photo_patches()\nprint(1)"
NOTEBOOKS = {  # name: (notebook, what its failure says, or None when it passes)
    "equal": (notebook(), None),
    "changed": (notebook(text="cost 0.4584 after 2001\n"), "stored: cost 0.4584"),
    "close": (notebook(text="cost 0.4171 after 2001\n", tags=["course-rtol-1e-2"]), None),
    "never_run": (notebook(count=None, text=""), "never run before the notebook was stored"),
    "line_magic": (notebook(source="%no_such_magic\nprint('never')", text=""), "wrote to stderr"),
    "cell_magic": (notebook(source="%%no_such_magic\nprint('never')", text=""), "wrote to stderr"),
    "raises": (notebook(source="1 / 0", text=""), "ZeroDivisionError"),
    "stderr_here": (notebook(source=WARNS, data={}), "wrote to stderr"),
    "stderr_elsewhere": (elsewhere(notebook(source=WARNS, data={})), None),
    "env_here": (notebook(text="other\n", tags=["course-env"], data={}), "stored: other"),
    "env_elsewhere": (elsewhere(notebook(text="other\n", tags=["course-env"], data={})), None),
    "data_same": (
        notebook(PATCHES, "other\n", tags=["course-data"], data={"photo_patches": "full"}),
        "stored: other",
    ),
    "data_other": (
        notebook(PATCHES, "other\n", tags=["course-data"], data={"photo_patches": "sample"}),
        None,
    ),
    "trained": (notebook(text="other\n", tags=["course-trained"]), None),
    "ignored": (notebook(text="other\n", tags=["nbval-ignore-output"]), None),
    "unpublished": (unpublished(), None),
    "form_same": (notebook(SAME_AS_A_FORM, "[0, 2]\n"), None),
    "form_other": (notebook(OTHER_AS_A_FORM, "2\n"), "as a form this cell does otherwise"),
    "01_slow": (notebook("import time; time.sleep(2.6)\nprint('slept')", "slept\n"), None),
}


def file_of(name: str) -> str:
    """The notebook that a case stands in: cases whose notebooks say the same of themselves share one, and its kernel."""
    if name == "01_slow":
        return name
    here = NOTEBOOKS[name][0].metadata.get("course", {}).get("stored_with")
    return "plain" if here is None else "_".join([name.partition("_")[2], *sorted(here["data"])])


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """How the run ended, what it said, and the failure of each case."""
    folder, files = tmp_path_factory.mktemp("made"), {}
    for name, (nb, _) in NOTEBOOKS.items():
        whole, names = files.setdefault(file_of(name), (nb, []))
        if names:
            whole.cells += nb.cells
        names.append(name)
        nb.cells[0].id = name.replace("_", "-")
    for file, (nb, _) in files.items():
        nbformat.write(nb, folder / f"{file}.ipynb")
    status, said, failures = run(folder)
    return (
        status,
        said,
        {name: failures[file, i] for file, (_, names) in files.items() for i, name in enumerate(names)},
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_cell_fails_or_passes_as_it_should(outcome, name):
    expected = NOTEBOOKS[name][1]
    failure = outcome[2][name]
    assert (expected in failure) if expected else (failure == ""), outcome[1]


def test_the_last_lines_count_what_was_compared_and_say_why_not(outcome):
    status, said, _ = outcome
    assert status == 1
    assert "not compared, another environment: 1" in said and "not compared, other data here: 1" in said
    assert re.search(r"^plain: .* cells compared \d+ of \d+;", said, re.M)


def test_the_slowest_cells_are_told(outcome):
    assert re.search(r"the slowest cells: .*\b01 01-slow \d+ s", outcome[1])


@pytest.mark.parametrize(
    ("tags", "count", "why"),
    [
        ((), None, "never run before the notebook was stored"),
        (("nbval-ignore-outputs",), 1, "unknown tag 'nbval-ignore-outputs'"),
        (("course-rtol-0.1",), 1, "unknown tag 'course-rtol-0.1'"),
        (("course-rtol-9e-2",), 1, "larger than 0.05"),
    ],
)
def test_what_breaks_a_cell_before_it_is_run(tags, count, why):
    """One of these also goes through a whole run above, as never_run."""
    (cell,) = notebook(tags=tags, count=count).cells
    assert why in strict_nbval.broken(cell)
    assert strict_nbval.broken(notebook(tags=("course-rtol-5e-2", "course-trained")).cells[0]) is None


def test_a_slow_cell_fails_and_what_follows_does_not_pass(tmp_path):
    nb = notebook(source="import time\ntime.sleep(60)", text="")
    nb.cells.append(nbformat.v4.new_code_cell("1", id="next", execution_count=2))
    nbformat.write(nb, tmp_path / "slow.ipynb")
    status, said, _ = run(tmp_path, "--nbval-cell-timeout=2")
    assert status == 1 and "Timeout of 2 seconds exceeded" in said and " 1 passed" not in said


def test_where_a_full_data_set_came_from_is_not_compared():
    def stream(text):
        return [nbformat.v4.new_output("stream", name="stdout", text=text)]

    stored = stream("MNIST: 60,000 + 10,000 pictures, the full set, from the mirror folder.\n60000\n")
    bar = "\r 40%|####      | 4.6M/11.5M [00:01<00:02, 3.1MB/s]\n"
    assert (
        strict_nbval.differences(stored, stream(bar + stored[0].text.replace("mirror folder", "cache")), None)
        == []
    )
    assert strict_nbval.differences(stored, stream(stored[0].text.replace("60,000", "50,000")), None)


def test_a_run_that_compares_too_little_fails(tmp_path):
    """A notebook of a lesson's name, of whose three cells one is compared: every cell passes, and the run fails."""
    nb = notebook()
    for i in range(2):
        nb.cells += notebook(text="other\n", tags=["nbval-ignore-output"]).cells
        nb.cells[-1].id = f"free-{i}"
    nbformat.write(nb, tmp_path / lessons.all_lessons()[0].name)
    status, said, failures = run(tmp_path)
    assert set(failures.values()) == {""} and "3 passed" in said
    assert status == 1 and "compared: 1 of 3 (33%" in said and "too few" in said


@pytest.mark.parametrize(("canonical", "least"), [(True, 6), (False, 4)])
def test_the_share_that_must_be_compared(monkeypatch, canonical, least):
    """Of ten cells; the environment and the data that made the page are asked for more."""
    monkeypatch.delenv("CLAIMS_ONLY", raising=False)
    monkeypatch.setattr(strict_nbval, "environment_matches", lambda path: True)
    monkeypatch.setattr(strict_nbval, "_full_data", lambda path: canonical)
    stem = lessons.all_lessons()[0].stem
    for compared, status in ((least, 0), (least - 1, 1)):
        tally = strict_nbval.Tally()
        tally.compared.update({(stem, True): compared, (stem, False): 10 - compared})
        session = SimpleNamespace(config=SimpleNamespace(course_tally=tally), exitstatus=0)
        strict_nbval.pytest_sessionfinish(session, 0)
        assert session.exitstatus == status


def test_numbers_compare_with_a_tolerance_and_everything_else_exactly():
    same = strict_nbval.same
    assert same("a 1.00", "a 1.004", 1e-2) and not same("a 1.00", "a 1.004", None)
    assert not same("a 1.00", "b 1.00", 1e-2)
    assert not same("step 200", "step 201", 5e-2)  # whole numbers are exact
    assert same("0.3", "0.4", 1e-3) and not same("0.3", "0.33", 1e-3)  # one in the last decimal is rounding
    assert same("3.16e-05", "3.17e-05", 1e-2) and not same("3.16e-05", "3.5e-05", 5e-2)
    assert same("[ 0.5 -1.25]", "[0.501 -1.251]", 1e-2)
    assert not same("1.0 2.0", "1.0", 1e-2)
    assert not same("nan", "1.0", 1e-2)
    # a tenth is more than any tag allows
    assert not same("cost 0.4584 after 2001", "cost 0.4167 after 2001", 1e-2)
    assert not same("cost 0.4584 after 2001", "cost 0.4167 after 2001", 5e-2)


def test_a_figure_is_held_to_its_alt_text_whatever_its_file():
    def shown(kind, alt):
        return [nbformat.v4.new_output("display_data", data={kind: "...", "text/plain": f"[figure: {alt}]"})]

    assert strict_nbval.differences(shown("image/png", "a line"), shown("image/jpeg", "a line"), None) == []
    assert strict_nbval.differences(shown("image/png", "a line"), shown("image/png", "a box"), None) != []
    assert strict_nbval.differences(shown("image/png", "a line"), [], None) != []
