"""Views of a training picture: what was drawn in a box is in it still, mirrored, resized, in other colours."""

import numpy as np
import pytest

from scripts.detection import views
from scripts.detection.photo_training import Settings

BOXES = np.float32([[10, 6, 34, 20], [50, 24, 58, 44]])
LABELS = np.array([0, 1])
NONE = np.zeros((0, 4), np.float32)


def drawn(boxes=BOXES, size=(48, 64), ground=40, ink=220):
    """A grey picture with a lighter rectangle in each box."""
    picture = np.full((*size, 3), ground, np.uint8)
    for x1, y1, x2, y2 in np.asarray(boxes).astype(int):
        picture[y1:y2, x1:x2] = ink
    return picture


def seen(picture, near):
    """The box that the light pixels round a box fill, all of them where only one box is there."""
    x1, y1, x2, y2 = np.rint(near).astype(int)
    top, left = max(0, y1 - 3), max(0, x1 - 3)
    part = picture[top : y2 + 3, left : x2 + 3].mean(axis=2)
    rows, columns = np.nonzero(part > (part.min() + part.max()) / 2)
    return [left + columns.min(), top + rows.min(), left + columns.max() + 1, top + rows.max() + 1]


def test_a_mirrored_square_fills_its_mirrored_box():
    picture = drawn()
    image, boxes = views.mirrored(picture, BOXES)
    assert [seen(image, box) for box in boxes] == boxes.tolist()
    assert boxes.tolist() == [[30, 6, 54, 20], [6, 24, 14, 44]]
    # the other way round as well, and the picture that came in is as it was
    again, back = views.mirrored(image, boxes)
    assert np.array_equal(again, picture) and np.array_equal(back, BOXES)
    assert np.array_equal(picture, drawn())


@pytest.mark.parametrize("scale", [0.5, 0.77, 1.3, 2.0])
def test_a_resized_square_fills_its_resized_box(scale):
    """Sides become whole cells of the map, so that a picture and its boxes may change by a little more in one direction."""
    image, boxes = views.resized(drawn(), BOXES, scale)
    sides = np.array(image.shape[:2])
    assert (
        not (sides % views.WHOLE).any()
        and np.abs(sides - scale * np.array([48, 64])).max() <= views.WHOLE / 2
    )
    assert image.dtype == np.uint8
    for box in boxes:
        assert np.abs(np.array(seen(image, box)) - box).max() <= 1
    assert np.allclose(boxes, BOXES * np.tile(sides[::-1] / (64, 48), 2), rtol=1e-5)


def test_a_picture_of_the_right_size_is_not_touched_and_a_thin_one_keeps_a_cell():
    picture = drawn()
    assert views.resized(picture, BOXES, 1.0)[0] is picture
    image, boxes = views.resized(np.zeros((1, 200, 3), np.uint8), np.float32([[20, 0, 60, 1]]), 0.4)
    assert image.shape == (16, 80, 3) and np.allclose(boxes, [[8, 0, 24, 16]])


@pytest.mark.parametrize("strength", [0.2, 0.6, 1.0])
def test_colours_change_by_as_much_as_was_said_and_nothing_wraps(strength):
    flat, rng = np.full((8, 8, 3), 100, np.uint8), np.random.default_rng(0)
    grounds = np.array([views.jittered(rng, flat, strength)[0, 0] for _ in range(300)]).astype(float)
    low, high = (1 - strength) * (1 - strength / 3), (1 + strength) * (1 + strength / 3)
    assert grounds.min() >= max(0, 100 * low - 1) and grounds.max() <= min(255, 100 * high + 1)
    assert grounds.max() - grounds.min() > 80 * strength
    # each channel by itself
    assert np.abs(grounds[:, 0] - grounds[:, 1]).max() > 10 * strength
    for _ in range(50):
        changed = views.jittered(rng, drawn(ink=255, ground=1), strength * 0.9).astype(int)
        # light stays lighter than dark: a number beyond 255 has not come back at 0
        assert changed[10, 20].min() >= changed[0, 0].max() - 1 and changed.dtype == int


def test_the_views_that_are_drawn():
    settings, rng = Settings(mirror=True, scales=(0.5, 1.0, 2.0)), np.random.default_rng(0)
    every = {}
    for _ in range(60):
        key, view = views.view_of(rng, drawn(), BOXES, LABELS, settings)
        for box in view.boxes:
            assert np.abs(np.array(seen(view.image, box)) - box).max() <= 1
        assert view.size == view.image.shape[:2] and np.array_equal(view.labels, LABELS)
        # one key, one view: this is what lets its maps be kept
        assert np.array_equal(every.setdefault(key, view).image, view.image)
        assert np.array_equal(every[key].boxes, view.boxes)
    assert set(every) == {(flip, scale) for flip in (False, True) for scale in (0.5, 1.0, 2.0)}


def test_without_wishes_a_picture_is_shown_as_it_is():
    settings, rng = Settings(mirror=False), np.random.default_rng(0)
    for _ in range(20):
        key, view = views.view_of(rng, drawn(), BOXES, LABELS, settings)
        assert key == (False, 1.0) and np.array_equal(view.image, drawn())
        assert np.array_equal(view.boxes, BOXES)


def test_drawn_colours_have_no_key_and_move_no_box():
    settings, rng = Settings(mirror=False, jitter=0.5), np.random.default_rng(0)
    pictures = []
    for _ in range(5):
        key, view = views.view_of(rng, drawn(), BOXES, LABELS, settings)
        assert key is None and np.array_equal(view.boxes, BOXES)
        assert [seen(view.image, box) for box in view.boxes] == BOXES.tolist()
        pictures.append(view.image.tobytes())
    assert len(set(pictures)) == 5


def test_a_picture_without_objects_has_all_views():
    settings, rng = Settings(scales=(0.5, 2.0), jitter=0.3), np.random.default_rng(0)
    for _ in range(8):
        _, view = views.view_of(rng, drawn(NONE), NONE, LABELS[:0], settings)
        assert view.boxes.shape == (0, 4) and view.boxes.dtype == np.float32
