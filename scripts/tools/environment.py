"""`.venv`, the course's own environment: made when it is missing, made up to date when it is stale.

Run by the Makefile with the system's Python before anything is installed, so this file uses the standard library only.
    python3 -m scripts.tools.environment [core | full | for [NUMBERS]]
`core` is requirements-core.txt; `full` adds PyTorch, ImageAI and the weights of a detector for lesson 15; `for 01 15` takes
what these lessons need by their metadata, without numbers what all of them need.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

from scripts import ROOT
from scripts.tools import turns

# the environment variable VENV names another folder, as for the second environment of `make alone`
VENV = ROOT / (os.environ.get("VENV") or ".venv")
STAMP = VENV / "course-environment.json"
OLDEST, NEWEST = (3, 11), (3, 13)
# measured on two cores: 74 s and 3.0 GB, 210 s and 8.5 GB, fetching included
LEVELS = {
    "core": ("requirements-core.txt", "1 to 3 minutes and 3 GB of disk"),
    "full": ("requirements.txt", "3 to 6 minutes and 9 GB of disk, most of it PyTorch for lesson 15"),
}
LARGE = 20  # MB; a package file of more is named as it is fetched
FETCHED = re.compile(
    r"\s*(Downloading|Using cached) (?:\S*/)?(?P<file>[^/\s]+) \((?P<size>[\d.]+) (?P<unit>[kMG]?B)\)"
)

ONLY_IN_FULL = {"torch", "torchvision", "imageai"}  # what requirements.txt adds, by import name
# fetched with each level, so that lessons 15 and 19 need no network afterwards
WEIGHTS = {"core": ["efficientnet_lite0"], "full": ["efficientnet_lite0", "tiny_yolov3"]}


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


def constraints() -> str | None:
    """The file of exact versions; the environment variable CONSTRAINTS names another one, "none" the newest releases."""
    name = os.environ.get("CONSTRAINTS") or "constraints.txt"
    return None if name == "none" else name


def wanted(level: str) -> dict:
    """What the stamp of a fresh environment says: its level, its Python and a hash of what was asked for."""
    digest = hashlib.sha256()
    for name in filter(None, [LEVELS[level][0], "requirements-core.txt", constraints()]):
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
    if staleness(level):
        with turns.alone(ROOT / "build" / f"{VENV.name}.lock", f"Another make sets {VENV.name} up") as held:
            # another make may have set it up while this one waited
            why = staleness(level)
            if why and not install(level, why, held):
                return 1
    fetch_weights(level)
    return 0


def install(level: str, why: str, held: tuple[int, ...] = ()) -> bool:
    """Make or extend `.venv` for `level`. Whether it worked; what went wrong is told. held: the lock, as pip's `pass_fds`."""
    requirements, cost = LEVELS[level]
    extend = level == "full" and staleness("core") is None  # nothing is wrong with what is there: add to it
    print(
        f"Setting up {VENV.name} with Python {platform.python_version()}: {why}. This takes {cost}.",
        flush=True,
    )
    STAMP.unlink(missing_ok=True)
    pip = [
        str(python_of(VENV)),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--progress-bar",
        "off",
    ]
    limits = ["-c", constraints()] if constraints() else []
    try:
        venv.EnvBuilder(with_pip=True, clear=not extend).create(VENV)
        run_telling([*pip, "-r", requirements, *limits], held)
    except subprocess.CalledProcessError as problem:
        print(
            f"{VENV.name} could not be set up (command ended with status {problem.returncode}; its message stands above).\n"
            "Usual causes: no network, a full disk, or on Debian and Ubuntu a missing package python3-venv. "
            "Run the same make command again afterwards.",
            file=sys.stderr,
        )
        return False
    STAMP.write_text(json.dumps(wanted(level), indent=1) + "\n", encoding="utf-8")
    print("The environment is ready.", flush=True)
    return True


def run_telling(command: list[str], held: tuple[int, ...] = ()) -> None:
    """Run pip; of what it prints, name each large file as it is fetched. Its errors come through.

    A pip that outlives this process, which was killed, goes on writing: it holds the lock (`held`, descriptors) until it ends.

    Raises:
        subprocess.CalledProcessError: pip failed.
    """
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace", pass_fds=held
    ) as pip:
        for line in pip.stdout:
            if told := fetched(line):
                print(f"  {told}, after {time.monotonic() - began:.0f} s", flush=True)
            elif line.startswith("Installing collected packages"):
                print(
                    f"  everything is fetched, installing, after {time.monotonic() - began:.0f} s", flush=True
                )
    if pip.returncode:
        raise subprocess.CalledProcessError(pip.returncode, command)


def fetched(line: str) -> str | None:
    """What to say of a line of pip's: "fetching tensorflow-2.21.0 (620.7 MB)" for a large file, else None."""
    match = FETCHED.match(line)
    if (
        not match
        or match["unit"] not in ("MB", "GB")
        or (match["unit"] == "MB" and float(match["size"]) < LARGE)
    ):
        return None
    name = "-".join(match["file"].removesuffix(".tar.gz").split("-")[:2])
    word = "fetching" if match[1] == "Downloading" else "found in pip's cache:"
    return f"{word} {name} ({match['size']} {match['unit']})"


def fetch_weights(level: str) -> None:
    """Fetch nets that others have trained, once. One that cannot be had is one line: its lesson goes on without."""
    place = Path(os.environ.get("COURSE_WEIGHTS") or ROOT / "weights")
    known = json.loads((ROOT / "weights" / "manifest.json").read_text(encoding="utf-8"))["pretrained"]
    if absent := [name for name in WEIGHTS[level] if not (place / known[name]["file"]).exists()]:
        subprocess.run([python_of(VENV), "-m", "scripts.pretrained", *absent], cwd=ROOT)


def arguments(*words: str) -> str:
    """The level that the command line asks for."""
    reads = argparse.ArgumentParser(prog="environment", description=__doc__.partition("\n")[0])
    reads.add_argument("level", nargs="?", choices=[*LEVELS, "for"], default="core")
    reads.add_argument(
        "lessons", nargs="*", metavar="NN", help="after `for`: the numbers of lessons; none means all"
    )
    asked = reads.parse_args(words)
    if asked.lessons and asked.level != "for":
        reads.error(f"numbers of lessons come after `for`, not after `{asked.level}`")
    return level_for(asked.lessons) if asked.level == "for" else asked.level


if __name__ == "__main__":
    raise SystemExit(main(arguments(*sys.argv[1:])))
