"""A PyTorch file of weights (.pt, .pth) read as NumPy arrays, without PyTorch: for lessons whose kernel holds TensorFlow.

Such a file is a zip archive: a pickle that names the arrays, and the numbers of each in a member of its own. The old form, of
before PyTorch 1.6, is five pickles one after the other, then the numbers. Of a pickle only the four names below are followed;
whatever else it asks for is refused, so nothing of the file is ever run.
"""

import collections
import math
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
# the first pickle of the old form, always the same number; the second is its version
OLD_FORM, OLD_VERSION = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e"), 1001


class PtError(ValueError):
    """A file is no state dict that can be read here; the message says why."""


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a state dict, by name; they cannot be written to.

    Args:
        path: such as tiny-yolov3.pt, as ``torch.save(net.state_dict(), path)`` writes it.

    Raises:
        PtError: another kind of file, cut off, or one that asks for more than arrays.
    """
    try:
        with path.open("rb") as file:
            old = file.read(len(OLD_FORM)) == OLD_FORM
        state = _old_form(path) if old else _zip_form(path)
    except PtError:
        raise
    except Exception as problem:  # any bytes can stand in a file, and many exceptions come of them
        raise PtError(
            f"{path.name} is cut off or no weights that can be read here ({type(problem).__name__})"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise PtError(f"{path.name} is no state dict")
    return dict(state)


def _zip_form(path: Path):
    """What the pickle in an archive holds."""
    with zipfile.ZipFile(path) as archive:
        [described] = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        folder = described.removesuffix("data.pkl")
        # PyTorch compresses nothing: what is compressed could grow to any size, and so could a part that is read again and again
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise PtError(f"{path.name} is compressed, which no file of weights is")
        storages: dict[int, bytes] = {}

        def numbers(dtype: str, key: str, count: int) -> np.ndarray:
            key = int(key)
            if key not in storages:
                storages[key] = archive.read(f"{folder}data/{key}")
            return np.frombuffer(storages[key], dtype)

        with archive.open(described) as file:
            return _Reader(file, numbers).load()


def _old_form(path: Path):
    """What the fourth pickle of a file holds. The fifth says in which order the numbers follow, each part after its count."""
    storages: dict[str, np.ndarray] = {}
    room = path.stat().st_size

    def numbers(dtype: str, key: str, count: int) -> np.ndarray:
        # the numbers come later in the file: until then there is room for them, never more than the file has
        nonlocal room
        if key not in storages:
            room -= count * np.dtype(dtype).itemsize
            if count < 0 or room < 0:
                raise PtError(f"{path.name} is cut off or damaged: it holds fewer numbers than it says")
            storages[key] = np.empty(count, dtype)
        return storages[key]

    with path.open("rb") as file:
        _, version, machine = (_Reader(file).load() for _ in range(3))
        if version != OLD_VERSION or machine["little_endian"] is not True:
            raise PtError(f"{path.name} is in a form that is not read here")
        state = _Reader(file, numbers).load()
        for key in _Reader(file).load():
            storage = storages.pop(key)
            count = int.from_bytes(file.read(8), "little")
            if count != storage.size or file.readinto(storage.data) != storage.nbytes:
                raise PtError(f"{path.name} is cut off or damaged: it holds fewer numbers than it says")
        if storages or file.read(1):
            raise PtError(f"{path.name} is damaged: it does not end where its numbers end")
    return state


class _Reader(pickle.Unpickler):
    """Reads a pickle of a file of weights: an ordered dictionary of arrays, or plain numbers and texts, and nothing else."""

    def __init__(self, file, numbers: Callable[[str, str, int], np.ndarray] | None = None):
        super().__init__(file)
        self.numbers = numbers

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _array
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise PtError(f"a file of weights asks for {module}.{name}, which is not read here")

    def persistent_load(self, pid) -> np.ndarray:
        """Numbers, flat. pid: ("storage", dtype, key, device, how many), and in the old form None: not a part of others."""
        _, dtype, key, _, count, *part = pid
        if self.numbers is None or any(part):
            raise PtError("a file of weights holds numbers in a form that is not read here")
        return self.numbers(dtype, key, count)


def _array(storage: np.ndarray, offset: int, shape: tuple, stride: tuple, *_) -> np.ndarray:
    """An array out of its flat numbers, in whatever order they are stored: a view of them."""
    size = math.prod(shape)
    end = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True)) + 1 if size else offset
    if min((offset, *shape, *stride)) < 0 or max(size, end) > storage.size:
        raise PtError("a file of weights holds an array in a form that is not read here")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
