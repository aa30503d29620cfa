"""The question whether pretrained weights are here: answered from what lies in the folders, which stay as they are.

A claim asks it (``needs="weights:yolov3"``), in the notebooks' tests for every tagged cell: it may convert nothing, record
nothing, import no PyTorch, and take no time. None of these tests needs PyTorch.
"""

import json
import sys
from pathlib import Path

import pytest

from scripts import pretrained
from scripts.claims import missing
from scripts.pretrained import state_dicts
from scripts.tools.lint import HEAVY
from tests.support import program

CARDS = pretrained.cards()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for weights, for the course's own; beside it the user's and the mirror's, which are not there yet."""
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def content(folder: Path) -> dict[str, tuple]:
    """Every path below a folder, the folder's own included, with size and time of the last change."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }


def asked(name: str, folder: Path) -> str | None:
    """The answer to the question; all folders are then as they were, and PyTorch was not imported for it."""
    before = content(folder.parent), set(HEAVY) & set(sys.modules)
    answer = missing(f"weights:{name}")
    assert (content(folder.parent), set(HEAVY) & set(sys.modules)) == before
    assert answer is None or "\n" not in answer
    return answer


def file(folder: Path, name: str = "yolov3", text: str = "not looked into: only its hash is taken") -> Path:
    """A file with the name of a net's state dict."""
    folder.mkdir(exist_ok=True)
    path = folder / CARDS[name]["file"]
    path.write_text(text)
    return path


def use(path: Path, name: str = "yolov3") -> None:
    """Note a file in recorded.json as its first use does."""
    state_dicts.record(path, "found here", CARDS[name]["title"])


def test_a_darknet_file_is_told_of_and_neither_converted_nor_read(folder):
    with (folder / "yolov3.weights").open("wb") as darknet:
        # full size, and empty: it takes no room on the disk
        darknet.truncate(CARDS["yolov3"]["darknet"]["bytes"])
    before = content(folder.parent)
    said = json.loads(program("weights_question", "weights:yolov3", 20))
    assert "yolov3.weights lies in weights, not converted yet" in said["answer"]
    assert "python -m scripts.pretrained yolov3" in said["answer"]
    assert content(folder.parent) == before
    assert said["loaded"] == []
    # taking the hash of 248 MB would need longer
    assert said["milliseconds"] < 50


def test_no_file_at_all_is_one_line_with_the_cure(folder):
    answer = asked("yolov3", folder)
    assert answer.startswith("YOLOv3's weights are not here. ")
    assert "python -m scripts.pretrained yolov3 fetches them" in answer and "yolov3.pt (237 MB)" in answer


def test_a_file_that_was_never_used_counts_as_missing(folder):
    file(folder)
    assert "yolov3.pt was never used" in asked("yolov3", folder)


def test_a_file_that_was_used_before_is_here(folder):
    use(file(folder))
    assert asked("yolov3", folder) is None


def test_a_file_that_has_changed_since_its_first_use_is_named(folder):
    path = file(folder)
    use(path)
    path.write_text("something else")
    assert "yolov3.pt has changed since its first use" in asked("yolov3", folder)


@pytest.mark.parametrize("place", ["user", "mirror", "mirror/weights"])
def test_the_users_folder_and_the_mirror_are_asked_as_well(folder, place):
    there = folder.parent / place
    there.mkdir(parents=True)
    file(folder)
    use(file(there))
    assert asked("yolov3", folder) is None


def test_every_file_that_does_not_serve_is_named(folder):
    file(folder, text="<!DOCTYPE html><title>404</title>")
    (folder / "yolov3.weights").write_bytes(bytes(20))
    file(folder.parent / "user")
    answer = asked("yolov3", folder)
    for words in (
        "yolov3.pt is a web page",
        "yolov3.weights lies in weights, not converted yet",
        "yolov3.pt was never used",
    ):
        assert words in answer


def test_a_good_file_serves_whatever_darknet_file_lies_beside_it(folder):
    (folder / "yolov3.weights").write_bytes(bytes(20))
    use(file(folder))
    assert asked("yolov3", folder) is None


def test_a_file_with_another_hash_than_the_published_one_is_named_although_it_is_recorded(folder):
    use(file(folder, "retinanet"), "retinanet")
    assert "its hash does not begin with eeacb38b" in asked("retinanet", folder)


def test_a_net_that_nobody_knows_is_named(folder):
    assert "no weights 'huge'" in asked("huge", folder)
