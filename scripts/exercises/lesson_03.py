"""Exercises of lesson 03, softmax classification."""

import warnings

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number

WINE_STEPS = 300
FORMS = ("upright", "turned", "negative")
# (least, most) of accuracy and of mean confidence: what models gave that were trained at rates from 0.03 to 3 for 10 to 100
# epochs, two seeds, with room on both sides
SEEN = {
    "upright": ((0.65, 1.0), (0.2, 0.995)),
    "turned": ((0.03, 0.3), (0.25, 1.0)),
    "negative": ((0.0, 0.3), (0.25, 1.0)),
}


def half_score(value: float) -> None:
    """Exercise 1: e^s = 1 + 1, so s = log 2."""
    expect(
        value,
        right=np.log(2),
        mistakes=(
            (0.0, "then all three scores are equal, and each grade gets one third"),
            (0.5, "this is the probability that is wanted; which score gives it?"),
            (1.0, "e^1 = 2.72, but A and B have e^0 = 1 each, 2 together: C would get more than half"),
            (2.0, "this is what e^s must be; s itself is its logarithm"),
            (np.log2(2.0) / np.log2(10.0), "use the natural logarithm"),
            (-np.log(2), "with a negative score C gets less than A and B"),
        ),
        otherwise="C gets one half when e^s is as large as the parts of A and B together, which are e^0 each",
        atol=0.003,
    )


def cost_and_slopes(answer) -> None:
    """Exercise 2: log 3, and p - y with p = 1/3 each."""
    with hint_begins("give four numbers, cost first"):
        values = array(answer, (4,))
    if not np.isclose(values[0], np.log(3), atol=0.005):
        raise Hint(
            "the cost is not right: with equal scores each class has the same probability; take -log of that"
        )
    p, y = np.full(3, 1 / 3), np.array([0, 1, 0])
    expect(
        values[1:],
        right=p - y,
        mistakes=(
            (y - p, "the sign of the slopes is reversed: they are p - y"),
            (p, "these are the probabilities; subtract the one-hot label of B"),
        ),
        otherwise="the cost is right; the slopes are p - y, with y = [0, 1, 0]",
        atol=0.005,
    )


def mean_cost(scores, classes):
    """The reference of exercise 3: the mean cross-entropy of rows of scores, safe for large ones."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(scores)), classes])


def broken_cost(by_row=False, right_only=False, safe=False, summed=False):
    """The program of exercise 3 as it is given, or with some of its mistakes repaired."""

    def cost(scores, classes):
        shift = scores.max(axis=1, keepdims=True) if safe else 0.0
        parts = np.exp(scores - shift)
        p = parts / (parts.sum(axis=1, keepdims=True) if by_row else parts.sum())
        p_right = p[np.arange(len(scores)), classes] if right_only else p[:, classes]
        return -np.sum(np.log(p_right)) if summed else -np.mean(np.log(p_right))

    return cost


def repaired_cost(answer) -> None:
    """Exercise 3: on random rows, where each mistake shows by its own number, then on large scores."""
    random = np.random.default_rng(3)
    for rows, columns in ((5, 3), (7, 10)):
        scores = random.normal(0, 2, (rows, columns))
        classes = random.integers(0, columns, rows)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            mistakes = (
                (broken_cost()(scores, classes), "nothing has changed: all three mistakes are still in it"),
                (
                    broken_cost(right_only=True)(scores, classes),
                    "the parts are divided by the sum over all rows; each row needs its own sum",
                ),
                (
                    broken_cost(by_row=True)(scores, classes),
                    "p[:, classes] takes these columns of every row; take one number from each row",
                ),
                (
                    broken_cost(by_row=True, right_only=True, summed=True)(scores, classes),
                    "this is the sum of the costs; the mean is asked for",
                ),
            )
        with hint_begins("the cost of some rows"):
            got = number(answer(scores.copy(), classes.copy()))
        right = mean_cost(scores, classes)
        expect(
            got,
            right=right,
            mistakes=mistakes,
            otherwise=f"for {rows} rows of random scores it gives {got:.4f} instead of {right:.4f}",
        )
    for large in (np.array([[1000.0, 0.0, -1000.0], [0.0, 1.0, 2.0]]), np.full((2, 3), 800.0)):
        for classes in (np.array([0, 1]), np.array([1, 2])):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                got = np.asarray(answer(large.copy(), classes.copy()), float)
            right = mean_cost(large, classes)
            if not np.isfinite(got).all():
                raise Hint(
                    f"right for small scores, but for {large[0].tolist()} it gives {float(got.ravel()[0])}: subtract the largest "
                    "score of each row, and take no logarithm of a probability that has become 0"
                )
            if not np.allclose(got, right, rtol=1e-6):
                raise Hint(f"for large scores it gives {float(got.ravel()[0]):.4g} instead of {right:.4g}")


def make_model(x, classes):
    """The reference of exercise 4."""
    import keras

    scale = keras.layers.Normalization()
    scale.adapt(x)
    layers = [keras.Input(shape=(x.shape[1],)), scale, keras.layers.Dense(classes, activation="softmax")]
    model = keras.Sequential(layers)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    return model


def wrong_model(outputs=None, inputs=None, scaled=True, compiled=True, loss="sparse", rate=0.1):
    """A function that builds a model for exercise 4 with something wrong."""

    def build(x, classes):
        import keras

        width = inputs or x.shape[1]
        layers = [keras.Input(shape=(width,))]
        if scaled:
            scale = keras.layers.Normalization()
            scale.adapt(x[:, :width])
            layers.append(scale)
        model = keras.Sequential([*layers, keras.layers.Dense(outputs or classes, activation="softmax")])
        if compiled:
            losses = {"sparse": "sparse_categorical_crossentropy", "one-hot": "categorical_crossentropy"}
            model.compile(optimizer=keras.optimizers.SGD(rate), loss=losses.get(loss, loss))
        return model

    return build


def wine():
    """Training and other bottles of scikit-learn's wines: (x, growers) each, 118 and 60."""
    from sklearn.datasets import load_wine

    table = load_wine()
    order = np.random.default_rng(0).permutation(178)
    x, y = table.data[order].astype("float32"), table.target[order]
    return (x[:118], y[:118]), (x[118:], y[118:])


def wine_model(answer) -> None:
    """Exercise 4: a compiled model that learns to tell three growers apart within 300 steps."""
    (x, y), (x_other, y_other) = wine()
    model = answer(x.copy(), 3)
    import keras

    if not isinstance(model, keras.Model):
        raise Hint(f"the function should return a Keras model, this is {type(model).__name__}")
    if not getattr(model, "compiled", False):
        raise Hint("the model is not compiled: give it an optimizer and a loss by model.compile(...)")
    if model.input_shape != (None, 13):
        raise Hint(
            f"the model should take as many inputs as x has columns; its input shape is {model.input_shape}"
        )
    if model.output_shape != (None, 3):
        raise Hint(
            f"the model should have one output for each class; its output shape is {model.output_shape}"
        )
    named = str(getattr(model.loss, "name", model.loss)).lower()
    if "categorical" in named and "sparse" not in named:
        raise Hint("this loss wants one-hot labels; the labels here are class numbers")
    if "crossentropy" not in named:
        raise Hint(f"the loss of softmax classification is a cross-entropy; this one is {named}")
    import tensorflow as tf

    again = tf.data.Dataset.from_tensors((x, y)).repeat()
    model.fit(again, epochs=1, steps_per_epoch=WINE_STEPS, verbose=0, shuffle=False)
    output = np.asarray(model(x_other))
    if not np.isfinite(output).all():
        raise Hint("after the training its outputs are not finite: are the inputs scaled inside the model?")
    share = np.mean(output.argmax(axis=1) == y_other)
    if share < 0.9:
        raise Hint(
            f"after {WINE_STEPS} steps {share:.0%} of the other bottles are right, 90 % are asked for: are the inputs scaled "
            "inside the model, by a Normalization layer that was adapted to x, and does the rate fit?"
        )


def confidences(answer) -> None:
    """Exercise 5: accuracy and mean confidence of three forms, against what many ways to train gave."""
    if not isinstance(answer, dict):
        raise Hint(
            f"a dictionary is asked for, form: (accuracy, mean confidence); this is {type(answer).__name__}"
        )
    if set(answer) != set(FORMS):
        raise Hint(f"the keys should be {', '.join(FORMS)}")
    found = {}
    for form in FORMS:
        with hint_begins(f"{form}, (accuracy, mean confidence)"):
            accuracy, confidence = array(answer[form], (2,))
            if not (0 <= accuracy <= 1 and 0 <= confidence <= 1):
                raise Hint("both are shares between 0 and 1, no percentages and no counts")
            if abs(400 * accuracy - round(400 * accuracy)) > 0.05:
                raise Hint(f"{accuracy:.4f} is no number of right answers among 400 test pictures")
            if confidence < 0.1:
                raise Hint(
                    "the largest of ten probabilities is never below 0.1: take the mean of the largest ones"
                )
            found[form] = accuracy, confidence
    if found["upright"][0] < max(found["turned"][0], found["negative"][0]):
        raise Hint("the upright pictures should be read best: are the forms mixed up?")
    for form, measured in found.items():
        for name, value, (least, most) in zip(
            ("accuracy", "mean confidence"), measured, SEEN[form], strict=True
        ):
            if not least <= value <= most:
                small = "low" if value < least else "high"
                raise Hint(
                    f"{form}: the {name} {value:.3f} is very {small}; are the pictures scaled to 0 to 1 as in the lesson, is the "
                    "model trained, and is this form made from the 8 by 8 pictures?"
                )


EXERCISES = {
    "03.1": Exercise(
        reference=float(np.log(2)),
        form=number,
        test=half_score,
        wrong=(
            (0.0, "one third"),
            (0.5, "probability"),
            (1.0, "more than half"),
            (2.0, "logarithm"),
            (0.301, "natural"),
            (-0.693, "less than"),
            (5, "together"),
            ("log 2", "number"),
        ),
        worked="""
half_score = np.log(2)

A and B have the parts e^0 = 1 each, together 2. C gets one half when its part is as large as these together: e^s = 2.
So s = log 2 = 0.693, and the parts are 1, 1 and 2 of 4.
""",
    ),
    "03.2": Exercise(
        reference=(np.log(3), 1 / 3, -2 / 3, 1 / 3),
        test=cost_and_slopes,
        wrong=(
            ((0.0, 1 / 3, -2 / 3, 1 / 3), "cost"),
            ((np.log(3), -1 / 3, 2 / 3, -1 / 3), "sign"),
            ((np.log(3), 1 / 3, 1 / 3, 1 / 3), "one-hot"),
            ((np.log(3), 0, -1, 0), "p - y"),
            (1.0986, "four numbers"),
        ),
        worked="""
cost_and_slopes = (np.log(3), 1 / 3, -2 / 3, 1 / 3)

Equal scores give equal probabilities, 1/3 each, so the cost is -log(1/3) = log 3 = 1.099.
The slopes are p - y: 1/3 - 0 for A and C, and 1/3 - 1 = -2/3 for B, which is right. They add up to 0.
""",
    ),
    "03.3": Exercise(
        reference=mean_cost,
        form=function("mean_cost(scores, classes)"),
        test=repaired_cost,
        wrong=(
            (broken_cost(), "nothing has changed"),
            (broken_cost(safe=True), "instead of"),
            (broken_cost(by_row=True), "p[:, classes]"),
            (broken_cost(right_only=True), "own sum"),
            (broken_cost(by_row=True, right_only=True), "subtract the largest"),
            (broken_cost(by_row=True, right_only=True, safe=True), "has become 0"),
            (broken_cost(by_row=True, right_only=True, safe=True, summed=True), "mean"),
            (lambda scores, classes: -mean_cost(scores, classes), "instead of"),
            (lambda scores, classes: np.zeros(3), "one number"),
            (1.0, "function"),
        ),
        worked="""
def mean_cost(scores, classes):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(scores))
    return -np.mean(log_p[rows, classes])

Each row is divided by its own sum (axis=1), one number is taken from each row (log_p[rows, classes]), and the largest score of
each row is subtracted first. The logarithm of the softmax is written as a difference: a p that has become 0 has no logarithm.
""",
    ),
    "03.4": Exercise(
        reference=make_model,
        form=function("make_model(x, classes)"),
        test=wine_model,
        wrong=(
            (wrong_model(compiled=False), "not compiled"),
            (wrong_model(inputs=4), "columns"),
            (wrong_model(outputs=1), "each class"),
            (wrong_model(outputs=10), "each class"),
            (wrong_model(loss="one-hot"), "one-hot"),
            (wrong_model(loss="mse"), "cross-entropy"),
            (wrong_model(scaled=False), "scaled"),
            (lambda x, classes: 3, "Keras model"),
            (3.0, "function"),
        ),
        worked="""
def make_model(x, classes):
    scale = keras.layers.Normalization()
    scale.adapt(x)
    model = keras.Sequential(
        [keras.Input(shape=(x.shape[1],)), scale, keras.layers.Dense(classes, activation="softmax")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    return model

adapt measures mean and spread of the training inputs, and the layer uses them for all inputs that come later. Without it one
measurement near 1000 decides alone, and the rate that suits it is far too small for the others. Class numbers need the sparse loss.
""",
    ),
    "03.5": Exercise(
        reference={"upright": (0.955, 0.847), "turned": (0.08, 0.866), "negative": (0.0, 0.716)},
        test=confidences,
        wrong=(
            ({"upright": (96.5, 91), "turned": (15, 68), "negative": (10, 75)}, "no percentages"),
            ({"upright": (0.15, 0.68), "turned": (0.965, 0.91), "negative": (0.1, 0.75)}, "mixed up"),
            ({"upright": (0.965, 0.09), "turned": (0.15, 0.06), "negative": (0.1, 0.07)}, "largest of ten"),
            ({"upright": (0.965, 0.91), "turned": (0.96, 0.91), "negative": (0.1, 0.75)}, "very high"),
            ({"upright": (0.1, 0.3), "turned": (0.1, 0.3), "negative": (0.1, 0.3)}, "very low"),
            ({"upright": (0.9652, 0.91), "turned": (0.15, 0.68), "negative": (0.1, 0.75)}, "among 400"),
            ({"upright": 0.965, "turned": 0.15, "negative": 0.1}, "(accuracy, mean confidence)"),
            ({"upright": (0.965, 0.91)}, "keys"),
            ([0.965, 0.15, 0.1], "dictionary"),
        ),
        worked="""
course.seed()
model = keras.Sequential([keras.Input(shape=(64,)), keras.layers.Dense(10, activation="softmax")])
model.compile(optimizer=keras.optimizers.SGD(0.3), loss="sparse_categorical_crossentropy")
model.fit(x_train, y_train, epochs=20, batch_size=50, verbose=0)

turned = np.array([np.rot90(picture.reshape(8, 8)).ravel() for picture in x_test])
forms = {"upright": x_test, "turned": turned, "negative": 1 - x_test}
confidences = {}
for form, x in forms.items():
    p = model.predict(x, verbose=0)
    accuracy = np.mean(p.argmax(axis=1) == y_test)
    confidences[form] = (float(accuracy), float(p.max(axis=1).mean()))
print(confidences)

A model answer: "Upright, about 95 % of the answers are right and the mean confidence is 0.85. Turned, 8 % are right, which is no
better than chance, and the confidence is just as high. In the negative none is right, and the confidence is still 0.7. With 400
pictures 95 % is uncertain by 2 points and 8 % by 3, so the accuracies differ clearly; one training does not tell how much the
confidences move from seed to seed. A softmax only compares scores. In the negative each score is a constant minus the old one,
so the right digit, which had the highest score, now has one of the lowest."

A good answer says three things: accuracy falls while confidence stays, with its numbers; how far chance alone could move them;
and a cause that lies in the scores, so that confidence is no sign of a picture like those of the training.
""",
    ),
}
