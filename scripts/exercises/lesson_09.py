"""Exercises of lesson 09, recurrent networks."""

import numpy as np

from scripts.exercises import Exercise, Hint, expect, function, known_mistake, number


def new_state(x_t, h, Wx, Wh, b):
    """The reference of exercise 2: one step of the simple recurrent cell."""
    return np.tanh(x_t @ Wx + h @ Wh + b)


def rnn_parameters(value: float) -> None:
    """Exercise 1: 5 x 8 + 8 x 8 + 8, whatever the number of steps."""
    expect(
        value,
        right=112,
        mistakes=(
            (104, "the biases are missing, one for each number of the state"),
            (48, "the old state has weights of its own: 8 x 8 of them"),
            (72, "the inputs have weights as well: 5 x 8 of them"),
            (
                40,
                "these are the input's weights only; "
                "the old state has some, and each number of the state a bias",
            ),
            (
                64,
                "these are the recurrent weights only; "
                "the inputs have some, and each number of the state a bias",
            ),
            (2800, "the weights are shared by all 25 steps: count them once"),
            (70, "the new state has 8 numbers, and each of them sees 5 inputs: 5 x 8, not 5 x 5"),
            (448, "this is an LSTM, which has four such sets; a SimpleRNN has one"),
            (117, "one bias for each number of the state, none for the inputs"),
        ),
        otherwise="inputs x state, and state x state, and a bias for each number of the state",
        rtol=0,
        atol=1e-6,
    )


def rnn_step(answer) -> None:
    """Exercise 2: compared with the reference on random cells of several shapes, with and without a batch."""
    random = np.random.default_rng(0)
    for n, width in ((4, 4), (3, 5), (1, 2)):
        x_t, h, b = random.normal(size=n), random.normal(size=width), random.normal(size=width)
        Wx, Wh = random.normal(size=(n, width)), random.normal(size=(width, width))
        given = (x_t, h, Wx, Wh, b)
        right, total = new_state(*given), x_t @ Wx + h @ Wh + b
        got = np.asarray(answer(*(part.copy() for part in given)), dtype=float)
        if got.shape != right.shape:
            raise Hint(f"a state of {width} numbers is asked for, this has shape {got.shape}")
        expect(
            got,
            right=right,
            mistakes=(
                (total, "the tanh is missing"),
                (1 / (1 + np.exp(-total)), "this is a sigmoid; the cell takes a tanh"),
                (np.tanh(x_t @ Wx + b), "the old state is missing: h times Wh"),
                (np.tanh(h @ Wh + b), "the new input is missing: x_t times Wx"),
                (np.tanh(x_t @ Wx + h @ Wh), "the bias is missing"),
                (np.tanh(x_t @ Wx + Wh @ h + b), "the state stands left of its matrix: h @ Wh, not Wh @ h"),
                (np.tanh(x_t @ Wx) + np.tanh(h @ Wh) + b, "add first, then one tanh over the sum"),
                (np.tanh(x_t @ Wx + b) + h @ Wh, "add first, then one tanh over the sum"),
            ),
            otherwise="tanh of: x_t times Wx, plus h times Wh, plus b",
            atol=1e-6,
        )


def persistence_error(value: float) -> None:
    """Exercise 3: errors 2, -1 and 0."""
    if np.isclose(value, 5 / 3, atol=0.01):
        return
    known_mistake(
        value,
        (
            (5 / 4, "four numbers make three predictions: the first has nothing before it"),
            (5.0, "this is the sum of the squares; the mean is asked for"),
            (5 / 2, "three predictions are made; the last, from 2 to 2, is right and counts as well"),
            (1.0, "this is the mean of the absolute errors; square them first"),
            (np.sqrt(5 / 3), "this is the root of it; the mean squared error has no root"),
            (1 / 3, "errors of different signs must not cancel: square them first"),
            (1 / 9, "square each error, then take the mean"),
            (0.5, "persistence says the number just before, not the mean of the series"),
        ),
        atol=0.004,
    )
    raise Hint("persistence says 1, 3, 2 where 3, 2, 2 come: square the three errors and take their mean")


def attended(value: float) -> None:
    """Exercise 4: scores log 3 and 0, weights 3/4 and 1/4."""
    root = np.sqrt(3)  # exp(2 log 3 / 4)
    expect(
        value,
        right=7,
        mistakes=(
            (7.6, "divide the scores by the root of d first"),
            ((8 * root + 4) / (root + 1), "divide by the root of d, which is 2, not by d"),
            (6.0, "this is the plain mean; the first key is more like the query"),
            (
                8.0,
                "this is the value of the best key alone; "
                "a softmax is a soft maximum, and the other counts too",
            ),
            (5.0, "the weights are the wrong way round: 3/4 belongs to the first value"),
            (28.0, "the weights have to add up to 1: divide by the sum of the exponentials"),
            (8 * np.log(3), "take the softmax of the scores before you weight the values"),
            (16 * np.log(3), "scale the scores, take their softmax, then weight the values"),
            (0.75, "these are the weights; now take the mean of the values with them"),
        ),
        otherwise="scores divided by 2, softmax, then the weighted mean of 8 and 4",
        atol=0.005,
    )


EXERCISES = {
    "09.1": Exercise(
        reference=112,
        form=number,
        test=rnn_parameters,
        wrong=(
            (104, "biases"),
            (48, "old state"),
            (72, "inputs have weights"),
            (40, "input's weights only"),
            (64, "recurrent weights only"),
            (2800, "shared"),
            (448, "LSTM"),
            (117, "none for the inputs"),
            (100, "state x state"),
            ("112", "a number"),
        ),
    ),
    "09.2": Exercise(
        reference=new_state,
        form=function("rnn_step(x_t, h, Wx, Wh, b)"),
        test=rnn_step,
        wrong=(
            (lambda x_t, h, Wx, Wh, b: x_t @ Wx + h @ Wh + b, "tanh is missing"),
            (lambda x_t, h, Wx, Wh, b: 1 / (1 + np.exp(-(x_t @ Wx + h @ Wh + b))), "sigmoid"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(x_t @ Wx + b), "old state"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(h @ Wh + b), "new input"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(x_t @ Wx + h @ Wh), "bias"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(x_t @ Wx + Wh @ h + b), "left of its matrix"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(x_t @ Wx) + np.tanh(h @ Wh) + b, "one tanh"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(x_t @ Wx + h @ Wh + b).sum(), "shape"),
            (lambda x_t, h, Wx, Wh, b: np.tanh(x_t @ Wh + h @ Wx + b), "times Wx"),
            (np.zeros(4), "function"),
        ),
    ),
    "09.3": Exercise(
        reference=5 / 3,
        form=number,
        test=persistence_error,
        wrong=(
            (1.25, "three predictions"),
            (5, "sum"),
            (2.5, "three predictions"),
            (1, "absolute"),
            (1.291, "root"),
            (0.333, "cancel"),
            (0.111, "each error"),
            (0.5, "mean of the series"),
            (3, "three errors"),
            ([2, 1, 0], "one number"),
        ),
    ),
    "09.4": Exercise(
        reference=7.0,
        form=number,
        test=attended,
        wrong=(
            (7.6, "divide the scores"),
            (6.536, "not by d"),
            (6, "plain mean"),
            (8, "soft maximum"),
            (5, "wrong way round"),
            (28, "add up to 1"),
            (8.789, "before you weight"),
            (0.75, "these are the weights"),
            (3, "weighted mean"),
            ("seven", "number"),
        ),
    ),
}
