"""Scaling out: steps a second by workers and what a step is made of, on this machine; rounding; how far the rate may grow with the batch.

All workers share this machine's cores, so no number here says what several machines would do. The trainings by batch and rate
are plain SGD in one process, on the first CIFAR-10 pictures; pictures and epochs were fixed before, and no rate was chosen on
what is reported.
"""

import os
import time

import keras
import numpy as np
import tensorflow as tf

from scripts import data
from scripts.distributed import slides_net, workers
from scripts.tools.card_runs.keras_on_jax import keras_jax

CARD = "scaling_out"
SEEDS = range(5)
STEPS, REPEATS = 60, 10
GROUPS = ((1, 2), (1, 1), (2, 1), (4, 1))  # workers, threads of each
PICTURES, HELD, EPOCHS = 10_000, 2_000, 4
SMALLEST, RATE = 32, 0.05  # the batch that the rate was made for
BATCHES = (32, 64, 128, 256, 512, 1024)
WARM_UP = 0.25  # share of the steps in which the rate grows to its full height, under the third rule

SENT = [
    slides_net.slides_net,
    slides_net.make_step,
    slides_net.place_of,
    slides_net.rows_of,
    slides_net.resume,
    slides_net.train,
]
# the same training, then the same without the sum: the difference is the sum, and the waiting for the slowest
TIMED = """
def timed(strategy, x, y, steps):
    whole = train(strategy, x, y, steps)["seconds"]
    strategy.reduce = lambda how, value, axis: value
    return {"whole": whole, "apart": train(strategy, x, y, steps)["seconds"]}
"""


def cifar10(first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Training pictures of CIFAR-10, the full set: uint8 (count, 32, 32, 3), int32 (count,)."""
    images = data.load_cifar10()
    rows = slice(first, first + count)
    return images.x_train[rows], images.y_train[rows].ravel().astype("int32")


def speed(repeat: int) -> dict:
    """One round of all groups, by turns: the median milliseconds of a step, whole and without the sum."""
    x, y = cifar10(0, 4000)
    rows = {}
    for count, threads in GROUPS:
        with workers.start([*SENT, TIMED], count, 200, {"x": x, "y": y}, threads, steps=STEPS) as group:
            group.wait()
        # the first steps trace the graph
        medians = {
            name: 1000 * float(np.median([one[name][5:] for one in group.results]))
            for name in ("whole", "apart")
        }
        rows[f"{count} {threads}"] = medians
        print(f"{count} workers of {threads} threads: {medians}", flush=True)
    return rows


def trained(seed: int, batch: int, rule: str) -> dict:
    """One training by plain SGD: loss and accuracy on pictures that were held out."""
    x, y = cifar10(0, PICTURES)
    x_held, y_held = cifar10(40_000, HELD)
    net = slides_net.slides_net(seed)
    steps = EPOCHS * (PICTURES // batch)
    rate = RATE * (1 if rule == "same" else batch / SMALLEST)
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build(net.trainable_variables)
    step = slides_net.make_step(tf.distribute.get_strategy(), net, optimizer, batch)
    began, warm = time.process_time(), max(1, round(WARM_UP * steps))
    for i in range(steps):
        if rule == "linear, warmed up":
            optimizer.learning_rate = rate * min(1, (i + 1) / warm)
        rows = slides_net.rows_of(i + seed * 1000 * steps, batch, PICTURES, 0, 1)
        step(x[rows].astype("float32"), y[rows])
    logits = np.concatenate([net(part.astype("float32")).numpy() for part in np.array_split(x_held, 8)])
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(y_held, logits).numpy()
    loss = float(np.mean(each))
    return {
        # a training that flew off has no loss to compare
        "loss": round(loss, 4) if np.isfinite(loss) else None,
        "accuracy": round(float(np.mean(logits.argmax(axis=1) == y_held)), 4),
        "steps": steps,
        "rate": rate,
        "processor seconds": round(time.process_time() - began, 1),
    }


def use_bits(bits: int) -> None:
    """Nets that are built from now on, in this process, hold floats of so many bits: 32 or 64."""
    keras.config.set_floatx(f"float{bits}")
    keras.config.set_dtype_policy(f"float{bits}")


def rounding(seed: int, bits: int) -> dict:
    """How far two workers' losses are from one's, as the lesson trains, in floats of 32 or 64 bits.

    Returns the largest difference of the losses, in nats, in the first ten of fifty steps ("ten") and in all of them ("all").
    """
    x, y = cifar10(0, 4000)
    how = {"steps": 50, "rate": 0.0003, "seed": seed}
    use_bits(bits)
    try:
        alone = slides_net.train(tf.distribute.get_strategy(), x, y, **how)["losses"]
    finally:
        use_bits(32)
    sent = [use_bits, f"import keras\nuse_bits({bits})\n", *SENT]
    with workers.start(sent, 2, 200, {"x": x, "y": y}, **how) as group:
        group.wait()
    apart = np.abs(np.array(alone) - group.results[0]["losses"])
    return {"ten": float(apart[:10].max()), "all": float(apart.max())}


RULES = ("same", "linear", "linear, warmed up")
# with the smallest batch all rules are one; a slow start is for rates that grew much
FROM = dict(zip(RULES, (SMALLEST, 2 * SMALLEST, 8 * SMALLEST), strict=True))

RUNS = {}
for BATCH in BATCHES:
    for RULE in RULES:
        if BATCH >= FROM[RULE]:
            RUNS |= {f"{RULE}, {BATCH}, {SEED}": (trained, (SEED, BATCH, RULE), {}) for SEED in SEEDS}
for REPEAT in range(REPEATS):
    RUNS[f"speed, {REPEAT}"] = (speed, (REPEAT,), {})
for BITS in (32, 64):
    RUNS |= {f"rounding, {BITS}, {SEED}": (rounding, (SEED, BITS), {}) for SEED in SEEDS}
RUNS["jax"] = (keras_jax, (), {})


def card(results: dict[str, dict]) -> dict:
    """What the lesson reads, from the results of all runs that there are."""
    rounds = [results[f"speed, {i}"] for i in range(REPEATS) if f"speed, {i}" in results]
    net = slides_net.slides_net(0)
    return {
        "cores": os.cpu_count(),
        "parameters": net.count_params(),
        "bytes": 4 * net.count_params(),
        "batch": 64,
        "jax": results.get("jax", {}),
        "rounding": {f"{bits} bits": row for bits in (32, 64) if (row := of_bits(results, bits))},
        "throughput": [group(rounds, *one) for one in GROUPS] if rounds else [],
        "scaling": {
            "pictures": PICTURES,
            "held out": HELD,
            "epochs": EPOCHS,
            "seeds": list(SEEDS),
            "rows": [row for batch in BATCHES for row in of_batch(results, batch)],
        },
    }


def group(rounds: list[dict], count: int, threads: int) -> dict:
    """A group of workers over all rounds: steps a second; milliseconds of a step, and what of it is left without the sum."""
    whole, apart = (
        np.array([one[f"{count} {threads}"][name] for one in rounds]) for name in ("whole", "apart")
    )
    ms, rest = float(np.median(whole)), float(np.median(whole - apart))
    return {
        "workers": count,
        "threads": threads,
        "steps": np.round(1000 / whole, 2).tolist(),
        "ms": round(ms, 2),
        # taken within each round, since the machine is quicker in one than in the next; so the two add up
        "gradients ms": round(ms - rest, 2),
        "reduction ms": round(rest, 2),
    }


def of_bits(results: dict, bits: int) -> dict[str, list[str]]:
    """The largest differences of the losses, a number a seed, as text: they are no shares. Nothing until all seeds are there."""
    runs = [results[name] for seed in SEEDS if (name := f"rounding, {bits}, {seed}") in results]
    if len(runs) < len(SEEDS):
        return {}
    return {steps: [f"{one[steps]:.1e}" for one in runs] for steps in ("ten", "all")}


def of_batch(results: dict, batch: int) -> list[dict]:
    """The rows of a batch size: one for each rule, with a number a seed."""
    rows = []
    for rule in RULES:
        names = [f"{rule}, {batch}, {seed}" for seed in SEEDS]
        runs = [results[name] for name in names if name in results]
        if len(runs) == len(names):
            both = {name: [one[name] for one in runs] for name in ("loss", "accuracy")}
            rows.append(
                {"batch": batch, "rate": runs[0]["rate"], "rule": rule, "steps": runs[0]["steps"], **both}
            )
    return rows
