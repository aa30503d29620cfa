"""What the slides' listings of lessons 05, 07 and 08 have in common: data as they hold it, batches as they draw them."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from scripts.data.pictures import Images, load_mnist


@cache
def mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """MNIST as the slides' loader gives it: rows of 784 numbers 0..1, one-hot labels."""
    return as_rows(load_mnist())


def as_rows(images: Images) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pictures as float32 rows 0..1 and one-hot labels: x_train, y_train, x_test, y_test."""
    one_hot = np.eye(10, dtype="float32")
    x = [x.reshape(len(x), -1).astype("float32") / 255 for x in (images.x_train, images.x_test)]
    y = [one_hot[y.ravel()] for y in (images.y_train, images.y_test)]
    return x[0], y[0], x[1], y[1]


def next_batches(x: np.ndarray, y: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end, each example once in an epoch, in a new order each epoch, as the slides' next_batch."""
    random = np.random.default_rng(0)
    while True:
        order = random.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            chosen = order[start : start + size]
            yield x[chosen], y[chosen]


def tf1_training(
    net: Callable, width: int, steps: int, size: int, rate: float, every: int
) -> Callable[[], float]:
    """A function that trains as the slides do, one Session.run with a feed a step; it returns the last cost.

    net: takes a placeholder of shape (None, width) and returns logits; every: the cost is printed every so many steps.
    """

    def run() -> float:
        import tensorflow as tf

        x, y, _, _ = mnist()

        tf1 = tf.compat.v1
        X = tf1.placeholder(tf.float32, [None, width])
        Y = tf1.placeholder(tf.float32, [None, 10])
        logits = net(X)
        cost = tf.reduce_mean(tf1.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
        train = tf1.train.AdamOptimizer(rate).minimize(cost)
        batches = next_batches(x, y, size)
        with tf1.Session() as session:
            session.run(tf1.global_variables_initializer())
            for step in range(steps):
                images, labels = next(batches)
                c, _ = session.run([cost, train], feed_dict={X: images, Y: labels})
                if step % every == 0:
                    print(step, c)
        return float(c)

    return run
