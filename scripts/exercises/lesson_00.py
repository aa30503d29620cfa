"""Exercises of lesson 00, start here: three broken tensor programs and a count."""

import numpy as np

from scripts.exercises import COUNT, Exercise, Hint, array, expect, number

SCORES = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0], [0.0, 2.0, 0.0, 2.0]])


def shape_of(answer) -> tuple[int, ...] | None:
    """The shape of an array or a number, None for a text or a function."""
    return None if callable(answer) or isinstance(answer, (str, bytes)) else np.shape(answer)


def products(answer) -> None:
    """Exercise 1: the outer product of (3, 2, 1) and (1, 2, 3)."""
    shape = shape_of(answer)
    if shape == (3, 1):
        raise Hint("this multiplies element by element; each number of a should meet each number of b")
    if shape in ((1, 1), ()):
        raise Hint("this is one number, the sum of products: b has to lie down, not a")
    table = np.outer([3, 2, 1], [1, 2, 3])
    expect(
        array(answer, (3, 3)),
        right=table,
        mistakes=((table.T, "rows and columns are exchanged: a stays a column, b becomes a row"),),
        otherwise="not the table of products: make b a row with tf.transpose(b), then tf.matmul(a, ...)",
    )


def half(value: float) -> None:
    """Exercise 2: 1.5, by making the integer a float."""
    expect(
        value,
        right=1.5,
        mistakes=(
            (
                0,
                "0.5 was cast to an integer and lost its half; "
                "cast the 3 to a float instead: tf.cast(3, tf.float32)",
            ),
            (1, "the result was cast to an integer; leave it a float"),
        ),
        otherwise="cast the 3 to tf.float32, then multiply by 0.5",
        rtol=0,
        atol=0,
    )


def means(answer) -> None:
    """Exercise 3: means over axis 1."""
    shape = shape_of(answer)
    if shape == (4,):
        raise Hint("these are the means of the four exams: axis 0 runs over students, axis 1 over exams")
    if shape == ():
        raise Hint("this is the mean of everything; name the axis to average over")
    expect(
        array(answer, (3,)),
        right=SCORES.mean(axis=1),
        mistakes=(
            (SCORES.sum(axis=1), "these are sums; divide by the number of exams, or use tf.reduce_mean"),
        ),
        otherwise="not the means of the rows: use axis=1",
    )


def steps(value: float) -> None:
    """Exercise 4: 5 epochs of ceil(60000 / 128) = 469 steps."""
    expect(
        value,
        right=2345,
        mistakes=(
            (2344, "each epoch begins anew: round the steps of one epoch up first, then multiply"),
            (2340, "the last, smaller batch of each epoch is a step as well"),
            (469, "that is one epoch; there are five"),
            (468, "that is one epoch, without its last batch"),
            (300000, "that is the number of pictures shown; a step takes 128 of them"),
        ),
        otherwise="steps of an epoch: 60000 / 128, rounded up; then times 5",
        rtol=0,
        atol=COUNT,
    )


EXERCISES = {
    "00.1": Exercise(
        reference=np.outer([3, 2, 1], [1, 2, 3]),
        test=products,
        wrong=(
            (np.array([[3], [4], [3]]), "element by element"),
            (np.array([[10]]), "one number"),
            (np.outer([1, 2, 3], [3, 2, 1]), "exchanged"),
            (np.ones((3, 3)), "table of products"),
            ("3x3", "array"),
        ),
    ),
    "00.2": Exercise(
        reference=1.5,
        form=number,
        test=half,
        wrong=(
            (0, "lost its half"),
            (1, "leave it a float"),
            (3.5, "cast the 3"),
            ("1.5", "number"),
            ([1.5, 1.5], "one number"),
        ),
    ),
    "00.3": Exercise(
        reference=SCORES.mean(axis=1),
        test=means,
        wrong=(
            (SCORES.mean(axis=0), "four exams"),
            (SCORES.mean(), "everything"),
            (SCORES.sum(axis=1), "sums"),
            (np.zeros(3), "axis=1"),
            (SCORES, "shape (3,)"),
        ),
    ),
    "00.4": Exercise(
        reference=2345,
        form=number,
        test=steps,
        wrong=(
            (2343.75, "begins anew"),
            (2340, "smaller batch"),
            (469, "five"),
            (300000, "128"),
            (7, "rounded up"),
            ("2345", "number"),
        ),
    ),
}
