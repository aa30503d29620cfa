"""The ladder of sources: cache, mirror folder, original address, bundled sample.

A data set is a dictionary of NumPy arrays. Whatever rung it comes from, a full data set must decode to the arrays whose
hash the manifest (data/manifest.json) gives as ``content_sha256``; a download must also have the published bytes before
it is opened at all. Nothing else ever reaches the cache.

Environment: COURSE_MIRROR names a folder with the files laid out ready; COURSE_DATA another cache folder;
COURSE_OFFLINE=1 skips the original addresses.
"""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CONNECT, READ = 5, 10  # seconds to wait for a server: for the connection, and for each part of the answer
PATIENCE = 15  # seconds; after these a download is given up ...
LONGEST = 120  # ... that would take more seconds than these in all; a source may allow more ("longest")
LOCK_WAIT = 120  # seconds to wait for another process that downloads the same file

Arrays = dict[str, np.ndarray]

_used: dict[str, str] = {}


class DataError(RuntimeError):
    """A data set cannot be had; the message names the file, what was tried and the cure."""

    def _render_traceback_(self):
        return [f"DataError: {self}"]


def sources_used() -> dict[str, str]:
    """The data sets this process has loaded, each "full" or "sample"."""
    return dict(_used)


def record(name: str, source: str, line: str) -> None:
    """Note which source served a data set, and say so in one line."""
    _used[name] = source
    print(line)
    if note := os.environ.get("COURSE_SOURCES"):  # the notebook tests ask what a kernel has loaded
        with open(note, "a", encoding="utf-8") as file:
            file.write(json.dumps([name, source]) + "\n")


def manifest(path: Path | None = None) -> dict:
    """The data sets the course knows, by name. Raises DataError when the file is missing or is no JSON."""
    path = path or ROOT / "data" / "manifest.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["datasets"]
    except (OSError, ValueError, KeyError) as problem:
        raise DataError(
            f"{path.name} cannot be read ({problem}). Restore it with: git checkout data"
        ) from problem


def content_sha256(arrays: Arrays) -> str:
    """A hash over decoded arrays: names, dtypes, shapes and values, whatever file they came in."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def climb(
    name: str, entry: dict, readers: dict[str, Callable[[Path], Arrays]]
) -> tuple[Arrays | None, str, list[str]]:
    """Find the full form of a data set: cache, mirror, original addresses, in that order.

    Args:
        name: the data set, and the stem of its file in the cache (`name`.npz).
        entry: its part of the manifest: ``content_sha256`` and ``sources`` ({url, bytes, sha256, reader}).
        readers: how to decode each form of file, by name; "npz" has to be among them.

    Returns:
        The arrays (None when no rung served), the rung in words, and why each earlier rung did not serve.
    """
    file, failed = f"{name}.npz", []
    folders = cache_folders()
    for folder in folders:
        if (folder / file).exists():
            arrays, why = _read(folder / file, "npz", entry, readers)
            if arrays is not None:
                return arrays, "from the cache", failed
            _set_aside(folder / file)
            failed.append(f"{folder.name}/{file} was damaged and set aside ({why})")
    mirror = os.environ.get("COURSE_MIRROR")
    if mirror and (Path(mirror) / file).exists():
        arrays, why = _read(Path(mirror) / file, "npz", entry, readers)
        if arrays is not None:
            return arrays, "from the mirror folder", failed
        failed.append(f"the mirror's {file}: {why}")
    else:
        failed.append(f"no {file} in the mirror folder" if mirror else "no mirror folder (COURSE_MIRROR)")
    if os.environ.get("COURSE_OFFLINE") == "1":
        failed.append("original addresses not asked (COURSE_OFFLINE=1)")
        return None, "", failed
    into = first_writable(folders)
    if into is None:
        failed.append("no writable folder for a cache: a download is kept in memory only")
    with one_process_at_a_time(into, file) as busy:
        if busy:
            failed.append(busy)
            return None, "", failed
        if into and (into / file).exists():  # another process has fetched it meanwhile
            arrays, why = _read(into / file, "npz", entry, readers)
            if arrays is not None:
                return arrays, "from the cache", failed
        for source in entry["sources"]:
            host = urlparse(source["url"]).hostname
            arrays, why = download(source, entry, readers, into)
            if arrays is None:
                failed.append(f"{host}: {why}")
                continue
            if into is not None:
                _store(arrays, into / file)
            return arrays, f"from {host}", failed
    return None, "", failed


def cache_folders() -> list[Path]:
    """Where downloads are kept, best first: data/ of the course (or COURSE_DATA), then the user's own cache folder."""
    pooch = _pooch()
    first = Path(os.environ.get("COURSE_DATA") or ROOT / "data")
    user = os.environ.get("COURSE_USER_CACHE")
    return [first, Path(user) if user else Path(pooch.os_cache("line-to-box"))]


def _read(path: Path, reader: str, entry: dict, readers: dict) -> tuple[Arrays | None, str]:
    """Decode a file and compare its content with the manifest. Returns the arrays, or None and why not."""
    try:
        arrays = readers[reader](path)
    except (
        Exception
    ) as problem:  # any bytes can stand in a damaged file: whatever a reader says, the next rung is tried
        return None, f"cannot be read: {type(problem).__name__}"
    if content_sha256(arrays) != entry["content_sha256"]:
        return None, "its content is not what the manifest says"
    return arrays, ""


def download(source: dict, entry: dict, readers: dict, folder: Path | None) -> tuple[Arrays | None, str]:
    """Fetch one source into a temporary folder, check its bytes, then decode it. Returns arrays, or None and why not."""
    try:
        temporary = tempfile.TemporaryDirectory(prefix=".download-", dir=folder)
    except OSError as problem:
        return None, f"no room for a download: {problem.strerror}"
    with temporary as name:
        path, why = retrieve(source, Path(name))
        return _read(path, source["reader"], entry, readers) if path else (None, why)


def retrieve(source: dict, folder: Path) -> tuple[Path | None, str]:
    """Fetch one file into a folder that is thrown away afterwards. Returns its path, or None and why not.

    source: {url, bytes, sha256, longest}; where nobody publishes a hash there is none, and the caller judges what came.
        longest: seconds; a download that would take more is given up; without it LONGEST.
    """
    import requests

    pooch = _pooch()
    pooch.get_logger().setLevel("ERROR")  # one line a file is said by the caller
    patience = _Patience(source.get("bytes"), source.get("longest", LONGEST))
    fetch = pooch.HTTPDownloader(
        progressbar=patience, timeout=(CONNECT, READ), hooks={"response": patience.watch}
    )
    known = f"sha256:{source['sha256']}" if "sha256" in source else None
    why = ""
    try:
        path = pooch.retrieve(source["url"], known_hash=known, fname="file", path=folder, downloader=fetch)
    except ValueError:
        why = "answered with another file (truncated, changed, or an error page)"
    except requests.HTTPError as problem:
        why = f"answered {problem.response.status_code}"
    except (requests.Timeout, TimeoutError):
        why = "did not answer in time"
    except requests.ConnectionError:
        why = "no network, no such host, or the connection broke off"
    except requests.RequestException as problem:
        why = f"the connection broke off ({type(problem).__name__})"
    except OSError as problem:
        why = f"could not be written: {problem.strerror}"
    finally:
        patience.close()
    # whatever it looked like from here: without a length, a connection that we broke off looks like a file that ends
    if patience.over:
        why = "did not answer in time"
    return (None, why) if why else (Path(path), "")


class _Patience:
    """Stands in for pooch's progress bar: shows one after a second, and gives a download up that hardly moves."""

    def __init__(self, expected: int | None, longest: int):
        # pooch overwrites `total` by what the server says, or by 0 where it names no length; ours is kept apart
        self.expected, self.total, self.longest = expected or 0, 0, longest
        self.began = self.seen = 0
        self.bar = self.timer = None
        self.over = False

    def watch(self, response, **_) -> None:
        """Take a response of requests' (its hook) and break it off after the longest time.

        `update` alone cannot: it hears of whole chunks only, and a server may send a byte now and then for hours.
        """
        self.timer = threading.Timer(self.longest, self._break_off, [response.raw])
        self.timer.daemon = True
        self.timer.start()

    def _break_off(self, raw) -> None:
        self.over = True
        # urllib3 before 2.3 cannot wake a reader; there `update` and the time-out between two bytes are all there is
        with contextlib.suppress(Exception):
            raw.shutdown()

    def update(self, amount: int) -> None:
        from tqdm import tqdm

        now = time.monotonic()
        self.began = self.began or now
        self.seen += amount
        waited = now - self.began
        total = max(int(self.total), self.expected)
        # where nobody knows the length, the time that has gone is all that can be judged
        share = min(self.seen / total, 1) if total else 1
        if waited > PATIENCE and waited > self.longest * share:
            self.over = True
            raise TimeoutError
        if self.bar is None and waited > 1:
            self.bar = tqdm(
                total=total or None, unit="B", unit_scale=True, ncols=79, leave=False, file=sys.stdout
            )
        if self.bar is not None:
            self.bar.n = self.seen
            self.bar.refresh()

    def reset(self) -> None:
        self.seen = 0

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.bar is not None:
            self.bar.close()


def _pooch():
    """The download library; importing it warns, in a notebook, of widgets that nobody asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pooch
    return pooch


def writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def first_writable(folders: list[Path]) -> Path | None:
    """The best folder that can be written to, made where it is missing; None when there is none."""
    return next((folder for folder in folders if writable(folder)), None)


@contextlib.contextmanager
def one_process_at_a_time(folder: Path | None, file: str):
    """Hold the lock of a cache file, where there is a folder that takes one; yields why it could not be had, or None."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / f"{file}.lock") if folder else None
    try:
        if lock:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                print(f"Another process is fetching {file}; waiting for it.")
                lock.acquire(timeout=LOCK_WAIT)
    except Timeout:
        yield f"another process has held {file}.lock for {LOCK_WAIT} s"
        return
    except (
        OSError,
        NotImplementedError,
    ):  # a file system without locks: two processes may fetch the same file twice
        lock = None
    try:
        yield None
    finally:
        if lock:
            lock.release()


def _store(arrays: Arrays, path: Path) -> None:
    """Write a cache file whole or not at all."""
    temporary = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    try:
        np.savez(temporary, **arrays)
        temporary.replace(path)
    except OSError:  # a full disk: the arrays are in memory, so the lesson goes on
        temporary.unlink(missing_ok=True)


def _set_aside(path: Path) -> None:
    """Move a damaged cache file out of the way; it is the user's, so it is not deleted."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(path.name + ".damaged"))
