"""Where sets in Pascal VOC's form come from: BCCD and VOC 2007, by the ladder of sources (ladder.py)."""

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from scripts.data import ladder
from scripts.data.ladder import DataError
from scripts.data.voc import VOC_CLASSES, VocSet, read_voc

BCCD_CLASSES = ("Platelets", "RBC", "WBC")
VOC2007_PARTS = {"train": "trainval", "val": "trainval", "trainval": "trainval", "test": "test"}
FORM = ("Annotations", "JPEGImages", "ImageSets/Main")


def load_bccd(part: str = "trainval") -> VocSet:
    """Blood cells under a microscope (BCCD, Shenggan and others, MIT): 364 pictures of 640x480, three classes.

    It is looked for in the cache (data/bccd) and in the mirror folder (bccd). Two boxes of no size are left out.

    Args:
        part: "train" (205 pictures), "val" (87), "trainval" (292) or "test" (72).

    Raises:
        DataError: it is not there, or other than the manifest says; no such part.
    """
    expected, failed = ladder.manifest()["bccd"]["content_sha256"], []
    for folder, rung in _folders("bccd"):
        if files_sha256(folder) != expected:
            failed.append(f"{folder.name} {rung} does not hold the files of the manifest")
            continue
        found = read_voc(folder, part, BCCD_CLASSES, warn=False)
        ladder.record("bccd", "full", f"BCCD, {part}: {found.counts()}, {rung}.")
        return found
    raise DataError(
        f"BCCD cannot be had here: {'; '.join(failed) or 'no folder bccd in the cache or in the mirror folder'}. Cure: put its "
        "folders Annotations, JPEGImages and ImageSets (github.com/Shenggan/BCCD_Dataset) into data/bccd"
    )


def load_voc2007(part: str = "trainval") -> VocSet:
    """Pascal VOC 2007 (Everingham et al.): 5,011 pictures to train, 4,952 to test, 20 classes. 0.9 GB when fetched.

    The ladder: the cache, the mirror folder (either holds voc2007_trainval and voc2007_test, or the archives' own
    VOCdevkit/VOC2007), the organisers' address.

    Args:
        part: "train", "val", "trainval" or "test".

    Raises:
        DataError: it cannot be had; no such part.
    """
    if part not in VOC2007_PARTS:
        raise DataError(f"VOC 2007 has the parts {', '.join(VOC2007_PARTS)}, not {part!r}")
    name = f"voc2007_{VOC2007_PARTS[part]}"
    for folder, rung in (*_folders(name), *_folders("VOCdevkit/VOC2007")):
        if (folder / "ImageSets" / "Main" / f"{part}.txt").is_file():
            return _voc2007(folder, part, rung)
    folder, failed = fetch_archive(name, ladder.manifest()[name])
    if folder is None:
        raise DataError(
            f"VOC 2007, {part}, cannot be had here: {'; '.join(failed)}. Cure: connect to a network once, or unpack its archive "
            "into data/ or into the folder COURSE_MIRROR names, which then holds VOCdevkit/VOC2007"
        )
    return _voc2007(folder, part, f"from {failed[-1]}")


def fetch_archive(name: str, entry: dict) -> tuple[Path | None, list[str]]:
    """Download an archive in Pascal VOC's form and unpack it into the cache.

    Args:
        name: the data set; its folder in the cache gets this name. entry: its part of the manifest.

    Returns:
        The folder, or None; and why each rung did not serve, last the host that did.
    """
    if os.environ.get("COURSE_OFFLINE") == "1":
        return None, ["original addresses not asked (COURSE_OFFLINE=1)"]
    writable = ladder.first_writable(ladder.cache_folders())
    if writable is None:
        return None, ["no folder for a cache can be written to"]
    failed = []
    with ladder.one_process_at_a_time(writable, name) as busy:
        if busy:
            return None, [busy]
        if (writable / name).is_dir():
            return writable / name, ["another process, meanwhile"]
        readers = {"voc.tar": lambda path: unpack(path, writable / name)}
        for source in entry["sources"]:
            host = source["url"].split("/")[2]
            arrays, why = ladder.download(source, entry, readers, writable)
            if arrays is not None:
                return writable / name, [*failed, host]
            shutil.rmtree(writable / name, ignore_errors=True)  # unpacked, but other than the manifest says
            failed.append(f"{host}: {why}")
    return None, failed


def unpack(archive: Path, target: Path) -> ladder.Arrays:
    """Unpack a tar whose one folder in Pascal VOC's form becomes `target`, whole or not at all; members that would leave the
    folder are refused. Returns how many files each of its folders holds, for the manifest to compare."""
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=target.parent) as name:
        with tarfile.open(archive) as tar:
            tar.extractall(name, filter="data")
        found = [path.parent for path in sorted(Path(name).rglob("JPEGImages"))]
        if len(found) != 1:
            raise ValueError(f"{len(found)} folders JPEGImages in the archive")
        counts = [sum(1 for _ in (found[0] / part).iterdir()) for part in FORM[:2]]
        shutil.move(found[0], target)
    return {"files": np.array(counts, np.int64)}


def files_sha256(folder: Path) -> str:
    """A hash over the files of a folder in Pascal VOC's form: names and bytes, in order of names."""
    digest = hashlib.sha256()
    for part in FORM:
        for path in sorted((folder / part).glob("*.*")):
            digest.update(f"{part}/{path.name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _voc2007(folder: Path, part: str, rung: str) -> VocSet:
    found = read_voc(folder, part, VOC_CLASSES, check=False)
    ladder.record("voc2007", "full", f"VOC 2007, {part}: {found.counts()}, {rung}.")
    return found


def _folders(name: str):
    """The folders of a name that exist in the cache and the mirror folder, each with its rung in words."""
    mirror = os.environ.get("COURSE_MIRROR")
    rungs = [(folder, "from the cache") for folder in ladder.cache_folders()]
    rungs += [(Path(mirror), "from the mirror folder")] if mirror else []
    return [(folder / name, rung) for folder, rung in rungs if (folder / name).is_dir()]
