"""Exercises of lesson 07, a CNN on MNIST."""

import numpy as np

from scripts.exercises import COUNT, Exercise, Hint, expect, function, number


def most_confused(confusion):
    """The reference of exercise 3: (true, said) of the largest count beside the diagonal.

    confusion: int, shape (n, n).
    """
    beside = np.array(confusion)
    np.fill_diagonal(beside, 0)
    return np.unravel_index(beside.argmax(), beside.shape)


def third_convolution(value: float) -> None:
    """Exercise 1: 3 x 3 x 64 x 128 weights and 128 biases."""
    expect(
        value,
        right=73856,
        mistakes=(
            (73728, "the weights are right; each of the 128 channels has a bias as well"),
            (1280, "each of the 128 filters looks at all 64 channels, so it has 3 x 3 x 64 weights"),
            (704, "128 filters of 3 x 3 x 64 weights, not one"),
            (8320, "a 3 x 3 filter has nine weights a channel"),
        ),
        otherwise="3 x 3 x channels in x channels out, and a bias for each channel out",
        rtol=0,
        atol=COUNT,
    )


def shape_out(answer) -> None:
    """Exercise 2: 60 x 40 -> 58 x 38 x 16 -> 29 x 19 x 16 -> 25 x 15 x 8."""
    try:
        shape = tuple(int(n) for n in answer)
    except (TypeError, ValueError):
        raise Hint("three whole numbers are asked for: (height, width, channels)") from None
    if len(shape) == 4:
        raise Hint("without the batch: three numbers")
    if len(shape) != 3:
        raise Hint(f"three numbers are asked for, (height, width, channels); these are {len(shape)}")
    expect(
        shape,
        right=(25, 15, 8),
        mistakes=(
            ((15, 25, 8), "height comes first, then width"),
            (
                (30, 20, 8),
                "that is with padding SAME; without padding a 3 x 3 convolution takes two pixels off",
            ),
            ((25, 15, 16), "the last convolution has 8 filters, so 8 channels come out"),
            (
                (25, 15, 128),
                "a filter looks at all channels at once: 8 filters give 8 channels, not 8 for each",
            ),
            ((54, 34, 8), "you left out the pooling: it halves height and width"),
            ((27, 17, 8), "the second convolution is 5 x 5: it takes four pixels off, two on each side"),
        ),
        otherwise="3 x 3 without padding takes 2 off, pooling halves, 5 x 5 takes 4 off",
    )


TRIAL = np.array([[50, 0, 7], [9, 40, 1], [2, 8, 60]])


def confused(answer) -> None:
    """Exercise 3, on a matrix of three classes and on one whose worst mistake is in its last row."""
    for matrix, right in ((TRIAL, (1, 0)), (np.array([[5, 4], [1, 9]]), (0, 1))):
        before = matrix.copy()
        found = answer(matrix)
        if not np.array_equal(matrix, before):
            matrix[:] = before
            raise Hint("your function changes the matrix it is given; work on a copy")
        try:
            pair = tuple(int(n) for n in found)
        except (TypeError, ValueError):
            raise Hint(
                f"a pair (true, said) is asked for; it returned {found!r}. "
                "np.unravel_index makes a pair of argmax"
            ) from None
        if pair == right:
            continue
        if pair == right[::-1]:
            raise Hint("rows are the true digits, columns the answers: the pair is the other way round")
        if len(pair) == 2 and pair[0] == pair[1]:
            raise Hint("that is on the diagonal: those digits are right")
        raise Hint(f"for {matrix.tolist()} the most frequent mistake is {right}; it returned {pair}")


def on_the_diagonal(confusion):
    """A wrong answer to exercise 3: the largest count of all, which lies on the diagonal."""
    return np.unravel_index(np.argmax(confusion), confusion.shape)


def in_place(confusion):
    """A wrong answer to exercise 3: it changes the matrix it is given."""
    np.fill_diagonal(confusion, 0)
    return np.unravel_index(confusion.argmax(), confusion.shape)


EXERCISES = {
    "07.1": Exercise(
        reference=73856,
        form=number,
        test=third_convolution,
        wrong=(
            (73728, "bias"),
            (1280, "all 64 channels"),
            (704, "not one"),
            (8320, "nine weights"),
            (12, "channels in"),
            ("many", "number"),
        ),
    ),
    "07.2": Exercise(
        reference=(25, 15, 8),
        test=shape_out,
        wrong=(
            ((15, 25, 8), "height comes first"),
            ((30, 20, 8), "SAME"),
            ((25, 15, 16), "8 filters"),
            ((25, 15, 128), "not 8 for each"),
            ((54, 34, 8), "pooling"),
            ((27, 17, 8), "5 x 5"),
            ((None, 25, 15, 8), "whole numbers"),
            ((1, 25, 15, 8), "batch"),
            (3000, "whole numbers"),
            ((1, 2, 3), "takes 2 off"),
        ),
    ),
    "07.3": Exercise(
        reference=most_confused,
        form=function("most_confused(confusion)"),
        test=confused,
        wrong=(
            (on_the_diagonal, "diagonal"),
            (lambda confusion: most_confused(confusion)[::-1], "other way round"),
            (in_place, "copy"),
            (lambda confusion: int(np.argmax(confusion)), "pair"),
            (lambda confusion: (2, 1), "most frequent"),
            ((4, 9), "function"),
        ),
    ),
}
