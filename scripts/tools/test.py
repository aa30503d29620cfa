"""`make test`: lint, unit tests, then every notebook as a test, training included, each from a fresh kernel.

`make test-long` (`--long`) runs after it: the unit tests marked `long`, such as every deck in a browser; `make test` names them.
Environment: WORKERS, how many processes run notebooks (2; a GPU takes 1); CLAIMS_ONLY=1 runs the notebooks alone and compares no
stored output, for devices whose numbers are not those of the pages.
"""

import os
import re
import subprocess
import sys
import time

from scripts.tools import anatomy, lessons
from scripts.tools.execute import WORKERS, shared_cores

CLAIMS_ONLY = os.environ.get("CLAIMS_ONLY") == "1"
# the files of unit tests that take longest, in order: one that began last would leave all workers but one idle
LONGEST_FIRST = (
    "imageai",
    "release",
    "build",
    "exercises",
    "strict_nbval",
    "workers",
    "setup_cell",
    "import_order",
    "detector_export",
    "detector_files",
    "alone",
    "detector_command",
)
LONG = re.compile(
    r"@pytest\.mark\.long(?:\(.*?\))?\n(?:@.*\n)*def (test_\w+)|pytest\.param\(.*marks=pytest\.mark\.long"
)


def unit_test_files() -> list[str]:
    """The files of unit tests, those that take longest first."""
    files = sorted((lessons.ROOT / "tests").glob("test_*.py"))
    names = [f"test_{name}.py" for name in LONGEST_FIRST]
    files.sort(key=lambda path: names.index(path.name) if path.name in names else len(names))
    return [str(path.relative_to(lessons.ROOT)) for path in files]


def deferred() -> list[str]:
    """The unit tests that only `make test-long` runs, as file::test."""
    found = []
    for path in sorted((lessons.ROOT / "tests").glob("test_*.py")):
        for match in LONG.finditer(path.read_text(encoding="utf-8")):
            found.append(f"{path.stem}::{match.group(1) or 'every case but the first'}")
    return found


def main(*arguments: str) -> int:
    """Test everything, or with numbers only those notebooks. Returns 0 when all parts passed."""
    reads = lessons.parser("make test", __doc__)
    reads.add_argument("--long", action="store_true", help="only the unit tests that make test leaves out")
    options = reads.parse_args(arguments)
    # the longest first, in the order given here: a long one that begins last would leave all workers but one idle
    paths = sorted(lessons.chosen(options.lessons), key=anatomy.limit_of, reverse=True)
    chosen = [str(path.relative_to(lessons.ROOT)) for path in paths]
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", str(WORKERS), "--no-loadscope-reorder"]
    by_file = [*pytest, "--dist", "loadfile"]
    parts = {
        "lint": [sys.executable, "-m", "scripts.tools.lint", "--check", *options.lessons],
        "unit tests": [*by_file, "-m", "not long", *unit_test_files()],
        "notebooks": [*by_file, "--nbval", "--nbval-current-env", *chosen],
    }
    if options.lessons or CLAIMS_ONLY:
        del parts["unit tests"]
    if CLAIMS_ONLY:
        del parts["lint"]
    if options.long:
        # those with most tests first; the tests of a file share what is slow to make, such as the site
        reordered = [word for word in by_file if word != "--no-loadscope-reorder"]
        parts = {"long unit tests": [*reordered, "-m", "long", "tests"]}
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
        if name == "unit tests":
            print(f"left to make test-long: {', '.join(deferred())}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
