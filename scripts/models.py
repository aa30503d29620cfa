"""The nets of lessons 07, 08 and 10, whose trained weights ship: each architecture once, so that every lesson loads the same.

Those of lessons 16 to 18 stand beside their detector: rcnn.py, fast_rcnn.py and faster_rcnn.py of scripts/detection/.

A function builds a net with fresh weights; ``scripts.weights.load(net, name)`` puts the trained ones in. The lesson that
a net belongs to shows its code in view; a test keeps the two alike. What trains them is `make weights`.
"""

import keras
from keras import layers


def mnist_cnn() -> keras.Sequential:
    """Lesson 07's digit classifier: two blocks of two convolutions, each with batch normalisation.

    Input: float32, shape (batch, 28, 28, 1), values 0..1, ink bright on black. Output: logits, shape (batch, 10).
    """
    stack = [keras.Input(shape=(28, 28, 1))]
    for filters in (32, 64):
        for _ in range(2):
            stack += [layers.Conv2D(filters, 3, padding="same", use_bias=False)]
            stack += [layers.BatchNormalization(), layers.ReLU()]
        stack += [layers.MaxPooling2D(2)]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dropout(0.3), layers.Dense(10)])


def cifar10_cnn() -> keras.Sequential:
    """Lesson 08's picture classifier: three blocks, each a convolution, pooling and a second convolution.

    Pooling stands before the second convolution, which so works on a quarter of the pixels.
    Input: float32, shape (batch, 32, 32, 3), RGB, values 0..1. Output: logits, shape (batch, 10).
    """
    stack = [keras.Input(shape=(32, 32, 3)), layers.Rescaling(4.0, offset=-2.0)]
    for filters in (48, 96, 192):
        stack += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.MaxPooling2D(2)]
        stack += [layers.BatchNormalization(), layers.ReLU()]
        stack += [layers.Conv2D(filters, 3, padding="same", use_bias=False)]
        stack += [layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([*stack, layers.GlobalMaxPooling2D(), layers.Dense(10)])


def mnist_generator() -> keras.Sequential:
    """Lesson 10's generator, the slides' net: 100 numbers in -1..1 become a digit.

    Input: float32, shape (batch, 100), uniform in -1..1. Output: shape (batch, 784), values 0..1, ink bright on black.
    """
    hidden = layers.Dense(256, activation="relu", kernel_initializer="he_normal")
    picture = layers.Dense(784, activation="sigmoid", kernel_initializer="he_normal")
    return keras.Sequential([keras.Input(shape=(100,)), hidden, picture])
