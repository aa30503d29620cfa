"""The door and the toolbox: what start installs and names, seeds, silence, progress, and what importing the helpers sets."""

import os
import subprocess
import sys

import pytest

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


def test_a_missing_package_is_asked_for_once_and_told_in_one_line(monkeypatch, tmp_path):
    calls = []

    def no_network(command, **options):
        calls.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no route")

    monkeypatch.setattr(course.subprocess, "run", no_network)
    with pytest.raises(
        course.CourseError,
        match="nothing-like-it is missing and could not be installed.*pip install nothing-like-it",
    ):
        course._install_missing({"json": "json", "no_such_module": "nothing-like-it"}, "09")
    assert len(calls) == 1 and {"--no-deps", "--retries", "--timeout"} <= set(calls[0])
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(course.CourseError, match="tensorflow is not installed. Colab has it"):
        course._install_missing({"tensorflow": "tensorflow"}, "09")
    assert len(calls) == 1  # never TensorFlow, NumPy or Keras


@pytest.mark.parametrize("package", ["torch", "torchvision"])
def test_pytorch_that_is_missing_is_never_installed_and_one_line_says_what_to_run(monkeypatch, package):
    def install(command, **options):
        raise AssertionError(f"something is installed: {command}")

    monkeypatch.setattr(course.subprocess, "run", install)
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(course.CourseError) as caught:
        course._install_missing({package: package}, "15")
    told = str(caught.value)
    assert (
        "make environment LESSONS=15" in told and "pip install -r requirements.txt -c constraints.txt" in told
    )
    assert "\n" not in told


def test_lesson_15_names_the_device_of_pytorch_and_the_others_tensorflows(monkeypatch):
    from types import SimpleNamespace

    for there, name in ((True, "a card of test"), (False, "CPU")):
        cuda = SimpleNamespace(
            is_available=lambda there=there: there, get_device_name=lambda index: "a card of test"
        )
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        assert course._prepare_device({"torch": "torch", "numpy": "numpy"}) == name
    monkeypatch.setattr(course, "_prepare_tensorflow", lambda: "TensorFlow's")
    assert course._prepare_device({"tensorflow": "tensorflow"}) == "TensorFlow's"
    assert course._prepare_device({"numpy": "numpy"}) == "CPU"


def test_an_unknown_lesson_is_a_clear_error():
    with pytest.raises(course.CourseError, match="no lesson '77'"):
        course.start("77")
    assert course.CourseError("one line")._render_traceback_() == ["CourseError: one line"]


def test_seeding_makes_every_generator_repeat(monkeypatch):
    import random

    import numpy as np
    import tensorflow as tf

    def draw():
        course.seed()
        return (
            random.random(),
            np.random.rand(),  # noqa: NPY002
            float(tf.random.normal([])),
            course.rng().random(),
            course.rng(1).random(),
        )

    first = draw()
    assert draw() == first and first[3] != first[4]
    monkeypatch.setenv("COURSE_SEED", "3")
    assert all(a != b for a, b in zip(draw(), first, strict=True))


def test_quiet_silences_c_code_and_only_that(capfd):
    with pytest.raises(ValueError, match="comes through"), course.quiet():
        os.write(2, b"a message of C code\n")
        raise ValueError("comes through")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_no_iterator_of_tf_data_is_tuned_so_that_a_fit_ends_when_its_last_step_does():
    """Counted, not timed: whether the tuner's thread misses the call to stop is chance."""
    check = """
import os
from scripts import course
course._prepare_tensorflow(); course._prepare_tensorflow()
import numpy as np, keras, tensorflow as tf

asked = []
ours = tf.data.Dataset.with_options
def with_options(dataset, options):
    asked.append(options.autotune.enabled)
    return ours(dataset, options)
tf.data.Dataset.with_options = with_options

numbers = tf.data.Dataset.range(5)
assert [int(n) for n in numbers] == [0, 1, 2, 3, 4] and asked == [False], asked
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = np.ones((8, 2), "float32")
for use in (lambda: model.fit(x, x[:, :1], verbose=0), lambda: model.predict(x, verbose=0)):
    del asked[:]
    use()
    assert asked and asked[-1] is False, asked
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip().endswith("done"), done.stderr[-2000:]
