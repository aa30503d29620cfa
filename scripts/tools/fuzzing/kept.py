"""What the course keeps, damaged at random: data sets, weights, detectors, metadata of lessons."""

import hashlib
import io
import json
import math
import os
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

import nbformat
import numpy as np
from hypothesis import strategies as st

from scripts import weights
from scripts.data import ladder
from scripts.data.pictures import read_npz
from scripts.detection import detector_files
from scripts.detection.detector_files import CARD, WEIGHTS, DetectorError, plan_of, read_card
from scripts.detection.photo_net import SMALL, Net, Plan
from scripts.tools import anatomy, lessons
from scripts.tools.fuzzing.damage import damaged, edits
from scripts.tools.fuzzing.engine import Target, Wrong, one_line

PLAN = {"classes": ["cat", "dog"], "anchors": [[30.0, 40.0]], "side": 320, "width": 128}


@cache
def _model():
    import keras

    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])


@cache
def _stored() -> dict[str, bytes]:
    """The two files of a net's weights, all ones, with its manifest."""
    _model().set_weights([np.ones((2, 3)), np.ones(3)])
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "net.weights.h5")
        _model().save_weights(path)
        content = path.read_bytes()
    card = {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {path.name: content, "manifest.json": json.dumps({"weights": {"net": card}}).encode()}


def keras_weights(example) -> bool:
    """A WeightsError, or the arrays that were stored."""
    name, changes = example
    with tempfile.TemporaryDirectory() as place:
        for file, content in _stored().items():
            Path(place, file).write_bytes(damaged(content, changes) if file == name else content)
        _model().set_weights([np.zeros((2, 3)), np.zeros(3)])
        try:
            weights.load(_model(), "net", Path(place))
        except weights.WeightsError as problem:
            return one_line(problem)
    stored = _stored()[name]
    # nine numbers are seldom hit, so of the weights themselves every other byte is one too many
    other = not name.endswith(".json") and damaged(stored, changes) != stored
    if other or not all((array == 1).all() for array in _model().get_weights()):
        raise Wrong("damaged weights are loaded")
    return True


@cache
def _npz() -> tuple[dict, bytes]:
    """A data set as the cache has it, and its file."""
    rng, place = np.random.default_rng(0), io.BytesIO()
    arrays = {f"x_{part}": rng.integers(0, 256, (3, 4, 4)).astype(np.uint8) for part in ("train", "test")}
    arrays |= {f"y_{part}": np.arange(3, dtype=np.uint8) for part in ("train", "test")}
    np.savez(place, **arrays)
    return arrays, place.getvalue()


def npz(changes) -> bool:
    """Not served, with a line that says why, and set aside; or the arrays that were stored."""
    arrays, content = _npz()
    entry = {"content_sha256": ladder.content_sha256(arrays), "sources": []}
    with tempfile.TemporaryDirectory() as place:
        Path(place, "fuzz.npz").write_bytes(damaged(content, changes))
        here = {"COURSE_DATA": place, "COURSE_USER_CACHE": place, "COURSE_MIRROR": "", "COURSE_OFFLINE": "1"}
        with mock.patch.dict(os.environ, here):
            served = ladder.climb("fuzz", entry, {"npz": read_npz})
        aside = Path(place, "fuzz.npz.damaged").exists()
    if served.got is None:
        if not aside or not any("damaged and set aside" in line for line in served.failed):
            raise Wrong("a file that does not serve is not set aside, or not told")
        return False
    if set(served.got) != set(arrays):
        raise Wrong("a data set has other arrays")
    if not all(np.array_equal(served.got[name], array) for name, array in arrays.items()):
        raise Wrong("a damaged data set is served")
    return True


@cache
def _detector() -> tuple[tuple, list, dict[str, bytes]]:
    """A small detector: its plan, its arrays and the two files of its folder."""
    plan = Plan(("cat", "dog"), ((30.0, 40.0),), backbone=SMALL, trainable_from=None, side=64, width=8)
    net = Net(plan, from_imagenet=False)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "net")
        detector_files.save(net, detector_files.card_of(plan, {}), folder)
        return plan, net.model.get_weights(), {path.name: path.read_bytes() for path in folder.iterdir()}


def detector(example) -> bool:
    """A DetectorError, or the plan and the arrays that were stored."""
    name, changes = example
    plan, arrays, files = _detector()
    with tempfile.TemporaryDirectory() as place:
        for file, content in files.items():
            Path(place, file).write_bytes(damaged(content, changes) if file == name else content)
        try:
            net, _ = detector_files.load(place)
        except DetectorError as problem:
            return one_line(problem)
    loaded = net.model.get_weights()
    if name == WEIGHTS and damaged(files[name], changes) != files[name]:
        raise Wrong("a file that is not the card's is loaded")
    if net.plan != plan or not all(map(np.array_equal, loaded, arrays)) or len(loaded) != len(arrays):
        raise Wrong("a damaged detector is loaded with another plan or other numbers")
    return True


def card(changes) -> bool:
    """A DetectorError, or a plan that a net can be made of."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, WEIGHTS).write_bytes(b"")
        Path(place, CARD).write_bytes(damaged(json.dumps({"form": 1, "plan": PLAN}).encode(), changes))
        try:
            plan = plan_of(read_card(place))
        except DetectorError as problem:
            return one_line(problem)
    if not plan.classes or not all(isinstance(name, str) for name in plan.classes):
        raise Wrong("classes of a plan are no names")
    if not all(0 < side < math.inf for pair in plan.anchors for side in pair):
        raise Wrong("anchors of a plan are no sizes")
    return True


@cache
def _lesson() -> tuple[Path, str]:
    path = lessons.chosen(["01"])[0]
    return path, path.read_text(encoding="utf-8")


def page(example) -> bool:
    """What `make lint` says of a lesson with another value in its metadata; lines, if of another kind."""
    key, value = example
    path, text = _lesson()
    notebook = nbformat.reads(text, as_version=4)
    before = notebook.metadata.course[key]
    notebook.metadata.course[key] = nbformat.from_dict({"value": value})["value"]
    lines = anatomy.metadata(path, notebook)
    if not all(isinstance(line, str) and line.strip() for line in lines):
        raise Wrong("what is said of metadata is no line")
    # a lesson that was never stored has null there
    if (key, value) == ("stored_with", None):
        return not lines
    if not lines and type(json.loads(json.dumps(before))) is not type(value):
        if not isinstance(before, int | float) or not isinstance(value, int | float):
            raise Wrong(f"metadata with another kind of {key} pass")
    return not lines


def targets() -> list[Target]:
    value = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    keys = sorted(nbformat.reads(_lesson()[1], as_version=4).metadata.course)
    return [
        Target("weights .h5", st.tuples(st.sampled_from(sorted(_stored())), edits()), keras_weights),
        Target("data .npz", edits(), npz),
        Target("detectors", st.tuples(st.sampled_from((CARD, WEIGHTS)), edits()), detector),
        Target("cards", edits(), card),
        Target("pages", st.tuples(st.sampled_from(keys), value), page),
    ]
