"""Shipped weights: nothing is loaded whose bytes are not the manifest's; every card is complete."""

import json

import numpy as np
import pytest

from scripts import weights


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
    assert weights.missing("tiny", folder) is None


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
    assert "cannot be read" in weights.missing("tiny", folder)


def test_every_shipped_file_is_the_one_of_its_card():
    cards = weights.manifest()
    assert {path.name for path in weights.FOLDER.glob("*.h5")} == {card["file"] for card in cards.values()}
    for name, card in cards.items():
        assert weights.missing(name) is None
        assert {"data", "seed", "seconds", "epochs", "score", "bytes", "sha256"} <= set(card), json.dumps(
            card
        )
