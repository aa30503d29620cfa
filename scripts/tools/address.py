"""Whether the course's address is the repository that this runs in: asked by the workflow `test`, told to whoever forks.

    python -m scripts.tools.address
Environment, as GitHub sets it: GITHUB_SERVER_URL, GITHUB_REPOSITORY. Without them there is nothing to compare, and it passes.
"""

import argparse
import os
import re
import sys

from scripts.tools import stamps
from scripts.tools.lessons import ROOT


def problem(here: str | None) -> str | None:
    """What to edit where the address is another one than `here`, such as "https://github.com/owner/name"; else None."""
    address, _ = stamps.address()
    if here is None or address.lower().removesuffix(".git") == here.lower():
        return None
    return (
        f"This is {here}, but badges and Setup lead to {address}: in pyproject.toml, [tool.course], "
        f'set repository = "{here}", run make lint, commit and push (README, "Publish it").'
    )


def main(*arguments: str) -> int:
    """Say what to edit, as an annotation on the line to edit; status 1 when there is something to edit."""
    argparse.ArgumentParser(prog="address", description=__doc__.partition("\n")[0]).parse_args(arguments)
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    told = problem(f"{server}/{name}" if server and name else None)
    if told is None:
        print("The course's address is the repository that this runs in, or there is none to compare with.")
        return 0
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if re.match(r"repository\s*=", line))
    print(f"::error file=pyproject.toml,line={number}::{told}")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
