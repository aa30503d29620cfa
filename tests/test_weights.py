"""Shipped weights: nothing is loaded whose bytes are not the manifest's; every card is complete."""

import json

import numpy as np
import pytest

from scripts import models, weights
from scripts.claims import missing
from scripts.data.pictures import load_mnist, mnist_sample
from scripts.detection import fast_rcnn, faster_rcnn, rcnn
from scripts.tools.trainers import lesson_07


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifest.json").write_text('{"weights": {}}')
    return tmp_path


def small(units=3):
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape=(4,)), keras.layers.Dense(units)])


def test_stored_weights_come_back_and_their_card_with_them(folder):
    model = small()
    weights.add(
        model, "tiny", {"data": "none", "seed": 0, "seconds": 0.1, "epochs": 0, "score": None}, folder
    )
    other = small()
    other.set_weights([np.zeros_like(w) for w in other.get_weights()])
    card = weights.load(other, "tiny", folder)
    assert card["seed"] == 0 and card["file"] == "tiny.weights.h5"
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    assert weights.verified("tiny", folder).name == "tiny.weights.h5"


def test_changed_truncated_missing_unknown_or_unfitting_weights_are_clear_errors(folder):
    path = weights.add(small(), "tiny", {}, folder)
    content = path.read_bytes()
    with pytest.raises(weights.WeightsError, match="does not fit this model"):
        weights.load(small(units=5), "tiny", folder)
    for bad in (content[:-10], content[:-1] + bytes([content[-1] ^ 1]), b"<html>not found</html>"):
        path.write_bytes(bad)
        with pytest.raises(weights.WeightsError, match="not the file of the manifest.*git checkout"):
            weights.load(small(), "tiny", folder)
    path.unlink()
    with pytest.raises(weights.WeightsError, match="is missing. Cure"):
        weights.verified("tiny", folder)
    with pytest.raises(weights.WeightsError, match=r"no weights 'huge'.*there are: tiny"):
        weights.verified("huge", folder)
    (folder / "manifest.json").write_text("<html>")
    with pytest.raises(weights.WeightsError, match="cannot be read"):
        weights.verified("tiny", folder)


def test_every_shipped_file_is_the_one_of_its_card():
    cards = weights.manifest()
    assert {path.name for path in weights.FOLDER.glob("*.h5")} == {card["file"] for card in cards.values()}
    for name, card in cards.items():
        assert missing(f"weights:{name}") is None
        assert {"data", "seed", "seconds", "epochs", "score", "bytes", "sha256"} <= set(card), json.dumps(
            card
        )


NETS = {  # those that stand beside their detector, not in models.py
    "rcnn_detector": rcnn.rcnn_detector,
    "scene_digits": fast_rcnn.digit_classifier,
    "fast_rcnn": fast_rcnn.detector,
    "faster_rcnn": faster_rcnn.detector,
}


def net_of(name):
    """The net that shipped weights belong to, and something that it takes."""
    model = NETS[name]() if name in NETS else getattr(models, name)()
    if len(model.inputs) == 3:  # pictures, boxes, and the picture of each box
        boxes = np.array([[10.0, 10, 50, 60], [0, 0, 64, 64]], "float32")
        return model, [np.full((2, 64, 64, 3), 0.5, "float32"), boxes, np.zeros(2, "int32")]
    return model, np.full((2, *model.input_shape[1:]), 0.5, "float32")


@pytest.mark.parametrize("name", sorted(weights.manifest()))
def test_shipped_weights_fit_the_net_of_their_name_and_give_finite_outputs(name):
    model, given = net_of(name)
    card = weights.load(model, name)
    assert model.count_params() == card["parameters"]
    out = model(given)
    for one in out if isinstance(out, (list, tuple)) else [out]:  # a detector has several
        assert np.isfinite(one.numpy()).all() and len(one) == 2


def test_no_shipped_weight_has_seen_the_samples_test_digits():
    sample = mnist_sample()
    held_out = set(lesson_07.digests(sample["x_test"]))
    assert len(held_out) == 1000 and not held_out & set(lesson_07.digests(sample["x_train"]))
    both, labels = (np.concatenate([sample[f"{letter}_test"], sample[f"{letter}_train"]]) for letter in "xy")
    x, y = lesson_07.without_sample_test(both, labels)
    np.testing.assert_array_equal(x, sample["x_train"])
    np.testing.assert_array_equal(y, sample["y_train"])
    trained_on_mnist = [card for card in weights.manifest().values() if "mnist" in card["data"]]
    assert trained_on_mnist and all("59,000 training pictures" in card["data"] for card in trained_on_mnist)


def test_of_full_mnist_exactly_the_samples_test_digits_are_left_out():
    images = load_mnist()
    x, _ = lesson_07.without_sample_test(images.x_train, images.y_train)
    assert len(x) == (59_000 if images.source == "full" else len(images.x_train))


def test_the_shipped_digit_classifier_reads_the_samples_test_digits():
    sample, model = mnist_sample(), models.mnist_cnn()
    weights.load(model, "mnist_cnn")
    logits = model(sample["x_test"][..., None].astype("float32") / 255).numpy()
    assert np.mean(logits.argmax(axis=1) == sample["y_test"]) >= 0.99


@pytest.mark.parametrize(
    "text", ["1", '{"weights": []}', '{"weights": {"tiny": 1}}', '{"weights": {"tiny": {}}}']
)
def test_manifest_of_another_form_is_a_clear_error(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(weights.WeightsError, match="Restore it with: git checkout weights"):
        weights.verified("tiny", tmp_path)
