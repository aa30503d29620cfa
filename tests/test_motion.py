"""scripts/motion.py: animations play once, end where they should, and keep their limits."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from scripts import motion


@pytest.fixture
def moving():
    """A figure with a point, and what moves it one place to the right a frame."""
    fig, ax = plt.subplots(figsize=(3, 2))
    (point,) = ax.plot([0], [0], "o")
    ax.set(xlim=(-1, 10), ylim=(-1, 1))
    yield fig, lambda i: point.set_data([i], [0])
    plt.close(fig)


def columns(picture) -> float:
    """The mean column of what is blue in a picture."""
    array = np.asarray(picture.convert("RGB")).astype(int)
    return float(np.nonzero((array[..., 2] - array[..., 0]) > 80)[1].mean())


def test_every_frame_is_drawn_in_order_and_the_last_one_stays(moving):
    picture = Image.open(io.BytesIO(motion.recorded(*moving, frames=9, seconds=1.8)))
    assert picture.n_frames == 9 and picture.info["loop"] == 1
    places = []
    for i in range(9):
        picture.seek(i)
        assert picture.info["duration"] == 200
        places.append(columns(picture))
    assert places == sorted(places) and places[-1] - places[0] > 100


def test_no_two_recordings_have_the_same_bytes_though_the_same_pictures(moving):
    one, other = (motion.recorded(*moving, frames=3) for _ in range(2))
    assert one != other
    first, second = (Image.open(io.BytesIO(png)) for png in (one, other))
    for i in range(3):
        first.seek(i), second.seek(i)
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"frames": 1}, "at least 2 frames"),
        ({"frames": 10, "seconds": 6}, "at most 5 s"),
        ({"frames": 100, "seconds": 2}, "draw at most 50"),
    ],
)
def test_limits_are_told(moving, settings, told):
    with pytest.raises(ValueError, match=told):
        motion.recorded(*moving, **settings)


def test_too_many_bytes_are_told_with_what_to_do():
    fig, ax = plt.subplots(figsize=(6, 4))
    rng = np.random.default_rng(0)
    noise = ax.imshow(rng.random((400, 600)), cmap="viridis")
    with pytest.raises(ValueError, match=r"at most 250 kB, this one \d+: draw fewer frames"):
        motion.recorded(fig, lambda i: noise.set_data(rng.random((400, 600))), frames=4)
    plt.close(fig)


def test_it_is_shown_with_its_alt_text_and_closed(moving, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **how: shown.append((data, how)))
    fig, draw = moving
    motion.animate(fig, draw, 3, alt="A point walks from left to right.")
    data, how = shown[0]
    assert data["text/plain"] == "[animation: A point walks from left to right.]"
    assert how["metadata"]["image/png"][
        "alt"
    ] == "A point walks from left to right." and not plt.fignum_exists(fig.number)
    with pytest.raises(ValueError, match="alt"):
        motion.animate(fig, draw, 3, alt="a point")
