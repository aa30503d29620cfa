"""Lesson 07: the slides' CNN on MNIST, an epoch timed in TensorFlow and in Keras; and both at full length over five seeds."""

from scripts.build.bench import FullLength, Listing
from scripts.build.benches.digits import mnist, tf1_training

# products in a forward pass: two convolutions at 28 x 28 and 14 x 14, one dense layer
PRODUCTS = 28 * 28 * 9 * 32 + 14 * 14 * 9 * 32 * 64 + 7 * 7 * 64 * 10
FLOPS = 6 * PRODUCTS  # forward once, backward twice, 2 a product
EPOCH = 550  # steps of 100: the slides' loader held 5,000 of the 60,000 digits back


def cnn(x):
    """The slides' net: no biases in its convolutions, weights started at standard deviation 0.01."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    x = tf.reshape(x, [-1, 28, 28, 1])
    for shape in ([3, 3, 1, 32], [3, 3, 32, 64]):
        x = tf.nn.conv2d(x, tf1.Variable(tf1.random_normal(shape, stddev=0.01)), strides=1, padding="SAME")
        x = tf.nn.max_pool2d(tf.nn.relu(x), ksize=2, strides=2, padding="SAME")
    W, b = (
        tf1.Variable(tf1.random_normal([7 * 7 * 64, 10], stddev=0.01)),
        tf1.Variable(tf1.random_normal([10])),
    )
    return tf.matmul(tf.reshape(x, [-1, 7 * 7 * 64]), W) + b


def keras_epoch() -> float:
    """One epoch of the slides' Keras listing, in batches of 32 by a plain fit; returns its training loss."""
    import keras

    x, y, _, _ = mnist()
    stack = [keras.Input(shape=(28, 28, 1))]
    for channels in (32, 64):
        stack += [
            keras.layers.Conv2D(channels, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
        ]
    model = keras.Sequential([*stack, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return model.fit(x.reshape(-1, 28, 28, 1), y, epochs=1, batch_size=32, verbose=0).history["loss"][-1]


DATA = ("data-load",)
FUNCTIONS = (*DATA, "shapes-run", "tf-build", "tf-train", "tf-accuracy")
KERAS = (*FUNCTIONS, "layers-build")


def keras_run(batch: int, epochs: int) -> str:
    """The lesson's Keras run with another batch size or number of epochs."""
    return (
        "course.seed()\nkeras_net = layered()\n"
        "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
        'keras_net.compile("sgd", loss, metrics=["accuracy"], steps_per_execution=25)\n'
        f"history = keras_net.fit(x_train, y_train, batch_size={batch}, epochs={epochs}, verbose=0).history\n"
        "keras_loss = history['loss'][-1]\n"
    )


LISTINGS = (
    Listing(
        name="07.tf", listing="CNN, one of 15 epochs", kind="TensorFlow", result="cost",
        deck=tf1_training(cnn, 784, steps=EPOCH, size=100, rate=0.01, every=10), deck_prepare=mnist,
        prepare=FUNCTIONS, cells=(), value="cost", examples=EPOCH * 100, flops=FLOPS,
        code="net = start_weights()\n"
        f"cost = float(trainer(forward, net, x_train, y_train, keras.optimizers.Adam(0.01))(tf.constant({EPOCH})))",
    ),
    Listing(
        name="07.keras", listing="CNN, one of 5 epochs, batches of 32", kind="Keras", result="loss",
        deck=keras_epoch, deck_prepare=mnist, prepare=KERAS, cells=(), code=keras_run(32, 1), value="keras_loss",
        examples=60_000, flops=FLOPS,
    ),
    Listing(
        name="07.keras-100", listing="the same, but in batches of 100", kind="Keras", result="loss",
        deck=keras_epoch, deck_prepare=mnist, prepare=KERAS, cells=(), code=keras_run(100, 1), value="keras_loss",
        examples=60_000, flops=FLOPS,
    ),
)  # fmt: skip
FULL_LENGTH = (
    FullLength(
        name="07.tf-full", listing="CNN in TensorFlow, 15 epochs of 550 steps, test accuracy", prepare=FUNCTIONS,
        code="net = start_weights()\n"
        f"trainer(forward, net, x_train, y_train, keras.optimizers.Adam(0.01))(tf.constant({15 * EPOCH}))\n"
        "full_accuracy = accuracy(lambda x: forward(net, x), x_test, y_test)",
        value="full_accuracy", slide=0.9858, bound=">= 0.9818",
    ),
    FullLength(
        name="07.keras-full", listing="CNN in Keras, 5 epochs, batches of 32, test accuracy", prepare=KERAS,
        code=keras_run(32, 5) + "full_accuracy = accuracy(keras_net, x_test, y_test)",
        value="full_accuracy", slide=0.9774, bound=">= 0.9734",
    ),
    FullLength(
        name="07.keras-full-100", listing="the same, but in batches of 100, test accuracy", prepare=KERAS,
        code=keras_run(100, 5) + "full_accuracy = accuracy(keras_net, x_test, y_test)",
        value="full_accuracy", slide=0.9774, bound=None, seeds=1,
    ),
)  # fmt: skip
