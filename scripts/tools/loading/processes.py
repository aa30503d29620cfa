"""The processes that `make load` starts, what they say at their end, and a folder that is gone afterwards."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.tools.lessons import ROOT

FOLDER = ROOT / "build" / "load"


@contextlib.contextmanager
def scratch():
    """A folder in build/load that is removed at the end, also after an error or Ctrl-C."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        yield Path(name)


@contextlib.contextmanager
def children(commands: list[tuple], folder: Path):
    """Processes of child.py for a ``with`` block; what they say goes to files said-0, said-1 ... None outlives the block."""
    started = []
    try:
        for i, command in enumerate(commands):
            line = [sys.executable, "-m", "scripts.tools.loading.child", *map(str, command)]
            with open(folder / f"said-{i}", "w", encoding="utf-8") as said:
                started.append(subprocess.Popen(line, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said))
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()


def answers(started: list[subprocess.Popen], folder: Path, seconds: float) -> list[dict]:
    """The JSON that each child says last; {"error": ...} of one that fails, or is not done in time."""
    end, told = time.monotonic() + seconds, []
    for i, one in enumerate(started):
        try:
            one.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            told.append({"error": f"not done after {seconds:.0f} s"})
            continue
        said = (folder / f"said-{i}").read_text(encoding="utf-8").splitlines()
        told.append({"error": f"status {one.returncode}"} if one.returncode else json.loads(said[-1]))
    return told
