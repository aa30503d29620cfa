"""scripts/plots.py: the figures that several lessons share show what they are given."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

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


def test_a_picture_is_drawn_in_its_own_pixels_and_boxes_fit_it(ax):
    pixels = np.zeros((40, 80, 3))
    pixels[10:20, 30:50] = 300  # cut off at 255, not wrapped round
    plots.picture(ax, pixels, longest=40)
    shown = ax.images[0]
    assert shown.get_array().shape[:2] == (20, 40) and shown.get_array().max() == 255
    assert tuple(shown.get_extent()) == (0, 80, 40, 0)
    plots.boxes(ax, [(30, 10, 50, 20), (0, 0, 5, 5)], ["seven"])
    first, second = ax.patches
    assert (first.get_xy(), first.get_width(), first.get_height()) == ((30, 10), 20, 10)
    assert [text.get_text() for text in ax.texts] == ["seven"] and ax.texts[0].xy == (30, 10)
    plots.boxes(ax, [(30, 10, 50, 20)], ["by hand"], line="--")
    assert ax.texts[-1].xy == (30, 20) and ax.patches[-1].get_linestyle() == "--"


def test_no_box_and_a_small_grey_picture(ax):
    plots.picture(ax, np.eye(4) * 255, longest=100)  # smaller than asked: never enlarged
    plots.boxes(ax, np.zeros((0, 4)))
    assert ax.images[0].get_array().shape == (4, 4) and not ax.patches


def test_a_shown_figure_has_its_alt_text_and_at_most_256_colours(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: shown.append((data, metadata)))
    fig, axes = plt.subplots(figsize=(3, 2))
    plots.picture(axes, np.random.default_rng(0).integers(0, 255, (50, 60, 3)))
    plots.show(fig, alt="Noise in three colours only.")
    data, metadata = shown[0]
    png = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert png.mode == "P" and metadata["image/png"]["alt"] == "Noise in three colours only."
    with pytest.raises(ValueError, match="alt"):
        plots.show(plt.figure(), alt="too short")
