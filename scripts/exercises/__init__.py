"""Exercises: ``check("01.1", yours)`` says how it stands, ``answer("01.1", yours)`` lets the lesson go on.

The exercises of a lesson are in lesson_NN.py beside this file: for each its reference, a test that returns a hint or
None, and wrong answers with the hint that each must draw (the course's tests feed them all).
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    reference: a right answer.
    test: takes an answer; returns None when it is right, else a hint: what is wrong, and where to look.
    wrong: answers that students give, each with words its hint must hold.
    form: makes of an answer what `test` takes, or a hint (a string) why that cannot be: `number`, or function("f(x)").
        None gives `test` any answer as it is.
    """

    reference: Any
    test: Callable[[Any], str | None]
    wrong: tuple[tuple[Any, str], ...]
    form: Callable[[Any], Any] | None = None


def check(id: str, answer) -> None:
    """Print how an answer stands: "not tried yet", "not yet: " with a hint, or "right". Never raises."""
    print(f"{id} {verdict(id, answer)}")


def verdict(id: str, answer) -> str:
    """What `check` prints behind the number of the exercise."""
    try:
        exercise = find(id)
    except KeyError as problem:
        return f"cannot be checked: {problem.args[0]}"
    if answer is None:
        return "not tried yet"
    try:
        formed = exercise.form(answer) if exercise.form else answer
        hint = formed if exercise.form and isinstance(formed, str) else exercise.test(formed)
    except (
        Exception,
        SystemExit,
    ) as problem:  # an answer may be anything, and may do anything when it is called
        hint = f"your answer could not be used ({type(problem).__name__}: {problem})"
    return "right" if hint is None else f"not yet: {hint}"


def answer(id: str, yours):
    """Yours if it is right, else the reference, so that the cells below work either way.

    Raises:
        KeyError: there is no such exercise.
    """
    return yours if verdict(id, yours) == "right" else find(id).reference


def find(id: str) -> Exercise:
    """The exercise with this number. Raises KeyError when there is none."""
    lesson = str(id).partition(".")[0]
    try:
        exercises = importlib.import_module(f"scripts.exercises.lesson_{lesson}").EXERCISES
    except ModuleNotFoundError:
        raise KeyError(f"lesson {lesson!r} has no exercises") from None
    if id not in exercises:
        raise KeyError(f"lesson {lesson} has no exercise {id!r}; it has {', '.join(exercises)}")
    return exercises[id]


def number(answer) -> float | str:
    """An answer as one finite number, or a hint why it is none. For use in tests of exercises."""
    if isinstance(answer, (str, bytes, bool, np.bool_)):
        return f"a number is asked for, this is {type(answer).__name__}"
    if callable(answer):
        return "a number is asked for, this is a function: call it"
    if answer is None:
        return "a number is asked for, this is None: does your function return it?"
    try:
        array = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return f"a number is asked for, this is {type(answer).__name__}"
    if array.size != 1:
        return f"one number is asked for, this has shape {array.shape}"
    value = float(array.reshape(()))
    return value if np.isfinite(value) else f"a finite number is asked for, this is {value}"


def array(answer, shape: tuple[int, ...]) -> np.ndarray | str:
    """An answer as a float64 array of this shape, or a hint why it is none. For use in tests of exercises."""
    if callable(answer):
        return "an array is asked for, this is a function: call it"
    if answer is None:
        return "an array is asked for, this is None: does your function return it?"
    try:
        values = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return f"an array of numbers is asked for, this is {type(answer).__name__}"
    if values.shape != shape:
        return f"shape {shape} is asked for, this has shape {values.shape}"
    return values if np.isfinite(values).all() else "some of its numbers are NaN or infinite"


def function(signature: str) -> Callable[[Any], Any]:
    """The form of exercises that ask for a function, such as function("years(stored)"): the answer, or a hint."""

    def form(answer):
        if callable(answer):
            return answer
        return (
            f"a function is asked for, this is {type(answer).__name__}; write def {signature}: ... return ..."
        )

    return form


def two_slopes(answer) -> list[float] | str:
    """What a gradient function returned, as (slope in W, slope in b), or a hint why it is none. For use in tests."""
    if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != 2:
        return "return two numbers: the slope in W and the slope in b"
    values = [number(part) for part in answer]
    wrong = next((part for part in values if isinstance(part, str)), None)
    return f"each slope should be one number: {wrong}" if wrong else values
