"""What is wrong with a built site: pages, figures or alt texts that are missing, links that lead nowhere, folders that are too large.

Reads files only; what a browser makes of them is tested in tests/test_site.py.
"""

import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.tools import site_pages
from scripts.tools.site_pages import Lesson

MEGABYTES = 100  # what the pages may take
BESIDE = {"slides": 70, "pdf": 70}  # folders of their own beside them, and what each may take


def page_of(lesson: Lesson, site: Path) -> Path:
    """Where a lesson's page lies."""
    return site / "notebooks" / f"{lesson.path.stem}.html"


class Parts(HTMLParser):
    """What the check looks at in a page: its ids, its links to pages and files, and the attributes of its images."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.images = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        about = dict(attributes)
        self.ids.add(about.get("id"))
        if tag in ("a", "img", "link", "script") and (link := about.get("href") or about.get("src")):
            self.links.append(link)
        if tag == "img":
            self.images.append(about)

    def figures(self) -> list[str]:
        """The alt texts of a lesson's figures, in order; an animation's strip of frames is the same figure."""
        named = [(image.get("class", "").split(), image.get("alt", "")) for image in self.images]
        return [alt for names, alt in named if "figure" in names and "strip" not in names]


def problems(site: Path, course: list[Lesson]) -> list[str]:
    """What is wrong with the site in a folder that shows these lessons, a line each."""
    read = {
        path: Parts(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] not in BESIDE
    }
    found = []
    for lesson in course:
        page = page_of(lesson, site)
        stored = [about.get("alt", "") for about in site_pages.figures(site_pages.published(lesson.notebook))]
        if page not in read:
            found.append(f"{page.relative_to(site)} is missing")
        elif (shown := read[page].figures()) != stored:
            found.append(f"{lesson.path.stem}: {_difference(shown, stored)}")
    for path, parts in read.items():
        name = path.relative_to(site).as_posix()
        found += [
            f"{name}: {image.get('src')} has no alt text" for image in parts.images if not image.get("alt")
        ]
        broken = {link: _broken(link, path, site, read) for link in dict.fromkeys(parts.links)}
        found += [f"{name}: {link} {why}" for link, why in broken.items() if why]
    sizes = [("the pages", pages_megabytes(site), MEGABYTES)]
    sizes += [
        (name, megabytes(site / name), limit) for name, limit in BESIDE.items() if (site / name).exists()
    ]
    return found + [
        f"{what}: {size:.1f} MB, more than {limit}" for what, size, limit in sizes if size > limit
    ]


def _difference(shown: list[str], stored: list[str]) -> str:
    """The first of a page's alt texts that is not the stored one."""
    if len(shown) != len(stored):
        return f"{len(shown)} figures on the page, {len(stored)} in the lesson"
    pair = next(pair for pair in zip(shown, stored, strict=True) if pair[0] != pair[1])
    return f"alt text {pair[0]!r} on the page, {pair[1]!r} in the lesson"


def _broken(link: str, page: Path, site: Path, read: dict[Path, Parts]) -> str | None:
    """Why a link of a page leads nowhere, None where it does; what leaves the site is not judged."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = Path(os.path.normpath(page.parent / unquote(parts.path))) if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site) or not target.exists():
        return "leads nowhere"
    if parts.fragment and target in read and unquote(parts.fragment) not in read[target].ids:
        return "leads to no place on that page"
    return None


def megabytes(folder: Path, *without: str) -> float:
    """What the files of a folder take, those below the folders `without` aside."""
    files = (
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in without
    )
    return sum(path.stat().st_size for path in files) / 1e6


def pages_megabytes(site: Path) -> float:
    """What a site takes without the folders beside its pages."""
    return megabytes(site, *BESIDE)
