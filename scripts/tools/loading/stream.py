"""Shards made for the purpose, read by a process of its own as lesson 20 reads them, and removed."""

import shutil
import time

import numpy as np

from scripts.data import write_shards
from scripts.tools.loading.processes import FOLDER, answers, children, scratch

AT_MOST = 1.5e9  # bytes that the reading process may hold, TensorFlow included
SIDE, BATCH, PIPELINE = 128, 64, 400_000_000  # pixels, pictures, bytes
SHARD = 100_000_000  # bytes
DIFFERENT = 100  # pictures that are repeated


def run(gigabytes: float, seconds: float) -> list[str]:
    """Print the figures. Returns what is wrong, a line each.

    Args:
        gigabytes: of shards; seconds: that the reading may take.
    """
    size = int(gigabytes * 1e9)
    FOLDER.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(FOLDER).free, int(size * 1.1) + 1_000_000_000
    if free < needed:
        return [f"needs {needed / 1e9:.3f} GB of the disk, and {free / 1e9:.3f} GB are free"]
    some = np.random.default_rng(0).integers(0, 256, (DIFFERENT, SIDE, SIDE, 3), np.uint8)
    count, began = -(-size // some[0].size), time.monotonic()
    with scratch() as folder:
        pictures = ((some[i % DIFFERENT], i) for i in range(count))
        card = write_shards(folder / "shards", pictures, SHARD, total=count)
        wrote = time.monotonic() - began
        with children([("stream", folder / "shards", BATCH, PIPELINE)], folder) as started:
            [told] = answers(started, folder, seconds)
    print(
        f"stream: {card['bytes'] / 1e9:.2f} GB in {len(card['shards'])} shards, written in {wrote:.0f} s; removed now"
    )
    if "error" in told:
        return [f"the reading process: {told['error']}"]
    print(
        f"stream: read in {told['seconds']:.0f} s through a pipeline of {PIPELINE / 1e6:.0f} MB; most memory "
        f"{told['peak'] / 1e9:.2f} GB, {told['started'] / 1e9:.2f} GB of it before; at most {AT_MOST / 1e9:.1f} GB"
    )
    pixels = sum(int(one.sum()) * len(range(i, count, DIFFERENT)) for i, one in enumerate(some))
    right = {"pictures": count, "labels": count * (count - 1) // 2, "pixels": pixels}
    wrong = [
        f"{key}: {told[key]:,} came, not {value:,}" for key, value in right.items() if told[key] != value
    ]
    return wrong + [f"held {told['peak'] / 1e9:.2f} GB"] * (told["peak"] > AT_MOST)
