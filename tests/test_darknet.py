"""Darknet's weight files: read in the order of the layers, and refused when they are of another net."""

import numpy as np
import pytest

from scripts.pretrained import darknet

SHAPES = {  # one layer with batch normalisation and one without; as in a state dict, its kernel comes first
    "conv1.conv.weight": (2, 3, 3, 3),
    "conv1.batch_norm.weight": (2,),
    "conv1.batch_norm.bias": (2,),
    "conv1.batch_norm.running_mean": (2,),
    "conv1.batch_norm.running_var": (2,),
    "conv2.conv.weight": (5, 2, 1, 1),
    "conv2.conv.bias": (5,),
}
NUMBERS = 54 + 8 + 15


def content(count=NUMBERS, header=(0, 2, 0), values=None):
    values = np.arange(1, count + 1) if values is None else values
    return np.array(header, "<i4").tobytes() + np.int64(7).tobytes() + np.asarray(values, "<f4").tobytes()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "net.weights"


def test_the_order_is_bias_scale_mean_variance_kernel_else_bias_kernel(file):
    file.write_bytes(content())
    arrays = darknet.read(file, SHAPES)
    assert list(arrays) == darknet.order(SHAPES)
    assert arrays["conv1.batch_norm.bias"].tolist() == [1, 2]
    assert arrays["conv1.batch_norm.weight"].tolist() == [3, 4]
    assert arrays["conv1.batch_norm.running_mean"].tolist() == [5, 6]
    assert arrays["conv1.batch_norm.running_var"].tolist() == [7, 8]
    np.testing.assert_array_equal(arrays["conv1.conv.weight"], np.arange(9, 63).reshape(2, 3, 3, 3))
    assert arrays["conv2.conv.bias"].tolist() == [63, 64, 65, 66, 67]
    assert arrays["conv2.conv.weight"][..., 0, 0].tolist() == [
        [68, 69],
        [70, 71],
        [72, 73],
        [74, 75],
        [76, 77],
    ]
    assert {array.dtype for array in arrays.values()} == {np.dtype("float32")}


def test_what_is_packed_is_read_back(file):
    file.write_bytes(content())
    assert darknet.pack(darknet.read(file, SHAPES), seen=7) == content()


def test_ten_comes_after_two():
    shapes = {f"conv{n}.{part}": (1,) for n in (10, 2, 1) for part in ("conv.weight", "conv.bias")}
    assert [name.partition(".")[0] for name in darknet.order(shapes)[::2]] == ["conv1", "conv2", "conv10"]


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (content(NUMBERS - 1), "takes 77 numbers; it holds 76 numbers: it is cut off"),
        (content() + b"ab", "77 numbers and 2 bytes: it is too long"),
        (content(NUMBERS + 5), "82 numbers: it is too long"),
        (content(8_858_734), "its 8,858,734 numbers are those of TinyYOLOv3"),
        (content()[:12], "cut off: 12 bytes"),
        (b"", "cut off: 0 bytes"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page"),
        (content(header=(3, 2, 0)), "begins with 3.2"),
        (content(values=[np.nan] * NUMBERS), "damaged: conv1.batch_norm.bias"),
        (content(values=-np.ones(NUMBERS)), "damaged: conv1.batch_norm.running_var"),
    ],
)
def test_a_file_of_another_size_or_content_is_one_clear_error(file, bad, what):
    file.write_bytes(bad)
    with pytest.raises(darknet.DarknetError, match=r"^net\.weights ") as caught:
        darknet.read(file, SHAPES)
    assert what in str(caught.value) and "\n" not in str(caught.value)
