"""Copies without outputs for a lecture: what is in them, where they lie, and that nothing of the lecturer's is lost."""

import json
import subprocess
import sys

import nbformat
import pytest

from scripts.tools import lab, lecture, lessons

PATH = lessons.chosen(["01"])[0]


@pytest.fixture
def folder(tmp_path):
    assert lecture.make([PATH], tmp_path / "lecture") == []
    return tmp_path / "lecture"


def test_a_copy_differs_from_its_lesson_in_outputs_and_counts_only(folder):
    copy, stored = json.loads((folder / PATH.name).read_text()), json.loads(PATH.read_text())
    assert sum(bool(cell.get("outputs")) for cell in stored["cells"]) > 20
    for cell in stored["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    del copy["metadata"]["lecture"]
    assert copy == stored


def test_a_copy_that_was_only_run_is_made_anew_and_one_that_was_changed_is_kept(folder):
    target = folder / PATH.name
    ran = lessons.read(target)
    ran.cells[2].outputs = [nbformat.v4.new_output("stream", text="printed in the lecture")]
    lessons.write(ran, target)
    assert lecture.make([PATH], folder) == [] and "printed in the lecture" not in target.read_text()
    for number in (1, 2):
        noted = lessons.read(target)
        noted.cells.append(nbformat.v4.new_markdown_cell(f"my note {number}", id="mine"))
        lessons.write(noted, target)
        told = lecture.make([PATH], folder)
        kept = folder / f"{PATH.stem}_yours_{number}.ipynb"
        assert told == [f"{PATH.name}: you changed this copy; it is kept as lecture/{kept.name}"]
        assert f"my note {number}" in kept.read_text() and "my note" not in target.read_text()
    target.write_text("half a file", encoding="utf-8")
    assert len(lecture.make([PATH], folder)) == 1
    assert (folder / f"{PATH.stem}_yours_3.ipynb").read_text() == "half a file"


def test_the_command_opens_the_copy_of_the_lesson_that_was_named(tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(lecture, "FOLDER", tmp_path / "lecture")
    monkeypatch.setattr(
        lab.subprocess,
        "run",
        lambda command, **how: opened.append(command[-1]) or subprocess.CompletedProcess(command, 0),
    )
    assert lecture.main("1") == 0
    assert opened == [str(tmp_path / "lecture" / PATH.name)]
    assert "Copies without outputs lie in lecture/." in capsys.readouterr().out


def test_a_copy_finds_the_course_that_it_lies_in(tmp_path):
    course = tmp_path / "course"
    (course / "scripts").mkdir(parents=True)
    (course / "scripts" / "claims.py").touch()
    lecture.make([PATH], course / "lecture")
    setup = next(
        cell for cell in lessons.read(course / "lecture" / PATH.name).cells if cell.id == "setup"
    ).source
    found = setup.partition("sys.path.insert")[0] + "print(root)"
    done = subprocess.run(
        [sys.executable, "-c", found], cwd=course / "lecture", capture_output=True, text=True
    )
    assert done.stdout.strip() == str(course), done.stderr
