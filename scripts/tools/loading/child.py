"""A process of `make load`: loads the data of lessons 05 and 08, or reads a stream; ends with one line of JSON.

python -m scripts.tools.loading.child downloads FOLDER
python -m scripts.tools.loading.child stream FOLDER BATCH LIMIT
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from scripts import data
from scripts.data import ladder
from scripts.tools.loading.memory import resident

PATIENCE = 300  # seconds that a process waits for the others


def downloads(folder: str) -> dict:
    """Load both data sets when the file `go` is there, by the folder's manifest, with the folder's cache.

    Returns:
        content: the hash of each, as the manifest counts it.
    """
    place, waited = Path(folder), time.monotonic()
    os.environ |= {"COURSE_DATA": str(place / "cache"), "COURSE_USER_CACHE": str(place / "user")}
    for name in ("COURSE_MIRROR", "COURSE_OFFLINE"):
        os.environ.pop(name, None)
    entries = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    known = ladder.manifest()
    entries = {name: known[name] | entry for name, entry in entries.items()}
    ladder.manifest = lambda path=None: known | entries
    (place / f"ready-{os.getpid()}").touch()
    while not (place / "go").exists():
        # whoever started this one may have been killed: it must not go on alone
        if time.monotonic() - waited > PATIENCE:
            sys.exit(f"nobody said go within {PATIENCE} s")
        time.sleep(0.01)
    content = {}
    for name, load in (("mnist", data.load_mnist), ("cifar10", data.load_cifar10_or_photo_patches)):
        images = load()
        parts = ("x_train", "y_train", "x_test", "y_test")
        arrays = {part: getattr(images, part) for part in parts}
        content[name] = ladder.content_sha256(arrays)
    return {"content": content}


def stream(folder: str, batch: str, limit: str) -> dict:
    """Read a stream once.

    Returns:
        pictures, labels, pixels: their number, and the sums of the values; seconds; started and peak: bytes held before, and at
        most.
    """
    import tensorflow as tf

    total = tf.reduce_sum(tf.zeros(3, tf.int64))
    began, started, pictures, labels = time.monotonic(), resident(os.getpid()), 0, 0
    for some, numbers in data.stream_shards(folder, int(batch), int(limit)):
        pictures, labels = pictures + len(numbers), labels + int(tf.reduce_sum(numbers))
        total += int(np.sum(some.numpy(), dtype=np.int64))
    seconds = time.monotonic() - began
    read = {"pictures": pictures, "labels": labels, "pixels": int(total)}
    return {**read, "seconds": seconds, "started": started, "peak": peak()}


def peak() -> int | None:
    """Bytes that this process has held at most; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    # Linux counts in units of 1024 bytes, others in bytes
    unit = 1024 if sys.platform == "linux" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    print(json.dumps({"downloads": downloads, "stream": stream}[sys.argv[1]](*sys.argv[2:])))
