"""Exercises: ``check("01.1", yours)`` says how it stands, ``solution("01.1")`` shows a worked solution after a first try.

``answer("01.1", yours)`` lets a lesson of the first edition go on, where later cells read an answer; none of the second does.

The exercises of a lesson are in lesson_NN.py beside this file: for each its reference, a test that raises a `Hint` when
an answer is wrong, and wrong answers with the hint that each must draw (the course's tests feed them all).
"""

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

# The `atol` of a count: it takes what rounds to the count, but no half, which could be either of two.
COUNT = 0.5 - 1e-6


class Hint(Exception):
    """What is wrong with an answer, and where to look.

    Forms and tests raise it, with the hint as its only argument, and `check` prints it behind "not yet: ". An answer is
    right when nothing is raised.
    """


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise.

    Attributes:
        reference: a right answer.
        form: makes of an answer what `test` takes, and raises a `Hint` when that cannot be: `number`, or
            function("f(x)"). Without a form the test takes any answer as it is.
        test: takes an answer in that form. It returns nothing when the answer is right, and raises a `Hint` when not.
        wrong: answers that students give, each with words its hint must hold.
        worked: what `solution` prints: the code of a solution, and in a few lines why it is one. Of an open exercise: a model
            answer, and the three things that a good answer says.
    """

    reference: Any
    form: Callable[[Any], Any] | None = None
    test: Callable[[Any], None]
    wrong: tuple[tuple[Any, str], ...]
    worked: str = ""


# the exercises that were tried since the kernel started: `solution` shows nothing before a first try
_tried: set[str] = set()


def check(id: str, answer) -> None:
    """Print how an answer stands: "not tried yet", "not yet: " with a hint, or "right". Never raises.

    Args:
        id: the number of the exercise, such as "01.1".
        answer: the student's answer. It may be anything; None says that there is none yet.
    """
    if answer is not None:
        _tried.add(str(id))
    print(f"{id} {verdict(id, answer)}")


def solution(id: str) -> None:
    """Print the worked solution of an exercise that was tried, else that it comes after a first try. Never raises.

    Args:
        id: the number of the exercise, such as "01.1". It was tried when `check` got any answer but None.
    """
    try:
        exercise = find(id)
    except KeyError as problem:
        print(f"{id} has no solution: {problem.args[0]}")
        return
    if str(id) in _tried:
        print(f"{id}, one way to do it:\n\n{exercise.worked.strip()}")
    else:
        print(f"{id} solution: shown here after your first try")


def verdict(id: str, answer) -> str:
    """What `check` prints behind the number of the exercise."""
    try:
        exercise = find(id)
    except KeyError as problem:
        return f"cannot be checked: {problem.args[0]}"
    if answer is None:
        return "not tried yet"
    try:
        exercise.test(exercise.form(answer) if exercise.form else answer)
    except Hint as hint:
        return f"not yet: {hint}"
    # An answer may be anything, and may do anything when it is called.
    except (Exception, SystemExit) as problem:
        return f"not yet: your answer could not be used ({_told(problem)})"
    return "right"


def _told(problem: BaseException) -> str:
    """An exception in words; an answer's own may have none."""
    try:
        return f"{type(problem).__name__}: {problem}"
    except Exception:
        return type(problem).__name__


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


def number(answer) -> float:
    """The form of exercises that ask for one finite number; tests also use it on what an answer returns.

    Raises:
        Hint: why the answer is not such a number.
    """
    if isinstance(answer, (str, bytes, bool, np.bool_)):
        raise Hint(f"a number is asked for, this is {type(answer).__name__}")
    values = _floats(answer, "a number", "a number")
    if values.size != 1:
        raise Hint(f"one number is asked for, this has shape {values.shape}")
    value = float(values.reshape(()))
    if not np.isfinite(value):
        raise Hint(f"a finite number is asked for, this is {value}")
    return value


def array(answer, shape: tuple[int, ...]) -> np.ndarray:
    """An answer as a float64 array of this shape, its numbers finite.

    Raises:
        Hint: why the answer is not such an array.
    """
    values = _floats(answer, "an array", "an array of numbers")
    if values.shape != shape:
        raise Hint(f"shape {shape} is asked for, this has shape {values.shape}")
    if not np.isfinite(values).all():
        raise Hint("some of its numbers are NaN or infinite")
    return values


def _floats(answer, thing: str, in_full: str) -> np.ndarray:
    """An answer as a float64 array of any shape. Its hints call what is asked for `thing`, or `in_full`."""
    if callable(answer):
        raise Hint(f"{thing} is asked for, this is a function: call it")
    if answer is None:
        raise Hint(f"{thing} is asked for, this is None: does your function return it?")
    try:
        return np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise Hint(f"{in_full} is asked for, this is {type(answer).__name__}") from None


def function(signature: str) -> Callable[[Any], Callable]:
    """The form of exercises that ask for a function, such as function("years(stored)").

    The form gives the answer back as it is, and raises a `Hint` when that cannot be called.
    """

    def form(answer):
        if not callable(answer):
            kind = type(answer).__name__
            raise Hint(f"a function is asked for, this is {kind}; write def {signature}: ... return ...")
        return answer

    return form


def two_slopes(answer) -> list[float]:
    """What a gradient function returned, as [slope in W, slope in b].

    Raises:
        Hint: why it is not two numbers.
    """
    if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != 2:
        raise Hint("return two numbers: the slope in W and the slope in b")
    with hint_begins("each slope should be one number"):
        return [number(part) for part in answer]


@contextmanager
def hint_begins(words: str) -> Iterator[None]:
    """Put these words and a colon before any hint that is raised within."""
    try:
        yield
    except Hint as hint:
        raise Hint(f"{words}: {hint}") from None


def expect(value, *, right, mistakes=(), otherwise: str, rtol: float = 1e-5, atol: float = 1e-8) -> None:
    """Pass the right value, and raise the hint that any other one deserves.

    Args:
        value: a number or an array, as the forms make them.
        right: what it should be.
        mistakes: known wrong values with their hints, as `known_mistake` takes them.
        otherwise: the hint for a value that is none of these.
        rtol, atol: how far it may be from a value and still be taken for it, as in np.allclose. For a count they are
            rtol=0 and atol=COUNT.

    Raises:
        Hint: the value is not right.
    """
    if not np.allclose(value, right, rtol=rtol, atol=atol):
        known_mistake(value, mistakes, rtol=rtol, atol=atol)
        raise Hint(otherwise)


def known_mistake(
    value, mistakes: Iterable[tuple[Any, str]], *, rtol: float = 1e-5, atol: float = 1e-8
) -> None:
    """Raise the hint of the first known wrong value that this value is; return when it is none of them.

    Args:
        value: a number or an array.
        mistakes: pairs of a wrong value, a number or an array of the same shape, and its hint.
        rtol, atol: how far it may be from a value and still be taken for it, as in np.allclose. For a count they are
            rtol=0 and atol=COUNT.

    Raises:
        Hint: the value is a known mistake.
    """
    for wrong, hint in mistakes:
        if np.allclose(value, wrong, rtol=rtol, atol=atol):
            raise Hint(hint)


def same(answer, right, *, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Whether an answer has the form of `right`, a number or an array, and its value. Raises no hint.

    Args:
        answer: anything.
        right: what it should be.
        rtol, atol: as in np.allclose.
    """
    try:
        values = array(answer, np.shape(right)) if np.ndim(right) else number(answer)
    except Hint:
        return False
    return np.allclose(values, right, rtol=rtol, atol=atol)
