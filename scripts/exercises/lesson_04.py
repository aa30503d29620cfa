"""Exercises of lesson 04, neural networks."""

import numpy as np

from scripts.exercises import Exercise, array, number

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
NAND = np.array([1, 1, 1, 0])


def nand(answer) -> str | None:
    """Exercise 1: a neuron with a step that is 1 but for (1, 1)."""
    values = array(answer, (3,))
    if isinstance(values, str):
        return f"give three numbers, w1, w2 and b: {values}"
    sums = ROWS @ values[:2] + values[2]
    fires = (sums > 0).astype(int)
    if np.array_equal(fires, NAND):
        return None
    if np.any(sums == 0):
        return "a sum is exactly 0, where the step is off; move the bias a little"
    if np.array_equal(fires, 1 - NAND):
        return "this is AND; NAND is its opposite: turn the signs"
    if np.array_equal(fires, [0, 1, 1, 1]):
        return "this is OR"
    if np.array_equal(fires, [1, 0, 0, 0]):
        return "this is NOR, 1 only for (0, 0); NAND is 0 only for (1, 1)"
    row = int(np.flatnonzero(fires != NAND)[0])
    return f"for the inputs {tuple(ROWS[row].tolist())} it gives {fires[row]}; {NAND[row]} is wanted"


def deep_parameters(value: float) -> str | None:
    """Exercise 2: 2-10-5-8-1 has 30 + 55 + 48 + 9 parameters."""
    return {
        142: None,
        118: "these are the weights; every neuron has a bias as well",
        24: "these are the biases, one a neuron; the weights are missing",
        26: "these are the neurons; count a weight for each pair of neurons in neighbouring layers",
        800: "the widths of neighbouring layers are multiplied, and the products added",
    }.get(round(value), "for each layer: inputs x neurons, and a bias for each neuron; then add up")


def at_most(value: float) -> str | None:
    """Exercise 3: (1/4) to the power 8."""
    if np.isclose(value, 0.25**8, rtol=0.05):
        return None
    if np.isclose(value, 8 / 4) or np.isclose(value, 1 / 32):
        return "slopes along the way are multiplied, not added"
    if np.isclose(value, 0.5**8, rtol=0.05):
        return "1/2 is the sigmoid's value at 0; its slope there is 1/4"
    if np.isclose(value, 4.0**8):
        return "the gradient gets smaller, not larger: 1/4, eight times"
    return "one factor of at most 1/4 for each of eight layers"


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
