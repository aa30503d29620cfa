"""`make lab`: open JupyterLab on the lessons; asks first when a lesson named needs what only requirements.txt holds."""

import argparse
import subprocess
import sys
from pathlib import Path

from scripts.tools.environment import ROOT, VENV, level_for, python_of, staleness
from scripts.tools.environment import main as make_environment


def wants_everything(numbers: list[str]) -> bool:
    """Whether to add PyTorch: only for a lesson that needs it, only when it is not there, only when the user says so."""
    if level_for(numbers) == "core" or staleness("full") is None or not sys.stdin.isatty():
        return False
    print("Lesson 15 needs PyTorch, about 5 GB more. Every other lesson runs without it.")
    return input("Install it now? [y/N] ").strip().lower() in ("y", "yes")


def open_on(folder: Path, numbers: list[str]) -> int:
    """Open JupyterLab on a folder of lessons, or on the first of those named. Returns its exit status."""
    names = [sorted(folder.glob(f"{number.zfill(2)}_*.ipynb")) for number in numbers[:1]]
    target = names[0][0] if names and names[0] else folder
    return subprocess.run([python_of(VENV), "-m", "jupyterlab", str(target)], cwd=ROOT).returncode


def main(*arguments: str) -> int:
    """Open the lab. Returns its exit status."""
    reads = argparse.ArgumentParser(prog="make lab", description=__doc__.partition("\n")[0])
    reads.add_argument("lessons", nargs="*", metavar="NN", help="the first is opened; none opens the folder")
    numbers = reads.parse_args(arguments).lessons
    if wants_everything(numbers) and (status := make_environment("full")):
        return status
    return open_on(ROOT / "notebooks", numbers)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
