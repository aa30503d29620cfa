"""A PyTorch file of weights (.pt) read as NumPy arrays, without PyTorch: for lessons whose kernel holds TensorFlow.

Such a file is a zip archive: a pickle that names the arrays, and the numbers of each in a member of its own. Of the pickle only
the four names below are followed; whatever else it asks for is refused, so nothing of the file is ever run.
"""

import collections
import pickle
import zipfile
from pathlib import Path

import numpy as np

DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class PtError(ValueError):
    """A file is no state dict that can be read here; the message says why."""


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a state dict, by name.

    Args:
        path: such as tiny-yolov3.pt, as ``torch.save(net.state_dict(), path)`` writes it.

    Raises:
        PtError: another kind of file, cut off, or one that asks for more than arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            [described] = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            with archive.open(described) as file:
                state = _Reader(file, archive, described.removesuffix("data.pkl")).load()
    except PtError:
        raise
    except Exception as problem:  # any bytes can stand in a file, and many exceptions come of them
        raise PtError(
            f"{path.name} is cut off or no weights that can be read here ({type(problem).__name__})"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise PtError(f"{path.name} is no state dict")
    return dict(state)


class _Reader(pickle.Unpickler):
    """Reads the pickle of a .pt file: an ordered dictionary of arrays, and nothing else."""

    def __init__(self, file, archive: zipfile.ZipFile, folder: str):
        super().__init__(file)
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _array
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise PtError(f"a file of weights asks for {module}.{name}, which is not read here")

    def persistent_load(self, pid) -> np.ndarray:
        """The numbers of one member, flat. pid: ("storage", dtype, key, device, how many)."""
        _, dtype, key, _, _ = pid
        return np.frombuffer(self.archive.read(f"{self.folder}data/{int(key)}"), dtype)


def _array(storage: np.ndarray, offset: int, shape: tuple, stride: tuple, *_) -> np.ndarray:
    """An array out of its flat numbers; only those are read that are stored row by row."""
    size = int(np.prod(shape))
    row_by_row = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    if offset < 0 or offset + size > storage.size or (size > 1 and tuple(stride) != row_by_row):
        raise PtError("a file of weights holds an array in a form that is not read here")
    return storage[offset : offset + size].reshape(shape)
