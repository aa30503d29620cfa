"""`make cards`: results are kept run by run and read again; a card says how it was made; a lesson's card is whole."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from scripts import cards as reader
from scripts.detection.detections import Detections
from scripts.detection.evaluation import Objects, evaluate, paired_bootstrap, trainings_bootstrap
from scripts.tools import cards
from scripts.tools.card_runs import lesson_18


@pytest.fixture
def study(monkeypatch, tmp_path):
    """A lesson with two runs, and a list of the runs that were made."""
    made = []

    def run(seed, steps):
        made.append((seed, steps))
        return {"score": seed + steps / 10}

    module = SimpleNamespace(
        CARD="trial",
        RUNS={"a": (run, (0, 1), {}), "b": (run, (1,), {"steps": 2})},
        card=lambda results: {"results": results},
    )
    monkeypatch.setattr(cards, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(reader, "FOLDER", tmp_path / "cards")
    monkeypatch.setattr(cards.importlib, "import_module", lambda name: module)
    return module, made


def test_a_card_holds_every_run_and_how_it_was_made(study):
    cards.make("18")
    card = reader.read("trial")
    assert card["results"] == {"a": {"score": 0.1}, "b": {"score": 1.2}}
    assert card["made"]["command"] == "make cards LESSONS=18" and len(card["made"]["date"]) == 10
    assert (
        set(card["made"]["versions"]) == {"tensorflow", "keras", "numpy"}
        and "cores" in card["made"]["machine"]
    )


def test_a_stopped_command_goes_on_where_it_was(study):
    module, made = study
    whole = dict(module.RUNS)
    module.RUNS = {"a": whole["a"]}
    cards.make("18")
    module.RUNS = whole
    cards.make("18")
    assert made == [(0, 1), (1, 2)]


def test_a_run_with_other_arguments_is_made_anew(study):
    module, made = study
    cards.make("18")
    module.RUNS["a"] = (module.RUNS["a"][0], (0, 5), {})
    cards.make("18")
    assert made == [(0, 1), (1, 2), (0, 5)] and reader.read("trial")["results"]["a"] == {"score": 0.5}


def test_again_makes_every_run_anew(study, monkeypatch):
    _, made = study
    cards.make("18")
    monkeypatch.setenv("AGAIN", "1")
    cards.make("18")
    assert len(made) == 4


def test_what_fails_leaves_what_was_made(study):
    module, made = study
    module.RUNS["b"] = (lambda: 1 / 0, (), {})
    with pytest.raises(ZeroDivisionError):
        cards.make("18")
    assert reader.read("trial")["results"] == {"a": {"score": 0.1}}


def test_a_card_that_is_missing_or_broken_is_told_with_its_cure(tmp_path):
    with pytest.raises(reader.CardError, match=r"none\.json cannot be read.*make cards"):
        reader.read("none", tmp_path)
    (tmp_path / "half.json").write_text('{"rows": [')
    with pytest.raises(reader.CardError, match="git checkout data/cards"):
        reader.read("half", tmp_path)


def test_the_command_says_which_lessons_have_none(capsys):
    assert cards.main("01") == 0
    assert "No lesson reads a card among 01." in capsys.readouterr().out


def test_the_detectors_card_holds_every_way_and_seed():
    card = reader.read(lesson_18.CARD)
    equal = {row["name"]: row for row in card["rows"] if row["budget"] == "equal"}
    assert set(lesson_18.EQUAL) | {"Faster R-CNN, two passes"} == set(equal)
    for row in [*equal.values(), *card["changes"]]:
        assert row["seeds"] == list(lesson_18.SEEDS)
        for values in (*row["map"].values(), *row["recall"].values()):
            assert len(values) == len(row["seeds"]) and all(0 < value <= 1 for value in values)
    best = {row["name"]: row["seeds"] for row in card["rows"] if row["budget"] == "best"}
    assert best["Faster R-CNN"] == [0, 1, 2] and {"R-CNN", "Fast R-CNN"} <= set(best)
    assert {row["name"] for row in card["changes"]} == {*lesson_18.CHANGES, "both, RoIAlign, two passes"}
    assert set(card["milliseconds"]) == {"R-CNN", "Fast R-CNN", "Faster R-CNN", "Faster R-CNN, two passes"}


def test_one_budget_is_about_the_same_for_all():
    rows = [row for row in reader.read(lesson_18.CARD)["rows"] if row["budget"] == "equal"]
    seconds = [np.mean(row["seconds"]) for row in rows]
    assert max(seconds) < 1.25 * min(seconds) and len({row["scenes"] for row in rows}) == 1


def test_differences_are_those_of_the_rows():
    card = reader.read(lesson_18.CARD)
    rows = {row["name"]: row for row in card["rows"] if row["budget"] == "equal"}
    assert {(one["one"], one["other"]) for one in card["differences"]} == set(lesson_18.PAIRS)
    for one in card["differences"]:
        for limit in map(str, lesson_18.LIMITS):
            points, low, high = one[limit]
            means = [np.mean(rows[one[side]]["map"][limit]) for side in ("one", "other")]
            assert abs(points - 100 * (means[1] - means[0])) < 0.02 and low < high


def an_evaluation(rng, good: float):
    """A detector that finds each of 40 objects of two classes with a chance, and reports as much nonsense."""
    truth = [Objects(np.array([[0.0, 0, 10, 10]]), np.array([i % 2])) for i in range(40)]
    found = []
    for there in truth:
        boxes = there.boxes if rng.random() < good else there.boxes + 50
        found.append(Detections(boxes, rng.random(1), there.labels))
    return evaluate(found, truth, 2)


def test_an_interval_over_trainings_is_wider_than_over_pictures():
    rng = np.random.default_rng(0)
    ways = [[an_evaluation(rng, good) for good in each] for each in ((0.3, 0.6, 0.9), (0.5, 0.7, 0.95))]
    number, low, high = trainings_bootstrap(*ways)
    means = [np.mean([one.mean for one in way]) for way in ways]
    assert number == pytest.approx(means[1] - means[0]) and low < number < high
    _, paired_low, paired_high = paired_bootstrap(ways[0][1], ways[1][1])
    assert high - low > 1.2 * (paired_high - paired_low)


def test_one_training_each_is_the_paired_interval_of_pictures():
    rng = np.random.default_rng(1)
    one, other = an_evaluation(rng, 0.5), an_evaluation(rng, 0.9)
    np.testing.assert_allclose(trainings_bootstrap([one], [other]), paired_bootstrap(one, other))


def test_intervals_over_trainings_refuse_what_cannot_be_compared():
    rng = np.random.default_rng(2)
    one = an_evaluation(rng, 0.5)
    with pytest.raises(ValueError, match="has to be a training"):
        trainings_bootstrap([one], [])
    other = evaluate(
        [Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))],
        [Objects(np.array([[0.0, 0, 9, 9]]), np.array([0]))],
        2,
    )
    with pytest.raises(ValueError, match="not of the same pictures"):
        trainings_bootstrap([one], [other])


def test_kept_results_are_whole_files(study, tmp_path):
    cards.make("18")
    files = sorted(path.name for path in (tmp_path / "kept" / "trial").iterdir())
    assert files == ["a.json", "b.json"]
    assert json.loads((tmp_path / "kept" / "trial" / "a.json").read_text())["result"] == {"score": 0.1}
