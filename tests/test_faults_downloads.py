"""Downloads under faults: killed, cut, on a full disk, without a folder, without rights, with a clock that goes back.

Beside these, test_ladder.py has answers that are wrong or cut, servers that hang or trickle, and two processes at once.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from scripts import ROOT
from scripts.data import downloads, ladder
from scripts.data.pictures import read_npz
from tests.support import Server

ARRAYS = {
    "x_train": np.arange(400_000, dtype=np.uint32).reshape(10, 200, 200),
    "y_train": np.arange(10, dtype=np.uint8),
    "x_test": np.ones((2, 200, 200), np.uint32),
    "y_test": np.zeros(2, np.uint8),
}


def npz(save=np.savez) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **ARRAYS)
    return buffer.getvalue()


GOOD = npz()


@pytest.fixture
def server():
    with Server() as server:
        server.pages["/good"] = (200, GOOD)
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder data/, in which downloads are kept; the user's own cache folder is beside it."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    return tmp_path / "data"


def entry(server, *paths, body=GOOD) -> dict:
    """An entry of the manifest for `ARRAYS`, whose addresses are these pages."""
    return server.entry(body, ladder.content_sha256(ARRAYS), "npz", *paths)


def climb(server, *paths) -> ladder.Served:
    return ladder.climb("digits", entry(server, *paths), {"npz": read_npz})


def command(about: dict, *fault: str) -> list[str]:
    """The ladder in a process of its own, under a fault where one is named."""
    module = ["tests.programs.climb", "digits", json.dumps(about)]
    return [sys.executable, "-m", *(("tests.programs.under_a_fault", *fault) if fault else ()), *module]


def shown(folder: Path) -> list[str]:
    """What a loader would look at in a cache folder: neither locks nor hidden names."""
    return sorted(path.name for path in folder.glob("[!.]*") if path.suffix != ".lock")


def is_whole(path: Path) -> bool:
    return ladder.content_sha256(read_npz(path)) == ladder.content_sha256(ARRAYS)


def half_then(server, act) -> None:
    """A page /half that sends half of the file, then does something, and says no more."""

    def page(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(GOOD)))
        handler.end_headers()
        handler.wfile.write(GOOD[: len(GOOD) // 2])
        handler.wfile.flush()
        act()
        handler.close_connection = True

    server.pages["/half"] = page


def test_a_download_that_is_killed_half_way_leaves_nothing_to_believe_and_the_next_one_is_whole(
    server, cache
):
    sent = threading.Event()

    def wait():
        sent.set()
        server.released.wait(60)

    half_then(server, wait)
    child = subprocess.Popen(command(entry(server, "/half")), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert sent.wait(60)
    child.kill()
    assert child.communicate(timeout=60)[0] == "" and child.returncode == -signal.SIGKILL
    assert shown(cache) == []
    # the lock of the one that was killed is nobody's now
    server.pages["/half"] = (200, GOOD)
    again = subprocess.run(
        command(entry(server, "/half")), cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert again.stdout.split() == ["from", "127.0.0.1", "10"]
    assert shown(cache) == ["digits.npz"] and is_whole(cache / "digits.npz")


@pytest.mark.parametrize("fault", ["killed-at", "room"])
def test_a_cache_file_that_is_cut_off_as_it_is_written_is_not_kept(server, cache, fault):
    """What is fetched is small, what is kept is not: the cut is in the writing of the cache, after the download."""
    packed = npz(np.savez_compressed)
    assert len(packed) < len(GOOD) / 2
    server.pages["/packed"] = (200, packed)
    about = entry(server, "/packed", body=packed)
    limit = f"{fault}={len(packed) + 1000}"
    done = subprocess.run(command(about, limit), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert shown(cache) == []
    if fault == "killed-at":
        assert done.returncode == -signal.SIGXFSZ and done.stdout == ""
    else:
        # the arrays are in memory, so the lesson goes on
        assert done.stdout.split() == ["from", "127.0.0.1", "10"] and list(cache.glob(".*")) == []
    done = subprocess.run(command(about), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["from", "127.0.0.1", "10"]
    assert shown(cache) == ["digits.npz"] and is_whole(cache / "digits.npz")


def test_on_a_disk_that_is_full_a_download_says_so_in_one_line_and_leaves_nothing(server, tmp_path, cache):
    """A disk of 20 MB in memory where one may be mounted; elsewhere a limit on the size of a file."""
    cache.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(cache)]
    mounted = bool(shutil.which("mount")) and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        if mounted:
            (cache / "full").write_bytes(bytes(20 * 2**20 - 1_000_000))
        fault = "room=0" if mounted else "room=1000000"
        about = entry(server, "/good")
        done = subprocess.run(command(about, fault), cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        why = "No space left on device" if mounted else "File too large"
        assert done.stdout.splitlines()[-1] == f"127.0.0.1: could not be written: {why}"
        assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == ["full"] * mounted
        (cache / "full").unlink(missing_ok=True)
        assert climb(server, "/good").got is not None and is_whole(cache / "digits.npz")
    finally:
        if mounted:
            subprocess.run(["umount", str(cache)], check=True)


def test_a_server_that_stops_in_the_middle_is_left_after_a_bounded_wait(server, cache, monkeypatch):
    monkeypatch.setattr(downloads, "READ", 0.5)
    half_then(server, lambda: server.released.wait(60))
    served = climb(server, "/half", "/good")
    assert served.got is not None and served.failed[-1] == "127.0.0.1: did not answer in time"
    assert shown(cache) == ["digits.npz"] and is_whole(cache / "digits.npz")


def test_a_cache_folder_that_is_removed_during_a_download_is_a_clear_reason_and_made_again(server, cache):
    half_then(server, lambda: shutil.rmtree(cache))
    served = climb(server, "/half")
    assert served.got is None and served.failed[-1].startswith("127.0.0.1: ")
    served = climb(server, "/good")
    assert served.rung == "from 127.0.0.1" and is_whole(cache / "digits.npz")
    # removed between two cells of a lesson
    shutil.rmtree(cache)
    served = climb(server, "/good")
    assert served.rung == "from 127.0.0.1" and is_whole(cache / "digits.npz")


def test_whoever_may_write_nowhere_gets_the_data_all_the_same(server):
    """The folder and its files are everybody's to read and nobody's to write; root would not notice, and is turned away."""
    # pytest's own folders are closed to others
    with tempfile.TemporaryDirectory() as name:
        home = Path(name, "home")
        home.mkdir()
        for folder in (home, Path(name)):
            folder.chmod(0o555)
        places = {"HOME": home, "COURSE_DATA": home / "data", "COURSE_USER_CACHE": home / "user"}
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(
            command(entry(server, "/good"), "no-rights"),
            cwd=ROOT,
            env={**os.environ, **{key: str(path) for key, path in places.items()}},
            capture_output=True,
            text=True,
            timeout=60,
            **other,
        )
        home.chmod(0o755)
        Path(name).chmod(0o755)
        assert done.stdout.split() == ["from", "127.0.0.1", "10"], done.stderr
        assert list(home.iterdir()) == []


def test_a_clock_that_goes_back_neither_holds_a_lock_nor_doubts_the_cache(server, cache, monkeypatch):
    now = iter(range(1_700_000_000, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    monkeypatch.setattr(downloads, "LOCK_WAIT", 0.3)
    cache.mkdir()
    with FileLock(cache / "digits.npz.lock"):
        assert "another process has held digits.npz.lock" in climb(server, "/good").failed[-1]
    # left by a process that was killed, and from the future
    (cache / "digits.npz.lock").touch()
    os.utime(cache / "digits.npz.lock", (4e9, 4e9))
    assert climb(server, "/good").rung == "from 127.0.0.1"
    for moment in (1.0, 4e9):
        os.utime(cache / "digits.npz", (moment, moment))
        assert climb(server, "/good").rung == "from the cache"
    monkeypatch.setattr(downloads, "READ", 0.3)
    half_then(server, lambda: server.released.wait(60))
    shutil.rmtree(cache)
    assert climb(server, "/half").failed[-1] == "127.0.0.1: did not answer in time"
