"""`make slides`: a deck per lesson from its stored outputs, in build/slides/NN_slug.html, one file each, no network needed.

A section of the lesson is a column of slides: right goes to the next section, down through its cells. Cells are packed on 16:9
slides by their estimated height; a cell's output goes to the next slide where both do not fit. Setup and imports (slide type
"skip") are left out, and so is the code that only draws a figure. What still does not fit is shrunk a little by the deck
itself when it opens; the tests measure in a browser that nothing overflows and how far anything was shrunk.
"""

import copy
import re
import sys
from pathlib import Path

from nbconvert import SlidesExporter

from scripts.tools import lessons, pages, stamps

FOLDER = pages.BUILD / "slides"
HEIGHT = 680  # pixels of a slide 1280 x 720 that cells may fill
# heights of a line of code, of text, of a figure, of a formula
LINE, TEXT_LINE, FIGURE, FORMULA = (27, 36, 450, 80)
CHARACTERS = 92  # of text in a line, on the average


def height(cell) -> int:
    """The estimated height of a cell on a slide, in pixels."""
    if cell.cell_type == "markdown":
        text = re.sub(r"\$\$.*?\$\$", "", cell.source, flags=re.S)
        formulas = cell.source.count("$$") // 2
        paragraphs = [part for part in text.split("\n\n") if part.strip()]
        lines = sum(
            max(part.count("\n- ") + part.count("\n|") + 1, -(-len(part) // CHARACTERS))
            for part in paragraphs
        )
        return 30 + TEXT_LINE * lines + 10 * len(paragraphs) + FORMULA * formulas
    code = 0 if hidden(cell) else LINE * len(cell.source.splitlines()) + 20
    figures = sum(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))
    texts = sum(len(output.get("text", "").splitlines()) for output in cell.outputs)
    # a table, such as a model's summary: its lines as text, and a margin
    for output in cell.outputs:
        if "text/html" in output.get("data", {}):
            texts += len(output.data.get("text/plain", "").splitlines()) + 1
    return code + FIGURE * figures + LINE * texts + 10


def hidden(cell) -> bool:
    """Whether a code cell's source is left out of the deck."""
    return bool(cell.metadata.get("transient", {}).get("remove_source"))


def parts(cell) -> list:
    """A cell as the blocks that may stand on different slides: a long text by its paragraphs; source, then outputs."""
    if cell.cell_type != "code":
        return [cell] if height(cell) <= HEIGHT else paragraphs(cell)
    source, output = copy.deepcopy(cell), copy.deepcopy(cell)
    output.metadata["transient"] = {"remove_source": True}
    if stamps.folded_as(cell):  # plumbing
        return outputs(output)
    if not cell.outputs or height(cell) <= HEIGHT:
        return [cell]
    source.outputs, output.id = [], f"{cell.id}-output"
    return [source, *outputs(output)]


def paragraphs(cell) -> list:
    """A text too long for a slide as blocks that each fit one, cut between paragraphs; answers stay with their question."""
    pieces: list[str] = []
    for part in cell.source.split("\n\n"):
        # a list goes with what introduces it, a formula with the sentence that it ends
        if pieces and part.lstrip().startswith(("- ", "| ", "$$", "1. ")):
            pieces[-1] += f"\n\n{part}"
        else:
            pieces.append(part)
    blocks = []
    for piece in pieces:
        longer = copy.deepcopy(blocks[-1]) if blocks else None
        if longer is not None:
            longer.source += f"\n\n{piece}"
        if longer is not None and height(longer) <= HEIGHT:
            blocks[-1] = longer
        else:
            block = copy.deepcopy(cell)
            block.source = piece
            block.id = f"{cell.id}_{len(blocks) + 1}" if blocks else cell.id
            blocks.append(block)
    return blocks


def outputs(cell) -> list:
    """The outputs of a cell as blocks that each fit a slide, where they are too many for one."""
    blocks = []
    for output in cell.outputs if height(cell) > HEIGHT else ():
        longer = copy.deepcopy(blocks[-1]) if blocks else None
        if longer is not None:
            longer.outputs.append(output)
        if longer is not None and height(longer) <= HEIGHT:
            blocks[-1] = longer
        else:
            block = copy.deepcopy(cell)
            block.outputs = [output]
            block.id = f"{cell.id}_{len(blocks) + 1}" if blocks else cell.id
            blocks.append(block)
    return blocks or [cell]


def packed(notebook):
    """A copy of a notebook whose cells' slide types put them on slides that hold them."""
    notebook = copy.deepcopy(notebook)
    cells, filled = [], 0
    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind in ("skip", "notes"):
            continue
        for block in parts(cell):
            needed = height(block)
            if kind == "slide" and block.id == cell.id:
                block.metadata["slideshow"], filled = {"slide_type": "slide"}, needed
            elif filled + needed > HEIGHT:
                block.metadata["slideshow"], filled = {"slide_type": "subslide"}, needed
            else:
                block.metadata["slideshow"], filled = {"slide_type": "-"}, filled + needed
            cells.append(block)
    notebook.cells = cells
    return notebook


def write_deck(notebook, path: Path, folder: Path = FOLDER, mathjax: str | None = None) -> Path:
    """Write one lesson as a deck of 16:9 slides.

    Args:
        notebook: the lesson, with the outputs to show; path: its file, which names the deck; folder: where the deck goes;
        mathjax: where MathJax lies beside the deck, as the site has it; None puts it into the deck, which then is one file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reveal = [
        pages.packaged("sphinx-revealjs", f"revealjs/dist/{name}.css")
        for name in ("reset", "reveal", "theme/white")
    ]
    css = (pages.TEMPLATES / "deck" / "deck.css").read_text(encoding="utf-8")
    exporter = SlidesExporter(
        template_name="deck", extra_template_basedirs=[str(pages.TEMPLATES)], language_code="en"
    )
    # the theme's fonts: other files, not needed
    resources = {
        "metadata": {"name": path.stem},
        "course": {
            "mathjax": pages.mathjax(mathjax),
            "css": css,
            "picture": pages.picture,
            "reveal_css": re.sub(r"@import[^;]+;", "", "\n".join(reveal)),
            "reveal_js": pages.packaged("sphinx-revealjs", "revealjs/dist/reveal.js").replace(
                "</script", "<\\/script"
            ),
        },
    }
    body, _ = exporter.from_notebook_node(pages.prepared(packed(notebook), path), resources)
    target = folder / f"{path.stem}.html"
    target.write_text(body, encoding="utf-8")
    return target


def main(*arguments: str) -> int:
    """Write the decks of the lessons named, or of all. Returns an exit status."""
    numbers = lessons.parser("make slides", __doc__).parse_args(arguments).lessons
    for path in lessons.chosen(numbers):
        print(write_deck(lessons.read(path), path).relative_to(lessons.ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
