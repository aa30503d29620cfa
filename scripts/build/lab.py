"""`make lab`: open JupyterLab on the lessons; asks first when a lesson named needs what only requirements.txt holds."""

import subprocess
import sys

from scripts.build.environment import ROOT, VENV, python_of, staleness
from scripts.build.environment import main as make_environment

NEEDS_ALL = "15"


def wants_everything(numbers: list[str]) -> bool:
    """Whether to add PyTorch: only for lesson 15, only when it is not there, only when the user says so."""
    lesson = sorted((ROOT / "notebooks").glob(f"{NEEDS_ALL}_*.ipynb"))
    asked_for = not numbers or NEEDS_ALL in [number.zfill(2) for number in numbers]
    if not lesson or not asked_for or staleness("full") is None or not sys.stdin.isatty():
        return False
    print(f"Lesson {NEEDS_ALL} needs PyTorch, about 5 GB more. Every other lesson runs without it.")
    return input("Install it now? [y/N] ").strip().lower() in ("y", "yes")


def main(*numbers: str) -> int:
    """Open the lab. Returns its exit status."""
    if wants_everything(list(numbers)) and (status := make_environment("full")):
        return status
    names = [sorted((ROOT / "notebooks").glob(f"{number.zfill(2)}_*.ipynb")) for number in numbers[:1]]
    target = names[0][0] if names and names[0] else ROOT / "notebooks"
    return subprocess.run([python_of(VENV), "-m", "jupyterlab", str(target)], cwd=ROOT).returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
