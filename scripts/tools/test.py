"""`make test`: lint, unit tests, then every notebook as a test, training included, each from a fresh kernel.

Environment: WORKERS, how many processes run notebooks (2; a GPU takes 1); CLAIMS_ONLY=1 runs the notebooks alone and compares no
stored output, for devices whose numbers are not those of the pages.
"""

import os
import subprocess
import sys
import time

from scripts.tools import anatomy, lessons
from scripts.tools.execute import WORKERS, shared_cores

CLAIMS_ONLY = os.environ.get("CLAIMS_ONLY") == "1"


def main(*numbers: str) -> int:
    """Test everything, or with numbers only those notebooks. Returns 0 when all three parts passed."""
    # the longest first, in the order given here: a long one that begins last would leave all workers but one idle
    paths = sorted(lessons.chosen(list(numbers)), key=anatomy.limit_of, reverse=True)
    chosen = [str(path.relative_to(lessons.ROOT)) for path in paths]
    spread = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
    pytest = [sys.executable, "-m", "pytest", "-q", *spread]
    parts = {
        "lint": [sys.executable, "-m", "scripts.tools.lint", "--check", *numbers],
        "unit tests": [*pytest, "tests"],
        "notebooks": [*pytest, "--nbval", "--nbval-current-env", *chosen],
    }
    if numbers or CLAIMS_ONLY:
        del parts["unit tests"]
    if CLAIMS_ONLY:
        del parts["lint"]
    environment = {**os.environ, **shared_cores(min(WORKERS, len(chosen)))}
    failed = []
    for name, command in parts.items():
        print(f"\n{name}", flush=True)
        began = time.monotonic()
        if subprocess.run(command, cwd=lessons.ROOT, env=environment).returncode:
            failed.append(name)
        print(
            f"{name}: {'failed' if name in failed else 'passed'} in {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
