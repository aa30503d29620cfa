"""Exercises of lesson 16, R-CNN."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, known_mistake, number


def window(box, side, context):
    """The reference of exercise 2: the part of the picture that the warped box shows; box: x1, y1, x2, y2."""
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * context / (side - 2 * context), (y2 - y1) * context / (side - 2 * context)
    return x1 - across, y1 - down, x2 + across, y2 + down


def average_precision(value: float) -> None:
    """Exercise 1: hit, false alarm, hit, hit, false alarm; four objects."""
    # Two digits are enough. A half is rounded down: 0.62 stands for 0.625 as well.
    expect(
        value - 1e-6,
        right=0.62,
        mistakes=(
            (0.60, "at each recall take the best precision at this recall or beyond it"),
            (0.61, "that is the mean at 11 recalls, as VOC 2007 has it; the area is asked for"),
            (
                0.70,
                "that is the mean of the five precisions: "
                "each hit counts with the recall it adds, a false alarm adds none",
            ),
            (0.75, "that is the recall at the end; AP weighs the precisions as well"),
            (0.83, "four objects are there, one is never found: recall rises by a quarter with each hit"),
        ),
        otherwise="precisions 1, 1/2, 2/3, 3/4, 3/5; each hit adds a quarter of recall",
        rtol=0,
        atol=0.005,
    )


def shows(answer) -> None:
    """Exercise 2, on a wide box and two sizes of the result."""
    for box, side, context in (((10.0, 20.0, 82.0, 44.0), 28, 2), ((0.0, 0.0, 195.0, 39.0), 227, 16)):
        found = array(answer(box, side, context), (4,))
        x1, y1, x2, y2 = box
        a, b = (x2 - x1) * context / side, (y2 - y1) * context / side
        yours = found.round(2).tolist()
        expect(
            found,
            right=window(box, side, context),
            mistakes=(
                (
                    (x1 - context, y1 - context, x2 + context, y2 + context),
                    "context is counted in pixels of the result, not of the picture",
                ),
                (
                    (x1 - a, y1 - b, x2 + a, y2 + b),
                    "the box itself fills side - 2 * context pixels of the result, not side",
                ),
                (box, "that is the box without its context"),
            ),
            otherwise=f"for the box {box}, side {side}, context {context} yours is {yours}",
        )


def hours(value: float) -> None:
    """Exercise 3: 10,000 pictures, 2,000 boxes of 0.01 s each and 2 s of selective search."""
    if abs(value - 220_000 / 3600) < 0.2:
        return
    known_mistake(
        value,
        (
            (200_000 / 3600, "that is the CNN alone: selective search comes on top"),
            (20_000 / 3600, "that is selective search alone: the CNN comes on top"),
            (220_000, "that is in seconds"),
            (40_200_000 / 3600, "selective search runs once for a picture, not for each box"),
        ),
        rtol=0.01,
    )
    raise Hint("10,000 x (2,000 x 0.01 s + 2 s), in hours")


EXERCISES = {
    "16.1": Exercise(
        reference=0.625,
        form=number,
        test=average_precision,
        wrong=(
            (0.604, "or beyond"),
            (0.614, "11 recalls"),
            (0.703, "a false alarm adds none"),
            (0.75, "recall at the end"),
            (0.833, "four objects"),
            (0.1, "each hit adds"),
        ),
    ),
    "16.2": Exercise(
        reference=window,
        form=function("window(box, side, context)"),
        test=shows,
        wrong=(
            (lambda box, side, context: box, "without its context"),
            (
                lambda box, side, context: np.add(box, (-context, -context, context, context)),
                "pixels of the result",
            ),
            (lambda box, side, context: window(box, side + 2 * context, context), "not side"),
            (lambda box, side, context: window(box, side, 2 * context), "yours is"),
        ),
    ),
    "16.3": Exercise(
        reference=220_000 / 3600,
        form=number,
        test=hours,
        wrong=(
            (55.6, "the CNN alone"),
            (5.6, "selective search alone"),
            (220_000, "in seconds"),
            (11_167, "once for a picture"),
            (1.0, "in hours"),
        ),
    ),
}
