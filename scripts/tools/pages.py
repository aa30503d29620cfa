"""Lessons as pages: one HTML file each that carries its MathJax and asks nothing of the network; and an index of them."""

import html
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from nbconvert import HTMLExporter

from scripts.tools import stamps
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


def mathjax() -> str:
    """MathJax 3 as part of a page: its options, then all of it in one script."""
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
    """A copy of a notebook whose links work in build/: a badge of text, lessons by their pages."""
    import copy

    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = BADGE.sub(r'<a class="colab" href="\1">Open in Colab</a>', cell.source)
            text = re.sub(r"\]\((\d\d_[a-z0-9_]+)\.ipynb\)", r"](\1.html)", text)
            cell.source = text.replace("](../README.md)", "](index.html)")
    notebook.metadata.title = here.stem
    return notebook


def write_page(notebook, path: Path, folder: Path = BUILD) -> Path:
    """Write one lesson, with the outputs it holds, as `folder`/NN_slug.html."""
    folder.mkdir(parents=True, exist_ok=True)
    exporter = HTMLExporter(
        template_name="page", extra_template_basedirs=[str(TEMPLATES)], language_code="en"
    )
    css = (TEMPLATES / "page" / "page.css").read_text(encoding="utf-8")
    resources = {
        "metadata": {"name": path.stem},
        "course": {"mathjax": mathjax(), "css": css, "picture": picture, "folded_as": stamps.folded_as},
    }
    body, _ = exporter.from_notebook_node(prepared(notebook, path), resources)
    target = folder / f"{path.stem}.html"
    target.write_text(body, encoding="utf-8")
    return target


def write_index(runs: list, folder: Path = BUILD) -> Path:
    """Write build/index.html: every page of this run, with what its lesson claimed."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(
        f'<tr><td><a href="{run.path.stem}.html">{html.escape(run.path.stem)}</a></td><td>{run.seconds:.0f} s</td>'
        f"<td>{run.count('kept')} kept, {run.count('missed')} missed, {run.count('not measured')} not measured</td>"
        f"<td>{html.escape(f'failed at {run.cell}: {run.error}' if run.error else run.data)}</td></tr>"
        for run in runs
    )
    style = "body{font:17px/1.6 sans-serif;max-width:960px;margin:40px auto;padding:0 16px}td{padding:4px 16px 4px 0}"
    target = folder / "index.html"
    target.write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>From a Line to a Box</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>\n'
        f"<body><h1>From a Line to a Box</h1>\n<table>\n{rows}\n</table></body></html>\n",
        encoding="utf-8",
    )
    return target
