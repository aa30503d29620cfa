"""One verified download: patience with slow servers, locks between processes, and the folders that a file may lie in.

Environment: COURSE_MIRROR names a folder with files laid out ready; COURSE_DATA another cache folder; COURSE_OFFLINE=1
says that no address may be asked. They are read here and nowhere else.
"""

import contextlib
import os
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from urllib.parse import urljoin

from scripts import ROOT

CONNECT, READ = 5, 10  # seconds to wait for a server: for the connection, and for each part of the answer
PATIENCE = 15  # seconds; after these a download is given up ...
LONGEST = 120  # ... that would take more seconds than these in all; a source may allow more ("longest")
LOCK_WAIT = 120  # seconds to wait for another process that downloads the same file


def offline() -> bool:
    """Whether no address may be asked (COURSE_OFFLINE=1)."""
    return os.environ.get("COURSE_OFFLINE") == "1"


def mirror() -> Path | None:
    """The folder with files laid out ready that COURSE_MIRROR names, or None."""
    named = os.environ.get("COURSE_MIRROR")
    return Path(named) if named else None


def is_web_page(start: bytes) -> bool:
    """Whether a file that begins with these bytes is a web page, such as a server's page of an error."""
    return start[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html"))


def cache_folders() -> list[Path]:
    """Where downloads are kept, best first: data/ of the course (or COURSE_DATA), then the user's own cache folder."""
    pooch = _pooch()
    first = Path(os.environ.get("COURSE_DATA") or ROOT / "data")
    user = os.environ.get("COURSE_USER_CACHE")
    return [first, Path(user) if user else Path(pooch.os_cache("line-to-box"))]


def retrieve(source: dict, folder: Path) -> tuple[Path | None, str]:
    """Fetch one file into a folder that is thrown away afterwards. Returns its path, or None and why not.

    source: {url, bytes, sha256, longest}; where nobody publishes a hash there is none, and the caller judges what came.
        longest: seconds; a download that would take more is given up; without it LONGEST.
    """
    import requests
    from urllib3.exceptions import ReadTimeoutError

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
    except requests.ConnectionError as problem:
        # of a server that falls silent in the middle, requests says no more than this
        silent = isinstance(problem.args[0] if problem.args else None, ReadTimeoutError)
        broken = "no network, no such host, or the connection broke off"
        why = "did not answer in time" if silent else broken
    except requests.RequestException as problem:
        why = f"the connection broke off ({type(problem).__name__})"
    except OSError as problem:
        why = f"could not be written: {problem.strerror}"
    finally:
        patience.close()
    # whatever it looked like from here: without a length, a connection that we broke off looks like a file that ends
    if patience.over:
        why = "did not answer in time"
    if patience.unsafe:
        why = "sent us on to an address without https"
    return (None, why) if why else (Path(path), "")


class _Patience:
    """Stands in for pooch's progress bar: shows one after a second, and gives a download up that hardly moves."""

    def __init__(self, expected: int | None, longest: int):
        # pooch overwrites `total` by what the server says, or by 0 where it names no length; ours is kept apart
        self.expected, self.total, self.longest = expected or 0, 0, longest
        self.began = self.seen = 0
        self.bar = self.timer = None
        self.over = self.unsafe = False

    def watch(self, response, **_) -> None:
        """Take a response of requests' (its hook) and break it off after the longest time.

        `update` alone cannot: it hears of whole chunks only, and a server may send a byte now and then for hours. Who was asked by
        https may not send us on to an address without it.
        """
        if response.is_redirect and response.url.startswith("https:"):
            self.unsafe = not urljoin(response.url, response.headers["location"]).startswith("https:")
            if self.unsafe:
                raise ConnectionError
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
            self.bar.update(self.seen - self.bar.n)

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
    """Whether files can be written to a folder; it is made where it is missing."""
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
    # a file system without locks: two processes may fetch the same file twice
    except (OSError, NotImplementedError):
        lock = None
    try:
        yield None
    finally:
        if lock:
            lock.release()
