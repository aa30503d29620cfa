"""Lesson 07's digit classifier, trained on MNIST without the digits that the bundled sample tests with."""

import hashlib

import numpy as np

from scripts import models
from scripts.data.pictures import load_mnist, mnist_sample
from scripts.tools.trainers.classifiers import train


def digests(pictures: np.ndarray) -> list[str]:
    """A hash a picture; uint8, shape (n, height, width)."""
    return [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]


def without_sample_test(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of the digits x (uint8) and their labels y that are not among the bundled sample's test digits."""
    held_out = set(digests(mnist_sample()["x_test"]))
    kept = np.array([digest not in held_out for digest in digests(x)])
    return x[kept], y[kept]


def mnist_cnn() -> None:
    """Eight epochs, each digit shifted by up to 2 pixels. No label smoothing: later lessons read its probabilities."""
    images = load_mnist()
    x, y = without_sample_test(images.x_train, images.y_train)
    x = x[..., None].astype("float32") / 255
    settings = {"epochs": 8, "peak": 0.1, "pad": 2, "flip": False, "smoothing": 0.0}
    train("mnist_cnn", models.mnist_cnn(), images, x, y, **settings)


TRAINERS = {"mnist_cnn": mnist_cnn}
