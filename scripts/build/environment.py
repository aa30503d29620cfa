"""`.venv`, the course's own environment: made when it is missing, made up to date when it is stale.

Run by the Makefile with the system's Python before anything is installed, so this file uses the standard library only.
    python3 -m scripts.build.environment [core | full | for [NUMBERS]]
`core` is requirements-core.txt; `full` adds PyTorch, ImageAI and the weights of a detector for lesson 15; `for 01 15` takes
what these lessons need by their metadata, without numbers what all of them need.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "course-environment.json"
OLDEST, NEWEST = (3, 11), (3, 13)
LEVELS = {
    "core": ("requirements-core.txt", "about 2 minutes and 3 GB"),
    "full": ("requirements.txt", "about 4 minutes and 8 GB, most of it PyTorch for lesson 15"),
}

ONLY_IN_FULL = {"torch", "torchvision", "imageai"}  # what requirements.txt adds, by import name
WEIGHTS = "tiny_yolov3"  # fetched with the full environment, so that lesson 15 needs no network afterwards


def level_for(numbers: list[str]) -> str:
    """The level that the lessons with these numbers need, or all lessons when there are none: by their metadata."""
    wanted = {number.zfill(2) for number in numbers}
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if wanted and path.name[:2] not in wanted:
            continue
        try:
            about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["course"]
        except (OSError, ValueError, KeyError):
            continue  # whatever is wrong with a lesson's file, the command that runs it will tell
        if ONLY_IN_FULL & set(about.get("packages", {})):
            return "full"
    return "core"


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment, on any system."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def constraints() -> str:
    """The file of exact versions; the environment variable CONSTRAINTS names another one."""
    return os.environ.get("CONSTRAINTS") or "constraints.txt"


def wanted(level: str) -> dict:
    """What the stamp of a fresh environment says: its level, its Python and a hash of what was asked for."""
    digest = hashlib.sha256()
    names = [LEVELS[level][0], "requirements-core.txt", constraints()]
    for name in names:
        digest.update((ROOT / name).read_bytes())
    return {"level": level, "python": platform.python_version(), "files": digest.hexdigest()}


def staleness(level: str) -> str | None:
    """Why the environment has to be made anew, or None when it serves."""
    if not python_of(VENV).exists():
        return "there is none yet"
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "the last set-up did not finish"
    if stamp.get("level") == "full" and level == "core":
        level = "full"  # what holds more also serves those who need less
    now = wanted(level)
    if stamp.get("level") != now["level"]:
        return f"it lacks what {LEVELS[level][0]} adds"
    if stamp.get("files") != now["files"]:
        return "the requirements have changed"
    if stamp.get("python") != now["python"]:
        return f"it was made with Python {stamp.get('python')}"
    if subprocess.run([python_of(VENV), "-c", ""], capture_output=True).returncode:
        return "its Python no longer starts"
    return None


def main(level: str = "core") -> int:
    """Make `.venv` serve `level`; say what is done and how long it takes. Returns an exit status."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        print(
            f"The course needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}; this is {platform.python_version()}. "
            "Install one of these, or name it: make PYTHON=python3.12",
            file=sys.stderr,
        )
        return 1
    why = staleness(level)
    if why and not install(level, why):
        return 1
    if level == "full":
        fetch_weights()
    return 0


def install(level: str, why: str) -> bool:
    """Make or extend `.venv` for `level`. Whether it worked; what went wrong is told."""
    requirements, cost = LEVELS[level]
    extend = level == "full" and staleness("core") is None  # nothing is wrong with what is there: add to it
    print(f"Setting up .venv with Python {platform.python_version()}: {why}. This takes {cost}.", flush=True)
    STAMP.unlink(missing_ok=True)
    pip = [str(python_of(VENV)), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    try:
        venv.EnvBuilder(with_pip=True, clear=not extend).create(VENV)
        subprocess.run([*pip, "-r", requirements, "-c", constraints()], cwd=ROOT, check=True)
    except subprocess.CalledProcessError as problem:
        print(
            f".venv could not be set up (command ended with status {problem.returncode}; its message stands above).\n"
            "Usual causes: no network, a full disk, or on Debian and Ubuntu a missing package python3-venv. "
            "Run the same make command again afterwards.",
            file=sys.stderr,
        )
        return False
    STAMP.write_text(json.dumps(wanted(level), indent=1) + "\n", encoding="utf-8")
    print("The environment is ready.", flush=True)
    return True


def fetch_weights() -> None:
    """Fetch and convert lesson 15's weights, once. Where they cannot be had that is one line: the lesson goes on without."""
    place = Path(os.environ.get("COURSE_WEIGHTS") or ROOT / "weights")
    if not (place / "tiny-yolov3.pt").exists():
        subprocess.run([python_of(VENV), "-m", "scripts.pretrained", WEIGHTS], cwd=ROOT)


def arguments(*words: str) -> str:
    """The level that the command line asks for."""
    if words[:1] == ("for",):
        return level_for(list(words[1:]))
    return words[0] if words else "core"


if __name__ == "__main__":
    raise SystemExit(main(arguments(*sys.argv[1:])))
