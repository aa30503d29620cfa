"""Exercises of lesson 17, Fast R-CNN."""

import math

import numpy as np

from scripts.exercises import Exercise, array, expect, function, number


def bins(first, last, size):
    """The reference of exercise 2. Returns a list of pairs (start, end), end exclusive."""
    length = last - first + 1
    return [
        (first + math.floor(i * length / size), first + math.ceil((i + 1) * length / size))
        for i in range(size)
    ]


def columns(answer) -> None:
    """Exercise 1: x = 36 to 92 at stride 8: 4.5 and 11.5, halves away from zero."""
    expect(
        array(answer, (2,)),
        right=(5, 12),
        mistakes=(
            ((4, 12), "4.5 is a half: C rounds it away from zero, NumPy to the even neighbour"),
            ((4, 11), "the coordinates are rounded, not cut off"),
            ((5, 11), "the last column is the rounded end itself: it belongs to the RoI"),
            ((5, 13), "the last column is the rounded end, not one more"),
            ((4.5, 11.5), "cells are whole numbers: round"),
            ((36, 92), "those are pixels: divide by the stride"),
        ),
        otherwise="divide both by the stride, then round halves away from zero",
        rtol=0,
        atol=0,
    )


def cut(answer) -> None:
    """Exercise 2, where bins share a cell, where they do not, and where there are more bins than cells."""
    for first, last, size in ((0, 4, 2), (3, 8, 3), (5, 5, 2), (2, 20, 7)):
        found = array(answer(first, last, size), (size, 2))
        wanted, length = np.array(bins(first, last, size)), last - first + 1
        ends = [(first + i * (length - 1) / size, first + (i + 1) * (length - 1) / size) for i in range(size)]
        short = np.array([(math.floor(a), math.ceil(b)) for a, b in ends])
        apart = np.stack([wanted[:, 0], np.append(wanted[1:, 0], last + 1)], axis=1)
        yours = found.astype(int).tolist()
        expect(
            found,
            right=wanted,
            mistakes=(
                (wanted - first, "cells are counted from the map's border: add first"),
                (wanted - [0, 1], "the end is exclusive: one beyond the bin's last cell"),
                (short, "first and last both belong: the length is last - first + 1"),
                (apart, "a bin ends at the ceiling of its end: neighbours may share a cell"),
            ),
            otherwise=f"for columns {first} to {last} in {size} bins yours are {yours}",
            rtol=0,
            atol=0,
        )


def times(value: float) -> None:
    """Exercise 3: 300 boxes of 100 x 100 against one picture of 600 x 500."""
    expect(
        value,
        right=10,
        mistakes=(
            (300, "each box is smaller than the picture: count pixels"),
            (0.1, "that is Fast R-CNN's work as a share of R-CNN's"),
            (1 / 30, "that is one box: there are 300"),
            (100 * 300 / 600, "both sides of a box count: S squared"),
        ),
        otherwise="N S^2 / (H W)",
        rtol=0.01,
    )


def side_by_side(first, last, size):
    """A wrong answer to exercise 2: bins that share no cell."""
    edges = [first + i * (last - first + 1) // size for i in range(size + 1)]
    return list(zip(edges[:-1], edges[1:], strict=True))


EXERCISES = {
    "17.1": Exercise(
        reference=(5, 12),
        test=columns,
        wrong=(
            ((4, 12), "even neighbour"),
            ((4, 11), "not cut off"),
            ((5, 11), "belongs to the RoI"),
            ((36, 92), "divide by the stride"),
            ((4.5, 11.5), "whole numbers"),
        ),
    ),
    "17.2": Exercise(
        reference=bins,
        form=function("bins(first, last, size)"),
        test=cut,
        wrong=(
            (
                lambda first, last, size: [(a - first, b - first) for a, b in bins(first, last, size)],
                "add first",
            ),
            (lambda first, last, size: [(a, b - 1) for a, b in bins(first, last, size)], "exclusive"),
            (lambda first, last, size: [(first + i, first + i + 1) for i in range(size)], "yours are"),
            (side_by_side, "may share a cell"),
            (lambda first, last, size: [1.0] * size, "shape"),
        ),
    ),
    "17.3": Exercise(
        reference=10.0,
        form=number,
        test=times,
        wrong=(
            (300, "count pixels"),
            (0.1, "as a share"),
            (50, "S squared"),
            (7, "N S^2"),
        ),
    ),
}
