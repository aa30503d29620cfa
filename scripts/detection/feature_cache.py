"""Maps that the frozen half of a net gave, kept: in memory up to a limit, beyond it in files of a folder of their own."""

import tempfile
from pathlib import Path

import numpy as np


class FeatureCache:
    """Lists of arrays by key. Leaving the `with` block removes the files.

    memory: bytes that arrays may take in memory; what comes later goes to the disk, and is read from there.
    """

    def __init__(self, memory: float):
        self.memory, self.used = memory, 0
        self._here, self._files, self._folder = {}, {}, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._folder:
            self._folder.cleanup()

    def get(self, key, make) -> list[np.ndarray]:
        """The arrays of a key; `make()` makes them where they are not here yet."""
        if key in self._here:
            return self._here[key]
        if key in self._files:
            with np.load(self._files[key]) as kept:
                return [kept[name] for name in kept.files]
        arrays = make()
        size = sum(one.nbytes for one in arrays)
        if self.used + size <= self.memory:
            self.used += size
            self._here[key] = arrays
        else:
            self._keep_on_disk(key, arrays)
        return arrays

    def _keep_on_disk(self, key, arrays) -> None:
        """A full disk is no error here: the arrays are then made anew each time."""
        path = None
        try:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="line-to-box-maps-")
            path = Path(self._folder.name) / f"{len(self._files)}.npz"
            np.savez(path, *arrays)
        except OSError:
            if path:
                path.unlink(missing_ok=True)
            return
        self._files[key] = path
