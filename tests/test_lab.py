"""JupyterLab as a reader has it, in a real browser: plumbing is folded, and a click of the mouse unfolds it."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from scripts.tools import lessons, stamps
from tests.browser import BROWSER, needs_browser

LESSON = lessons.chosen(["04"])[0]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab that serves a folder with one lesson."""
    shutil.copy(LESSON, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5)
            break
        except OSError:
            assert server.poll() is None and time.monotonic() < until, "JupyterLab did not start"
            time.sleep(0.5)
    yield address
    server.terminate()
    server.wait(30)


@pytest.mark.long
@needs_browser
def test_setup_and_drawings_are_folded_and_a_click_unfolds_them(lab):
    from playwright.sync_api import sync_playwright

    code = [cell for cell in lessons.read(LESSON).cells if cell.cell_type == "code"]
    first = code[:5]
    assert (
        stamps.folded_as(first[0])
        and not stamps.folded_as(first[1])
        and any(map(stamps.folded_as, first[1:]))
    )
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 4000})
        page.goto(f"{lab}/lab/tree/{LESSON.name}?reset")
        page.wait_for_function(
            f"document.querySelectorAll('.jp-CodeCell').length >= {len(first)}", timeout=60_000
        )
        cells = page.locator(".jp-CodeCell")
        for i, cell in enumerate(first):
            folded = cells.nth(i).locator(".jp-Cell-inputWrapper .jp-Placeholder").count() == 1
            assert folded == (stamps.folded_as(cell) is not None), cell.id
        assert cells.nth(0).locator(".cm-content").count() == 0
        cells.nth(0).locator(".jp-Placeholder").first.click()
        page.wait_for_function(
            "document.querySelector('.jp-CodeCell .cm-content')?.innerText.includes('course.start')"
        )
        browser.close()
