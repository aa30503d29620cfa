"""Lesson 02: the slides' four listings of binary classification, as the slides run them."""

from scripts.tools.listings import Listing, scaled

SIX = ([[1, 2], [2, 3], [3, 1], [4, 3], [5, 3], [6, 2]], [[0], [0], [0], [1], [1], [1]])
ROWS, BATCH = 759, 32


def tf1_loop(x_data, y_data, steps: int) -> float:
    """Train as the slides' TensorFlow 1 listings do, one Session.run and one line of print a step; returns the last cost."""
    import numpy as np
    import tensorflow as tf

    tf1 = tf.compat.v1
    features = np.shape(x_data)[1]
    X = tf1.placeholder(tf.float32, shape=[None, features])
    Y = tf1.placeholder(tf.float32, shape=[None, 1])
    W = tf1.Variable(tf1.random_normal([features, 1]))
    b = tf1.Variable(tf1.random_normal([1]))
    model = tf.sigmoid(tf.matmul(X, W) + b)
    cost = tf.reduce_mean(-Y * tf1.log(model) - (1 - Y) * tf1.log(1 - model))
    train = tf1.train.GradientDescentOptimizer(0.01).minimize(cost)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        for step in range(steps):
            c, _ = session.run([cost, train], feed_dict={X: x_data, Y: y_data})
            print(step, c)
    return float(c)


def six_tf1() -> float:
    """Six students, 10001 steps: the last cost."""
    return tf1_loop(*SIX, 10_001)


def csv_tf1() -> float:
    """The table of patients, 100001 steps: the last cost."""
    table = patients()
    return tf1_loop(table.x, table.y, 100_001)


def patients():
    """The table, without the line the loader prints."""
    import contextlib
    import io

    from scripts import data

    with contextlib.redirect_stdout(io.StringIO()):
        return data.load_diabetes()


def keras_fit(x_data, y_data, epochs: int) -> float:
    """Train as the slides' Keras listings do: fit(epochs=...), batches of 32; returns the loss on the data."""
    import keras
    import numpy as np

    x_data, y_data = np.array(x_data, "float32"), np.array(y_data, "float32")
    model = keras.Sequential(
        [keras.Input(shape=(x_data.shape[1],)), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(loss="binary_crossentropy", optimizer="sgd", metrics=["accuracy"])
    model.fit(x_data, y_data, epochs=epochs, verbose=0)
    return float(model.evaluate(x_data, y_data, verbose=0)[0])


def six_keras_part() -> float:
    """10000 epochs on six students, from 100 of them."""
    return scaled(lambda epochs: keras_fit(*SIX, epochs), 10_000, 100)


def csv_keras() -> float:
    """1000 epochs on the table: the loss on it."""
    table = patients()
    return keras_fit(table.x, table.y, 1000)


def csv_keras_part() -> float:
    """1000 epochs on the table, from 40 of them."""
    table = patients()
    return scaled(lambda epochs: keras_fit(table.x, table.y, epochs), 1000, 40)


LISTINGS = (
    Listing(
        name="02.tf-six",
        listing="six students, 10001 steps",
        kind="TensorFlow",
        deck=six_tf1,
        result="cost",
        cells=("stuck-build", "tf-build", "tf-run"),
        value="tf_cost",
    ),
    Listing(
        name="02.tf-csv",
        listing="patients, 100001 steps",
        kind="TensorFlow",
        deck=csv_tf1,
        result="cost",
        prepare=("csv-load",),
        cells=("tf-build", "csv-train"),
        value="cost",
        given="rate = tf.constant(0.01)",
    ),
    Listing(
        name="02.keras-six",
        listing="six students, 10000 epochs",
        kind="Keras",
        deck=None,
        deck_part=six_keras_part,
        result="loss",
        prepare=("stuck-build",),
        cells=("keras-build", "keras-run"),
        value="keras_cost",
    ),
    Listing(
        name="02.keras-csv",
        listing="patients, 1000 epochs",
        kind="Keras",
        deck=csv_keras,
        deck_part=csv_keras_part,
        result="loss",
        prepare=("csv-load",),
        cells=("keras-build", "keras-csv"),
        value="keras_csv_cost",
    ),
)
