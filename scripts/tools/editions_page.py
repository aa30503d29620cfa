"""docs/editions.md: each lesson's first edition beside the one that stands, and which lesson builds on which. Stamped by `make lint`.

Nothing is typed here: first_edition.json was measured on the notebooks of the first edition, the rest is read off the lessons.
"""

import json
import re
from pathlib import Path

from scripts.tools import lessons, road
from scripts.tools.edition import FIRST
from scripts.tools.lessons import source

NAMES = ("minutes", "cells", "lines", "seconds", "megabytes", "claims", "exercises")
HEAD = """# The two editions

Each lesson as it was in the first edition, and as it is now: *first -> now*; a lesson of the first edition has one number. Minutes,
cells and lines of code are those of the **main road**, without the side roads, which are called "Deeper"; minutes are words / 100 and
half a minute for each cell of code, up to the next five; lines are those without Setup, imports, drawings and claims; seconds are those of a run alone on 2
cores; megabytes are those of the stored page. Made by `make lint`.

"""


def now(path: Path) -> dict:
    """What a lesson measures today, by the names of a row."""
    notebook = lessons.read(path)
    about, main = notebook.metadata.course, road.measured(road.main_road(notebook.cells))
    code = [source(cell) for cell in notebook.cells if cell.cell_type == "code"]
    return {
        "minutes": main.minutes,
        "cells": main.cells,
        "lines": main.lines,
        "seconds": about.seconds["cpu"],
        "megabytes": round(path.stat().st_size / 1e6, 2),
        "claims": sum(text.count("course.claim(") for text in code),
        "exercises": sum("check(" in text and "import" not in text for text in code),
        "in all": road.measured(notebook.cells).minutes,
    }


def text() -> str:
    """The whole page."""
    first = json.loads(FIRST.read_text(encoding="utf-8"))
    rows = [
        "| | lesson | edition | " + " | ".join(NAMES) + " | minutes with side roads |",
        "| --- | --- | --- |" + " --- |" * (len(NAMES) + 1),
    ]
    grown, arrows = [], []
    for path in lessons.all_lessons():
        about, here = lessons.read(path).metadata.course, now(path)
        was = first.get(about.id) if about.get("edition") == 2 else None
        cells = [
            f"{_short(was[name])} -> {_short(here[name])}" if was else _short(here[name]) for name in NAMES
        ]
        link = f"[{about.title}](../notebooks/{path.name})"
        rows.append(
            f"| {about.id} | {link} | {about.get('edition', 1)} | {' | '.join(cells)} | {here['in all']} |"
        )
        if about.get("grown"):
            grown.append(f"- **{about.id}**: {about.grown}")
        arrows += [f"    {id} --> {about.id}" for id in about.get("requires", [])]
    parts = [HEAD + "\n".join(rows) + "\n"]
    if grown:
        parts.append("## Main roads that grew by more than a fifth\n\n" + "\n".join(grown) + "\n")
    if arrows:
        parts.append(
            "## What builds on what\n\nOf the lessons of the second edition, as their metadata says.\n\n"
            "```mermaid\ngraph LR\n" + "\n".join(arrows) + "\n```\n"
        )
    return "\n".join(parts)


def _short(value) -> str:
    """A number without needless zeros; a dash for what was not measured."""
    return "-" if value is None else re.sub(r"\.0$", "", str(value))
