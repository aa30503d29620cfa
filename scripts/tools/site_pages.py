"""The pages of the site before Sphinx makes them: lessons made fit for it, and pages written from lessons.

`scripts/tools/site.py` calls this; what happens inside Sphinx is in site/lesson_pages.py.
"""

import base64
import copy
import io
import json
import re
from pathlib import Path
from typing import NamedTuple

import nbformat
from PIL import Image

from scripts.tools import anatomy, lessons, predicts, results_page, stamps

KINDS = ("image/png", "image/jpeg")
# first line of a lesson's title cell but one: badge and neighbours, which the site has in places of its own
LINKS = re.compile(r"^\[!\[Open in Colab\].*$", re.M)
README = re.compile(r"\]\((?:\.\./)*README\.md(?:#[^)]*)?\)")


class Lesson(NamedTuple):
    """A lesson as the site shows it: `problem` says in a line what went wrong in the run that made it, None when nothing did."""

    path: Path
    notebook: object
    problem: str | None = None


def unreadable(path: Path, problem: str) -> Lesson:
    """A lesson whose notebook cannot be read, as a page that says so."""
    number, slug = lessons.NAME.fullmatch(path.name).groups()
    about = {
        "id": number,
        "title": slug.replace("_", " "),
        "goals": ["read it again when its file is mended"],
        "minutes": 0,
        "seconds": {"cpu": None, "gpu": None},
    }
    cells = [nbformat.v4.new_markdown_cell(f"# {number} · {about['title']}", id="title")]
    return Lesson(path, nbformat.v4.new_notebook(metadata={"course": about}, cells=cells), problem)


def figures(notebook) -> list[dict]:
    """What the outputs of a lesson say about each of its figures, in order: alt, width, and frames of an animation."""
    return [about for cell in notebook.cells if cell.cell_type == "code" for about in _figures_of(cell)]


def _figures_of(cell) -> list[dict]:
    return [
        dict(output.get("metadata", {}).get(kind, {}))
        for output in cell.outputs
        for kind in KINDS
        if kind in output.get("data", {})
    ]


def published(notebook):
    """A copy of a lesson without what the site must not or cannot show: pictures that may not be published, and widgets."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)
            if anatomy.UNPUBLISHED in lessons.tags(cell) and any(data.pop(kind, None) for kind in KINDS):
                data["text/plain"] = "This picture may not be published: run the cell to see it."
        # an output of which nothing is left would be an empty box
        cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    return notebook


def prepared(lesson: Lesson, deck: bool):
    """A lesson's notebook as myst-nb is to show it.

    Args:
        lesson: whose notebook is not changed; deck: whether its deck lies beside the pages, in slides/.
    """
    notebook, name = published(lesson.notebook), lesson.path.stem
    about, answer = notebook.metadata.course, predicts.answers(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = README.sub("](../index.md)", cell.source)
            continue
        tags = {tag for tag in lessons.tags(cell) if tag.startswith("hide-")}
        title = stamps.folded_as(cell)
        if title:
            tags.add("hide-cell" if cell.id.startswith("claims") and cell.id not in answer else "hide-input")
        if cell.id in answer:
            tags.add("hide-output")
        cell.metadata["tags"] = sorted(tags)
        cell.metadata["site"] = {
            "title": title or "Code",
            "question": answer.get(cell.id),
            "figures": _figures_of(cell),
        }
    first = notebook.cells[0]
    slides = f' · <a href="../slides/{name}.html">Slides</a>' if deck else ""
    colab = f"[Open in Colab]({stamps.colab(lesson.path)})"
    links = f'{colab} · {{download}}`Download the notebook <../_notebooks/{name}.ipynb>`{slides}<span class="pdf"></span>'
    first.source = LINKS.sub(lambda match: links, first.source)
    if lesson.problem:
        first.source += f"\n\n:::{{warning}}\nThis run of the lesson failed: {_plain(lesson.problem)}\n:::"
    # what myst-nb reads as the page's front matter
    description = f"After this lesson you can {about.goals[0]}."
    notebook.metadata = {
        "kernelspec": notebook.metadata.get("kernelspec", {"name": "python3", "display_name": "Python 3"}),
        "language_info": {"name": "python"},
        "description": description,
    }
    return notebook


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>$#|~])", r"\\\1", " ".join(text.split()))


def thumbnail(lesson: Lesson) -> tuple[bytes, str] | None:
    """The opening drawing of a lesson, or else its first figure, as a PNG 480 pixels wide with its alt text; None without figures."""
    cells = [
        cell for cell in published(lesson.notebook).cells if cell.cell_type == "code" and _figures_of(cell)
    ]
    if not cells:
        return None
    cell = next((cell for cell in cells if cell.id == "opening-plot"), cells[0])
    output = next(output for output in cell.outputs if any(kind in output.get("data", {}) for kind in KINDS))
    kind = next(kind for kind in KINDS if kind in output.data)
    picture = Image.open(io.BytesIO(base64.b64decode(output.data[kind])))
    picture.seek(getattr(picture, "n_frames", 1) - 1)
    small = picture.convert("RGB")
    small.thumbnail((480, 480), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, format="png", optimize=True)
    return file.getvalue(), output.metadata.get(kind, {}).get("alt", "")


def front(text: str, course: list[Lesson], folder: Path) -> str:
    """The front page with its grid of lessons, and what failed. Thumbnails are written to `folder`/_thumbs."""
    (folder / "_thumbs").mkdir(exist_ok=True)
    items, failed = [], []
    for lesson in course:
        about, link = lesson.notebook.metadata.course, f"notebooks/{lesson.path.name}"
        running = f", {about.seconds.cpu:.0f} s to run" if about.seconds.cpu else ""
        lines = [f"**[{about.id} · {_plain(about.title)}]({link})**"]
        if small := thumbnail(lesson):
            name = f"_thumbs/{about.id}.png"
            (folder / name).write_bytes(small[0])
            lines.append(f"```{{image}} {name}\n:alt: {json.dumps(small[1], ensure_ascii=False)}\n```")
        lines.append(f"{about.minutes} min to read{running}")
        lines.append(f"{_plain(about.goals[0][0].upper() + about.goals[0][1:])}.")
        if lesson.problem:
            lines.append("**This lesson failed in this run.**")
            failed.append(f"- [{about.id}]({link}): {_plain(lesson.problem)}")
        items.append("- " + "\n\n".join(lines).replace("\n", "\n  "))
    text = re.sub(r"<!-- lessons:.*?-->", lambda match: "{.lessons}\n" + "\n".join(items), text)
    told = ":::{warning}\nIn this run failed:\n\n" + "\n".join(failed) + "\n:::" if failed else ""
    return re.sub(r"<!-- run:.*?-->", lambda match: told, text)


def told_map(text: str) -> str:
    """A document whose map of lessons, a mermaid block that GitHub draws, is told as a list: to draw it, a page would need the network."""

    def told(match: re.Match) -> str:
        needs: dict[str, list[str]] = {}
        for before, after in re.findall(r"(\d\d) --> (\d\d)", match.group()):
            needs.setdefault(after, []).append(before)
        return "\n".join(f"- {after} builds on {', '.join(needs[after])}" for after in sorted(needs))

    return re.sub(r"```mermaid\n.*?\n```", told, text, flags=re.S)


def notice(text: str) -> str:
    """NOTICE, whose entries begin at the margin, as a list."""
    head, *entries = re.split(r"\n(?=\S)", text.strip())
    return " ".join(head.split()) + "\n\n" + "\n".join(f"- {_plain(entry)}" for entry in entries)


def results(course: list[Lesson]) -> str:
    """The page of results of these lessons, in the form of docs/results.md."""
    beside, parts, head = (
        [],
        [],
        "| claim | slides | here | bound | status |\n| --- | --- | --- | --- | --- |\n",
    )
    for lesson in course:
        about, claims = lesson.notebook.metadata.course, results_page.claims_of(lesson.notebook)
        link = f"[{about.id}](../notebooks/{lesson.path.name})"
        beside += [f"| {link} {results_page.row(claim)}" for claim in claims if claim["slide"] != "-"]
        rows = "\n".join(map(results_page.row, claims))
        parts.append(
            f"### {about.id} {_plain(about.title)}\n\n{head + rows if claims else 'No claims in this run.'}\n"
        )
    first = f"| lesson {head.replace('---', '--- | ---', 1)}"
    return (
        results_page.HEAD.replace(", made from them by `make lint`", "")
        + f"## Beside the slides\n\n{first}"
        + "\n".join(beside)
        + "\n\n"
        + results_page.at_full_length()
        + "## Every claim, lesson by lesson\n\n"
        + "\n".join(parts)
    )


def benches(rows: list[dict] | None) -> str:
    """The page of the newest `make bench`, whose rows are those of build/bench.json; None where it has not run."""
    head = "# Benches\n\nThe slides' listings, as written, timed against the lesson's own cells by `make bench`.\n\n"
    if not rows:
        return head + "`make bench` has not run in this copy of the course.\n"
    table = [
        "| listing | slides, seconds | lesson, seconds | times as fast | slides' result | lesson's result |"
    ]
    table += ["| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        names = ("listing", "deck_s", "ours_s", "ratio", "deck_result", "ours_result")
        table.append("| " + " | ".join(_number(row.get(name)) for name in names) + " |")
    return head + "\n".join(table) + "\n"


def _number(value) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else _plain(str(value))
