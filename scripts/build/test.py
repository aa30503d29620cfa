"""`make test`: lint, unit tests, then every notebook as a test, training included, each from a fresh kernel.

Environment: WORKERS, how many processes run notebooks (2; a GPU takes 1); CLAIMS_ONLY=1 runs the notebooks alone and compares no
stored output, for devices whose numbers are not those of the pages.
"""

import os
import subprocess
import sys
import time

from scripts.build import lessons

WORKERS = os.environ.get("WORKERS") or "2"
CLAIMS_ONLY = os.environ.get("CLAIMS_ONLY") == "1"


def threads() -> dict[str, str]:
    """Environment variables that share the cores among the workers: more threads than cores wait for each other, spinning."""
    each = str(max(1, (os.cpu_count() or 1) // int(WORKERS)))
    names = ("TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    return {name: os.environ.get(name, each) for name in names}


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
        if subprocess.run(command, cwd=lessons.ROOT, env={**os.environ, **threads()}).returncode:
            failed.append(name)
        print(
            f"{name}: {'failed' if name in failed else 'passed'} in {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
