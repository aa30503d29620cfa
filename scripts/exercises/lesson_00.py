"""Exercises of lesson 00, start here: broadcasting, the chain rule, a program to repair, a model, the size of a batch."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number

DIGITS, EPOCHS = 1000, 10  # what exercise 5 trains with
VALIDATION = 300  # digits it is judged by


def above_own_mean(scores):
    """The reference of exercise 1."""
    import tensorflow as tf

    return scores - tf.reduce_mean(scores, axis=1, keepdims=True)


def _above_exam_mean(scores):
    import tensorflow as tf

    return scores - tf.reduce_mean(scores, axis=0)


def _own_mean(scores):
    import tensorflow as tf

    return tf.reduce_mean(scores, axis=1)


def centred_by_student(answer) -> None:
    """Exercise 1: on three tables of other shapes, a square one among them, where a wrong axis would fit as well."""
    import tensorflow as tf

    random = np.random.default_rng(4)
    for shape in ((4, 4), (2, 5), (5, 3)):
        scores = random.integers(0, 11, shape).astype("float32")
        got = answer(tf.constant(scores))
        if np.shape(got) == shape[:1]:
            raise Hint(
                "this is one number for each student; subtract it from the scores, which keeps their shape"
            )
        by_student = scores - scores.mean(axis=1, keepdims=True)
        with hint_begins(f"scores of shape {shape}"):
            expect(
                array(got, shape),
                right=by_student,
                mistakes=(
                    (
                        scores - scores.mean(axis=0),
                        "these are points above the mean of the exam: axis 0 runs over students",
                    ),
                    (scores - scores.mean(), "the mean of everything was subtracted: name the axis"),
                    (-by_student, "the signs are exchanged: a score above the mean is positive"),
                    *_without_keepdims(scores),
                ),
                otherwise="not the scores minus the mean of each row: average along axis 1",
                atol=1e-5,
            )


def _without_keepdims(scores) -> list[tuple[np.ndarray, str]]:
    """In a square table a mean without its axis fits too, in the wrong direction."""
    if scores.shape[0] != scores.shape[1]:
        return []
    hint = "the means were repeated along the wrong axis: without keepdims=True they lie as a row"
    return [(scores - scores.mean(axis=1), hint)]


def slope_by_hand(value: float) -> None:
    """Exercise 2: 2 (5 w - 1) times 5 at w = 1."""
    expect(
        value,
        right=40,
        mistakes=(
            (8, "the slope of the square alone; multiply by the slope of 5w - 1, which is 5"),
            (16, "that is the value at w = 1; the slope is asked for"),
            (-40, "the sign is wrong: at w = 1 the square grows with w"),
            (20, "the 2 of the square is missing: the slope of y^2 is 2y"),
            (50, "the -1 was lost: inside the brackets stands 5 - 1 = 4"),
            (10, "4 was lost: the slope of y^2 is 2y, with y = 5 - 1"),
        ),
        otherwise="let y = 5w - 1. The slope of y^2 in y is 2y, the slope of y in w is 5; multiply",
        rtol=1e-3,
    )


def repaired_accuracy(probabilities, labels):
    """The reference of exercise 3."""
    import tensorflow as tf

    said = tf.argmax(probabilities, axis=1, output_type=labels.dtype)
    return tf.reduce_mean(tf.cast(tf.equal(said, labels), tf.float32))


def _broken_accuracy(probabilities, labels):
    import tensorflow as tf

    said = tf.argmax(probabilities, axis=0)
    return tf.reduce_mean(tf.equal(said, labels))


def _wrong_axis(probabilities, labels):
    import tensorflow as tf

    said = tf.cast(tf.argmax(probabilities, axis=0), tf.int32)
    return tf.reduce_mean(tf.cast(tf.equal(said, labels), tf.float32))


def _mean_of_whole_numbers(probabilities, labels):
    import tensorflow as tf

    said = tf.cast(tf.argmax(probabilities, axis=1), tf.int32)
    return tf.reduce_mean(tf.cast(tf.equal(said, labels), tf.int32))


def computes_accuracy(answer) -> None:
    """Exercise 3: on probabilities made here; among them a square table, where a wrong axis fits."""
    import tensorflow as tf

    random = np.random.default_rng(5)
    for examples, classes in ((4, 4), (8, 3), (5, 7)):
        table = random.dirichlet(np.ones(classes), examples).astype("float32")
        labels = table.argmax(axis=1)
        labels[0] = (labels[0] + 1) % classes
        labels = labels.astype("int32")
        right = float(np.mean(table.argmax(axis=1) == labels))
        try:
            got = answer(tf.constant(table), tf.constant(labels))
        except (tf.errors.InvalidArgumentError, TypeError, ValueError) as problem:
            said = str(problem)
            if "int64" in said and "int32" in said:
                raise Hint("argmax gives int64 and the labels are int32: cast one to the other") from None
            if "bool" in said:
                raise Hint(
                    "a mean of True and False cannot be taken: cast them to tf.float32 first"
                ) from None
            if "ncompatible shapes" in said or "must be equal" in said:
                raise Hint(
                    "argmax runs along the wrong axis: one answer for each example is asked for"
                ) from None
            raise
        if np.shape(got) != ():
            raise Hint(f"one number is asked for, this has shape {np.shape(got)}")
        value = number(got)
        other = table.argmax(axis=0) if examples == classes else None
        if value == 0 and right > 0 and np.asarray(got).dtype.kind == "i":
            raise Hint(
                "a mean of whole numbers is rounded down: cast True and False to tf.float32, not to int32"
            )
        if other is not None and not np.isclose(value, right) and np.isclose(value, np.mean(other == labels)):
            raise Hint("argmax runs along the wrong axis: one answer for each example is asked for")
        if not np.isclose(value, right, atol=1e-5):
            raise Hint(
                f"for {examples} examples with {classes} classes it gives {value:.3f}, not {right:.3f}"
            )


def flower_model(rate=0.05, inputs=4, kinds=3, activation="softmax", hidden=(16,)):
    """The reference of exercise 4; the arguments make the wrong answers."""
    import keras

    model = keras.Sequential([keras.Input(shape=(inputs,))])
    for width in hidden:
        model.add(keras.layers.Dense(width, activation="relu"))
    model.add(keras.layers.Dense(kinds, activation=activation))
    model.compile(
        optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def _not_compiled():
    import keras

    hidden = keras.layers.Dense(16, activation="relu")
    outputs = keras.layers.Dense(3, activation="softmax")
    return keras.Sequential([keras.Input(shape=(4,)), hidden, outputs])


def _without_metric():
    model = _not_compiled()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def learns_flowers(answer) -> None:
    """Exercise 4: a compiled model of four inputs and three probabilities that `fit` teaches, on flowers made up here."""
    import keras

    random = np.random.default_rng(6)
    middles = np.array([[5.0, 3.4, 1.5, 0.3], [6.0, 2.8, 4.3, 1.3], [6.7, 3.0, 6.0, 2.2]])
    y = np.repeat(np.arange(3), 50)
    x = (middles[y] + random.normal(0, 0.3, (150, 4))).astype("float32")
    keras.utils.set_random_seed(0)
    model = answer()
    if not isinstance(model, keras.Model):
        raise Hint(f"a Keras model is asked for, the function returns {type(model).__name__}")
    if not getattr(model, "optimizer", None):
        raise Hint("the model is not compiled: call model.compile(...) before you return it")
    if not model.built or model.input_shape[1:] != (4,):
        raise Hint("a flower has four numbers: begin with keras.Input(shape=(4,))")
    if model.output_shape[1:] != (3,):
        raise Hint(
            f"three outputs are asked for, one for each kind; this model gives {model.output_shape[1:]}"
        )
    if sum(isinstance(layer, keras.layers.Dense) for layer in model.layers) < 2:
        raise Hint("a hidden layer is asked for, between the inputs and the three outputs")
    p = np.asarray(model(x[:5]))
    if (p < 0).any() or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise Hint('the outputs are no probabilities: the last layer needs activation="softmax"')
    if "accuracy" not in model.evaluate(x[:10], y[:10], verbose=0, return_dict=True):
        raise Hint('the history holds no accuracy: give compile metrics=["accuracy"]')
    held = np.arange(len(y)) % 3 == 0  # 50 flowers that the training does not see
    model.fit(x[~held], y[~held], batch_size=10, epochs=10, verbose=0)
    reached = float(np.mean(np.asarray(model(x[held])).argmax(axis=1) == y[held]))
    if reached < 0.9:
        raise Hint(
            f"after 10 epochs the accuracy on new flowers is {reached:.2f}: take another learning rate"
        )


def by_batch(answer) -> None:
    """Exercise 5: steps follow from the batch size; accuracies are shares of 300 digits, and one batch an epoch is worse."""
    if not isinstance(answer, dict) or not 4 <= len(answer) <= 12:
        raise Hint(
            "a dictionary with four to twelve entries is asked for: {batch size: (steps, accuracy), ...}"
        )
    sizes = {}
    for batch, pair in answer.items():
        with hint_begins(f"batch size {batch!r}"):
            size = number(batch)
            if size != int(size) or not 1 <= size <= DIGITS:
                raise Hint(f"a whole number from 1 to {DIGITS} is asked for")
            if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
                raise Hint("two numbers are asked for: steps and validation accuracy")
            steps, accuracy = number(pair[0]), number(pair[1])
            true = EPOCHS * int(np.ceil(DIGITS / size))
            if steps == np.ceil(DIGITS / size) and steps != true:
                raise Hint("these are the steps of one epoch; there are ten")
            if steps != true:
                raise Hint(
                    f"{steps:g} steps do not fit 1000 digits and 10 epochs; the last batch may be smaller"
                )
            if not 0 <= accuracy <= 1:
                raise Hint("an accuracy lies between 0 and 1; divide per cent by 100")
            if (
                abs(VALIDATION * accuracy - round(VALIDATION * accuracy)) > 0.02
                and round(accuracy, 3) != accuracy
            ):
                raise Hint("this is no share of 300 validation digits; evaluate on x_val and y_val")
            sizes[int(size)] = accuracy
    if min(sizes) > 20 or max(sizes) < DIGITS:
        raise Hint("take at least one size of at most 20, and the size 1000")
    if not max(accuracy for size, accuracy in sizes.items() if size <= 100) >= 0.85:
        raise Hint(
            "small batches reach more than 0.85 here; is the model built anew and trained for 10 epochs?"
        )
    if not sizes[DIGITS] < sizes[min(sizes)] - 0.1:
        raise Hint(
            "with ten steps a model cannot be nearly as good as with hundreds: is it built anew each time?"
        )


MEASURED = {5: (2000, 0.937), 20: (500, 0.95), 100: (100, 0.907), 1000: (10, 0.623)}

EXERCISES = {
    "00.1": Exercise(
        reference=above_own_mean,
        form=function("above_own_mean(scores)"),
        test=centred_by_student,
        wrong=(
            (_above_exam_mean, "above the mean of the exam"),
            (_own_mean, "one number for each student"),
            (lambda scores: scores - np.mean(scores), "name the axis"),
            (lambda scores: scores - np.mean(scores, axis=1), "keepdims"),
            (lambda scores: np.mean(scores, axis=1, keepdims=True) - scores, "signs"),
            (lambda scores: scores, "average along axis 1"),
            (3.0, "function"),
        ),
        worked="""
def above_own_mean(scores):
    own_mean = tf.reduce_mean(scores, axis=1, keepdims=True)  # shape (students, 1)
    return scores - own_mean

axis=1 runs over the exams of one student, so it is the axis to average away.
With keepdims=True the means stand as a column, and broadcasting repeats them for each exam.
""",
    ),
    "00.2": Exercise(
        reference=40,
        form=number,
        test=slope_by_hand,
        wrong=(
            (8, "multiply by the slope"),
            (16, "value"),
            (-40, "sign"),
            (20, "2 of the square"),
            (7, "let y"),
            ("40", "number"),
        ),
        worked="""
y = 5 * 1 - 1  # 4
slope_by_hand = 2 * y * 5  # 40

The slope of y^2 is 2y = 8, and y rises by 5 for each unit of w.
The chain rule multiplies the two.
""",
    ),
    "00.3": Exercise(
        reference=repaired_accuracy,
        form=function("repaired_accuracy(probabilities, labels)"),
        test=computes_accuracy,
        wrong=(
            (_broken_accuracy, "int64"),
            (_wrong_axis, "wrong axis"),
            (_mean_of_whole_numbers, "rounded down"),
            (lambda probabilities, labels: 0.5, "it gives 0.500"),
            (lambda probabilities, labels: np.asarray(labels) == 1, "one number"),
            (0.75, "function"),
        ),
        worked="""
def repaired_accuracy(probabilities, labels):
    said = tf.cast(tf.argmax(probabilities, axis=1), tf.int32)
    right = tf.equal(said, labels)
    return tf.reduce_mean(tf.cast(right, tf.float32))

Axis 1 runs over the classes, so argmax gives one answer for each example. Both sides of tf.equal need one dtype.
True and False become 1 and 0, whose mean is the share of right answers.
""",
    ),
    "00.4": Exercise(
        reference=flower_model,
        form=function("flower_model()"),
        test=learns_flowers,
        wrong=(
            (lambda: flower_model(rate=1e-5), "learning rate"),
            (lambda: flower_model(inputs=64, kinds=10), "four numbers"),
            (lambda: flower_model(kinds=1), "three outputs"),
            (lambda: flower_model(activation=None), "softmax"),
            (lambda: flower_model(hidden=()), "hidden layer"),
            (_not_compiled, "not compiled"),
            (_without_metric, "metrics"),
            (lambda: 3.0, "Keras model"),
            (3.0, "function"),
        ),
        worked="""
def flower_model():
    model = keras.Sequential(
        [
            keras.Input(shape=(4,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.05)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

The shape of the input is that of one flower, and there is one output for each kind.
Ten epochs of 10 steps are only 100 steps, so Adam needs a larger rate than its usual 0.001.
""",
    ),
    "00.5": Exercise(
        reference=MEASURED,
        test=by_batch,
        wrong=(
            (3, "dictionary"),
            ({5: (2000, 0.94)}, "four to twelve"),
            ({**MEASURED, 5: 0.94}, "two numbers"),
            ({**MEASURED, 5: (200, 0.937)}, "steps of one epoch"),
            ({**MEASURED, 150: (66, 0.9)}, "may be smaller"),
            ({**MEASURED, 5: (2000, 93.7)}, "between 0 and 1"),
            ({**MEASURED, 5: (2000, 0.93712)}, "no share of 300"),
            ({**MEASURED, 1000: (10, 0.94)}, "built anew"),
            ({size: MEASURED.get(size, (20, 0.8)) for size in (5, 20, 100, 500)}, "the size 1000"),
        ),
        worked="""
by_batch = {}
for batch in (5, 20, 100, 1000):
    batch_model = build()
    batch_model.fit(x_train, y_train, batch_size=batch, epochs=10, verbose=0)
    steps = 10 * int(np.ceil(1000 / batch))
    by_batch[batch] = (steps, batch_model.evaluate(x_val, y_val, verbose=0)[1])

A good answer says three things. With the same number of epochs a larger batch means fewer steps: 2000, 500, 100 and 10.
With ten steps the parameters have hardly moved, so the accuracy stays low, although every digit was seen ten times.
Between 5 and 20 the difference is too small to tell from one run; there the number of steps is no longer what is missing.
""",
    ),
}
