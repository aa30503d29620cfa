"""Lesson 08: the slides' CNN on CIFAR-10, an epoch timed in TensorFlow and in Keras; and both at full length."""

from functools import cache

import numpy as np

from scripts.build.bench import FullLength, Listing
from scripts.data.pictures import load_cifar10

PRODUCTS = 32 * 32 * 9 * 3 * 32 + 16 * 16 * 9 * 32 * 64 + 8 * 8 * 64 * 10
FLOPS = 6 * PRODUCTS  # forward once, backward twice, 2 a product
EPOCH = 500  # steps of 100


@cache
def cifar10() -> tuple[np.ndarray, np.ndarray]:
    """Training pictures as the slides hold them, raw 0..255, and one-hot labels."""
    images = load_cifar10()
    return images.x_train, np.eye(10, dtype="float32")[images.y_train.ravel()]


def tf1_epoch() -> float:
    """One epoch of the slides' TensorFlow listing, a Session.run with a feed a step; returns the last cost."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    images, labels = cifar10()
    X = tf1.placeholder(tf.float32, [None, 32, 32, 3])
    Y = tf1.placeholder(tf.float32, [None, 10])
    x = X
    for shape in ([3, 3, 3, 32], [3, 3, 32, 64]):
        x = tf.nn.conv2d(x, tf1.Variable(tf1.random_normal(shape, stddev=0.01)), strides=1, padding="SAME")
        x = tf.nn.max_pool2d(tf.nn.relu(x), ksize=2, strides=2, padding="SAME")
    W, b = (
        tf1.Variable(tf1.random_normal([8 * 8 * 64, 10], stddev=0.01)),
        tf1.Variable(tf1.random_normal([10])),
    )
    logits = tf.matmul(tf.reshape(x, [-1, 8 * 8 * 64]), W) + b
    cost = tf.reduce_mean(tf1.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
    train = tf1.train.AdamOptimizer(0.01).minimize(cost)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        for i in range(EPOCH):
            batch = slice(i * 100, (i + 1) * 100)
            c, _ = session.run([cost, train], feed_dict={X: images[batch], Y: labels[batch]})
            if i % 10 == 0:
                print("batch number:", i)
    return float(c)


def keras_epoch() -> float:
    """One epoch of the slides' Keras listing, in batches of 32 by a plain fit; returns its training loss."""
    import keras

    images, labels = cifar10()
    stack = [keras.Input(shape=(32, 32, 3))]
    for channels in (32, 64):
        stack += [
            keras.layers.Conv2D(channels, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
        ]
    model = keras.Sequential([*stack, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return model.fit(images.astype("float32") / 255, labels, epochs=1, batch_size=32, verbose=0).history[
        "loss"
    ][-1]


FUNCTIONS = ("data-load", "tf-build", "tf-train", "tf-accuracy")
KERAS = (*FUNCTIONS, "keras-build")


def keras_run(epochs: int) -> str:
    """The lesson's Keras run over whole epochs."""
    return (
        "keras_net = slides_keras_net()\n"
        "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
        'keras_net.compile("sgd", loss, metrics=["accuracy"], steps_per_execution=50)\n'
        "course.seed()\n"
        f"history = keras_net.fit(x_train, y_train, batch_size=32, epochs={epochs}, verbose=0).history\n"
        "keras_loss = history['loss'][-1]\n"
    )


LISTINGS = (
    Listing(
        name="08.tf", listing="CIFAR-10 CNN, one of 15 epochs", kind="TensorFlow", result="cost",
        deck=tf1_epoch, deck_prepare=cifar10, prepare=FUNCTIONS, cells=(), value="cost",
        examples=EPOCH * 100, flops=FLOPS,
        code="net = start_weights(he=False)\n"
        f"cost = float(trainer(net, x_train, y_train, 0.01, 1.0)(tf.constant(0), tf.constant({EPOCH})))",
    ),
    Listing(
        name="08.keras", listing="CIFAR-10 CNN, one of 5 epochs", kind="Keras", result="loss",
        deck=keras_epoch, deck_prepare=cifar10, prepare=KERAS, cells=(), code=keras_run(1), value="keras_loss",
        examples=50_000, flops=FLOPS,
    ),
)  # fmt: skip
FULL_LENGTH = (
    FullLength(
        name="08.tf-full", listing="CIFAR-10 as the slides train it, 15 epochs, test accuracy", prepare=FUNCTIONS,
        code="net = start_weights(he=False)\n"
        f"trainer(net, x_train, y_train, 0.01, 1.0)(tf.constant(0), tf.constant({15 * EPOCH}))\n"
        "full_accuracy = right(lambda x: forward(net, x), scale=1.0).mean()",
        value="full_accuracy", slide=None, bound=None,
    ),
    FullLength(
        name="08.keras-full", listing="CIFAR-10 in Keras, sgd, 5 epochs, test accuracy", prepare=KERAS,
        code=keras_run(5) + "full_accuracy = right(keras_net, scale=1.0).mean()",
        value="full_accuracy", slide=None, bound=None,
    ),
)  # fmt: skip
