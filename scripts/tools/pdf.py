"""`make pdf`: each lesson as a PDF, printed from its page on the site in build/site, into build/site/pdf, and named on its page.

A printed lesson shows what its page shows, with every answer open; the code of folded plumbing is left out, and an animation stands
there as a strip of its frames (site/_static/site.css, "print"). Chromium prints, as in the tests, without asking the network. Where
no site is built yet, that of the stored lessons is built first.
"""

import io
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pikepdf
from tqdm import tqdm

from scripts.tools import lessons, pages, site, site_check

MEGABYTES = 3  # a lesson, at most
# where a lesson's page names its PDF; site_pages.py leaves it empty
PLACE = re.compile(r'<span class="pdf">.*?</span>')
PREPARE = """async () => {
  document.documentElement.dataset.theme = "light";
  document.querySelectorAll("details.hide .cell_input").forEach((code) => code.remove());
  document.querySelectorAll("details").forEach((fold) => {
    if (fold.matches(".hide") && !fold.querySelector(".cell_output")) fold.remove();
    else fold.open = true;
  });
  const pictures = [...document.querySelectorAll("article img")];
  pictures.forEach((picture) => { picture.loading = "eager"; });
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => null)));
  await window.MathJax?.startup?.promise;
  // paper does not scroll: a formula wider than the page is drawn smaller
  document.querySelectorAll("mjx-container[display]").forEach((formula) => {
    const room = formula.clientWidth / formula.scrollWidth;
    if (room < 1) formula.style.fontSize = `${Math.floor(97 * room)}%`;
  });
  return pictures.filter((picture) => !picture.naturalWidth).map((picture) => picture.src);
}"""
FOOTER = """<div style="font-size: 8px; width: 100%; padding: 0 15mm; display: flex; justify-content: space-between;">
<span class="title"></span><span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>"""


class CannotPrint(Exception):
    """Why there is no PDF, in one line."""


def prepare(page, path: Path) -> None:
    """Open a page of the site in a Playwright page as it is to be printed. Raises CannotPrint where a figure cannot be read."""
    # as wide as what A4 leaves between the margins, so that what is measured is what is printed
    page.set_viewport_size({"width": 680, "height": 960})
    page.goto(path.as_uri())
    page.emulate_media(media="print", color_scheme="light", reduced_motion="reduce")
    if unread := page.evaluate(PREPARE):
        raise CannotPrint(f"{path.name}: {len(unread)} figures cannot be read, the first {unread[0]}")


def printed(pages_of: Iterable[Path], folder: Path) -> list[Path]:
    """Print pages of the site, one PDF each, into a folder. Returns the files.

    Raises:
        CannotPrint: there is no browser, or a page's figure cannot be read.
    """
    from playwright.sync_api import sync_playwright

    program = pages.browser()
    if program is None:
        raise CannotPrint(
            "Chromium prints the lessons, and is not here: install chromium, then run make pdf again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=program, args=pages.OFFLINE)
        context = chromium.new_context(color_scheme="light", reduced_motion="reduce")
        for path in tqdm(list(pages_of), unit="lesson", ncols=79, file=sys.stdout, disable=None):
            page = context.new_page()
            prepare(page, path)
            target = folder / f"{path.stem}.pdf"
            page.pdf(
                path=target,
                format="A4",
                margin={"top": "15mm", "bottom": "18mm", "left": "15mm", "right": "15mm"},
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER,
                tagged=True,
                outline=True,
            )
            page.close()
            shrink(target)
            made.append(target)
        chromium.close()
    return made


def shrink(path: Path) -> None:
    """Write a PDF again, smaller: its structure packed, a drawing with its palette, a photograph as JPEG where that halves its bytes.

    Chromium writes every PNG as three bytes a pixel.
    """
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        for thing in document.objects:
            if (
                isinstance(thing, pikepdf.Stream)
                and thing.get("/Subtype") == "/Image"
                and thing.get("/Filter") == "/FlateDecode"
            ):
                pack(thing, document)
        document.remove_unreferenced_resources()
        document.save(
            path,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=True,
            compress_streams=True,
        )


def pack(image: pikepdf.Stream, document: pikepdf.Pdf) -> None:
    """Keep one picture of a PDF in fewer bytes, where it is in colour: exactly by a palette, or else as JPEG where that halves them."""
    picture = pikepdf.PdfImage(image).as_pil_image()
    if picture.mode != "RGB":
        return
    # each pixel as one number, as its three bytes are read
    pixels = np.asarray(picture).reshape(-1, 3) @ [256 * 256, 256, 1]
    colours, places = np.unique(pixels, return_inverse=True)
    if len(colours) <= 256:
        image.write(places.astype(np.uint8).tobytes())
        table = b"".join(int(colour).to_bytes(3) for colour in colours)
        image.ColorSpace = pikepdf.Array(
            [pikepdf.Name.Indexed, pikepdf.Name.DeviceRGB, len(colours) - 1, pikepdf.String(table)]
        )
        return
    file = io.BytesIO()
    picture.save(file, format="jpeg", quality=90, subsampling=0)
    if 2 * len(file.getvalue()) < len(image.read_raw_bytes()):
        image.write(file.getvalue(), filter=pikepdf.Name.DCTDecode)


def name_on_page(page: Path, made: Path) -> None:
    """Name a PDF on the page that it was printed from. Raises ValueError where the page has no place for it."""
    link = f'<span class="pdf"> · <a href="../pdf/{made.name}">PDF</a></span>'
    text, count = PLACE.subn(lambda match: link, page.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{page.name} has {count} places for the link to its PDF instead of one")
    page.write_text(text, encoding="utf-8")


def main(*arguments: str) -> int:
    """Print the lessons named, or all. Returns 1 when one cannot be printed or is too large."""
    numbers = lessons.parser("make pdf", __doc__).parse_args(arguments).lessons
    chosen = lessons.chosen(numbers)
    if not (site.SITE / "index.html").exists():
        print("No site is built yet: building that of the stored lessons.")
        if site.main():
            return 1
    sources = [site.SITE / "notebooks" / f"{path.stem}.html" for path in chosen]
    try:
        made = printed(sources, site.SITE / "pdf")
    except CannotPrint as problem:
        print(problem, file=sys.stderr)
        return 1
    found = []
    for page, file in zip(sources, made, strict=True):
        name_on_page(page, file)
        size = file.stat().st_size / 1e6
        print(f"{file.relative_to(lessons.ROOT)}: {size:.2f} MB")
        if size > MEGABYTES:
            found.append(f"{file.name}: {size:.2f} MB, more than {MEGABYTES}")
    total, limit = site_check.megabytes(site.SITE / "pdf"), site_check.BESIDE["pdf"]
    print(
        "\n".join(
            [*found, f"{len(made)} lessons printed; build/site/pdf holds {total:.1f} MB (at most {limit})"]
        )
    )
    return 1 if found or total > limit else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
