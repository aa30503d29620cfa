"""Exercises of lesson 04, neural networks."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, function, hint_begins

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
NAND = np.array([1, 1, 1, 0])
XOR = np.array([0, 1, 1, 0])
HIDDEN_WEIGHTS, HIDDEN_BIASES = np.array([[5.0, -7.0], [5.0, -7.0]]), np.array([-8.0, 3.0])
CUBE = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
PARITY = CUBE.sum(axis=1) % 2
PARITY_STEPS = 500
WIDTHS = (2, 4, 8, 16)
RELU_STEPS, RELU_RATE = 3000, 0.1
# shares of 2,000 nets that fail, by `relu_share_that_fails`, with seeds 0 to 4: what a measurement is compared with
RELU_SHARES = {2: 0.743, 4: 0.304, 8: 0.044, 16: 0.0}


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


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


def xnor_neuron(answer) -> None:
    """Exercise 2: a last neuron on the hidden layer of the net by hand, whose net computes XNOR."""
    with hint_begins("give three numbers, the weights of h1 and h2 and the bias"):
        values = array(answer, (3,))
    hidden = sigmoid(ROWS @ HIDDEN_WEIGHTS + HIDDEN_BIASES)
    p = sigmoid(np.clip(hidden @ values[:2] + values[2], -700, 700))
    says, wanted = (p > 0.5).astype(int), 1 - XOR
    if np.array_equal(says, XOR):
        raise Hint("this still computes XOR; where its sum is positive, that of XNOR is negative")
    if np.array_equal(says, wanted):
        if np.abs(p - wanted).max() > 0.2:
            raise Hint(
                "all four are on the right side, but not sure: a p is nearer than 0.2 to none; use larger numbers"
            )
        return
    if not says.any() or says.all():
        raise Hint(
            f"the net says {says[0]} to all four rows; compare the sizes of the weights and of the bias"
        )
    row = int(np.flatnonzero(says != wanted)[0])
    h = ", ".join(f"{value:.2f}" for value in hidden[row])
    raise Hint(
        f"for the inputs {tuple(ROWS[row].tolist())}, where h1 and h2 are {h}, the net says {says[row]}; {wanted[row]} is wanted"
    )


def tanh_cost(parts, x, y) -> float:
    """The mean log loss of a net with one hidden layer of tanh."""
    W1, b1, W2, b2 = parts
    p = sigmoid(np.tanh(x @ W1 + b1) @ W2 + b2)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def tried_slopes(parts, x, y) -> list[np.ndarray]:
    """The slope of `tanh_cost` by each parameter, the numerical check: a little more and a little less of it."""
    found = []
    for part in parts:
        slopes = np.zeros_like(part)
        for place in np.ndindex(part.shape):
            old = part[place]
            part[place] = old + 1e-5
            more = tanh_cost(parts, x, y)
            part[place] = old - 1e-5
            slopes[place] = (more - tanh_cost(parts, x, y)) / 2e-5
            part[place] = old
        found.append(slopes)
    return found


def tanh_reference(W1, b1, W2, b2, x, y):
    """The reference of exercise 3."""
    h = np.tanh(x @ W1 + b1)
    delta2 = (sigmoid(h @ W2 + b2) - y) / len(x)
    delta1 = (delta2 @ W2.T) * (1 - h**2)
    return x.T @ delta1, delta1.sum(axis=0), h.T @ delta2, delta2.sum(axis=0)


def wrong_tanh(slope):
    """A backward pass of the net of exercise 3 with another slope of the hidden neurons, a function of their sums."""

    def backward(W1, b1, W2, b2, x, y):
        s = x @ W1 + b1
        h = np.tanh(s)
        delta2 = (sigmoid(h @ W2 + b2) - y) / len(x)
        delta1 = (delta2 @ W2.T) * slope(s)
        return x.T @ delta1, delta1.sum(axis=0), h.T @ delta2, delta2.sum(axis=0)

    return backward


def sigmoid_backward(W1, b1, W2, b2, x, y):
    """The lesson's own backward pass, of hidden neurons with sigmoids."""
    h = sigmoid(x @ W1 + b1)
    delta2 = (sigmoid(h @ W2 + b2) - y) / len(x)
    delta1 = (delta2 @ W2.T) * h * (1 - h)
    return x.T @ delta1, delta1.sum(axis=0), h.T @ delta2, delta2.sum(axis=0)


def tanh_backward(answer) -> None:
    """Exercise 3: compared with the numerical check, on random nets of other shapes."""
    random = np.random.default_rng(4)
    for inputs, hidden, rows in ((2, 3, 4), (3, 5, 7)):
        parts = [random.normal(size=shape) for shape in ((inputs, hidden), (hidden,), (hidden, 1), (1,))]
        x, y = random.normal(size=(rows, inputs)), random.integers(0, 2, (rows, 1)).astype(float)
        wanted = tried_slopes(parts, x, y)
        given = answer(*(part.copy() for part in parts), x.copy(), y.copy())
        if not isinstance(given, (tuple, list)) or len(given) != 4:
            raise Hint("return four arrays: the slopes for W1, b1, W2, b2")
        right = []
        for name, slopes, part in zip(("W1", "b1", "W2", "b2"), given, wanted, strict=True):
            with hint_begins(f"the slope of {name}"):
                right.append(np.allclose(array(slopes, part.shape), part, rtol=1e-4, atol=1e-6))
        if all(right):
            continue
        theirs, ours = (np.concatenate([np.ravel(part) for part in parts]) for parts in (given, wanted))
        if np.allclose(theirs, -ours, rtol=1e-4, atol=1e-6):
            raise Hint("all signs are reversed: the slope at the output is p - y")
        if np.allclose(theirs, rows * ours, rtol=1e-4, atol=1e-6):
            raise Hint("the slopes are those of a sum over the rows; the cost is their mean")
        if not right[2] or not right[3]:
            raise Hint(
                "the slopes of W2 or b2 differ from the numerical check: is the hidden output tanh, and the output p - y?"
            )
        raise Hint(
            "W2 and b2 are right, W1 and b1 are not: the mistake is between them, in the slope of the hidden neurons"
        )


def parity_reference():
    """The reference of exercise 4."""
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input(shape=(3,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.05), loss=keras.losses.BinaryCrossentropy(from_logits=True)
    )
    return model


def parity_wrong(inputs=3, outputs=1, hidden="tanh", compiled=True, rate=0.05):
    """A function that builds a net for exercise 4 with something wrong; hidden: an activation, or None for no hidden layer."""

    def build():
        import keras

        keras.utils.set_random_seed(0)
        middle = [keras.layers.Dense(16, activation=hidden)] if hidden else []
        model = keras.Sequential([keras.Input(shape=(inputs,)), *middle, keras.layers.Dense(outputs)])
        if compiled:
            loss = keras.losses.BinaryCrossentropy(from_logits=True)
            model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
        return model

    return build


def parity_net(answer) -> None:
    """Exercise 4: a compiled model that learns the parity of three inputs within 500 steps."""
    model = answer()
    import keras

    if not isinstance(model, keras.Model):
        raise Hint(f"the function should return a Keras model, this is {type(model).__name__}")
    if not getattr(model, "compiled", False):
        raise Hint("the model is not compiled: give it an optimizer and a loss by model.compile(...)")
    if model.input_shape != (None, 3):
        raise Hint(f"the model should take three inputs; its input shape is {model.input_shape}")
    if model.output_shape != (None, 1):
        raise Hint(f"the model should have one output for each row; its output shape is {model.output_shape}")
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    others = [layer for layer in model.layers if not isinstance(layer, keras.layers.Dense)]
    if not others and all(layer.activation is keras.activations.linear for layer in dense[:-1]):
        raise Hint(
            "without a hidden layer that has an activation the model draws one plane, and parity needs more"
        )
    if model.count_params() > 20_000:
        raise Hint("more than 20,000 parameters for eight rows: a few neurons are enough")
    import tensorflow as tf

    x, y = tf.constant(CUBE, tf.float32), tf.constant(PARITY[:, None], tf.float32)
    again = tf.data.Dataset.from_tensors((x, y)).repeat()
    model.fit(again, epochs=1, steps_per_epoch=PARITY_STEPS, verbose=0, shuffle=False)
    output = np.asarray(model(x))[:, 0]
    # probabilities or logits
    border = 0.5 if output.min() >= 0 and output.max() <= 1 else 0.0
    rows = int(np.sum((output > border) == PARITY))
    if rows < 8:
        raise Hint(
            f"after {PARITY_STEPS} steps {rows} of 8 rows are right: try more neurons, another activation or another learning rate"
        )


def relu_share_that_fails(width: int, nets: int, seed: int) -> float:
    """The share of nets 2-width-1 of ReLUs that do not get all rows of XOR right after training as exercise 5 asks."""
    random = np.random.default_rng(seed)
    shapes = ((nets, 2, width), (nets, 1, width), (nets, width, 1), (nets, 1, 1))
    W1, b1, W2, b2 = (random.normal(size=shape).astype("float32") for shape in shapes)
    x, y = ROWS.astype("float32"), XOR[:, None].astype("float32")
    for _ in range(RELU_STEPS):
        h = np.maximum(x @ W1 + b1, 0)
        delta2 = (sigmoid(h @ W2 + b2) - y) / 4
        delta1 = (delta2 @ W2.transpose(0, 2, 1)) * (h > 0)
        W2 = W2 - RELU_RATE * (h.transpose(0, 2, 1) @ delta2)
        b2 = b2 - RELU_RATE * delta2.sum(axis=1, keepdims=True)
        W1 = W1 - RELU_RATE * (x.T @ delta1)
        b1 = b1 - RELU_RATE * delta1.sum(axis=1, keepdims=True)
    says = np.maximum(x @ W1 + b1, 0) @ W2 + b2 > 0
    return float(np.mean(~(says == (y == 1)).all(axis=(1, 2))))


def relu_failures(answer) -> None:
    """Exercise 5: counts by width, compared with the shares that 2,000 nets had, within four standard errors of both."""
    if not isinstance(answer, dict):
        raise Hint(f"a dictionary is asked for, width: (failed, nets); this is {type(answer).__name__}")
    if set(answer) != set(WIDTHS):
        raise Hint(f"the keys should be the widths {', '.join(map(str, WIDTHS))}")
    shares = {}
    for width in WIDTHS:
        with hint_begins(f"width {width}, (failed, nets)"):
            failed, nets = array(answer[width], (2,))
            if failed != round(failed) or nets != round(nets):
                raise Hint("both are counts, so whole numbers; no shares and no percentages")
            if nets < 100:
                raise Hint(f"{nets:.0f} nets are too few to tell the widths apart: train at least 100")
            if not 0 <= failed <= nets:
                raise Hint(f"{failed:.0f} of {nets:.0f} cannot fail")
            shares[width] = failed / nets, nets
    if shares[2][0] < shares[8][0]:
        raise Hint("the wide nets fail more often than the narrow ones: did you count the nets that succeed?")
    for width, (share, nets) in shares.items():
        usual = RELU_SHARES[width]
        apart = 4 * np.sqrt((usual + 0.01) * (1 - usual) * (1 / nets + 1 / 2000)) + 0.01
        if abs(share - usual) > apart:
            more = "more" if share > usual else "fewer"
            raise Hint(
                f"width {width}: {share:.0%} fail, which is {more} than chance explains; "
                f"is the hidden layer made of ReLUs, and are start, rate ({RELU_RATE}) and steps ({RELU_STEPS}) as asked for?"
            )


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
        worked="""
nand = (-1, -1, 1.5)

NAND is the opposite of AND, so every sign of AND's neuron (1, 1, -1.5) is turned: the sum is positive where AND's is negative.
Row (1, 1) has the sum -1 - 1 + 1.5 = -0.5, so 0; the other rows have 0.5 or 1.5, so 1.
""",
    ),
    "04.2": Exercise(
        reference=(11.0, 11.0, -6.0),
        test=xnor_neuron,
        wrong=(
            ((-11, -11, 6), "still computes XOR"),
            ((11, 11, 6), "to all four rows"),
            ((-11, -11, -6), "to all four rows"),
            ((1, 1, -0.5), "larger numbers"),
            ((11, 0, -6), "is wanted"),
            ((11, 11), "three numbers"),
        ),
        worked="""
xnor_neuron = (11, 11, -6)

The two equal rows are the two that one hidden neuron detects: h1 is 1 for (1, 1), h2 is 1 for (0, 0). So the last neuron has
to be OR of h1 and h2. It is XOR's last neuron with every sign turned, which turns its sum, and so its answer, in every row.
""",
    ),
    "04.3": Exercise(
        reference=tanh_reference,
        form=function("tanh_backward(W1, b1, W2, b2, x, y)"),
        test=tanh_backward,
        wrong=(
            (wrong_tanh(lambda s: 1 - s**2), "W2 and b2 are right"),
            (wrong_tanh(lambda s: np.tanh(s) * (1 - np.tanh(s))), "W2 and b2 are right"),
            (sigmoid_backward, "the hidden output tanh"),
            (lambda *a: [-part for part in tanh_reference(*a)], "signs"),
            (lambda *a: [len(a[4]) * part for part in tanh_reference(*a)], "mean"),
            (lambda *a: tanh_reference(*a)[0], "four arrays"),
            (lambda *a: tanh_reference(*a)[::-1], "the slope of W1"),
            (3.0, "function"),
        ),
        worked="""
def tanh_backward(W1, b1, W2, b2, x, y):
    h = np.tanh(x @ W1 + b1)
    p = sigmoid(h @ W2 + b2)
    delta2 = (p - y) / len(x)
    delta1 = (delta2 @ W2.T) * (1 - h**2)
    return x.T @ delta1, delta1.sum(axis=0), h.T @ delta2, delta2.sum(axis=0)

The slope of tanh at the sum s is 1 - tanh(s)^2, and tanh(s) is the hidden output h. The broken program squares the sum itself.
Only W1 and b1 lie behind that slope, so only their slopes were wrong: that is how to find such a mistake.
""",
    ),
    "04.4": Exercise(
        reference=parity_reference,
        form=function("parity_net()"),
        test=parity_net,
        wrong=(
            (parity_wrong(compiled=False), "not compiled"),
            (parity_wrong(inputs=2), "three inputs"),
            (parity_wrong(outputs=2), "one output"),
            (parity_wrong(hidden=None), "without a hidden layer"),
            (parity_wrong(hidden="linear"), "without a hidden layer"),
            (parity_wrong(rate=1e-5), "rows are right"),
            (lambda: 8, "Keras model"),
            (lambda *widths: widths[0], "could not be used"),
            (3.0, "function"),
        ),
        worked="""
def parity_net():
    model = keras.Sequential(
        [keras.Input(shape=(3,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss=loss)
    return model

Parity turns with every input, so its border has to bend more often than XOR's: two or three hidden neurons could do it, sixteen
find it from nearly every start. The last layer gives logits, so the loss is told from_logits=True.
""",
    ),
    "04.5": Exercise(
        reference={2: (74, 100), 4: (31, 100), 8: (4, 100), 16: (0, 100)},
        test=relu_failures,
        wrong=(
            ({2: (29, 100), 4: (1, 100), 8: (0, 100), 16: (0, 100)}, "made of ReLUs"),
            ({2: (22, 100), 4: (69, 100), 8: (96, 100), 16: (100, 100)}, "succeed"),
            ({2: (0.77, 100), 4: (0.3, 100), 8: (0, 100), 16: (0, 100)}, "whole numbers"),
            ({2: (8, 10), 4: (3, 10), 8: (0, 10), 16: (0, 10)}, "too few"),
            ({2: (178, 100), 4: (31, 100), 8: (4, 100), 16: (0, 100)}, "cannot fail"),
            ({"2-2-1": 0.29, "2-3-1": 0.03, "wide": 0.0, "deep": 0.0}, "keys"),
            ({2: 0.77, 4: 0.3, 8: 0.04, 16: 0.0}, "(failed, nets)"),
            ([78, 31, 4, 0], "dictionary"),
        ),
        worked="""
def relu_forward(weights, x):
    W1, b1, W2, b2 = weights
    return tf.matmul(tf.nn.relu(tf.matmul(x, W1) + b1), W2) + b2

@tf.function(jit_compile=True)
def train_relus(weights, steps, rate):
    step = tf.constant(0)
    while step < steps:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            z = relu_forward(weights, X)
            cost = tf.reduce_sum(tf.nn.softplus(z) - Y * z) / 4
        slopes = tape.gradient(cost, weights)
        weights = [w - rate * slope for w, slope in zip(weights, slopes)]
        step += 1
    return weights

relu_failures = {}
for width in (2, 4, 8, 16):
    trained = train_relus(many(100, 2, width, 1), tf.constant(3000), tf.constant(0.1))
    says_one = relu_forward(trained, X).numpy()[:, :, 0] > 0
    failed = int(np.sum((says_one == xor).sum(axis=1) < 4))
    relu_failures[width] = (failed, 100)

A model answer: "About three in four nets with two ReLUs fail, about three in ten with four, a few in a hundred with eight, and
hardly any with sixteen. With 100 nets a share of 30 % is uncertain by about 9 points either way, so neighbouring widths differ
clearly up to 8; whether 16 is better than 8 needs more nets. More than a quarter of the ReLUs is off for all four rows at the
start and never learns: a net with two has often only one that works, and one neuron draws one line."

A good answer says three things: what falls, with its numbers; how far chance alone could move them; and a cause that was seen,
such as the share of dead neurons, and what would have to be measured to be sure of it.
""",
    ),
}
