"""`make test`: lint, unit tests, then every notebook as a test, training included, each from a fresh kernel.

Environment: WORKERS, how many processes run notebooks (2; a GPU takes 1); CLAIMS_ONLY=1 runs the notebooks alone and compares no
stored output, for devices whose numbers are not those of the pages.
"""

import os
import subprocess
import sys
import time

from scripts.build import lessons
from scripts.build.execute import shared_cores

WORKERS = os.environ.get("WORKERS") or "2"
CLAIMS_ONLY = os.environ.get("CLAIMS_ONLY") == "1"


def main(*numbers: str) -> int:
    """Test everything, or with numbers only those notebooks. Returns 0 when all three parts passed."""
    chosen = [str(path.relative_to(lessons.ROOT)) for path in lessons.chosen(list(numbers))]
    pytest = [sys.executable, "-m", "pytest", "-q"]
    nbval = ["--nbval", "--nbval-current-env", "-n", WORKERS, "--dist", "loadfile"]
    parts = {
        "lint": [sys.executable, "-m", "scripts.build.lint", "--check", *numbers],
        "unit tests": [*pytest, "-n", WORKERS, "--dist", "loadfile", "tests"],
        "notebooks": [*pytest, *nbval, *chosen],
    }
    if numbers or CLAIMS_ONLY:
        del parts["unit tests"]
    if CLAIMS_ONLY:
        del parts["lint"]
    failed = []
    for name, command in parts.items():
        print(f"\n{name}", flush=True)
        began = time.monotonic()
        if subprocess.run(
            command, cwd=lessons.ROOT, env={**os.environ, **shared_cores(int(WORKERS))}
        ).returncode:
            failed.append(name)
        print(
            f"{name}: {'failed' if name in failed else 'passed'} in {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
