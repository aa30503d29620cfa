"""`make alone`: a lesson from an empty folder, and the failure of a claim that is missed there."""

import subprocess
import sys

import nbformat
import pytest

from scripts.tools import alone, lessons, stamps

QUICK = lessons.chosen(["14"])[0]  # it does without TensorFlow, whose start takes long


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return alone.repository(tmp_path_factory.mktemp("repository"))


def lesson(folder, *sources):
    """A lesson of another one's name, with its Setup and these cells."""
    setup = next(cell.source for cell in lessons.read(QUICK).cells if cell.id == "setup")
    cells = [nbformat.v4.new_code_cell(source) for source in (setup, *sources)]
    path = folder / QUICK.name
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_claim_made_to_fail_fails_the_run_and_one_that_is_kept_does_not(served, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", "must not reach the lesson")
    claim = 'course.claim("14.two", 1 + 1, "== {}")'
    where = "import os; print(sorted(name for name in os.environ if name.startswith('COURSE_')))"
    kept = alone.run_alone(lesson(tmp_path, claim.format(2), where, "import time; time.sleep(1)"), served)
    assert not kept.failed and kept.count("kept") == 1
    # what a cell takes ends with the kernel's answer, not with the question
    assert kept.cells[kept.notebook.cells[3].id] >= 1 and kept.megabytes > 50
    assert "'COURSE_OFFLINE'" in kept.notebook.cells[2].outputs[0].text
    assert "COURSE_MIRROR" not in kept.notebook.cells[2].outputs[0].text
    assert "Fetching it from" in kept.notebook.cells[0].outputs[0].text
    stopped = alone.run_alone(lesson(tmp_path, "1 / 0"), served)
    assert stopped.failed and stopped.error.startswith("ZeroDivisionError")


def test_the_command_returns_1_for_a_missed_claim_and_names_it(served, tmp_path, monkeypatch, capsys):
    path = lesson(tmp_path, 'course.claim("14.two", 1 + 1, "== 3")')
    missed = alone.run_alone(path, served)
    assert missed.failed and missed.count("missed") == 1 and missed.error is None
    monkeypatch.setattr(lessons, "chosen", lambda numbers: [path])
    monkeypatch.setattr(stamps, "about", lambda path: {"packages": {}, "seconds": {"cpu": 1.0}})
    # the run above is the command's: it need not be made twice
    monkeypatch.setattr(alone, "repository", lambda folder: served)
    monkeypatch.setattr(alone, "run_alone", lambda path, served, workers: missed)
    assert alone.main("14") == 1
    printed = capsys.readouterr().out
    assert "claim 14.two missed: got 2, bound == 3" in printed and "alone: 0 passed, 1 failed" in printed


def test_what_moved_is_listed():
    command = [sys.executable, "-m", "scripts.tools.alone", "--moved"]
    done = subprocess.run(command, cwd=lessons.ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and (" -> " in done.stdout or "Every package is the one" in done.stdout)
