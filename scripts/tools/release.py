"""`make release VERSION=1.1`: stamp the version, run `make test`, commit, tag. Nothing is pushed.

    python -m scripts.tools.release 1.1 [--test COMMAND]
Stamped: pyproject.toml, and from it every Setup cell, its stored first line, the badges, README, CITATION.cff; CHANGELOG.md's
"Unreleased" becomes this version's heading, and ERRATA.md follows. A tag never moves: one that is there is refused, and so is a
tree with changes that nobody committed. Where the tests fail, everything is put back.
"""

import argparse
import datetime
import re
import shlex
import subprocess
import sys
from pathlib import Path

from scripts.tools import lessons, stamps

FORM = re.compile(r"\d+\.\d+(\.\d+)?")


class Refused(Exception):
    """Why there is no release, in one line."""


def git(root: Path, *words: str) -> str:
    """What a git command prints in the course's folder. Raises Refused with its message when it fails."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"git {' '.join(words[:2])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def check(root: Path, version: str) -> None:
    """Raises Refused where this version cannot be released from this tree."""
    if not FORM.fullmatch(version):
        raise Refused(f"{version!r} is no version: write two or three numbers, such as 1.1")
    now = stamps.settings()["version"]
    if tuple(map(int, version.split("."))) <= tuple(map(int, now.split("."))):
        raise Refused(f"{version} is not newer than {now}, the version in pyproject.toml")
    if git(root, "tag", "--list", f"v{version}"):
        raise Refused(f"the tag v{version} is there already, and a tag never moves: take another version")
    if dirty := git(root, "status", "--porcelain"):
        raise Refused(f"there are changes that are not committed:\n{dirty}")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = changes.partition(stamps.UNRELEASED + "\n")[2].partition("\n## ")[0]
    if not unreleased.strip():
        raise Refused(f"CHANGELOG.md says nothing under {stamps.UNRELEASED!r}: what does this release bring?")


def stamp(root: Path, version: str) -> None:
    """Write the version and its tag wherever they stand."""
    old = stamps.settings()["version"]
    project = root / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    for key, value in (("version", version), ("ref", f"v{version}")):
        text, count = re.subn(rf'^{key} = ".*"$', f'{key} = "{value}"', text, flags=re.M)
        if count != 1:
            raise Refused(f"pyproject.toml has {count} lines `{key} = ...` instead of one")
    project.write_text(text, encoding="utf-8")
    changes = root / "CHANGELOG.md"
    today = datetime.date.today().isoformat()
    text = changes.read_text(encoding="utf-8")
    heading = f"{stamps.UNRELEASED}\n\n## {version} ({today})\n"
    changes.write_text(text.replace(f"{stamps.UNRELEASED}\n", heading, 1), encoding="utf-8")
    citation = root / "CITATION.cff"
    text = re.sub(r"^date-released: .*\n", "", citation.read_text(encoding="utf-8"), flags=re.M)
    citation.write_text(
        re.sub(r"^(version: .*\n)", rf"\1date-released: {today}\n", text, flags=re.M), encoding="utf-8"
    )
    for path in lessons.all_lessons():
        # what Setup printed when the page was stored names the version; make test then shows that a run prints the same
        notebook = lessons.read(path)
        for output in next(cell for cell in notebook.cells if cell.id == "setup").outputs:
            if "text" in output:
                output.text = output.text.replace(f"line-to-box {old} ·", f"line-to-box {version} ·")
        lessons.write(notebook, path)
    done = subprocess.run(
        [sys.executable, "-m", "scripts.tools.lint"], cwd=root, capture_output=True, text=True
    )
    if done.returncode:
        raise Refused(f"make lint finds something:\n{done.stdout[-2000:]}")


def release(root: Path, version: str, test: list[str]) -> None:
    """Stamp, test, commit, tag. Raises Refused, everything as it was before, where that cannot be."""
    check(root, version)
    before = git(root, "rev-parse", "HEAD")
    try:
        stamp(root, version)
        print(f"Stamped {version}. Now: {shlex.join(test)}", flush=True)
        if subprocess.run(test, cwd=root).returncode:
            raise Refused("the tests failed")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", f"Release {version}")
        git(root, "tag", "--annotate", f"v{version}", "--message", f"Version {version}")
    except BaseException:
        # the tree was clean before, so nothing of the user's is lost
        git(root, "reset", "--quiet", "--hard", before)
        git(root, "clean", "--quiet", "--force", "-d", "--", "notebooks", "docs")
        raise


def main(*arguments: str) -> int:
    """Make a release. Returns an exit status."""
    parser = argparse.ArgumentParser(
        prog="release", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("version", help="such as 1.1")
    parser.add_argument(
        "--test", default="make test", metavar="COMMAND", help="what has to pass before the tag is set"
    )
    options = parser.parse_args(arguments)
    try:
        release(lessons.ROOT, options.version, shlex.split(options.test))
    except Refused as problem:
        print(f"No release: {problem}", file=sys.stderr)
        return 1
    print(
        f"Version {options.version} is tagged here. To publish it:\n  git push\n  git push origin v{options.version}\n"
        f"Badges name v{options.version}{stamps.WITHOUT_OUTPUTS}, copies without outputs: the workflow `publish` tags them, or\n"
        f"  python -m scripts.tools.colab_tag v{options.version} --push origin"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
