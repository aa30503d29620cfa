"""`make alone`: every lesson alone in an empty folder, as a student opens it on Colab, on other versions than constraints.txt.

Setup fetches the course, here from a copy of this working tree; data sets are the bundled samples; no output is compared,
every claim is kept. Lesson 15 needs PyTorch and is left out unless it is named.
    python -m scripts.tools.alone [NUMBERS] [--moved]
Environment: WORKERS, how many lessons run at a time (2).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path

from scripts.tools import lessons, stamps
from scripts.tools.environment import ONLY_IN_FULL
from scripts.tools.execute import WORKERS, Run, execute, shared_cores
from scripts.tools.run import problems, table

# what a clone of the course brings that a lesson can meet
PARTS = (
    "scripts",
    "notebooks",
    "pyproject.toml",
    "data/manifest.json",
    "data/data-diabetes.csv",
    "data/cards",
    "weights",
)
# nothing of this process's own settings reaches a student's kernel
OURS = ("COURSE_", "PYTEST_", "PYTHONPATH")


def repository(folder: Path, root: Path = lessons.ROOT) -> dict[str, str]:
    """A bare repository that stands in the place of the course's address.

    Args:
        folder: where it is made, an empty folder.
        root: the working tree that it holds, as it is, committed or not.

    Returns:
        Environment variables under which git fetches from it whatever is asked of the course's address.
    """
    tree, bare = folder / "tree", folder / "bare.git"
    ignored = shutil.ignore_patterns(
        "__pycache__", ".ipynb_checkpoints", "*.part", "*.pt", "*.lock", "recorded.json"
    )
    for part in PARTS:
        source, target = root / part, tree / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    address, ref = stamps.address()
    git = ["git", "-c", "user.name=course", "-c", "user.email=course@example.org"]
    commands = [["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "as it is"]]
    commands += [["tag", ref]] if ref != "main" else []
    for command in commands:
        subprocess.run([*git, *command], cwd=tree, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(tree), str(bare)], check=True, capture_output=True)
    # as on the usual hosts: a part of a version can be fetched alone
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", name, "true"], cwd=bare, check=True)
    settings = folder / "gitconfig"
    settings.write_text(f'[url "{bare.as_uri()}"]\n\tinsteadOf = {address}\n', encoding="utf-8")
    return {"GIT_CONFIG_GLOBAL": str(settings)}


def run_alone(path: Path, served: dict[str, str], workers: int = 1) -> Run:
    """Run one lesson from an empty folder, offline, on the bundled samples.

    Args:
        path: the notebook; it is copied.
        served: the variables that `repository` returned.
        workers: how many lessons run beside each other, this one among them.
    """
    with tempfile.TemporaryDirectory(prefix="alone-") as folder:
        copy = Path(folder) / path.name
        shutil.copy(path, copy)
        settings = {"COURSE_OFFLINE": "1", "COURSE_CLAIMS_DIR": str(Path(folder) / "claims")}
        run = execute(copy, without=OURS, **served, **settings, **shared_cores(workers))
    run.path = path
    return run


def moved() -> list[str]:
    """Packages whose version here is not the one of constraints.txt, a line each."""
    lines = (lessons.ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    here = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}
    pairs = ((name, old, here.get(name.lower().replace("_", "-"))) for name, old in pinned.items())
    return [f"{name}: {old} -> {new}" for name, old, new in pairs if new and new != old]


def main(*arguments: str) -> int:
    """Run the lessons named, or all but those that need PyTorch. Returns 1 when one failed or missed a claim."""
    parser = argparse.ArgumentParser(prog="alone", description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "lessons", nargs="*", metavar="NN", help="the numbers of lessons; none means all but 15"
    )
    parser.add_argument("--moved", action="store_true", help="only list what differs from constraints.txt")
    options = parser.parse_args(arguments)
    if options.moved:
        print("\n".join(moved()) or "Every package is the one of constraints.txt.")
        return 0
    chosen = lessons.chosen(options.lessons)
    if not options.lessons:
        chosen = [path for path in chosen if not ONLY_IN_FULL & set(stamps.about(path)["packages"])]
    # the longest first: one that begins last would leave a core idle
    chosen.sort(key=lambda path: stamps.about(path)["seconds"]["cpu"] or 0, reverse=True)
    workers = min(WORKERS, len(chosen))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="course-") as folder, ThreadPoolExecutor(workers) as pool:
        served = repository(Path(folder))

        def one(path: Path) -> Run:
            run = run_alone(path, served, workers)
            print(f"{path.stem}: {run.seconds:.1f} s{', failed' if run.failed else ''}", flush=True)
            return run

        try:
            runs = sorted(pool.map(one, chosen), key=lambda run: run.path)
        except KeyboardInterrupt:
            print("\nStopped.", flush=True)
            # the pool would wait for its lessons' ends; a kernel ends by itself when its parent does
            os._exit(130)
    python = ".".join(map(str, sys.version_info[:3]))
    print(
        f"\nEach lesson alone in an empty folder, Python {python}, {workers} at a time, bundled samples:\n{table(runs)}"
    )
    lines = [line for run in runs for line in problems(run)]
    print("\n".join(["", *lines]) if lines else "\nEvery lesson ran to its end; no claim was missed.")
    print(
        f"alone: {len(runs) - sum(run.failed for run in runs)} passed, {sum(run.failed for run in runs)} failed",
        end="",
    )
    print(f" in {time.monotonic() - began:.0f} s")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
