"""TensorFlow before torchvision crashes the interpreter: no lesson, no helper and no test can get there."""

import ast
import importlib
import importlib.util
import subprocess
import sys

import pytest

from scripts.course import ROOT
from scripts.tools import lessons
from scripts.tools.lint import HEAVY

FULL = all(importlib.util.find_spec(name) for name in ("torch", "torchvision", "imageai", "tensorflow"))
TENSORFLOW = {"tensorflow", "keras"}
ALLOWED = {  # after `course.before_torch`
    "scripts/course.py",
    "scripts/pretrained/files.py",
    "scripts/pretrained/nets.py",
    "scripts/pretrained/state_dicts.py",
    "scripts/tools/benches/lesson_15.py",
    # each in a process of its own
    "scripts/tools/benches/programs/torchvision_nms.py",
    "scripts/tools/benches/programs/torchvision_roi_pool.py",
}


def imports(source: str) -> set[str]:
    """The packages that a text imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("path", lessons.all_lessons(), ids=lambda path: path.stem)
def test_no_lesson_imports_both(path):
    notebook = lessons.read(path)
    cells = [lessons.source(cell) for cell in notebook.cells if cell.cell_type == "code"]
    found = set().union(*map(imports, cells)) | set(notebook.metadata.course.packages)
    assert not (found & set(HEAVY) and found & TENSORFLOW)


def test_helpers_import_torch_in_functions_only_and_only_those_that_see_to_the_order():
    for path in sorted((ROOT / "scripts").rglob("*.py")):
        name, tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
        top = ast.Module([node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], [])
        assert not imports(ast.unparse(top)) & set(HEAVY), f"{name} imports it at its top"
        if imports(ast.unparse(tree)) & set(HEAVY):
            assert name in ALLOWED, f"{name} imports {HEAVY} without seeing to the order"


def test_no_test_module_brings_torch_into_pytests_process():
    """Here, where pytest has imported them all, or the few that it was asked for."""
    for path in sorted((ROOT / "tests").glob("*.py")):
        if path.stem != "__init__":
            importlib.import_module(f"tests.{path.stem}")
    assert sorted(set(sys.modules) & set(HEAVY)) == []


@pytest.mark.skipif(not FULL, reason="PyTorch and ImageAI are not installed (requirements.txt)")
def test_after_tensorflow_the_lesson_and_its_helper_refuse_in_one_line():
    code = (
        "import tensorflow\nfrom scripts import course\nfrom scripts.pretrained import imageai_help\n"
        "for run in (lambda: course.start('15'), imageai_help.imageai, lambda: imageai_help.load('tiny_yolov3'),\n"
        "            lambda: imageai_help.empty_net('yolov3')):\n"
        "    try: run()\n"
        "    except course.CourseError as problem: print(problem)\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("TensorFlow runs in this kernel") == 4 and "Restart the kernel" in done.stdout


@pytest.mark.skipif(not FULL, reason="PyTorch and ImageAI are not installed (requirements.txt)")
def test_lesson_15_starts_without_tensorflow_and_another_lesson_may_follow_it():
    code = (
        "import sys\nfrom scripts import course\ncourse.start('15')\n"
        "from scripts import data, plots, pretrained, weights\nfrom scripts.data import own_picture\nfrom scripts.pretrained import imageai_help\n"
        "from scripts.exercises import answer, check\nimageai_help.imageai(); check('15.1', 1)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
        "import torch; course.seed(3); a = torch.rand(1); course.seed(3); assert a == torch.rand(1)\n"
        "import tensorflow; print('and TensorFlow after it')\n"
    )
    done = run(code)
    assert done.returncode == 0 and done.stdout.endswith("and TensorFlow after it\n"), done.stderr
