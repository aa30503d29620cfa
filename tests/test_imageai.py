"""Lesson 15's nets through ImageAI: the tests of tests/torch, run once in a process of their own, each reported here.

PyTorch beside TensorFlow in one process depends on which came first, so pytest's own process stays without it.
"""

import ast
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts import ROOT
from tests.torch import needs_imageai

FOLDER = Path(__file__).with_name("torch")


def is_long(test: ast.FunctionDef) -> bool:
    return any(ast.unparse(one) == "pytest.mark.long" for one in test.decorator_list)


TESTS = {
    f"{path.stem}::{node.name}": is_long(node)
    for path in sorted(FOLDER.glob("test_*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
}
# a test with several cases counts as one
NAMES = [name for name, long in TESTS.items() if not long]


def ran(folder, marked: str):
    """The results by test, each a list of (case, outcome, text), and how the process ended. marked: "long" or "not long"."""
    report = folder / "report.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--tb=short", "-m", marked),
            *(f"--junitxml={report}", str(FOLDER)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    results: dict[str, list] = {}
    for case in ElementTree.parse(report).iter("testcase") if report.exists() else []:
        module, name = case.get("classname", "").rpartition(".")[2], case.get("name")
        parts = [part for part in case if part.tag in ("failure", "error", "skipped")]
        outcome = parts[0].tag if parts else "passed"
        text = "\n".join((part.get("message") if outcome == "skipped" else part.text) or "" for part in parts)
        results.setdefault(f"{module}::{name.partition('[')[0]}", []).append((name, outcome, text))
    return results, f"the process ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("torch"), "not long")


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("torch"), "long")


def report(results: dict, end: str, name: str) -> None:
    """Pass, fail or skip as a test of that process did."""
    assert name in results, end
    failed = [f"{case}: {text}" for case, outcome, text in results[name] if outcome in ("failure", "error")]
    if failed:
        pytest.fail("\n".join(failed), pytrace=False)
    reasons = [text for _, outcome, text in results[name] if outcome == "skipped"]
    if len(reasons) == len(results[name]):
        pytest.skip(reasons[0])


@needs_imageai
@pytest.mark.parametrize("name", NAMES)
def test_imageai(run, name):
    report(*run, name)


@pytest.mark.long
@needs_imageai
@pytest.mark.parametrize("name", [name for name, long in TESTS.items() if long])
def test_keras_beside_pytorch(long_run, name):
    """In Keras, in a process of its own, and in PyTorch the same comes out."""
    report(*long_run, name)


@needs_imageai
def test_every_test_of_that_process_is_reported_here(run):
    results, end = run
    assert sorted(results) == sorted(NAMES), end


def test_the_ordinary_run_leaves_that_folder_out(request):
    assert not [item.nodeid for item in request.session.items if FOLDER in item.path.parents]
