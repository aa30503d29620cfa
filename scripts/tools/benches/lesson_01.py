"""Lesson 01: the slides' two listings of linear regression, as the slides run them."""

from scripts.tools.listings import Listing, scaled


def tf1_loop() -> float:
    """The TensorFlow 1 listing through tf.compat.v1: 2001 calls of Session.run, each with its line of print."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    x_data, y_data = [[1, 1], [2, 2], [3, 3]], [[10], [20], [30]]
    X = tf1.placeholder(tf.float32, shape=[None, 2])
    Y = tf1.placeholder(tf.float32, shape=[None, 1])
    W = tf1.Variable(tf1.random_normal([2, 1]))
    b = tf1.Variable(tf1.random_normal([1]))
    model = tf.matmul(X, W) + b
    cost = tf.reduce_mean(tf.square(model - Y))
    train = tf1.train.GradientDescentOptimizer(0.01).minimize(cost)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        for step in range(2001):
            c, W_, b_, _ = session.run([cost, W, b, train], feed_dict={X: x_data, Y: y_data})
            print(step, c, W_, b_)
        return float(session.run(model, feed_dict={X: [[4, 4]]})[0, 0])


def keras_fit(epochs: int = 1000) -> float:
    """The Keras listing: fit(epochs=1000) on three samples."""
    import keras
    import numpy as np

    x_data, y_data = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [3.0]])
    model = keras.Sequential([keras.Input(shape=(1,)), keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer="adam")
    model.fit(x_data, y_data, epochs=epochs, verbose=0)
    return float(model.predict(np.array([[4.0]]), verbose=0)[0, 0])


LISTINGS = (
    Listing(
        name="01.tf",
        listing="linear regression, 2001 steps",
        kind="TensorFlow",
        deck=tf1_loop,
        result="prediction for [4, 4]",
        cells=("tf-build", "tf-run"),
        value="tf_prediction",
    ),
    Listing(
        name="01.keras",
        listing="linear regression, 1000 epochs",
        kind="Keras",
        deck=keras_fit,
        result="prediction for 4",
        deck_part=lambda: scaled(keras_fit, 1000, 100),
        cells=("keras-build", "keras-slides"),
        value="slides_recipe",
    ),
)
