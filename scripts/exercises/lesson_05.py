"""Exercises of lesson 05, a multilayer perceptron on MNIST."""

import numpy as np

from scripts.exercises import COUNT, Exercise, Hint, expect, function, number


def he_start(n, m):
    """The reference of exercise 3: normal numbers of standard deviation sqrt(2 / n), shape (n, m)."""
    return np.random.default_rng().normal(0.0, np.sqrt(2 / n), (n, m))


def second_layer(value: float) -> None:
    """Exercise 1: 256 x 256 weights and 256 biases."""
    expect(
        value,
        right=65792,
        mistakes=(
            (65536, "the weights are right; each neuron has a bias as well"),
            (512, "one weight for each pair of input and neuron: multiply, do not add"),
            (200960, "that is the first hidden layer, with 784 inputs"),
            (335114, "that is the whole net"),
        ),
        otherwise="256 inputs times 256 neurons, and a bias for each neuron",
        rtol=0,
        atol=COUNT,
    )


def standard_error(value: float) -> None:
    """Exercise 2: sqrt(p (1 - p) / n) with p = 0.97 and n = 1000."""
    right = np.sqrt(0.97 * 0.03 / 1000)
    expect(
        value,
        right=right,
        mistakes=(
            (100 * right, "right in percent; give it as a share, like the accuracy"),
            (right**2, "this is the variance; take its root"),
            (
                np.sqrt(0.97 * 0.03),
                "this is the spread of one digit; divide by the root of their number, 1000",
            ),
        ),
        otherwise="the root of p (1 - p) / n, with p = 0.97 and n = 1000",
        rtol=0.03,
    )


def start(answer) -> None:
    """Exercise 3: shape, mean and spread of a large draw."""
    drawn = np.asarray(answer(400, 300), dtype=float)
    if drawn.shape != (400, 300):
        raise Hint(f"shape (n, m) is asked for; for n = 400, m = 300 it gives {drawn.shape}")
    if np.ptp(drawn) == 0:
        raise Hint("all numbers are equal: neurons that start alike stay alike (lesson 04)")
    if abs(drawn.mean()) > 0.02:
        raise Hint("the numbers should lie round 0, positive and negative")
    spread, right = drawn.std(), np.sqrt(2 / 400)
    expect(
        spread,
        right=right,
        mistakes=(
            (1.0, "this is standard deviation 1; divide by the root of n / 2"),
            (
                np.sqrt(1 / 400),
                "this is sqrt(1 / n), right for tanh; a ReLU lets half through, so take sqrt(2 / n)",
            ),
            (2 / 400, "this spread is 2 / n; take its root"),
            (np.sqrt(2 / 300), "n is the number of inputs, m that of neurons: sqrt(2 / n)"),
        ),
        otherwise=f"the standard deviation is {spread:.4f}, for n = 400 it should be {right:.4f}",
        rtol=0.02,
    )


EXERCISES = {
    "05.1": Exercise(
        reference=65792,
        form=number,
        test=second_layer,
        wrong=(
            (65536, "bias"),
            (512, "multiply"),
            (200960, "first"),
            (335114, "whole"),
            (1, "times"),
            ("65792", "number"),
        ),
    ),
    "05.2": Exercise(
        reference=float(np.sqrt(0.97 * 0.03 / 1000)),
        form=number,
        test=standard_error,
        wrong=(
            (0.539, "percent"),
            (0.0000291, "root"),
            (0.1706, "1000"),
            (0.03, "p (1 - p)"),
            (None.__class__, "function"),
        ),
    ),
    "05.3": Exercise(
        reference=he_start,
        form=function("he_start(n, m)"),
        test=start,
        wrong=(
            (lambda n, m: np.random.default_rng(0).normal(size=(n, m)), "standard deviation 1"),
            (lambda n, m: np.random.default_rng(0).normal(0, np.sqrt(1 / n), (n, m)), "half through"),
            (lambda n, m: np.random.default_rng(0).normal(0, 2 / n, (n, m)), "root"),
            (lambda n, m: np.random.default_rng(0).normal(0, np.sqrt(2 / m), (n, m)), "inputs"),
            (lambda n, m: np.random.default_rng(0).normal(0, np.sqrt(2 / n), (m, n)), "shape"),
            (lambda n, m: np.zeros((n, m)), "stay alike"),
            (lambda n, m: np.random.default_rng(0).random((n, m)), "round 0"),
            (np.zeros((3, 3)), "function"),
        ),
    ),
}
