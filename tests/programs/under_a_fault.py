"""Runs a module as `python -m` would, under a fault that is set up first.

    python -m tests.programs.under_a_fault FAULT MODULE ARGUMENTS...

FAULT is one of
    killed-at=N  the process is killed by the system in the very write that makes a file longer than N bytes, as kill -9 would
    room=N       that write fails instead, as on a full disk
    room=0       no limit, for a disk that is full by itself
    no-rights    nothing is set up, but whoever may write everywhere (root) is turned away
"""

import os
import resource
import runpy
import signal
import sys


def set_up(fault: str) -> None:
    """Bring about one of the faults above."""
    name, _, size = fault.partition("=")
    if name == "no-rights":
        assert os.geteuid() != 0, "root may write everywhere: nothing would be tested"
        return
    if name == "killed-at":
        # Python has this signal ignored
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if int(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))


if __name__ == "__main__":
    set_up(sys.argv[1])
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
