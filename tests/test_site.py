"""The site: what its pages are made of, and the built site in a browser without a network, from files and from a server.

One site is built for all tests: every lesson as it is stored, but the first one, which comes from a made-up run that failed and that
has an animation, a photograph and a picture that may not be published.
"""

import base64
import contextlib
import io
import re
import shutil
import threading
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from xml.etree import ElementTree

import nbformat
import numpy as np
import pikepdf
import pytest
from bs4 import BeautifulSoup
from filelock import FileLock
from PIL import Image

from scripts.tools import anatomy, lessons, links, pages, pdf, predicts, site, site_check, site_pages, slides
from scripts.tools.execute import Run
from tests.browser import BROWSER, needs_browser
from tests.support import Server

WIDTHS = (390, 768, 1280)  # pixels of a telephone, a tablet, a laptop
COLOURS = {"red": (200, 0, 0), "green": (0, 160, 0), "blue": (0, 0, 200)}
MOVES, PHOTOGRAPH, SECRET = (
    "A square turns from red to blue.",
    'A "grey" wall, $5 [wide] & <high>.',
    "Nobody may see this.",
)


MOVING, FRAMES = (f'img.{kind}[alt="{MOVES}"]' for kind in ("animation", "strip"))


def text(id: str, source: str):
    return nbformat.v4.new_markdown_cell(source, id=id)


def code(id: str, *outputs, source: str = "x = 1", tags: tuple[str, ...] = ()):
    cell = nbformat.v4.new_code_cell(source, id=id, outputs=list(outputs))
    cell.metadata.tags = list(tags)
    return cell


def printed(words: str):
    return nbformat.v4.new_output("stream", name="stdout", text=words)


def shown(kind: str, alt: str, colours: tuple[str, ...], **more):
    """An output that shows a picture of one colour, or an animation of several."""
    frames, file = (
        [Image.new("RGB", (300, 150), COLOURS.get(name, (128, 128, 128))) for name in colours],
        io.BytesIO(),
    )
    animation = (
        {"save_all": True, "append_images": frames[1:], "duration": 400, "loop": 1} if frames[1:] else {}
    )
    frames[0].save(file, format=kind.removeprefix("image/"), **animation)
    data = {kind: base64.b64encode(file.getvalue()).decode("ascii"), "text/plain": "[figure]"}
    return nbformat.v4.new_output(
        "display_data", data=data, metadata={kind: {"alt": alt, "width": 300, **more}}
    )


def own_lesson(cells, path=None):
    """A lesson with these cells after the title cell of a stored one."""
    path = path or lessons.all_lessons()[0]
    notebook = lessons.read(path)
    notebook.cells = [notebook.cells[0], *cells]
    return site_pages.Lesson(path, notebook)


def own_run() -> Run:
    """A run of the first lesson that stopped at its last cell."""
    path = lessons.all_lessons()[0]
    notebook = lessons.read(path)
    notebook.cells[1:1] = [
        code("moving-plot", shown("image/png", MOVES, tuple(COLOURS), frames=3)),
        code("photograph-plot", shown("image/jpeg", PHOTOGRAPH, ("grey",))),
        code("secret-plot", shown("image/png", SECRET, ("red",)), tags=(anatomy.UNPUBLISHED,)),
    ]
    return Run(path, notebook, cell="knobs", error="ValueError: a *made-up* mistake")


def test_answers_are_the_outputs_between_a_question_and_its_notice_within_six_cells():
    cells = [
        code("before-run", printed("1")),
        text("one-text", "## One\n\n**Predict.** What comes?"),
        code("one-build"),
        code("one-run", printed("2")),
        code("exercise-1", printed("not tried yet")),
        code("one-plot", printed("3")),
        text("one-notice", "**Notice.** 2."),
        code("after-run", printed("4")),
        text("two-text", "**Predict.** And now?"),
        *[code(f"two-{i}", printed("5")) for i in range(8)],
    ]
    assert predicts.answers(cells) == {
        "one-run": "one-text",
        "one-plot": "one-text",
        **{f"two-{i}": "two-text" for i in range(6)},
    }
    assert predicts.unanswered(cells) == ["two-text"]
    cells[9 + predicts.REACH] = text("two-notice", "**Notice.** 5, six times.")
    assert predicts.unanswered(cells) == []
    cells[9 + predicts.REACH : 9 + predicts.REACH] = [code("two-more", printed("6"))]
    assert predicts.unanswered(cells) == ["two-text"]


def test_plumbing_and_answers_are_folded_and_exercises_are_open():
    cells = [
        code("setup", printed("here"), tags=("course-env",)),
        text("one-text", "**Predict.** What?"),
        code("one-plot", printed("3")),
        text("one-notice", "**Notice.** 3."),
        code("two-run", printed("4")),
        code("claims", printed("kept")),
        code("exercise-3", printed("not tried yet")),
    ]
    made = site_pages.prepared(own_lesson(cells), deck=False)
    tags = {cell.id: cell.metadata.tags for cell in made.cells if cell.cell_type == "code"}
    assert tags == {
        "setup": ["hide-input"],
        "one-plot": ["hide-input", "hide-output"],
        "two-run": [],
        "claims": ["hide-cell"],
        "exercise-3": [],
    }


def test_a_lesson_on_the_site_leads_to_its_deck_its_file_and_colab_and_no_badge_is_fetched():
    lesson = own_lesson([])
    name = lesson.path.stem
    with_deck, without = (site_pages.prepared(lesson, deck).cells[0].source for deck in (True, False))
    assert f'href="../slides/{name}.html"' in with_deck and "slides/" not in without
    for source in (with_deck, without):
        assert f"../_notebooks/{name}.ipynb" in source and "colab-badge" not in source
        assert f"/notebooks/{name}.ipynb)" in source and "[Open in Colab](" in source
    assert "colab-badge" in lesson.notebook.cells[0].source, "the lesson itself was changed"


def test_what_may_not_be_published_is_on_no_page_and_in_no_file_of_the_site():
    run = own_run()
    before = nbformat.writes(run.notebook)
    shown_on_site = nbformat.writes(site_pages.published(run.notebook))
    secret = next(cell for cell in run.notebook.cells if cell.id == "secret-plot").outputs[0]["data"][
        "image/png"
    ]
    assert secret.strip() in before and secret.strip() not in shown_on_site
    assert nbformat.writes(run.notebook) == before, "the run itself was changed"


def test_a_run_takes_the_place_of_the_stored_lesson_and_says_what_went_wrong():
    paths = lessons.all_lessons()
    missed = Run(paths[2], lessons.read(paths[2]), claims=[{"id": "02.made-up", "status": "missed"}])
    broken = Run(paths[3], nbformat.v4.new_notebook(), cell="none", error="the file is no notebook")
    course = site.of_runs([own_run(), missed, broken])
    assert [lesson.path for lesson in course] == paths
    told = [lesson.problem for lesson in course]
    assert told[0] == "cell knobs: ValueError: a *made-up* mistake"
    assert told[2] == "missed the claims 02.made-up"
    assert told[3] == "cell none: the file is no notebook"
    assert told[1] is None and told[4:] == [None] * (len(paths) - 4)
    assert course[3].notebook.cells[0].source == "# 03 · softmax classification"


def test_the_front_page_shows_each_lesson_with_a_figure_of_its_own_and_says_which_failed(tmp_path):
    course = site.of_runs([own_run()])[:3]
    page = site_pages.front("<!-- run: -->\n<!-- lessons: -->", course, tmp_path)
    for lesson in course:
        about = lesson.notebook.metadata.course
        assert f"](notebooks/{lesson.path.name})" in page and f"{about.minutes} min" in page
        if small := site_pages.thumbnail(lesson):
            assert small[1] in [figure["alt"] for figure in site_pages.figures(lesson.notebook)]
            assert Image.open(tmp_path / "_thumbs" / f"{about.id}.png").width <= 480
    assert (
        page.count("This lesson failed") == 1
        and "In this run failed" in page
        and r"a \*made-up\* mistake" in page
    )
    without = site_pages.front("<!-- run: -->\n<!-- lessons: -->", course[1:], tmp_path)
    assert "This lesson failed" not in without and "In this run failed" not in without


def test_an_animation_stands_on_the_front_page_as_its_last_frame():
    small, alt = site_pages.thumbnail(
        own_lesson([code("opening-plot", shown("image/png", MOVES, tuple(COLOURS)))])
    )
    assert Image.open(io.BytesIO(small)).convert("RGB").getpixel((5, 5)) == COLOURS["blue"] and alt == MOVES


def test_the_page_of_benches_shows_the_rows_of_the_last_bench_or_says_that_there_is_none():
    row = {
        "listing": "a_b",
        "deck_s": 2.0,
        "ours_s": 0.5,
        "ratio": 4.0,
        "deck_result": None,
        "ours_result": 0.98765,
    }
    assert "| a\\_b | 2 | 0.5 | 4 |  | 0.9877 |" in site_pages.benches([row])
    assert "has not run" in site_pages.benches(None)


def test_the_map_of_lessons_is_told_where_it_cannot_be_drawn():
    page = "before\n\n```mermaid\ngraph LR\n    01 --> 03\n    00 --> 01\n    02 --> 03\n```\n\nafter\n"
    assert site_pages.told_map(page) == "before\n\n- 01 builds on 00\n- 03 builds on 01, 02\n\nafter\n"


def test_a_sitemap_names_every_page_but_the_search_and_the_one_for_missing_pages(tmp_path):
    for name in ("index.html", "404.html", "search.html", "notebooks/01_a.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = ElementTree.fromstring(site.sitemap("https://example.org/a/", tmp_path)).findall("{*}url/{*}loc")
    assert [tag.text for tag in found] == [
        "https://example.org/a/index.html",
        "https://example.org/a/notebooks/01_a.html",
    ]


@pytest.fixture(scope="session")
def built(tmp_path_factory, request):
    """The site, its lessons and Sphinx's warnings; built once, also where several processes share the tests."""
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent
    folder, log, course = shared / "site", shared / "site.log", site.of_runs([own_run()])
    with FileLock(shared / "site.lock"):
        if not log.exists():
            log.write_text("\n".join(site.build(course, folder, decks=False)), encoding="utf-8")
    return SimpleNamespace(folder=folder, course=course, warnings=log.read_text(encoding="utf-8"))


@cache
def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "lxml")


def soup_of(built, lesson) -> BeautifulSoup:
    return soup(site_check.page_of(lesson, built.folder))


@pytest.mark.long
def test_the_site_is_built_without_a_warning_whole_and_small(built):
    assert built.warnings == "" and site_check.problems(built.folder, built.course) == []
    assert site_check.pages_megabytes(built.folder) < site_check.MEGABYTES


@pytest.mark.long
def test_the_alt_text_of_every_figure_is_the_stored_one(built):
    total = 0
    for lesson in built.course:
        stored = [
            output["metadata"][kind]["alt"]
            for cell in lesson.notebook.cells
            if cell.cell_type == "code" and anatomy.UNPUBLISHED not in lessons.tags(cell)
            for output in cell.outputs
            for kind in output.get("data", {})
            if kind.startswith("image/")
        ]
        images = soup_of(built, lesson).select(".cell_output img")
        assert [image["alt"] for image in images if "strip" not in image["class"]] == stored, lesson.path.stem
        total += len(stored)
    first = [image["alt"] for image in soup_of(built, built.course[0]).select(".cell_output img")]
    # the animation, its strip of frames, and the photograph
    assert first[:3] == [MOVES, MOVES, PHOTOGRAPH] and SECRET not in first and total > 100


@pytest.mark.long
def test_a_page_a_figure_and_an_alt_text_that_are_deleted_are_each_found(built, tmp_path):
    site_copy = tmp_path / "site"
    shutil.copytree(built.folder, site_copy)
    moving, without_page, without_figure = built.course[0], built.course[5], built.course[14]
    moving_page, gone, picture_page = (
        site_check.page_of(lesson, site_copy) for lesson in (moving, without_page, without_figure)
    )
    source = soup(site_check.page_of(without_figure, built.folder)).select("img.figure")[0]["src"]
    gone.unlink()
    (picture_page.parent / source).unlink()
    text = moving_page.read_text(encoding="utf-8")
    moving_page.write_text(text.replace(f'alt="{MOVES}"', 'alt=""'), encoding="utf-8")
    (site_copy / "licences.html").unlink()
    found = site_check.problems(site_copy, built.course)
    assert f"notebooks/{gone.name} is missing" in found
    assert f"notebooks/{picture_page.name}: {source} leads nowhere" in found
    assert f"{moving.path.stem}: alt text '' on the page, {MOVES!r} in the lesson" in found
    assert "index.html: licences.html leads nowhere" in found


@pytest.mark.long
def test_a_lesson_that_failed_is_marked_on_its_page_and_on_the_front_page(built):
    front = soup(built.folder / "index.html")
    assert (
        "a *made-up* mistake" in front.get_text()
        and front.get_text().count("This lesson failed in this run") == 1
    )
    assert "a *made-up* mistake" in soup_of(built, built.course[0]).get_text()
    assert "This run of the lesson failed" not in soup_of(built, built.course[1]).get_text()


@pytest.mark.long
def test_headings_come_in_order_and_code_formulas_and_names_stay_untranslated(built):
    marked = 0
    for page in built.folder.rglob("*.html"):
        article = soup(page).find("article")
        levels = (
            [int(tag.name[1]) for tag in article.find_all(["h1", "h2", "h3", "h4", "h5"])] if article else [1]
        )
        assert levels[0] == 1 and levels.count(1) == 1, page.name
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False)), page.name
        for tag in soup(page).select("article div.highlight, article code, article .math"):
            assert tag.find_parent(translate="no") or tag.get("translate") == "no", (page.name, str(tag)[:80])
            marked += 1
    names = {tag.text for tag in soup_of(built, built.course[0]).select('span[translate="no"]')}
    assert marked > 1000 and {"TensorFlow", "Keras"} <= names


@contextlib.contextmanager
def browser(**context):
    """A browser's context without a network; its pages note console errors and requests that leave in `page.faults`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=BROWSER, args=pages.OFFLINE)
        yield chromium.new_context(viewport={"width": 1280, "height": 900}, **context)
        chromium.close()


def opened(context, address: str):
    """A page that has loaded, its formulas drawn, and the list of its faults."""
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    near = ("file:", "data:", "blob:", "http://127.0.0.1:")
    page.on(
        "request",
        lambda request: None if request.url.startswith(near) else faults.append(f"left: {request.url}"),
    )
    page.goto(address)
    page.evaluate("window.MathJax?.startup?.promise")
    return page, faults


@contextlib.contextmanager
def served(folder):
    """The address of a server on this machine that serves a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def names(built) -> list[str]:
    return sorted(path.relative_to(built.folder).as_posix() for path in built.folder.rglob("*.html"))


@pytest.mark.long
@needs_browser
def test_every_page_opens_from_its_file_draws_its_formulas_and_is_no_wider_than_the_screen(built):
    drawn = 0
    with browser() as context:
        for name in names(built):
            page, faults = opened(context, (built.folder / name).as_uri())
            formulas = page.locator("article .math").count()
            assert page.locator("article .math > mjx-container").count() == formulas, name
            assert page.locator("[data-mjx-error], mjx-merror").count() == 0, name
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert faults == [], name
            drawn += formulas
            page.close()
    assert drawn > 300


@pytest.mark.long
@needs_browser
def test_a_page_of_each_kind_opens_from_a_server_and_asks_nothing_else(built):
    """As from its file, where every page is opened; a server gives other addresses to the same files."""
    lesson = f"notebooks/{built.course[14].path.stem}.html"
    with browser() as context, served(built.folder) as address:
        for name in ("index.html", lesson, "docs/results.html", "search.html", "404.html"):
            page, faults = opened(context, f"{address}/{name}")
            assert page.title() and faults == [], name
            page.close()


@pytest.mark.long
@needs_browser
@pytest.mark.parametrize(
    ("words", "lesson"), [("RoI pooling", "17"), ("vanishing gradient", "04"), ("Otsu", "14")]
)
def test_the_search_finds_terms_in_files_opened_directly(words, lesson, built):
    with browser() as context:
        page, faults = opened(
            context, f"{(built.folder / 'search.html').as_uri()}?q={words.replace(' ', '+')}"
        )
        page.wait_for_function("document.querySelector('#search-results li a') !== null")
        page.wait_for_function(
            "!document.querySelector('#search-results h2')?.textContent.includes('Searching')"
        )
        found = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.href)")
        assert any(f"/notebooks/{lesson}_" in link for link in found) and faults == []
        page.locator(
            f"#search-results li a[href*='/notebooks/{lesson}_'], #search-results li a[href*='notebooks/{lesson}_']"
        ).first.click()
        page.wait_for_url(f"**/notebooks/{lesson}_*")


@pytest.mark.long
@needs_browser
def test_folds_open_answers_open_together_and_a_figure_enlarges_with_mouse_and_keyboard(built):
    lesson = next(lesson for lesson in built.course if lesson.path.name.startswith("14"))
    with browser() as context:
        page, faults = opened(context, site_check.page_of(lesson, built.folder).as_uri())
        plumbing = page.locator("details.hide:not(.answer)").first
        assert plumbing.locator("summary").inner_text().strip() == "Setup"
        assert not plumbing.locator("pre").first.is_visible()
        plumbing.locator("summary").click()
        assert "course.start" in plumbing.locator("pre").first.inner_text()
        group = page.locator("details.answer.to-axes-text")
        assert group.count() == 2 and [fold.get_attribute("open") for fold in group.all()] == [None, None]
        group.first.locator("summary").press("Enter")
        page.wait_for_function("document.querySelectorAll('details.answer.to-axes-text[open]').length === 2")
        figure = group.locator("img.figure").first
        small = figure.bounding_box()["width"]
        figure.click()
        large = page.locator("dialog.enlarged img")
        assert large.bounding_box()["width"] > 1.5 * small and large.get_attribute(
            "alt"
        ) == figure.get_attribute("alt")
        page.keyboard.press("Escape")
        assert not large.is_visible()
        group.locator("button.enlarge").first.press("Enter")
        assert large.is_visible()
        page.locator("dialog.enlarged .close").click()
        assert not large.is_visible() and faults == []
        page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        small = figure.bounding_box()["width"]
        figure.click()
        assert large.bounding_box()["width"] > 1.5 * small


@pytest.mark.long
@needs_browser
def test_code_can_be_copied(built):
    with (
        browser(permissions=["clipboard-read", "clipboard-write"]) as context,
        served(built.folder) as address,
    ):
        page, _ = opened(context, f"{address}/notebooks/{built.course[14].path.stem}.html")
        cell = page.locator(".cell_input div.highlight").nth(1)
        cell.hover()
        cell.locator("button.copybtn").click()
        assert (
            page.evaluate("navigator.clipboard.readText()").strip()
            == cell.locator("pre").inner_text().strip()
        )


def colour(page, selector: str) -> str:
    """Which colour a figure shows in its middle."""
    picture = Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB")
    middle = picture.getpixel((picture.width // 2, picture.height // 2))
    return min(COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(COLOURS[name], middle, strict=True)))


@pytest.mark.long
@needs_browser
def test_an_animation_ends_on_its_last_frame_and_plays_again_on_demand(built):
    with browser() as context:
        page, faults = opened(context, site_check.page_of(built.course[0], built.folder).as_uri())
        page.locator(MOVING).scroll_into_view_if_needed()
        page.wait_for_timeout(2500)
        assert colour(page, MOVING) == "blue" and not page.locator(FRAMES).is_visible()
        seen = []
        page.locator("button.play").first.click()
        for _ in range(12):
            seen.append(colour(page, MOVING))
            page.wait_for_timeout(100)
        page.wait_for_timeout(1500)
        assert {"red", "green"} & set(seen) and colour(page, MOVING) == "blue" and faults == []


@pytest.mark.long
@needs_browser
def test_who_asks_for_less_motion_sees_frames_side_by_side_until_play_is_pressed(built):
    with browser(reduced_motion="reduce") as context:
        page, faults = opened(context, site_check.page_of(built.course[0], built.folder).as_uri())
        moving, strip = page.locator(MOVING), page.locator(FRAMES)
        strip.scroll_into_view_if_needed()
        assert strip.is_visible() and not moving.is_visible()
        page.locator("button.play").first.click()
        assert moving.is_visible() and not strip.is_visible() and faults == []


@pytest.mark.long
@needs_browser
def test_axe_finds_no_serious_violation(built):
    """In light, and where it asks for colours also in dark."""
    from axe_playwright_python.sync_playwright import Axe

    lesson = site_check.page_of(built.course[14], built.folder).relative_to(built.folder).as_posix()
    # a page has thousands of coloured words: what they all passed need not be told, which halves the time
    every = {"resultTypes": ["violations"]}
    colours = {**every, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
    # colours are judged where they end: in the middle of a transition a busy machine is a false alarm
    with browser(color_scheme="light", reduced_motion="reduce") as context:
        for name in ("index.html", lesson, "docs/results.html"):
            page, _ = opened(context, (built.folder / name).as_uri())
            for scheme, options in (("light", every), ("dark", colours)):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
                run = Axe().run(page, options=options).response
                assert run["passes"]
                serious = {
                    rule["id"]: rule["nodes"][0]["html"][:200]
                    for rule in run["violations"]
                    if rule["impact"] in ("serious", "critical")
                }
                assert serious == {}, (name, scheme)
            page.close()


@pytest.mark.long
def test_every_page_ends_with_where_to_say_that_it_is_wrong_or_unclear(built):
    told = 0
    for page in built.folder.rglob("*.html"):
        if (article := soup(page).find("article")) and page.name not in ("search.html", "genindex.html"):
            links = [link["href"] for link in article.select("a[href*='/issues/new?template=']")]
            forms = {re.search(r"template=(\w+)\.yml&lesson=\S", link)[1] for link in links}
            assert {"wrong", "unclear"} <= forms, page.name
            told += 1
    assert told > len(built.course) + 10


@pytest.mark.long
@needs_browser
def test_a_lesson_is_printed_on_a4_with_answers_open_plumbing_left_out_and_frames_for_animations(
    built, tmp_path
):
    site_copy = tmp_path / "site"
    shutil.copytree(built.folder, site_copy)
    page_file = site_check.page_of(built.course[0], site_copy)
    with browser(reduced_motion="reduce") as context:
        page = context.new_page()
        pdf.prepare(page, page_file)
        assert (
            page.locator("img.strip").first.is_visible()
            and not page.locator("img.animation").first.is_visible()
        )
        assert page.locator("details:not([open])").count() == 0 and page.locator("details.answer").count() > 3
        assert "course.start" not in page.locator("article").inner_text()
        assert page.locator(".copybtn:visible, .bd-sidebar-primary:visible").count() == 0
    (made,) = pdf.printed([page_file], tmp_path / "pdf")
    assert made.stat().st_size < pdf.MEGABYTES * 1e6
    with pikepdf.open(made) as document:
        sizes = [float(side) for sheet in document.pages for side in sheet.mediabox[2:]]
        found = [image for sheet in document.pages for image in sheet.get_images().values()]
        shown = [(image.Width, image.Height) for image in found]
        assert document.Root.get("/StructTreeRoot") is not None
    # A4 in points, as the browser rounds it
    assert sizes == pytest.approx([595.3, 841.9] * (len(sizes) // 2), abs=1)
    # the strip of three frames in two columns, and not the animation; the photograph
    assert (600, 300) in shown and shown.count((300, 150)) == 1
    pdf.name_on_page(page_file, made)
    pdf.name_on_page(page_file, made)
    assert page_file.read_text(encoding="utf-8").count(f"../pdf/{made.name}") == 1
    assert f"notebooks/{page_file.name}: ../pdf/{made.name} leads nowhere" in site_check.problems(
        site_copy, built.course
    )
    (site_copy / "pdf").mkdir()
    shutil.move(made, site_copy / "pdf")
    assert site_check.problems(site_copy, built.course) == []


def test_a_drawing_keeps_its_colours_in_a_pdf_and_a_photograph_becomes_a_jpeg():
    document = pikepdf.new()
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype="uint8")
    drawing = Image.new("RGB", (300, 200), COLOURS["red"])
    drawing.paste(COLOURS["blue"], (50, 50, 250, 150))
    kept = []
    for picture in (drawing, Image.fromarray(noise).resize((600, 400))):
        image = document.make_stream(picture.tobytes(), Width=picture.width, Height=picture.height)
        image.ColorSpace, image.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
        image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        pdf.pack(image, document)
        kept.append((pikepdf.PdfImage(image).as_pil_image().convert("RGB"), image))
    assert kept[0][0].tobytes() == drawing.tobytes() and kept[0][1].ColorSpace[0] == "/Indexed"
    assert kept[1][1].Filter == "/DCTDecode"


@pytest.mark.long
def test_a_link_that_leaves_the_site_and_leads_nowhere_is_named(tmp_path):
    with Server() as server:
        server.pages["/here"] = (200, b"a page")
        good, bad = server.url("/here"), server.url("/gone")
        lesson = own_lesson([text("more", f"## More\n\n[One]({good}) and [two]({bad}).")])
        found = links.broken([lesson], linkcheck_ignore=[r"https://.*"])
    assert len(found) == 1 and found[0].startswith(f"notebooks/{lesson.path.name}: {bad}: 404")


@needs_browser
def test_a_deck_of_the_site_draws_its_formulas_by_the_sites_mathjax(tmp_path):
    lesson = own_lesson([text("formula", "## One\n\n$$y = W x + b$$")])
    lesson.notebook.cells[1].metadata["slideshow"] = {"slide_type": "slide"}
    script = pages.packaged("sphinx-mathjax-offline", "mathjax/tex-svg-full.js")
    shared = (tmp_path / "slides" / site.DECKS_MATHJAX).resolve()
    shared.parent.mkdir(parents=True)
    shared.write_text(script, encoding="utf-8")
    deck = slides.write_deck(lesson.notebook, lesson.path, tmp_path / "slides", site.DECKS_MATHJAX)
    assert deck.stat().st_size < len(script) / 2
    with browser() as context:
        page, faults = opened(context, deck.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        assert page.locator("mjx-container svg").count() == 1 and faults == []
