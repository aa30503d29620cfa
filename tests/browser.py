"""Headless Chromium for the tests that open pages and decks, with every host name unresolvable."""

import re
import subprocess
from pathlib import Path

import pytest

from scripts.tools import pages

BROWSER = pages.browser()
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here; CI installs it")
_BROWSERS_OWN = re.compile(r"https?://[a-z0-9.-]*(google|gstatic|googleapis)\.com/")


def opened(page: Path, folder: Path) -> tuple[str, set[str]]:
    """Open a page: (its DOM after scripts ran, what it asked the network for, the browser's own requests aside)."""
    log = folder / "net.json"
    done = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=60000",
            f"--log-net-log={log}",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--window-size=1280,800",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=170,
    )
    asked = set(re.findall(r'"url":"(https?://[^"]+)"', log.read_text(errors="ignore")))
    return done.stdout, {url for url in asked if not _BROWSERS_OWN.match(url)}
