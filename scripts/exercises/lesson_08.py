"""Exercises of lesson 08, a CNN on CIFAR-10."""

import numpy as np

from scripts.exercises import COUNT, Exercise, array, expect, function, number


def normalise(x, epsilon=0.001):
    """The reference of exercise 2; x: float, shape (batch, height, width, channels)."""
    mean = x.mean(axis=(0, 1, 2))
    variance = x.var(axis=(0, 1, 2))
    return (x - mean) / np.sqrt(variance + epsilon)


def mirrored(x):
    """The reference of exercise 3; x: shape (batch, height, width, channels)."""
    return x[:, :, ::-1]


def trainable(value: float) -> None:
    """Exercise 1: a scale and an offset for each of 128 channels."""
    expect(
        value,
        right=256,
        mistakes=(
            (512, "the two moving averages of each channel are gathered, not trained by gradients"),
            (128, "each channel has a scale and an offset"),
            (2, "that is for one channel, and there are 128"),
            (4, "that is for one channel, moving averages included, and there are 128"),
            (0, "gamma and beta are trained"),
        ),
        otherwise="gamma and beta: two for each channel, whatever the size of the picture",
        rtol=0,
        atol=COUNT,
    )


def random_pictures() -> np.ndarray:
    """Six pictures of 4 x 5 pixels whose three channels differ in mean and spread."""
    return np.random.default_rng(8).normal(3.0, 2.0, (6, 4, 5, 3)) * np.array([1.0, 2.0, 0.5])


def normalises(answer) -> None:
    """Exercise 2, on random pictures whose channels differ in mean and spread."""
    x = random_pictures()
    found = array(answer(x.copy()), x.shape)
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    means, spreads = found.mean((0, 1, 2)).round(2), found.std((0, 1, 2)).round(2)
    expect(
        found,
        right=normalise(x),
        mistakes=(
            ((x - mean) / (variance + 0.001), "divide by the root of the variance"),
            (x - mean, "the mean is right; divide by the spread as well"),
            (
                (x - x.mean()) / np.sqrt(x.var() + 0.001),
                "each channel has its own mean and variance: keep the last axis apart",
            ),
            (
                (x - x.mean(0)) / np.sqrt(x.var(0) + 0.001),
                "the mean goes over batch, rows and columns: axis=(0, 1, 2)",
            ),
            (
                (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 0.001),
                "the mean goes over the batch as well: axis=(0, 1, 2)",
            ),
            ((x - mean) / np.sqrt(variance), "put the epsilon, 0.001, under the root"),
            ((x - mean) / (np.sqrt(variance) + 0.001), "the epsilon belongs under the root"),
        ),
        otherwise=f"channel means should be 0 and spreads about 1; yours are {means} and {spreads}",
        rtol=0,
        atol=1e-6,
    )


def mirrors(answer) -> None:
    """Exercise 3, on random pictures that are not square."""
    x = random_pictures()
    expect(
        array(answer(x.copy()), x.shape),
        right=x[:, :, ::-1],
        mistakes=(
            (x, "nothing has changed"),
            (x[:, ::-1], "that is upside down; the columns are axis 2"),
            (x[::-1], "that turns the order of the batch; the columns are axis 2"),
            (x[..., ::-1], "that exchanges red and blue; the columns are axis 2"),
            (x[:, ::-1, ::-1], "that is half a turn; rows should stay"),
        ),
        otherwise="only the order of the columns, axis 2, should change",
        rtol=0,
        atol=0,
    )


EXERCISES = {
    "08.1": Exercise(
        reference=256,
        form=number,
        test=trainable,
        wrong=(
            (512, "gathered"),
            (128, "offset"),
            (2, "one channel"),
            (4, "moving averages"),
            (0, "trained"),
            (1152, "two for each channel"),
            ([256, 256], "one number"),
        ),
    ),
    "08.2": Exercise(
        reference=normalise,
        form=function("normalise(x)"),
        test=normalises,
        wrong=(
            (lambda x: (x - x.mean((0, 1, 2))) / (x.var((0, 1, 2)) + 0.001), "root"),
            (lambda x: x - x.mean((0, 1, 2)), "divide"),
            (lambda x: (x - x.mean()) / np.sqrt(x.var() + 0.001), "own mean"),
            (lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 0.001), "rows and columns"),
            (
                lambda x: (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 0.001),
                "batch as well",
            ),
            (lambda x: (x - x.mean((0, 1, 2))) / x.std((0, 1, 2)), "epsilon"),
            (lambda x: x.mean((0, 1, 2)), "shape"),
            (lambda x: None, "return it"),
            (0.5, "function"),
        ),
    ),
    "08.3": Exercise(
        reference=mirrored,
        form=function("mirrored(x)"),
        test=mirrors,
        wrong=(
            (lambda x: x, "nothing"),
            (lambda x: x[:, ::-1], "upside down"),
            (lambda x: x[::-1], "order of the batch"),
            (lambda x: x[..., ::-1], "red and blue"),
            (lambda x: x[:, ::-1, ::-1], "half a turn"),
            (lambda x: x[0, :, ::-1], "shape"),
            ("flip", "function"),
        ),
    ),
}
