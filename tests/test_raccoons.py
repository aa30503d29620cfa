"""The photographs of raccoons: found by the ladder, never another set; and equal sets of them from every form."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scripts import ROOT, data
from scripts.data import ladder, voc_sets
from scripts.data.scenes import Scenes
from tests.test_read_any import FORMS, UNNAMED, picture, table, unnamed, voc

HERE = bool(os.environ.get("COURSE_MIRROR")) and (Path(os.environ["COURSE_MIRROR"]) / "raccoon").is_dir()
mirror = pytest.mark.skipif(not HERE, reason="needs the full data sets: set COURSE_MIRROR")


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A cache of its own, no mirror, no network."""
    for name in ("COURSE_DATA", "COURSE_USER_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    return tmp_path / "COURSE_DATA"


@mirror
def test_the_raccoons(capsys):
    train, test = data.load_raccoons(), data.load_raccoons("test")
    assert (len(train), len(test)) == (160, 40) and train.classes == data.RACCOON_CLASSES == ("raccoon",)
    assert (sum(map(len, train.boxes)), sum(map(len, test.boxes))) == (175, 42)
    assert train.skipped == test.skipped == () and train.boxes[0].dtype == np.float32
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "Raccoons, test: 40 pictures, 42 objects of 1 classes, from the mirror folder."
    assert data.sources_used()["raccoon"] == "full"
    # every fifth in order of names
    names = sorted(path.stem for one in (train, test) for path in one.images.files)
    assert [path.stem for path in test.images.files] == names[4::5]


def test_raccoons_that_are_laid_out_by_hand(alone, monkeypatch, capsys):
    """Ten small pictures in their place: the cache serves them, in two parts, and a changed file is refused."""
    folder = alone / "raccoon"
    there = [picture(folder / "JPEGImages" / f"raccoon-{i}.jpg") for i in range(10)]
    voc(folder, {path: [("raccoon", (2, 3, 12, 13))] for path in there}, beside=False)
    known = {"raccoon": {"content_sha256": voc_sets.files_sha256(folder)}}
    monkeypatch.setattr(ladder, "manifest", lambda: known)
    test = data.load_raccoons("test")
    assert [path.stem for path in test.images.files] == ["raccoon-4", "raccoon-9"]
    assert len(data.load_raccoons("train")) == 8 and "from the cache" in capsys.readouterr().out
    with pytest.raises(data.DataError, match="its parts are train, test, not 'val'"):
        data.load_raccoons("val")
    there[0].write_bytes(there[0].read_bytes() + b"\0")
    with pytest.raises(data.DataError, match="COURSE_DATA/raccoon does not hold the files of the manifest"):
        data.load_raccoons()


def test_raccoons_that_are_not_there(alone):
    with pytest.raises(data.DataError) as caught:
        data.load_raccoons()
    told = str(caught.value)
    assert told.startswith("The raccoons cannot be had here: no good folder raccoon in the cache; no mirror")
    assert "Cure: download github.com/datitran/raccoon_dataset" in told and "into data/raccoon" in told
    assert "\n" not in told


def test_the_manifest_says_that_they_may_not_be_published():
    entry = json.loads((ROOT / "data" / "manifest.json").read_text())["datasets"]["raccoon"]
    assert entry["pictures"] == 200 and entry["sources"] == []
    assert "MIT" in entry["terms"] and "may not be published" in entry["terms"]


# every form


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """{picture: objects} of one class: every fourth raccoon and those with several objects, or 40 scenes by write_voc where they
    are not; every tenth has no objects.
    """
    folder = tmp_path_factory.mktemp("originals")
    if HERE:
        sets = [data.load_raccoons("train"), data.load_raccoons("test")]
    else:
        made = data.load_scenes(40)
        data.write_voc(Scenes(made.images, made.boxes, made.labels), folder)
        sets = [data.read_voc(folder)]
    pairs = sorted(
        (path, boxes) for one in sets for path, boxes in zip(one.images.files, one.boxes, strict=True)
    )
    pairs = [pair for i, pair in enumerate(pairs) if not HERE or i % 4 == 0 or len(pair[1]) > 1]
    return {
        path: [("raccoon", tuple(map(int, box))) for box in boxes] if i % 10 else []
        for i, (path, boxes) in enumerate(pairs)
    }


def laid_out(originals, folder, form):
    """A folder with the pictures in one form."""
    marked = {}
    for path, things in originals.items():
        there = folder / "pictures" / path.name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
        marked[there] = things
    form(folder, marked)
    return folder


def unclassed(folder, marked):
    table(folder, marked)
    path = folder / "labels.csv"
    text = path.read_text().replace("class,", "").replace('"raccoon",', "").replace(",,,,,", ",,,,")
    path.write_text(text)


EVERY = {
    **FORMS,
    **UNNAMED,
    "CSV without a column of classes": unclassed,
    "CSV of numbers only": lambda folder, marked: unnamed(folder, marked, classes=False),
}


@pytest.fixture(scope="module")
def right(originals, tmp_path_factory):
    """The parts as read from Pascal VOC's two folders."""
    folder = laid_out(originals, tmp_path_factory.mktemp("right") / "set", FORMS["VOC in two folders"])
    parts = data.read_any(folder, check=False, tell=False)
    assert parts.skipped == () and parts.form == "Pascal VOC"
    read = {
        path.name: len(boxes)
        for one in all_of(parts)
        for path, boxes in zip(one.images.files, one.boxes, strict=True)
    }
    assert read == {path.name: len(things) for path, things in originals.items()}
    return parts


def all_of(parts):
    return parts.train, parts.validation, parts.test


@pytest.mark.parametrize("form", EVERY)
def test_equal_sets_of_raccoons_in_every_form(originals, right, tmp_path, form):
    folder = laid_out(originals, tmp_path / "set", EVERY[form])
    classes = ["raccoon"] if form in list(EVERY)[-2:] else None
    found = data.read_any(folder, classes, check=False, tell=False)
    assert found.skipped == () and found.classes == right.classes == ("raccoon",)
    assert form.startswith({"Pascal VOC": "VOC"}.get(found.form, found.form))
    for ours, theirs in zip(all_of(found), all_of(right), strict=True):
        assert [path.name for path in ours.images.files] == [path.name for path in theirs.images.files]
        assert ours.sizes == theirs.sizes and len(ours)
        for column in ("boxes", "labels", "difficult"):
            for a, b in zip(getattr(ours, column), getattr(theirs, column), strict=True):
                np.testing.assert_array_equal(a, b)
                assert a.dtype == b.dtype and a.shape == b.shape


def test_equal_sets_of_raccoons_from_a_zip(originals, right, tmp_path):
    folder = laid_out(originals, tmp_path / "set", FORMS["COCO"])
    with zipfile.ZipFile(tmp_path / "a set.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    found = data.read_any(tmp_path / "a set.zip", check=False, tell=False)
    for ours, theirs in zip(all_of(found), all_of(right), strict=True):
        assert [path.name for path in ours.images.files] == [path.name for path in theirs.images.files]
        np.testing.assert_array_equal(np.concatenate(ours.boxes), np.concatenate(theirs.boxes))
