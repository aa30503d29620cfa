"""Answers of all kinds, as lines of Python, to every exercise of every lesson."""

import contextlib
import io
from functools import cache

import numpy as np
from hypothesis import strategies as st

from scripts import ROOT
from scripts.exercises import find, same, verdict
from scripts.tools.fuzzing.engine import Target, Wrong

VALUES = (
    "0", "1", "-1", "True", "1e308", "10**400", "float('nan')", "float('inf')", "1j", "''", "'one'", "b'1'",
    "[]", "()", "{}", "{1: 2}", "[1, [2, 3]]", "[None]", "object()", "np.zeros(0)", "np.zeros((3, 2))",
    "np.ones((2, 4), 'uint8')", "np.full((4,), np.nan)", "np.array(['a', 'b'])",
    "np.array([{}, None], object)", "np.zeros((1, 1, 1, 1))", "set()", "range(3)", "Exception", "int", "np",
    "(1, 2)", "('A', 'B')",
)  # fmt: skip
FUNCTIONS = (
    "lambda *a, **k: 1 / 0", "lambda *a, **k: None", "lambda *a, **k: a", "lambda *a, **k: a[0]",
    "lambda: 1", "lambda *a, **k: np.zeros((3, 2))", "lambda *a, **k: float('nan')",
    "lambda *a, **k: a[0] * 0", "print",
)  # fmt: skip


@cache
def every() -> tuple[str, ...]:
    """The numbers of all exercises."""
    import importlib

    names = sorted(path.stem for path in (ROOT / "scripts" / "exercises").glob("lesson_*.py"))
    return tuple(
        key for name in names for key in importlib.import_module(f"scripts.exercises.{name}").EXERCISES
    )


def guises(reference) -> tuple[str, ...]:
    """Lines of Python that make of `ref` an answer that is as right."""
    if callable(reference):
        return "ref", "lambda *a, **k: ref(*a, **k)"
    if isinstance(reference, dict | str):
        return ("ref",)
    found = ["ref", "np.array(ref, 'float64')", "np.multiply(ref, 1 + 1e-9)"]
    if np.ndim(reference):
        found += (
            ["list(ref)", "tuple(ref)", "np.array(ref)", "[float(one) for one in ref]"]
            if np.ndim(reference) == 1
            else []
        )
        found += ["np.array(ref).tolist()", "np.array(ref, 'float32')"]
    else:
        found += ["float(ref)", "np.float64(ref)", "np.float32(ref)"]
        found += ["int(ref)", "np.int64(ref)"] if float(reference).is_integer() else []
    return tuple(found)


@cache
def references() -> tuple[tuple[str, str], ...]:
    """(number, line) of each exercise's reference in each guise."""
    return tuple((name, text) for name in every() for text in guises(find(name).reference))


def judge(example) -> bool:
    """A verdict in words: "right" of the reference in any guise, never of another's value or function."""
    name, text = example
    reference, guise = find(name).reference, "ref" in text
    answer = eval(text, {"np": np, "ref": reference})
    # an answer may print
    with contextlib.redirect_stdout(io.StringIO()):
        said = verdict(name, answer)
    if guise:
        if said != "right":
            raise Wrong(f"{name} calls its reference wrong: {said}")
        return True
    if said == "right":
        if callable(answer) or callable(reference) or not same(answer, reference, rtol=1e-2, atol=0.5):
            raise Wrong(f"{name} calls a wrong answer right")
        return True
    if not said.startswith("not yet: ") or len(said) == len("not yet: "):
        raise Wrong(f"{name} says no hint")
    return False


def targets() -> list[Target]:
    number = st.integers(-100, 1000).map(str) | st.floats(-1e3, 1e3).map(repr)
    text = st.sampled_from(VALUES + FUNCTIONS) | number
    text |= st.lists(st.sampled_from(VALUES), max_size=3).map(lambda some: f"[{', '.join(some)}]")
    text |= st.sampled_from(VALUES).map(lambda value: f"lambda *a, **k: {value}")
    return [
        Target("references", st.sampled_from(references()), judge),
        Target("answers", st.tuples(st.sampled_from(every()), text), judge),
    ]
