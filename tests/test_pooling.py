"""RoI pooling: the golden example, loops written from the definition, torchvision where it is installed, and bad input."""

import numpy as np
import pytest
import tensorflow as tf

from scripts.detection.pooling import (
    RoiPooling,
    bins,
    project,
    roi_align,
    roi_pool,
    round_half_away,
)
from scripts.tools.listings import torch_python
from tests.support import needs_torchvision, program

NONE = np.zeros((0, 4), np.float32)


def many_rois(n=1000, side=160, seed=0):
    """Boxes with halves, negative, outside, inverted and empty ones among them."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-40, side + 20, (n, 2))
    boxes = np.concatenate([start, start + rng.uniform(-10, 120, (n, 2))], axis=1)
    boxes[::4] = np.rint(boxes[::4])  # at a scale of 1/8 and 1/4 these meet halves
    boxes[1::8] = np.rint(boxes[1::8] / 4) * 4
    boxes[2::50] = [side * 3, side * 3, side * 4, side * 4]
    boxes[3::50, 2:] = boxes[3::50, :2]
    boxes[4::50] = [-900, -900, 2000, 1500]
    return boxes.astype(np.float32)


def by_loops(image, box, size, scale):
    """The definition, one number after another; and the cell each came from."""
    height, width, channels = image.shape
    x1, y1, x2, y2 = project(box[None], scale).numpy()[0]
    value = np.zeros((size, size, channels), np.float32)
    place = np.full((size, size, channels), -1)
    tall, wide = (np.float32(max(int(b) - int(a) + 1, 1)) / np.float32(size) for a, b in ((y1, y2), (x1, x2)))
    for i in range(size):
        rows = range(
            max(int(np.floor(np.float32(i) * tall)) + y1, 0),
            min(int(np.ceil(np.float32(i + 1) * tall)) + y1, height),
        )
        for j in range(size):
            columns = range(
                max(int(np.floor(np.float32(j) * wide)) + x1, 0),
                min(int(np.ceil(np.float32(j + 1) * wide)) + x1, width),
            )
            for c in range(channels):
                found = [(-image[y, x, c], y * width + x) for y in rows for x in columns]
                if found:
                    least, place[i, j, c] = min(found)
                    value[i, j, c] = -least
    return value, place


def test_the_golden_example():
    pooled = roi_pool(
        np.arange(16.0).reshape(1, 4, 4, 1), [[0.0, 0, 20, 20], [0, 10, 30, 30]], [0, 0], 2, 0.1
    )
    np.testing.assert_array_equal(pooled[..., 0], [[[5, 6], [9, 10]], [[9, 11], [13, 15]]])


def test_halves_are_rounded_away_from_zero():
    x = np.array([0.5, 1.5, 2.5, -0.5, -2.5, 0.49999997, 8388609.0, 0.0], np.float32)
    np.testing.assert_array_equal(round_half_away(x), [1, 2, 3, -1, -3, 0, 8388609, 0])
    np.testing.assert_array_equal(project([[4.0, 12, 20, -4]], 1 / 8), [[1, 2, 3, -1]])


def test_bins_share_a_cell_where_they_do_not_fit():
    start, end = bins(tf.constant([0, 2]), tf.constant([4, 2]), 2, 8)
    np.testing.assert_array_equal(start, [[0, 2], [2, 2]])  # five cells in two bins: the third is in both
    np.testing.assert_array_equal(end, [[3, 5], [3, 3]])


@pytest.mark.parametrize("size,scale", [(1, 1 / 4), (2, 1 / 8), (5, 1 / 4), (7, 1 / 16), (3, 1.0)])
def test_equal_to_the_definition(size, scale):
    rng = np.random.default_rng(size)
    maps = rng.integers(-3, 4, (2, 9, 13, 3)).astype(np.float32)  # few values: many ties
    boxes, images = many_rois(80, 60 if scale < 1 else 12, size), rng.integers(0, 2, 80)
    upstream = rng.normal(size=(80, size, size, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        x = tf.constant(maps)
        tape.watch(x)
        pooled = roi_pool(x, boxes, images, size, scale)
    gradient, wanted = tape.gradient(pooled, x, upstream).numpy(), np.zeros_like(maps)
    for box, image, mine, up in zip(boxes, images, pooled.numpy(), upstream, strict=True):
        value, place = by_loops(maps[image], box, size, scale)
        np.testing.assert_array_equal(mine, value)
        for i, j, c in np.argwhere(place >= 0):
            wanted[image].reshape(-1, 3)[place[i, j, c], c] += up[i, j, c]
    np.testing.assert_allclose(gradient, wanted, atol=1e-4)
    np.testing.assert_array_equal(roi_pool(maps, boxes, images, size, scale, gradient=False), pooled)


def test_the_first_maximum_takes_the_whole_gradient():
    x = tf.Variable(tf.ones((1, 4, 4, 1)))
    with tf.GradientTape() as tape:
        y = roi_pool(x, [[0.0, 0, 3, 3]], [0], 1, 1.0)
    wanted = np.zeros((4, 4))
    wanted[0, 0] = 1
    np.testing.assert_array_equal(tape.gradient(y, x)[0, :, :, 0], wanted)


def test_in_a_graph_with_any_number_of_boxes():
    maps = tf.constant(np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype(np.float32))
    boxes = many_rois(30, 40)

    @tf.function(input_signature=[tf.TensorSpec((None, 4)), tf.TensorSpec((None,), tf.int32)])
    def in_graph(boxes, images):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            pooled = roi_pool(maps, boxes, images, 3, 1 / 8)
        return pooled, tape.gradient(pooled, maps)

    for count in (30, 7, 0):
        images = np.arange(count) % 2
        pooled, gradient = in_graph(boxes[:count], images.astype(np.int32))
        np.testing.assert_array_equal(pooled, roi_pool(maps, boxes[:count], images, 3, 1 / 8))
        assert pooled.shape == (count, 3, 3, 4) and gradient.shape == maps.shape


def test_a_run_gives_the_same_gradient_twice():
    maps = tf.constant(np.random.default_rng(0).normal(size=(1, 40, 40, 16)).astype(np.float32))

    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(maps)
            pooled = roi_pool(maps, many_rois(300), np.zeros(300, int), 7, 1 / 4)
            loss = tf.reduce_sum(pooled * tf.sin(pooled * 7))
        return tape.gradient(loss, maps).numpy()

    np.testing.assert_array_equal(gradient(), gradient())


def test_no_boxes():
    maps = np.ones((1, 4, 4, 3), np.float32)
    assert roi_pool(maps, NONE, [], 7, 1 / 8).shape == (0, 7, 7, 3)
    assert roi_pool(maps, NONE, [], 7, 1 / 8, gradient=False).shape == (0, 7, 7, 3)
    assert roi_align(maps, NONE, np.zeros(0, int), 7, 1 / 8).shape == (0, 7, 7, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_no_numbers(bad):
    maps, boxes = tf.ones((1, 4, 4, 1)), np.array([[0, 0, bad, 16], [0, 0, 16, 16]], np.float32)
    with pytest.raises(ValueError, match="NaN or infinite"):
        roi_pool(maps, boxes, [0, 0], 2, 1 / 8)
    pooled = tf.function(lambda boxes: roi_pool(maps, boxes, [0, 0], 2, 1 / 8))(boxes)
    np.testing.assert_array_equal(pooled[..., 0], [np.zeros((2, 2)), np.ones((2, 2))])


def test_pictures_that_there_are_not():
    with pytest.raises(ValueError, match="number of maps"):
        roi_pool(tf.ones((2, 4, 4, 1)), [[0.0, 0, 8, 8]], [2], 2, 1 / 8)


def test_odd_values_in_the_map():
    """NaN stays NaN, infinities are numbers like others, -0 is 0."""
    image = np.array([[-np.inf, -1], [np.nan, np.inf]], np.float32).reshape(1, 2, 2, 1)
    boxes = np.array([[0.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]], np.float32)
    pooled = roi_pool(image, boxes, [0] * 4, 1, 1.0)[:, 0, 0, 0]
    np.testing.assert_array_equal(pooled, [-np.inf, -1, np.nan, np.inf])
    x = tf.constant([[[[-0.0], [0.0]]]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = roi_pool(x, [[0.0, 0, 1, 0]], [0], 1, 1.0)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy().ravel(), [1, 0])


def test_the_layer():
    layer = RoiPooling(3, 1 / 4)
    maps, boxes, images = tf.random.stateless_normal((2, 8, 8, 5), [0, 1]), many_rois(20, 32), [0, 1] * 10
    images = np.array(images, np.int32)
    np.testing.assert_array_equal(layer(maps, boxes, images), roi_pool(maps, boxes, images, 3, 1 / 4))
    assert not layer.weights
    again = RoiPooling.from_config(layer.get_config())
    assert (again.size, again.scale) == (3, 1 / 4)


def test_align_moves_with_a_box():
    """Where the map rises evenly, a box moved by one pixel of eight a cell pools 1/8 more; RoI pooling knows whole cells."""
    ramp = tf.tile(tf.range(20.0)[None, None, :, None], (1, 20, 1, 1))
    boxes = np.array([[40.0, 40, 96, 96], [41, 40, 97, 96]], np.float32)
    aligned = roi_align(ramp, boxes, [0, 0], 7, 1 / 8).numpy()
    np.testing.assert_allclose(aligned[1] - aligned[0], 1 / 8, atol=1e-5)
    pooled = roi_pool(ramp, boxes, [0, 0], 7, 1 / 8).numpy()
    np.testing.assert_array_equal(pooled[1] - pooled[0], 0)


@needs_torchvision
def test_equal_to_torchvision(tmp_path):
    """In a process of its own: torchvision has to be imported before TensorFlow, and never beside it in one pytest."""
    rng = np.random.default_rng(0)
    settings = ((7, 1 / 8, 20), (5, 1 / 4, 40), (2, 1 / 16, 10))
    given = {"boxes": many_rois(), "images": rng.integers(0, 2, 1000)}
    start = rng.uniform(0, 120, (1000, 2))
    inside = np.concatenate([start, start + rng.uniform(8, 40, (1000, 2))], axis=1)
    given |= {"inside": inside.astype(np.float32), "settings": [one[:2] for one in settings]}
    for i, (size, _, side) in enumerate(settings):
        given[f"maps_{i}"] = rng.normal(size=(2, side, side, 8)).astype(np.float32).round(1)  # ties
        given[f"up_{i}"] = rng.normal(size=(1000, size, size, 8)).astype(np.float32)
    np.savez(tmp_path / "given.npz", **given)
    program("torchvision_pooling", tmp_path / "given.npz", tmp_path / "said.npz", python=torch_python())
    said = np.load(tmp_path / "said.npz")
    for i, (size, scale, _) in enumerate(settings):
        x = tf.constant(given[f"maps_{i}"])
        with tf.GradientTape() as tape:
            tape.watch(x)
            pooled = roi_pool(x, given["boxes"], given["images"], size, scale)
        gradient = tape.gradient(pooled, x, given[f"up_{i}"])
        np.testing.assert_array_equal(pooled, said[f"pooled_{i}"])
        np.testing.assert_allclose(gradient, said[f"gradient_{i}"], atol=1e-4)
        aligned = roi_align(x, given["inside"], given["images"], size, scale)
        np.testing.assert_allclose(aligned, said[f"aligned_{i}"], atol=1e-4)
