"""Detection data: scenes that are the same everywhere, and files in Pascal VOC's form with everything that can be wrong."""

import os
import tarfile
import warnings

import numpy as np
import pytest
from PIL import Image

from scripts import data
from scripts.data import ladder, scenes, voc_sets
from scripts.data.voc_annotation import Refused, read_annotation
from scripts.detection.evaluation import Detections, evaluate, objects_in
from tests.support import Server

mirror = pytest.mark.skipif(
    not os.environ.get("COURSE_MIRROR"), reason="needs the full data sets: set COURSE_MIRROR"
)
WHOLE = "<object><name>cat</name>{}<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"


def cat(*corners, more=""):
    return WHOLE.format(more, *corners)


def write(folder, name, *objects, size=(40, 30), picture=(40, 30), mode="RGB", suffix="png", start=""):
    """An annotation and, unless `picture` is None, its picture."""
    for part in ("JPEGImages", "Annotations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    tag = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    text = f"{start}<annotation><filename>{name}.{suffix}</filename>{tag}{''.join(objects)}</annotation>"
    (folder / "Annotations" / f"{name}.xml").write_text(text, encoding="utf-8")
    if picture:
        pixels = np.random.default_rng(0).integers(0, 255, (picture[1], picture[0], 3), np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / "JPEGImages" / f"{name}.{suffix}")


def read(folder, *arguments, **named):
    """The set, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = data.read_voc(folder, *arguments, **named)
    return found, [str(warning.message) for warning in caught]


# scenes


def test_scenes_are_the_same_every_time():
    few, more = data.load_scenes(3), data.load_scenes(6)
    np.testing.assert_array_equal(few.images, more.images[:3])
    for a, b in zip(few.boxes + few.labels, more.boxes[:3] + more.labels[:3], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(data.load_scenes(3, seed=1).images, few.images)
    assert not np.array_equal(data.load_scenes(3, "test").images, few.images)
    assert few.boxes[0].tolist() == [[101, 52, 151, 108]] and few.labels[0].tolist() == [0]
    assert few.images[0].mean() == pytest.approx(119.09, abs=0.05)


def test_scenes_do_not_need_the_full_set(monkeypatch, tmp_path):
    before = data.load_scenes(2).images
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    np.testing.assert_array_equal(data.load_scenes(2).images, before)


def test_the_form_of_scenes(capsys):
    found = data.load_scenes(40, "test")
    assert "40 of the test part" in capsys.readouterr().out and len(found) == 40
    assert found.images.shape == (40, 160, 160, 3) and found.images.dtype == np.uint8
    sides = np.concatenate([boxes[:, 2:] - boxes[:, :2] for boxes in found.boxes])
    assert 26 <= sides.max(axis=1).min() and sides.max() <= 73
    for boxes, labels in zip(found.boxes, found.labels, strict=True):
        assert boxes.dtype == np.float32 and labels.dtype == np.int32 and 1 <= len(boxes) == len(labels) <= 4
        assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] <= 160).all()
        for i, box in enumerate(boxes):
            for other in boxes[:i]:
                assert scenes._common_share(box, other) <= scenes.MOST_COMMON
    assert set(np.concatenate(found.labels)) == set(range(10))


def test_boxes_are_tight():
    """On an even ground every side of a box touches ink, and no ink lies outside."""
    grey = [np.full((200, 200, 3), 128, np.uint8)]
    digits, labels = scenes._digits("train")
    for seed in range(30):
        image, boxes, _ = scenes.make_scene(np.random.default_rng(seed), digits, labels, grey)
        ink = np.abs(image.astype(int) - 128).max(axis=2) > 0
        inside = np.zeros_like(ink)
        for x1, y1, x2, y2 in boxes.astype(int):
            inside[y1:y2, x1:x2] = True
            if len(boxes) == 1:
                part = ink[y1:y2, x1:x2]
                assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
        assert not (ink & ~inside).any()


def test_digits_and_grounds_of_training_and_test_are_apart():
    train, test = ({digit.tobytes() for digit in scenes._digits(part)[0]} for part in scenes.PARTS)
    assert len(train) > 3900 and len(test) > 990 and not train & test
    for name in scenes.GROUNDS:
        whole = data.photograph(name)
        left, right = (scenes._ground(name, part) for part in scenes.PARTS)
        assert left.shape[1] + right.shape[1] + scenes.GAP == whole.shape[1]
        assert min(right.shape[:2]) >= 96


def test_scenes_refuse_nonsense():
    with pytest.raises(ValueError, match="part is one of train, test"):
        data.load_scenes(3, "val")
    with pytest.raises(ValueError, match="1 or more"):
        data.load_scenes(0)


def test_scenes_come_back_from_voc_form(tmp_path):
    parts = {part: data.load_scenes(4, part) for part in ("train", "test")}
    for part, made in parts.items():
        assert data.write_voc(made, tmp_path / "set", part) == 4
    for part, made in parts.items():
        found, told = read(tmp_path / "set", part, classes=made.classes)
        assert told == [] and found.classes == made.classes and found.skipped == ()
        np.testing.assert_array_equal(np.stack(found.images), made.images)
        for a, b in zip(found.boxes + found.labels, made.boxes + made.labels, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    text = (tmp_path / "set/Annotations/train_00000.xml").read_text()
    x1, y1, x2, y2 = map(int, parts["train"].boxes[0][0])
    for tag, value in (("xmin", x1 + 1), ("ymin", y1 + 1), ("xmax", x2), ("ymax", y2)):
        assert f"<{tag}>{value}</{tag}>" in text  # in the files: from 1, the end included


def test_what_voc_form_cannot_hold(tmp_path):
    made = data.load_scenes(1)
    half = scenes.Scenes(made.images, [made.boxes[0] + 0.5], made.labels)
    with pytest.raises(data.DataError, match="not in whole pixels"):
        data.write_voc(half, tmp_path)


# the reader


def test_boxes_are_counted_from_0_with_the_end_excluded(tmp_path):
    write(tmp_path, "a", cat(1, 1, 40, 30), cat(3, 4, 5.5, 8, more="<difficult>1</difficult>"))
    found, told = read(tmp_path)
    assert told == [] and found.boxes[0].tolist() == [[0, 0, 40, 30], [2, 3, 5.5, 8]]
    assert found.difficult[0].tolist() == [False, True] and found.classes == ("cat",)
    assert found.sizes == [(40, 30)] and found.images[0].shape == (30, 40, 3)
    assert found.counts() == "1 pictures, 2 objects of 1 classes"


def test_parts_of_objects_are_no_objects(tmp_path):
    head = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
    write(tmp_path, "a", cat(3, 3, 20, 20, more=head))
    found, _ = read(tmp_path)
    assert found.boxes[0].tolist() == [[2, 2, 20, 20]] and found.classes == ("cat",)


BAD_OBJECTS = {
    "zero-size": (cat(5, 5, 5, 9), "cat: a zero-size box: xmin 5, ymin 5, xmax 5, ymax 9"),
    "inverted": (cat(9, 5, 3, 9), "cat: an inverted box: xmin 9"),
    "outside": (cat(50, 5, 60, 9), "cat: a box outside the picture of 40 x 30"),
    "far left": (cat(-9, 5, -2, 9), "cat: a box outside"),
    "text": (cat("five", 5, 9, 9), "cat: xmin is 'five', no number"),
    "nan": (cat(5, 5, "nan", 9), "cat: xmax is 'nan', no number"),
    "infinite": (cat(5, 5, "1e999", 9), "cat: xmax is '1e999', no number"),
    "no corner": (cat(5, 5, 9, 9).replace("<ymax>9</ymax>", ""), "cat: ymax is '', no number"),
    "no box": ("<object><name>cat</name></object>", "cat: no box"),
    "no name": (cat(5, 5, 9, 9).replace("cat", " "), "an object without a name"),
    "unknown": (cat(5, 5, 9, 9).replace("cat", "unicorn"), "unknown class 'unicorn'"),
}


@pytest.mark.parametrize("kind", BAD_OBJECTS)
def test_bad_objects_are_left_out_in_one_warning(tmp_path, kind):
    bad, reason = BAD_OBJECTS[kind]
    write(tmp_path, "mixed", bad, cat(2, 2, 9, 9), bad)
    found, told = read(tmp_path, classes=("cat",))
    assert found.boxes[0].tolist() == [[1, 1, 9, 9]] and len(told) == 1
    assert told[0].startswith(f"{tmp_path.name}: 2 left out or cut:\n  mixed.xml: ") and reason in told[0]
    assert len(found.skipped) == 2 and "2 left out" in found.counts()
    write(tmp_path, "only", bad)
    found, told = read(tmp_path, classes=("cat",))
    # an object of another class is none for this set; a box that cannot be read is an object that is somewhere
    assert [path.stem for path in found.images.files] == ["mixed"] + ["only"] * (kind == "unknown")
    assert len(told) == 1 and ("only.xml: none of its objects can be used" in told[0]) == (kind != "unknown")


def test_boxes_at_the_border(tmp_path):
    write(tmp_path, "a", cat(0, 0, 9, 9), cat(2, 2, 41, 9))  # a tool that counts from 0: no word
    found, told = read(tmp_path)
    assert found.boxes[0].tolist() == [[0, 0, 9, 9], [1, 1, 40, 9]] and told == []
    write(tmp_path, "a", cat(-20, 5, 9, 99))
    found, told = read(tmp_path)
    assert found.boxes[0].tolist() == [[0, 4, 9, 30]]
    assert len(told) == 1 and "a.xml: cat: a box cut at the border" in told[0]


def test_pictures_without_objects_stay(tmp_path):
    """In the training part and in the test part, so that false alarms on them are counted."""
    for i in range(10):
        write(tmp_path, f"p{i}", *[cat(2, 2, 9, 9)] * (i % 5 == 0))
    for part, stems in (("train", "01235678"), ("test", "49")):
        found, told = read(tmp_path, part)
        assert told == [] and [path.stem for path in found.images.files] == [f"p{i}" for i in stems]
        assert [len(boxes) for boxes in found.boxes] == [int(i in "05") for i in stems]
        for boxes, labels, difficult in zip(found.boxes, found.labels, found.difficult, strict=True):
            assert boxes.shape == (len(labels), 4) and boxes.dtype == np.float32
            assert labels.dtype == np.int32 and difficult.dtype == bool and len(difficult) == len(labels)
    assert found.counts() == "2 pictures, 0 objects of 1 classes"


def test_a_subset_of_the_classes_keeps_the_other_pictures(tmp_path):
    write(tmp_path, "cat", cat(2, 2, 9, 9))
    write(tmp_path, "dog", cat(2, 2, 9, 9).replace("cat", "dog"))
    found, told = read(tmp_path, classes=("cat",))
    assert [len(boxes) for boxes in found.boxes] == [1, 0]
    assert len(told) == 1 and "dog.xml: unknown class 'dog'" in told[0]


def test_false_alarms_on_empty_pictures_count(tmp_path):
    """From the folder to the AP: the surest detection lies on an empty picture, so precision is one half at the hit."""
    write(tmp_path, "a", cat(2, 2, 9, 9))
    write(tmp_path, "b")
    truth = objects_in(read(tmp_path)[0])
    box = truth[0].boxes
    found = [Detections(box, np.array([score]), np.array([0])) for score in (0.5, 0.9)]
    assert evaluate(found, truth, 1).mean == 0.5


def test_empty_pictures_are_written_and_read_again(tmp_path):
    write(tmp_path / "one", "a", cat(2, 2, 9, 9))
    write(tmp_path / "one", "b")
    data.write_voc(read(tmp_path / "one")[0], tmp_path / "two", "test")
    found, told = read(tmp_path / "two", "test")
    assert told == [] and [len(boxes) for boxes in found.boxes] == [1, 0]


def test_a_wrong_size_tag(tmp_path):
    write(tmp_path, "good", cat(2, 2, 9, 9))
    write(tmp_path, "turned", cat(2, 2, 9, 9), size=(30, 40))
    write(tmp_path, "none", cat(2, 2, 9, 9), size=None)
    write(tmp_path, "zero", cat(2, 2, 9, 9), size=(0, 0))
    write(tmp_path, "words", cat(2, 2, 9, 9), size=("wide", "high"))
    found, told = read(tmp_path)
    assert [path.stem for path in found.images.files] == ["good", "none", "words", "zero"]
    assert len(told) == 1 and "turned.xml: its size tag says 30 x 40, the picture has 40 x 30" in told[0]


BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
)
DOCTYPES = {
    "bomb": BOMB + "]>",
    "file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "address": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    "parameter": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]>',
    "harmless": "<!DOCTYPE annotation>",
}


@pytest.mark.parametrize("kind", DOCTYPES)
def test_document_types_are_refused(tmp_path, kind):
    name = "&j;" if kind == "bomb" else "&x;" if kind == "file" else "cat"
    write(tmp_path, "bad", cat(2, 2, 9, 9).replace("cat", name), start=DOCTYPES[kind])
    write(tmp_path, "good", cat(2, 2, 9, 9))
    found, told = read(tmp_path)
    assert len(found) == 1 and len(told) == 1 and found.classes == ("cat",)
    assert "bad.xml: holds a document type declaration" in told[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no XML: no element found"),
        (b"<annotation><object>", "is no XML: no element found"),
        (b"<annotation>&undefined;</annotation>", "is no XML: undefined entity"),
        (b"\xff\xd8\xff\xe0JFIF", "is no XML"),
        (b"<html></html>", "holds <html> instead of <annotation>"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', "is no XML: unknown encoding"),
        (b"<annotation>" + b" " * 10_000_001 + b"</annotation>", "is too large"),
    ],
)
def test_files_that_are_no_annotation(tmp_path, content, reason):
    write(tmp_path, "good", cat(2, 2, 9, 9))
    (tmp_path / "Annotations" / "bad.xml").write_bytes(content)
    with pytest.raises(Refused, match=reason):
        read_annotation(tmp_path / "Annotations" / "bad.xml")
    found, told = read(tmp_path)
    assert len(found) == 1 and len(told) == 1 and f"bad.xml: {reason}" in told[0]


def test_encodings_of_annotations(tmp_path):
    write(tmp_path, "a", cat(2, 2, 9, 9).replace("cat", "Kätzchen"))
    path = tmp_path / "Annotations" / "a.xml"
    text = path.read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text(text, encoding=encoding)
        assert read(tmp_path)[0].classes == ("Kätzchen",)
    path.write_text('<?xml version="1.0" encoding="latin-1"?>' + text, encoding="latin-1")
    assert read(tmp_path)[0].classes == ("Kätzchen",)


def test_missing_and_damaged_pictures(tmp_path):
    write(tmp_path, "gone", cat(2, 2, 9, 9), picture=None)
    write(tmp_path, "good", cat(2, 2, 9, 9))
    write(tmp_path, "half", cat(2, 2, 9, 9), picture=(40, 30), suffix="jpg")
    write(tmp_path, "page", cat(2, 2, 9, 9))
    half = tmp_path / "JPEGImages" / "half.jpg"
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    (tmp_path / "JPEGImages" / "page.png").write_text("<!DOCTYPE html><title>404</title>")
    found, told = read(tmp_path)
    assert len(found) == 1 and len(told) == 1 and len(found.skipped) == 3
    for reason in (
        "gone.xml: there is no picture",
        "half.jpg is cut off or damaged",
        "page.png is no picture",
    ):
        assert reason in told[0]


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA"])
def test_other_pictures_are_converted(tmp_path, mode):
    write(tmp_path, "a", cat(2, 2, 9, 9), mode=mode)
    found, told = read(tmp_path)
    assert told == [] and found.images[0].shape == (30, 40, 3) and found.images[0].dtype == np.uint8


def test_many_reasons_are_one_warning(tmp_path):
    write(tmp_path, "a", cat(2, 2, 9, 9), *[cat(5, 5, 5, 5)] * 30)
    found, told = read(tmp_path)
    assert len(told) == 1 and len(found.skipped) == 30 and told[0].endswith("and 22 more: see .skipped")
    assert read(tmp_path, warn=False)[1] == []


def test_own_split_and_lists(tmp_path):
    for i in range(11):
        write(tmp_path, f"p{i:02d}", cat(2, 2, 9, 9).replace("cat", "cat" if i else "dog"))
    train, test = (read(tmp_path, part)[0] for part in ("train", "test"))
    assert [path.stem for path in test.images.files] == ["p04", "p09"] and len(train) == 9
    assert (
        train.classes == test.classes == ("cat", "dog")
    )  # the same labels, though no dog is in the test part
    with pytest.raises(
        data.DataError, match="has no ImageSets/Main, so its parts are train, test, not 'val'"
    ):
        read(tmp_path, "val")
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_bytes(b"\xef\xbb\xbfp03  1\r\np01 -1\r\n\r\np03 1\r\nnowhere\r\n../p05\r\n")
    found, told = read(tmp_path, "val")
    assert [path.stem for path in found.images.files] == ["p03", "p01"] and len(told) == 1
    assert "nowhere.xml: there is no such file" in told[0] and "../p05: a path in place of a name" in told[0]
    with pytest.raises(data.DataError, match="no part 'test'; ImageSets/Main has val"):
        read(tmp_path, "test")


def test_folders_without_anything(tmp_path):
    with pytest.raises(data.DataError, match="no folder in Pascal VOC's form: there is no folder JPEGImages"):
        read(tmp_path)
    write(tmp_path, "a", cat(5, 5, 5, 9))
    with pytest.raises(data.DataError, match=r"no picture in it can be used \(a\.xml: cat: a zero-size"):
        read(tmp_path)
    (tmp_path / "Annotations" / "a.xml").unlink()
    with pytest.raises(data.DataError, match="it is empty"):
        read(tmp_path)
    write(tmp_path, "a")
    with pytest.raises(data.DataError, match="there is no object in any of its annotations"):
        read(tmp_path)


def test_pictures_are_a_sequence(tmp_path):
    for name in "abc":
        write(tmp_path, name, cat(2, 2, 9, 9))
    images = read(tmp_path)[0].images
    assert len(images) == 3 and len(images[1:]) == 2 and len(list(images)) == 3
    np.testing.assert_array_equal(images[-1], images[2])
    with pytest.raises(IndexError):
        images[3]


# where sets come from


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A cache of its own, no mirror."""
    for name in ("COURSE_DATA", "COURSE_USER_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    return tmp_path / "COURSE_DATA"


@mirror
def test_bccd(capsys):
    train, test = data.load_bccd("trainval"), data.load_bccd("test")
    assert (len(train), len(test)) == (292, 72)
    assert len(data.load_bccd("train")) == 205 and len(data.load_bccd("val")) == 87
    counts = np.bincount(np.concatenate(train.labels + test.labels))
    assert dict(zip(train.classes, counts.tolist(), strict=True)) == {
        "Platelets": 361,
        "RBC": 4153,
        "WBC": 372,
    }
    assert sorted(line.split(":")[0] for line in train.skipped + test.skipped) == [
        "BloodImage_00338.xml",
        "BloodImage_00343.xml",
    ]
    assert "BCCD, test: 72 pictures" in capsys.readouterr().out
    assert train.boxes[0].min() >= 0 and train.images[0].shape == (480, 640, 3)


def test_bccd_that_is_not_there_or_another(alone, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(
        data.DataError,
        match="BCCD cannot be had here: no good folder bccd in the cache; no mirror folder.*Cure: put its folders",
    ):
        data.load_bccd()
    write(alone / "bccd", "a", cat(2, 2, 9, 9))
    with pytest.raises(data.DataError, match="bccd does not hold the files of the manifest"):
        data.load_bccd()


def archive(path, extra=()):
    """A small archive in VOC 2007's form."""
    root = path.parent / "VOCdevkit" / "VOC2007"
    for i in range(3):
        write(root, f"{i:06d}", cat(2, 2, 9, 9), suffix="jpg")
    (root / "ImageSets" / "Main").mkdir(parents=True)
    (root / "ImageSets" / "Main" / "trainval.txt").write_text("000000\n000002\n")
    with tarfile.open(path, "w") as tar:
        tar.add(root.parent, "VOCdevkit")
        for name in extra:
            tar.add(path.parent / "VOCdevkit/VOC2007/JPEGImages/000000.jpg", name)
    return path


@pytest.fixture
def served(alone, monkeypatch, tmp_path):
    """VOC 2007 in small, at an address of this machine."""
    path = archive(tmp_path / "voc.tar")
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setattr("scripts.data.voc_sets.VOC_CLASSES", ("cat",))
    content = path.read_bytes()
    counts = ladder.content_sha256({"files": np.array([3, 3], np.int64)})
    with Server() as server:
        server.pages["/voc.tar"] = (200, content)
        entry = server.entry(content, counts, "voc.tar", "/voc.tar")
        monkeypatch.setattr(ladder, "manifest", lambda: {"voc2007_trainval": entry})
        yield server, entry


def test_voc2007_is_fetched_once(served, alone, capsys):
    server, _ = served
    found = data.load_voc2007("trainval")
    assert len(found) == 2 and found.images[0].shape == (30, 40, 3)
    assert "from 127.0.0.1" in capsys.readouterr().out
    assert len(data.load_voc2007("trainval")) == 2 and len(server.asked) == 1
    assert "from the cache" in capsys.readouterr().out
    assert sorted(path.name for path in alone.iterdir() if not path.name.endswith(".lock")) == [
        "voc2007_trainval"
    ]


@pytest.mark.parametrize("fault", ["missing", "cut", "page", "content"])
def test_voc2007_faults_leave_nothing(served, alone, fault):
    server, entry = served
    body = server.pages["/voc.tar"][1]
    if fault == "content":
        entry["content_sha256"] = "0" * 64
    else:
        server.pages["/voc.tar"] = {
            "missing": (404, b""),
            "cut": (200, body[:-900]),
            "page": (200, b"<html>"),
        }[fault]
    with pytest.raises(
        data.DataError, match=r"VOC 2007, trainval, cannot be had here: .*; 127\.0\.0\.1: .*Cure"
    ):
        data.load_voc2007("trainval")
    assert [path.name for path in alone.iterdir() if not path.name.endswith(".lock")] == []


def test_an_archive_cannot_write_elsewhere(tmp_path):
    path = archive(tmp_path / "voc.tar", extra=["../../escaped.jpg"])
    with pytest.raises(tarfile.FilterError):
        voc_sets.unpack(path, tmp_path / "target")
    assert not (tmp_path / "target").exists() and not list(tmp_path.rglob("escaped.jpg"))


def test_voc2007_offline_and_parts(alone, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(data.DataError, match="COURSE_OFFLINE=1.*Cure: connect"):
        data.load_voc2007("test")
    with pytest.raises(data.DataError, match="VOC 2007 has the parts"):
        data.load_voc2007("minival")
    write(alone / "VOCdevkit" / "VOC2007", "000001", cat(2, 2, 9, 9))
    lists = alone / "VOCdevkit" / "VOC2007" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "test.txt").write_text("000001\n")
    found = data.load_voc2007("test")
    assert found.classes[7] == "cat" and found.labels[0].tolist() == [7]
