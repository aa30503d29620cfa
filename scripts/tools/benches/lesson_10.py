"""Lesson 10: the slides' GAN on MNIST, 5,000 of its 100,000 steps, as the slides run them."""

import numpy as np

from scripts.tools.benches.slides_classifiers import mnist, shuffled
from scripts.tools.listings import Listing

STEPS, BATCH = 5000, 128
G_PRODUCTS, D_PRODUCTS = 100 * 256 + 256 * 784, 784 * 256 + 256
# generator: forward, and gradients of inputs and weights; discriminator: the same on made pictures, and without the
# gradient of its input on real ones; a product is two operations
FLOPS = 2 * (3 * G_PRODUCTS + 3 * D_PRODUCTS + 2 * D_PRODUCTS)


def tf1_loop() -> float:
    """The TensorFlow 1 listing without its drawing: a Session.run with a feed a step; returns the last cost of G."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    random = np.random.default_rng(0)
    images, labels = mnist()

    def net(*widths):
        return [
            variable
            for n, m in zip(widths[:-1], widths[1:], strict=True)
            for variable in (
                tf1.Variable(tf1.random_normal([n, m], stddev=(2 / n) ** 0.5)),
                tf1.Variable(tf.zeros([m])),
            )
        ]

    def out(weights, x):
        hidden = tf.nn.relu(tf.add(tf.matmul(x, weights[0]), weights[1]))
        return tf.nn.sigmoid(tf.add(tf.matmul(hidden, weights[2]), weights[3]))

    G, D = net(100, 256, 784), net(784, 256, 1)
    noise, real = tf1.placeholder(tf.float32, [None, 100]), tf1.placeholder(tf.float32, [None, 784])
    d_real, d_fake = out(D, real), out(D, out(G, noise))
    cost_g = -tf.reduce_mean(tf1.log(d_fake))
    cost_d = -tf.reduce_mean(tf1.log(d_real) + tf1.log(1.0 - d_fake))
    train_g = tf1.train.AdamOptimizer(0.0002).minimize(cost_g, var_list=G)
    train_d = tf1.train.AdamOptimizer(0.0002).minimize(cost_d, var_list=D)
    batches = shuffled(images, labels, BATCH)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        for _ in range(STEPS):
            batch, _ = next(batches)
            z = random.uniform(-1.0, 1.0, size=[BATCH, 100])
            c, *_ = session.run([cost_g, train_g, train_d], feed_dict={real: batch, noise: z})
    return float(c)


LISTINGS = (
    Listing(
        name="10.tf",
        data="mnist",
        listing=f"GAN, {STEPS:,} of 100,000 steps",
        kind="TensorFlow",
        result="cost of G",
        deck=tf1_loop,
        deck_prepare=mnist,
        prepare=(
            "game-build",
            "game-costs",
            "game-train",
            "mnist-load",
            "mnist-build",
            "mnist-train",
            "mnist-loop",
        ),
        cells=(),
        code=f"G, D = start_game()\ncost = float(trainer(G, D, memory=0.9, penalty=0.0)(tf.constant(0), tf.constant({STEPS}))[0])",
        value="cost",
        examples=STEPS * BATCH,
        flops=FLOPS,
    ),
)
