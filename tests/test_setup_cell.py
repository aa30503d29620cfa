"""The Setup cell of a lesson: alone in an empty folder, without a network, twice, and beside another `scripts`."""

import os
import re
import shutil

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from scripts.tools import alone, lessons, stamps

QUICK = lessons.chosen(["14"])[0]  # without TensorFlow, whose start takes most of the time elsewhere
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


def setup_of(path) -> str:
    """The Setup cell of a lesson."""
    return next(cell.source for cell in lessons.read(path).cells if cell.id == "setup")


def setup_source():
    return setup_of(QUICK)


def test_a_lesson_alone_in_an_empty_folder_fetches_the_course_once(empty, repository):
    """As far as its first exercise; `make alone` runs every lesson so to its end."""
    shutil.copy(QUICK, empty / "content" / QUICK.name)
    cells = {cell.id: cell.source for cell in lessons.read(empty / "content" / QUICK.name).cells}
    sources = ["import google.colab", cells["setup"], cells["imports"], cells["exercise-1"]]
    env = variables(empty, repository)
    out, err = execute(sources, empty / "content", env)
    assert "14.1 not tried yet" in out[3]
    # the second time the course is there
    again, err_again = execute(sources[:3], empty / "content", env)
    for said, fetched in ((out[1], True), (again[1], False)):
        assert ("Fetching it from" in said) is fetched
        assert f"Lesson 14 · line-to-box {VERSION} · Python" in said and "This notebook is" not in said
    assert "".join(err + err_again) == ""  # a page executed as a student's Jupyter would holds no stderr


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
    assert out[0] == "theirs\n" and "Lesson 14" in out[1] and "Lesson 14" in out[2]
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


def test_a_saved_notebook_of_another_version_is_told_what_to_do(empty, repository):
    """Its Setup finds newer scripts in ./line-to-box, as on a Drive folder that outlived a release."""
    now = "course.start(LESSON, VERSION)"
    older, oldest = (setup_source().replace(now, f"course.start({said})") for said in ('"14", "0.9"', '"14"'))
    cells = [older, oldest, setup_source()]
    out, err = execute(cells, empty / "content", variables(empty, repository))
    # an old Setup would fetch the newest course again, so only one that names its version is sent there
    for told, whose, renew in (
        (out[0], "of version 0.9", True),
        (out[1], "from before its version was told", False),
    ):
        sentence = told.strip().splitlines()[-1]
        assert sentence.startswith(
            f"This notebook is {whose}, the course in the folder line-to-box is of version {VERSION}:"
        )
        assert "open the lesson from that folder's notebooks/" in sentence
        assert ("rename the folder line-to-box and run this cell again" in sentence) is renew
    assert "This notebook is" not in out[2] and "".join(err) == ""


def test_setup_fetches_what_the_lesson_needs_and_weights_when_they_are_asked_for(empty, repository):
    env, folder = variables(empty, repository), empty / "content"
    load = (
        "from scripts import weights\nweights.bring('mnist_cnn')\nprint(weights.verified('mnist_cnn').name)"
    )
    next_lesson = "print(course.metadata('02')['title'])"
    trace = empty / "trace"
    # a git that was installed without its templates makes no .git/info
    bare = {"GIT_TRACE": str(trace), "GIT_TEMPLATE_DIR": str(empty / "none")}
    (empty / "none").mkdir()
    _, err = execute([setup_source()], folder, env | bare)
    assert "".join(err) == ""
    # the contents of all files come together: a question for each takes minutes over a real network
    asked = re.findall(r"run_command: git .*\bfetch\b.*--filter=blob:none", trace.read_text(encoding="utf-8"))
    assert len(asked) == 1
    fetched = folder / "line-to-box"
    there = {path.relative_to(fetched).parts[0] for path in fetched.iterdir()}
    assert there == {".git", "data", "notebooks", "pyproject.toml", "scripts", "weights"}
    assert [path.name for path in (fetched / "weights").iterdir()] == ["manifest.json"]
    assert [path.name for path in (fetched / "notebooks").iterdir()] == [QUICK.name]
    megabytes = sum(path.stat().st_size for path in fetched.rglob("*") if path.is_file()) / 1e6
    print(f"Setup fetched {megabytes:.2f} MB")
    # as the title says it, in whole megabytes; this lesson's own page is the largest of all, 2 MB of it
    assert round(megabytes) <= stamps.settings()["megabytes"] <= 5
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


def test_the_setup_cell_is_the_same_in_every_lesson_but_for_its_number():
    cells = {setup_of(path).replace(f'"{path.name[:2]}"', '"NN"') for path in lessons.all_lessons()}
    assert len(cells) == 1 and max(map(len, cells.pop().splitlines())) <= 110
