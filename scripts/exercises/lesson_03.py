"""Exercises of lesson 03, softmax classification."""

import warnings

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number, same


def softmax(s):
    """The reference of exercise 1: softmax over the last axis, safe for large scores."""
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def my_softmax(answer) -> None:
    """Exercise 1: compared with the reference on small scores, then on large and very negative ones."""
    small = np.array([2.0, 1.0, -1.0])
    got = array(answer(small.copy()), (3,))
    right = softmax(small)
    expect(
        got,
        right=right,
        mistakes=(
            (
                1 / (1 + np.exp(-small)),
                "this is a sigmoid of each score; divide by the sum of the exponentials instead",
            ),
            (np.exp(small), "the exponentials are there; divide them by their sum"),
            (small / small.sum(), "take the exponential of each score before you divide"),
        ),
        otherwise=f"for the scores 2, 1, -1 it gives {got.round(3)} instead of {right.round(3)}",
    )
    for large in (
        np.array([1000.0, 999.0, 998.0]),
        np.array([-1000.0, -999.0, -998.0]),
        np.array([1000.0, 0.0, -1000.0]),
    ):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            got = answer(large.copy())
            is_right = same(got, softmax(large))
        if not is_right:
            scores = large.tolist()
            raise Hint(f"right for small scores, but not for {scores}: subtract the largest score first")


def cost_and_gradient(answer) -> None:
    """Exercise 2: log 3, and p - y with p = 1/3 each."""
    with hint_begins("give four numbers, cost first"):
        values = array(answer, (4,))
    if not np.isclose(values[0], np.log(3), atol=0.005):
        raise Hint(
            "the cost is not right: with equal scores each class has probability 1/3; take -log of that"
        )
    p, y = np.full(3, 1 / 3), np.array([0, 1, 0])
    expect(
        values[1:],
        right=p - y,
        mistakes=(
            (y - p, "the sign of the gradient is reversed: it is p - y"),
            (p, "these are the probabilities; subtract the one-hot label of B"),
        ),
        otherwise="the cost is right; the gradient is p - y, with y = [0, 1, 0]",
        atol=0.005,
    )


def parameters(value: float) -> None:
    """Exercise 3: 784 x 10 weights and 10 biases."""
    expect(
        value,
        right=7850,
        mistakes=(
            (7840, "the weights are right; each class has a bias as well"),
            (794, "one weight for each pixel *and* each class: multiply, do not add"),
            (784, "that is the number of pixels; each class has a weight for each of them"),
            (290, "a picture of 28 x 28 has 784 pixels"),
            (785, "that is one class; there are ten"),
        ),
        otherwise="inputs x classes weights, and a bias for each class",
        rtol=0,
        atol=0,
    )


EXERCISES = {
    "03.1": Exercise(
        reference=softmax,
        form=function("my_softmax(s)"),
        test=my_softmax,
        wrong=(
            (lambda s: np.exp(s) / np.exp(s).sum(), "subtract the largest"),
            (lambda s: np.exp(s - s.min()) / np.exp(s - s.min()).sum(), "subtract the largest"),
            (lambda s: 1 / (1 + np.exp(-s)), "sigmoid"),
            (lambda s: np.exp(s), "divide"),
            (lambda s: s / s.sum(), "exponential"),
            (lambda s: softmax(-s), "instead of"),
            (lambda s: softmax(s).max(), "shape"),
            (np.array([0.7, 0.26, 0.04]), "function"),
        ),
    ),
    "03.2": Exercise(
        reference=(np.log(3), 1 / 3, -2 / 3, 1 / 3),
        test=cost_and_gradient,
        wrong=(
            ((0.0, 1 / 3, -2 / 3, 1 / 3), "cost"),
            ((np.log(3), -1 / 3, 2 / 3, -1 / 3), "sign"),
            ((np.log(3), 1 / 3, 1 / 3, 1 / 3), "one-hot"),
            ((np.log(3), 0, -1, 0), "p - y"),
            (1.0986, "four numbers"),
        ),
    ),
    "03.3": Exercise(
        reference=7850,
        form=number,
        test=parameters,
        wrong=(
            (7840, "bias"),
            (794, "multiply"),
            (784, "each class"),
            (290, "784"),
            (785, "ten"),
            (1, "weights"),
            ("7850", "number"),
        ),
    ),
}
