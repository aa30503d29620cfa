"""Starts itself once more, which holds 60 MB, says so, and waits.

python -m tests.programs.holds_memory [inner]
"""

import subprocess
import sys
import time


def main(*inner: str) -> None:
    """Hold memory, or start a process that does."""
    if not inner:
        subprocess.run([sys.executable, "-m", "tests.programs.holds_memory", "inner"], timeout=60)
        return
    held = bytearray(b"1") * 60_000_000
    print(len(held), flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
