"""Lesson 07: the slides' CNN on MNIST, an epoch timed in TensorFlow and in Keras; and both at full length over five seeds."""

from scripts.tools.benches.slides_classifiers import (
    cnn,
    cnn_layers,
    cnn_products,
    fit_code,
    keras_training,
    mnist,
    shuffled,
    tf1_training,
)
from scripts.tools.listings import FullLength, Listing

FLOPS = 6 * cnn_products(side=28, channels=1)  # forward once, backward twice, 2 a product
EPOCH = 550  # steps of 100: the slides' loader held 5,000 of the 60,000 digits back
KERAS_EPOCH = keras_training(cnn_layers, (28, 28, 1), mnist, epochs=1)

DATA = ("data-load",)
FUNCTIONS = (*DATA, "shapes-run", "tf-build", "tf-train", "tf-accuracy")
KERAS = (*FUNCTIONS, "layers-build")

LISTINGS = (
    Listing(
        name="07.tf",
        data="mnist",
        listing="CNN, one of 15 epochs",
        kind="TensorFlow",
        result="cost",
        deck=tf1_training(cnn(28, 1), mnist, shuffled, size=100, steps=EPOCH, rate=0.01, every=10),
        deck_prepare=mnist,
        prepare=FUNCTIONS,
        cells=(),
        value="cost",
        examples=EPOCH * 100,
        flops=FLOPS,
        code="net = start_weights()\n"
        f"cost = float(trainer(forward, net, x_train, y_train, keras.optimizers.Adam(0.01))(tf.constant({EPOCH})))",
    ),
    Listing(
        name="07.keras",
        data="mnist",
        listing="CNN, one of 5 epochs, batches of 32",
        kind="Keras",
        result="loss",
        deck=KERAS_EPOCH,
        deck_prepare=mnist,
        prepare=KERAS,
        cells=(),
        code=fit_code("layered()", 32, 1, together=25),
        value="keras_loss",
        examples=60_000,
        flops=FLOPS,
    ),
    Listing(
        name="07.keras-100",
        data="mnist",
        listing="the same, but in batches of 100",
        kind="Keras",
        result="loss",
        deck=KERAS_EPOCH,
        deck_prepare=mnist,
        prepare=KERAS,
        cells=(),
        code=fit_code("layered()", 100, 1, together=25),
        value="keras_loss",
        examples=60_000,
        flops=FLOPS,
    ),
)
FULL_LENGTH = (
    FullLength(
        name="07.tf-full",
        data="mnist",
        listing="CNN in TensorFlow, 15 epochs of 550 steps, test accuracy",
        prepare=FUNCTIONS,
        code="net = start_weights()\n"
        f"trainer(forward, net, x_train, y_train, keras.optimizers.Adam(0.01))(tf.constant({15 * EPOCH}))\n"
        "full_accuracy = accuracy(lambda x: forward(net, x), x_test, y_test)",
        value="full_accuracy",
        slide=0.9858,
        bound=">= 0.9818",
    ),
    FullLength(
        name="07.keras-full",
        data="mnist",
        listing="CNN in Keras, 5 epochs, batches of 32, test accuracy",
        prepare=KERAS,
        code=fit_code("layered()", 32, 5, together=25)
        + "full_accuracy = accuracy(keras_net, x_test, y_test)",
        value="full_accuracy",
        slide=0.9774,
        bound=">= 0.9734",
    ),
    FullLength(
        name="07.keras-full-100",
        data="mnist",
        listing="the same, but in batches of 100, test accuracy",
        prepare=KERAS,
        code=fit_code("layered()", 100, 5, together=25)
        + "full_accuracy = accuracy(keras_net, x_test, y_test)",
        value="full_accuracy",
        slide=0.9774,
        bound=None,
        seeds=1,
    ),
)
