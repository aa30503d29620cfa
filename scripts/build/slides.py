"""`make slides`: a deck per lesson from its stored outputs, in build/slides/NN_slug.html, one file each, no network needed."""

import re
import sys
from pathlib import Path

from nbconvert import SlidesExporter

from scripts.build import lessons, pages

FOLDER = pages.BUILD / "slides"


def write_deck(notebook, path: Path, folder: Path = FOLDER) -> Path:
    """Write one lesson as a deck of 16:9 slides, split by the cells' slide types."""
    folder.mkdir(parents=True, exist_ok=True)
    reveal = [
        pages.packaged("sphinx-revealjs", f"revealjs/dist/{name}.css")
        for name in ("reset", "reveal", "theme/white")
    ]
    css = (pages.TEMPLATES / "deck" / "deck.css").read_text(encoding="utf-8")
    exporter = SlidesExporter(
        template_name="deck", extra_template_basedirs=[str(pages.TEMPLATES)], language_code="en"
    )
    resources = {
        "metadata": {"name": path.stem},
        "course": {
            "mathjax": pages.mathjax(),
            "css": css,
            "picture": pages.picture,
            "reveal_css": re.sub(
                r"@import[^;]+;", "", "\n".join(reveal)
            ),  # the theme's fonts: other files, not needed
            "reveal_js": pages.packaged("sphinx-revealjs", "revealjs/dist/reveal.js").replace(
                "</script", "<\\/script"
            ),
        },
    }
    body, _ = exporter.from_notebook_node(pages.prepared(notebook, path), resources)
    target = folder / f"{path.stem}.html"
    target.write_text(body, encoding="utf-8")
    return target


def main(*numbers: str) -> int:
    """Write the decks of the lessons named, or of all. Returns an exit status."""
    for path in lessons.chosen(list(numbers)):
        print(write_deck(lessons.read(path), path).relative_to(lessons.ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
