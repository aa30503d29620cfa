"""The lessons as files: find them, read them, write them in one form, and know the environment they run in."""

import argparse
import os
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat

from scripts import ROOT

NOTEBOOKS = ROOT / "notebooks"
NAME = re.compile(r"(\d\d)_([a-z][a-z0-9_]*)\.ipynb")


def all_lessons() -> list[Path]:
    """Every lesson, in order."""
    return sorted(path for path in NOTEBOOKS.glob("*.ipynb") if NAME.fullmatch(path.name))


def chosen(numbers: list[str]) -> list[Path]:
    """The lessons with these numbers ("1" and "01" both do), or all of them for an empty list.

    Raises:
        SystemExit: a number that no lesson has, with the numbers there are.
    """
    lessons = all_lessons()
    if not numbers:
        return lessons
    by_number = {path.name[:2]: path for path in lessons}
    unknown = [number for number in numbers if number.zfill(2) not in by_number]
    if unknown:
        raise SystemExit(f"no lesson {', '.join(unknown)}; there are: {' '.join(by_number)}")
    return [by_number[number.zfill(2)] for number in numbers]


def parser(program: str, about: str) -> argparse.ArgumentParser:
    """What reads the arguments of a command that takes numbers of lessons; an option it does not know ends it with status 2.

    Args:
        program: as it is called, such as "make slides"; about: its module's docstring, of which the first line is shown.
    """
    reads = argparse.ArgumentParser(prog=program, description=about.partition("\n")[0], allow_abbrev=False)
    reads.add_argument("lessons", nargs="*", metavar="NN", help="the numbers of lessons; none means all")
    return reads


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook, its sources and texts as strings."""
    return nbformat.read(path, as_version=4)


def count_cells(path: Path) -> int:
    """How many cells a lesson has; 1 for a file that cannot be read."""
    try:
        return len(read(path).cells)
    except Exception:  # whatever is wrong with it, running it will tell
        return 1


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook as `text_of` has it; at once, so that none is half written."""
    write_whole(text_of(notebook), path)


def write_whole(text: str, path: Path) -> None:
    """Write a text file, whole or not at all: whoever stops the command, or a full disk, leaves the older one."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def text_of(notebook: nbformat.NotebookNode) -> str:
    """A notebook as text in one canonical form, so that equal notebooks are equal files; the notebook is put into that form."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    text = nbformat.writes(nbformat.from_dict(notebook), indent=1, sort_keys=True)
    return text.rstrip("\n") + "\n"


def source(cell) -> str:
    """A cell's source as one string."""
    return cell.source if isinstance(cell.source, str) else "".join(cell.source)


def tags(cell) -> list[str]:
    """A cell's tags."""
    return list(cell.metadata.get("tags", []))


def environment(about: dict) -> dict:
    """What stored outputs depend on, for the packages of one lesson: the form of metadata.course.stored_with, less data."""
    names = {"tensorflow": "tensorflow", "keras": "keras", "numpy": "numpy", **about["packages"]}
    packages = {name: version(name) for module, name in sorted(names.items()) if module in about["packages"]}
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        "packages": packages,
        "machine": f"{platform.system()} {platform.machine()}",
        "device": "GPU"
        if Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != ""
        else "CPU",
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0",
    }
