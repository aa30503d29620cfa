"""A zip file unpacked into a folder of its own: nothing leaves it, no links, and a limit on the size."""

import hashlib
import os
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from scripts.data.ladder import DataError

LARGEST = 8_000_000_000  # bytes, unpacked
MOST_FILES = 500_000
NOTE = ".unpacked_from"  # in the folder: which zip it is of
CHUNK = 1 << 20


def unzip(path: Path, into=None, largest: int = LARGEST) -> Path:
    """Unpack a zip, whole or not at all; a second time what lies there serves.

    Args:
        path: the zip file.
        into: the folder to be made; None takes one beside the zip, with its name and "_unpacked".
        largest: bytes that it may have, unpacked.

    Raises:
        DataError: no zip, damaged, locked by a password, too large; a member that leads out of the folder or is a link; the
            folder is there and is not this zip's, or cannot be written to.
    """
    path = Path(path)
    target = Path(into) if into else path.with_name(f"{path.stem}_unpacked")
    try:
        with zipfile.ZipFile(path) as archive:
            members = _judged(path.name, archive, largest)
            digest = hashlib.sha256(
                repr([(m.filename, m.file_size, m.CRC) for m in members]).encode()
            ).hexdigest()
            if target.exists():
                if _note(target) == digest:
                    return target
                raise DataError(
                    f"{path.name}: the folder {target.name} is there already and is not what this zip holds. Move it away, or "
                    "name another with into="
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".unzip-", dir=target.parent) as name:
                place = Path(name) / "whole"
                place.mkdir()
                _unpack(path.name, archive, members, place, largest)
                (place / NOTE).write_text(digest, encoding="utf-8")
                os.replace(place, target)
    except zipfile.BadZipFile as problem:
        raise DataError(
            f"{path.name} is no zip file, cut off or damaged ({problem}): copy or download it again"
        ) from None
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        if isinstance(problem, DataError):
            raise
        raise DataError(
            f"{path.name} cannot be unpacked ({problem}): unpack it by hand, then name the folder"
        ) from None
    except OSError as problem:
        raise DataError(
            f"{path.name} cannot be unpacked beside itself ({problem.strerror}): name a folder with into="
        ) from None
    return target


def _judged(zip_name: str, archive: zipfile.ZipFile, largest: int) -> list[zipfile.ZipInfo]:
    """The files in a zip, each of which can be unpacked without harm; folders come with them."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in PurePosixPath(name).parts or ":" in name.split("/")[0]:
            raise DataError(
                f"{zip_name}: {member.filename!r} leads out of its folder; nothing of it was unpacked"
            )
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise DataError(
                f"{zip_name}: {member.filename!r} is a link or no file; nothing of it was unpacked"
            )
        if member.flag_bits & 1:
            raise DataError(f"{zip_name} is locked by a password: unpack it by hand, then name the folder")
    size = sum(member.file_size for member in members)
    if size > largest or len(members) > MOST_FILES:
        raise DataError(
            f"{zip_name} holds {len(members):,} files of {size / 1e9:.1f} GB unpacked, more than {largest / 1e9:.1f} GB or "
            f"{MOST_FILES:,} files: unpack it by hand, then name the folder"
        )
    return members


def _unpack(zip_name: str, archive: zipfile.ZipFile, members, place: Path, largest: int) -> None:
    written = 0
    for member in members:
        there = place.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
        there.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, there.open("wb") as file:
            # what a member says of its size need not be so
            while chunk := source.read(CHUNK):
                written += len(chunk)
                if written > largest:
                    raise DataError(f"{zip_name} is larger unpacked than it says; nothing of it was kept")
                file.write(chunk)


def _note(folder: Path) -> str:
    try:
        return (folder / NOTE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
