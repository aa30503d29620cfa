"""`make alone`: a lesson from an empty folder, and the failure of a claim that is missed there."""

import subprocess
import sys

import nbformat
import pytest

from scripts.tools import alone, lessons, stamps

MODEL, QUICK = lessons.chosen(["01", "14"])  # the second does without TensorFlow, whose start takes long


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return alone.repository(tmp_path_factory.mktemp("repository"))


def lesson(folder, *sources, like=QUICK):
    """A lesson of another one's name, with its Setup and these cells."""
    setup = next(cell.source for cell in lessons.read(like).cells if cell.id == "setup")
    cells = [nbformat.v4.new_code_cell(source) for source in (setup, *sources)]
    path = folder / like.name
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_claim_made_to_fail_fails_the_run_and_one_that_is_kept_does_not(served, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", "must not reach the lesson")
    claim = 'course.claim("14.two", 1 + 1, "== {}")'
    where = "import os; print(sorted(name for name in os.environ if name.startswith('COURSE_')))"
    kept = alone.run_alone(lesson(tmp_path, claim.format(2).replace("14.", "01."), where, like=MODEL), served)
    assert not kept.failed and kept.count("kept") == 1
    # Setup fetches and imports TensorFlow: what a cell takes ends with the kernel's answer, not with the question
    assert kept.cells[kept.notebook.cells[0].id] > 1 and kept.megabytes > 100
    assert "'COURSE_OFFLINE'" in kept.notebook.cells[-1].outputs[0].text
    assert "COURSE_MIRROR" not in kept.notebook.cells[-1].outputs[0].text
    assert "Fetching it from" in kept.notebook.cells[0].outputs[0].text
    missed = alone.run_alone(lesson(tmp_path, claim.format(3)), served)
    assert missed.failed and missed.count("missed") == 1 and missed.error is None
    stopped = alone.run_alone(lesson(tmp_path, "1 / 0"), served)
    assert stopped.failed and stopped.error.startswith("ZeroDivisionError")


def test_the_command_returns_1_for_a_missed_claim_and_names_it(tmp_path, monkeypatch, capsys):
    path = lesson(tmp_path, 'course.claim("14.two", 1 + 1, "== 3")')
    monkeypatch.setattr(lessons, "chosen", lambda numbers: [path])
    monkeypatch.setattr(stamps, "about", lambda path: {"packages": {}, "seconds": {"cpu": 1.0}})
    assert alone.main("14") == 1
    printed = capsys.readouterr().out
    assert "claim 14.two missed: got 2, bound == 3" in printed and "alone: 0 passed, 1 failed" in printed


def test_what_moved_is_listed():
    command = [sys.executable, "-m", "scripts.tools.alone", "--moved"]
    done = subprocess.run(command, cwd=lessons.ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and (" -> " in done.stdout or "Every package is the one" in done.stdout)
