"""The ladder of sources under faults: never a bad file in the cache, always a clear reason, the next rung tried."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from scripts import ROOT
from scripts.data import downloads, ladder
from scripts.data.pictures import read_npz
from tests.support import Server

ARRAYS = {
    "x_train": np.arange(4000, dtype=np.uint8).reshape(10, 20, 20),
    "y_train": np.arange(10, dtype=np.uint8),
    "x_test": np.ones((2, 20, 20), np.uint8),
    "y_test": np.zeros(2, np.uint8),
}
READERS = {"npz": read_npz}


def npz(arrays=ARRAYS) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


GOOD = npz()


@pytest.fixture
def server():
    with Server() as server:
        server.pages["/good"] = (200, GOOD)
        yield server


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    return tmp_path


def entry(server, *paths):
    """An entry of the manifest for `ARRAYS`, whose addresses are these pages."""
    return server.entry(GOOD, ladder.content_sha256(ARRAYS), "npz", *paths)


def climb(server, *paths):
    """The ladder for `ARRAYS` at these pages: (arrays, the rung that served, why others did not)."""
    return ladder.climb("digits", entry(server, *paths), READERS)


def cached(folder: Path) -> list[str]:
    """What is in a cache folder, locks aside."""
    return sorted(path.name for path in folder.glob("*") if path.suffix != ".lock") if folder.exists() else []


def test_a_download_is_checked_stored_and_served_from_the_cache_afterwards(server, folders):
    arrays, rung, failed = climb(server, "/good")
    assert rung == "from 127.0.0.1" and failed == ["no mirror folder (COURSE_MIRROR)"]
    np.testing.assert_array_equal(arrays["x_train"], ARRAYS["x_train"])
    assert cached(folders / "data") == ["digits.npz"]
    assert climb(server, "/good")[1] == "from the cache"
    assert server.asked == ["/good"]


WRONG = {
    "truncated": GOOD[: len(GOOD) // 2],
    "another file": npz({**ARRAYS, "y_test": np.ones(2, np.uint8)}),
    "an HTML page with status 200": b"<!DOCTYPE html><html><body>Sign in to this network</body></html>",
    "empty": b"",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_a_wrong_answer_never_enters_the_cache_and_the_next_address_is_tried(server, folders, body):
    server.pages["/bad"] = (200, body)
    arrays, _, failed = climb(server, "/bad")
    assert arrays is None and "another file" in failed[-1]
    assert cached(folders / "data") == []
    arrays, rung, failed = climb(server, "/bad", "/good")
    assert arrays is not None and "another file" in failed[-1]
    assert cached(folders / "data") == ["digits.npz"]


def test_a_connection_that_breaks_off_is_no_traceback(server, folders):
    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(GOOD)))
        handler.end_headers()
        handler.wfile.write(GOOD[:100])
        handler.close_connection = True

    server.pages["/half"] = half
    arrays, _, failed = climb(server, "/half", "/good")
    assert arrays is not None and len(failed) == 2
    assert cached(folders / "data") == ["digits.npz"]


def test_404_then_a_good_address(server):
    arrays, rung, failed = climb(server, "/gone", "/good")
    assert arrays is not None and failed[-1] == "127.0.0.1: answered 404"


def test_a_server_that_hangs_is_left_after_a_bounded_wait(server, monkeypatch):
    monkeypatch.setattr(downloads, "READ", 0.5)
    server.pages["/hangs"] = lambda handler: server.released.wait(60)
    began = time.monotonic()
    arrays, _, failed = climb(server, "/hangs", "/good")
    assert arrays is not None and failed[-1] == "127.0.0.1: did not answer in time"
    assert time.monotonic() - began < 4


def test_a_server_that_trickles_is_left_too(server, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE", 0.5)
    monkeypatch.setattr(downloads, "LONGEST", 1)

    def trickle(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(GOOD)))
        handler.end_headers()
        for start in range(0, len(GOOD), 1024):
            handler.wfile.write(GOOD[start : start + 1024])
            handler.wfile.flush()
            time.sleep(0.4)

    server.pages["/trickle"] = trickle
    began = time.monotonic()
    arrays, _, failed = climb(server, "/trickle", "/good")
    assert arrays is not None and failed[-1] == "127.0.0.1: did not answer in time"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("piece", "pause"), [(1, 0.3), (1024, 1.0)])
@pytest.mark.parametrize("length", [True, False])
def test_a_server_that_trickles_is_given_up_whether_or_not_it_names_a_length(
    server, monkeypatch, tmp_path, piece, pause, length
):
    """Bounded by the longest time, not by the server: in pieces of one byte, pooch never sees a whole chunk arrive."""
    monkeypatch.setattr(downloads, "PATIENCE", 0.5)

    def trickle(handler):
        handler.send_response(200)
        if length:
            handler.send_header("Content-Length", str(len(GOOD)))
        handler.end_headers()
        # six seconds at least, half an hour at most, if nobody goes away
        for start in range(0, len(GOOD), piece):
            try:
                handler.wfile.write(GOOD[start : start + piece])
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(pause)

    server.pages["/trickle"] = trickle
    source = {"url": entry(server, "/trickle")["sources"][0]["url"], "longest": 0.8}
    began = time.monotonic()
    path, why = downloads.retrieve(source, tmp_path)
    assert path is None and why == "did not answer in time"
    assert time.monotonic() - began < 5


def test_a_damaged_cache_file_is_set_aside_not_used_and_not_lost(server, folders):
    (folders / "data").mkdir()
    (folders / "data" / "digits.npz").write_bytes(GOOD[:-500] + b"x" * 500)
    arrays, rung, failed = climb(server, "/good")
    assert arrays is not None and rung == "from 127.0.0.1"
    assert "data/digits.npz was damaged and set aside" in failed[0]
    assert cached(folders / "data") == ["digits.npz", "digits.npz.damaged"]


def test_the_mirror_serves_before_the_network_and_is_checked_as_well(server, folders, monkeypatch):
    mirror = folders / "mirror"
    mirror.mkdir()
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    (mirror / "digits.npz").write_bytes(GOOD)
    assert climb(server, "/good")[1] == "from the mirror folder" and server.asked == []
    (mirror / "digits.npz").write_bytes(npz({**ARRAYS, "y_test": np.ones(2, np.uint8)}))
    arrays, rung, failed = climb(server, "/good")
    assert rung == "from 127.0.0.1" and "not what the manifest says" in failed[0]


def test_an_unwritable_data_folder_falls_back_to_the_users_cache_then_to_memory(server, folders, monkeypatch):
    (folders / "a-file").write_text("a folder cannot be made here")
    monkeypatch.setenv("COURSE_DATA", str(folders / "a-file" / "data"))
    assert climb(server, "/good")[0] is not None
    assert cached(folders / "user") == ["digits.npz"]
    (folders / "user" / "digits.npz").unlink()
    monkeypatch.setenv("COURSE_USER_CACHE", str(folders / "a-file" / "user"))
    arrays, rung, failed = climb(server, "/good")
    assert arrays is not None and "in memory only" in failed[-1]


def test_no_network_is_one_clear_reason(monkeypatch):
    entry = {
        "content_sha256": "",
        "sources": [{"url": "http://127.0.0.1:9/x", "sha256": "0" * 64, "reader": "npz"}],
    }
    arrays, _, failed = ladder.climb("digits", entry, READERS)
    assert arrays is None and failed[-1] == "127.0.0.1: no network, no such host, or the connection broke off"
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert "not asked" in ladder.climb("digits", entry, READERS)[2][-1]


def test_two_processes_at_once_fetch_once(server, folders):
    def slow(handler):
        time.sleep(1.5)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(GOOD)))
        handler.end_headers()
        handler.wfile.write(GOOD)

    server.pages["/slow"] = slow
    arguments = "digits", json.dumps(entry(server, "/slow"))
    command = [sys.executable, "-m", "tests.programs.climb", *arguments]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].splitlines()[-1] for process in both)
    assert said == ["from 127.0.0.1 10", "from the cache 10"]
    assert server.asked == ["/slow"]
    assert cached(folders / "data") == ["digits.npz"]


def test_a_lock_that_is_never_released_is_waited_for_a_while_only(server, folders, monkeypatch, capsys):
    from filelock import FileLock

    monkeypatch.setattr(downloads, "LOCK_WAIT", 0.3)
    (folders / "data").mkdir()
    with FileLock(folders / "data" / "digits.npz.lock"):
        arrays, _, failed = climb(server, "/good")
    assert arrays is None and failed[-1] == "another process has held digits.npz.lock for 0.3 s"
    assert "waiting for it" in capsys.readouterr().out and server.asked == []


def test_on_a_full_disk_nothing_half_written_is_left_and_the_arrays_are_used_all_the_same(
    server, folders, monkeypatch
):
    def full(path, **arrays):
        path.write_bytes(GOOD[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ladder.np, "savez", full)
    arrays, rung, failed = climb(server, "/good")
    assert arrays is not None and rung == "from 127.0.0.1" and cached(folders / "data") == []
    assert failed[-1] == "it could not be kept in data/: No space left on device"


def test_a_pickle_in_an_npz_is_refused(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, **{**ARRAYS, "y_test": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        read_npz(path)


def test_a_broken_manifest_is_a_clear_error(tmp_path):
    with pytest.raises(ladder.DataError, match="manifest.json cannot be read"):
        ladder.manifest(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text("<html>")
    with pytest.raises(ladder.DataError, match="git checkout data"):
        ladder.manifest(tmp_path / "manifest.json")
