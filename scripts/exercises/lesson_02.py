"""Exercises of lesson 02, binary classification."""

import numpy as np

from scripts.exercises import (
    Exercise,
    Hint,
    array,
    expect,
    function,
    hint_begins,
    known_mistake,
    number,
    two_slopes,
)

YOUNGEST, OLDEST = 21, 81  # years, in the original table


def gradient(W, b, x, y):
    """The reference of exercise 2: slopes of the mean log loss of sigmoid(W x + b), in W and in b."""
    error = 1 / (1 + np.exp(-(W * x + b))) - y
    return np.mean(error * x), np.mean(error)


def squared_error_gradient(W, b, x, y):
    """A wrong answer to exercise 2: the gradient of the other cost that the lesson shows."""
    p = 1 / (1 + np.exp(-(W * x + b)))
    error = 2 * (p - y) * p * (1 - p)
    return np.mean(error * x), np.mean(error)


def years(stored):
    """The reference of exercise 4: stored ages in years; 0 stands for the overwritten smallest value."""
    stored = np.asarray(stored, dtype=float)
    return YOUNGEST + (np.where(stored == 0, -1, stored) + 1) / 2 * (OLDEST - YOUNGEST)


def surprise(value: float) -> None:
    """Exercise 1: -log 0.8."""
    if np.isclose(value, -np.log(0.8), atol=0.005):
        return
    if np.isclose(value, np.log(0.8), atol=0.002):
        raise Hint("the sign: the logarithm of 0.8 is negative, and the cost is minus that")
    if np.isclose(value, -np.log(0.2), atol=0.005):
        raise Hint("this is the cost if the student had failed (y = 0)")
    if np.isclose(value, -np.log10(0.8), atol=0.002):
        raise Hint("this is the logarithm to base 10; np.log is the natural one")
    if np.isclose(value, 0.04, atol=0.001):
        raise Hint("this is the squared error; the log loss is asked for")
    raise Hint("for y = 1 the cost is -log H, with H = 0.8")


def my_gradient(answer) -> None:
    """Exercise 2: compared with the reference on random data."""
    random = np.random.default_rng(0)
    for _ in range(5):
        W, b, x = random.normal(), random.normal(), random.normal(size=6)
        y = (random.random(6) > 0.5).astype(float)
        values = two_slopes(answer(W, b, x, y))
        dW, db = gradient(W, b, x, y)
        p = 1 / (1 + np.exp(-(W * x + b)))
        saturated = (np.mean((p - y) * p * (1 - p) * x), np.mean((p - y) * p * (1 - p)))
        linear = (np.mean((W * x + b - y) * x), np.mean(W * x + b - y))
        known_mistake(
            values,
            (
                ((-dW, -db), "the sign is reversed: the error is probability minus y"),
                ((2 * dW, 2 * db), "twice too large: that factor belongs to the squared error"),
                ((len(x) * dW, len(x) * db), "sum and mean are mixed up: divide by the number of students"),
                (saturated, "the factor p (1 - p) belongs to the squared error; in the log loss it cancels"),
                (
                    tuple(2 * part for part in saturated),
                    "this is the gradient of the squared error; the factor 2 p (1 - p) is not there",
                ),
                ((db, dW), "the two slopes are exchanged: first W, then b"),
                (linear, "the sigmoid is missing: take the error of the probability, not of the logit"),
            ),
            rtol=1e-4,
            atol=1e-5,
        )
        if not np.isclose(values[1], db, rtol=1e-4, atol=1e-5):
            raise Hint("the slope in b is not right: it is the mean of probability minus y")
        if not np.isclose(values[0], dW, rtol=1e-4, atol=1e-5):
            raise Hint("the slope in W is not right: multiply each error by its x before you take the mean")


def zeros_and_age(answer) -> None:
    """Exercise 3: 63 patients; 0 is the middle of 21 and 81."""
    with hint_begins("give two numbers, (how many, years)"):
        count, age = array(answer, (2,))
    if count != 63:
        raise Hint("the count is not right: np.sum(table.x[:, 7] == 0)")
    expect(
        age,
        right=(YOUNGEST + OLDEST) / 2,
        mistakes=(
            (YOUNGEST, "the count is right; 21 is -1 on that scale, and 0 is its middle"),
            (0, "the count is right; 0 is the scaled value: which age lies in the middle of 21 and 81?"),
        ),
        otherwise="the count is right; the age is not: 0 lies half way from 21 to 81",
        rtol=0,
        atol=0,
    )


def restored(answer) -> None:
    """Exercise 4: compared on a column with zeros, negative and positive values."""
    stored = np.array([0.0, 1.0, -0.5, 0.5, -0.9, 0.0])
    given = stored.copy()
    got = array(answer(given), stored.shape)
    if not np.array_equal(given, stored):
        raise Hint("the function changes the array it is given; work on a copy, or use np.where")
    if np.allclose(got, years(stored), atol=0.01):
        return
    if np.allclose(got[[1, 2, 3, 4]], years(stored)[[1, 2, 3, 4]], atol=0.01):
        raise Hint(
            f"a stored 0 gives {got[0]:g} years; it stands for the smallest value, which is {YOUNGEST}"
        )
    if np.allclose(got[[0, 5]], YOUNGEST, atol=0.01):
        raise Hint("a stored 0 is right; the others are not: -1 ... 1 covers 60 years, from 21 to 81")
    raise Hint("undo the scaling first: 21 + (stored + 1) / 2 * 60")


EXERCISES = {
    "02.1": Exercise(
        reference=-np.log(0.8),
        form=number,
        test=surprise,
        wrong=(
            (np.log(0.8), "sign"),
            (1.609, "failed"),
            (0.0969, "base 10"),
            (0.04, "squared"),
            (0.8, "-log H"),
            ("0.22", "number"),
        ),
    ),
    "02.2": Exercise(
        reference=gradient,
        form=function("my_gradient(W, b, x, y)"),
        test=my_gradient,
        wrong=(
            (lambda W, b, x, y: tuple(-part for part in gradient(W, b, x, y)), "sign"),
            (lambda W, b, x, y: tuple(2 * part for part in gradient(W, b, x, y)), "twice"),
            (lambda W, b, x, y: tuple(len(x) * part for part in gradient(W, b, x, y)), "mean"),
            (lambda W, b, x, y: (np.mean((W * x + b - y) * x), np.mean(W * x + b - y)), "sigmoid is missing"),
            (lambda W, b, x, y: gradient(W, b, x, y)[0], "two numbers"),
            (lambda W, b, x, y: (gradient(W, b, x, y)[1], gradient(W, b, x, y)[1]), "multiply each error"),
            (lambda W, b, x, y: gradient(W, b, x, y)[::-1], "exchanged"),
            (squared_error_gradient, "squared error"),
            (0.5, "function"),
        ),
    ),
    "02.3": Exercise(
        reference=(63, 51),
        test=zeros_and_age,
        wrong=(
            ((62, 51), "count"),
            ((63, 21), "middle"),
            ((63, 0), "middle"),
            ((63, 50), "half way"),
            (63, "two numbers"),
        ),
    ),
    "02.4": Exercise(
        reference=years,
        form=function("years(stored)"),
        test=restored,
        wrong=(
            (lambda stored: YOUNGEST + (stored + 1) / 2 * 60, "smallest value"),
            (lambda stored: np.where(stored == 0, 21.0, stored), "others are not"),
            (lambda stored: stored, "undo the scaling"),
            (lambda stored: 21.0, "shape"),
            ("21", "function"),
        ),
    ),
}
