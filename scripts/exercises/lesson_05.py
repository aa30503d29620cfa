"""Exercises of lesson 05, a multilayer perceptron on MNIST."""

import numpy as np

from scripts.exercises import COUNT, Exercise, Hint, expect, function, number

LARGEST = 20_000  # parameters of the net of exercise 4
EPOCHS, BATCH, SHARE = 10, 64, 0.85
# shares of validation digits read wrong, by number of training digits, means of seeds 0 to 4: what a measurement is compared with
WRONG_SHARES = {100: 0.281, 300: 0.156, 1000: 0.087, 3000: 0.061}


def five_layers(value: float) -> None:
    """Exercise 1: the factor of one layer is 0.15 sqrt(200 / 2) = 1.5, that of five its fifth power."""
    expect(
        value,
        right=1.5**5,
        mistakes=(
            (1.5, "this is the factor of one layer; there are five, one after the other"),
            (7.5, "the factors of layers that follow one another are multiplied, not added"),
            ((0.15 * np.sqrt(200)) ** 5, "this forgets the ReLU, which keeps half of the mean square"),
            (0.15 * np.sqrt(200), "this forgets the ReLU, and it is one layer of five"),
            (2.25**5, "this is the factor of the mean square; the size is its root"),
            (1.0, "this would be He's start; 0.15 is larger than sqrt(2 / 200)"),
            ((0.15 * 100) ** 5, "the root is missing: sigma times the root of n / 2"),
        ),
        otherwise="the factor of one layer is sigma times the root of n / 2; take it five times",
        rtol=0.01,
    )


def digits_needed(value: float) -> None:
    """Exercise 2: 0.001 = sqrt(0.97 * 0.03 / N)."""
    expect(
        value,
        right=29_100,
        mistakes=(
            (29.1, "0.001 has to be squared: the number stands under the root"),
            (170.6, "0.001 has to be squared: the number stands under the root"),
            (970_000, "use a (1 - a), not a alone"),
            (30_000, "use a (1 - a), not 1 - a alone"),
            (10_000, "with 10,000 digits the error is 0.0017"),
            (2_910, "a zero is missing: 0.001 squared is 0.000001"),
        ),
        otherwise="solve sqrt(a (1 - a) / N) = 0.001 for N, with a = 0.97",
        rtol=0,
        atol=COUNT,
    )


def stop_reference(losses, patience):
    """The reference of exercise 3."""
    best, best_epoch, waited = losses[0], 1, 0
    for epoch in range(2, len(losses) + 1):
        if losses[epoch - 1] < best:
            best, best_epoch, waited = losses[epoch - 1], epoch, 0
        else:
            waited += 1
        if waited == patience:
            return best_epoch, epoch
    return best_epoch, len(losses)


def never_resets(losses, patience):
    """The program of exercise 3 as the lesson shows it."""
    best, best_epoch, waited = losses[0], 1, 0
    for epoch in range(2, len(losses) + 1):
        if losses[epoch - 1] < best:
            best, best_epoch = losses[epoch - 1], epoch
        else:
            waited += 1
        if waited == patience:
            return best_epoch, epoch
    return best_epoch, len(losses)


def when_to_stop(answer) -> None:
    """Exercise 3: on lists of losses that tell the usual mistakes apart."""
    cases = (
        ((5.0, 4.0, 3.0, 2.0), 2, "a list that falls to its end"),
        ((3.0, 4.0, 5.0, 6.0, 1.0), 2, "a list whose best loss is its first"),
        ((5.0, 6.0, 4.0, 7.0, 3.0, 8.0, 2.0, 9.0, 9.0), 2, "a list that goes up and down"),
        ((2.0, 2.0, 2.0, 2.0, 1.0), 3, "a list of equal losses, which are no improvement"),
        ((9.0, 5.0, 7.0, 6.0, 5.5, 4.0), 3, "a list that comes down after its best loss, but not below it"),
    )
    for losses, patience, name in cases:
        given = answer(list(losses), patience)
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise Hint("return two epochs: the best one and the one after which the training stops")
        best, last = (number(part) for part in given)
        wanted = stop_reference(losses, patience)
        if (best, last) == wanted:
            continue
        told = f"{name}: {', '.join(f'{loss:g}' for loss in losses)}, patience {patience}"
        if (best, last) == (wanted[0] - 1, wanted[1] - 1):
            raise Hint(f"epochs are counted from 1 ({told})")
        if (best, last) == wanted[::-1]:
            raise Hint(f"the best epoch comes first, then the last one ({told})")
        if last < wanted[1]:
            raise Hint(
                f"it stops too early in {told}: count only the epochs without improvement since the best one"
            )
        if last > wanted[1]:
            raise Hint(
                f"it stops too late in {told}: equal is no improvement, and patience is a number of epochs"
            )
        raise Hint(f"the best epoch is wrong in {told}: it is that of the lowest loss seen so far")


def small_pictures():
    """scikit-learn's digits, 8 by 8 pixels, as rows of 64 numbers from 0 to 1: 1,400 to train with, 397 to test."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x, y = (x / 16).astype("float32"), y.astype("int32")
    order = np.random.default_rng(5).permutation(len(x))
    return x[order[:1400]], y[order[:1400]], x[order[1400:]], y[order[1400:]]


def small_reference():
    """The reference of exercise 4."""
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(shape=(64,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=loss)
    return model


def small_wrong(
    inputs=64,
    outputs=10,
    hidden=(64, 64),
    activation="relu",
    compiled=True,
    logits=True,
    rate=0.003,
    loss=None,
):
    """A function that builds a net for exercise 4 with something wrong."""

    def build():
        import keras

        keras.utils.set_random_seed(0)
        middle = [keras.layers.Dense(width, activation=activation) for width in hidden]
        model = keras.Sequential([keras.Input(shape=(inputs,)), *middle, keras.layers.Dense(outputs)])
        if compiled:
            chosen = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
            model.compile(optimizer=keras.optimizers.Adam(rate), loss=chosen)
        return model

    return build


def small_net(answer) -> None:
    """Exercise 4: a compiled model that learns scikit-learn's digits in 10 epochs."""
    model = answer()
    import keras

    if not isinstance(model, keras.Model):
        raise Hint(f"the function should return a Keras model, this is {type(model).__name__}")
    if not getattr(model, "compiled", False):
        raise Hint("the model is not compiled: give it an optimizer and a loss by model.compile(...)")
    if model.input_shape != (None, 64):
        raise Hint(f"the model should take 64 inputs; its input shape is {model.input_shape}")
    if model.output_shape != (None, 10):
        raise Hint(f"the model should have ten outputs; its output shape is {model.output_shape}")
    if model.count_params() > LARGEST:
        raise Hint(
            f"{model.count_params():,} parameters are more than {LARGEST:,}: make the hidden layers narrower"
        )
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) < 3:
        raise Hint(f"two hidden layers are asked for, so three dense layers; this has {len(dense)}")
    if any(layer.activation is keras.activations.linear for layer in dense[:-1]):
        raise Hint("a hidden layer has no activation: without one two layers are as good as one")
    _loss_fits(model, dense[-1].activation is keras.activations.softmax)
    x, y, test_x, test_y = small_pictures()
    model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    right = float(np.mean(model.predict(test_x, batch_size=400, verbose=0).argmax(axis=1) == test_y))
    if right < SHARE:
        raise Hint(
            f"after {EPOCHS} epochs {right:.0%} are read right; are the learning rate and the widths large enough?"
        )


def _loss_fits(model, softmax: bool) -> None:
    """Raise a hint where the loss does not fit labels that are numbers, or the last layer."""
    import keras

    loss = model.loss
    name = loss if isinstance(loss, str) else type(loss).__name__
    if name.lower().replace("_", "") not in ("sparsecategoricalcrossentropy",):
        raise Hint(f"the labels are numbers, so the loss is SparseCategoricalCrossentropy; this is {name}")
    logits = isinstance(loss, keras.losses.Loss) and loss.get_config().get("from_logits", False)
    if not softmax and not logits:
        raise Hint("the last layer gives logits, so the loss needs from_logits=True")
    if softmax and logits:
        raise Hint("the last layer has a softmax, so the loss must not be told from_logits=True")


def mistakes_by_size(answer) -> None:
    """Exercise 5: mistakes by number of training digits, against the course's own measurement."""
    if not isinstance(answer, dict):
        raise Hint(f"a dictionary is asked for, this is {type(answer).__name__}")
    if set(answer) != set(WRONG_SHARES):
        raise Hint(f"the keys should be {', '.join(map(str, WRONG_SHARES))}: the numbers of training digits")
    shares = {}
    for size, pair in sorted(answer.items()):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise Hint(f"{size} digits: give a pair (digits read wrong, digits asked)")
        wrong, asked = (number(part) for part in pair)
        if wrong != round(wrong) or asked != round(asked):
            raise Hint(f"{size} digits: count the digits; both are whole numbers")
        if asked < 300:
            raise Hint(f"{size} digits: {asked:.0f} digits asked are too few; ask all validation digits")
        if not 0 <= wrong <= asked:
            raise Hint(f"{size} digits: {wrong:.0f} of {asked:.0f} cannot be wrong")
        shares[size] = wrong / asked, asked
    if len({asked for _, asked in shares.values()}) > 1:
        raise Hint("ask the same digits each time, else the four numbers cannot be compared")
    if shares[100][0] > 0.5 and shares[3000][0] > 0.8 or shares[100][0] < shares[3000][0]:
        raise Hint(
            "with more digits the net should be wrong less often: did you count the digits read right?"
        )
    for size, (share, asked) in shares.items():
        usual = WRONG_SHARES[size]
        # four standard errors, and room for other first digits, as the sample has
        apart = 4 * np.sqrt(usual * (1 - usual) / asked) + 0.35 * usual
        if abs(share - usual) > apart:
            more = "more" if share > usual else "fewer"
            raise Hint(
                f"{size} digits: {share:.1%} are wrong, which is {more} than chance explains; are start (He), "
                "rate (0.001), batches (128) and steps (200) as asked for, and are the digits asked those of validation?"
            )


EXERCISES = {
    "05.1": Exercise(
        reference=1.5**5,
        form=number,
        test=five_layers,
        wrong=(
            (1.5, "one layer"),
            (7.5, "multiplied"),
            (42.96, "ReLU"),
            (2.12, "one layer of five"),
            (57.67, "its root"),
            (1, "He's start"),
            (100, "take it five times"),
            ("7.6", "number"),
        ),
        worked="""
five_layers = (0.15 * (200 / 2) ** 0.5) ** 5    # 7.59

One layer multiplies the size by sigma * sqrt(n / 2) = 0.15 * 10 = 1.5, since the ReLU keeps half of the mean square.
Five layers follow one another, so their factors are multiplied: 1.5 to the fifth power. He's start would be sigma = 0.1.
""",
    ),
    "05.2": Exercise(
        reference=29_100,
        form=number,
        test=digits_needed,
        wrong=(
            (29.1, "squared"),
            (970_000, "a (1 - a)"),
            (30_000, "1 - a alone"),
            (10_000, "0.0017"),
            (2910, "zero"),
            (5, "solve"),
            (None.__class__, "function"),
        ),
        worked="""
digits_needed = 0.97 * 0.03 / 0.001**2    # 29,100

sqrt(a (1 - a) / N) = 0.001 means a (1 - a) / N = 0.000001, so N = a (1 - a) / 0.000001.
MNIST's 10,000 test digits give 0.0017. A third of the error needs nine times as many digits.
""",
    ),
    "05.3": Exercise(
        reference=stop_reference,
        form=function("when_to_stop(losses, patience)"),
        test=when_to_stop,
        wrong=(
            (never_resets, "too early"),
            (lambda losses, patience: (int(np.argmin(losses)) + 1, len(losses)), "too late"),
            (
                lambda losses, patience: tuple(k - 1 for k in stop_reference(losses, patience)),
                "counted from 1",
            ),
            (lambda losses, patience: stop_reference(losses, patience + 1), "too late"),
            (lambda losses, patience: stop_reference(losses, patience)[::-1], "comes first"),
            (lambda losses, patience: (1, stop_reference(losses, patience)[1]), "lowest loss"),
            (lambda losses, patience: stop_reference(losses, patience)[0], "two epochs"),
            (3, "function"),
        ),
        worked="""
def when_to_stop(losses, patience):
    best, best_epoch, waited = losses[0], 1, 0
    for epoch in range(2, len(losses) + 1):
        loss_now = losses[epoch - 1]
        if loss_now < best:
            best, best_epoch, waited = loss_now, epoch, 0
        else:
            waited += 1
        if waited == patience:
            return best_epoch, epoch
    return best_epoch, len(losses)

The broken program never sets `waited` back to 0 when the loss improves. So it counted all bad epochs since the start, and
stopped although the loss had just improved.
""",
    ),
    "05.4": Exercise(
        reference=small_reference,
        form=function("small_net()"),
        test=small_net,
        wrong=(
            (small_wrong(compiled=False), "not compiled"),
            (small_wrong(inputs=784), "64 inputs"),
            (small_wrong(outputs=1), "ten outputs"),
            (small_wrong(hidden=(256, 256)), "more than 20,000"),
            (small_wrong(hidden=(64,)), "two hidden layers"),
            (small_wrong(activation=None), "no activation"),
            (small_wrong(logits=False), "from_logits=True"),
            (small_wrong(loss="categorical_crossentropy"), "labels are numbers"),
            (small_wrong(rate=1e-6), "are read right"),
            (lambda: 8, "Keras model"),
            (3.0, "function"),
        ),
        worked="""
def small_net():
    model = keras.Sequential(
        [
            keras.Input(shape=(64,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=loss)
    return model

The widths give 64 * 64 + 64, again 64 * 64 + 64, and 64 * 10 + 10 parameters, 8,970 in all. 10 epochs of 22 steps are only
220 steps, so Adam's rate is a little larger than usual.
""",
    ),
    "05.5": Exercise(
        reference={100: (1401, 5000), 300: (782, 5000), 1000: (439, 5000), 3000: (314, 5000)},
        test=mistakes_by_size,
        wrong=(
            ({100: (3599, 5000), 300: (4218, 5000), 1000: (4561, 5000), 3000: (4686, 5000)}, "read right"),
            ({100: (0.28, 5000), 300: (782, 5000), 1000: (439, 5000), 3000: (314, 5000)}, "whole numbers"),
            ({100: (28, 100), 300: (16, 100), 1000: (9, 100), 3000: (6, 100)}, "too few"),
            ({100: (5500, 5000), 300: (782, 5000), 1000: (439, 5000), 3000: (314, 5000)}, "cannot be wrong"),
            ({100: (1401, 5000), 300: (782, 5000), 1000: (439, 5000), 3000: (20, 3000)}, "same digits"),
            ({100: (600, 5000), 300: (590, 5000), 1000: (439, 5000), 3000: (314, 5000)}, "fewer than chance"),
            (
                {100: (1401, 5000), 300: (1300, 5000), 1000: (1200, 5000), 3000: (1100, 5000)},
                "more than chance",
            ),
            ({1: (1401, 5000)}, "keys"),
            ({100: 0.28, 300: 0.16, 1000: 0.09, 3000: 0.06}, "pair"),
            ([1401, 782, 439, 314], "dictionary"),
        ),
        worked="""
mistakes_by_size = {}
for size in (100, 300, 1000, 3000):
    small = start_weights(starts["He"])
    trainer(small, fit_x[:size], fit_y[:size], keras.optimizers.Adam(0.001))(tf.constant(200))
    answers = np.argmax(forward(small, valid_x), axis=1)
    mistakes_by_size[size] = (int(np.sum(answers != valid_y)), len(valid_y))

A model answer: "With 100 digits the net is wrong on about 28 of 100 digits, with 300 on 16, with 1000 on 9, with 3000 on 6.
The standard errors are between 0.3 and 0.6 points, so each step is far beyond chance; other first digits and another start were
not tried. Three times as many digits leave between half and two thirds of the mistakes, so I expect 2 to 4 of 100 with 50,000
digits, if the training is as long as they need: 200 steps do not even show each of them once. The lesson's net fits this: at step
200, with 55,000 digits, it misses about 4 of 100, and fewer later."

A good answer says three things: what falls, with its numbers; how far chance alone could move them, and what was not tried; and
an expectation for 50,000 digits with its reason, such as the ratio from step to step, and that 200 steps are too few for it.
""",
    ),
}
