"""Shards: written whole or not at all, read back equal, in an order by the seed, shared by workers, under a limit of memory."""

import json
import shutil

import numpy as np
import pytest

from scripts import data
from scripts.data import shards
from tests.support import program

SHAPE = (6, 5, 3)
COUNT = 100


def pictures(count: int = COUNT) -> list[tuple[np.ndarray, int]]:
    """Pictures of noise, labelled 0, 1, 2 and so on."""
    random = np.random.default_rng(0)
    return [(random.integers(0, 256, SHAPE, np.uint8), label) for label in range(count)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Five shards of 20 pictures."""
    folder = tmp_path_factory.mktemp("shards") / "noise"
    card = data.write_shards(folder, pictures(), shard_bytes=2800)
    assert [shard["records"] for shard in card["shards"]] == [20] * 5
    return folder


@pytest.fixture
def copy(written, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(written, tmp_path / "noise")


def labels(folder, epochs: int = 1, **options) -> list[int]:
    """The labels of some epochs of one stream, in its order."""
    stream = data.stream_shards(folder, 8, 30_000_000, **options)
    return [int(label) for _ in range(epochs) for _, some in stream for label in some]


def flip(path, place: int) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("form", ["raw", "png"])
def test_what_is_read_is_what_was_written(tmp_path, form):
    data.write_shards(tmp_path / "noise", pictures(), 2800, form)
    read = {
        int(label): picture
        for some, their_labels in data.stream_shards(tmp_path / "noise", 8, 30_000_000)
        for picture, label in zip(some.numpy(), their_labels, strict=True)
    }
    assert sorted(read) == list(range(COUNT))
    for picture, label in pictures():
        assert read[label].dtype == np.uint8 and (read[label] == picture).all()


def test_an_epoch_has_every_picture_once_and_its_order_depends_on_the_seed(written):
    two = labels(written, epochs=2, seed=1)
    first, second = two[:COUNT], two[COUNT:]
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert first != second
    # mixed within a shard too, not only shard by shard
    of_one_shard = [label for label in first if label < 20]
    assert of_one_shard != sorted(of_one_shard)
    assert labels(written, epochs=2, seed=1) == two
    assert labels(written, seed=2) != first


@pytest.mark.parametrize("by", ["shard", "record"])
def test_workers_share_an_epoch_and_two_who_say_the_same_see_all_twice(written, by):
    shares = [labels(written, worker=worker, workers=2, by=by) for worker in range(2)]
    assert sorted(shares[0] + shares[1]) == list(range(COUNT))
    assert [len(share) for share in shares] == ([60, 40] if by == "shard" else [50, 50])
    alike = [labels(written, by=by) for _ in range(2)]
    assert sorted(alike[0] + alike[1]) == sorted([*range(COUNT), *range(COUNT)])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda path: path.unlink(), "it is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "7 of 20 records stand before the damage"),
        (lambda path: flip(path, 1000), "7 of 20 records stand before the damage"),
        (lambda path: path.write_bytes(b""), "it holds 0 whole records, but not the 20"),
    ],
    ids=["missing", "cut off", "one byte", "empty"],
)
def test_a_damaged_shard_is_named_and_left_out_whole(copy, capsys, damage, why):
    damage(copy / "00002.tfrecord")
    with pytest.raises(data.DataError, match=f"^00002.tfrecord: {why}"):
        data.good_shards(copy)
    capsys.readouterr()
    read = labels(copy, damaged="skip")
    assert capsys.readouterr().out.startswith(f"00002.tfrecord is left out: {why}")
    assert sorted(read) == [*range(40), *range(60, COUNT)]


def test_more_damaged_shards_than_allowed_are_an_error(copy):
    for name in ("00001.tfrecord", "00003.tfrecord"):
        (copy / name).unlink()
    with pytest.raises(data.DataError, match="^2 of 5 shards are damaged; at most 25% may be left out"):
        data.good_shards(copy, damaged="skip")
    assert len(data.good_shards(copy, damaged="skip", at_most=0.4)) == 3


def test_a_shard_that_is_damaged_after_the_check_ends_the_epoch_by_tfrecords_own_sums(copy):
    import tensorflow as tf

    stream = data.stream_shards(copy, 8, 30_000_000)
    flip(copy / "00002.tfrecord", 1000)
    with pytest.raises(tf.errors.DataLossError):
        list(stream)


class Broken(Exception):
    pass


@pytest.mark.parametrize("problem", [Broken, KeyboardInterrupt])
def test_writing_that_breaks_off_leaves_nothing(tmp_path, problem):
    def some():
        yield from pictures(50)
        # by now two shards are full
        assert len(list(tmp_path.glob(".*/*.tfrecord"))) == 3
        raise problem

    with pytest.raises(problem):
        data.write_shards(tmp_path / "noise", some(), 2800)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "options", "why"),
    [
        ([], {}, "there is no picture to write"),
        ([(np.zeros(SHAPE), 0)], {}, "picture 0 is float64"),
        ([*pictures(1), (np.zeros((2, 2, 3), np.uint8), 0)], {}, "picture 1 is uint8 .2, 2, 3., not uint8"),
        (pictures(1), {"form": "jpeg"}, "form is 'jpeg'"),
    ],
)
def test_what_cannot_be_written_is_told_in_one_line_and_leaves_nothing(tmp_path, given, options, why):
    with pytest.raises(data.DataError, match=why):
        data.write_shards(tmp_path / "noise", given, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_written_over(written):
    before = (written / "card.json").read_bytes()
    with pytest.raises(data.DataError, match="noise is there already"):
        data.write_shards(written, pictures(1))
    assert (written / "card.json").read_bytes() == before


def test_wrong_questions_are_answered_in_one_line(copy):
    for options, why in (
        ({"worker": 2, "workers": 2}, "there is no worker 2 of 2"),
        ({"worker": 0, "workers": 6}, "5 shards are too few for 6 workers"),
        ({"by": "row"}, "there is no worker 0 of 1 by 'row'"),
        ({"damaged": "ignore"}, "damaged is 'ignore'"),
    ):
        with pytest.raises(data.DataError, match=why):
            data.stream_shards(copy, 8, 30_000_000, **options)
    with pytest.raises(data.DataError, match="a limit of 1,000,000 bytes is too small"):
        data.stream_shards(copy, 8, 1_000_000)
    for content in ("{", "[]", '{"form": "raw"}', json.dumps({"form": 1, "shape": 1, "shards": [3]})):
        (copy / "card.json").write_text(content, encoding="utf-8")
        with pytest.raises(data.DataError, match="card.json cannot be read"):
            data.good_shards(copy)


def test_the_buffers_together_are_smaller_than_the_limit_and_grow_with_it():
    card = {"shape": [128, 128, 3], "records": 100_000, "bytes": 5_000_000_000, "shards": [0] * 200}
    before = 0
    for limit in (50_000_000, 100_000_000, 1_000_000_000):
        sizes = shards.buffer_sizes(card, 32, limit)
        held = sizes.shuffle * 50_000 + sizes.readers * sizes.read_bytes + sizes.prefetch * 32 * 128 * 128 * 3
        assert before < held < limit and sizes.shuffle >= 64
        before = held


@pytest.mark.long
def test_reading_200_mb_keeps_a_limit_of_100_mb(tmp_path):
    """Beside what the process held before, when TensorFlow had started."""
    random = np.random.default_rng(0)
    some = random.integers(0, 256, (100, 128, 128, 3), np.uint8)
    card = data.write_shards(tmp_path / "noise", ((some[i % 100], i) for i in range(4100)))
    assert card["bytes"] > 200_000_000
    seen, more = program("reads_shards", tmp_path / "noise", 64, 100_000_000).split()
    assert int(seen) == 4100
    # the buffer is used: a stream that held next to nothing would not have mixed
    assert 30_000_000 < int(more) < 100_000_000, f"{int(more):,} bytes"
