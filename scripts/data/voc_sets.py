"""Where sets in Pascal VOC's form come from: BCCD, raccoons and VOC 2007, by the ladder of sources (ladder.py)."""

import hashlib
import shutil
import tarfile
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

import numpy as np

from scripts.data import downloads, ladder
from scripts.data.ladder import DataError
from scripts.data.voc import VOC_CLASSES, VocSet, read_voc

BCCD_CLASSES = ("Platelets", "RBC", "WBC")
RACCOON_CLASSES = ("raccoon",)
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
    served = _laid_out(
        "bccd",
        "BCCD",
        "put its folders Annotations, JPEGImages and ImageSets (github.com/Shenggan/BCCD_Dataset) into data/bccd",
    )
    found = read_voc(served.got, part, BCCD_CLASSES, warn=False)
    ladder.record("bccd", "full", f"BCCD, {part}: {found.counts()}, {served.rung}.")
    return found


def load_raccoons(part: str = "train") -> VocSet:
    """Photographs of raccoons (Dat Tran's raccoon_dataset): 200 of them with 217 raccoons, one class.

    It is looked for in the cache (data/raccoon) and in the mirror folder (raccoon). The repository is under the MIT licence; the
    photographs' own rights are unknown, so the course ships none and publishes none.

    Args:
        part: "train" (160 pictures) or "test" (40, every fifth in order of names).

    Raises:
        DataError: it is not there, or other than the manifest says; no such part.
    """
    served = _laid_out(
        "raccoon",
        "The raccoons",
        "download github.com/datitran/raccoon_dataset (commit 93938849) and copy its folder images as JPEGImages, annotations as "
        "Annotations into data/raccoon",
    )
    found = read_voc(served.got, part, RACCOON_CLASSES, warn=False)
    ladder.record("raccoon", "full", f"Raccoons, {part}: {found.counts()}, {served.rung}.")
    return found


def _laid_out(name: str, title: str, cure: str) -> ladder.Served:
    """The folder of a set that has no address to fetch it from: in the cache or the mirror, with the files of the manifest.

    Raises:
        DataError: there is none, or another; `cure` says what to do.
    """
    known = ladder.manifest()[name]["content_sha256"]

    def judge(folder: Path) -> tuple[Path | None, str]:
        good = files_sha256(folder) == known
        return (folder, "") if good else (None, "does not hold the files of the manifest")

    served = ladder.ready(name, judge)
    if served.got is None:
        raise DataError(
            f"{title} cannot be had here: no good folder {name} in the cache; {'; '.join(served.failed)}. Cure: {cure}"
        )
    return served


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

    def judge(folder: Path) -> tuple[Path | None, str]:
        whole = (folder / "ImageSets" / "Main" / f"{part}.txt").is_file()
        return (folder, "") if whole else (None, f"has no list of {part}")

    name = f"voc2007_{VOC2007_PARTS[part]}"
    failed = []
    for look in (
        lambda: ladder.ready(name, judge),
        lambda: ladder.ready("VOCdevkit/VOC2007", judge),
        lambda: fetch_archive(name, ladder.manifest()[name]),
    ):
        served = look()
        if served.got is not None:
            break
        failed += served.failed
    else:
        raise DataError(
            f"VOC 2007, {part}, cannot be had here: {'; '.join(dict.fromkeys(failed))}. Cure: connect to a network once, or unpack its archive "
            "into data/ or into the folder COURSE_MIRROR names, which then holds VOCdevkit/VOC2007"
        )
    found = read_voc(served.got, part, VOC_CLASSES, check=False)
    ladder.record("voc2007", "full", f"VOC 2007, {part}: {found.counts()}, {served.rung}.")
    return found


def fetch_archive(name: str, entry: dict) -> ladder.Served:
    """Download an archive in Pascal VOC's form and unpack it into the cache.

    Args:
        name: the data set; its folder in the cache gets this name. entry: its part of the manifest.

    Returns:
        The folder (None when it cannot be had), the rung in words, and why each source did not serve.
    """
    into = None if downloads.offline() else downloads.first_writable(downloads.cache_folders())
    if into is None and not downloads.offline():
        return ladder.Served(None, "", ["no folder for a cache can be written to"])

    def attempt(source: dict) -> tuple[Path | None, str]:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=into) as temporary:
            path, why = downloads.retrieve(source, Path(temporary))
            if path is None:
                return None, why
            try:
                counts = unpack(path, into / name)
            # any bytes can stand in a damaged archive: whatever its reader says, the next source is tried
            except Exception as problem:
                return None, f"cannot be unpacked: {type(problem).__name__}"
        if ladder.content_sha256({"files": np.array(counts, np.int64)}) != entry["content_sha256"]:
            shutil.rmtree(into / name, ignore_errors=True)
            return None, "its content is not what the manifest says"
        return into / name, ""

    def meanwhile() -> Path | None:
        return into / name if (into / name).is_dir() else None

    attempts = [(urlparse(source["url"]).hostname, partial(attempt, source)) for source in entry["sources"]]
    return ladder.ask(name, into, meanwhile, attempts)


def unpack(archive: Path, target: Path) -> list[int]:
    """Unpack a tar whose one folder in Pascal VOC's form becomes `target`, whole or not at all.

    Members that would leave the folder are refused. Returns how many files Annotations and JPEGImages hold, for the
    manifest to compare.
    """
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=target.parent) as name:
        with tarfile.open(archive) as tar:
            tar.extractall(name, filter="data")
        found = [path.parent for path in sorted(Path(name).rglob("JPEGImages"))]
        if len(found) != 1:
            raise ValueError(f"{len(found)} folders JPEGImages in the archive")
        counts = [sum(1 for _ in (found[0] / part).iterdir()) for part in FORM[:2]]
        shutil.move(found[0], target)
    return counts


def files_sha256(folder: Path) -> str:
    """A hash over the files of a folder in Pascal VOC's form: names and bytes, in order of names."""
    digest = hashlib.sha256()
    for part in FORM:
        for path in sorted((folder / part).glob("*.*")):
            digest.update(f"{part}/{path.name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
