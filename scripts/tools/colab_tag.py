"""The tag that Colab's badges name: a release whose notebooks have no outputs, so that no answer stands under a question.

    python -m scripts.tools.colab_tag v2.0 [--push REMOTE]
Makes the tag `v2.0-colab` on a commit after that of `v2.0`, in which only the notebooks differ, and in them only outputs and
counts. Working tree and branches stay as they are. The workflow `publish` runs it at each release. A tag never moves.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from scripts.tools import lecture, lessons, stamps
from scripts.tools.release import Refused, git


def with_input(root: Path, words: list[str], text: str, **variables: str) -> str:
    """What a git command prints that reads a text. Raises Refused with its message when it fails."""
    done = subprocess.run(
        ["git", *words], cwd=root, input=text, capture_output=True, text=True, env={**os.environ, **variables}
    )
    if done.returncode:
        raise Refused(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def tag(root: Path, release: str) -> str:
    """Make the tag of copies without outputs for a release's tag, in the repository at `root`. Returns its name.

    Raises:
        Refused: there is no such release, or its tag for Colab is there already.
    """
    name = release + stamps.WITHOUT_OUTPUTS
    if git(root, "tag", "--list", name):
        raise Refused(f"the tag {name} is there already, and a tag never moves")
    commit = git(root, "rev-parse", "--verify", f"{release}^{{commit}}")
    listed = git(root, "ls-tree", "-r", "--name-only", commit, "notebooks/").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        # an index of its own: nothing of the user's is staged or touched
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        with_input(root, ["read-tree", commit], "", **index)
        for path in listed:
            if lessons.NAME.fullmatch(Path(path).name):
                notebook = nbformat.reads(git(root, "show", f"{commit}:{path}"), as_version=4)
                text = lessons.text_of(lecture.without_outputs(notebook))
                blob = with_input(root, ["hash-object", "-w", "--stdin"], text)
                with_input(root, ["update-index", "--cacheinfo", f"100644,{blob},{path}"], "", **index)
        tree = with_input(root, ["write-tree"], "", **index)
    message = f"{release} for Colab: the notebooks without outputs"
    made = with_input(root, ["commit-tree", tree, "-p", commit], message)
    git(root, "tag", "--annotate", name, made, "--message", message)
    return name


def main(*arguments: str) -> int:
    """Make the tag, and push it where it is asked. Returns an exit status."""
    reads = argparse.ArgumentParser(
        prog="colab_tag", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    reads.add_argument("release", help="a release's tag, such as v2.0")
    reads.add_argument("--push", metavar="REMOTE", help="push the tag there, such as to origin")
    asked = reads.parse_args(arguments)
    try:
        name = tag(lessons.ROOT, asked.release)
        if asked.push:
            git(lessons.ROOT, "push", asked.push, f"refs/tags/{name}")
    except Refused as problem:
        print(f"No tag for Colab: {problem}", file=sys.stderr)
        return 1
    print(f"{name} is tagged{f' and pushed to {asked.push}' if asked.push else ' here'}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
