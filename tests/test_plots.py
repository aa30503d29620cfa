"""scripts/plots.py: the figures that several lessons share show what they are given."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import skimage
from matplotlib.colors import LinearSegmentedColormap
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


@pytest.fixture
def shown(monkeypatch):
    """What `plots.show` displayed: (mime type, picture in RGB, metadata), one after another."""
    found = []

    def display(data, metadata, raw):
        ((kind, about),) = metadata.items()
        found.append((kind, Image.open(io.BytesIO(base64.b64decode(data[kind]))), about))

    monkeypatch.setattr("IPython.display.display", display)
    return found


def test_a_shown_figure_has_its_alt_text(shown):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot([1, 2])
    plots.show(fig, alt="A line that rises evenly.")
    kind, _, about = shown[0]
    assert (kind, about["alt"]) == ("image/png", "A line that rises evenly.")
    with pytest.raises(ValueError, match="alt"):
        plots.show(plt.figure(), alt="too short")


def test_a_photograph_is_a_jpeg_of_many_colours(shown):
    fig, ax = plt.subplots(figsize=(5, 4))
    plots.picture(ax, skimage.data.coffee(), longest=500)
    plots.show(fig, alt="A cup of coffee from above.")
    kind, picture, _ = shown[0]
    assert kind == "image/jpeg" and len(picture.getcolors(10**6)) > 10_000


def test_a_chart_keeps_the_colours_of_its_style_in_a_palette(shown):
    fig, ax = plt.subplots(figsize=(5, 3))
    for i, colour in enumerate(plots.COLOURS):
        ax.bar(i, 1, color=colour)
    plots.show(fig, alt="Seven bars, each in its colour.")
    kind, picture, _ = shown[0]
    assert (kind, picture.mode) == ("image/png", "P")
    there = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)
    for colour in plots.COLOURS:
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(there - wanted).max(axis=1).min() <= 1, colour


def test_a_colour_bar_ends_in_the_colours_of_its_map(shown):
    """Cut to 256 colours, the negative end of lesson 06's bar turned from blue to grey."""
    signed = LinearSegmentedColormap.from_list("signed", [plots.COLOURS[0], "white", plots.COLOURS[1]])
    rng = np.random.default_rng(0)
    fig, axes = plt.subplots(1, 3, figsize=(11, 4))
    for ax in axes:
        drawn = ax.imshow(rng.normal(size=(60, 60)), cmap=signed, vmin=-2, vmax=2)
    bar = fig.colorbar(drawn, ax=axes)
    fig.canvas.draw()
    box = bar.ax.get_window_extent()
    plots.show(fig, alt="Three noisy maps and their colour bar.")
    kind, picture, _ = shown[0]
    scale = picture.width / fig.canvas.get_width_height()[0]
    middle = int(scale * (box.x0 + box.x1) / 2)
    for y, colour in ((box.y0 + 2, plots.COLOURS[0]), (box.y1 - 2, plots.COLOURS[1])):
        pixel = picture.convert("RGB").getpixel((middle, picture.height - 1 - int(scale * y)))
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(np.subtract(pixel, wanted)).max() <= 3, (pixel, colour)
