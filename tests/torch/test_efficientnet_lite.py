"""EfficientNet-Lite0 in Keras computes what the net of the file computes in PyTorch, written plainly here."""

import numpy as np
import pytest

from scripts import pretrained
from scripts.pretrained import lite_file, pt_arrays
from scripts.weights import WeightsError
from tests.support import program

# repeats, kernel, stride, expansion, channels in, channels out: the table of the net's authors
TABLE = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
# even, odd, and smaller than a step of the deepest map
SIZES = ((224, 224), (97, 130), (160, 75), (33, 17))


@pytest.fixture(scope="module")
def lite():
    """The file of EfficientNet-Lite0's weights."""
    try:
        return pretrained.fetch(lite_file.NET)
    except WeightsError as problem:
        pytest.skip(str(problem))


def state_dict(path) -> dict:
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def same(x, kernel: int, stride: int):
    """Zeros around, as TensorFlow's "same" has them: the odd one on the right and below."""
    import torch

    around = []
    for side in (x.shape[3], x.shape[2]):
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        around += [missing // 2, missing - missing // 2]
    return torch.nn.functional.pad(x, around)


def forward(state: dict, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """The maps after the third and the fifth group, channels last, and the logits."""
    import torch
    from torch.nn import functional

    def step(x, kernel: str, norm: str, stride: int = 1, relu: bool = True):
        weight = state[f"{kernel}.weight"]
        groups = x.shape[1] // weight.shape[1]
        x = functional.conv2d(same(x, weight.shape[2], stride), weight, stride=stride, groups=groups)
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        x = functional.batch_norm(x, *parts, training=False, eps=1e-3)
        return functional.relu6(x) if relu else x

    made, number = {}, 0
    x = torch.from_numpy((pictures - 127) / 128).permute(0, 3, 1, 2)
    x = step(x, "_conv_stem", "_bn0", stride=2)
    for group, (repeats, _, stride, expansion, _, _) in enumerate(TABLE, start=1):
        for repeat in range(repeats):
            block, y = f"_blocks.{number}", x
            if expansion > 1:
                y = step(y, f"{block}._expand_conv", f"{block}._bn0")
            y = step(y, f"{block}._depthwise_conv", f"{block}._bn1", stride=1 if repeat else stride)
            y = step(y, f"{block}._project_conv", f"{block}._bn2", relu=False)
            x = x + y if repeat else y
            number += 1
        if group in (3, 5):
            made["8" if group == 3 else "16"] = x.permute(0, 2, 3, 1).numpy()
    x = step(x, "_conv_head", "_bn1").mean(dim=(2, 3))
    made["logits"] = (x @ state["_fc.weight"].T + state["_fc.bias"]).numpy()
    return made


def test_the_table_is_that_of_the_course():
    assert tuple(map(tuple, lite_file.GROUPS)) == TABLE


def test_the_file_is_read_without_pytorch_as_pytorch_reads_it(lite):
    state, arrays = state_dict(lite), pt_arrays.read(lite)
    assert arrays.keys() == state.keys() and len(state) == 296
    assert all(np.array_equal(array, state[name].numpy()) for name, array in arrays.items())
    theirs = {
        name: tuple(value.shape) for name, value in state.items() if not name.endswith("_batches_tracked")
    }
    assert lite_file.shapes() == theirs


@pytest.mark.parametrize("new", [True, False], ids=["zip", "old"])
def test_parts_and_turned_arrays_are_read_from_both_forms(tmp_path, new):
    import torch

    numbers = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = {
        "whole": numbers,
        "turned": numbers.permute(2, 0, 1),
        "part": numbers[:, 1:, ::2],
        "one": torch.tensor(7),
        "none": torch.zeros(0, 3),
    }
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    arrays = pt_arrays.read(tmp_path / "a.pth")
    assert arrays.keys() == state.keys()
    for name, array in arrays.items():
        assert array.shape == tuple(state[name].shape) and np.array_equal(array, state[name].numpy()), name


@pytest.mark.long
def test_keras_computes_what_pytorch_computes_to_a_ten_thousandth(lite, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", str(lite.parent))
    rng = np.random.default_rng(0)
    pictures = {
        f"{height}x{width}": rng.uniform(0, 255, (2, height, width, 3)).astype(np.float32)
        for height, width in SIZES
    }
    np.savez(tmp_path / "pictures.npz", **pictures)
    program("lite_maps", tmp_path / "pictures.npz", tmp_path / "arrays.npz")
    state = state_dict(lite)
    with np.load(tmp_path / "arrays.npz") as by_keras:
        assert len(by_keras.files) == 3 * len(SIZES)
        for name, batch in pictures.items():
            for what, theirs in forward(state, batch).items():
                ours = by_keras[f"{name}_{what}"]
                assert ours.shape == theirs.shape and theirs.std() > 0.1, (name, what)
                apart = np.abs(ours - theirs).max()
                print(f"{name} {what}: at most {apart:.1e} apart, values up to {np.abs(theirs).max():.1f}")
                assert np.allclose(ours, theirs, rtol=1e-5, atol=1e-4), (name, what)
