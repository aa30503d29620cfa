"""A detector's folder that is damaged, not whole, or of another course: one clear line each, and nothing of it is run."""

import json
import shutil
import warnings

import keras
import pytest

from scripts.detection import detector_files
from scripts.detection.detector import Detector
from scripts.detection.detector_files import CARD, WEIGHTS, DetectorError
from tests.test_detector_files import NAMES, new, told


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept") / "detector"
    new().save(folder)
    return folder


@pytest.fixture
def copy(kept, tmp_path):
    """A folder that a test may spoil."""
    return shutil.copytree(kept, tmp_path / "my detector")


def changed(folder, **entries):
    """Other entries in the card, a None takes one out."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8")) | entries
    card = {key: value for key, value in card.items() if value is not None}
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"my detector: {name} is missing")


def test_a_path_without_a_detector_is_named(copy):
    for path, words in (
        (copy / CARD, "card.json: it is a file"),
        (copy / "no", "no: there is no such folder"),
    ):
        with pytest.raises(DetectorError) as problem:
            Detector.load(path)
        assert told(problem, words, "train a detector first")


@pytest.mark.parametrize("at", [0, 2000, -1])
def test_weights_changed_by_one_byte_or_cut_off_are_refused(copy, at):
    content = bytearray((copy / WEIGHTS).read_bytes())
    content[at] ^= 1
    for spoiled in (content, content[:-1], b""):
        (copy / WEIGHTS).write_bytes(spoiled)
        with pytest.raises(DetectorError) as problem:
            Detector.load(copy)
        assert told(
            problem, f"my detector: {WEIGHTS} is not the file that {CARD} speaks of", "Copy both again"
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSONDecodeError"),
        ('{"form": 1', "JSONDecodeError"),
        ("[1, 2]", "TypeError"),
        ("{}", "KeyError: 'form'"),
        ('{"form": "1"}', "the form is a whole number, not '1'"),
        ('{"form": Infinity}', "a whole number, not inf"),
        ('{"form": 0}', "a whole number, not 0"),
        ("[" * 100_000, "RecursionError"),
        (b"\xff\xfe{", "UnicodeDecodeError"),
    ],
)
def test_a_card_that_is_no_card_is_told(copy, text, words):
    (copy / CARD).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"my detector: {CARD} cannot be read (", words)


def test_a_later_form_asks_for_a_later_course(copy):
    changed(copy, form=3)
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(
        problem, "by a later version of the course (form 3, this one reads up to 2): update the course"
    )


@pytest.mark.parametrize(
    "plan",
    [
        *({"classes": one} for one in ("cat", [], [1], None)),
        *(
            {"anchors": one}
            for one in ([], [[1, 0]], [[1, 2, 3]], [[1, "x"]], 5, [[float("nan"), 1]], [[1, 1e999]])
        ),
        *({"side": one} for one in (0, "96", 1e9, 10**9, True)),
        *({"width": one} for one in (-1, None, 2.5)),
        {"depth": 3},
        # anchors are of the network, and a search has none; and what is no search
        {"anchors": []},
        {"search": {"strategy": "fast"}},
        *(
            {"anchors": [], "search": one}
            for one in (5, "fast", {"strategy": "slow"}, {"k": 0}, {"k": []}, {"sigma": -1}, {"depth": 3})
        ),
    ],
    ids=str,
)
def test_a_plan_that_is_not_whole_is_told(copy, plan):
    changed(copy, plan=json.loads((copy / CARD).read_text(encoding="utf-8"))["plan"] | plan)
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"the plan in {CARD} is not whole (")


@pytest.mark.parametrize(
    "plan",
    [
        {"anchors": [], "search": {"strategy": "fast"}},
        {"anchors": [[12.0, 20.0], [30.0, 31.5]]},
        {"side": 95},
        {"classes": [*NAMES[:9], "x"]},
    ],
)
def test_a_plan_changed_later_is_refused(copy, plan):
    changed(copy, plan=json.loads((copy / CARD).read_text(encoding="utf-8"))["plan"] | plan)
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"my detector: the plan in {CARD} was changed after the detector was written")


@pytest.mark.parametrize("said", [None, 5, {}, {"bytes": "many", "sha256": 3}])
def test_a_card_that_does_not_speak_of_the_weights_is_refused(copy, said):
    changed(copy, weights=said)
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"is not the file that {CARD} speaks of")


@pytest.mark.parametrize("plan", [{"width": 9}, {"backbone": "vgg"}], ids=str)
def test_weights_of_another_plan_are_refused(copy, plan):
    """Whoever changed the plan has made its sum anew."""
    card = json.loads((copy / CARD).read_text(encoding="utf-8"))
    card["plan"] |= plan
    changed(copy, plan=card["plan"], weights=card["weights"] | {"plan": detector_files._plan_sum(card)})
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"my detector: the weights do not fit the plan in {CARD}")


def test_a_keras_that_leaves_layers_out_is_told(copy, monkeypatch):
    """As one of another version does with what it finds elsewhere in the file than it looked for."""
    monkeypatch.setattr(
        keras.Model, "load_weights", lambda *_: warnings.warn("Skipping a container", stacklevel=2)
    )
    changed(copy, made={"versions": {"keras": "3.1"}})
    with pytest.raises(DetectorError) as problem:
        Detector.load(copy)
    assert told(problem, f"does not read all of {WEIGHTS}, which Keras 3.1 wrote. Load it with that version")


def test_words_of_the_card_may_be_edited(copy):
    changed(copy, **{"not for": "anything", "data": "mine"})
    assert Detector.load(copy).card["data"] == "mine"
