"""Decks: every slide fits a 16:9 screen, its code is large enough, and nothing is asked of the network."""

import html
import json
import re

import nbformat
import pytest

from scripts.tools import lessons, slides, stamps
from tests.browser import needs_browser, opened

LESSONS = lessons.all_lessons()
SMALLEST_CODE = 18  # pixels on a slide 1280 pixels wide
MOST_SHRUNK = 0.8

# visits every slide and measures, in shares of the slide, where its contents end
PROBE = """<script>
const wait = setInterval(() => {
  if (document.body.dataset.ready !== "yes") return;
  clearInterval(wait);
  const found = [];
  document.querySelectorAll(".slides section:not(:has(section))").forEach((section) => {
    const place = Reveal.getIndices(section);
    Reveal.slide(place.h, place.v);
    const slide = document.querySelector(".slides").getBoundingClientRect();
    let right = 0, bottom = 0, clipped = 0, code = 99;
    section.querySelectorAll("p, li, td, th, h1, h2, pre, img, mjx-container").forEach((part) => {
      const box = part.getBoundingClientRect();
      right = Math.max(right, (box.right - slide.left) / slide.width);
      bottom = Math.max(bottom, (box.bottom - slide.top) / slide.height);
      if (part.tagName !== "PRE") return;
      clipped = Math.max(clipped, part.scrollWidth - part.clientWidth);
      code = Math.min(code, parseFloat(getComputedStyle(part).fontSize) * box.width / part.offsetWidth * 1280 / slide.width);
    });
    found.push({place: `${place.h}/${place.v}`, right, bottom, clipped, code, shrunk: Number(section.dataset.shrunk)});
  });
  const out = document.createElement("pre");
  out.id = "geometry";
  out.textContent = JSON.stringify(found);
  document.body.append(out);
}, 50);
</script>"""


def geometry(notebook, path, folder) -> tuple[list[dict], set[str]]:
    """The measures of every slide of a lesson's deck, and what the deck asked the network for."""
    deck = slides.write_deck(notebook, path, folder)
    deck.write_text(deck.read_text(encoding="utf-8").replace("</html>", PROBE + "</html>"), encoding="utf-8")
    dom, asked = opened(deck, folder)
    found = re.search(r'<pre id="geometry">(.*?)</pre>', dom, re.S)
    assert found, "the deck did not open"
    return json.loads(html.unescape(found.group(1))), asked


def faults(rows: list[dict]) -> list[dict]:
    """The slides that overflow, cut a line off, are shrunk too far or show code too small.

    Up to four pixels, a third of a letter, are left to the fonts of the machine.
    """
    return [
        row
        for row in rows
        if row["right"] > 1
        or row["bottom"] > 1
        or row["clipped"] > 4
        or row["shrunk"] < MOST_SHRUNK
        or row["code"] < SMALLEST_CODE
    ]


# the first deck stands for all in `make test`
DECKS = [LESSONS[0], *(pytest.param(path, marks=pytest.mark.long) for path in LESSONS[1:])]


@needs_browser
@pytest.mark.parametrize("path", DECKS, ids=[path.stem for path in LESSONS])
def test_nothing_overflows_a_slide_and_code_is_readable(path, tmp_path):
    rows, asked = geometry(lessons.read(path), path, tmp_path)
    assert len(rows) > 15 and faults(rows) == [] and asked == set()


@needs_browser
def test_a_deck_that_overflows_is_found_out(tmp_path):
    nb = nbformat.v4.new_notebook(metadata={"course": {"title": "too much"}})
    long_line, many_lines = (
        "x = " + "1 + " * 60 + "1",
        "A sentence of a paragraph that cannot be parted. " * 60,
    )
    for id, cell in (
        ("wide", nbformat.v4.new_code_cell(long_line)),
        ("tall", nbformat.v4.new_markdown_cell(many_lines)),
    ):
        cell.id, cell.metadata.slideshow = id, {"slide_type": "slide"}
        nb.cells.append(cell)
    rows, _ = geometry(nb, LESSONS[0], tmp_path)
    assert len(faults(rows)) == len(rows) == 2


def test_cells_are_packed_in_order_and_only_folded_code_is_left_out():
    for path in LESSONS:
        notebook = lessons.read(path)
        deck = slides.packed(notebook)
        kept = [re.sub(r"(-output)?(_\d+)?$", "", cell.id) for cell in deck.cells]
        skipped = {
            cell.id for cell in notebook.cells if cell.metadata.slideshow.slide_type in ("skip", "notes")
        }
        assert list(dict.fromkeys(kept)) == [cell.id for cell in notebook.cells if cell.id not in skipped]
        assert {"setup", "imports"} <= skipped
        shown = {cell.id for cell in deck.cells if cell.cell_type == "code" and not slides.hidden(cell)}
        folded = {cell.id for cell in notebook.cells if stamps.folded_as(cell)}
        code = {cell.id for cell in notebook.cells if cell.cell_type == "code"}
        assert code - shown - skipped == folded - skipped
        words = {cell.id: cell.source.split() for cell in notebook.cells if cell.cell_type == "markdown"}
        for id in words.keys() - skipped:
            blocks = [cell for cell in deck.cells if re.sub(r"_\d+$", "", cell.id) == id]
            assert [word for block in blocks for word in block.source.split()] == words[id]
        outputs = sum(len(cell.outputs) for cell in deck.cells if cell.cell_type == "code")
        assert outputs == sum(
            len(cell.get("outputs", [])) for cell in notebook.cells if cell.id not in skipped
        )
