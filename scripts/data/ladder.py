"""The ladder of sources: cache, mirror folder, original address, bundled sample.

A data set is a dictionary of NumPy arrays. Whatever rung it comes from, a full data set must decode to the arrays whose
hash the manifest (data/manifest.json) gives as ``content_sha256``; a download must also have the published bytes before
it is opened at all. Nothing else ever reaches the cache.

How one file is fetched, and where it may lie, stands in downloads.py.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse

import numpy as np

from scripts import ROOT
from scripts.data import downloads
from scripts.runtime import OneLine

Arrays = dict[str, np.ndarray]

_used: dict[str, str] = {}


class DataError(OneLine, RuntimeError):
    """A data set cannot be had; the message names the file, what was tried and the cure, in one line."""


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


class Served(NamedTuple):
    """How a file or folder was looked for: what was found (None: nothing), on which rung, and why each earlier one did not serve."""

    got: object
    rung: str
    failed: list[str]


def ready(file: str, judge: Callable[[Path], tuple], places: list | None = None) -> Served:
    """Look for what lies ready: in the cache folders, then in the mirror folder. Asks no network, and writes nothing itself.

    Args:
        file: a file or folder, by its name in each place.
        judge: takes its path; returns what it holds, or None and why it does not serve.
        places: [(folder, rung in words)]; None takes the cache folders. The mirror folder comes after them.
    """
    if places is None:
        places = [(folder, "from the cache") for folder in downloads.cache_folders()]
    mirror, failed = downloads.mirror(), []
    for folder, rung in [*places, *([(mirror, "from the mirror folder")] if mirror else [])]:
        if (folder / file).exists():
            got, why = judge(folder / file)
            if got is not None:
                return Served(got, rung, failed)
            failed.append(
                f"the mirror's {file}: {why}" if folder == mirror else f"{folder.name}/{file} {why}"
            )
    if mirror is None or not (mirror / file).exists():
        failed.append(f"no {file} in the mirror folder" if mirror else "no mirror folder (COURSE_MIRROR)")
    return Served(None, "", failed)


def ask(
    file: str,
    into: Path | None,
    meanwhile: Callable[[], object],
    attempts: list[tuple[str, Callable[[], tuple]]],
) -> Served:
    """Ask the original addresses, one process at a time.

    Args:
        file: what is fetched; names the lock.
        into: the folder that it is fetched into, or None for memory.
        meanwhile: what another process may have fetched while this one waited for the lock, or None.
        attempts: (host, function) in order; a function returns what it got, or None and why it got nothing.
    """
    if downloads.offline():
        return Served(None, "", ["original addresses not asked (COURSE_OFFLINE=1)"])
    with downloads.one_process_at_a_time(into, file) as busy:
        if busy:
            return Served(None, "", [busy])
        if (got := meanwhile()) is not None:
            return Served(got, "from the cache", [])
        failed = []
        for host, attempt in attempts:
            got, why = attempt()
            if got is not None:
                return Served(got, f"from {host}", failed)
            failed.append(f"{host}: {why}")
    return Served(None, "", failed)


def climb(name: str, entry: dict, readers: dict[str, Callable[[Path], Arrays]]) -> Served:
    """Find the full form of a data set: cache, mirror, original addresses, in that order.

    Args:
        name: the data set, and the stem of its file in the cache (`name`.npz).
        entry: its part of the manifest: ``content_sha256`` and ``sources`` ({url, bytes, sha256, reader}).
        readers: how to decode each form of file, by name; "npz" has to be among them.

    Returns:
        The arrays as `got` (None when no rung served), the rung in words, and why each earlier rung did not serve.
    """
    file, folders = f"{name}.npz", downloads.cache_folders()

    def judge(path: Path) -> tuple[Arrays | None, str]:
        arrays, why = _read(path, "npz", entry, readers)
        if arrays is None and path.parent in folders:
            _set_aside(path)
            why = f"was damaged and set aside ({why})"
        return arrays, why

    here = ready(file, judge)
    if here.got is not None:
        return here
    into = None if downloads.offline() else downloads.first_writable(folders)
    if into is None and not downloads.offline():
        here.failed.append("no writable folder for a cache: a download is kept in memory only")

    def meanwhile() -> Arrays | None:
        there = into is not None and (into / file).exists()
        return _read(into / file, "npz", entry, readers)[0] if there else None

    def attempt(source: dict) -> tuple[Arrays | None, str]:
        arrays, why = download(source, entry, readers, into)
        if arrays is not None and into is not None and (lost := _store(arrays, into / file)):
            here.failed.append(lost)
        return arrays, why

    attempts = [(urlparse(source["url"]).hostname, partial(attempt, source)) for source in entry["sources"]]
    asked = ask(file, into, meanwhile, attempts)
    return asked._replace(failed=[*here.failed, *asked.failed])


def _read(path: Path, reader: str, entry: dict, readers: dict) -> tuple[Arrays | None, str]:
    """Decode a file and compare its content with the manifest. Returns the arrays, or None and why not."""
    try:
        arrays = readers[reader](path)
    # any bytes can stand in a damaged file: whatever a reader says, the next rung is tried
    except Exception as problem:
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
        path, why = downloads.retrieve(source, Path(name))
        return _read(path, source["reader"], entry, readers) if path else (None, why)


def _store(arrays: Arrays, path: Path) -> str:
    """Write a cache file whole or not at all. Returns why it could not be kept, or an empty text."""
    temporary = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    try:
        np.savez(temporary, **arrays)
        temporary.replace(path)
    except OSError as problem:  # a full disk: the arrays are in memory, so the lesson goes on
        temporary.unlink(missing_ok=True)
        return f"it could not be kept in {path.parent.name}/: {problem.strerror}"
    return ""


def _set_aside(path: Path) -> None:
    """Move a damaged cache file out of the way; it is the user's, so it is not deleted."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(path.name + ".damaged"))
