"""Exercises of lesson 10, generative adversarial networks."""

import numpy as np

from scripts.exercises import Exercise, Hint, expect, function, number, same


def covered(labels, share):
    """The reference of exercise 3; labels: int, shape (n,), values 0..9; share: 0..1."""
    return int(np.sum(np.bincount(labels, minlength=10) >= share * len(labels)))


def best_d(value: float) -> None:
    """Exercise 1: 0.3 / (0.3 + 0.1)."""
    expect(
        value,
        right=0.75,
        mistakes=(
            (0.25, "that is the probability of a made number; D says how probable a real one is"),
            (3.0, "a probability is asked for: divide by the sum of both densities"),
            (0.3, "divide by the sum of both densities"),
            (0.5, "one half would be right where both densities are equal"),
            (75.0, "as a share, not in percent"),
        ),
        otherwise="p / (p + q), with p = 0.3 and q = 0.1",
        atol=1e-6,
    )


def cost_d(value: float) -> None:
    """Exercise 2: -log(1/2) for real pictures and again for made ones."""
    expect(
        value,
        right=2 * np.log(2),
        mistakes=(
            (np.log(2), "that is one of its two terms: real pictures and made ones each cost log 2"),
            (-2 * np.log(2), "a cost has a minus before the logarithm"),
            (2.0, "the natural logarithm is meant, not that of base 2"),
            (np.log10(4), "the natural logarithm is meant, not that of base 10"),
            (0.0, "a discriminator without any doubt would pay nothing; this one is always in doubt"),
        ),
        otherwise="-log(1/2) for the real pictures, and -log(1 - 1/2) for the made ones",
        rtol=0,
        atol=2e-3,
    )


def covers(answer) -> None:
    """Exercise 3: on labels whose shares lie above, on and below the limit."""
    labels = np.repeat([0, 1, 2, 9], [50, 28, 20, 2])
    for share, right, about in (
        (0.02, 4, "the 9s are exactly 2 in 100, and `at least` takes them in"),
        (0.03, 3, "3 in 100 is more than the two 9s"),
        (0.25, 2, "of a hundred labels 50 and 28 are at least 25"),
    ):
        value = number(answer(labels.copy(), share))
        if value == 10 and right != 10:
            raise Hint("it counts digits that do not occur at all")
        if round(value) != right:
            if share == 0.25 and value == 4:
                raise Hint("the share must be compared with the count divided by the number of labels")
            raise Hint(f"for counts 50, 28, 20, 2 and share {share} it gives {value:g}, not {right}: {about}")
    if not same(answer(np.repeat(np.arange(10), 7), 0.1), 10, rtol=0, atol=0):
        raise Hint(
            "70 labels, seven of each digit: all ten are covered at 0.1; divide by the number of labels"
        )


EXERCISES = {
    "10.1": Exercise(
        reference=0.75,
        form=number,
        test=best_d,
        wrong=(
            (0.25, "real one"),
            (3.0, "probability"),
            (0.3, "sum"),
            (0.5, "equal"),
            (75, "percent"),
            (0.1, "p / (p + q)"),
            ("0.75", "number"),
        ),
    ),
    "10.2": Exercise(
        reference=float(2 * np.log(2)),
        form=number,
        test=cost_d,
        wrong=(
            (0.693, "two terms"),
            (-1.386, "minus"),
            (2.0, "natural"),
            (0.602, "base 10"),
            (0, "doubt"),
            (0.5, "-log(1/2)"),
        ),
    ),
    "10.3": Exercise(
        reference=covered,
        form=function("classes_covered(labels, share)"),
        test=covers,
        wrong=(
            (lambda labels, share: len(set(labels.tolist())), "not 3"),
            (
                lambda labels, share: int(np.sum(np.bincount(labels, minlength=10) > share * len(labels))),
                "at least",
            ),
            (lambda labels, share: int(np.sum(np.bincount(labels, minlength=10) >= share * 100)), "divide"),
            (lambda labels, share: 10, "do not occur"),
            (lambda labels, share: np.bincount(labels), "one number"),
            (4, "function"),
        ),
    ),
}
