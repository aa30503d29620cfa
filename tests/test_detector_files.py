"""A detector's folder: what is written is read again, and where it cannot be written nothing is lost; one clear line each."""

import json
import os
import shutil
import sys

import numpy as np
import pytest

from scripts.detection import detector_files, photo_net
from scripts.detection.detector import Detector
from scripts.detection.detector_files import CARD, WEIGHTS, DetectorError
from scripts.runtime import seed
from tests.support import program

NAMES = ("red fox", "café", "cafe\u0301", "on/off", "C:\\cat", '"quoted"', "여우", "../up", " ", "null")
PLAN = photo_net.Plan(NAMES, ((12.0, 20.0), (30.0, 30.5)), photo_net.SMALL, None, 96, 8)


# of the kind whose proposals come by selective search
SEARCHED = PLAN._replace(anchors=(), search={"strategy": "single", "k": [80, 150]})


def new(value=0, about=None, plan=PLAN):
    """A detector that has learned nothing."""
    seed(value)
    return Detector(photo_net.Net(plan), detector_files.card_of(plan, {"start": "nothing"}, about))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    detector, folder = new(), tmp_path_factory.mktemp("kept") / "detector"
    detector.save(folder)
    return detector, folder


@pytest.fixture
def copy(kept, tmp_path):
    """A folder that a test may spoil."""
    return shutil.copytree(kept[1], tmp_path / "my detector")


def same(one, other):
    pairs = zip(one.net.model.get_weights(), other.net.model.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def whole(folder, detector):
    """Whether a folder holds this detector, and nothing is left lying beside it."""
    assert sorted(path.name for path in folder.iterdir()) == [CARD, WEIGHTS]
    assert not list(folder.parent.glob(".detector-*"))
    return same(Detector.load(folder), detector)


def test_what_is_saved_is_loaded(kept):
    detector, folder = kept
    again = Detector.load(folder)
    assert again.net.plan == PLAN and again.classes == NAMES and again.card == detector.card
    assert whole(folder, detector) and not same(new(1), detector)


def test_a_detector_that_searches_is_saved_and_loaded_and_an_older_course_is_told(tmp_path, monkeypatch):
    detector, folder = new(plan=SEARCHED), tmp_path / "my detector"
    detector.save(folder)
    again = Detector.load(folder)
    assert again.net.plan == SEARCHED and again.net.proposals is None and again.card == detector.card
    assert whole(folder, detector) and again.card["form"] == 2 and again.history.shape == (0, 2)
    # the other kind is written as before there were two, so that an older course reads it
    assert "search" not in new().card["plan"] and new().card["form"] == 1
    monkeypatch.setattr(detector_files, "FORM", 1)
    with pytest.raises(DetectorError) as problem:
        Detector.load(folder)
    assert told(
        problem, "by a later version of the course (form 2, this one reads up to 1): update the course"
    )


def test_the_card_is_json_that_a_person_reads(tmp_path):
    about = {"data": "12 photographs", "not for": "foxes at night"}
    detector = new(about=about)
    detector.card["tests"] = [
        {"mAP": np.float32(0.5), "none": float("nan"), "sizes": np.arange(2), "n": np.int64(3)}
    ]
    detector.save(tmp_path / "one")
    text = (tmp_path / "one" / CARD).read_text(encoding="utf-8")
    card = json.loads(text, parse_constant=pytest.fail)
    assert card["tests"] == [{"mAP": 0.5, "none": None, "sizes": [0, 1], "n": 3}]
    assert about.items() <= card.items() and card["made for"] == detector_files.MADE_FOR
    assert card["tested on"] == "not tested yet" and card["form"] == 1
    assert "여우" in text and '"red fox"' in text and card["made"]["versions"]["keras"]


def test_an_older_detector_gives_way_and_another_folder_is_made(kept, copy):
    younger = new(1)
    (copy / ".DS_Store").write_bytes(b"of a file manager")
    younger.save(copy)
    assert whole(copy, younger)
    younger.save(copy.parent / "deep" / "in" / "it")
    assert whole(copy.parent / "deep" / "in" / "it", younger)


def test_a_link_is_followed(kept, copy):
    link, younger = copy.parent / "link", new(1)
    link.symlink_to(copy, target_is_directory=True)
    younger.save(link)
    assert link.is_symlink() and whole(copy, younger) and same(Detector.load(link), younger)


def told(problem, *words):
    """One line that holds these words, and no place of this machine."""
    text = str(problem.value)
    assert all(word in text for word in words), text
    assert "\n" not in text and len(text) < 300 and "/" not in text.replace("on/off", ""), text
    return True


# what cannot be written


def test_other_files_are_left_alone(copy):
    (copy / "notes.txt").write_text("mine")
    with pytest.raises(DetectorError) as problem:
        new(1).save(copy)
    assert told(problem, "my detector holds other files (notes.txt): name a new folder")
    assert (copy / "notes.txt").read_text() == "mine" and same(Detector.load(copy), new())


@pytest.mark.parametrize("name", ["a.txt", "a.txt/detector"])
def test_a_file_is_left_alone(tmp_path, name):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(DetectorError) as problem:
        new().save(tmp_path / name)
    assert told(problem, "a.txt is a file: name a folder") and (tmp_path / "a.txt").read_text() == "mine"


@pytest.mark.parametrize("step", ["room", "save_weights", "text", "exchange"])
def test_whatever_fails_the_older_one_is_whole_and_the_new_one_in_memory(kept, copy, monkeypatch, step):
    younger = new(1)

    def fail(*_, **__):
        raise OSError(28, os.strerror(28))

    if step == "room":
        # Keras is not asked to write what there is no room for: HDF5 would tell it in a page
        monkeypatch.setattr(detector_files.Path, "write_bytes", fail)
        monkeypatch.setattr(younger.net.model, "save_weights", pytest.fail)
    if step == "save_weights":
        monkeypatch.setattr(younger.net.model, "save_weights", fail)
    if step == "text":
        monkeypatch.setattr(detector_files.Path, "write_text", fail)
    if step == "exchange":
        rename = detector_files.Path.rename
        monkeypatch.setattr(
            detector_files.Path,
            "rename",
            lambda path, to: fail() if path.name == "half" else rename(path, to),
        )
    with pytest.raises(DetectorError) as problem:
        younger.save(copy)
    monkeypatch.undo()
    assert told(problem, "my detector cannot be written: No space left on device", "still in memory")
    assert whole(copy, kept[0]) and "weights" not in younger.card
    younger.save(copy)
    assert whole(copy, younger)


@pytest.mark.parametrize(
    "spoil", [{"note": object()}, {"note": "\ud800"}], ids=["an object", "half a letter"]
)
def test_a_card_that_is_no_json_is_told_before_anything_is_lost(kept, copy, spoil):
    younger = new(1, about=spoil)
    with pytest.raises(DetectorError) as problem:
        younger.save(copy)
    assert told(
        problem, "my detector is not written: the card holds what JSON cannot", "correct detector.card"
    )
    assert whole(copy, kept[0])


def test_a_detector_without_a_plan_is_not_written(tmp_path):
    with pytest.raises(DetectorError, match=r"\Athe plan in card\.json is not whole \(KeyError: 'plan'\)\Z"):
        Detector(new().net, {}).save(tmp_path / "one")
    assert not list(tmp_path.iterdir())


# in a process of its own


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is of other systems")
def test_another_process_finds_the_same_and_a_full_disk_is_one_line(kept, copy, tmp_path):
    other = new(2, plan=SEARCHED)
    other.save(tmp_path / "other")
    detector, pictures = kept[0], np.random.default_rng(0).integers(0, 255, (2, 70, 96, 3), np.uint8)
    np.savez(tmp_path / "pictures.npz", *pictures)
    said = program(
        "kept_detector", copy, tmp_path / "pictures.npz", tmp_path / "found.npz", copy, tmp_path / "other"
    )
    line = "my detector cannot be written: File too large. The detector is still in memory: make room or choose another"
    assert said.startswith(line) and said.count("\n") == 1
    assert whole(copy, detector)
    with np.load(tmp_path / "found.npz") as found:
        for when, meant in (("before", detector), ("after", detector), ("other", other)):
            for i, picture in enumerate(pictures):
                here = meant(picture, min_score=0.0)
                assert len(here.boxes) > 0
                for part, value in here._asdict().items():
                    assert np.abs(found[f"{when}_arr_{i}_{part}"] - value).max() <= 1e-5, (when, part)
