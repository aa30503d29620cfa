"""The line command: trains, tests and marks; saves before it tests; whatever goes wrong is one line and status 1."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts import data
from scripts.course import ROOT
from scripts.detection import detector_command
from scripts.detection.detector import Detector
from scripts.detection.detector_command import main
from scripts.detection.detector_files import CARD, WEIGHTS, DetectorError
from scripts.detection.evaluation import bootstrap

NAMES = ("café/bar", "red fox")


def scenes_of_two(count, part="train"):
    """Scenes whose digits count as one of two classes."""
    scenes = data.load_scenes(count, part)
    return replace(scenes, labels=[one % 2 for one in scenes.labels], classes=NAMES)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pictures, and what training on them by the line made and printed."""
    folder = tmp_path_factory.mktemp("line")
    data.write_voc(scenes_of_two(8), folder / "my pictures", "train")
    data.write_voc(scenes_of_two(3, "test"), folder / "my pictures", "test")
    patch, order = pytest.MonkeyPatch(), []
    patch.chdir(folder)
    save, evaluate = Detector.save, Detector.evaluate
    patch.setattr(Detector, "save", lambda self, at: order.append("save") or save(self, at))
    patch.setattr(Detector, "evaluate", lambda self, *a, **k: order.append("test") or evaluate(self, *a, **k))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = main(
            "train",
            "my pictures",
            "--steps",
            "4",
            "--start",
            "nothing",
            "--side",
            "96",
            "--no-mirror",
            "--seed",
            "3",
        )
    patch.undo()
    return folder, status, said.getvalue(), order


def card_of(folder):
    return json.loads((folder / CARD).read_text(encoding="utf-8"))


def test_training_says_what_it_found_saves_and_then_tests(place):
    folder, status, said, order = place
    assert status == 0 and order == ["save", "test", "save"]
    for words in (
        "my pictures: Pascal VOC, 11 pictures (0 without objects), 30 objects of 2 classes.",
        "train 6, validation 2, test 3",
        "Training from nothing:",
        "Trained 4 steps at 96 pixels in ",
        "On the test part of my pictures, 3 pictures with 10 objects:",
        "  red fox: ",
        "  café/bar: ",
        "The detector lies in my pictures_detector. Show it a new picture:",
        'python -m scripts.detection.detector show "my pictures_detector" PICTURE',
    ):
        assert words in said, words


def test_the_card_keeps_the_result(place):
    card = card_of(place[0] / "my pictures_detector")
    assert card["made"]["settings"]["mirror"] is False and card["made"]["settings"]["seed"] == 3
    assert card["data"] == "6 pictures of my pictures (Pascal VOC)" and card["plan"]["side"] == 96
    (entry,) = card["tests"]
    detector = Detector.load(place[0] / "my pictures_detector")
    test = data.read_any(place[0] / "my pictures", tell=False).test
    for limit in (0.5, 0.75):
        result = detector.evaluate(test, limit)
        low, high = bootstrap(result)
        assert entry[f"mAP@{limit}"] == pytest.approx(
            {"mean": result.mean, "from": low, "to": high}, abs=1e-6
        )
        assert f"mAP@{limit} {result.mean:.3f} ({low:.3f} to {high:.3f})" in card["tested on"]
    assert entry["pictures"] == 3 and entry["objects"] == 10 and len(entry["date"]) == 10
    assert list(entry["AP by class at 0.5 and 0.75"]) == list(NAMES)
    assert 0 < sum(entry["surest detections by kind"].values()) <= 10
    assert card["tested on"].startswith("the test part of my pictures, 3 pictures: mAP@0.5 ")


def test_a_later_test_joins_the_card(place, capsys, monkeypatch):
    monkeypatch.chdir(place[0])
    before = card_of(place[0] / "my pictures_detector")["tests"]
    for more in ([], ["--all"]):
        assert main("test", "my pictures_detector", "my pictures", *more) == 0
    said, card = capsys.readouterr().out, card_of(place[0] / "my pictures_detector")
    assert [entry["pictures"] for entry in card["tests"]] == [*(one["pictures"] for one in before), 3, 11]
    assert "On all of my pictures, 11 pictures with 30 objects:" in said and "by kind: " in said
    assert (
        card["tests"][1] | {"date": ""} == before[0] | {"date": ""}
        and "all of my pictures" in card["tested on"]
    )


def test_a_second_training_takes_another_folder(tmp_path):
    for expected in ("fox_detector", "fox_detector_2", "fox_detector_3"):
        free = detector_command.free_place(tmp_path / "fox_detector")
        assert free.name == expected
        free.mkdir()


def test_another_process_marks_photographs_with_the_folder_alone(place, tmp_path):
    """In an empty folder, by the command as a person types it."""
    pictures = {
        "cat.JPG": data.photograph("chelsea"),
        "grey.png": data.photograph("coins"),
        "thin.png": np.zeros((3, 900, 3), np.uint8),
    }
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "no.png").write_text("no picture")
    command = [
        "show",
        place[0] / "my pictures_detector",
        *pictures,
        "no.png",
        "--into",
        "out",
        "--min-score",
        "0.0",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.detection.detector", *map(str, command)],
        **{
            "cwd": tmp_path,
            "env": os.environ | {"PYTHONPATH": str(ROOT)},
            "capture_output": True,
            "text": True,
            "timeout": 200,
        },
    )
    assert (
        done.returncode == 1
        and done.stderr.count("\n") == 1
        and done.stderr.startswith("no.png is no picture")
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cat_boxes.jpg",
        "grey_boxes.png",
        "thin_boxes.png",
    ]
    detector = Detector.load(place[0] / "my pictures_detector")
    found = detector(data.read_image(tmp_path / "cat.JPG"), min_score=0.0)
    lines = [line for line in done.stdout.splitlines() if line.startswith("cat.JPG: ")]
    expected = [
        f"cat.JPG: {NAMES[label]} {score:.2f} at {', '.join(f'{corner:.0f}' for corner in box)}"
        for box, score, label in zip(*found, strict=True)
    ]
    assert len(expected) > 0 and lines == [*expected, f"cat.JPG: drawn in {Path('out') / 'cat_boxes.jpg'}"]


# what goes wrong

WRONG = {
    "nothing": ([], "the following arguments are required: train|test|show"),
    "another word": (["learn"], "invalid choice: 'learn'"),
    "steps": (["train", "x", "--steps", "many"], "'many' is not a number from 2 to 1,000,000"),
    "no steps": (["train", "x", "--steps", "0"], "'0' is not a number from 2"),
    "a side": (["train", "x", "--side", "20000"], "'20000' is not a number from 64 to 2,048"),
    "a start": (["train", "x", "--start", "coco"], "invalid choice: 'coco'"),
    "a source": (["train", "x", "--proposals", "sliding"], "invalid choice: 'sliding'"),
    "a score": (["show", "x", "y", "--min-score", "nan"], "'nan' is not a number from 0 to 1"),
    "no folder": (["train", "nowhere"], "nowhere is missing: there is no such folder or zip file"),
    "no pictures": (["train", "empty"], "empty: no pictures with boxes in a form that is known"),
    "no detector": (["show", "nowhere", "a.png"], "nowhere: there is no such folder. Check the spelling"),
    "a file": (["test", "a.txt", "empty"], "a.txt: it is a file"),
    "half a detector": (["show", "half", "a.png"], f"half: {WEIGHTS} is missing"),
    "into a file": (["train", "PICTURES", "--into", "a.txt"], "a.txt is a file: name a folder"),
    "into other files": (["train", "PICTURES", "--into", "full"], "full holds other files (mine.txt)"),
    "no part": (["test", "DETECTOR", "one"], "the test part of one has no object to find. With --all"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_problem_is_one_line_and_status_1(place, tmp_path, monkeypatch, capsys, case):
    arguments, line = WRONG[case]
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "half", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "half" / CARD).write_text("{}")
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "a.txt").write_text("mine")
    data.write_voc(scenes_of_two(1), tmp_path / "one", "train")
    names = {"PICTURES": str(place[0] / "my pictures"), "DETECTOR": str(place[0] / "my pictures_detector")}
    monkeypatch.setattr(Detector, "train", lambda *_, **__: pytest.fail("trained for nothing"))
    monkeypatch.setattr(sys, "argv", ["detector", *(names.get(word, word) for word in arguments)])
    capsys.readouterr()
    try:
        status = main()
    except SystemExit as end:
        status = end.code
    told = capsys.readouterr().err
    assert status == 1 and line in told and told.count("\n") == 1, told
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_where_it_cannot_be_saved_it_is_saved_elsewhere(tmp_path, monkeypatch, capsys):
    class Kept:
        """Stands for a detector."""

        def save(self, folder):
            if folder == tmp_path / "full":
                raise DetectorError("full cannot be written: No space left on device.")
            folder.mkdir()

    monkeypatch.setattr(detector_command.tempfile, "tempdir", str(tmp_path))
    where = detector_command.saved(Kept(), tmp_path / "full")
    assert where.parent.parent == tmp_path and where.is_dir() and not (tmp_path / "full").exists()
    told = capsys.readouterr().err
    assert told.startswith(
        "full cannot be written: No space left on device.\nSo that nothing is lost, it was saved in "
    )


def test_stopped_by_hand(place, monkeypatch, capsys, tmp_path):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Detector, "train", stop)
    monkeypatch.chdir(tmp_path)
    assert main("train", str(place[0] / "my pictures")) == 1
    assert capsys.readouterr().err == "Stopped by hand. What was trained up to here is not kept\n"
    assert not list(tmp_path.iterdir())
