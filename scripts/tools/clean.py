"""`make clean`: remove build/ and caches. The environments and downloaded data stay."""

import argparse
import shutil
import sys

from scripts.tools.lessons import ROOT

CACHES = ("build", ".pytest_cache", ".ruff_cache", ".hypothesis")
ANYWHERE = ("__pycache__", ".ipynb_checkpoints")


def main(*arguments: str) -> int:
    """Remove what can be made again. Returns 0."""
    argparse.ArgumentParser(prog="make clean", description=__doc__.partition("\n")[0]).parse_args(arguments)
    for name in CACHES:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for name in ANYWHERE:
        for folder in list(ROOT.rglob(name)):
            if not folder.relative_to(ROOT).parts[0].startswith(".venv"):
                shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
