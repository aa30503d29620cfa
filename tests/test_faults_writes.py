"""Weights, cards and claims under faults: cut off in the very write, on a full disk, two writers at once.

Beside these, test_detector_files.py, test_detector_export.py and test_detector_video.py fill the disk under a detector.
"""

import json
import resource
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from scripts import ROOT, weights
from scripts import cards as reader
from scripts.tools import cards, execute


def net(value: float, units: int = 300):
    """A net as tests/programs/adds_weights.py makes it, of this one value."""
    import keras

    layer = keras.layers.Dense(units, kernel_initializer=keras.initializers.Constant(value))
    return keras.Sequential([keras.Input((100,)), layer])


def loaded(folder) -> float:
    """The value of the weights that a reader gets now."""
    model = net(0.0)
    weights.load(model, "tiny", folder)
    return float(np.unique(model.get_weights()[0]).item())


@pytest.fixture
def folder(tmp_path):
    """A folder of weights that holds a net of 0.5."""
    (tmp_path / "manifest.json").write_text('{"weights": {}}')
    older = weights.add(net(0.5), "tiny", {"seed": 0}, tmp_path)
    assert 60_000 < older.stat().st_size < 190_000
    return tmp_path


def files(folder) -> dict[str, bytes]:
    """What readers see of a folder of weights."""
    return {name: (folder / name).read_bytes() for name in ("tiny.weights.h5", "manifest.json")}


# the file of weights takes 120,000 bytes: the second limit is only reached by the manifest, with a long note in a card
LIMITS = {"the weights": (50_000, 1), "the manifest": (200_000, 300_000)}


def as_before_and_goes_on(folder, before) -> None:
    """Nothing that is read has changed, nothing is left that git would take for shipped weights, and a rerun adds them."""
    assert files(folder) == before and loaded(folder) == 0.5
    assert [path.name for path in folder.glob("*.h5")] == ["tiny.weights.h5"]
    weights.add(net(1.5), "tiny", {"seed": 1}, folder)
    assert loaded(folder) == 1.5 and not (folder / ".unfinished").exists()


@pytest.mark.parametrize(("limit", "note"), LIMITS.values(), ids=LIMITS)
def test_where_there_is_no_room_the_older_weights_stay_and_one_line_says_so(limit, note, folder, monkeypatch):
    before, limits = files(folder), resource.getrlimit(resource.RLIMIT_FSIZE)
    # what HDF5 says when it cleans up after a failure
    monkeypatch.setattr(sys, "unraisablehook", lambda problem: None)
    model = net(1.5)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        with pytest.raises(weights.WeightsError) as said:
            weights.add(model, "tiny", {"note": "n" * note}, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "tiny.weights.h5 could not be written" in str(said.value) and "\n" not in str(said.value)
    as_before_and_goes_on(folder, before)


@pytest.mark.long
def test_a_process_that_is_killed_as_it_writes_leaves_the_older_weights(folder):
    before, (limit, note) = files(folder), LIMITS["the weights"]
    module = ["tests.programs.adds_weights", str(folder), "300", str(note)]
    command = [sys.executable, "-m", "tests.programs.under_a_fault", f"killed-at={limit}", *module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGXFSZ, done.stderr[-600:]
    as_before_and_goes_on(folder, before)


def test_weights_that_were_stopped_before_their_card_are_refused_until_they_are_made_again(tmp_path):
    (tmp_path / "manifest.json").write_text('{"weights": {}}')
    weights.add(net(0.5), "tiny", {}, tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    weights.add(net(1.5), "tiny", {}, tmp_path)
    (tmp_path / "manifest.json").write_bytes(before)
    with pytest.raises(weights.WeightsError, match="not the file of the manifest"):
        loaded(tmp_path)
    weights.add(net(1.5), "tiny", {}, tmp_path)
    assert loaded(tmp_path) == 1.5


def test_two_that_add_weights_at_once_both_stand_in_the_manifest(tmp_path, monkeypatch):
    """Each reads the manifest before the other has written it, unless one waits."""
    (tmp_path / "manifest.json").write_text('{"weights": {}}')
    meet, plain = threading.Barrier(2), weights.manifest

    def slow(folder=None, part="weights"):
        found = plain(folder, part)
        try:
            meet.wait(1)
        except threading.BrokenBarrierError:
            pass
        return found

    monkeypatch.setattr(weights, "manifest", slow)
    both = [
        threading.Thread(target=weights.add, args=(net(0.5, 3), name, {}, tmp_path)) for name in ("a", "b")
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert set(plain(tmp_path)) == {"a", "b"}
    for name in ("a", "b"):
        assert weights.verified(name, tmp_path).stat().st_size > 0


def test_a_card_whose_writing_fails_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(reader, "FOLDER", tmp_path / "cards")
    module = SimpleNamespace(CARD="trial", card=lambda results: results)
    cards.write("18", module, {"score": 1})
    plain = type(tmp_path).write_text

    def half(path, text, **how):
        plain(path, text[: len(text) // 2], **how)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(type(tmp_path), "write_text", half)
        with pytest.raises(OSError, match="No space left"):
            cards.write("18", module, {"score": 2})
    assert reader.read("trial")["score"] == 1
    assert [path.name for path in (tmp_path / "cards").iterdir()] == ["trial.json"]
    cards.write("18", module, {"score": 2})
    assert reader.read("trial")["score"] == 2


@pytest.mark.parametrize("room", [0, 100], ids=["nothing", "half a line"])
def test_a_claim_that_could_not_be_kept_fails_its_lesson(room, tmp_path):
    """On a full disk a missed claim would count as none at all: the run reads claims from a file."""
    cell = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"
        "from scripts import course\ncourse.claim('93.a', 1, '>= 2')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, id="the-cell")])
    nbformat.write(notebook, tmp_path / "93_full.ipynb")
    places = {"COURSE_CLAIMS_DIR": str(tmp_path / "claims"), "PYTHONPATH": str(ROOT)}
    run = execute.execute(tmp_path / "93_full.ipynb", **places)
    assert "93.a" in json.dumps(run.notebook) and "missed" in json.dumps(run.notebook)
    assert (
        run.failed
        and run.error == "its claims could not be kept in build/claims (a full disk, or no right to write?)"
    )
