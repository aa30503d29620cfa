"""Stands in for pip: it installs nothing, says in GATE/pip.log when it begins and ends, and waits between for the gate to open."""

import os
import time
from pathlib import Path

gate = Path(os.environ["GATE"])


def say(what: str) -> None:
    """Add a line to the log."""
    with (gate / "pip.log").open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")


say("begin")
ends = time.monotonic() + 60
while not (gate / "open").exists() and time.monotonic() < ends:
    time.sleep(0.05)
say("end")
