"""scripts/plots.py: the figures that several lessons share show what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scripts import plots


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_a_confusion_matrix_writes_every_count_and_colours_only_the_mistakes(ax):
    counts = np.array([[7, 2], [0, 9]])
    plots.confusion_matrix(ax, counts, ("cat", "dog"))
    assert [text.get_text() for text in ax.texts] == ["7", "2", "0", "9"]  # row by row, columns the answers
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0, 2], [0, 0]])
    np.testing.assert_array_equal(counts, [[7, 2], [0, 9]])  # the caller's own stays as it was
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog"]
    assert ax.get_xlabel() == "answer" and ax.get_ylabel() == "true class"


def test_a_net_without_a_mistake_can_be_drawn(ax):
    plots.confusion_matrix(ax, np.diag([3, 4]), "01")
    assert ax.images[0].get_clim()[1] == 1  # an upper end of 0 would be no scale


@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 2), (6, 2, 2, 1)])
def test_tiles_stand_row_by_row(ax, shape):
    pictures = np.repeat(np.arange(6) / 5, 4).reshape(shape)
    plots.tiles(ax, pictures, columns=3)
    shown = ax.images[0].get_array()
    assert shown.shape == (4, 6)
    np.testing.assert_allclose(shown[::2, ::2], [[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]])
    assert ax.images[0].get_clim() == (0, 1)


def test_tiles_keep_each_picture_upright(ax):
    picture = np.array([[[1.0, 0.5], [0.0, 0.25]]])
    plots.tiles(ax, picture, columns=1)
    np.testing.assert_array_equal(ax.images[0].get_array(), picture[0])
