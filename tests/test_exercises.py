"""Exercises: each check passes its reference, fails its wrong answers with the right hint, and never raises."""

import numpy as np
import pytest

from scripts import exercises
from scripts.tools import lessons

ALL = [
    (id, exercise)
    for path in lessons.all_lessons()
    for id, exercise in __import__(
        f"scripts.exercises.lesson_{path.name[:2]}", fromlist=["EXERCISES"]
    ).EXERCISES.items()
]
JUNK = [
    "text", b"bytes", True, [], [1, "a"], {}, {"a": 1}, object(), np.nan, np.inf, -np.inf, 1j, np.zeros((3, 0)), np.zeros((2, 2, 2)),
    np.array(["a"]), lambda: None, lambda *a: None, lambda *a: "x", lambda *a: 1 / 0, lambda *a: (None, None), int, ..., range(3),
]  # fmt: skip


@pytest.mark.parametrize(("id", "exercise"), ALL, ids=[id for id, _ in ALL])
def test_the_reference_is_right(id, exercise, capsys):
    exercises.check(id, exercise.reference)
    assert capsys.readouterr().out == f"{id} right\n"
    assert exercises.answer(id, exercise.reference) is exercise.reference


@pytest.mark.parametrize(("id", "exercise"), ALL, ids=[id for id, _ in ALL])
def test_wrong_answers_draw_their_hint(id, exercise, capsys):
    assert len(exercise.wrong) >= 2
    for wrong, words in exercise.wrong:
        exercises.check(id, wrong)
        said = capsys.readouterr().out
        assert said.startswith(f"{id} not yet: ") and words in said, (
            f"{wrong!r} drew {said!r} without {words!r}"
        )
        assert exercises.answer(id, wrong) is exercise.reference


@pytest.mark.parametrize(("id", "exercise"), ALL, ids=[id for id, _ in ALL])
def test_no_answer_and_any_answer_are_told_not_raised(id, exercise, capsys):
    exercises.check(id, None)
    assert capsys.readouterr().out == f"{id} not tried yet\n"
    for junk in JUNK:
        exercises.check(id, junk)
        assert capsys.readouterr().out.startswith(f"{id} not yet: ")


def test_an_unknown_exercise_is_told(capsys):
    exercises.check("01.99", 1)
    exercises.check("77.1", 1)
    assert capsys.readouterr().out.splitlines() == [
        "01.99 cannot be checked: lesson 01 has no exercise '01.99'; it has 01.1, 01.2, 01.3, 01.4",
        "77.1 cannot be checked: lesson '77' has no exercises",
    ]


def test_every_lessons_exercises_are_those_of_its_notebook():
    for path in lessons.all_lessons():
        text = path.read_text(encoding="utf-8")
        ids = [id for id, _ in ALL if id.startswith(path.name[:2])]
        assert all(f'check(\\"{id}\\"' in text for id in ids) and 2 <= len(ids) <= 4
