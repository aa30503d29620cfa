"""JupyterLab as a reader has it, in a real browser: plumbing is folded, a slider moves a figure, an animation plays."""

import shutil

import pytest

from scripts.tools import lessons, stamps
from tests import lab_server
from tests.browser import needs_browser

FOLDED = lessons.chosen(["04"])[0]
KNOBS = lessons.chosen(["01"])[0]


@pytest.fixture
def lab(tmp_path):
    """A function: a lesson is opened in JupyterLab, in a copy below the course's folder, where Setup finds the course."""
    folder = lessons.ROOT / "build" / f"lab-{tmp_path.name}"
    folder.mkdir(parents=True)
    with lab_server.served(folder, tmp_path) as address:

        def open_lesson(path, **more):
            shutil.copy(path, folder)
            count = sum(cell.cell_type == "code" for cell in lessons.read(path).cells)
            return lab_server.opened(address, path.name, count, **more)

        yield open_lesson
    shutil.rmtree(folder)


@pytest.mark.long
@needs_browser
def test_setup_and_drawings_are_folded_and_a_click_unfolds_them(lab):
    first = [cell for cell in lessons.read(FOLDED).cells if cell.cell_type == "code"][:5]
    assert (
        stamps.folded_as(first[0])
        and not stamps.folded_as(first[1])
        and any(map(stamps.folded_as, first[1:]))
    )
    with lab(FOLDED) as page:
        cells = page.locator(".jp-CodeCell")
        for i, cell in enumerate(first):
            folded = cells.nth(i).locator(".jp-Cell-inputWrapper .jp-Placeholder").count() == 1
            assert folded == (stamps.folded_as(cell) is not None), cell.id
        assert cells.nth(0).locator(".cm-content").count() == 0
        cells.nth(0).locator(".jp-Placeholder").first.click()
        page.wait_for_function(
            "document.querySelector('.jp-CodeCell .cm-content')?.innerText.includes('LESSON, VERSION')"
        )


@pytest.mark.long
@needs_browser
def test_a_slider_of_a_lesson_is_moved_and_the_figure_changes(lab):
    code = [cell for cell in lessons.read(KNOBS).cells if cell.cell_type == "code"]
    number = next(i for i, cell in enumerate(code) if cell.id == "knobs")
    with lab(KNOBS) as page:
        lab_server.run_all(page, 150)
        knobs = page.locator(".jp-CodeCell").nth(number)
        knobs.scroll_into_view_if_needed()
        figure = knobs.locator(".jp-OutputArea img").last
        figure.wait_for(timeout=30_000)
        before = figure.get_attribute("src")
        handle = knobs.locator(".noUi-handle").first
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "([number, before]) => { const all = document.querySelectorAll('.jp-CodeCell')[number]"
            ".querySelectorAll('.jp-OutputArea img'); return all.length && all[all.length - 1].src !== before; }",
            arg=[number, before],
            timeout=30_000,
        )
        assert knobs.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
