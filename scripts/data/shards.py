"""Pictures that do not fit into memory: read from TFRecord shards as a stream under a limit of memory.

A folder holds shards (00000.tfrecord ...) and card.json; shards_write.py writes both and tells the form of a record.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.data.ladder import DataError
from scripts.data.shards_write import about_file, write_shards

__all__ = ["Buffers", "buffer_sizes", "decode", "good_shards", "read_card", "stream_shards", "write_shards"]

READERS = 4  # shards open at once
READ_BYTES = 256_000  # what is read of each at a time
PREFETCH = 2  # batches that are ready before they are asked for
HELD = PREFETCH + 3  # batches at once: those, one being decoded, one being batched, one at whoever reads
STREAM = 16_000_000  # bytes that TensorFlow takes for a stream beside its buffers, measured
RECORD_EXTRA = 400  # bytes that a record in the shuffle buffer takes beside its own, measured


class Buffers(NamedTuple):
    """How large each part of a stream may be.

    readers: shards open at once; read_bytes: bytes read of each at a time; shuffle: pictures in the shuffle buffer;
    prefetch: batches that are ready before they are asked for.
    """

    readers: int
    read_bytes: int
    shuffle: int
    prefetch: int


def decode(card: dict) -> Callable:
    """A function for ``Dataset.map``: from a record to its picture, uint8 (height, width, channels), and label, int64."""
    import tensorflow as tf

    names = {"picture": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}

    def decode_one(record):
        example = tf.io.parse_single_example(record, names)
        if card["form"] == "png":
            picture = tf.io.decode_png(example["picture"], channels=card["shape"][2])
        else:
            picture = tf.io.decode_raw(example["picture"], tf.uint8)
        return tf.reshape(picture, card["shape"]), example["label"]

    return decode_one


def read_card(folder) -> dict:
    """The card of a folder of shards. Raises DataError where there is none, or it is none."""
    path = Path(folder) / "card.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        card["form"], card["shape"], card["records"], card["bytes"]
        if not all({"file", "records", "bytes", "sha256"} <= shard.keys() for shard in card["shards"]):
            raise KeyError("a shard's entry")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        why = getattr(problem, "strerror", None) or f"it is not what write_shards writes ({problem})"
        raise DataError(f"{path.parent.name}/card.json cannot be read: {why}") from problem
    return card


def buffer_sizes(card: dict, batch: int, limit: int) -> Buffers:
    """How large each part of the stream may be, so that all together stay under a limit.

    Args:
        card: of the shards; batch: pictures in one; limit: bytes for the whole stream. TensorFlow itself is not counted.

    Raises:
        DataError: so little that not even two batches fit into the shuffle buffer.
    """
    batch_bytes = batch * int(np.prod(card["shape"]))
    readers = min(READERS, len(card["shards"]))
    # what is freed is not handed back to the system at once: a part is left for that
    rest = int((limit - STREAM) * 0.85) - 2 * readers * READ_BYTES - HELD * batch_bytes
    record_bytes = -(-card["bytes"] // card["records"]) + RECORD_EXTRA
    shuffle = min(rest // record_bytes, card["records"])
    if shuffle < min(2 * batch, card["records"]):
        raise DataError(
            f"a limit of {limit:,} bytes is too small for batches of {batch_bytes:,} bytes: raise it, or take smaller batches"
        )
    return Buffers(readers, READ_BYTES, shuffle, PREFETCH)


def good_shards(folder, damaged: str = "stop", at_most: float = 0.25) -> list[str]:
    """The paths of the shards that are as they were written. Each file is read once, for its SHA-256.

    A damaged shard is left out whole, also the records before the damage: every epoch then sees the same pictures. How many
    stood before it is said, by TFRecord's own sums.

    Args:
        damaged: "stop" for an error at the first missing or damaged shard, "skip" for a line that names each.
        at_most: the share of the shards that may be skipped.

    Raises:
        DataError: "stop", and one is damaged; "skip", and more than that share; or no card.
    """
    if damaged not in ("stop", "skip"):
        raise DataError(f'damaged is {damaged!r}, not "stop" or "skip"')
    folder, card, good = Path(folder), read_card(folder), []
    for shard in card["shards"]:
        why = why_damaged(folder / shard["file"], shard)
        if why and damaged == "stop":
            raise DataError(f'{shard["file"]}: {why}. Write the shards again, or say damaged="skip"')
        if why:
            print(f"{shard['file']} is left out: {why}")
        else:
            good.append(str(folder / shard["file"]))
    lost, count = len(card["shards"]) - len(good), len(card["shards"])
    if lost > at_most * count or not good:
        raise DataError(f"{lost} of {count} shards are damaged; at most {at_most:.0%} may be left out")
    return good


def why_damaged(path: Path, shard: dict) -> str:
    """Why a shard is not as it was written, in a few words; an empty text where it is."""
    try:
        if about_file(path)["sha256"] == shard["sha256"]:
            return ""
    except OSError as problem:
        return "it is missing" if isinstance(problem, FileNotFoundError) else f"{problem.strerror}"
    whole, broken = whole_records(path)
    if broken:
        return f"{whole:,} of {shard['records']:,} records stand before the damage (by TFRecord's sums)"
    return f"it holds {whole:,} whole records, but not the {shard['records']:,} that were written"


def whole_records(path: Path) -> tuple[int, bool]:
    """How many records stand before the first that TFRecord's own sums do not fit, and whether there is one."""
    import tensorflow as tf

    count = 0
    try:
        for _ in tf.data.TFRecordDataset(str(path), buffer_size=READ_BYTES):
            count += 1
    except tf.errors.DataLossError:
        return count, True
    return count, False


def stream_shards(
    folder,
    batch: int,
    limit: int,
    seed: int = 0,
    worker: int = 0,
    workers: int = 1,
    by: str = "shard",
    damaged: str = "stop",
    at_most: float = 0.25,
):
    """A ``tf.data.Dataset`` of batches whose buffers keep a limit of memory; each pass is an epoch, each in another order.

    Args:
        folder: of shards; batch: pictures in one; limit: bytes for the whole stream.
        seed: of the orders: equal seeds give equal epochs. Workers that share records by number need equal seeds.
        worker, workers: this reader is number `worker` of `workers`. Those who all say "0 of 1" all read everything: in one
            epoch of n workers each picture is then seen n times.
        by: "shard": it reads every n-th shard; "record": it reads all shards and keeps every n-th record. The first reads less,
            the second needs no more shards than one and gives equal shares.
        damaged, at_most: see `good_shards`. A shard that is damaged later ends the epoch: tf.errors.DataLossError.

    Returns:
        Batches of pictures, uint8 (batch, height, width, channels), and labels, int64 (batch,); the last may be smaller.

    Raises:
        DataError: as `good_shards` and `buffer_sizes`; a worker without a shard, or one that is not among the workers.
    """
    if not 0 <= worker < workers or by not in ("shard", "record"):
        raise DataError(f'there is no worker {worker} of {workers} by {by!r}; by is "shard" or "record"')
    card, files = read_card(folder), good_shards(folder, damaged, at_most)
    sizes = buffer_sizes(card, batch, limit)
    if by == "shard" and len(files) < workers:
        raise DataError(f'{len(files)} shards are too few for {workers} workers: say by="record"')
    import tensorflow as tf

    # 1. several shards open at once, their records in turn
    mine = files[worker::workers] if by == "shard" else files
    records = tf.data.Dataset.from_tensor_slices(mine).shuffle(len(mine), seed=seed)
    records = records.interleave(
        lambda file: tf.data.TFRecordDataset(file, buffer_size=sizes.read_bytes),
        cycle_length=sizes.readers,
        num_parallel_calls=sizes.readers,
        deterministic=True,
    )
    if by == "record":
        records = records.shard(workers, worker)
    # 2. shuffled while they are still bytes, 3. decoded into batches, 4. the next ones made ready meanwhile
    records = records.shuffle(sizes.shuffle, seed=seed)
    batches = records.map(decode(card), num_parallel_calls=2, deterministic=True).batch(batch)
    return batches.prefetch(sizes.prefetch)


def as_written(dataset):
    """The same `tf.data.Dataset`, run as it is written: TensorFlow's own changes, such as looking ahead, are switched off."""
    import tensorflow as tf

    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)
