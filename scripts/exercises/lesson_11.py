"""Exercises of lesson 11, function approximation."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, hint_begins, known_mistake, number

POINTS = ((0.0, 3.0), (1.0, 2.0), (2.0, 5.0))


def coefficients(answer) -> None:
    """Exercise 1: y = 2 x^2 - 3 x + 3."""
    with hint_begins("give three numbers, a2, a1 and a0"):
        values = array(answer, (3,))
    if np.allclose(values, (2, -3, 3), atol=1e-6):
        return
    if np.allclose(values, (3, -3, 2), atol=1e-6):
        raise Hint("the right numbers in the wrong order: a2, the one of the square, comes first")
    if np.allclose(np.polyval(values[::-1], 0.0), 3.0) and not np.isclose(values[2], 3.0):
        raise Hint("y(0) = 3 is the constant: a0 stands last")
    for x, y in POINTS:
        got = float(np.polyval(values, x))
        if not np.isclose(got, y, atol=1e-6):
            raise Hint(f"at x = {x:g} it gives {got:.6g}; {y:g} is wanted")
    raise Hint("put the three points into y = a2 x^2 + a1 x + a0 and solve")


def bump_weights(answer) -> None:
    """Exercise 2: slopes 0, 3, -1.5, 0; the weights are their changes."""
    with hint_begins("give three numbers"):
        values = array(answer, (3,))
    if np.allclose(values, (3, -4.5, 1.5), atol=1e-6):
        return
    known_mistake(
        values,
        (
            ((3, -1.5, 0), "these are the slopes; a weight is the change of slope at its kink"),
            (
                (3, -6, 3),
                "this bump falls as fast as it rose and passes 0 at x = 3; it should be back at 0 at x = 4",
            ),
        ),
        atol=1e-6,
    )

    def bump(x):
        return float(values @ np.maximum(0.0, x - np.array([1.0, 2.0, 4.0])))

    if not np.isclose(bump(2.0), 3.0):
        raise Hint(
            f"at x = 2 it is {bump(2.0):.6g}; "
            "the first weight is the slope from 1 to 2, and the height there is 3"
        )
    if not np.isclose(bump(4.0), 0.0):
        raise Hint(
            f"at x = 4 it is {bump(4.0):.6g}, not 0; from 2 to 4 it falls by 3, so the slope there is -1.5"
        )
    raise Hint(
        f"beyond x = 4 it does not stay 0: at x = 5 it is {bump(5.0):.6g}; the three weights must add up to 0"
    )


def updated(value: float) -> None:
    """Exercise 3: the target is -1 + 0.9 (-2) = -2.8; half the way from -4."""
    expect(
        value,
        right=-3.4,
        mistakes=(
            (-2.8, "this is the target; alpha = 0.5 goes only half the way from -4 to it"),
            (-3.5, "the discount is missing: the next state's value counts 0.9"),
            (-2.9, "the reward -1 is missing in the target"),
            (
                -2.5,
                "the next state is left out, as if the episode ended here: "
                "the target is r + 0.9 times its largest entry",
            ),
            (-5.2, "max asks for the largest entry: -2 is larger than -6"),
            (-4.3, "the mean of the entries is taken; Q-learning takes the largest"),
            (-4.8, "target + alpha Q; the update is Q + alpha (target - Q), and it ends between the two"),
            (-4.6, "the sign of the difference: go from -4 towards the target, not away from it"),
        ),
        otherwise="first the target, r + 0.9 times the largest next entry; then half the way from -4 to it",
        atol=1e-6,
    )


def table_and_network(answer) -> None:
    """Exercise 4: 400 x 400 x 4 entries; 5 x 128 + 129 x 128 + 129 x 4 parameters."""
    with hint_begins("give two numbers, entries and parameters"):
        entries, parameters = array(answer, (2,))
    known_mistake(
        (entries, parameters),
        (((17668, 640000), "the other way round: the table first"),),
        rtol=0,
        atol=0.01,
    )
    expect(
        entries,
        right=640000,
        mistakes=(
            (
                1600,
                "these are the cells of one agent times four; the goal's cell belongs to the state as well",
            ),
            (160000, "these are the states; the table has an entry for each of four moves"),
            (3200, "states are pairs: the numbers of cells are multiplied, not added"),
            (638400, "the table in the lesson has an entry for every pair, agent on the goal included"),
        ),
        otherwise="the table: cells of the agent x cells of the goal x moves",
        rtol=0,
        atol=0.01,
    )
    expect(
        parameters,
        right=17668,
        mistakes=(
            (17408, "the network: these are the weights; each of its 260 neurons has a bias as well"),
            (17536, "the network: a bias is missing; every layer has them, the hidden ones and the last"),
            (17664, "the network: the four outputs have biases as well"),
        ),
        otherwise="the network: for each layer inputs x neurons and a bias for each neuron; add up",
        rtol=0,
        atol=0.01,
    )


EXERCISES = {
    "11.1": Exercise(
        reference=(2.0, -3.0, 3.0),
        test=coefficients,
        wrong=(
            ((3, -3, 2), "wrong order"),
            ((3, 1, 0), "stands last"),
            ((0, -1, 3), "at x = 2"),
            ((2, -3, 0), "at x = 0"),
            ((1, 0, 3), "at x = 1"),
            ((2, -3), "three numbers"),
            ("2x2", "three numbers"),
        ),
    ),
    "11.2": Exercise(
        reference=(3.0, -4.5, 1.5),
        test=bump_weights,
        wrong=(
            ((3, -1.5, 0), "change of slope"),
            ((3, -6, 3), "passes 0 at x = 3"),
            ((1, -2, 1), "height there is 3"),
            ((3, -3, 0), "at x = 4"),
            ((3, -4.5, 0), "add up to 0"),
            ((3, -4.5), "three numbers"),
        ),
    ),
    "11.3": Exercise(
        reference=-3.4,
        form=number,
        test=updated,
        wrong=(
            (-2.8, "half the way"),
            (-3.5, "discount"),
            (-2.9, "reward"),
            (-5.2, "largest"),
            (-4.3, "mean"),
            (-4.6, "sign"),
            (-2.5, "left out"),
            (-4.8, "between the two"),
            (0.0, "first the target"),
            ("-3.4", "number"),
        ),
    ),
    "11.4": Exercise(
        reference=(640000, 17668),
        test=table_and_network,
        wrong=(
            ((17668, 640000), "other way round"),
            ((1600, 17668), "goal's cell"),
            ((160000, 17668), "four moves"),
            ((640000, 17408), "bias"),
            ((640000, 17664), "four outputs"),
            ((640000, 17000), "each layer"),
            (640000, "two numbers"),
        ),
    ),
}
