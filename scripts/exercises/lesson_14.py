"""Exercises of lesson 14, image processing."""

import numpy as np

from scripts.exercises import Exercise, Hint, expect, function, hint_begins, known_mistake, number


def saturating_add(a, b):
    """The reference of exercise 1."""
    return np.minimum(a.astype(int) + b, 255).astype(np.uint8)


def otsu_threshold(histogram):
    """The reference of exercise 3: the smallest threshold with the largest between-class variance."""
    counts = np.asarray(histogram, dtype=float)
    return int(np.argmax([_between(counts, t) for t in range(len(counts))]))


def _between(counts, t) -> float:
    """Between-class variance when values up to t are dark; 0 where a class is empty.

    It is rounded, so that equal variances are equal numbers.
    """
    values, total = np.arange(len(counts)), counts.sum()
    dark, light = counts[: t + 1], counts[t + 1 :]
    if not dark.sum() or not light.sum():
        return 0.0
    means = dark @ values[: t + 1] / dark.sum(), light @ values[t + 1 :] / light.sum()
    return round(dark.sum() * light.sum() / total**2 * (means[1] - means[0]) ** 2, 9)


def added(answer) -> None:
    """Exercise 1: all pairs of bytes, in an array of two dimensions."""
    a, b = (values.astype(np.uint8) for values in np.mgrid[:256, :256])
    mine, yours = (a.copy(), b.copy()), answer(a, b)
    if not (np.array_equal(mine[0], a) and np.array_equal(mine[1], b)):
        raise Hint("it changes the pictures it is given; work on copies")
    got = np.asarray(yours)
    if yours is None:
        raise Hint("it returns None: does your function return the sum?")
    if got.shape != a.shape:
        raise Hint(f"for pictures of shape {a.shape} it returns shape {got.shape}")
    total = a.astype(int) + b
    known_mistake(
        got,
        (
            (a + b, "200 + 100 is 44: the sum has wrapped before it was stopped. Widen the bytes first"),
            (total, "sums above 255 are not stopped yet"),
            (total // 2, "this is the mean of both, not their sum"),
            (np.where(total > 255, 0, total), "too large a sum should become 255, not 0"),
            (np.minimum(total, 254), "it stops at 254; the largest byte is 255"),
        ),
        rtol=0,
        atol=0,
    )
    if not np.array_equal(got, np.minimum(total, 255)):
        r, c = np.argwhere(got != np.minimum(total, 255))[0]
        raise Hint(f"{r} + {c} gives {got[r, c]} instead of {min(r + c, 255)}")
    if got.dtype != np.uint8:
        raise Hint(f"the numbers are right, their type is {got.dtype}: return bytes, np.uint8")


def median_in_corner(value: float) -> None:
    """Exercise 2: of 40 10 / 90 60 the corner four times, its neighbours twice: 10 10 40 40 40 40 60 90 90."""
    expect(
        value,
        right=40,
        mistakes=(
            (
                30,
                "that is the median of the picture's nine pixels; "
                "the window in the corner holds the corner pixel four times",
            ),
            (
                50,
                "the window holds nine values, not four: with the border repeated, nine have one in the middle",
            ),
            (60, "a mirrored border would hold 60 four times; a median blur repeats the border pixels"),
            (0, "that would be so with zeros beyond the border; a median blur repeats the border pixels"),
        ),
        otherwise=(
            "write the nine values of the window down: "
            "rows 0, 0, 1 and columns 0, 0, 1; the fifth in order is asked for"
        ),
    )


def otsu_of(answer) -> None:
    """Exercise 3: small histograms with known answers, then random ones."""
    fixed = (
        [4, 2, 0, 0, 3, 5],
        [8, 4, 2, 1, 1],
        [0, 9, 0, 0, 0, 1, 0],
        [1, 1],
        [0, 0, 5, 1, 0, 0, 1, 9],
        [3, 9, 3, 0, 0, 1, 2, 1],
    )
    random = np.random.default_rng(0)
    cases = [*fixed, *(random.integers(0, 20, random.integers(3, 12)).tolist() for _ in range(30))]
    cases = [case for case in cases if np.count_nonzero(case) > 1]
    right = [otsu_threshold(case) for case in cases]
    got = []
    for case in cases:
        threshold = answer(np.array(case))
        with hint_begins(f"for the histogram {case}"):
            got.append(number(threshold))
    if got == right:
        return
    known_mistake(
        got,
        (
            (
                [t + 1 for t in right],
                "one too high: pixels of the threshold itself belong to the dark ones",
            ),
            (
                [t - 1 for t in right],
                "one too low: pixels of the threshold itself belong to the dark ones",
            ),
            (
                [_last_best(case) for case in cases],
                "of equally good thresholds the smallest is asked for, this is the largest",
            ),
            (
                [_without_shares(case) for case in cases],
                "the shares of the two classes are missing: a single bright pixel would decide",
            ),
            (
                [_halfway(case) for case in cases],
                "this is the mean of all pixels; the largest between-class variance is asked for",
            ),
        ),
        rtol=0,
        atol=0,
    )
    wrong = next(i for i in range(len(cases)) if got[i] != right[i])
    raise Hint(
        f"for the histogram {cases[wrong]} it gives {got[wrong]:g}; the variance is largest at {right[wrong]}"
    )


def _last_best(case) -> int:
    values = [_between(np.asarray(case, float), t) for t in range(len(case))]
    return len(case) - 1 - int(np.argmax(values[::-1]))


def _without_shares(case) -> int:
    counts, values = np.asarray(case, float), np.arange(len(case))

    def distance(t):
        dark, light = counts[: t + 1], counts[t + 1 :]
        if not dark.sum() or not light.sum():
            return 0.0
        return light @ values[t + 1 :] / light.sum() - dark @ values[: t + 1] / dark.sum()

    return int(np.argmax([distance(t) for t in range(len(counts))]))


def _halfway(case) -> int:
    return int(np.asarray(case, float) @ np.arange(len(case)) / np.sum(case))


def overlap(value: float) -> None:
    """Exercise 4: 30 x 30 in common, 1600 each."""
    if np.isclose(value, 900 / 2300, atol=0.003):
        return
    known_mistake(
        value,
        (
            (
                900 / 3200,
                "the union counts the common part once: take it off from the sum of the areas, 1600 + 1600",
            ),
            (900 / 1600, "this is the common part of one box; divide by the area of both together"),
            (1800 / 3200, "this is twice the common part over the sum; IoU divides by the union"),
            (31 * 31 / (2 * 41 * 41 - 31 * 31), "the end is excluded here: 50 - 20 is 30 columns, not 31"),
            (900, "this is the intersection; divide it by the union"),
            (2300, "this is the union; the intersection goes above it"),
            (2300 / 900, "upside down: the intersection above, the union below"),
            (30 / 50, "this is the overlap of the sides; areas are asked for"),
        ),
        rtol=0.003,
    )
    raise Hint("the common part reaches from (20, 30) to (50, 60); its area over 1600 + 1600 minus its area")


def _wrapping_then_clipped(a, b):
    return np.clip(a + b, 0, 255)


EXERCISES = {
    "14.1": Exercise(
        reference=saturating_add,
        form=function("saturating_add(a, b)"),
        test=added,
        wrong=(
            (lambda a, b: a + b, "wrapped"),
            (_wrapping_then_clipped, "Widen"),
            (lambda a, b: a.astype(int) + b, "not stopped"),
            (lambda a, b: np.minimum(a.astype(int) + b, 255), "type"),
            (lambda a, b: np.where(a.astype(int) + b > 255, 0, a.astype(int) + b), "not 0"),
            (lambda a, b: ((a.astype(int) + b) // 2).astype(np.uint8), "mean"),
            (lambda a, b: np.minimum(a.astype(int) + b, 254).astype(np.uint8), "254"),
            (lambda a, b: np.minimum(a.astype(int) + b, 255).max(), "shape"),
            (lambda a, b: np.maximum(a, 255 - b), "instead of"),
            (lambda a, b: np.minimum(np.add(a, b, out=a), 255), "changes"),
            (lambda a, b: None, "return"),
            (255, "function"),
        ),
    ),
    "14.2": Exercise(
        reference=40,
        form=number,
        test=median_in_corner,
        wrong=(
            (30, "four times"),
            (50, "nine"),
            (60, "mirrored"),
            (0, "zeros"),
            (46.7, "fifth"),
            (10, "columns"),
            ("forty", "number"),
        ),
    ),
    "14.3": Exercise(
        reference=otsu_threshold,
        form=function("otsu_threshold(histogram)"),
        test=otsu_of,
        wrong=(
            (lambda h: otsu_threshold(h) + 1, "too high"),
            (lambda h: otsu_threshold(h) - 1, "too low"),
            (lambda h: _last_best(h), "smallest"),
            (lambda h: _without_shares(h), "shares"),
            (lambda h: _halfway(h), "mean"),
            (lambda h: len(h) // 2, "largest at"),
            (lambda h: None, "number"),
            (3, "function"),
        ),
    ),
    "14.4": Exercise(
        reference=900 / 2300,
        form=number,
        test=overlap,
        wrong=(
            (0.28125, "once"),
            (0.5625, "common part"),
            (0.4, "excluded"),
            (900, "divide"),
            (2300, "above"),
            (2.556, "upside"),
            (0.6, "sides"),
            (0.5, "from (20, 30)"),
            ("a third", "number"),
        ),
    ),
}
