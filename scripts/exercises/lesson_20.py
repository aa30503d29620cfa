"""Exercises of lesson 20, scaling out."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number

ORDER = (4, 7, 0, 2, 8, 5, 1, 3, 6)


def whole_slope(answer) -> None:
    """Exercise 1: the mean of the workers' slopes, weighted by their pictures."""
    expect(
        answer,
        right=2.2,
        mistakes=(
            (3, "this is the plain mean: worker 2 holds most of the pictures, so it counts most"),
            (9, "this is the sum of the three slopes: a mean is asked for"),
            (2, "this is the slope of the largest share alone: the other pictures count too"),
            (220, "the weighted sum is right; now divide by the number of all pictures"),
            (220 / 3, "divide the weighted sum by the number of pictures, not of workers"),
        ),
        otherwise="multiply each slope by the pictures of its worker, add, divide by all pictures",
        atol=1e-3,
    )


def seen_twice(answer) -> None:
    """Exercise 2: the places that two workers take."""
    if isinstance(answer, (int, float)):
        raise Hint("a list of pictures is asked for, such as [4]")
    try:
        said = {int(one) for one in answer}
    except (TypeError, ValueError):
        raise Hint("a list of numbers of pictures is asked for") from None
    if not said <= set(ORDER):
        raise Hint("the pictures have the numbers 0 to 8")
    if said == {2, 4, 6, 8} and ORDER[2] not in said:
        raise Hint("these are the places in the order: which pictures stand there?")
    if 4 in said:
        raise Hint("picture 4 stands at place 0, which only worker 0 takes")
    if said & {7, 2, 5, 3}:
        raise Hint("7, 2, 5 and 3 stand at the odd places, which only worker 1 takes")
    if said != {0, 8, 1, 6}:
        raise Hint("write down what order[0::2], order[1::2] and order[2::2] are, and compare")


def share(files, epoch, me, workers):
    """The reference of exercise 3."""
    order = np.random.default_rng(epoch).permutation(len(files))
    return [files[i] for i in order[me::workers]]


def share_by_me(files, epoch, me, workers):
    """A wrong answer to exercise 3: a seed of its own for each worker, nothing dropped."""
    order = np.random.default_rng(me).permutation(len(files))
    return [files[i] for i in order[me::workers]]


def share_by_both(files, epoch, me, workers):
    """A wrong answer to exercise 3: the order changes with the epoch, and by worker."""
    order = np.random.default_rng([epoch, me]).permutation(len(files))
    return [files[i] for i in order[me::workers]]


def share_dropping(files, epoch, me, workers):
    """A wrong answer to exercise 3: what cannot be divided is left out."""
    order = np.random.default_rng(epoch).permutation(len(files))
    each = len(files) // workers
    return [files[i] for i in order[me * each : (me + 1) * each]]


def share_rest_to_last(files, epoch, me, workers):
    """A wrong answer to exercise 3: the last worker takes all that is left."""
    order = np.random.default_rng(epoch).permutation(len(files))
    each = len(files) // workers
    end = len(files) if me == workers - 1 else (me + 1) * each
    return [files[i] for i in order[me * each : end]]


def share_fixed(files, epoch, me, workers):
    """A wrong answer to exercise 3: every epoch alike."""
    return list(files[me::workers])


def share_broken(files, epoch, me, workers):
    """The program of exercise 3 as it stands."""
    order = np.random.default_rng(me).permutation(len(files))
    each = len(files) // workers
    return [files[i] for i in order[me * each : (me + 1) * each]]


def repaired_share(answer) -> None:
    """Exercise 3: every file once an epoch, even shares, another order in each epoch."""
    for count, workers in ((12, 3), (11, 4), (7, 2), (3, 4)):
        files = [f"{i:02}-of-{count}.tfrecord" for i in range(count)]
        epochs = []
        for epoch in range(4):
            shares = [answer(list(files), epoch, me, workers) for me in range(workers)]
            if not all(isinstance(one, (list, tuple, np.ndarray)) for one in shares):
                raise Hint("return a list of names of files")
            read = [str(name) for one in shares for name in one]
            if unknown := set(read) - set(files):
                raise Hint(f"{sorted(unknown)[0]!r} is none of the files")
            if len(set(read)) < len(read):
                raise Hint("two workers read the same file in one epoch: all of them need the same order")
            if set(read) != set(files):
                raise Hint(
                    f"with {count} files and {workers} workers, {count - len(read)} files are read by nobody: "
                    "what happens to the rest of a division?"
                )
            sizes = [len(one) for one in shares]
            if max(sizes) - min(sizes) > 1:
                raise Hint(
                    f"{count} files and {workers} workers give shares of {sizes}: one has two files more than another"
                )
            epochs.append(tuple(read))
        if count > 3 and len(set(epochs)) < 3:
            raise Hint("the order is the same in every epoch: what should it depend on?")
        if [str(name) for name in answer(list(files), 0, 0, workers)] != list(epochs[0][: len(shares[0])]):
            raise Hint("a second call gives another list: a worker that starts again would read other files")


def small_model(seed=0):
    """Three inputs, two hidden neurons, one output; the same weights for the same seed."""
    import keras

    keras.utils.set_random_seed(seed)
    stack = [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]
    return keras.Sequential(stack)


def one_step(model, loss, optimizer, x, y, cuts, weights):
    """A step whose gradient is the weighted sum of those of the pieces of x; weights: a function of a piece and all rows."""
    import tensorflow as tf

    whole = None
    for piece_x, piece_y in cuts(x, y):
        with tf.GradientTape() as tape:
            cost = loss(piece_y, model(piece_x)) * weights(len(piece_x), len(x))
        slopes = tape.gradient(cost, model.trainable_variables)
        whole = slopes if whole is None else [a + b for a, b in zip(whole, slopes, strict=True)]
    optimizer.apply(whole, model.trainable_variables)


def in_halves(x, y):
    half = len(x) // 2
    return (x[:half], y[:half]), (x[half:], y[half:])


def halves_step(model, loss, optimizer, x, y):
    """The reference of exercise 4."""
    one_step(model, loss, optimizer, x, y, in_halves, lambda rows, count: rows / count)


def plain_mean_step(model, loss, optimizer, x, y):
    """A wrong answer to exercise 4: both halves count the same."""
    one_step(model, loss, optimizer, x, y, in_halves, lambda rows, count: 0.5)


def sum_step(model, loss, optimizer, x, y):
    """A wrong answer to exercise 4: the gradients are only added."""
    one_step(model, loss, optimizer, x, y, in_halves, lambda rows, count: 1.0)


def whole_step(model, loss, optimizer, x, y):
    """A wrong answer to exercise 4: the whole batch at once."""
    one_step(model, loss, optimizer, x, y, lambda x, y: [(x, y)], lambda rows, count: 1.0)


def first_half_step(model, loss, optimizer, x, y):
    """A wrong answer to exercise 4: the second half is forgotten."""
    one_step(model, loss, optimizer, x, y, lambda x, y: in_halves(x, y)[:1], lambda rows, count: 1.0)


def two_steps(model, loss, optimizer, x, y):
    """A wrong answer to exercise 4: a step after each half."""
    for piece_x, piece_y in in_halves(x, y):
        whole_step(model, loss, optimizer, piece_x, piece_y)


def accumulated(answer) -> None:
    """Exercise 4: rows of each call are counted, then the weights are compared with those after a whole step."""
    import keras

    for rows in (8, 7):
        random = np.random.default_rng(rows)
        x = random.normal(size=(rows, 3)).astype("float32")
        y = random.normal(2, 1, size=(rows, 1)).astype("float32")
        after, start = {}, None
        for name, step in (("asked", whole_step), ("given", answer)):
            model, optimizer = small_model(), keras.optimizers.SGD(0.1)
            optimizer.build(model.trainable_variables)
            start, calls = np.concatenate([np.ravel(one) for one in model.get_weights()]), []
            usual = model.call
            model.call = lambda inputs, *a, _usual=usual, _calls=calls, **k: (
                _calls.append(len(inputs)),
                _usual(inputs, *a, **k),
            )[1]
            step(model, keras.losses.MeanSquaredError(), optimizer, x, y)
            after[name] = np.concatenate([np.ravel(one) for one in model.get_weights()])
            steps = int(optimizer.iterations.numpy())
        moved = np.abs(after["given"] - start).max()
        if moved == 0:
            raise Hint("the weights did not change: apply the gradient by the optimizer")
        if calls and max(calls) > (rows + 1) // 2:
            raise Hint(
                f"with {rows} rows the model was called with {max(calls)} at once: half of them is allowed"
            )
        if steps != 1:
            raise Hint(
                f"the optimizer made {steps} steps: add the gradients of both halves, then make one step"
            )
        if np.allclose(after["given"], after["asked"], atol=1e-5):
            continue
        if np.allclose(after["given"] - start, 2 * (after["asked"] - start), atol=1e-4):
            raise Hint("the step is twice as long: the loss is the mean of all rows, not a sum of two means")
        if rows % 2:
            raise Hint(f"with {rows} rows the halves have different sizes: each counts by its rows")
        raise Hint("the weights are not those after a step with the whole batch: do both halves take part?")


def measured(answer) -> None:
    """Exercise 5: a line through times that can be, and two predictions that follow from it."""
    names = ("batches", "ms", "fixed", "slope", "sum", "megabytes", "per_second", "one", "two", "sentence")
    if not isinstance(answer, dict) or not all(name in answer for name in names):
        raise Hint(f"a dictionary is asked for, with {', '.join(names)}")
    try:
        count = len(answer["batches"])
    except TypeError:
        raise Hint("batches: a list of sizes is asked for") from None
    if count < 3:
        raise Hint("batches: at least three sizes are asked for, since a line passes through any two")
    with hint_begins("batches"):
        batches = array(answer["batches"], (count,))
    with hint_begins("ms"):
        ms = array(answer["ms"], (count,))
    if (batches < 1).any() or len(set(batches.tolist())) < count:
        raise Hint("batches: whole numbers from 1 on, each once")
    if (ms <= 0).any():
        raise Hint("ms: a step takes time, so each is above 0")
    if ms[batches.argmax()] <= ms[batches.argmin()]:
        raise Hint("ms: the largest batch is not slower than the smallest; was the first step left out?")
    told = {}
    for name in names[2:-1]:
        with hint_begins(name):
            told[name] = number(answer[name])
    slope, fixed = np.polyfit(batches, ms, 1)
    if np.isclose(told["slope"], fixed, rtol=0.02) and np.isclose(told["fixed"], slope, rtol=0.02):
        raise Hint("fixed and slope are swapped: np.polyfit gives the slope first")
    for name, right in (("slope", slope), ("fixed", fixed)):
        if not np.isclose(told[name], right, rtol=0.02, atol=0.02):
            raise Hint(f"{name}: the line of least squares through your times has {right:.3g}")
    if told["megabytes"] <= 0 or told["per_second"] <= 0:
        raise Hint("megabytes and per_second are above 0")
    least = 1000 * told["megabytes"] / told["per_second"]
    if told["sum"] < 0.98 * least:
        raise Hint(f"sum: one vector of {told['megabytes']:g} MB alone takes {least:.3g} ms on this network")
    one = told["fixed"] + 64 * told["slope"]
    two = told["fixed"] + 32 * told["slope"] + told["sum"]
    if not np.isclose(told["one"], one, rtol=0.02, atol=0.02):
        raise Hint(f"one: your line gives {one:.3g} ms for 64 pictures")
    if np.isclose(told["two"], one / 2, rtol=0.01) and not np.isclose(one / 2, two, rtol=0.01):
        raise Hint("two: this is half of one; the fixed time is not halved, and the sum comes in addition")
    if not np.isclose(told["two"], two, rtol=0.02, atol=0.02):
        raise Hint("two: fixed, the slope for 32 pictures, and the sum")
    if not isinstance(answer["sentence"], str) or len(answer["sentence"].split()) < 8:
        raise Hint("sentence: at least eight words, with what decides it")


# of one run of the worked solution
RUN = {
    "batches": [1, 16, 64, 256],
    "ms": [3.4, 6.1, 15.2, 52.0],
    "fixed": 3.087,
    "slope": 0.191,
    "megabytes": 0.241,
    "per_second": 125.0,
    "sum": 2.1,
    "one": 15.31,
    "two": 11.3,
    "sentence": "Hardly, because the fixed time and the sum are as large as the half that is saved.",
}


EXERCISES = {
    "20.1": Exercise(
        reference=2.2,
        form=number,
        test=whole_slope,
        wrong=(
            (3, "plain mean"),
            (9, "sum"),
            (2, "largest share"),
            (220, "divide"),
            (73.333, "not of workers"),
            (4, "multiply"),
        ),
        worked="""
whole_slope = (10 * 6 + 20 * 1 + 70 * 2) / 100

The mean of all 100 pictures counts each picture once, so a worker counts as often as it has pictures.
The plain mean, 3, would count each of the first 10 pictures seven times as much as one of the last 70.
""",
    ),
    "20.2": Exercise(
        reference=[0, 1, 6, 8],
        test=seen_twice,
        wrong=(
            ([2, 4, 6, 8], "places"),
            ([4, 0, 8, 1, 6], "only worker 0"),
            ([7, 2, 5, 3], "only worker 1"),
            ([0, 8], "compare"),
            ([9], "0 to 8"),
            (4, "list"),
        ),
        worked="""
seen_twice = [0, 8, 1, 6]

Worker 0 takes 4, 0, 8, 1, 6 and worker 1 takes 7, 2, 5, 3. Worker 2 begins at place 2 and takes 0, 8, 1, 6.
All of these worker 0 has as well. With order[me::3] each picture is taken once.
""",
    ),
    "20.3": Exercise(
        reference=share,
        form=function("repaired_share(files, epoch, me, workers)"),
        test=repaired_share,
        wrong=(
            (share_broken, "the same order"),
            (share_by_me, "the same order"),
            (share_by_both, "the same order"),
            (share_dropping, "by nobody"),
            (share_rest_to_last, "two files more"),
            (share_fixed, "in every epoch"),
            (lambda files, epoch, me, workers: len(files), "list of names"),
        ),
        worked="""
def repaired_share(files, epoch, me, workers):
    order = np.random.default_rng(epoch).permutation(len(files))
    return [files[i] for i in order[me::workers]]

The seed is the epoch, which all workers know, so all have the same order, and another one in the next epoch.
Every workers-th file leaves none out: a division that does not come out even only makes some shares one file longer.
""",
    ),
    "20.4": Exercise(
        reference=halves_step,
        form=function("halves_step(model, loss, optimizer, x, y)"),
        test=accumulated,
        wrong=(
            (plain_mean_step, "different sizes"),
            (sum_step, "twice as long"),
            (whole_step, "at once"),
            (first_half_step, "both halves"),
            (two_steps, "2 steps"),
            (lambda model, loss, optimizer, x, y: None, "did not change"),
        ),
        worked="""
def halves_step(model, loss, optimizer, x, y):
    half, whole = len(x) // 2, None
    for rows in (slice(None, half), slice(half, None)):
        with tf.GradientTape() as tape:
            cost = loss(y[rows], model(x[rows])) * len(x[rows]) / len(x)
        slopes = tape.gradient(cost, model.trainable_variables)
        whole = slopes if whole is None else [a + b for a, b in zip(whole, slopes)]
    optimizer.apply(whole, model.trainable_variables)

Each half's mean counts by its rows, as with workers of unequal shares. The weights change only after both halves: a step
in between would compute the second gradient at other weights.
""",
    ),
    "20.5": Exercise(
        reference=RUN,
        test=measured,
        wrong=(
            (11.3, "dictionary"),
            (RUN | {"batches": [1, 64], "ms": [3, 15]}, "at least three"),
            (RUN | {"ms": [60, 20, 15, 12]}, "first step"),
            (RUN | {"fixed": RUN["slope"], "slope": RUN["fixed"]}, "swapped"),
            (RUN | {"fixed": 9.0}, "least squares"),
            (RUN | {"sum": 0.5}, "one vector"),
            (RUN | {"two": RUN["one"] / 2}, "not halved"),
            (RUN | {"two": 40.0}, "slope for 32"),
            (RUN | {"sentence": "no"}, "eight words"),
        ),
        worked="""
batches, ms = [1, 16, 64, 256], []
for size in batches:
    few_x, few_y = x[:size].astype("float32"), y[:size]
    ms.append(milliseconds(lambda: plain_step(few_x, few_y)))
slope, fixed = np.polyfit(batches, ms, 1)
megabytes, per_second = 4 * net.count_params() / 1e6, 125.0
both_ways = 1000 * megabytes / per_second + 2 * 0.1
report = {"batches": batches, "ms": ms, "fixed": fixed, "slope": slope, "sum": both_ways}
report |= {"megabytes": megabytes, "per_second": per_second, "one": fixed + 64 * slope}
report["two"] = fixed + 32 * slope + both_ways
report["sentence"] = "Hardly, because the fixed time and the sum are as large as the half that is saved."

A good answer says three things. How large the fixed time is beside the time that two workers divide. What the sum costs, and
that it depends on the size of the net and not of the batch. And that the prediction was not measured: a line through a few
medians of one machine says nothing of waiting for the slower worker, or of reading the pictures.
""",
    ),
}
