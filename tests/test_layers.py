"""The layers of scripts/: no import goes up or round in a circle, and `make lint` names the one that does."""

import shutil
import subprocess
import sys

from scripts import ROOT
from scripts.tools import lint

# one import that goes up from each layer below the top, as a line added to a file of it
UP = {
    "scripts/runtime.py": "scripts.plots",
    "scripts/plots.py": "scripts.data.ladder",
    "scripts/data/scenes.py": "scripts.weights",
    "scripts/weights.py": "scripts.pretrained.files",
    "scripts/pretrained/darknet.py": "scripts.detection.boxes",
    "scripts/detection/boxes.py": "scripts.claims",
    "scripts/exercises/lesson_01.py": "scripts.course",
    "scripts/course.py": "scripts.tools.lessons",
}


def copied(to):
    """The package and the contracts alone."""
    shutil.copytree(ROOT / "scripts", to / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    return to


def named(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def test_the_house_keeps_its_layers():
    assert lint.against_the_layers() == []


def test_an_import_that_goes_up_from_any_layer_is_named(tmp_path):
    root = copied(tmp_path)
    for path, module in UP.items():
        file = root / path
        # inside a function, where nothing runs it: such an import counts as well
        file.write_text(file.read_text() + f"\n\ndef goes_up():\n    import {module}\n    return {module}\n")
    told = "\n".join(lint.against_the_layers(root))
    for path, module in UP.items():
        assert f"{named(path)} -> {module}" in told, (path, told)


def test_a_circle_of_imports_is_found(tmp_path):
    root = copied(tmp_path)
    (root / "scripts/tools/one.py").write_text("from scripts.tools import two\n")
    (root / "scripts/tools/two.py").write_text("from scripts.tools import one\n")
    told = "\n".join(lint.against_the_layers(root))
    assert "No cycles are allowed in scripts.tools" in told and ".two -> .one" in told


def test_a_file_that_no_layer_names_is_found(tmp_path):
    root = copied(tmp_path)
    (root / "scripts/new_room.py").write_text("")
    assert "scripts.new_room" in "\n".join(lint.against_the_layers(root))


def test_the_door_loads_nothing_heavy():
    heavy = {"numpy", "tensorflow", "keras", "matplotlib", "cv2", "sklearn", "torch"}
    code = f"import sys; from scripts import course; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr
