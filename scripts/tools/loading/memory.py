"""How much memory this process's children hold, watched as Linux tells it (/proc). Elsewhere nothing is measured."""

import contextlib
import os
import threading
from pathlib import Path

EVERY = 0.2  # seconds between two looks


def resident(pid: int) -> int:
    """Bytes that a process holds in memory now; 0 where it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def own_part(pid: int) -> int:
    """As `resident`, but of pages that several processes share, such as a library's code, each is given its part only."""
    with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the name before the last bracket may hold anything
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found, new = [], [pid]
    while new:
        new = [one for one, parent in parents.items() if parent in new]
        found += new
    return found


class Watch:
    """For a ``with`` block: the most that all children have held together, and the most that one has, in bytes."""

    def __init__(self):
        self.together = self.largest = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(EVERY):
            pids = descendants(os.getpid())
            # TensorFlow's libraries are in memory once, however many processes use them
            self.together = max(self.together, sum(own_part(pid) for pid in pids))
            self.largest = max([self.largest, *(resident(pid) for pid in pids)])

    def __str__(self) -> str:
        if not self.together:
            return "memory not measured"
        return f"most memory {self.together / 1e9:.2f} GB together, {self.largest / 1e9:.2f} GB in one"
