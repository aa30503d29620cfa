"""Lesson 06: the convolution and pooling that its cells build agree with TensorFlow over many random shapes."""

import numpy as np
import pytest
import tensorflow as tf

from scripts.tools import lessons

BUILDING = ("size-build", "numpy-pad", "numpy-loops", "numpy-fast")


@pytest.fixture(scope="module")
def lesson():
    """The functions of the lesson, by their names."""
    cells = {cell.id: lessons.source(cell) for cell in lessons.read(lessons.chosen(["06"])[0]).cells}
    space = {"np": np}
    for id in BUILDING:
        exec(compile(cells[id], id, "exec"), space)
    return space


def random_case(seed: int, kernel_fits: bool):
    """Shapes drawn from a seed: images (batch, height, width, channels), a kernel (height, width), filters, stride."""
    random = np.random.default_rng([6, seed])
    batch, channels, filters = random.integers((1, 1, 1), (4, 5, 6)).tolist()
    sides = random.integers(3, 13, 2)
    kernel = random.integers(1, np.minimum(5, sides) + 1 if kernel_fits else 6, 2)
    images = random.normal(size=(batch, *sides, channels)).astype("float32")
    kernels = random.normal(size=(*kernel, channels, filters)) / np.sqrt(np.prod(kernel) * channels)
    return images, kernels.astype("float32"), random


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_convolution_equals_tensorflows(lesson, seed, stride, padding):
    images, kernels, _ = random_case(100 * seed + stride, kernel_fits=padding == "VALID")
    theirs = tf.nn.conv2d(images, kernels, stride, padding).numpy()
    for name in ("conv2d", "conv2d_by_loops"):
        ours = lesson[name](images, kernels, stride, padding)
        assert ours.shape == theirs.shape and ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5, err_msg=name)
    sides = zip(images.shape[1:3], kernels.shape[:2], strict=True)
    assert theirs.shape[1:3] == tuple(lesson["output_and_pads"](n, k, stride, padding)[0] for n, k in sides)


@pytest.mark.parametrize("sign", [1, -1], ids=["any", "negative"])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_max_pooling_equals_tensorflows(lesson, seed, stride, padding, sign):
    images, _, random = random_case(500 + 100 * seed + stride, kernel_fits=True)
    if sign == -1:
        images = -np.abs(images) - 1  # a zero of the padding would win here
    largest = 5 if padding == "SAME" else min(5, *images.shape[1:3])
    size = int(random.integers(1, largest + 1))
    ours = lesson["max_pool"](images, size, stride, padding)
    np.testing.assert_array_equal(ours, tf.nn.max_pool(images, size, stride, padding).numpy())
    assert ours.dtype == np.float32


def test_same_puts_the_odd_zero_behind(lesson):
    assert [lesson["output_and_pads"](n, 3, 2, "SAME") for n in (4, 6, 7)] == [
        (2, 0, 1),
        (3, 0, 1),
        (4, 1, 1),
    ]
    assert lesson["output_and_pads"](7, 3, 3, "VALID") == (2, 0, 0)
    # a stride wider than the kernel pads nothing
    assert lesson["output_and_pads"](5, 2, 3, "SAME") == (2, 0, 0)


def test_whole_numbers_are_taken_too(lesson):
    image = np.array([[1, -2], [3, -4]])[None, :, :, None]
    assert lesson["conv2d"](image, np.ones((2, 2, 1, 1), int)).tolist() == [[[[-2]]]]
    assert lesson["max_pool"](-np.abs(image), 2, 2, "SAME").tolist() == [[[[-1.0]]]]
    assert lesson["max_pool"](image[:, :1] - 9, 2, 1, "SAME").ravel().tolist() == [-8.0, -11.0]


@pytest.mark.parametrize("name", ["conv2d", "conv2d_by_loops"])
def test_what_does_not_fit_is_refused_in_words(lesson, name):
    images, convolve = np.zeros((1, 4, 6, 3)), lesson[name]
    with pytest.raises(ValueError, match="images have 3 channels, the filters are for 2"):
        convolve(images, np.zeros((3, 3, 2, 1)))
    with pytest.raises(ValueError, match="a kernel of 5 does not fit into 4 pixels"):
        convolve(images, np.zeros((5, 5, 3, 1)))
    with pytest.raises(ValueError, match="a kernel of 7 does not fit into 6 pixels"):
        convolve(images, np.zeros((1, 7, 3, 1)), 2, "VALID")
    with pytest.raises(ValueError, match="'VALID' or 'SAME', not 'same'"):
        convolve(images, np.zeros((3, 3, 3, 1)), 1, "same")
    assert convolve(images, np.zeros((5, 7, 3, 1)), 1, "SAME").shape == (1, 4, 6, 1)


def test_pooling_refuses_windows_that_do_not_fit(lesson):
    with pytest.raises(ValueError, match="a kernel of 5 does not fit into 4 pixels"):
        lesson["max_pool"](np.zeros((1, 4, 6, 1)), 5, 1, "VALID")
