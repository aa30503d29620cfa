"""docs/results.md: what every lesson claims, the slides' number beside its own, read off the stored pages. Stamped by `make lint`.

Nothing is typed here: each row is a line that `course.claim` printed when the page was stored, or a run at full length that
`python -m scripts.tools.bench --full-lengths` kept in docs/full_length.json.
"""

import json
import re
from pathlib import Path

from scripts.tools import lessons

LINE = re.compile(
    r"^(?P<id>\d\d\.\S+)\s+slides (?P<slide>.+?)\s+here (?P<here>\S+)\s+bound (?P<bound>.+?)\s+"
    r"(?P<status>kept|missed|reported|not measured)(?:: (?P<why>.*))?$",
    re.M,
)
HEAD = """# Results

What the stored pages claim, made from them by `make lint`. **Slides** is what the slide deck prints for its own run, **here**
what the page got, **bound** what a run of the page must keep; a number without a bound is reported only. `make seeds` tells for
how many seeds a bound is kept. Seeds, versions and data of each run stand on its page. Where a page shows part of a run that takes the slides minutes, the
claim's name says so; `make bench` runs the whole.

"""
FULL_LENGTH = "docs/full_length.json"


def file() -> Path:
    """Where the page lies."""
    return lessons.ROOT / "docs" / "results.md"


def claims_of(notebook) -> list[dict]:
    """The claims that a stored notebook prints, in order: id, slide, here, bound, status, why."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found += [match.groupdict() for match in LINE.finditer(output.get("text", ""))]
    return found


def row(claim: dict) -> str:
    """One claim as a row of a table, by its name."""
    name = claim["id"].partition(".")[2].replace("-", " ")
    cells = (
        name,
        claim["slide"] if claim["slide"] != "-" else "",
        claim["here"] if claim["here"] != "-" else "",
        "" if claim["bound"] == "none" else f"`{claim['bound']}`",
        claim["status"],
    )
    return "| " + " | ".join(cells) + " |"


def at_full_length() -> str:
    """The table of runs at the slides' full length, of which a lesson shows a part; empty where none was kept."""
    kept = lessons.ROOT / FULL_LENGTH
    if not kept.exists():
        return ""
    rows = [
        f"| {run['lesson']} | {run['listing']} | {run['slide'] or ''} | {len(run['all'])} | {run['min']:.4f} | "
        f"{run['median']:.4f} | {run['max']:.4f} | {run['date']} |"
        for run in json.loads(kept.read_text(encoding="utf-8"))
    ]
    head = ["| lesson | run | slides | seeds | min | median | max | run on |", "|" + " --- |" * 8]
    return (
        "## At full length\n\nRuns as long as the slides', of which a lesson shows a part, over several seeds.\n\n"
        + "\n".join([*head, *rows])
        + "\n\n"
    )


def text() -> str:
    """The whole page."""
    parts, beside, total = [], [], 0
    for path in lessons.all_lessons():
        notebook = lessons.read(path)
        about, claims = notebook.metadata.course, claims_of(notebook)
        total += len(claims)
        link = f"[{about.id}](../notebooks/{path.name})"
        beside += [f"| {link} {row(claim)}" for claim in claims if claim["slide"] != "-"]
        parts.append(f"### {about.id} {about.title}\n\n" + _table([row(claim) for claim in claims]))
    first = "| lesson | claim | slides | here | bound | |\n| --- | --- | --- | --- | --- | --- |\n"
    return (
        f"{HEAD}## Beside the slides\n\n{first}" + "\n".join(beside) + f"\n\n{at_full_length()}"
        f"## Every claim, lesson by lesson\n\n{total} claims.\n\n" + "\n\n".join(parts) + "\n"
    )


def _table(rows: list[str]) -> str:
    return "\n".join(["| claim | slides | here | bound | |", "| --- | --- | --- | --- | --- |", *rows])


def current() -> bool:
    """Whether the page is what the stored lessons print."""
    return file().exists() and file().read_text(encoding="utf-8") == text()


def stamp() -> bool:
    """Write the page; returns whether it changed."""
    changed = not current()
    if changed:
        file().parent.mkdir(exist_ok=True)
        lessons.write_whole(text(), file())
    return changed
