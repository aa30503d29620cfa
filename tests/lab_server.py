"""A JupyterLab on the loopback address, and a page of it in headless Chromium, for the tests that use one as a reader does."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.browser import BROWSER

# every cell stands in the page, also those far below what the window shows
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}


@contextlib.contextmanager
def served(folder: Path, settings: Path):
    """JupyterLab serving a folder; gives its address.

    Args:
        folder: what it serves. settings: an empty folder, for the user settings.
    """
    for name, values in SETTINGS.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True", f"--LabApp.user_settings_dir={settings}"]
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_FORMS"}
    server = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment, "CUDA_VISIBLE_DEVICES": "-1"},
    )
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5)
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until, "JupyterLab did not start"
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(30)


@contextlib.contextmanager
def opened(address: str, path: str, cells: int, size=(1400, 1000)):
    """A page of JupyterLab that shows a notebook with at least so many code cells."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        # every host name is unresolvable: what is shown comes from this machine
        only_here = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", only_here])
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto(f"{address}/lab/tree/{path}?reset")
        page.wait_for_function(f"document.querySelectorAll('.jp-CodeCell').length >= {cells}", timeout=60_000)
        yield page
        browser.close()


def run_all(page, seconds: float) -> None:
    """Run every cell of the open notebook, and wait until the kernel has answered the last one."""
    page.set_default_timeout(1000 * seconds)
    # a notebook that opens has no kernel for a moment, and would then ask for one
    page.locator(".jp-StatusBar-Widget", has_text="| Idle").wait_for()
    page.evaluate(
        "() => { window.ran = false; window.jupyterapp.commands.execute('notebook:run-all-cells')"
        ".then(() => { window.ran = true; }); }"
    )
    page.wait_for_function("() => window.ran", polling=500)
