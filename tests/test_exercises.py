"""Exercises: each check passes its reference, fails its wrong answers with the right hint, and never raises."""

import ast
import contextlib
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
FIRST_EDITION = [path for path in lessons.all_lessons() if lessons.read(path).metadata.course.edition == 1]
SECOND_EDITION = [path for path in lessons.all_lessons() if path not in FIRST_EDITION]
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


def test_a_solution_is_shown_after_a_first_try_only(capsys, monkeypatch):
    monkeypatch.setattr(exercises, "_tried", set())
    id, exercise = next((id, one) for id, one in ALL if one.worked)
    exercises.check(id, None)
    exercises.solution(id)
    assert capsys.readouterr().out.splitlines()[1] == f"{id} solution: shown here after your first try"
    exercises.check(id, object())
    exercises.solution(id)
    assert exercise.worked.strip() in capsys.readouterr().out
    exercises.solution("01.99")
    assert capsys.readouterr().out.startswith("01.99 has no solution: lesson 01 has no exercise '01.99'")


def test_every_exercise_of_the_second_edition_has_a_worked_solution():
    for path in SECOND_EDITION:
        for id, exercise in ALL:
            if id.startswith(path.name[:2]):
                assert len(exercise.worked.strip().splitlines()) >= 3, id


def own_names(path):
    """What a lesson defines without training anything: its imports, functions, classes, and arrays written out."""
    names = {}
    for cell in lessons.read(path).cells:
        if cell.cell_type != "code" or cell.id == "setup" or cell.id.startswith("exercise-"):
            continue
        for node in ast.parse(cell.source).body:
            calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
            arrays = all(ast.unparse(call).startswith(("np.", "tf.constant")) for call in calls)
            if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)) or (
                isinstance(node, ast.Assign) and arrays
            ):
                # what takes its values from a training is not there, and then no function that needs it can be an answer
                with contextlib.suppress(NameError, ValueError):
                    exec(compile(ast.Module([node], []), cell.id, "exec"), names)
    return names


@pytest.mark.parametrize("path", SECOND_EDITION, ids=[path.stem for path in SECOND_EDITION])
def test_no_function_of_the_lesson_is_an_answer(path):
    names = own_names(path)
    own = {
        name: one
        for name, one in names.items()
        if callable(one) and getattr(one, "__module__", None) in ("builtins", None)
    }
    assert own, "the lesson defines no function"
    for id, _ in [(id, one) for id, one in ALL if id.startswith(path.name[:2])]:
        for name, one in own.items():
            assert exercises.verdict(id, one) != "right", f"{name} of the lesson is an answer to {id}"


def test_functions_of_a_lesson_are_found_and_can_be_called():
    names = own_names(lessons.chosen(["01"])[0])
    assert names["cost"](1.0, 0.0) == 0 and len(names["gradient"](1.0, 0.0)) == 2


def test_an_unknown_exercise_is_told(capsys):
    exercises.check("01.99", 1)
    exercises.check("77.1", 1)
    assert capsys.readouterr().out.splitlines() == [
        "01.99 cannot be checked: lesson 01 has no exercise '01.99'; it has 01.1, 01.2, 01.3, 01.4, 01.5",
        "77.1 cannot be checked: lesson '77' has no exercises",
    ]


def test_every_lessons_exercises_are_those_of_its_notebook():
    for path in lessons.all_lessons():
        text = path.read_text(encoding="utf-8")
        ids = [id for id, _ in ALL if id.startswith(path.name[:2])]
        least, most = (2, 4) if path in FIRST_EDITION else (5, 5)
        assert all(f'check(\\"{id}\\"' in text for id in ids) and least <= len(ids) <= most


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
