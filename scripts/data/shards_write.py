"""Pictures with labels written as TFRecord shards, with a card beside them. What reads them stands in shards.py.

A record is a ``tf.train.Example`` with two features: "picture", the pixels as they are or as a PNG file, and "label". Around
each record TFRecord writes sums (CRC-32C) of its length and bytes.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from scripts.data.ladder import DataError
from scripts.runtime import progress

FORMS = ("raw", "png")


def write_shards(
    folder, pictures: Iterable, shard_bytes: int = 25_000_000, form: str = "raw", total: int | None = None
) -> dict:
    """Write pictures with labels as shards: the whole folder, or nothing.

    Args:
        folder: where to; it must not be there yet. Everything is written into a hidden folder beside it, which gets its name
            at the end.
        pictures: pairs of a picture, uint8 of shape (height, width, channels), and a label, a whole number. One after
            another; all pictures have one shape.
        shard_bytes: a shard ends with the record that reaches so many bytes.
        form: "raw" for the pixels as they are, "png" for PNG files (smaller, slower).
        total: how many pictures there are, for the bar that tells how far it is.

    Returns:
        The card: form, shape, records, bytes, and of each of the shards file, records, bytes, sha256.

    Raises:
        DataError: the folder is there already or cannot be written, no picture came, or one that is no such picture.
    """
    folder = Path(folder)
    if form not in FORMS:
        raise DataError(f"form is {form!r}, not one of {', '.join(FORMS)}")
    if folder.exists():
        raise DataError(f"{folder.name} is there already: remove it, or name another folder")
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    import tensorflow as tf

    try:
        part.mkdir(parents=True)
        shape, shards = _write_all(part, progress(pictures, "shards", total), shard_bytes, form)
        card = {"form": form, "shape": shape, "records": 0, "bytes": 0, "shards": shards}
        card |= {key: sum(shard[key] for shard in shards) for key in ("records", "bytes")}
        (part / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        part.rename(folder)
    except (OSError, tf.errors.OpError) as problem:
        why = getattr(problem, "strerror", None) or getattr(problem, "message", "") or str(problem)
        raise DataError(f"{folder.name} cannot be written: {why}") from problem
    finally:
        # after an error or Ctrl-C; once renamed, nothing has this name
        shutil.rmtree(part, ignore_errors=True)
    return card


def _write_all(folder: Path, pictures: Iterable, shard_bytes: int, form: str) -> tuple[list, list[dict]]:
    """The shape of the pictures, and what the card says of each shard."""
    import tensorflow as tf

    shape, counts, size = None, [], shard_bytes
    with contextlib.ExitStack() as files:
        for picture, label in pictures:
            picture = np.asarray(picture)
            shape = picture.shape if shape is None else shape
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape != shape:
                raise DataError(
                    f"picture {sum(counts)} is {picture.dtype} {picture.shape}, not uint8 {shape}"
                )
            if size >= shard_bytes:
                files.close()
                path = folder / f"{len(counts):05d}.tfrecord"
                writer = files.enter_context(tf.io.TFRecordWriter(str(path)))
                counts, size = [*counts, 0], 0
            record = encode(picture, label, form)
            writer.write(record)
            counts[-1] += 1
            # 16 bytes around each record: its length and two sums
            size += len(record) + 16
    if shape is None:
        raise DataError("there is no picture to write")
    return list(shape), [
        about_file(folder / f"{i:05d}.tfrecord") | {"records": count} for i, count in enumerate(counts)
    ]


def encode(picture: np.ndarray, label: int, form: str) -> bytes:
    """One record: a picture, uint8 (height, width, channels), and its label as a serialized ``tf.train.Example``."""
    import tensorflow as tf

    pixels = picture.tobytes() if form == "raw" else tf.io.encode_png(picture).numpy()
    feature = {
        "picture": tf.train.Feature(bytes_list=tf.train.BytesList(value=[pixels])),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def about_file(path: Path) -> dict:
    """What the card keeps of a file: its name, bytes, and SHA-256."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": digest}
