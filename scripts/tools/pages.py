"""What decks, the site and the PDFs share: files that installed packages carry, MathJax, pictures with their alt texts, the browser."""

import html
import re
import shutil
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from scripts.tools.lessons import ROOT

BUILD = ROOT / "build"
TEMPLATES = Path(__file__).parent / "templates"
BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\(([^)]*)\)")
MATHJAX_OPTIONS = """
window.MathJax = {
  tex: {inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]], displayMath: [["$$", "$$"], ["\\\\[", "\\\\]"]],
        processEscapes: true, processEnvironments: true},
  svg: {fontCache: "global"},
  options: {enableMenu: false}
};
"""


# how Chromium is told to run as root, and to reach nothing but this machine
OFFLINE = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


def browser() -> str | None:
    """The program that opens and prints pages: Chromium or Chrome of this machine, None where there is neither."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@cache
def packaged(name: str, ending: str) -> str:
    """The text of a file that an installed package carries: its path ends in `ending`.

    Raises:
        FileNotFoundError: the package holds no such file.
    """
    for file in distribution(name).files or []:
        if str(file).endswith(ending):
            return Path(file.locate()).read_text(encoding="utf-8")
    raise FileNotFoundError(f"{name} carries no {ending}")


def mathjax(beside: str | None = None) -> str:
    """MathJax 3 for a page, after its options: as part of the page, or read from the file that lies at `beside` of it."""
    if beside:
        return f'<script>{MATHJAX_OPTIONS}</script>\n<script src="{beside}"></script>'
    script = packaged("sphinx-mathjax-offline", "mathjax/tex-svg-full.js").replace("</script", "<\\/script")
    return f"<script>{MATHJAX_OPTIONS}</script>\n<script>{script}</script>"


def picture(output, kind: str = "image/png") -> str:
    """One picture as an image with its alt text and width; nbconvert's own templates drop the alt text."""
    about = output.metadata.get(kind, {})
    width = f' width="{int(about["width"])}"' if about.get("width") else ""
    alt = html.escape(about.get("alt", ""), quote=True)
    data = output.data[kind].strip()
    return f'<div class="jp-RenderedImage jp-OutputArea-output"><img src="data:{kind};base64,{data}" alt="{alt}"{width}></div>'


def prepared(notebook, here: Path):
    """A copy of a notebook whose links work in a deck: a badge of text, lessons by their decks."""
    import copy

    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = BADGE.sub(r'<a class="colab" href="\1">Open in Colab</a>', cell.source)
            text = re.sub(r"\]\((\d\d_[a-z0-9_]+)\.ipynb\)", r"](\1.html)", text)
            cell.source = text.replace(
                "](../README.md)", "](../index.html)"
            )  # of the site that holds the deck
    notebook.metadata.title = here.stem
    return notebook
