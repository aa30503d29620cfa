"""Progress of long work: the same items, a bar only where it takes a while; and what importing the helpers sets."""

import os
import subprocess
import sys

from scripts import course
from scripts.tools.lessons import ROOT


def test_progress_hands_the_items_on_and_says_nothing_of_short_work(capsys):
    assert list(course.progress(iter("abc"), "reading", 3)) == ["a", "b", "c"]
    assert list(course.progress([1, 2], "")) == [1, 2]
    assert capsys.readouterr().out.strip() == ""


def test_progress_shows_a_bar_of_work_that_takes_long(capsys, monkeypatch):
    now = iter(range(0, 1000, 3))  # each look at the clock finds three seconds more
    monkeypatch.setattr("tqdm.std.time", lambda: float(next(now)))
    assert list(course.progress(range(4), "training")) == [0, 1, 2, 3]
    shown = capsys.readouterr().out
    assert "training" in shown and "4/4" in shown


def test_onednn_is_asked_for_unless_the_user_has_chosen():
    said = []
    for chosen in ({}, {"TF_ENABLE_ONEDNN_OPTS": "0"}):
        kept = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
        code = "import os, scripts; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=ROOT, env=kept | chosen, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.strip())
    assert said == ["1", "0"]
