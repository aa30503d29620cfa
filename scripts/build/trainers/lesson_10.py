"""Lesson 10's generator of digits: the slides' nets and the slides' 100,000 steps."""

import time

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from scripts import models, weights
from scripts.build.trainers.lesson_07 import without_sample_test
from scripts.data.pictures import load_mnist

STEPS, BATCH, SEED = 100_000, 128, 0


def discriminator() -> keras.Sequential:
    """The slides' discriminator, 784-256-1, without its sigmoid: it returns logits."""
    hidden = keras.layers.Dense(256, activation="relu", kernel_initializer="he_normal")
    return keras.Sequential(
        [keras.Input(shape=(784,)), hidden, keras.layers.Dense(1, kernel_initializer="he_normal")]
    )


def mnist_generator() -> None:
    """Train both nets together, a step each on the same noise, and ship the generator."""
    images = load_mnist()
    if images.source != "full":
        raise SystemExit(f"mnist_generator needs the full MNIST; here it is the {images.source}.")
    x, _ = without_sample_test(images.x_train, images.y_train)
    keras.utils.set_random_seed(SEED)
    G, D = models.mnist_generator(), discriminator()
    real = tf.constant(x.reshape(len(x), 784).astype("float32") / 255)
    adam_g, adam_d = keras.optimizers.Adam(0.0002), keras.optimizers.Adam(0.0002)
    adam_g.build(G.trainable_variables)
    adam_d.build(D.trainable_variables)

    @tf.function(jit_compile=True)
    def train(first, steps):
        costs, step = tf.zeros(2), first
        while step < first + steps:  # XLA would compile a tf.range anew for every pair of ends
            chosen = tf.random.stateless_uniform([BATCH], [SEED, 2 * step], 0, len(real), tf.int32)
            z = tf.random.stateless_uniform([BATCH, 100], [SEED, 2 * step + 1], -1.0, 1.0)
            with tf.GradientTape(persistent=True) as tape:
                fake_logits, real_logits = D(G(z)), D(tf.gather(real, chosen))
                g = tf.reduce_mean(tf.nn.softplus(-fake_logits))
                d = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))
            slopes_g = tape.gradient(g, G.trainable_variables)
            slopes_d = tape.gradient(d, D.trainable_variables)
            adam_g.apply_gradients(zip(slopes_g, G.trainable_variables, strict=True))
            adam_d.apply_gradients(zip(slopes_d, D.trainable_variables, strict=True))
            costs += tf.stack([g, d])
            step += 1
        return costs / tf.cast(steps, tf.float32)

    began = time.perf_counter()
    for first in tqdm(range(0, STEPS, 2000), unit="thousand steps", unit_scale=2, ncols=79):
        costs = train(tf.constant(first), tf.constant(2000)).numpy()
    seconds = time.perf_counter() - began

    classifier = models.mnist_cnn()
    weights.load(classifier, "mnist_cnn")
    z = np.random.default_rng(SEED).uniform(-1, 1, (5000, 100)).astype("float32")
    digits = G.predict(z, batch_size=500, verbose=0).reshape(-1, 28, 28, 1)
    p = tf.nn.softmax(classifier.predict(digits, batch_size=500, verbose=0)).numpy()
    share = np.bincount(p.argmax(axis=1), minlength=10) / len(p)
    score = float(p.max(axis=1).mean())
    print(f"confidence {score:.4f}, rarest digit {share.min():.3f}, last costs {costs.round(3).tolist()}")
    card = {
        "data": f"mnist, {len(x):,} training pictures", "seed": SEED, "seconds": round(seconds),
        "epochs": round(STEPS * BATCH / len(x), 1), "steps": STEPS, "score": score,
        "score_is": "mean confidence of mnist_cnn on 5,000 generated digits", "rarest_digit": float(share.min()),
        "parameters": G.count_params(),
    }  # fmt: skip
    weights.add(G, "mnist_generator", card)


TRAINERS = {"mnist_generator": mnist_generator}
