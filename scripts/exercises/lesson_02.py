"""Exercises of lesson 02, binary classification."""

import numpy as np

from scripts.exercises import (
    COUNT,
    Exercise,
    Hint,
    array,
    expect,
    function,
    hint_begins,
    known_mistake,
    number,
)

YOUNGEST, OLDEST = 21, 81  # years, in the original table
RECALL, FALSE_ALARMS = 0.7, 0.3  # what the model of exercise 4 must reach
# exercise 5, from 1,000 repetitions: patients: (training accuracy, its spread, accuracy on the others, its spread)
USUAL = {
    20: (0.961, 0.079, 0.666, 0.061),
    50: (0.827, 0.06, 0.7195, 0.04),
    200: (0.780, 0.026, 0.758, 0.027),
    500: (0.774, 0.013, 0.766, 0.026),
}
REPEATS = 50


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def mean_loss(value: float) -> None:
    """Exercise 1: the labels are 1, 0, 0, so their probabilities are 0.9, 0.7 and 0.4."""
    of_labels = np.array([0.9, 0.7, 0.4])
    right = -np.mean(np.log(of_labels))
    expect(
        value,
        right=right,
        mistakes=(
            (
                -right,
                "the sign: logarithms of numbers below 1 are negative, and the cost has a minus in front",
            ),
            (3 * right, "this is the sum of the three costs; the mean is asked for"),
            (-np.mean(np.log([0.9, 0.3, 0.6])), "two students failed: for them the cost is -log(1 - p)"),
            (-np.mean(np.log10(of_labels)), "this is the logarithm to base 10; np.log is the natural one"),
            (np.mean((1 - of_labels) ** 2), "this is the mean squared error; the log loss is asked for"),
            (of_labels.prod(), "this is the likelihood; the log loss is the mean of minus the logarithms"),
        ),
        otherwise="a student who passed costs -log p, one who failed -log(1 - p); then take the mean of the three",
        rtol=0,
        atol=0.003,
    )


def zeros_and_age(answer) -> None:
    """Exercise 2: 63 patients; 0 is the middle of 21 and 81."""
    with hint_begins("give two numbers, (how many, years)"):
        count, age = array(answer, (2,))
    if abs(count - 63) > COUNT:
        raise Hint("the count is not right: np.sum(x_data[:, 7] == 0)")
    expect(
        age,
        right=(YOUNGEST + OLDEST) / 2,
        mistakes=(
            (YOUNGEST, "the count is right; 21 is -1 on that scale, and 0 is its middle"),
            (0, "the count is right; 0 is the scaled value: which age lies in the middle of 21 and 81?"),
        ),
        otherwise="the count is right; the age is not: 0 lies half way from 21 to 81",
        rtol=0,
        atol=0.01,
    )


def training(sign=-1, squared=False, summed=False, start=0.0):
    """A loop for exercise 3; the defaults are right, each argument makes a mistake."""

    def train(x, y, rate, steps):
        W, b = start, start
        for _ in range(steps):
            p = 1 / (1 + np.exp(sign * (W * x + b)))
            error = p - y
            if squared:
                error = error * p * (1 - p)
            together = np.sum if summed else np.mean
            W, b = W - rate * together(error * x), b - rate * together(error)
        return W, b

    return train


def repaired_train(answer) -> None:
    """Exercise 3: W and b after some steps, on students of its own, beside those of the right loop and of wrong ones."""
    random = np.random.default_rng(2)
    x = random.normal(size=40)
    y = (random.random(40) < sigmoid(2 * x - 0.5)).astype(float)
    # both, so that rate and steps are used
    for rate, steps in ((0.5, 20), (0.3, 60)):
        found = answer(x.copy(), y.copy(), rate, steps)
        if not isinstance(found, (tuple, list, np.ndarray)) or len(found) != 2:
            raise Hint("return two numbers: W and b")
        with hint_begins("W and b should be numbers"):
            found = [number(part) for part in found]
        W, b = training()(x, y, rate, steps)
        if np.allclose(found, (W, b), rtol=1e-4, atol=1e-6):
            continue
        known_mistake(
            found,
            (
                (
                    training(1, True)(x, y, rate, steps),
                    "this is still the broken program: both mistakes are there",
                ),
                (
                    training(-1, True)(x, y, rate, steps),
                    "the model is repaired; the slope of the log loss in z is p - y, without another factor",
                ),
                (
                    training(1)(x, y, rate, steps),
                    "the gradient is repaired; the probability still falls when z grows: look at the sigmoid's sign",
                ),
                (training(summed=True)(x, y, rate, steps), "the slopes are sums; the cost is a mean"),
                ((b, W), "W and b are exchanged: return W first"),
                ((0, 0), "W and b have not moved from 0"),
                (training()(x, y, -rate, steps), "it climbs: subtract rate times slope"),
            ),
            rtol=1e-4,
            atol=1e-6,
        )
        raise Hint(
            f"after {steps} steps W and b are ({found[0]:.4f}, {found[1]:.4f}), "
            f"they should be ({W:.4f}, {b:.4f}); only the probability and the error have to be changed"
        )


def rare_patients(seed: int, rows: int):
    """Patients of whom 5 % are ill, the ill shifted in both measurements."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.05).astype("float32")
    x = random.normal(size=(rows, 2)) + y[:, None] * np.array([1.6, -1.2])
    return x.astype(np.float32), y


def rare_builder(weights=None, activation="sigmoid", epochs=5, outputs=1):
    """A function for exercise 4: a model trained with these class weights."""

    def build(x, y):
        import keras

        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [keras.Input(shape=(2,)), keras.layers.Dense(outputs, activation=activation)]
        )
        loss = keras.losses.BinaryCrossentropy(from_logits=activation is None)
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
        if epochs:
            model.fit(x, y, epochs=epochs, batch_size=32, class_weight=weights, verbose=0)
        return model

    return build


def rare_model(answer) -> None:
    """Exercise 4: recall and false alarm rate of the trained model on new patients."""
    model = answer(*rare_patients(3, 2000))
    import keras

    if not isinstance(model, keras.Model):
        raise Hint(f"the function should return the Keras model, this is {type(model).__name__}")
    if model.input_shape != (None, 2):
        raise Hint(f"the model should take two inputs; its input shape is {model.input_shape}")
    if model.output_shape != (None, 1):
        raise Hint(
            f"the model should have one output for each patient; its output shape is {model.output_shape}"
        )
    x, y = rare_patients(4, 4000)
    p = np.asarray(model(x))[:, 0]
    if not (p.min() >= 0 and p.max() <= 1):
        raise Hint(
            "the output is no probability: its numbers are not all between 0 and 1. Is there a sigmoid?"
        )
    recall, false_alarms = np.mean(p[y == 1] > 0.5), np.mean(p[y == 0] > 0.5)
    failed = recall < RECALL or false_alarms > FALSE_ALARMS
    steps = 0 if model.optimizer is None else int(model.optimizer.iterations)
    if failed and steps == 0:
        raise Hint("the model has made no step of training: call fit before you return it")
    if recall < RECALL:
        raise Hint(
            f"it finds {recall:.0%} of the ill, {RECALL:.0%} are asked for: "
            "let each ill patient count more in the cost, by class_weight"
        )
    if false_alarms > FALSE_ALARMS:
        raise Hint(
            f"{false_alarms:.0%} of the others get a false alarm, at most {FALSE_ALARMS:.0%} are asked for: "
            "the ill count too much"
        )


def patients_needed(answer) -> None:
    """Exercise 5: accuracies by the number of patients, compared with those of 1,000 repetitions, within what chance explains."""
    if not isinstance(answer, dict):
        raise Hint(
            f"a dictionary is asked for, patients: (training, others); this is {type(answer).__name__}"
        )
    if set(answer) != set(USUAL):
        raise Hint(f"the keys should be {', '.join(map(str, USUAL))}")
    found = {}
    for patients in USUAL:
        with hint_begins(f"{patients} patients, (training, others)"):
            found[patients] = array(answer[patients], (2,))
            if found[patients].max() > 1 or found[patients].min() < 0:
                raise Hint("both are shares between 0 and 1")
    trained, others = (np.array([pair[i] for pair in found.values()]) for i in (0, 1))
    if trained[0] < others[0] and trained[1] < others[1]:
        raise Hint("the others do better than the training patients: are the two numbers exchanged?")
    if np.allclose(trained, others, atol=1e-3):
        raise Hint("both numbers are the same: measure the second on patients who were not used in training")
    for patients, (on_training, spread, on_others, other_spread) in USUAL.items():
        usual = (
            ("training", found[patients][0], on_training, spread),
            ("others", found[patients][1], on_others, other_spread),
        )
        for name, value, mean, deviation in usual:
            if abs(value - mean) > 4 * deviation / np.sqrt(REPEATS) + 0.007:
                raise Hint(
                    f"{patients} patients, {name}: {value:.3f} is further from the usual {mean:.2f} than chance explains "
                    f"with {REPEATS} repetitions; draw at random each time, use x_data as it is, and C=np.inf"
                )


EXERCISES = {
    "02.1": Exercise(
        reference=-np.mean(np.log([0.9, 0.7, 0.4])),
        form=number,
        test=mean_loss,
        wrong=(
            (-0.4594, "sign"),
            (1.378, "sum"),
            (0.607, "two students failed"),
            (0.1995, "base 10"),
            (0.1533, "squared"),
            (0.252, "likelihood"),
            (0.9, "-log p"),
            ("0.46", "number"),
        ),
        worked="""
mean_loss = -(np.log(0.9) + np.log(1 - 0.3) + np.log(1 - 0.6)) / 3      # 0.459

The labels are 1, 0, 0, and the model gave them the probabilities 0.9, 0.7 and 0.4. Each costs minus its logarithm: 0.105, 0.357, 0.916.
The third student costs most: the model was on the wrong side there.
""",
    ),
    "02.2": Exercise(
        reference=(63, 51),
        test=zeros_and_age,
        wrong=(
            ((62, 51), "count"),
            ((63, 21), "middle"),
            ((63, 0), "middle"),
            ((63, 50), "half way"),
            (63, "two numbers"),
        ),
        worked="""
zeros_and_age = (np.sum(x_data[:, 7] == 0), (21 + 81) / 2)      # 63 patients, 51 years

0 is half way between -1 and 1, so it stands for the middle of 21 and 81. But 50 and 52 years have only 8 patients
each, and nobody is stored as 21. So about 8 of the 63 are really 51, and the others are the youngest: -1 was overwritten with 0, and 21 years became 51.
""",
    ),
    "02.3": Exercise(
        reference=training(),
        form=function("repaired_train(x, y, rate, steps)"),
        test=repaired_train,
        wrong=(
            (training(1, True), "both mistakes"),
            (training(-1, True), "without another factor"),
            (training(1), "still falls"),
            (training(summed=True), "sums"),
            (training(start=1.0), "they should be"),
            (lambda x, y, rate, steps: training()(x, y, rate, steps)[::-1], "exchanged"),
            (lambda x, y, rate, steps: (0.0, 0.0), "not moved"),
            (lambda x, y, rate, steps: training()(x, y, -rate, steps), "climbs"),
            (lambda x, y, rate, steps: training()(x, y, rate, steps)[0], "two numbers"),
            (0.5, "function"),
        ),
        worked="""
def repaired_train(x, y, rate, steps):
    W, b = 0.0, 0.0
    for _ in range(steps):
        z = W * x + b
        p = 1 / (1 + np.exp(-z))
        error = p - y
        W = W - rate * np.mean(error * x)
        b = b - rate * np.mean(error)
    return W, b

With np.exp(z) the probability falls when z grows. The factor p (1 - p) belongs to the squared error; in the slope of the log loss it cancels.
""",
    ),
    "02.4": Exercise(
        reference=rare_builder({0: 1, 1: 19}),
        form=function("rare_model(x, y)"),
        test=rare_model,
        wrong=(
            (rare_builder(), "count more"),
            (rare_builder({0: 1, 1: 500}), "count too much"),
            (rare_builder({0: 1, 1: 19}, epochs=0), "no step of training"),
            (rare_builder({0: 1, 1: 19}, activation=None), "no probability"),
            (rare_builder(outputs=2, epochs=0), "one output"),
            (lambda x, y: 8, "Keras model"),
            (lambda features: features, "could not be used"),
            (3.0, "function"),
        ),
        worked="""
def rare_model(x, y):
    model = keras.Sequential([keras.Input(shape=(2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="binary_crossentropy")
    model.fit(x, y, epochs=5, batch_size=32, class_weight={0: 1, 1: 19}, verbose=0)
    return model

With 19 healthy patients for each ill one, a weight of 19 makes both classes count the same. Without it few of the ill reach 0.5.
The price: the output is no longer the probability in the real population, where the illness is rare; it is far too high.
""",
    ),
    "02.5": Exercise(
        reference={20: (0.96, 0.67), 50: (0.82, 0.72), 200: (0.78, 0.76), 500: (0.775, 0.765)},
        test=patients_needed,
        wrong=(
            ({20: (0.67, 0.96), 50: (0.72, 0.82), 200: (0.76, 0.78), 500: (0.765, 0.775)}, "exchanged"),
            ({20: (0.96, 0.96), 50: (0.82, 0.82), 200: (0.78, 0.78), 500: (0.775, 0.775)}, "the same"),
            ({20: (96, 67), 50: (82, 72), 200: (78, 76), 500: (77.5, 76.5)}, "shares"),
            (
                {20: (0.80, 0.70), 50: (0.79, 0.74), 200: (0.78, 0.76), 500: (0.775, 0.765)},
                "than chance explains",
            ),
            ({20: 0.96, 50: 0.82, 200: 0.78, 500: 0.775}, "(training, others)"),
            ({10: (0.96, 0.67)}, "keys"),
            ([0.96, 0.82], "dictionary"),
        ),
        worked="""
course.seed()
random = course.rng()
patients_needed = {}
for n in (20, 50, 200, 500):
    scores = []
    while len(scores) < 50:
        order = random.permutation(759)
        chosen, others = order[:n], order[-200:]
        if len(np.unique(diabetic[chosen])) == 1:
            continue
        one = LogisticRegression(C=np.inf, max_iter=1000).fit(x_data[chosen], diabetic[chosen])
        scores.append((one.score(x_data[chosen], diabetic[chosen]), one.score(x_data[others], diabetic[others])))
    patients_needed[n] = tuple(np.mean(scores, axis=0))

A model answer: "With 20 patients the model is right for about 96 % of them and for 67 % of the others, hardly more than the baseline of 65 %.
With 200 both accuracies are 76 to 78 %, with 500 nearly the same. A single run spreads by 3 to 8 points, the mean of 50 runs by about one, so the
difference between 20, 50 and 200 is sure, that between 200 and 500 is not. Nine numbers fit 20 patients by heart, chance included;
with 200 chance averages out, and more patients of this kind would bring little: better measurements or another model are needed."

A good answer says three things: how both accuracies and the gap between them move, with numbers; how far the mean of the runs could be moved
by chance; and a cause, few patients for nine numbers, with what would have to be measured to test it.
""",
    ),
}
