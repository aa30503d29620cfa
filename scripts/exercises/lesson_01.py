"""Exercises of lesson 01, linear regression."""

import numpy as np

from scripts.exercises import Exercise, Hint, expect, function, known_mistake, number, two_slopes

HOURS = np.array([1.0, 2.0, 3.0])
POINTS = np.array([1.0, 2.0, 3.0])


def gradient(W, b, x, y):
    """The reference of exercise 2: slopes of the mean squared error of W x + b, in W and in b."""
    error = W * x + b - y
    return 2 * np.mean(error * x), 2 * np.mean(error)


def steep_cost(value: float) -> None:
    """Exercise 1: the cost of W = 2, b = 0, which is (1 + 4 + 9) / 3."""
    if np.isclose(value, 14 / 3, atol=0.01):
        return
    if np.isclose(value, 14):
        raise Hint("this is the sum of the squared errors; the cost is their mean")
    if np.isclose(value, 2):
        raise Hint("this is the mean error; square each error before you take the mean")
    if np.isclose(value, np.sqrt(14 / 3), atol=0.01):
        raise Hint("this is the root of the cost; no root is asked for")
    raise Hint("predict for 1, 2 and 3 hours, subtract the points, square, take the mean")


def my_gradient(answer) -> None:
    """Exercise 2: compared with the reference on random lines and data."""
    random = np.random.default_rng(0)
    for _ in range(5):
        W, b, x, y = random.normal(), random.normal(), random.normal(size=6), random.normal(size=6)
        values = two_slopes(answer(W, b, x, y))
        slopes = np.array(gradient(W, b, x, y))
        known_mistake(
            values,
            (
                (-slopes, "the sign is reversed: the error is prediction minus y"),
                (
                    slopes / 2,
                    "both slopes are half of what they should be: the derivative of a square brings a factor 2",
                ),
                (len(x) * slopes, "sum and mean are mixed up: divide by the number of students"),
            ),
            rtol=1e-4,
            atol=1e-5,
        )
        dW, db = slopes
        if not np.isclose(values[1], db, rtol=1e-4, atol=1e-5):
            raise Hint("the slope in b is not right: it is 2 times the mean error")
        if not np.isclose(values[0], dW, rtol=1e-4, atol=1e-5):
            raise Hint("the slope in W is not right: multiply each error by its x before you take the mean")


def largest_rate(value: float) -> None:
    """Exercise 3: 2 / curvature, the curvature being 2 mean(x^2) = 2 * 56 / 3."""
    expect(
        value,
        right=3 / 56,
        mistakes=(
            (6 / 56, "twice too large: the curvature is 2 mean(x^2), not mean(x^2)"),
            (3 / 14, "that is the limit for 1, 2 and 3 hours; these students study twice as long"),
            (112 / 3, "that is the curvature; the largest rate is 2 divided by it"),
        ),
        otherwise=(
            "the cost is mean((W x - y)^2); "
            "differentiate twice in W to get the curvature, then take 2 / curvature"
        ),
        rtol=0.02,
    )


def good_rate(rate: float) -> None:
    """Exercise 4: 300 steps at the rate given, from W = b = 0."""
    if rate <= 0:
        raise Hint("a learning rate is positive; a negative one walks uphill")
    W = b = 0.0
    for _ in range(300):
        dW, db = gradient(W, b, HOURS, POINTS)
        W, b = W - rate * dW, b - rate * db
        if abs(W) > 1e6:
            raise Hint("it runs away: every step lands farther off. Take a smaller rate")
    reached = float(np.mean((W * HOURS + b - POINTS) ** 2))
    if reached >= 1e-6:
        better = "larger" if rate < 0.1 else "smaller"
        raise Hint(f"after 300 steps the cost is still {reached:.2g}; take a {better} rate")


EXERCISES = {
    "01.1": Exercise(
        reference=14 / 3,
        form=number,
        test=steep_cost,
        wrong=(
            (14, "mean"),
            (2.0, "square"),
            (2.16, "root"),
            (0.0, "predict"),
            ("4.67", "number"),
            ([1, 4, 9], "one number"),
        ),
    ),
    "01.2": Exercise(
        reference=gradient,
        form=function("my_gradient(W, b, x, y)"),
        test=my_gradient,
        wrong=(
            (lambda W, b, x, y: (-2 * np.mean((W * x + b - y) * x), -2 * np.mean(W * x + b - y)), "sign"),
            (lambda W, b, x, y: (np.mean((W * x + b - y) * x), np.mean(W * x + b - y)), "factor 2"),
            (lambda W, b, x, y: (2 * np.sum((W * x + b - y) * x), 2 * np.sum(W * x + b - y)), "mean"),
            (lambda W, b, x, y: 2 * np.mean((W * x + b - y) * x), "two numbers"),
            (
                lambda W, b, x, y: (2 * np.mean(W * x + b - y), 2 * np.mean(W * x + b - y)),
                "multiply each error",
            ),
            (lambda W, b: (0.0, 0.0), "could not be used"),
            (3.0, "function"),
        ),
    ),
    "01.3": Exercise(
        reference=3 / 56,
        form=number,
        test=largest_rate,
        wrong=(
            (6 / 56, "twice"),
            (3 / 14, "twice as long"),
            (112 / 3, "curvature"),
            (0.01, "differentiate"),
            (np.nan, "finite"),
        ),
    ),
    "01.4": Exercise(
        reference=0.15,
        form=number,
        test=good_rate,
        wrong=(
            (0.01, "larger rate"),
            (0.18, "smaller rate"),
            (0.2, "runs away"),
            (-0.1, "positive"),
            (None.__class__, "function"),
            ({}, "number"),
        ),
    ),
}
