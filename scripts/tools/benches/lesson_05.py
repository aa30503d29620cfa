"""Lesson 05: the slides' two perceptrons on MNIST, timed; and both at full length over five seeds."""

from scripts.tools.benches.slides_classifiers import keras_training, mnist, shuffled, tf1_training
from scripts.tools.listings import FullLength, Listing

WIDTHS = (784, 256, 256, 256, 10)
# forward once, backward twice, 2 a product
FLOPS = 6 * sum(n * m for n, m in zip(WIDTHS[:-1], WIDTHS[1:], strict=True))


def perceptron(x):
    """The slides' net: every weight and bias started at standard deviation 1."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    for n, m in zip(WIDTHS[:-1], WIDTHS[1:], strict=True):
        W, b = tf1.Variable(tf1.random_normal([n, m])), tf1.Variable(tf1.random_normal([m]))
        x = tf.matmul(x, W) + b
        x = x if m == 10 else tf.nn.relu(x)
    return x


def hidden_layers() -> list:
    """The slides' three hidden layers in Keras."""
    import keras

    return [keras.layers.Dense(256, activation="relu") for _ in range(3)]


DATA = ("data-load",)
FUNCTIONS = (*DATA, "tf-build", "tf-train", "tf-accuracy")

LISTINGS = (
    Listing(
        name="05.tf",
        data="mnist",
        listing="perceptron, 5000 steps of 128",
        kind="TensorFlow",
        result="cost",
        deck=tf1_training(perceptron, mnist, shuffled, size=128, steps=5000, rate=0.01, every=100),
        deck_prepare=mnist,
        prepare=FUNCTIONS,
        cells=(),
        value="cost",
        examples=5000 * 128,
        flops=FLOPS,
        code="net = start_weights(lambda n: 1.0, 1.0)\n"
        "cost = float(trainer(net, fit_x, fit_y, keras.optimizers.Adam(0.01))(tf.constant(5000)))",
    ),
    Listing(
        name="05.keras",
        data="mnist",
        listing="perceptron, 5 epochs in batches of 32",
        kind="Keras",
        result="loss",
        deck=keras_training(hidden_layers, (784,), mnist, epochs=5),
        deck_prepare=mnist,
        prepare=(*DATA, "layers-build"),
        cells=("keras-run",),
        value="keras_loss",
        code="keras_loss = history['loss'][-1]",
        examples=5 * 60_000,
        flops=FLOPS,
    ),
)
FULL_LENGTH = (
    FullLength(
        name="05.tf-full",
        data="mnist",
        listing="perceptron in TensorFlow, 5000 steps, test accuracy",
        prepare=FUNCTIONS,
        code="net = start_weights(lambda n: 1.0, 1.0)\n"
        "trainer(net, fit_x, fit_y, keras.optimizers.Adam(0.01))(tf.constant(5000))\n"
        "full_accuracy = accuracy(net, x_test, y_test)",
        value="full_accuracy",
        slide=0.9581,
        bound=">= 0.954",
    ),
    FullLength(
        name="05.keras-full",
        data="mnist",
        listing="perceptron in Keras, 5 epochs, test accuracy",
        prepare=(*DATA, "layers-build", "keras-run"),
        code="",
        value="keras_accuracy",
        slide=0.9602,
        bound=">= 0.956",
    ),
)
