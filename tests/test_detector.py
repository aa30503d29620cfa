"""The detector: finds in a picture's own pixels, judges itself on the way, keeps its best weights, localises."""

import json
from dataclasses import replace

import numpy as np
import pytest

from scripts import data
from scripts.data.scenes import Scenes
from scripts.detection import detector_files, detector_judge, photo_net
from scripts.detection.boxes import iou
from scripts.detection.detections import Detections
from scripts.detection.detector import Detector
from scripts.detection.detector_judge import Judge
from scripts.detection.detector_pictures import brought_to
from scripts.detection.evaluation import evaluate, objects_in

QUICK = {"steps": 2, "start": "nothing", "side": 96, "doing": ""}


def some(scenes, which):
    parts = ([part[i] for i in which] for part in (scenes.boxes, scenes.labels))
    return Scenes(scenes.images[list(which)], *parts, scenes.classes)


@pytest.fixture(scope="module")
def scenes():
    return data.load_scenes(8)


@pytest.fixture(scope="module")
def learned(scenes):
    """Trained while it is said at each check that it got worse; and its weights at each check."""
    seen, scores = [], iter(np.linspace(0.9, 0.1, 99))
    patch = pytest.MonkeyPatch()
    patch.setattr(
        detector_judge, "evaluate", lambda *_: evaluate([], [], 1).__class__(np.ones(1), next(scores), [])
    )
    judged = Judge.__call__

    def call(judge, done):
        ended = judged(judge, done)
        if done % judge.every == 0:
            seen.append((done, ended, judge.detector.net.model.get_weights()))
        return ended

    patch.setattr(Judge, "__call__", call)
    detector = Detector.train(
        some(scenes, range(6)), some(scenes, (6, 7)), **QUICK | {"steps": 12}, about={"data": "six scenes"}
    )
    patch.undo()
    return detector, seen


# finding


def test_boxes_are_in_pixels_of_the_picture(learned, scenes):
    detector, picture = learned[0], scenes.images[1]
    wide = np.tile(picture, (1, 2, 1))
    for shown in (picture, wide):
        found = detector(shown, min_score=0.0)
        height, width = shown.shape[:2]
        assert len(found.boxes) and (np.diff(found.scores) <= 0).all()
        assert (found.boxes >= 0).all() and (found.boxes <= (width, height) * 2).all()
        # it looked at 96 pixels
        assert found.boxes[:, 2].max() > 0.8 * width
        small, factors = brought_to(shown, 96)
        again = photo_net.detect(detector._stages, small, 0.0, 0.3, 2)
        assert np.allclose(found.boxes * factors, again.boxes, atol=1e-3)
    assert len(detector(picture, min_score=2.0).boxes) == 0


@pytest.mark.parametrize("size", [(48, 96), (96, 96), (300, 200), (5, 7), (20_000, 3), (3, 20_000), (1, 1)])
def test_a_picture_is_brought_to_its_side_and_boxes_go_with_it(size):
    image = np.zeros((*size, 3), np.uint8)
    small, factors = brought_to(image, 96)
    # whole cells of the map, and as near to the picture's own form as these allow
    assert max(small.shape[:2]) == 96 and not np.any(np.array(small.shape[:2]) % 16)
    assert abs(min(small.shape[:2]) - max(16, 96 * min(size) / max(size))) <= 8
    assert np.allclose(np.float32([0, 0, *size[::-1]]) * factors, [0, 0, *small.shape[1::-1]], rtol=1e-5)
    if max(size) == 96:
        assert small is image


@pytest.mark.parametrize("size", [(12, 20_000), (20_000, 12), (1, 1), (7, 5)])
def test_a_thin_or_tiny_picture_is_looked_at(learned, size):
    found = learned[0](np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8), min_score=0.0)
    assert (found.boxes >= 0).all() and (found.boxes <= np.float32(size[::-1] * 2) + 0.01).all()


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3)),
        np.zeros((0, 9, 3), np.uint8),
        "a.jpg",
    ],
    ids=["grey", "alpha", "floats", "empty", "a name"],
)
def test_what_is_no_picture_is_told(learned, picture):
    with pytest.raises(
        ValueError, match=r"\Aa picture is uint8 of shape \(height, width, 3\), RGB, .*this is .* of \(.*\)\Z"
    ):
        learned[0](picture)


# judging itself


def test_a_training_that_gets_no_better_ends_early_with_its_best_weights(learned):
    detector, seen = learned
    assert [done for done, *_ in seen] == [2, 4, 6, 8] and [ended for _, ended, _ in seen] == [False] * 3 + [
        True
    ]
    assert len(detector.history) == 8 and np.isfinite(detector.history).all()
    now, best, last = detector.net.model.get_weights(), seen[0][2], seen[-1][2]
    assert all(map(np.array_equal, now, best)) and not all(map(np.array_equal, best, last))


def test_the_card_tells_how_it_was_made(learned):
    card = json.loads(json.dumps(learned[0].card))
    assert card["plan"]["classes"] == list("0123456789") and card["plan"]["side"] == 96
    assert card["data"] == "six scenes" and card["tests"] == [] and card["tested on"] == "not tested yet"
    made = card["made"]
    assert made["start"] == "nothing" and made["settings"]["steps"] == 12 and made["steps done"] == 8
    assert made["pictures"] == 6 and made["objects"] == 13
    assert [entry["step"] for entry in card["validation"]] == [2, 4, 6, 8]
    assert detector_files.plan_of(card) == learned[0].net.plan


def test_scores_that_are_no_numbers_end_no_training_and_the_last_weights_stay(learned, scenes, monkeypatch):
    """A validation part without objects has no score."""
    empty = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.int32)]
    judge = Judge(learned[0], Scenes(scenes.images[:1], *empty), 6)
    monkeypatch.setattr(learned[0], "find_all", lambda images: [None for _ in images])
    monkeypatch.setattr(detector_judge, "evaluate", lambda *_: evaluate([], [], 1))
    assert not any(judge(done) for done in range(1, 13)) and len(judge.scores) == 12
    assert np.isnan(judge.scores[0]["mAP@0.5"])


def test_it_is_judged_on_what_it_finds(learned, scenes, monkeypatch):
    detector, pictures = learned[0], some(scenes, (6, 7))

    def half_right(images):
        """All objects of the first picture, and of the second none, wherever they are in the size that is shown."""
        scale, nothing = images[0].shape[1] / 160, np.zeros((0, 4))
        boxes, labels = [pictures.boxes[0] * scale, nothing], [pictures.labels[0], np.zeros(0, int)]
        return [Detections(*one) for one in zip(boxes, map(np.ones, map(len, boxes)), labels, strict=True)]

    truth = half_right(pictures.images)
    monkeypatch.setattr(detector, "find_all", half_right)
    judge = Judge(detector, pictures, 6)
    judge(1)
    mean = evaluate(truth, objects_in(pictures), 10).mean
    assert 0 < mean < 1 and judge.scores == [{"step": 1, "mAP@0.5": mean, "mAP@0.75": mean}]


def test_an_evaluation_asks_for_its_own_classes_and_for_pictures(learned, scenes):
    detector = learned[0]
    assert (
        detector.evaluate(some(scenes, (6, 7))).average_precision.shape == (10,) and len(detector.found) == 2
    )
    with pytest.raises(ValueError, match=r"\Athis detector knows 0, 1, .*; the set has a, b\Z"):
        detector.evaluate(replace(scenes, classes=("a", "b")))
    with pytest.raises(ValueError, match=r"\Athere is no picture to judge by\Z"):
        detector.evaluate(some(scenes, ()))


@pytest.mark.long
def test_two_scenes_learnt_by_heart_are_localised(scenes):
    two = some(scenes, (2, 3))
    detector = Detector.train(two, steps=150, start="digits", side=128, mirror=False, rate=1e-3, doing="")
    strict = detector.evaluate(two, 0.75)
    print(f"mAP@0.75 {strict.mean:.3f}")
    assert strict.mean > 0.9
    for found, truth in zip(detector.found, objects_in(two), strict=True):
        sure = found.scores > 0.5
        overlaps = iou(found.boxes[sure], truth.boxes)
        # each object once, and nothing else
        assert overlaps.shape[0] == len(truth.boxes) and (overlaps.max(axis=0) > 0.75).all()
