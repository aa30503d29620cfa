"""Lesson 15's detectors: what they find, against second readings, and every bad input. See detector_checks.py.

PyTorch beside TensorFlow in one process depends on which came first, so that all of it runs in a process of its own.
"""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.course import ROOT

FULL = all(importlib.util.find_spec(name) for name in ("torch", "torchvision", "imageai"))
SOURCE = Path(__file__).with_name("detector_checks.py")
NAMES = [
    node.name.removeprefix("check_")
    for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
]


@pytest.fixture(scope="module")
def results():
    """All checks, run once in one process."""
    command = [sys.executable, "-m", "tests.detector_checks"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    said = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith('["'))
    return said, f"the process ended with {done.returncode}: {done.stderr[-2000:]}"


@pytest.mark.skipif(not FULL, reason="PyTorch and ImageAI are not installed (requirements.txt)")
@pytest.mark.parametrize("name", NAMES)
def test_detector(results, name):
    said, end = results
    result = said.get(name, end)
    if result.startswith("skipped: "):
        pytest.skip(result)
    assert result == "ok", result
