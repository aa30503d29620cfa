"""What a detector learns from: odd pictures and odd sets are learnt from, and what cannot be is one clear line."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from scripts import data, weights
from scripts.data.scenes import Scenes
from scripts.detection import detector as module
from scripts.detection import detector_results, fast_rcnn, photo_net
from scripts.detection.detections import Detections
from scripts.detection.detector import Detector
from scripts.detection.detector_pictures import usable
from scripts.detection.evaluation import evaluate, objects_in
from tests.test_read_any import picture as noise
from tests.test_read_any import yolo

QUICK = {"steps": 2, "start": "nothing", "side": 96, "doing": ""}


def one(boxes, labels=None, image=None, classes=("cat",), difficult=None):
    """A set of one picture, as a folder gives it."""
    boxes = np.float32(boxes).reshape(-1, 4)
    image = np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8) if image is None else image
    labels = np.zeros(len(boxes), np.int32) if labels is None else np.int32(labels)
    difficult = np.zeros(len(boxes), bool) if difficult is None else np.array(difficult)
    return data.VocSet([image], [boxes], [labels], [difficult], classes, [image.shape[1::-1]], ())


@pytest.fixture
def eager():
    """Without graphs, whose making takes longer than two steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def scenes():
    return data.load_scenes(4)


def test_difficult_objects_are_left_out():
    boxes = [[0, 0, 40, 40], [50, 50, 90, 90]]
    ((image, kept, labels),) = usable(one(boxes, [0, 1], classes=("a", "b"), difficult=[True, False]), 192)
    assert image.shape == (192, 192, 3) and kept.tolist() == [[100, 100, 180, 180]] and labels.tolist() == [1]
    sets = one(boxes, difficult=[True, True]), one(boxes)
    both = replace(
        sets[0],
        **{
            part: getattr(sets[0], part) + getattr(sets[1], part)
            for part in ("images", "boxes", "labels", "difficult")
        },
    )
    # a picture of which nothing else is known would teach that they are background
    assert [len(kept) for _, kept, _ in usable(both, 96)] == [2]


BOX = [[10, 10, 60, 70]]
BAD = {
    "no object": (lambda: one([]), {}, "there is no object to learn from"),
    "only difficult": (lambda: one(BOX, difficult=[True]), {}, "there is no object to learn from"),
    "only tiny": (
        lambda: one([[0, 0, 2, 3]]),
        {},
        "each object has fewer than 4 pixels where a picture's longer side has 96: train with",
    ),
    "no picture": (
        lambda: data.VocSet([], [], [], [], ("cat",), [], ()),
        {},
        "there is no object to learn from",
    ),
    "a grey one": (lambda: one(BOX, image=np.zeros((9, 9), np.uint8)), {}, "a picture is uint8 of shape"),
    "floats": (lambda: one(BOX, image=np.zeros((9, 9, 3))), {}, "a picture is uint8 of shape"),
    "a label too many": (
        lambda: one(BOX, [1]),
        {},
        "picture 0 has the label 1, and there are 1 classes, from 0",
    ),
    "other classes": (
        lambda: one(BOX),
        {"validation": one(BOX, classes=("dog",))},
        "the validation part has other classes than",
    ),
    "another start": (
        lambda: one(BOX),
        {"start": "coco"},
        "start is one of imagenet, digits, nothing, not 'coco'",
    ),
    "another source": (
        lambda: one(BOX),
        {"proposals": "sliding"},
        "proposals come from 'network' or 'selective search', not 'sliding'",
    ),
    "a search for the network": (
        lambda: one(BOX),
        {"search": {"strategy": "fast"}},
        "search is for proposals='selective search'; these come from the network",
    ),
    "another search": (
        lambda: one(BOX),
        {"proposals": "selective search", "search": {"depth": 3}},
        "search is strategy, k, sigma and smallest of selective search, not {'depth': 3}",
    ),
    "another strategy": (
        lambda: one(BOX),
        {"proposals": "selective search", "search": {"strategy": "slow"}},
        "the strategy of a search is one of single, fast, and k some numbers",
    ),
    "no start of a search": (
        lambda: one(BOX),
        {"proposals": "selective search", "search": {"k": (0, 50)}},
        "k, sigma and smallest of a search are numbers, none below 0, and k is above 0",
    ),
    "no steps": (lambda: one(BOX), {"steps": 0}, "steps is 1 or more, not 0"),
    "too small": (lambda: one(BOX), {"side": 63}, "side is 64 or more, not 63"),
    "no anchors": (lambda: one(BOX), {"anchors": 0}, "anchors is 1 or more, not 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_learnt_from_is_one_line(case):
    made, settings, line = BAD[case]
    with pytest.raises(ValueError) as problem:
        Detector.train(made(), **QUICK | settings)
    assert str(problem.value).startswith(line) and "\n" not in str(problem.value)


def test_the_digits_are_a_start(scenes):
    net = photo_net.Net(photo_net.Plan(("a",), ((9.0, 9.0),), photo_net.SMALL, None, 96, 8))
    before = net.trained.get_weights()
    module.start_from_digits(net)
    digits = fast_rcnn.digit_classifier()
    weights.load(digits, "scene_digits")
    now = net.trained.get_weights()
    assert all(map(np.array_equal, now, digits.get_layer("backbone").get_weights()))
    assert not any(map(np.array_equal, now[::2], before[::2]))


def learns(pictures, **settings):
    detector = Detector.train(pictures, **QUICK | settings)
    assert detector.history.shape == (settings.get("steps", 2), 4) and np.isfinite(detector.history).all()
    return detector


def test_one_picture_of_one_class_20_000_pixels_wide(eager):
    thin = np.random.default_rng(0).integers(0, 255, (300, 20_000, 3), np.uint8)
    detector = learns(one([[500, 20, 9000, 280]], image=thin), steps=1)
    found = detector(thin, min_score=0.0)
    assert found.boxes.shape[1] == 4 and (found.boxes <= (20_001, 301) * 2).all()
    assert len(detector.net.plan.anchors) == 1


def test_200_classes_and_pictures_without_objects(eager, scenes):
    names, nothing = tuple(f"class {i}" for i in range(200)), [np.zeros((0, 4), np.float32)] * 2
    mixed = Scenes(
        scenes.images[:4],
        [*nothing, *scenes.boxes[2:4]],
        [np.zeros(0, np.int32)] * 2 + [one + 190 for one in scenes.labels[2:4]],
        names,
    )
    detector = learns(mixed)
    assert detector.classes == names and detector.card["made"]["pictures"] == 4
    assert detector.evaluate(mixed).average_precision.shape == (200,)


def test_grey_alpha_16_bits_and_a_turned_photograph(eager, tmp_path):
    """As `read_any` gives them; the turned one's box is on the picture as it is shown."""
    box, exif = [("cat", (4, 6, 60, 90))], Image.Exif()
    exif[0x0112] = 6
    marked = {noise(tmp_path / f"{mode}.png", (80, 100), mode): box for mode in ("L", "RGBA", "P")}
    Image.fromarray(np.full((100, 80), 40_000, np.uint16)).save(tmp_path / "16.png")
    noise(tmp_path / "turned.jpg", (100, 80), exif=exif)
    marked |= {tmp_path / "16.png": box}
    yolo(tmp_path, marked)
    (tmp_path / "turned.txt").write_text((tmp_path / "L.txt").read_text())
    parts = data.read_any(tmp_path, shares=(1, 0, 0), tell=False)
    assert len(parts.train) == 5 and parts.skipped == ()
    for image, boxes, _ in usable(parts.train, 100):
        assert image.shape == (96, 80, 3) and np.allclose(boxes, [[4, 5.76, 60, 86.4]])
    learns(parts.train)


def test_all_parts_together_are_the_folder(tmp_path, scenes):
    data.write_voc(scenes, tmp_path / "all", "train")
    data.write_voc(data.load_scenes(2, "test"), tmp_path / "all", "test")
    parts = data.read_any(tmp_path / "all", tell=False)
    whole = detector_results.together(parts)
    assert len(whole) == len(set(whole.images.files)) == 6 and whole.classes == parts.classes
    read = {file.stem: boxes for file, boxes in zip(whole.images.files, whole.boxes, strict=True)}
    for i, boxes in enumerate(scenes.boxes):
        assert np.array_equal(read[f"train_{i:05d}"], boxes)
    said = [Detections(one.boxes, np.ones(len(one.boxes)), one.labels) for one in objects_in(whole)]
    assert evaluate(said, objects_in(whole), len(whole.classes)).mean == 1
