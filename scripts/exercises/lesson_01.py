"""Exercises of lesson 01, linear regression."""

import numpy as np

from scripts.exercises import Exercise, Hint, expect, function, hint_begins, number

# the lesson's class: hours of study, points
STUDY = np.array([1, 2.5, 3, 3, 3, 3, 4, 4.5, 4.5, 5, 5.5, 5.5, 6.5, 6.5, 6.5, 6.5, 7, 7.5, 8, 8])
SCORE = np.array([8.0, 33, 30, 41, 40, 38, 30, 49, 52, 58, 51, 58, 64, 65, 78, 65, 75, 86, 80, 83])
STANDARD = (STUDY - STUDY.mean()) / STUDY.std()
MOST_STEPS = 3000


def gentle_cost(value: float) -> None:
    """Exercise 1: the cost of W = 0.5, b = 1, whose errors are 0.5, 0 and -0.5."""
    expect(
        value,
        right=0.5 / 3,
        mistakes=(
            (0.5, "this is the sum of the squared errors; the cost is their mean"),
            (0.0, "this is the mean of the errors, in which +0.5 and -0.5 cancel; square each error first"),
            (np.sqrt(0.5 / 3), "this is the root of the cost; no root is asked for"),
            (1 / 3, "this is the mean of the errors without their signs; square them instead"),
        ),
        otherwise="predict for 1, 2 and 3 hours, subtract the points, square, take the mean",
        rtol=0.02,
        atol=1e-6,
    )


def rate_limit(value: float) -> None:
    """Exercise 2: 2 / curvature, the curvature being 2 mean(x^2) = 2 * 56 / 3."""
    expect(
        value,
        right=3 / 56,
        mistakes=(
            (6 / 56, "twice too large: the curvature is 2 mean(x^2), not mean(x^2)"),
            (3 / 14, "that is the limit for 1, 2 and 3 hours; these students study twice as long"),
            (3 / 28, "that would be half of the lesson's limit; x is squared in the curvature"),
            (112 / 3, "that is the curvature; the limit is 2 divided by it"),
        ),
        otherwise="the curvature is 2 mean(x^2), with x = 2, 4 and 6; the limit is 2 divided by it",
        rtol=0.02,
    )


def fit_by_descent(x, y, rate, steps):
    """The reference of exercise 3."""
    W, b = 0.0, 0.0
    for _ in range(steps):
        error = W * x + b - y
        slope_W = 2 * np.mean(error * x)
        slope_b = 2 * np.mean(error)
        W = W - rate * slope_W
        b = b - rate * slope_b
    return W, b


def broken_fit(x, y, rate, steps, times_x=False, uphill=True):
    """The program of exercise 3 as it is given, or with one of its two faults repaired."""
    W, b = 0.0, 0.0
    for _ in range(steps):
        error = W * x + b - y
        slope_W = 2 * np.mean(error * x) if times_x else 2 * np.mean(error)
        slope_b = 2 * np.mean(error)
        W = W - rate * slope_W
        b = b + rate * slope_b if uphill else b - rate * slope_b
    return W, b


def repaired_fit(answer) -> None:
    """Exercise 3: one step shows the signs, many steps must end on the line of least squares, on data made here."""
    random = np.random.default_rng(0)
    for _ in range(3):
        x = random.uniform(-2, 2, 12)
        y = random.normal(0, 2) * x + random.normal(3, 1) + random.normal(0, 0.5, 12)
        W, b = two_numbers(answer(x, y, 0.001, 1))
        dW, db = 2 * np.mean(-y * x), 2 * np.mean(-y)
        if np.isclose(b, 0.001 * db, rtol=1e-3):
            raise Hint("b walks uphill: its step goes with the slope instead of against it")
        if np.isclose(W, 0.001 * dW, rtol=1e-3):
            raise Hint("W walks uphill: its step goes with the slope instead of against it")
        if np.isclose(W, -0.001 * db, rtol=1e-3):
            raise Hint("W takes the slope of b: in the slope of W each error is multiplied by its x")
        W, b = two_numbers(answer(x, y, 0.1, 800))
        if not np.allclose((W, b), np.polyfit(x, y, 1), rtol=1e-3, atol=1e-3):
            raise Hint(
                f"after 800 steps at 0.1 it stands at W {W:.3g}, b {b:.3g}, which is not the line of least squares"
            )


def two_numbers(answer) -> list[float]:
    """W and b, as a fit returned them."""
    if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != 2:
        raise Hint("return two numbers: W and b")
    with hint_begins("W and b should be one number each"):
        return [number(part) for part in answer]


def make_model(x):
    """The reference of exercise 4."""
    import keras

    scale = keras.layers.Normalization()
    scale.adapt(x)
    model = keras.Sequential([keras.Input(shape=(x.shape[1],)), scale, keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    return model


def _unscaled(x):
    import keras

    model = keras.Sequential([keras.Input(shape=(x.shape[1],)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    return model


def _not_compiled(x):
    import keras

    return keras.Sequential([keras.Input(shape=(x.shape[1],)), keras.layers.Dense(1)])


def _two_layers(x):
    import keras

    model = keras.Sequential(
        [keras.Input(shape=(x.shape[1],)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile(optimizer="sgd", loss="mse")
    return model


def _slow(x):
    model = make_model(x)
    model.compile(optimizer="adam", loss="mse")
    return model


def trains_one_neuron(answer) -> None:
    """Exercise 4: a compiled model of one neuron that `fit` brings close to the lowest cost, on data in minutes and hours."""
    import keras

    random = np.random.default_rng(1)
    x = np.stack([random.uniform(60, 480, 40), random.uniform(4, 9, 40)], axis=1)
    y = (0.15 * x[:, :1] + 3 * x[:, 1:] + random.normal(0, 4, (40, 1))).astype("float32")
    x = x.astype("float32")
    keras.utils.set_random_seed(0)
    model = answer(x)
    if not isinstance(model, keras.Model):
        raise Hint(f"return a Keras model; this function returned {type(model).__name__}")
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) != 1 or dense[0].units != 1:
        raise Hint(f"one neuron is asked for: one Dense(1); this model has {len(dense)} Dense layers")
    if not getattr(model, "compiled", False):
        raise Hint("the model is not compiled: call model.compile(optimizer=..., loss=...)")
    if model.output_shape != (None, 1):
        raise Hint(f"one number for each student is asked for; the output has shape {model.output_shape}")
    seen = x
    for layer in model.layers[: model.layers.index(dense[0])]:
        seen = layer(seen)
    spread = np.std(np.asarray(seen), axis=0)
    if spread.max() > 10 * spread.min():
        raise Hint("the neuron sees one input far larger than the other: standardise each of them")
    model.fit(x, y, epochs=8, batch_size=4, verbose=0)
    reached = float(np.mean((np.asarray(model(x)) - y) ** 2))
    design = np.hstack([x, np.ones((40, 1))]).astype(np.float64)
    best = float(np.mean((design @ np.linalg.lstsq(design, y, rcond=None)[0] - y) ** 2))
    if not reached < 1.3 * best:
        raise Hint(
            f"after 8 epochs the cost is {reached:.3g}, the lowest is {best:.3g}: take another learning rate"
        )


def steps_until(x, rate) -> int | None:
    """Steps of descent from W = b = 0 until the class's cost is at most 0.1 above the lowest; None within 3000."""
    limit = np.mean((np.polyval(np.polyfit(STUDY, SCORE, 1), STUDY) - SCORE) ** 2) + 0.1
    W = b = 0.0
    for step in range(MOST_STEPS + 1):
        error = W * x + b - SCORE
        cost = error @ error / len(x)
        if cost <= limit:
            return step
        if cost > 1e12:
            return None
        W, b = W - rate * 2 * (error @ x) / len(x), b - rate * 2 * error.mean()
    return None


def steps_needed(answer) -> None:
    """Exercise 5: both tables are measured again."""
    if not isinstance(answer, dict) or set(answer) != {"hours", "standardised"}:
        raise Hint('a dictionary with the two entries "hours" and "standardised" is asked for')
    for name, x in (("hours", STUDY), ("standardised", STANDARD)):
        table = answer[name]
        if not isinstance(table, dict) or not 3 <= len(table) <= 12:
            raise Hint(
                f"{name}: a dictionary of three to twelve learning rates is asked for, {{rate: steps, ...}}"
            )
        for rate, steps in table.items():
            with hint_begins(f"{name}, rate {rate!r}"):
                rate = number(rate)
                if rate <= 0:
                    raise Hint("a learning rate is positive; a negative one walks uphill")
                said = None if steps is None else number(steps)
                true = steps_until(x, rate)
                if (said is None) != (true is None):
                    raise Hint(
                        f"it {'arrives' if said is None else 'does not arrive'} within {MOST_STEPS} steps"
                    )
                if true is not None and abs(said - true) > 1:
                    raise Hint(f"{said:g} steps are not what the check counts; start at W = b = 0 each time")
    rates = [rate for table in answer.values() for rate, steps in table.items() if steps is None]
    if not rates:
        raise Hint("all of your rates arrive; take one that is too large as well")


MEASURED = {
    "hours": {rate: steps_until(STUDY, rate) for rate in (0.003, 0.01, 0.03, 0.04)},
    "standardised": {rate: steps_until(STANDARD, rate) for rate in (0.01, 0.1, 0.5, 1.1)},
}

EXERCISES = {
    "01.1": Exercise(
        reference=1 / 6,
        form=number,
        test=gentle_cost,
        wrong=(
            (0.5, "mean"),
            (0.0, "cancel"),
            (0.408, "root"),
            (0.333, "without their signs"),
            (14.0, "predict"),
            ("0.17", "number"),
            ([0.25, 0, 0.25], "one number"),
        ),
        worked="""
errors = np.array([1.5, 2.0, 2.5]) - np.array([1, 2, 3])  # 0.5, 0, -0.5
gentle_cost = np.mean(errors**2)  # (0.25 + 0 + 0.25) / 3 = 0.1667

The mean of the errors themselves is 0 although the line is not the best one.
That is why each error is squared before the mean is taken.
""",
    ),
    "01.2": Exercise(
        reference=3 / 56,
        form=number,
        test=rate_limit,
        wrong=(
            (6 / 56, "twice"),
            (3 / 14, "twice as long"),
            (112 / 3, "curvature"),
            (0.01, "mean(x^2)"),
            (np.nan, "finite"),
        ),
        worked="""
curvature = 2 * np.mean(np.array([2, 4, 6]) ** 2)  # 2 * 56 / 3 = 37.3
rate_limit = 2 / curvature  # 0.0536

Each student studies twice as long, so the curvature is four times as large.
The limit is a quarter of the lesson's 0.214.
""",
    ),
    "01.3": Exercise(
        reference=fit_by_descent,
        form=function("repaired_fit(x, y, rate, steps)"),
        test=repaired_fit,
        wrong=(
            (broken_fit, "uphill"),
            (lambda *data: broken_fit(*data, times_x=True), "b walks uphill"),
            (lambda *data: broken_fit(*data, uphill=False), "multiplied by its x"),
            (lambda x, y, rate, steps: fit_by_descent(x, y, rate / 50, steps), "least squares"),
            (lambda x, y, rate, steps: fit_by_descent(x, y, rate, steps)[0], "two numbers"),
            (lambda W, b: (W, b), "could not be used"),
            (3.0, "function"),
        ),
        worked="""
slope_W = 2 * np.mean(error * x)
...
b = b - rate * slope_b

The chain rule brings the factor x into the slope of W: a student of many hours feels a change of W more.
Both numbers walk against their slopes, because the gradient points uphill.
""",
    ),
    "01.4": Exercise(
        reference=make_model,
        form=function("make_model(x)"),
        test=trains_one_neuron,
        wrong=(
            (_unscaled, "standardise each"),
            (_slow, "learning rate"),
            (_not_compiled, "not compiled"),
            (_two_layers, "one neuron"),
            (lambda x: 3.0, "Keras model"),
            (3.0, "function"),
        ),
        worked="""
def make_model(x):
    scale = keras.layers.Normalization()
    scale.adapt(x)
    model = keras.Sequential([keras.Input(shape=(x.shape[1],)), scale, keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    return model

Minutes are about forty times as large as hours of sleep, so without the scaling one learning rate cannot fit both weights.
Standardised, a rate of 0.1 shrinks every distance by about a fifth in each step, and 80 steps are plenty.
""",
    ),
    "01.5": Exercise(
        reference=MEASURED,
        test=steps_needed,
        wrong=(
            (3000, "dictionary"),
            ({"hours": MEASURED["hours"]}, "two entries"),
            ({**MEASURED, "hours": {0.01: MEASURED["hours"][0.01]}}, "three to twelve"),
            ({**MEASURED, "hours": {**MEASURED["hours"], 0.04: 80}}, "does not arrive"),
            ({**MEASURED, "hours": {**MEASURED["hours"], 0.01: None}}, "it arrives"),
            ({**MEASURED, "standardised": {**MEASURED["standardised"], 0.1: 7}}, "not what the check counts"),
            (
                {
                    name: {0.01: table[0.01], 0.02: steps_until(x, 0.02), 0.03: steps_until(x, 0.03)}
                    for name, table, x in (
                        ("hours", MEASURED["hours"], STUDY),
                        ("standardised", MEASURED["standardised"], STANDARD),
                    )
                },
                "too large",
            ),
        ),
        worked="""
def count(x, rate):
    W, b = 0.0, 0.0
    for step in range(3001):
        if cost(W, b, x, score) <= lowest + 0.1:
            return step
        slope_W, slope_b = gradient(W, b, x, score)
        W, b = W - rate * slope_W, b - rate * slope_b
    return None

steps_needed = {
    "hours": {rate: count(study, rate) for rate in (0.003, 0.01, 0.03, 0.04)},
    "standardised": {rate: count(standard, rate) for rate in (0.01, 0.1, 0.5, 1.1)},
}

A good answer says three things. Below the limit, a rate that is three times as large needs about a third of the steps.
Above 2 divided by the largest curvature (0.034 for hours, 1 for standardised hours) descent never arrives.
With hours the largest rate is set by the steep direction while the flat one decides how long it takes; standardised,
both directions have the same curvature, and a rate of 0.5 arrives in one step.
""",
    ),
}
