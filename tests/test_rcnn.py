"""R-CNN: warping, the labels of its three trainings, its machines and regressors, detection; and its bad input."""

import numpy as np
import pytest

from scripts import data, models, weights
from scripts.detection import detections, evaluation, proposals, rcnn, regions
from scripts.detection.boxes import decode, iou
from scripts.tools import anatomy, lessons
from scripts.tools.trainers import lesson_16
from tests.detection_cases import BOXES, LABELS, NO_LABEL, NONE, TRUTH


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


@pytest.fixture(scope="module")
def net():
    return rcnn.object_net()


def test_warp_of_a_box_of_its_own_size_is_a_cut(picture):
    """A box of 24 x 24 pixels with 2 of context fills 28 x 28 without any interpolation."""
    warped = rcnn.warp(picture, np.array([[20.0, 10, 44, 34]])).numpy()
    np.testing.assert_allclose(warped[0], picture[8:36, 18:46] / 255, atol=1e-4)


def test_warp_halves_a_box_of_twice_the_size(picture):
    """Sampling at pixel centres: of a box twice as large every sample is the mean of 2 x 2 pixels."""
    warped = rcnn.warp(picture, np.array([[10.0, 6, 58, 54]])).numpy()[0]
    inside = picture[2:58, 6:62].reshape(28, 2, 28, 2, 3).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(warped, inside, atol=1e-4)


def test_warp_changes_the_shape_of_the_box():
    ramp = np.repeat(np.arange(80, dtype=np.uint8)[None, :, None] * 3, 60, axis=0).repeat(3, axis=2)
    warped = rcnn.warp(ramp, np.array([[20.0, 20, 68, 32]])).numpy()[0]
    assert warped.shape == (28, 28, 3)
    np.testing.assert_allclose(warped[0, :, 0], (16 + 2 * np.arange(28) + 0.5) * 3 / 255, atol=1e-4)


def test_warp_goes_on_with_the_edge_outside(picture):
    warped = rcnn.warp(picture, np.array([[0.0, 0, 24, 24]])).numpy()[0]
    np.testing.assert_allclose(warped[:3, :3], np.broadcast_to(picture[0, 0] / 255, (3, 3, 3)), atol=1e-4)
    assert rcnn.warp(picture, NONE).shape == (0, 28, 28, 3)


def test_warp_shows_the_whole_picture(picture):
    assert np.isfinite(rcnn.warp(picture, np.array([[0.0, 0, 80, 60]])).numpy()).all()


def test_ink_is_the_same_for_a_negative():
    crops = np.full((1, 28, 28, 3), 0.2, np.float32)
    crops[:, 8:20, 12:16] = (0.9, 0.5, 0.1)
    bright = rcnn.ink(crops).numpy()
    np.testing.assert_allclose(rcnn.ink(1 - crops).numpy(), bright, atol=1e-6)
    assert bright.shape == (1, 28, 28, 1) and bright[0, 10, 13] == 1 and bright[0, 0, 0] < 1e-5


def test_net_keeps_the_shipped_convolutions(net):
    digits = models.mnist_cnn()
    weights.load(digits, "mnist_cnn")
    x = np.random.default_rng(1).random((2, 28, 28, 1)).astype(np.float32)
    pooled, features, logits = net(x)

    w, b = digits.layers[-1].get_weights()
    np.testing.assert_allclose(pooled.numpy() @ w + b, digits(x).numpy(), atol=1e-4)
    assert pooled.shape == (2, 3136) and features.shape == (2, 128) and logits.shape == (2, 11)
    assert features.numpy().min() >= 0


def test_tuning_labels_count_one_half_as_object():
    assert rcnn.tuning_labels(BOXES, TRUTH, LABELS).tolist() == [3, 3, 3, 10, 10]
    assert rcnn.tuning_labels(BOXES, NONE, NO_LABEL).tolist() == [10] * 5
    assert rcnn.tuning_labels(NONE, TRUTH, LABELS).tolist() == []


def test_svm_labels_are_of_each_class_alone():
    allowed = rcnn.svm_labels(BOXES, TRUTH, LABELS)
    assert allowed[:, 3].tolist() == [False, False, False, False, True]  # 0.3 is not below 0.3
    assert allowed[:, 7].all() and allowed[:, 0].all()  # an object of class 3 is a negative of class 7
    assert rcnn.svm_labels(BOXES, NONE, NO_LABEL).all()
    assert rcnn.svm_labels(NONE, TRUTH, LABELS).shape == (0, 10)


def test_regression_pairs_lead_to_the_object():
    near, targets, labels = rcnn.regression_pairs(BOXES, TRUTH, LABELS, iou_threshold=0.55)
    assert near.tolist() == [0, 1] and labels.tolist() == [3, 3]
    np.testing.assert_allclose(decode(BOXES[near], targets), TRUTH[[0, 0]], atol=1e-4)
    near, targets, labels = rcnn.regression_pairs(BOXES, NONE, NO_LABEL)
    assert len(near) == len(labels) == 0 and targets.shape == (0, 4)


def test_a_batch_has_its_share_of_objects():
    labels = np.array([10] * 50 + [1, 2])
    batch = rcnn.draw_batch(np.random.default_rng(0), labels)
    assert len(batch) == 128 and (labels[batch] != 10).sum() == 32


@pytest.mark.parametrize("labels", [[10, 10], [1, 2]])
def test_a_batch_of_one_kind_only(labels):
    assert len(rcnn.draw_batch(np.random.default_rng(0), np.array(labels))) == 128


def test_no_batch_of_nothing():
    with pytest.raises(ValueError, match="no box to learn from"):
        rcnn.draw_batch(np.random.default_rng(0), np.zeros(0, int))


def test_a_picture_without_proposals(net, picture):
    """Every step has an answer for it: features of no box, scores of no box, no detection."""
    pooled, features, logits = rcnn.describe(net, picture, NONE)
    assert pooled.shape == (0, 3136) and features.shape == (0, 128) and logits.shape == (0, 11)
    found = detections.detect(NONE, logits[:, :10], np.zeros((0, 10, 4)), size=picture.shape[:2])
    assert found.boxes.shape == (0, 4) and len(found.scores) == len(found.labels) == 0


def test_describe_is_what_the_net_says(net, picture):
    boxes = np.array([[5.0, 5, 30, 40], [0, 0, 80, 60]])
    expected = net(rcnn.ink(rcnn.warp(picture, boxes)), training=False)
    for ours, theirs in zip(rcnn.describe(net, picture, boxes), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-4)


def test_describe_takes_the_crops_it_is_given(net, picture):
    boxes = np.array([[5.0, 5, 30, 40], [0, 0, 80, 60]])

    def narrow(image, some):
        return rcnn.ink(rcnn.warp(image, some, context=0))

    expected = net(narrow(picture, boxes), training=False)
    for ours, theirs in zip(rcnn.describe(net, picture, boxes, crops=narrow), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-4)
    assert not np.allclose(rcnn.describe(net, picture, boxes)[0], expected[0])


def test_moved_boxes_need_the_pictures_size():
    """Without it they would be cut at the borders of some other picture."""
    boxes, scores = np.array([[100.0, 100, 300, 300]]), np.array([[0.9]])
    with pytest.raises(ValueError, match="give size=image.shape"):
        detections.detect(boxes, scores, np.zeros((1, 1, 4)))
    found = detections.detect(boxes, scores, np.zeros((1, 1, 4)), size=(240, 320))
    assert found.boxes.tolist() == [[100, 100, 300, 240]]
    assert detections.detect(boxes, scores).boxes.tolist() == boxes.tolist()


def clouds(rng, n=60):
    """Features of two classes, 0 and 2 of three, and of background."""
    centres = 20 * np.eye(5)[:3]
    positives = np.concatenate([centres[0] + rng.normal(size=(n, 5)), centres[2] + rng.normal(size=(n, 5))])
    return positives, np.repeat([0, 2], n), centres[1] + rng.normal(size=(400, 5))


def test_machines_tell_classes_apart_and_never_find_one_without_positives():
    rng = np.random.default_rng(0)
    positives, labels, negatives = clouds(rng)
    svms = rcnn.train_svms(positives, labels, negatives, np.ones((400, 3), bool), rng)
    scores = positives @ svms.weights + svms.biases
    assert (scores[labels == 0, 0] > 0).all() and (scores[labels == 2, 2] > 0).all()
    assert ((negatives @ svms.weights + svms.biases)[:, [0, 2]] < 0).all()
    assert np.isneginf(scores[:, 1]).all() and not np.isnan(scores).any()
    boxes = np.tile([[0.0, 0, 10, 10]], (len(scores), 1))
    assert 1 not in detections.detect(boxes, scores).labels


def test_a_class_without_negatives_is_never_found():
    rng = np.random.default_rng(0)
    positives, labels, negatives = clouds(rng)
    svms = rcnn.train_svms(positives, labels, negatives, np.zeros((400, 3), bool), rng)
    assert np.isneginf(svms.biases).all()


def test_hard_negatives_change_the_machine():
    """Few negatives drawn first lie far away; the pass over all finds those beside the positives."""
    rng = np.random.default_rng(0)
    positives = np.array([20.0, 0]) + rng.normal(size=(50, 2))
    negatives = np.concatenate(
        [[-20.0, 0] + rng.normal(size=(2000, 2)), [14.0, 6] + rng.normal(size=(20, 2))]
    )
    w, b = rcnn.train_svm(positives, negatives, rng, first=10)
    easy = rcnn.train_svm(positives, negatives[:2000], rng, first=10)
    assert (negatives[2000:] @ w + b).mean() < (negatives[2000:] @ easy[0] + easy[1]).mean() - 0.3


def test_ridge_is_least_squares_when_it_weighs_nothing():
    rng = np.random.default_rng(0)
    x, true = rng.normal(size=(200, 6)), rng.normal(size=(6, 4))
    w, b = rcnn.fit_ridge(x, x @ true + 3, ridge=1e-4)
    np.testing.assert_allclose(w, true, atol=1e-5)
    np.testing.assert_allclose(b, 3, atol=1e-5)
    normal = np.linalg.solve(np.cov(x.T, ddof=0) * 200 + 50 * np.eye(6), (x - x.mean(0)).T @ (x @ true))
    np.testing.assert_allclose(rcnn.fit_ridge(x, x @ true + 3, ridge=50)[0], normal, atol=1e-8)
    small, b = rcnn.fit_ridge(x, x @ true + 3, ridge=1e9)
    assert np.abs(small).max() < 1e-5


def test_detect_thresholds_suppresses_within_a_class_and_moves_boxes():
    boxes = np.array([[10.0, 10, 50, 50], [12, 10, 52, 50], [100, 100, 150, 150]])
    scores = np.array([[0.9, 0.2], [0.8, -2.0], [-2.0, -2.0]])
    found = detections.detect(boxes, scores)
    assert found.labels.tolist() == [0, 1] and found.scores.tolist() == [0.9, 0.2]
    deltas = np.zeros((3, 2, 4))
    deltas[0, 0] = [-0.75, 0, 0, 0]
    moved = detections.detect(boxes, scores, deltas, size=(160, 160))
    assert moved.scores.tolist() == [0.9, 0.8, 0.2]  # moved away, the best no longer suppresses the second
    assert moved.boxes[0].tolist() == [0, 10, 20, 50]  # cut at the picture's border
    assert iou(moved.boxes[2:], boxes[:1])[0, 0] == 1


def test_one_regressor_may_serve_all_classes():
    boxes, scores = np.array([[10.0, 10, 50, 50], [60, 60, 90, 90]]), np.array([[0.9, 0.2], [-2.0, 0.8]])
    one = np.array([[[0.25, 0, 0, 0]], [[0, 0.5, 0, 0]]])
    found = detections.detect(boxes, scores, one, size=(160, 160))
    assert found.boxes.tolist() == [[20, 10, 60, 50], [60, 75, 90, 105], [20, 10, 60, 50]]
    again = detections.detect(boxes, scores, np.repeat(one, 2, axis=1), size=(160, 160))
    np.testing.assert_array_equal(again.boxes, found.boxes)


def test_a_profile_tells_where_a_map_answers():
    maps = np.zeros((3, 4, 5, 2))  # four rows, five columns, two channels
    maps[0, 1, 3, 0] = 2.0
    maps[1] = 5 * maps[0]
    profiles = rcnn.profile(maps.reshape(3, -1), grid=(4, 5, 2))
    assert profiles.shape == (3, 18)
    across, down = profiles[0, :10].reshape(5, 2), profiles[0, 10:].reshape(4, 2)
    assert np.argwhere(across).tolist() == [[3, 0]] and np.argwhere(down).tolist() == [[1, 0]]
    np.testing.assert_allclose(np.linalg.norm(profiles, axis=1), [20, 20, 0])  # contrast does not count
    np.testing.assert_allclose(profiles[0], profiles[1])
    assert rcnn.profile(np.zeros((0, 3136))).shape == (0, 896)


def test_the_shipped_form_says_what_its_three_models_say(net):
    """Machines and regression as dense layers beside the net's own, in the file of `make weights`."""
    rng = np.random.default_rng(0)
    svms = rcnn.Svms(rng.normal(size=(128, 10)), rng.normal(size=10))
    w, b = rng.normal(size=(896, 4)), rng.normal(size=4)
    detector = lesson_16.joined(net, svms, (w * rcnn.NORM, b))
    x = rng.random((3, 28, 28, 1)).astype(np.float32)
    maps, features, logits = (output.numpy() for output in net(x))
    scores, moves, same = (output.numpy() for output in detector(x))
    np.testing.assert_allclose(scores, features @ svms.weights + svms.biases, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(moves, rcnn.profile(maps) @ w + b, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(same, logits, atol=1e-5)


def cells_of_lesson():
    return {cell.id: lessons.source(cell) for cell in lessons.read(lessons.chosen(["16"])[0]).cells}


@pytest.mark.parametrize(
    ("cell", "file", "name"),
    [
        ("sim-build", "proposals", "size_similarity"),
        ("sim-build", "proposals", "fill_similarity"),
        ("warp-build", "rcnn", "ink"),
        ("code-build", "boxes", "decode"),
    ],
)
def test_what_stands_beside_a_mirrored_function_is_mirrored_too(cell, file, name):
    """A cell names one function that it mirrors; these are the others in lesson 16."""
    theirs = (lessons.ROOT / f"scripts/detection/{file}.py").read_text(encoding="utf-8")
    assert anatomy.definition(cells_of_lesson()[cell], name) == anatomy.definition(theirs, name)


def test_the_lessons_greedy_loop_joins_as_group_does():
    """And a changed similarity changes what it joins."""
    space = {"np": np, "Hierarchy": proposals.Hierarchy}
    for cell in ("sim-build", "loop-build"):
        exec(cells_of_lesson()[cell], space)
    for image in data.load_scenes(3, "test").images:
        hsv = regions.in_colour_space(image, "HSV")
        found = regions.describe(regions.segment(hsv), regions.histogram_bins(hsv))
        ours, theirs = space["greedy"](found), proposals.group(found)
        for name in ("boxes", "joined", "similarity"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    space["size_similarity"] = lambda size_a, size_b, pixels: 0.0
    assert not np.array_equal(space["greedy"](found).joined, theirs.joined)


def test_the_lessons_matching_and_average_precision_are_the_evaluators():
    """On random detections of one class; some objects are found twice, some not at all."""
    rng, space = np.random.default_rng(0), {"np": np, "iou": iou}
    exec(cells_of_lesson()["match-build"], space)
    assert space["match"](BOXES, NONE).tolist() == [0] * len(BOXES)
    for limit in (0.5, 0.7):
        outcomes = []
        for _ in range(20):
            start = rng.uniform(0, 100, (3, 2))
            truth = np.concatenate([start, start + 40], axis=1)
            boxes = truth[rng.integers(3, size=6)] + rng.normal(scale=5, size=(6, 4))
            outcomes.append(space["match"](boxes, truth, limit))
            np.testing.assert_array_equal(outcomes[-1], evaluation.match(boxes, truth, None, limit))
        outcomes = np.concatenate(outcomes)
        curve = evaluation.precision_recall(outcomes, 60)
        assert space["average_precision"](outcomes, 60) == pytest.approx(evaluation.average_precision(*curve))
