"""Exercises of lesson 18, Faster R-CNN."""

import numpy as np

from scripts.exercises import COUNT, Exercise, array, expect, function, number

CASES = (
    # both rules, and what lies between
    [[0.88, 0.0], [0.5, 0.39], [0.1, 0.44], [0.0, 0.2], [0.71, 0.0]],
    # two tie for the first object, below 0.3
    [[0.14, 0.1], [0.14, 0.0], [0.0, 0.29]],
    # nothing overlaps the second object
    [[0.8, 0.0], [0.1, 0.0], [0.6, 0.0]],
    # the limits themselves are on neither side
    [[0.7], [0.9], [0.3]],
)


def label(overlaps):
    """The reference of exercise 2; overlaps: float, shape (n, k). Returns int, shape (n,)."""
    of_object = overlaps.max(axis=0)
    best = ((overlaps == of_object) & (of_object > 0)).any(axis=1)
    labels = np.where(overlaps.max(axis=1) < 0.3, 0, -1)
    return np.where((overlaps.max(axis=1) > 0.7) | best, 1, labels)


def without_test_for_zero(overlaps):
    """As the rule reads word for word."""
    best = (overlaps == overlaps.max(axis=0)).any(axis=1)
    return np.where((overlaps.max(axis=1) > 0.7) | best, 1, np.where(overlaps.max(axis=1) < 0.3, 0, -1))


def by_limit(overlaps):
    """Without the second rule."""
    return np.where(overlaps.max(axis=1) > 0.7, 1, np.where(overlaps.max(axis=1) < 0.3, 0, -1))


def first_best(overlaps):
    """With one best anchor an object, ties left out."""
    labels = by_limit(overlaps)
    used = overlaps.max(axis=0) > 0
    labels[overlaps.argmax(axis=0)[used]] = 1
    return labels


def inclusive(overlaps):
    """With limits that count on both sides."""
    of_object = overlaps.max(axis=0)
    best = ((overlaps == of_object) & (of_object > 0)).any(axis=1)
    labels = np.where(overlaps.max(axis=1) <= 0.3, 0, -1)
    return np.where((overlaps.max(axis=1) >= 0.7) | best, 1, labels)


def never_unused(overlaps):
    """With 0 for all that do not hold."""
    return (label(overlaps) == 1).astype(int)


def numbers(value: float) -> None:
    """Exercise 1: 60 x 40 positions, nine anchors, a logit and four deltas each."""
    expect(
        value,
        right=108_000,
        mistakes=(
            (21_600, "that is how many anchors there are: each gets a logit and four deltas"),
            (86_400, "those are the deltas: the logits come on top"),
            (129_600, "that is with two logits an anchor, as in the paper; ours says one"),
            (12_000, "nine anchors stand at every position"),
            (45, "that is for one position; the map has 60 x 40"),
        ),
        otherwise="positions x anchors of a position x numbers an anchor",
        rtol=0,
        atol=COUNT,
    )


def labels_of(given) -> None:
    """Exercise 2, on four small tables."""
    rules = (
        (without_test_for_zero, "an object whose best IoU is 0 made anchors hold it"),
        (by_limit, "an object that no anchor overlaps by 0.7 is held by the anchor that overlaps it most"),
        (first_best, "all anchors that tie for an object hold it, not the first alone"),
        (inclusive, "above 0.7 and below 0.3: the limits themselves belong to neither"),
        (never_unused, "between the two limits an anchor is not used: -1"),
    )
    for case in CASES:
        overlaps = np.array(case)
        found = array(given(overlaps.copy()), (len(overlaps),))
        right = label(overlaps)
        expect(
            found,
            right=right,
            mistakes=[(rule(overlaps), hint) for rule, hint in rules],
            otherwise=f"for {case} the labels are {right.tolist()}, yours {found.tolist()}",
            rtol=0,
            atol=0,
        )


def speedup(value: float) -> None:
    """Exercise 3: (0.3 + 2) / (0.1 + 2)."""
    expect(
        value,
        right=2.3 / 2.1,
        mistakes=(
            (3.0, "that is the network alone: the search takes as long as before"),
            (2.1 / 2.3, "that is the new time over the old one: the other way round"),
            (2.3 / 2.0, "that is with a network that takes no time at all: the most there is to gain"),
        ),
        otherwise="old time over new time: (0.3 + 2) over (0.3 / 3 + 2)",
        rtol=0,
        atol=0.006,
    )


EXERCISES = {
    "18.1": Exercise(
        reference=108_000,
        form=number,
        test=numbers,
        wrong=(
            (21_600, "how many anchors"),
            (86_400, "logits come on top"),
            (129_600, "ours says one"),
            (12_000, "every position"),
            (45, "one position"),
            (7, "numbers an anchor"),
        ),
    ),
    "18.2": Exercise(
        reference=label,
        form=function("label(overlaps)"),
        test=labels_of,
        wrong=(
            (without_test_for_zero, "best IoU is 0"),
            (by_limit, "overlaps it most"),
            (first_best, "tie"),
            (inclusive, "neither"),
            (never_unused, "not used"),
            (lambda overlaps: np.zeros(len(overlaps), int), "yours"),
        ),
    ),
    "18.3": Exercise(
        reference=2.3 / 2.1,
        form=number,
        test=speedup,
        wrong=(
            (3.0, "network alone"),
            (2.1 / 2.3, "other way round"),
            (1.15, "no time at all"),
            (10.0, "old time over new"),
        ),
    ),
}
