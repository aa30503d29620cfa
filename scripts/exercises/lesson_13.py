"""Exercises of lesson 13, overfitting and its remedies."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, number


def drop(x, mask, rate):
    """The reference of exercise 2; x, mask: arrays of one shape, mask true where kept."""
    return np.where(mask, x / (1 - rate), 0.0)


def stop_at(validation, patience):
    """The reference of exercise 3; validation: accuracies, epoch by epoch."""
    best = 0
    for epoch, value in enumerate(validation):
        if value > validation[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def rate_today(value: float) -> None:
    """Exercise 1: rate = 1 - keep_prob."""
    expect(
        value,
        right=0.1,
        mistakes=(
            (0.9, "that would drop nine in ten; `rate` is what is dropped, `keep_prob` what is kept"),
            (10.0, "a share between 0 and 1, not a percentage"),
            (1 / 0.9, "that is the factor by which the kept ones grow"),
        ),
        otherwise="what is kept and what is dropped add up to 1",
    )


def drops(answer) -> None:
    """Exercise 2, on numbers of both signs, at two rates."""
    random = np.random.default_rng(13)
    for rate in (0.5, 0.2):
        x, mask = random.normal(size=(4, 5)), random.random((4, 5)) > rate
        expect(
            array(answer(x.copy(), mask.copy(), rate), x.shape),
            right=drop(x, mask, rate),
            mistakes=(
                (x * mask, "the kept ones must grow, so that the mean stays: divide by 1 - rate"),
                (x * mask * (1 - rate), "divide by 1 - rate, do not multiply"),
                (x * mask / rate, "divide by what is kept, 1 - rate, not by rate"),
                (x * ~mask / (1 - rate), "the mask is true where a number is kept"),
                (x * ~mask, "the mask is true where a number is kept"),
                (x / (1 - rate), "the dropped ones must become 0"),
            ),
            otherwise="kept numbers become x / (1 - rate), the others 0",
            rtol=0,
            atol=1e-9,
        )


# accuracies, the patience, the index that is right, and why
CURVES = (
    (
        [0.5, 0.7, 0.8, 0.79, 0.78, 0.9],
        2,
        2,
        "at index 4 two epochs in a row were no better than index 2: it stops before it sees the 0.9",
    ),
    ([0.5, 0.7, 0.8, 0.79, 0.78, 0.9], 3, 5, "with patience 3 it sees index 5, which is the best"),
    ([0.3, 0.6, 0.5], 5, 1, "when the epochs run out it keeps the best so far"),
    ([0.6, 0.6, 0.6, 0.7], 2, 0, "an equal accuracy is not better"),
)


def stops(answer) -> None:
    """Exercise 3, on four curves."""
    for curve, patience, right, why in CURVES:
        value = number(answer(list(curve), patience))
        if value == right:
            continue
        if curve is CURVES[0][0] and patience == 2 and value == 4:
            raise Hint("that is where it stops; the weights it keeps are those of the best epoch before")
        raise Hint(f"for {curve} and patience {patience} it gives {value:g}, not {right}: {why}")


def never_stops(validation, patience):
    """A wrong answer to exercise 3: the best of all epochs, without patience."""
    return int(np.argmax(validation))


def gives_the_last(validation, patience):
    """A wrong answer to exercise 3: the epoch where it stops, not the best one before."""
    best = 0
    for epoch, value in enumerate(validation):
        if value > validation[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch
    return best


def takes_equal(validation, patience):
    """A wrong answer to exercise 3: an equal accuracy counts as better."""
    best = 0
    for epoch, value in enumerate(validation):
        if value >= validation[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


EXERCISES = {
    "13.1": Exercise(
        reference=0.1,
        form=number,
        test=rate_today,
        wrong=(
            (0.9, "nine in ten"),
            (10, "percentage"),
            (1.111111111, "factor"),
            (0.5, "add up"),
            ("0.1", "number"),
        ),
    ),
    "13.2": Exercise(
        reference=drop,
        form=function("drop(x, mask, rate)"),
        test=drops,
        wrong=(
            (lambda x, mask, rate: x * mask, "grow"),
            (lambda x, mask, rate: x * mask * (1 - rate), "do not multiply"),
            (lambda x, mask, rate: x * mask / rate, "not by rate"),
            (lambda x, mask, rate: x * ~mask / (1 - rate), "true where"),
            (lambda x, mask, rate: x / (1 - rate), "become 0"),
            (lambda x, mask, rate: x, "kept numbers"),
            (lambda x, mask, rate: x[mask], "shape"),
            (0.1, "function"),
        ),
    ),
    "13.3": Exercise(
        reference=stop_at,
        form=function("stop_at(validation, patience)"),
        test=stops,
        wrong=(
            (never_stops, "before it sees"),
            (gives_the_last, "best epoch"),
            (takes_equal, "not better"),
            (lambda validation, patience: 2, "index 5"),
            (lambda validation, patience: None, "return it"),
            (2, "function"),
        ),
    ),
}
