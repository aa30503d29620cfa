"""Lesson 08's picture classifier, trained on all of CIFAR-10's training pictures."""

from scripts import models
from scripts.data.pictures import load_cifar10
from scripts.tools.trainers.classifiers import train


def cifar10_cnn() -> None:
    """Twenty-four epochs, each picture shifted by up to 4 pixels and mirrored half of the time."""
    images = load_cifar10()
    x, y = images.x_train.astype("float32") / 255, images.y_train.ravel()
    settings = {"epochs": 24, "peak": 0.1, "pad": 4, "flip": True, "smoothing": 0.1}
    train("cifar10_cnn", models.cifar10_cnn(), images, x, y, **settings)


TRAINERS = {"cifar10_cnn": cifar10_cnn}
