"""Exercises: each check passes its reference, fails its wrong answers with the right hint, and never raises."""

import ast
from pathlib import Path

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
JUNK = ["text", b"bytes", True, [], [1, "a"], {}, {"a": 1}, object(), ..., range(3), int]
JUNK += [np.nan, np.inf, -np.inf, 1j, np.zeros((3, 0)), np.zeros((2, 2, 2)), np.array(["a"])]
JUNK += [lambda: None, lambda *a: None, lambda *a: "x", lambda *a: 1 / 0, lambda *a: (None, None)]


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


def test_hints_are_raised_never_returned():
    """Were one returned, its answer would count as right."""
    for path in sorted(Path(exercises.__file__).parent.glob("lesson_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            returned = ast.walk(node.value) if isinstance(node, ast.Return) and node.value else ()
            texts = [part for part in returned if isinstance(getattr(part, "value", None), str)]
            assert not texts, f"{path.name}:{node.lineno} returns a text"


def test_an_exercise_names_its_fields():
    with pytest.raises(TypeError):
        exercises.Exercise(1, print, ())


def test_the_first_known_mistake_within_the_tolerance_gives_its_hint():
    mistakes = ((3, "three"), (3.1, "more than three"))
    for value, atol, said in (
        (3, 0, "three"),
        (3.1, 0, "more"),
        (3.1, 0.2, "three"),
        (2.6, exercises.COUNT, "three"),
    ):
        with pytest.raises(exercises.Hint, match=f"^{said}"):
            exercises.known_mistake(value, mistakes, rtol=0, atol=atol)
    # a half could be either of two counts
    for value in (2.5, 3.5, 9):
        exercises.known_mistake(value, ((3, "three"),), rtol=0, atol=exercises.COUNT)


def test_a_value_is_right_or_a_known_mistake_or_something_else():
    table = dict(right=5, mistakes=((4, "one too few"),), otherwise="count again")
    assert exercises.expect(5, **table) is None
    for value, said in ((4, "one too few"), (9, "count again")):
        with pytest.raises(exercises.Hint, match=said):
            exercises.expect(value, **table)


def test_same_compares_what_has_the_form_and_refuses_the_rest():
    assert exercises.same(2, 2) and exercises.same([1, 2], np.array([1.0, 2.0]))
    assert not any(exercises.same(other, 2) for other in (3, "2", None, [2, 2], print))
    assert not any(exercises.same(other, np.array([1.0, 2.0])) for other in (1, [1, 3], [1, 2, 3], None))
