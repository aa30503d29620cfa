"""The Setup cell of a lesson: alone in an empty folder, without a network, twice, and beside another `scripts`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from scripts.tools import alone, lessons, stamps

LESSON = lessons.chosen(["01"])[0]
VERSION = stamps.settings()["version"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Git settings that put a bare repository, with the working tree as it is, in the place of the real address."""
    return alone.repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def empty(tmp_path):
    """An empty folder with a stub of google.colab beside it, as Colab has one."""
    stub = tmp_path / "site" / "google" / "colab"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("")  # none in google/ itself: it is a namespace, shared with protobuf
    (tmp_path / "content").mkdir()
    return tmp_path


def variables(empty, repository, **more):
    """The environment of a student's kernel: nothing of this test run's, our stub on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "PYTEST_"))}
    return {**kept, "PYTHONPATH": str(empty / "site"), **repository, **more}


def execute(cells, folder, env):
    """Run cells in a fresh kernel in `folder`; returns (texts of stdout, texts of stderr) by cell."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        nb, timeout=180, resources=resources, kernel_name="python3", extra_arguments=["--log-level=ERROR"]
    )
    client.execute(env=env)
    streams = []
    for name in ("stdout", "stderr"):
        streams.append(
            ["".join(out.text for out in cell.outputs if out.get("name") == name) for cell in nb.cells]
        )
    return streams


def setup_source():
    return lessons.read(LESSON).cells[1].source


def test_a_lesson_alone_in_an_empty_folder_fetches_the_course_and_runs_to_its_end_twice(empty, repository):
    shutil.copy(LESSON, empty / "content" / LESSON.name)
    nb = lessons.read(empty / "content" / LESSON.name)
    sources = ["import google.colab"] + [cell.source for cell in nb.cells if cell.cell_type == "code"]
    env = variables(empty, repository)
    for fetched in (True, False):
        out, err = execute(sources, empty / "content", env)
        assert ("Fetching it from" in out[1]) is fetched
        assert f"Lesson 01 · line-to-box {VERSION} · Python" in out[1] and "This notebook is" not in out[1]
        assert "01.1 not tried yet" in "".join(out)
        assert "".join(err) == ""  # a page executed as a student's Jupyter would holds no stderr
        assert " kept" in "".join(out) and "missed" not in "".join(out)


def test_setup_runs_twice_in_one_kernel_and_beside_another_package_called_scripts(empty, repository):
    other = empty / "content" / "scripts"
    other.mkdir()
    (other / "__init__.py").write_text("WHOSE = 'theirs'\n")
    (other / "course.py").write_text("WHAT = 'a course of theirs'\n")
    env = variables(empty, repository)
    cells = [
        "import scripts.course; print(scripts.WHOSE)",
        setup_source(),
        setup_source(),
        "print(course.ROOT.name, course.__file__)",
    ]
    out, err = execute(cells, empty / "content", env)
    assert out[0] == "theirs\n" and "Lesson 01" in out[1] and "Lesson 01" in out[2]
    assert out[3].startswith("line-to-box ") and "".join(err) == ""


def test_without_a_network_the_setup_cell_says_so_in_one_line(empty):
    address, _ = stamps.address()
    settings = empty / "gitconfig"
    settings.write_text(f'[url "file://{empty}/nowhere.git"]\n\tinsteadOf = {address}\n')
    with pytest.raises(CellExecutionError) as caught:
        execute([setup_source()], empty / "content", variables(empty, {"GIT_CONFIG_GLOBAL": str(settings)}))
    told = caught.value.evalue
    assert caught.value.ename == "SystemExit" and told.startswith(
        "The course could not be fetched: check the network"
    )
    # one sentence with its cure, git's reason in brackets
    assert (
        "put this notebook into a copy of the course" in told
        and "(git said: fatal:" in told
        and "\n" not in told
    )
    assert not (empty / "content" / "line-to-box").exists()


def test_a_missing_package_is_asked_for_once_and_told_in_one_line(monkeypatch, tmp_path):
    from scripts import course

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
    from scripts import course

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

    from scripts import course

    for there, name in ((True, "a card of test"), (False, "CPU")):
        cuda = SimpleNamespace(
            is_available=lambda there=there: there, get_device_name=lambda index: "a card of test"
        )
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        assert course._prepare_device({"torch": "torch", "numpy": "numpy"}) == name
    monkeypatch.setattr(course, "_prepare_tensorflow", lambda: "TensorFlow's")
    assert course._prepare_device({"tensorflow": "tensorflow"}) == "TensorFlow's"
    assert course._prepare_device({"numpy": "numpy"}) == "CPU"


@pytest.mark.parametrize(
    ("notebook", "whose", "renew"),
    [("0.9", "of version 0.9", True), (None, "from before its version was told", False)],
)
def test_a_saved_notebook_of_another_version_is_told_what_to_do(empty, repository, notebook, whose, renew):
    """Its Setup finds newer scripts in ./line-to-box, as on a Drive folder that outlived a release."""
    env = variables(empty, repository)
    old = setup_source().replace(
        "course.start(LESSON, VERSION)",
        f'course.start("01", "{notebook}")' if notebook else 'course.start("01")',
    )
    out, err = execute([old, setup_source()], empty / "content", env)
    sentence = out[0].strip().splitlines()[-1]
    assert sentence.startswith(
        f"This notebook is {whose}, the course in the folder line-to-box is of version {VERSION}:"
    )
    assert "open the lesson from that folder's notebooks/" in sentence
    # an old Setup would fetch the newest course again, so only one that names its version is sent there
    assert ("rename the folder line-to-box and run this cell again" in sentence) is renew
    assert "This notebook is" not in out[1] and "".join(err) == ""


def test_setup_fetches_what_the_lesson_needs_and_weights_when_they_are_asked_for(empty, repository):
    env, folder = variables(empty, repository), empty / "content"
    load = "from scripts import models, weights\nprint(weights.load(models.mnist_cnn(), 'mnist_cnn')['file'])"
    next_lesson = "print(course.metadata('02')['title'])"
    for _ in range(2):  # the second time everything is there
        out, err = execute([setup_source()], folder, env)
        assert "".join(err) == ""
    fetched = folder / "line-to-box"
    there = {path.relative_to(fetched).parts[0] for path in fetched.iterdir()}
    assert there == {".git", "data", "notebooks", "pyproject.toml", "scripts", "weights"}
    assert [path.name for path in (fetched / "weights").iterdir()] == ["manifest.json"]
    assert [path.name for path in (fetched / "notebooks").iterdir()] == [LESSON.name]
    megabytes = sum(path.stat().st_size for path in fetched.rglob("*") if path.is_file()) / 1e6
    print(f"Setup fetched {megabytes:.2f} MB")
    assert megabytes <= stamps.settings()["megabytes"] <= 5
    out, _ = execute([setup_source(), load, next_lesson], folder, env)
    assert out[1] == "mnist_cnn.weights.h5\n" and out[2].strip()
    assert (fetched / "weights" / "mnist_cnn.weights.h5").is_file()
    # without the network all of this is there, and what is not is told in one line
    gone = {"GIT_CONFIG_GLOBAL": str(empty / "gitconfig")}
    (empty / "gitconfig").write_text(
        f'[url "file://{empty}/nowhere.git"]\n\tinsteadOf = {stamps.address()[0]}\n'
    )
    other = load.replace("mnist_cnn", "cifar10_cnn")
    out, _ = execute([setup_source(), load], folder, variables(empty, gone))
    assert out[1] == "mnist_cnn.weights.h5\n"
    with pytest.raises(CellExecutionError) as caught:
        execute([setup_source(), other], folder, variables(empty, gone))
    told = caught.value.evalue
    assert (
        caught.value.ename == "WeightsError"
        and "could not be fetched: check the network" in told
        and "\n" not in told
    )


def test_an_unknown_lesson_is_a_clear_error():
    from scripts import course

    with pytest.raises(course.CourseError, match="no lesson '77'"):
        course.start("77")
    assert course.CourseError("one line")._render_traceback_() == ["CourseError: one line"]


def test_seeding_makes_every_generator_repeat(monkeypatch):
    import random

    import numpy as np
    import tensorflow as tf

    from scripts import course

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
    from scripts import course

    with pytest.raises(ValueError, match="comes through"), course.quiet():
        os.write(2, b"a message of C code\n")
        raise ValueError("comes through")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_the_setup_cell_is_the_same_in_every_lesson_but_for_its_number():
    cells = {
        lessons.read(path).cells[1].source.replace(f'"{path.name[:2]}"', '"NN"')
        for path in lessons.all_lessons()
    }
    assert len(cells) == 1 and max(map(len, cells.pop().splitlines())) <= 110
    assert Path(LESSON).name.startswith("01")


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
        [sys.executable, "-c", check], cwd=lessons.ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip().endswith("done"), done.stderr[-2000:]
