"""Lesson 03: the slides' two listings of softmax classification, as the slides run them."""

from scripts.tools.listings import Listing, scaled

X_DATA = [
    [1, 2, 1, 1],
    [2, 1, 3, 2],
    [3, 1, 3, 4],
    [4, 1, 5, 5],
    [1, 7, 5, 5],
    [1, 2, 5, 6],
    [1, 6, 6, 6],
    [1, 7, 7, 7],
]
Y_DATA = [[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0]]


def tf1_loop() -> float:
    """The TensorFlow 1 listing: 2001 calls of Session.run, each with its line of print; returns the last cost."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    X = tf1.placeholder(tf.float32, shape=[None, 4])
    Y = tf1.placeholder(tf.float32, shape=[None, 3])
    W = tf1.Variable(tf1.random_normal([4, 3]))
    b = tf1.Variable(tf1.random_normal([3]))
    logits = tf.matmul(X, W) + b
    cost = tf.reduce_mean(tf1.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
    train = tf1.train.GradientDescentOptimizer(0.1).minimize(cost)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        for step in range(2001):
            c, _ = session.run([cost, train], feed_dict={X: X_DATA, Y: Y_DATA})
            print(step, c)
        session.run(tf.nn.softmax(logits), feed_dict={X: [[1, 11, 7, 9]]})
    return float(c)


def keras_fit(epochs: int) -> None:
    """The Keras listing: fit(epochs=...) on eight samples."""
    import keras
    import numpy as np

    x_data, y_data = np.array(X_DATA, "float32"), np.array(Y_DATA, "float32")
    model = keras.Sequential([keras.Input(shape=(4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    model.fit(x_data, y_data, epochs=epochs, verbose=0)
    model.predict(np.array([[1.0, 11.0, 7.0, 9.0]]), verbose=0)


LISTINGS = (
    Listing(
        name="03.tf",
        listing="letter grades, 2001 steps",
        kind="TensorFlow",
        deck=tf1_loop,
        result="cost",
        cells=("grades-data", "tf-build", "tf-run"),
        value="tf_cost",
    ),
    Listing(
        name="03.keras",
        listing="letter grades, 10000 epochs",
        kind="Keras",
        deck=None,
        deck_part=lambda: scaled(keras_fit, 10000, 100),
        result="loss",
        prepare=("grades-data",),
        given="question = tf.constant([[1.0, 11.0, 7.0, 9.0]])",
        cells=("keras-build", "keras-run"),
        value="keras_cost",
    ),
)
