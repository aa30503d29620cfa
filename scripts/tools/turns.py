"""One command at a time in one folder: the next one says so and waits. Standard library only, as environment.py needs it.

The lock is the system's, on an open file: it is given back when a process ends in whatever way, and no clock takes part.
"""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

LOOK = 0.2  # seconds between two looks whether the other command is done


@contextlib.contextmanager
def alone(path: Path, busy: str) -> Iterator[tuple[int, ...]]:
    """Hold a lock, for a ``with`` block; where a file cannot be written or locked, nothing is waited for.

    Args:
        path: of the lock, in a folder that git does not look at; busy: what is said when another command holds it.

    Yields:
        What `subprocess` takes as ``pass_fds``: a child that has it holds the lock as well, also when its parent is killed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError:
        yield ()
        return
    with file:
        if not _locked(file):
            print(f"{busy}; waiting until it is done.", flush=True)
            while not _locked(file):
                time.sleep(LOOK)
        yield () if os.name == "nt" else (file.fileno(),)


def _locked(file) -> bool:
    """Lock an open file until it is closed. False where another process holds the lock."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        # any other error says that this file system has no locks
        return problem.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
