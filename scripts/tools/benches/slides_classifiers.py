"""What the slides' listings on MNIST and CIFAR-10 have in common: data as they hold it, their CNN, their two ways to train."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from scripts.data.pictures import load_cifar10, load_mnist

Data = tuple[np.ndarray, np.ndarray]


@cache
def mnist() -> Data:
    """Training digits as the slides' loader gives them: rows of 784 numbers 0..1, and one-hot labels."""
    images = load_mnist()
    return images.x_train.reshape(-1, 784).astype("float32") / 255, one_hot(images.y_train)


@cache
def cifar10() -> Data:
    """Training pictures as the slides' TensorFlow listing holds them: uint8, raw 0..255, and one-hot labels."""
    images = load_cifar10()
    return images.x_train, one_hot(images.y_train)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Labels 0..9 of any shape as float32 rows of ten, in order."""
    return np.eye(10, dtype="float32")[labels.ravel()]


def shuffled(x: np.ndarray, y: np.ndarray, size: int) -> Iterator[Data]:
    """Batches without end, each example once in an epoch, in a new order each epoch, as the slides' next_batch."""
    random = np.random.default_rng(0)
    while True:
        order = random.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            chosen = order[start : start + size]
            yield x[chosen], y[chosen]


def in_order(x: np.ndarray, y: np.ndarray, size: int) -> Iterator[Data]:
    """Batches without end in the order of the file, as the slides' CIFAR-10 listing cuts them."""
    while True:
        for start in range(0, len(x) - size + 1, size):
            yield x[start : start + size], y[start : start + size]


def cnn_products(side: int, channels: int) -> int:
    """Products in a forward pass of the slides' CNN on pictures of side x side x channels."""
    return side**2 * 9 * channels * 32 + (side // 2) ** 2 * 9 * 32 * 64 + (side // 4) ** 2 * 64 * 10


def cnn(side: int, channels: int) -> Callable:
    """The slides' CNN in TensorFlow 1, from pictures of side x side x channels to ten logits.

    No biases in its convolutions, weights started at standard deviation 0.01.
    """

    def net(x):
        import tensorflow as tf

        tf1 = tf.compat.v1
        x = tf.reshape(x, [-1, side, side, channels])
        for shape in ([3, 3, channels, 32], [3, 3, 32, 64]):
            x = tf.nn.conv2d(
                x, tf1.Variable(tf1.random_normal(shape, stddev=0.01)), strides=1, padding="SAME"
            )
            x = tf.nn.max_pool2d(tf.nn.relu(x), ksize=2, strides=2, padding="SAME")
        flat = (side // 4) ** 2 * 64
        W = tf1.Variable(tf1.random_normal([flat, 10], stddev=0.01))
        return tf.matmul(tf.reshape(x, [-1, flat]), W) + tf1.Variable(tf1.random_normal([10]))

    return net


def tf1_training(
    net: Callable, data: Callable[[], Data], batches: Callable, size: int, steps: int, rate: float, every: int
) -> Callable[[], float]:
    """A function that trains as the slides do, one Session.run with a feed a step; it returns the last cost.

    net: takes a placeholder of the shape of a batch and returns logits. batches: `shuffled` or `in_order`. rate: of Adam.
    every: the cost is printed every so many steps.
    """

    def run() -> float:
        import tensorflow as tf

        tf1 = tf.compat.v1
        x, y = data()
        X = tf1.placeholder(tf.float32, [None, *x.shape[1:]])
        Y = tf1.placeholder(tf.float32, [None, 10])
        cost = tf.reduce_mean(tf1.nn.softmax_cross_entropy_with_logits_v2(logits=net(X), labels=Y))
        train = tf1.train.AdamOptimizer(rate).minimize(cost)
        feed = batches(x, y, size)
        with tf1.Session() as session:
            session.run(tf1.global_variables_initializer())
            for step in range(steps):
                images, labels = next(feed)
                c, _ = session.run([cost, train], feed_dict={X: images, Y: labels})
                if step % every == 0:
                    print(step, c)
        return float(c)

    return run


def keras_training(hidden: Callable[[], list], shape: tuple[int, ...], data: Callable[[], Data], epochs: int):
    """A function that trains as the slides' Keras listings do, batches of 32 by a plain fit; it returns the last loss.

    hidden: makes the layers before the last. shape: of a picture as the net takes it. data: scaled to 0..1 if it is uint8.
    """

    def run() -> float:
        import keras

        x, y = data()
        x = x.astype("float32") / 255 if x.dtype == np.uint8 else x
        model = keras.Sequential(
            [keras.Input(shape=shape), *hidden(), keras.layers.Dense(10, activation="softmax")]
        )
        model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
        return model.fit(x.reshape(-1, *shape), y, epochs=epochs, batch_size=32, verbose=0).history["loss"][
            -1
        ]

    return run


def cnn_layers() -> list:
    """The slides' CNN in Keras, without its last layer."""
    from keras import layers

    stack = []
    for channels in (32, 64):
        stack += [layers.Conv2D(channels, 3, padding="same", activation="relu"), layers.MaxPooling2D(2)]
    return [*stack, layers.Flatten()]


def fit_code(net: str, batch: int, epochs: int, together: int) -> str:
    """Lines that train a lesson's Keras net, as the lesson's own run does but over whole epochs.

    net: the expression that builds it. together: steps per execution. The names left: keras_net, keras_loss.
    """
    return (
        f"keras_net = {net}\n"
        "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
        f'keras_net.compile("sgd", loss, metrics=["accuracy"], steps_per_execution={together})\n'
        "course.seed()\n"
        f"history = keras_net.fit(x_train, y_train, batch_size={batch}, epochs={epochs}, verbose=0).history\n"
        "keras_loss = history['loss'][-1]\n"
    )
