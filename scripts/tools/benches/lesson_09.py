"""Lesson 09: the slides' two listings of recurrent networks, as the slides run them."""

from scripts.tools.listings import Listing, scaled


def tf1_loop() -> float:
    """The sentence in TensorFlow 1: a Session.run to train and one to predict, 20 times; returns the last loss.

    `tf.nn.dynamic_rnn` needs Keras 2, so its 25 steps are written out.
    """
    import tensorflow as tf

    tf1 = tf.compat.v1
    sample = " My name is Joongheon Kim."
    letters = sorted(set(sample))
    n, steps = len(letters), len(sample) - 1
    indices = [letters.index(letter) for letter in sample]
    x_data, y_data = [indices[:-1]], [indices[1:]]
    X, Y = tf1.placeholder(tf.int32, [None, steps]), tf1.placeholder(tf.int32, [None, steps])
    glorot = tf1.glorot_uniform_initializer()
    kernel, bias = tf1.Variable(glorot([2 * n, n])), tf1.Variable(tf.zeros([n]))
    W, b = tf1.Variable(glorot([n, n])), tf1.Variable(tf.zeros([n]))
    x_one_hot, h, states = tf.one_hot(X, n), tf.zeros([1, n]), []
    for t in range(steps):
        h = tf.tanh(tf.matmul(tf.concat([x_one_hot[:, t], h], 1), kernel) + bias)
        states.append(h)
    outputs = tf.matmul(tf.reshape(tf.stack(states, axis=1), [-1, n]), W) + b
    outputs = tf.reshape(outputs, [1, steps, n])
    cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=Y, logits=outputs))
    train = tf1.train.AdamOptimizer(0.1).minimize(cost)
    prediction = tf.argmax(outputs, axis=2)
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        for i in range(20):
            loss, _ = session.run([cost, train], feed_dict={X: x_data, Y: y_data})
            told = session.run(prediction, feed_dict={X: x_data})
            print(i, ", loss:", loss, ", Prediction:", "".join(letters[k] for k in told[0]))
    return float(loss)


def keras_fit(epochs: int = 1000) -> float:
    """The number series: LSTM(1), fit(epochs=...) on 80 windows in batches of 32; returns the error on the other 20."""
    import keras
    import numpy as np

    x = np.array([[[(i + j) / 100] for i in range(5)] for j in range(100)], "float32")
    y = np.array([[(j + 5) / 100] for j in range(100)], "float32")
    order = np.random.default_rng(0).permutation(100)
    fit, test = order[:80], order[80:]
    model = keras.Sequential([keras.Input(shape=(5, 1)), keras.layers.LSTM(1)])
    model.compile(loss="mse", optimizer="adam")
    model.fit(x[fit], y[fit], epochs=epochs, verbose=0)
    return float(np.mean((model.predict(x[test], verbose=0) - y[test]) ** 2))


LISTINGS = (
    Listing(
        name="09.tf",
        listing="a sentence, 20 iterations",
        kind="TensorFlow",
        deck=tf1_loop,
        result="loss",
        prepare=("tf-starts", "tf-forward", "tf-train", "alphabet-run"),
        cells=("sentence-run",),
        value="tf_loss",
    ),
    Listing(
        name="09.keras",
        listing="number series, 1000 epochs",
        kind="Keras",
        deck=keras_fit,
        deck_part=lambda: scaled(keras_fit, 1000, 50),
        result="test error",
        prepare=("series-data", "series-baselines"),
        cells=("lstm-build", "lstm-run"),
        value="bare_error",
    ),
)
