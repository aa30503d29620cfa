"""Lesson 08: the slides' CNN on CIFAR-10, an epoch timed in TensorFlow and in Keras; and both at full length."""

from scripts.tools.benches.slides_classifiers import (
    cifar10,
    cnn,
    cnn_layers,
    cnn_products,
    fit_code,
    in_order,
    keras_training,
    tf1_training,
)
from scripts.tools.listings import FullLength, Listing

FLOPS = 6 * cnn_products(side=32, channels=3)  # forward once, backward twice, 2 a product
EPOCH = 500  # steps of 100

FUNCTIONS = ("data-load", "tf-build", "tf-train", "tf-accuracy")
KERAS = (*FUNCTIONS, "keras-build")

LISTINGS = (
    Listing(
        name="08.tf",
        data="cifar10",
        listing="CIFAR-10 CNN, one of 15 epochs",
        kind="TensorFlow",
        result="cost",
        deck=tf1_training(cnn(32, 3), cifar10, in_order, size=100, steps=EPOCH, rate=0.01, every=10),
        deck_prepare=cifar10,
        prepare=FUNCTIONS,
        cells=(),
        value="cost",
        examples=EPOCH * 100,
        flops=FLOPS,
        code="net = start_weights(he=False)\n"
        f"cost = float(trainer(net, x_train, y_train, 0.01, 1.0)(tf.constant(0), tf.constant({EPOCH})))",
    ),
    Listing(
        name="08.keras",
        data="cifar10",
        listing="CIFAR-10 CNN, one of 5 epochs",
        kind="Keras",
        result="loss",
        deck=keras_training(cnn_layers, (32, 32, 3), cifar10, epochs=1),
        deck_prepare=cifar10,
        prepare=KERAS,
        cells=(),
        code=fit_code("slides_keras_net()", 32, 1, together=50),
        value="keras_loss",
        examples=50_000,
        flops=FLOPS,
    ),
)
FULL_LENGTH = (
    FullLength(
        name="08.tf-full",
        data="cifar10",
        listing="CIFAR-10 as the slides train it, 15 epochs, test accuracy",
        prepare=FUNCTIONS,
        code="net = start_weights(he=False)\n"
        f"trainer(net, x_train, y_train, 0.01, 1.0)(tf.constant(0), tf.constant({15 * EPOCH}))\n"
        "full_accuracy = right(lambda x: forward(net, x), scale=1.0).mean()",
        value="full_accuracy",
        slide=None,
        bound=None,
    ),
    FullLength(
        name="08.keras-full",
        data="cifar10",
        listing="CIFAR-10 in Keras, sgd, 5 epochs, test accuracy",
        prepare=KERAS,
        code=fit_code("slides_keras_net()", 32, 5, together=50)
        + "full_accuracy = right(keras_net, scale=1.0).mean()",
        value="full_accuracy",
        slide=None,
        bound=None,
    ),
)
