"""`make site`: the course's site in build/site, from the stored lessons; `make course` builds it from the lessons that it ran.

Sphinx, myst-nb and the theme do the work, set by site/conf.py; site_pages.py writes what they read, site_check.py reads what came
out. Here are the order of the work and what it took.
Environment: SITE_ADDRESS, where the site will lie, such as https://owner.github.io/name/ (for sitemap and social picture).
"""

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from scripts.tools import lessons, pages, site_check, site_pages, slides
from scripts.tools.lessons import ROOT
from scripts.tools.site_pages import Lesson

SITE = pages.BUILD / "site"
SETTINGS = ROOT / "site"
# pages of the repository that the site shows as they are
DOCUMENTS = (
    "docs/glossary.md",
    "docs/lecturers.md",
    "docs/editions.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "ERRATA.md",
)
DOCUMENTS += ("data/README.md", "weights/README.md")
DECKS_MATHJAX = "../_static/mathjax/tex-svg-full.js"  # of the pages: once for all decks


def stored(paths: Iterable[Path] | None = None) -> list[Lesson]:
    """The lessons as they are stored, or those of these notebooks; one that cannot be read has a page that says so."""
    course = []
    for path in paths or lessons.all_lessons():
        try:
            course.append(Lesson(path, lessons.read(path)))
        except Exception as problem:  # a broken file has many ways to be broken
            course.append(site_pages.unreadable(path, f"the file is no notebook: {type(problem).__name__}"))
    return course


def of_runs(runs: Iterable) -> list[Lesson]:
    """All lessons, those of these runs (`scripts.tools.execute.Run`) as they ran, the others as they are stored."""
    ran = {run.path: run for run in runs}
    return [_ran(ran[lesson.path]) if lesson.path in ran else lesson for lesson in stored()]


def _ran(run) -> Lesson:
    """A run as a lesson of the site, with what went wrong in it."""
    missed = [claim["id"] for claim in run.claims if claim["status"] == "missed"]
    why = (
        f"cell {run.cell}: {run.error}"
        if run.error
        else f"missed the claims {', '.join(missed)}"
        if missed
        else None
    )
    if "course" not in run.notebook.metadata:
        return site_pages.unreadable(run.path, why or "it has no metadata")
    return Lesson(run.path, run.notebook, why)


def write_sources(course: list[Lesson], folder: Path, decks: bool) -> None:
    """Write what Sphinx reads: the repository's layout, so that links between its files work, with lessons made fit for it."""
    shutil.copytree(SETTINGS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("notebooks", "_notebooks", "docs", "data", "weights", "_static/mathjax"):
        (folder / name).mkdir(exist_ok=True)
    for lesson in course:
        lessons.write(site_pages.prepared(lesson, decks), folder / "notebooks" / lesson.path.name)
        lessons.write(site_pages.published(lesson.notebook), folder / "_notebooks" / lesson.path.name)
    for name in (*DOCUMENTS, "README.md"):
        text = site_pages.told_map((ROOT / name).read_text(encoding="utf-8"))
        here = "../" * name.count("/")
        (folder / name).write_text(site_pages.README.sub(f"]({here}index.md)", text), encoding="utf-8")
    shutil.copy(ROOT / "docs" / "course.png", folder / "docs")
    for name, change in (
        ("index.md", lambda text: site_pages.front(text, course, folder)),
        ("licences.md", lambda text: with_notice(text)),
    ):
        (folder / name).write_text(change((folder / name).read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "docs" / "results.md").write_text(site_pages.results(course), encoding="utf-8")
    bench = pages.BUILD / "bench.json"
    rows = json.loads(bench.read_text(encoding="utf-8")) if bench.exists() else None
    (folder / "benches.md").write_text(site_pages.benches(rows), encoding="utf-8")
    script = pages.packaged("sphinx-mathjax-offline", "mathjax/tex-svg-full.js")
    (folder / "_static" / "mathjax" / "tex-svg-full.js").write_text(script, encoding="utf-8")


def with_notice(text: str) -> str:
    """The page of licences with NOTICE in it."""
    head, _, _ = text.partition("<!-- notice")
    return head + site_pages.notice((ROOT / "NOTICE").read_text(encoding="utf-8")) + "\n"


def build(course: list[Lesson], target: Path | None = None, decks: bool = True) -> list[str]:
    """Build the site of these lessons into `target`, in place of what was there. Returns Sphinx's warnings.

    Args:
        course: the lessons, in order, with the outputs that the pages are to show; target: None means build/site; decks: whether
            to write their decks too.
    """
    target = target or SITE
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    with tempfile.TemporaryDirectory(prefix="site-") as made:
        source, out, warnings = Path(made, "source"), Path(made, "out"), io.StringIO()
        write_sources(course, source, decks)
        with patch_docutils(source), docutils_namespace():
            app = Sphinx(source, source, out, Path(made, "trees"), "html", status=None, warning=warnings)
            app.build()
        if app.statuscode:
            raise RuntimeError(f"Sphinx could not build the site:\n{warnings.getvalue()}")
        # what Sphinx notes for itself, and templates that the theme leaves among its files
        for file in (out / ".buildinfo", out / "objects.inv", *(out / "_static").glob("*macros.html")):
            file.unlink(missing_ok=True)
        shutil.copy(ROOT / "docs" / "course.png", out)
        address = app.config.html_baseurl
        if address:
            (out / "sitemap.xml").write_text(sitemap(address, out), encoding="utf-8")
        if decks:
            for lesson in course:
                slides.write_deck(
                    site_pages.published(lesson.notebook), lesson.path, out / "slides", DECKS_MATHJAX
                )
        put(out, target)
    return [line for line in warnings.getvalue().splitlines() if line.strip()]


def put(made: Path, target: Path) -> None:
    """Put a finished folder in the place of `target`, which is the older one or the new one, whole, at any time but one instant."""
    # the folder for temporary files may lie on another disk: what takes long goes beside the target first
    new, old = (target.with_name(f".{target.name}-{word}") for word in ("new", "old"))
    new.parent.mkdir(parents=True, exist_ok=True)
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def sitemap(address: str, folder: Path) -> str:
    """A sitemap of the pages in a folder."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    entries = "\n".join(
        f"<url><loc>{address}{name}</loc></url>" for name in names if name not in ("404.html", "search.html")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}\n</urlset>\n"
    )


def report(site: Path, seconds: float) -> str:
    """What a site took, in lines."""
    parts = {path.name: site_check.megabytes(path) for path in site.iterdir() if path.is_dir()}
    largest = ", ".join(
        f"{name} {size:.1f}" for name, size in sorted(parts.items(), key=lambda part: -part[1])[:5]
    )
    beside = [(name, site_check.megabytes(site / name), limit) for name, limit in site_check.BESIDE.items()]
    told = ", ".join(f"{name} {size:.1f} (at most {limit})" for name, size, limit in beside if size)
    shown = site.relative_to(ROOT) if site.is_relative_to(ROOT) else site
    return (
        f"{seconds:.0f} s; {site_check.pages_megabytes(site):.1f} MB of pages (at most {site_check.MEGABYTES})"
        f"{'; beside them, in MB: ' + told if told else ''}; the largest folders: {largest}\n"
        f"Open {shown / 'index.html'} in a browser."
    )


def main(*arguments: str) -> int:
    """Build the site of the stored lessons, or of the notebooks in a folder. Returns 1 when something is wrong with it."""
    reads = argparse.ArgumentParser(
        prog="make site", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    reads.add_argument(
        "--from",
        dest="folder",
        type=Path,
        metavar="FOLDER",
        help="of notebooks to show in place of the stored ones",
    )
    reads.add_argument("--without-decks", action="store_true", help="leave the decks away")
    asked = reads.parse_args(arguments)
    began = time.monotonic()
    paths = (
        sorted(path for path in asked.folder.glob("*.ipynb") if lessons.NAME.fullmatch(path.name))
        if asked.folder
        else None
    )
    course = stored(paths)
    found = build(course, decks=not asked.without_decks) + site_check.problems(SITE, course)
    print("\n".join([*found, report(SITE, time.monotonic() - began)]))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
