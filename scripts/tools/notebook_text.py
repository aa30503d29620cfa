"""A notebook as text to edit, and back: ids, tags and slide types survive, outputs stay where the code did not change.

    python -m scripts.tools.notebook_text text 01 > build/01.py       # "# %% id=sgd-run tags=course-env slide=slide"
    python -m scripts.tools.notebook_text notebook build/01.py 01     # an existing lesson, or 02_binary_classification for a new one
JupyterLab cannot set a cell's id, and a text is quicker to move cells about in. The notebook is the lesson; the text is
a working copy that git ignores.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from scripts.tools import lessons

HEAD = re.compile(r"# %%( \[markdown\])?((?: [a-z]+=\S+)*)\s*")


def to_text(notebook) -> str:
    """Cells as percent text; markdown lines are commented out."""
    parts = []
    for cell in notebook.cells:
        marks = [f"id={cell.id}"]
        marks += [f"tags={','.join(lessons.tags(cell))}"] if lessons.tags(cell) else []
        marks += [f"slide={cell.metadata.get('slideshow', {}).get('slide_type', '-')}"]
        marks += [f"mirrors={cell.metadata['mirrors']}"] if "mirrors" in cell.metadata else []
        body = lessons.source(cell)
        if cell.cell_type == "markdown":
            body = "\n".join(f"# {line}".rstrip() for line in body.splitlines())
        parts.append(
            f"# %%{' [markdown]' if cell.cell_type == 'markdown' else ''} {' '.join(marks)}\n{body}\n"
        )
    return "\n".join(parts)


def to_cells(text: str, old: list) -> list:
    """Percent text as cells; a code cell whose id and source are those of an old one keeps its outputs.

    Raises:
        ValueError: a cell without an id, with its line.
    """
    kept = {cell.id: cell for cell in old}
    cells, lines = [], text.splitlines()
    heads = [i for i, line in enumerate(lines) if HEAD.fullmatch(line)]
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        markdown, marks = HEAD.fullmatch(lines[start]).groups()
        marks = dict(mark.split("=", 1) for mark in marks.split())
        if "id" not in marks:
            raise ValueError(f"line {start + 1}: a cell needs an id")
        body = lines[start + 1 : end]
        if markdown:
            body = [
                line[2:] if line.startswith("# ") else line[1:] if line.startswith("#") else line
                for line in body
            ]
        make = nbformat.v4.new_markdown_cell if markdown else nbformat.v4.new_code_cell
        cell = make("\n".join(body).strip("\n"), id=marks["id"])
        cell.metadata.slideshow = {"slide_type": marks.get("slide", "-")}
        if marks.get("tags"):
            cell.metadata.tags = marks["tags"].split(",")
        if marks.get("mirrors"):
            cell.metadata.mirrors = marks["mirrors"]
        before = kept.get(cell.id)
        if not markdown and before is not None and lessons.source(before) == cell.source:
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
            if "seconds" in before.metadata:
                cell.metadata.seconds = before.metadata.seconds
        cells.append(cell)
    return cells


def main(*arguments: str) -> int:
    """The two commands of the module's text. Returns an exit status."""
    reads = argparse.ArgumentParser(prog="notebook_text", description=__doc__.partition("\n")[0])
    verbs = reads.add_subparsers(dest="verb", required=True)
    verbs.add_parser("text", help="print a lesson as text").add_argument("lesson", metavar="NN")
    back = verbs.add_parser("notebook", help="write such a text back")
    back.add_argument("file")
    back.add_argument("lesson", help="its number, or NN_slug for a new one")
    asked = reads.parse_args(arguments)
    if asked.verb == "text":
        print(to_text(lessons.read(lessons.chosen([asked.lesson])[0])), end="")
        return 0
    text, lesson = Path(asked.file).read_text(encoding="utf-8"), asked.lesson
    if re.fullmatch(r"\d+", lesson):
        path = lessons.chosen([lesson])[0]
        notebook = lessons.read(path)
    else:
        path, notebook = lessons.NOTEBOOKS / f"{lesson}.ipynb", nbformat.v4.new_notebook()
        if not lessons.NAME.fullmatch(path.name):
            reads.error(f"a new lesson is named like 19_own_detector, not {lesson}")
        if path.exists():
            reads.error(
                f"notebooks/{path.name} is there already: write the text back by its number, {lesson[:2]}"
            )
        number, slug = lesson.split("_", 1)
        notebook.metadata.course = {
            "id": number,
            "slug": slug,
            "title": slug.replace("_", " "),
            "goals": ["", "", ""],
            "needs": "Python.",
            "minutes": 30,
            "seconds": {"cpu": None, "gpu": None},
            "megabytes": 0,
            "packages": {},
            "data": [],
            "weights": [],
            "tracks": ["NumPy"],
            "stored_with": None,
        }
    notebook.cells = to_cells(text, notebook.cells)
    lessons.write(notebook, path)
    print(f"{path.name}: {len(notebook.cells)} cells")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
