"""Exercises of lesson 04, neural networks."""

import numpy as np

from scripts.exercises import COUNT, Exercise, Hint, array, expect, hint_begins, number

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
NAND = np.array([1, 1, 1, 0])


def nand(answer) -> None:
    """Exercise 1: a neuron with a step that is 1 but for (1, 1)."""
    with hint_begins("give three numbers, w1, w2 and b"):
        values = array(answer, (3,))
    sums = ROWS @ values[:2] + values[2]
    fires = (sums > 0).astype(int)
    if np.array_equal(fires, NAND):
        return
    if np.any(sums == 0):
        raise Hint("a sum is exactly 0, where the step is off; move the bias a little")
    if np.array_equal(fires, 1 - NAND):
        raise Hint("this is AND; NAND is its opposite: turn the signs")
    if np.array_equal(fires, [0, 1, 1, 1]):
        raise Hint("this is OR")
    if np.array_equal(fires, [1, 0, 0, 0]):
        raise Hint("this is NOR, 1 only for (0, 0); NAND is 0 only for (1, 1)")
    row = int(np.flatnonzero(fires != NAND)[0])
    raise Hint(f"for the inputs {tuple(ROWS[row].tolist())} it gives {fires[row]}; {NAND[row]} is wanted")


def deep_parameters(value: float) -> None:
    """Exercise 2: 2-10-5-8-1 has 30 + 55 + 48 + 9 parameters."""
    expect(
        value,
        right=142,
        mistakes=(
            (118, "these are the weights; every neuron has a bias as well"),
            (24, "these are the biases, one a neuron; the weights are missing"),
            (26, "these are the neurons; count a weight for each pair of neurons in neighbouring layers"),
            (800, "the widths of neighbouring layers are multiplied, and the products added"),
        ),
        otherwise="for each layer: inputs x neurons, and a bias for each neuron; then add up",
        rtol=0,
        atol=COUNT,
    )


def at_most(value: float) -> None:
    """Exercise 3: (1/4) to the power 8."""
    if np.isclose(value, 0.25**8, rtol=0.05):
        return
    if np.isclose(value, 8 / 4) or np.isclose(value, 1 / 32):
        raise Hint("slopes along the way are multiplied, not added")
    if np.isclose(value, 0.5**8, rtol=0.05):
        raise Hint("1/2 is the sigmoid's value at 0; its slope there is 1/4")
    if np.isclose(value, 4.0**8):
        raise Hint("the gradient gets smaller, not larger: 1/4, eight times")
    raise Hint("one factor of at most 1/4 for each of eight layers")


EXERCISES = {
    "04.1": Exercise(
        reference=(-1.0, -1.0, 1.5),
        test=nand,
        wrong=(
            ((1, 1, -1.5), "this is AND"),
            ((1, 1, -0.5), "this is OR"),
            ((-1, -1, 0.5), "this is NOR"),
            ((-1, -1, 1), "exactly 0"),
            ((-1, 0, 0.5), "is wanted"),
            ((1, 1), "three numbers"),
        ),
    ),
    "04.2": Exercise(
        reference=142,
        form=number,
        test=deep_parameters,
        wrong=(
            (118, "bias"),
            (24, "weights"),
            (26, "pair"),
            (800, "added"),
            (143, "each layer"),
            ("142", "number"),
        ),
    ),
    "04.3": Exercise(
        reference=0.25**8,
        form=number,
        test=at_most,
        wrong=(
            (2.0, "not added"),
            (0.5**8, "slope there is 1/4"),
            (65536.0, "smaller"),
            (0.25, "eight"),
            ("small", "number"),
        ),
    ),
}
