"""Reads shards once as a stream, and prints how many pictures came and how many bytes more than before it held at most.

    python -m tests.programs.reads_shards FOLDER BATCH LIMIT

TensorFlow has started and run a small pipeline before the counting begins; a stream's own memory is what comes on top.
"""

import re
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from scripts import data


def held(name: str) -> int:
    """Bytes that this process holds now ("VmRSS"), or has held at most ("VmHWM")."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024


def main(folder: str, batch: str, limit: str) -> None:
    """Read all batches."""
    tf.data.Dataset.range(1000).map(lambda i: i + 1).batch(10).reduce(np.int64(0), lambda a, b: a + b[0])
    before = held("VmRSS")
    seen = sum(len(labels) for _, labels in data.stream_shards(folder, int(batch), int(limit)))
    print(seen, held("VmHWM") - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
