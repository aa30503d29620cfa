"""A detector whose proposals come by selective search: searched once a picture, moved with it, kept, and used like the other kind."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from scripts import data
from scripts.detection import photo_proposals, photo_training, proposal_quality
from scripts.detection.boxes import encode, iou
from scripts.detection.detector import Detector
from scripts.detection.detector_video import over_video
from scripts.detection.evaluation import evaluate, objects_in
from scripts.detection.photo_net import SMALL, Net, Plan
from scripts.detection.photo_targets import search_targets
from scripts.detection.photo_training import Settings, viewed
from scripts.detection.views import View
from scripts.runtime import seed
from tests.test_detector_video import written

SEARCH = {"strategy": "single", "k": [200]}
PLAN = Plan(tuple("0123456789"), (), SMALL, None, 80, 16, SEARCH)


@pytest.fixture(scope="module")
def scenes():
    """The second has no object."""
    made = data.load_scenes(6)
    boxes, labels = list(made.boxes), list(made.labels)
    boxes[1], labels[1] = boxes[1][:0], labels[1][:0]
    return replace(made, boxes=boxes, labels=labels)


@pytest.fixture
def searched(monkeypatch):
    """The pictures that selective search was shown."""
    seen, search = [], photo_proposals.selective_search
    monkeypatch.setattr(
        photo_proposals, "selective_search", lambda image, **how: seen.append(image) or search(image, **how)
    )
    return seen


@pytest.fixture(scope="module")
def learned(scenes):
    """Trained a moment, with a validation part; and how often each picture was searched for it."""
    seen, search, patch = [], photo_proposals.selective_search, pytest.MonkeyPatch()
    patch.setattr(
        photo_proposals,
        "selective_search",
        lambda image, **how: seen.append(image.tobytes()) or search(image, **how),
    )
    parts = [
        replace(scenes, **{name: getattr(scenes, name)[which] for name in ("images", "boxes", "labels")})
        for which in (slice(4), slice(4, 6))
    ]
    how = {"proposals": "selective search", "search": {"strategy": "single", "k": (200,)}}
    detector = Detector.train(*parts, steps=6, start="nothing", side=96, doing="", **how)
    patch.undo()
    return detector, seen


# training


def test_what_is_kept_changes_nothing_and_no_picture_is_searched_twice(scenes, searched):
    images = [one[::2, ::2].copy() for one in scenes.images[:3]]
    histories = []
    for keep in (True, False):
        searched.clear()
        seed(0)
        how = Settings(steps=6, keep=keep, scales=(1.0, 0.6))
        given = (images, [one / 2 for one in scenes.boxes[:3]], scenes.labels[:3])
        histories.append(photo_training.train(Net(PLAN), *given, how))
        # 12 views of three pictures, mirrored and made smaller
        assert len(searched) == 3 and {one.shape for one in searched} == {(80, 80, 3)}
    assert histories[0].shape == (6, 2) and np.isfinite(histories[0]).all()
    assert np.abs(histories[0] - histories[1]).max() <= 1e-4


def test_neither_the_training_nor_its_checks_search_a_picture_twice(learned):
    detector, seen = learned
    assert len(seen) == len(set(seen)) == 6 and len(detector.card["validation"]) > 1
    assert detector.net.source._kept is None


@pytest.mark.parametrize("jitter", [0.0, 0.3])
@pytest.mark.parametrize("scale", [1.0, 0.5, 1.6])
def test_proposals_go_with_the_picture(jitter, scale):
    """What lay in a proposal lies in it still: a lighter rectangle fills each."""
    boxes, proposals = np.float32([[16, 16, 32, 48]]), np.float32([[48, 32, 80, 64], [0, 48, 16, 64]])
    picture, both = np.full((64, 96, 3), 40, np.uint8), np.concatenate([boxes, proposals]).astype(int)
    for x1, y1, x2, y2 in both:
        picture[y1:y2, x1:x2] = 220
    flips = set()
    for turn in range(6):
        rng, how = np.random.default_rng(turn), Settings(scales=(scale,), jitter=jitter)
        key, view, moved = viewed(rng, picture, boxes, np.array([3]), proposals, how)
        flips.add(bool(view.boxes[0, 0] / scale > 40))
        assert (key is None) == bool(jitter) and view.boxes.shape == (1, 4) and moved.shape == (2, 4)
        assert view.size == (64 * scale, 96 * scale) or scale == 1.6
        inside = np.zeros(view.size, bool)
        for x1, y1, x2, y2 in np.rint(np.concatenate([view.boxes, moved])).astype(int):
            inside[y1:y2, x1:x2] = True
        light = view.image.mean(axis=2)
        assert inside.any() and light[inside].mean() - light[~inside].mean() > 80
        assert np.mean((light > (light.min() + light.max()) / 2) == inside) > 0.97
    assert flips == {False, True}


def test_the_heads_are_taught_by_the_proposals_and_an_empty_picture_is_background():
    net, truth = Net(PLAN), np.float32([[10, 10, 40, 50]])
    near = np.float32([[12, 12, 44, 50]])
    views = [
        View(np.zeros((64, 96, 3), np.uint8), truth, np.array([7])),
        View(np.zeros((64, 96, 3), np.uint8), truth[:0], np.zeros(0, int)),
    ]
    proposals = [np.concatenate([near, np.float32([[60, 0, 90, 60]])]), np.float32([[0, 0, 50, 50]])]
    taught = search_targets(np.random.default_rng(0), net, views, proposals)
    assert taught.images.tolist() == [0] * 64 + [1] * 64 and taught.boxes.shape == (128, 4)
    held = taught.labels == 7
    assert set(taught.labels) == {7, 10} and 0 < held.sum() <= 16 and not held[64:].any()
    assert (iou(taught.boxes[held], truth) >= 0.5).all()
    meant = encode(taught.boxes[held], np.repeat(truth, held.sum(), axis=0)) / np.float32(
        [0.1, 0.1, 0.2, 0.2]
    )
    assert np.allclose(taught.targets[held], meant, atol=1e-4) and not taught.targets[~held].any()
    assert (taught.boxes[64:] == [0, 0, 50, 50]).all()
    # proposals are among what is learnt from, beside boxes near the object
    assert (taught.boxes[:64] == [60, 0, 90, 60]).all(axis=1).any()


def test_turned_boxes_change_the_losses(scenes):
    images, losses = scenes.images[2:4, ::2, ::2], []
    tf.config.run_functions_eagerly(True)
    try:
        for turned in (False, True):
            seed(0)
            boxes = [one[:, [1, 0, 3, 2]] / 2 if turned else one / 2 for one in scenes.boxes[2:4]]
            how = Settings(steps=1, mirror=False)
            losses.append(photo_training.train(Net(PLAN), images, boxes, scenes.labels[2:4], how)[0])
    finally:
        tf.config.run_functions_eagerly(False)
    assert (abs(losses[1] - losses[0]) > 1e-4).all()


# the detector


def test_a_short_training_ends_with_detections_in_the_pictures_own_pixels(learned, scenes):
    detector = learned[0]
    # one step a check; it ends early where nothing gets better
    assert (
        detector.history.shape == (len(detector.card["validation"]), 2)
        and np.isfinite(detector.history).all()
    )
    result = detector.evaluate(scenes)
    assert result.mean == evaluate(detector.found, objects_in(scenes), 10).mean and len(detector.found) == 6
    wide = np.tile(scenes.images[0], (1, 2, 1))
    for picture, found in ((scenes.images[0], detector.found[0]), (wide, detector(wide, min_score=0.0))):
        height, width = picture.shape[:2]
        # it looked at 96 pixels
        assert (found.boxes >= 0).all() and 0.8 * width < found.boxes[:, 2].max() <= width + 0.01
        assert found.boxes[:, 3].max() <= height + 0.01


def test_the_proposals_of_a_picture_are_in_its_own_pixels(learned, scenes):
    said = [learned[0].propose(image) for image in scenes.images]
    assert all(0 < len(boxes) <= photo_proposals.MOST for boxes in said)
    best = proposal_quality.best_overlaps(said, scenes.boxes)
    assert len(best) == sum(map(len, scenes.boxes)) and proposal_quality.recall(best) >= 0.8


def test_no_more_than_so_many_are_judged(learned, scenes, monkeypatch):
    monkeypatch.setattr(photo_proposals.BySearch, "most", 5)
    assert learned[0].propose(scenes.images[0]).shape == (5, 4)


def test_the_card_names_the_source(learned):
    made, plan = learned[0].card["made"], learned[0].card["plan"]
    assert made["proposals"] == "selective search" and made["settings"]["steps"] == 6
    assert plan["search"] == {"strategy": "single", "k": [200]} and plan["anchors"] == []
    assert made["pictures"] == 4 and learned[0].net.proposals is None


def test_a_film_is_looked_at_frame_by_frame(learned, scenes, tmp_path):
    path = written(tmp_path / "two.avi", list(scenes.images[:2]))
    seen = over_video(learned[0], path, min_score=0.02)
    for one, picture in zip(seen.found, data.frames(path), strict=True):
        for part, same in zip(one, learned[0](picture, min_score=0.02), strict=True):
            np.testing.assert_allclose(part, same, rtol=1e-5)


def test_a_plain_picture_is_one_proposal_at_least(learned):
    assert np.allclose(learned[0].propose(np.full((50, 90, 3), 7, np.uint8)), [[0, 0, 90, 50]], atol=1e-3)
