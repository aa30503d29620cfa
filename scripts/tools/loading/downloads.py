"""Many processes that call the loaders of lessons 05 and 08 at once, with nothing in the cache."""

import contextlib
import functools
import hashlib
import json
import threading
import time
from collections import Counter
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from scripts.data import ladder
from scripts.tools.loading.memory import Watch
from scripts.tools.loading.processes import answers, children, scratch

# training pictures, test pictures, and the shape of one, as in the true data sets
SHAPES = {"mnist": (60_000, 10_000, 28, 28), "cifar10": (50_000, 10_000, 32, 32, 3)}


def run(processes: int, seconds: float, shapes: dict = SHAPES) -> list[str]:
    """Print the figures. Returns what is wrong, a line each.

    Args:
        processes: how many; seconds: that they may take; shapes: of the pictures, which are noise.
    """
    with scratch() as folder, _server(folder) as (address, asked):
        entries = made_up(folder, address, shapes)
        (folder / "manifest.json").write_text(json.dumps(entries), encoding="utf-8")
        with children([("downloads", folder)] * processes, folder) as started:
            _wait_for_all(started, folder, seconds)
            began = time.monotonic()
            with Watch() as watch:
                (folder / "go").touch()
                told = answers(started, folder, seconds)
        took = time.monotonic() - began
        damaged = sorted({path.name for path in folder.rglob("*.damaged")})
    good = {name: entry["content_sha256"] for name, entry in entries.items()}
    equal = sum(one.get("content") == good for one in told)
    counts = {name: asked[f"/{name}.npz"] for name in good}
    print(
        f"downloads: {equal} of {processes} processes have the same, right data after {took:.1f} s; "
        f"downloads of each file: {counts}; {watch}"
    )
    wrong = [f"a process ended with {one}" for one in told if one.get("content") != good]
    wrong += [f"{name} was downloaded {count} times" for name, count in counts.items() if count != 1]
    return wrong + [f"the cache holds {name}" for name in damaged]


def made_up(folder: Path, address: str, shapes: dict) -> dict:
    """Write files of noise in the form of the data sets, and return entries of the manifest that name them and a server."""
    entries, random = {}, np.random.default_rng(0)
    for name, (train, test, *shape) in shapes.items():
        labels = () if len(shape) == 2 else (1,)
        arrays = {
            f"{letter}_{part}": random.integers(0, most, (count, *size), np.uint8)
            for part, count in (("train", train), ("test", test))
            for letter, most, size in (("x", 256, shape), ("y", 10, labels))
        }
        path = folder / f"{name}.npz"
        np.savez(path, **arrays)
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        source = {"url": f"{address}/{path.name}", "bytes": path.stat().st_size, "sha256": sha256}
        entries[name] = {
            "content_sha256": ladder.content_sha256(arrays),
            "sources": [source | {"reader": "npz"}],
        }
    return entries


def _wait_for_all(started: list, folder: Path, seconds: float) -> None:
    """Until each process has imported all it needs, or has ended, or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if all((folder / f"ready-{one.pid}").exists() or one.poll() is not None for one in started):
            return
        time.sleep(0.05)


@contextlib.contextmanager
def _server(folder: Path):
    """A web server on this machine that sends a folder's files; yields its address and a Counter of the paths asked for."""
    asked = Counter()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked[self.path] += 1
            # whoever breaks off is found by what it says
            with contextlib.suppress(ConnectionError):
                super().do_GET()

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}", asked
    finally:
        http.shutdown()
        http.server_close()
