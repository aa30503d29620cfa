"""Lesson 10's generator of digits: the lesson's own nets and loop, for the slides' 100,000 steps."""

import numpy as np
import tensorflow as tf

from scripts import course, models, weights
from scripts.tools.lesson_cells import run_cells

STEPS = 100_000
BEFORE = ("game-build", "game-costs", "game-train", "mnist-load")
GIVEN = """
from scripts.tools.trainers.lesson_07 import without_sample_test

if mnist.source != "full":
    raise SystemExit(f"mnist_generator needs the full MNIST; here it is the {mnist.source}.")
x_train = without_sample_test(mnist.x_train, mnist.y_train)[0].reshape(-1, 784).astype("float32") / 255
"""
CELLS = ("mnist-build", "mnist-train", "mnist-loop")
CODE = f"""
from tqdm import tqdm

G, D = start_game()
train = trainer(G, D)
for first in tqdm(range(0, {STEPS}, 1000), unit="thousand steps", ncols=79):
    last_costs = train(tf.constant(first), tf.constant(1000)).numpy()
"""


def mnist_generator() -> None:
    """Train both nets on MNIST without the sample's test digits, score the generator, and ship it."""
    seconds, space = run_cells("10", BEFORE, GIVEN, CELLS, CODE)
    G = models.mnist_generator()
    G.set_weights([variable.numpy() for variable in space["G"]])

    classifier = models.mnist_cnn()
    weights.load(classifier, "mnist_cnn")
    z = np.random.default_rng(0).uniform(-1, 1, (5000, 100)).astype("float32")
    digits = G.predict(z, batch_size=500, verbose=0).reshape(-1, 28, 28, 1)
    p = tf.nn.softmax(classifier.predict(digits, batch_size=500, verbose=0)).numpy()
    share = np.bincount(p.argmax(axis=1), minlength=10) / len(p)
    score, count = float(p.max(axis=1).mean()), len(space["x_train"])
    print(f"mnist_generator: confidence {score:.4f}, shares of the digits {share.round(3).tolist()}")
    print(f"costs of the last thousand steps {space['last_costs'].round(3).tolist()}, {seconds:.0f} s")
    card = {
        "data": f"mnist, {count:,} training pictures",
        "seed": course.current_seed(),
        "seconds": round(seconds),
        "epochs": round(STEPS * 128 / count, 1),
        "steps": STEPS,
        "score": score,
        "score_is": "mean confidence of mnist_cnn on 5,000 generated digits",
        "rarest_digit": float(share.min()),
        "parameters": G.count_params(),
    }
    weights.add(G, "mnist_generator", card)


TRAINERS = {"mnist_generator": mnist_generator}
