"""The drawing pad in a real JupyterLab: a digit is drawn with the mouse, and the shipped net reads it."""

import os
from pathlib import Path

import nbformat
import pytest

from scripts.course import ROOT
from tests import lab_server
from tests.browser import needs_browser

SEVEN = [(70, 60), (210, 60), (130, 240)]
CELLS = (
    f"import sys\n\nsys.path.insert(0, {str(ROOT)!r})\n"
    "from scripts.drawing_pad import draw_digit\n\npad = draw_digit()",
    "digit = pad.digit()\nprint('rows of ink:', digit.any(axis=1).sum(), digit.shape, digit.dtype)",
    "from scripts import weights\nfrom scripts.models import mnist_cnn\n\nnet = mnist_cnn()\n"
    "weights.load(net, 'mnist_cnn')\nprint('the net says', net(digit[None]).numpy().argmax())",
    "pad",
    "import time\n\ntime.sleep(6)",
)


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab that serves a folder with one small notebook."""
    folder = tmp_path / "served"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "pad.ipynb")
    with lab_server.served(folder, tmp_path / "settings") as address:
        yield address


def ran(page, cell: int) -> str:
    """Run a cell, wait for its end, and return the text of its output."""
    code = page.locator(".jp-CodeCell").nth(cell)
    before = code.locator(".jp-InputArea-prompt").inner_text()
    code.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([cell, before]) => { const now = document.querySelectorAll('.jp-CodeCell')[cell]"
        ".querySelector('.jp-InputArea-prompt').innerText; return now !== before && /\\[\\d+\\]/.test(now); }",
        arg=[cell, before],
        timeout=120_000,
    )
    output = code.locator(".jp-OutputArea")
    return output.inner_text() if output.count() else ""


def draw(page, points) -> None:
    """A stroke with the mouse: points in pixels of the pad."""
    canvas = page.locator(".course-pad canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()


@pytest.mark.long
@needs_browser
def test_a_digit_drawn_with_the_mouse_is_read_by_the_shipped_net(lab, tmp_path):
    pytest.importorskip("anywidget")
    shots = Path(os.environ.get("COURSE_SHOTS", tmp_path))  # where a person wants to look at them
    asked = []
    with lab_server.opened(lab, "pad.ipynb", len(CELLS), size=(1100, 1500)) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_text("| Idle").wait_for(timeout=60_000)  # the kernel, in the status bar
        ran(page, 0)
        canvas = page.locator(".course-pad canvas")
        canvas.wait_for(timeout=30_000)
        assert canvas.count() == 1
        assert "empty" in canvas.get_attribute("aria-label")
        assert "Nothing is drawn: here is a bundled drawing of a 2 instead." in ran(page, 1)
        assert "the net says 2" in ran(page, 2)

        draw(page, SEVEN)
        assert "strokes drawn: 1" in canvas.get_attribute("aria-label")
        told = ran(page, 1)
        assert "bundled" not in told and "rows of ink: 20 (28, 28, 1) float32" in told
        assert "the net says 7" in ran(page, 2)
        page.screenshot(path=shots / "pad_light.png")

        ran(page, 3)  # a second view of the same pad, in a later cell
        page.wait_for_function("document.querySelectorAll('.course-pad canvas').length == 2")
        page.locator(".course-pad button").first.click()
        draw(page, [(140, 40), (140, 240)])
        assert "strokes drawn: 1" in canvas.nth(1).get_attribute("aria-label")
        assert "bundled" not in ran(page, 1)
        assert "the net says 1" in ran(page, 2)
        page.locator(".course-pad button").nth(1).click()
        assert "empty" in canvas.first.get_attribute("aria-label")
        assert "Nothing is drawn" in ran(page, 1)

        # two strokes while the kernel is busy, and the cell that reads them waits behind the busy one
        page.locator(".jp-CodeCell").nth(4).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.locator(".jp-CodeCell").nth(4).get_by_text("[*]:").wait_for()
        draw(page, SEVEN[:2])
        draw(page, SEVEN[1:])
        assert "strokes drawn: 2" in canvas.first.get_attribute("aria-label")
        assert page.locator(".jp-CodeCell").nth(4).get_by_text("[*]:").count()
        told = ran(page, 1)
        assert "bundled" not in told and "rows of ink: 20" in told
        assert "the net says 7" in ran(page, 2)
    elsewhere = [url for url in asked if not url.startswith((lab, "data:", "blob:"))]
    assert not elsewhere, elsewhere
