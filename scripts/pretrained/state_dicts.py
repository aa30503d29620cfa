"""Files that hold a PyTorch net's weights: checked before they are used, and remembered.

Nothing is unpickled that could run code. A file whose hash nobody publishes is read array by array and compared with the
net it should fit; its hash is then noted in recorded.json beside it, and from then on it has to stay the same file.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path

from scripts.data.downloads import is_web_page
from scripts.runtime import CourseError
from scripts.weights import WeightsError

_checked: set[tuple] = set()  # files found good by this process, by title, path, size and time
_hashes: dict[tuple, str] = {}  # hashes taken by this process, by path, size and time


def sha256(path: Path) -> str:
    """A file's hash."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, title: str, empty_net: Callable, begins: str = "") -> None:
    """Raise WeightsError unless a file is a whole state dict of its net and, if it was used before, the same as then.

    Args:
        path: the file.
        title: the net's name in messages.
        empty_net: makes the net that the file should fit, a ``torch.nn.Module``; called at the file's first use only.
        begins: how its published hash begins, where one is published.
    """
    if why := doubt(path, begins):
        raise WeightsError(why)
    if checked(path, title):
        return
    try:
        net = empty_net()
    except (ImportError, CourseError) as problem:
        raise WeightsError(f"{path.name} was never used and cannot be checked here: {problem}") from None
    _inspect(path, title, net)
    record(path, "found here", title)
    _checked.add((title, *_key(path)))


def doubt(path: Path, begins: str = "") -> str | None:
    """What is wrong with a file as far as its bytes and its record tell, or None. Reads the file, and does nothing else."""
    if not path.is_file():
        return f"{path.name} is missing: there is no such file of weights"
    with path.open("rb") as file:
        start = file.read(512)
    if is_web_page(start):
        return f"{path.name} is a web page, not weights: delete it"
    got, before = _hash_once(path), recorded(path.parent).get(path.name, {}).get("sha256")
    if not got.startswith(begins):
        return f"{path.name} is cut off or another file: its hash does not begin with {begins}"
    if before and before != got:
        return (
            f"{path.name} has changed since its first use; if that was meant, delete recorded.json beside it"
        )
    return None


def checked(path: Path, title: str) -> bool:
    """Whether a file was found whole and of this net before: by this process, or, as recorded.json tells, by an earlier one."""
    note = recorded(path.parent).get(path.name)
    # notes of earlier versions do not name the net
    return (title, *_key(path)) in _checked or (note is not None and note.get("net", title) == title)


def _key(path: Path) -> tuple:
    about = path.stat()
    return str(path), about.st_size, about.st_mtime_ns


def _hash_once(path: Path) -> str:
    key = _key(path)
    if key not in _hashes:
        _hashes[key] = sha256(path)
    return _hashes[key]


def _inspect(path: Path, title: str, net) -> None:
    """Raise WeightsError unless the file holds exactly the arrays of the net, each of its shape, all numbers finite."""
    import torch

    wanted = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # any bytes can stand in a file, and many exceptions come of them
        raise WeightsError(
            f"{path.name} is cut off or no weights that PyTorch can read ({type(problem).__name__})"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{path.name} is no state dict of {title}")
    got = {key: tuple(value.shape) for key, value in state.items()}
    optional = {key for key in wanted if key.endswith("num_batches_tracked")}
    if {k: s for k, s in got.items() if k not in optional} != {
        k: s for k, s in wanted.items() if k not in optional
    }:
        count = sum(math.prod(shape) for shape in got.values())
        raise WeightsError(
            f"{path.name} holds the weights of another net than {title}: "
            f"{len(got)} arrays with {count:,} numbers"
        )
    if not all(torch.isfinite(value).all() for value in state.values() if value.is_floating_point()):
        raise WeightsError(f"{path.name} is damaged: some of its numbers are NaN or infinite")


def recorded(folder: Path) -> dict:
    """What is noted of the files of a folder, by name."""
    try:
        return json.loads((folder / "recorded.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def record(path: Path, how: str, title: str) -> None:
    """Note the hash of a file, and its net, at its first use, where its folder can be written to."""
    note = {"sha256": sha256(path), "bytes": path.stat().st_size, "how": how, "net": title}
    _write_record(path.parent, {**recorded(path.parent), path.name: note})


def _write_record(folder: Path, known: dict) -> None:
    """Write recorded.json whole or not at all."""
    part = folder / f".recorded.{os.getpid()}.part"
    try:
        part.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(folder / "recorded.json")
    except OSError:
        part.unlink(missing_ok=True)  # a read-only folder: the file is checked again next time


def set_aside(path: Path) -> None:
    """Move a bad file out of the way of a good one; it is the user's, so it is not deleted. Its hash is forgotten."""
    if path.exists():
        path.replace(path.with_name(path.name + ".damaged"))
    known = recorded(path.parent)
    if known.pop(path.name, None):
        _write_record(path.parent, known)
