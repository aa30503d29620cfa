"""The commands behind the Makefile: a failing lesson, pages and decks, the environment, what they print."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import check_jsonschema
import nbformat
import pytest
import yaml
from click.testing import CliRunner

from scripts import weights
from scripts.tools import environment, execute, lab, lessons, run, seeds, site, slides, store, train_weights
from tests.browser import needs_browser, opened
from tests.support import program

SELF_CONTAINED = re.compile(
    r"""<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=["'](?!data:|#)[^"']*["']|@import|url\(["']?(?!data:|#)[^)]*\)"""
)


def page_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def asks_the_network(html: str) -> list[str]:
    """Whatever a browser would fetch when it opens a page, scripts' own texts aside."""
    return [
        found
        for found in SELF_CONTAINED.findall(re.sub(r"<script>.*?</script>", "", html, flags=re.S))
        if found
    ]


@pytest.fixture
def two_lessons(tmp_path, monkeypatch):
    """Lessons 91, which fails, and 92, which runs and misses a claim; in place of the course's."""
    (tmp_path / "notebooks").mkdir()
    for number, source in (
        ("91_breaks", "print('before')\nx = {}['no such key']"),
        (
            "92_misses",
            "from scripts import course\ncourse.claim('92.a', 1, '>= 2')\ncourse.claim('92.b', 3, '>= 2')",
        ),
    ):
        nb = nbformat.v4.new_notebook()
        nb.cells = [
            nbformat.v4.new_markdown_cell("# One", id="title"),
            nbformat.v4.new_code_cell(source, id="the-cell"),
        ]
        nbformat.write(nb, tmp_path / "notebooks" / f"{number}.ipynb")
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    monkeypatch.setattr(site, "SITE", tmp_path / "build" / "site")
    monkeypatch.setenv("PYTHONPATH", str(environment.ROOT))
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path / "claims"))
    return tmp_path


def test_a_failing_lesson_is_named_with_cell_and_error_and_the_others_still_run(two_lessons, capsys):
    assert run.main() == 1
    said = capsys.readouterr().out
    assert "91_breaks, cell the-cell: KeyError: 'no such key'" in said
    assert "92_misses, claim 92.a missed: got 1, bound >= 2" in said
    row = next(line for line in said.splitlines() if line.startswith("92_misses  "))
    assert row.split()[3:6] == ["1", "1", "0"]
    # megabytes of a kernel that loads nothing
    assert sys.platform != "linux" or 20 < float(row.split()[2]) < 2000
    assert "s in all" in said
    made = two_lessons / "build" / "site"
    assert sorted(path.name for path in (made / "notebooks").glob("*.html")) == [
        "91_breaks.html",
        "92_misses.html",
    ]
    front = page_of(made / "index.html")
    assert "cell the-cell: KeyError" in front and "missed the claims 92.a" in front


def test_storing_leaves_a_failing_lesson_as_it_was(two_lessons, capsys):
    path = two_lessons / "notebooks" / "91_breaks.ipynb"
    before = path.read_bytes()
    assert store.main("91") == 1 and path.read_bytes() == before
    assert "KeyError" in capsys.readouterr().out


def test_pages_are_stored_from_the_canonical_environment_only():
    pinned = {
        "numpy": re.search(r"^numpy==(.*)$", (environment.ROOT / "constraints.txt").read_text(), re.M).group(
            1
        )
    }
    here = {"packages": pinned, "device": "CPU", "onednn": True}
    assert store.not_canonical(here, {"mnist": "full"}) == []
    other = {"packages": {"numpy": "2.0"}, "device": "GPU", "onednn": False}
    assert len(store.not_canonical(other, {"mnist": "sample"})) == 4


def test_a_file_that_is_no_notebook_is_a_failed_lesson_and_the_others_still_run(two_lessons, capsys):
    (two_lessons / "notebooks" / "90_merge.ipynb").write_text("<<<<<<< HEAD")
    assert run.main() == 1
    said = capsys.readouterr().out
    assert "90_merge, cell none: the file is no notebook" in said and "92_misses, claim 92.a missed" in said


def test_ruff_reads_every_part_of_the_course():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--show-files", "."],
        cwd=environment.ROOT,
        capture_output=True,
        text=True,
    )
    files = {Path(line).relative_to(environment.ROOT).as_posix() for line in done.stdout.splitlines()}
    assert {"scripts/tools/run.py", "scripts/claims.py", "tests/strict_nbval.py", "conftest.py"} <= files
    assert any(name.startswith("notebooks/01_") for name in files)


def test_seeds_print_min_median_and_max_of_each_claim(two_lessons, capsys):
    assert seeds.main(["-n", "2", "92"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"92\.a +min 1 +median 1 +max 1 +bound >= 2 +missed by 2 of 2", said)
    assert re.search(r"92\.b .*kept by all", said)
    assert json.loads((two_lessons / "build" / "seeds.json").read_text())["92_misses"]["92.b"][1]["got"] == 3


def test_cores_are_shared_among_lessons_and_a_users_choice_stays(monkeypatch):
    names = {"TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert execute.shared_cores(1) == {}  # alone: as the libraries like
    assert execute.shared_cores(2) == dict.fromkeys(names, "4")
    assert execute.shared_cores(16) == dict.fromkeys(names, "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert execute.shared_cores(2)["OMP_NUM_THREADS"] == "3"


def test_a_dead_kernel_is_a_failed_lesson(two_lessons):
    path = two_lessons / "notebooks" / "91_breaks.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells[1].source = "import os\nos._exit(1)"
    nbformat.write(nb, path)
    done = execute.execute(path)
    assert done.failed and "kernel died" in done.error and done.cell == "the-cell"


def test_a_deck_carries_all_it_needs_and_keeps_alt_texts(tmp_path):
    path = lessons.chosen(["01"])[0]
    notebook = lessons.read(path)
    html = page_of(slides.write_deck(notebook, path, tmp_path))
    assert asks_the_network(html) == []
    assert "MathJax" in html and "cdnjs" not in re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    pictures = sum(
        kind.startswith("image/")
        for cell in notebook.cells
        for out in cell.get("outputs", [])
        for kind in out.get("data", {})
    )
    alts = re.findall(r'<img alt="([^"]+)" src="data:image/(?:png|jpeg);base64,', html)
    assert len(alts) == pictures > 5 and all(len(alt.split()) >= 4 for alt in alts)


@needs_browser
def test_the_browser_of_these_tests_tells_what_a_page_asks_for(tmp_path):
    (tmp_path / "asks.html").write_text('<img src="http://example.org/picture.png">')
    assert opened(tmp_path / "asks.html", tmp_path)[1] == {"http://example.org/picture.png"}


def test_every_workflow_calls_the_courses_own_commands():
    readme = (environment.ROOT / "README.md").read_text(encoding="utf-8")
    assert "\nmake test " in readme
    calls = {}
    for path in sorted((environment.ROOT / ".github" / "workflows").glob("*.yml")):
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            runs = "\n".join(step.get("run", "") for step in job["steps"])
            calls[path.stem, name] = set(re.findall(r"make [a-z-]+|-m scripts\.tools\.[a-z_]+", runs))
            assert job["timeout-minutes"] <= 90
    assert "make test" in calls["gpu", "claims"] and "make test" in calls["test", "linux"]
    assert "make alone" in calls["test", "colab"] and "make alone" in calls["weekly", "newest"]
    assert "-m scripts.tools.test" in calls["weekly", "conda"] & calls["weekly", "systems"]
    assert "-m scripts.tools.address" in calls["test", "address"]
    assert (
        "-m scripts.tools.colab_tag" in calls["publish", "colab"] and "make links" in calls["weekly", "links"]
    )
    # three jobs run nothing of the course: one publishes the site that `make course` left in the workflow `test`, one asks about
    # versions, one looks at a file for Kubernetes
    quiet = [job for job, called in calls.items() if not called]
    assert quiet == [("publish", "pages"), ("weekly", "versions"), ("weekly", "deploy")]
    assert {"make course", "make pdf"} <= calls["test", "linux"]
    # every command that a workflow or the Makefile names is there
    makefile = (environment.ROOT / "Makefile").read_text(encoding="utf-8")
    for call in set().union(*calls.values()):
        word = call.rpartition(" ")[2] if call.startswith("make") else None
        assert (
            re.search(rf"^{word}:", makefile, re.M)
            if word
            else (environment.ROOT / f"{call[3:].replace('.', '/')}.py").exists()
        )


def test_what_is_published_is_the_artefact_of_the_tests():
    def steps(workflow, job):
        file = environment.ROOT / ".github" / "workflows" / f"{workflow}.yml"
        return yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"][job]["steps"]

    left = next(step["with"] for step in steps("test", "linux") if "upload-artifact" in step.get("uses", ""))
    taken, put = (step["with"] for step in steps("publish", "pages")[:2])
    assert left["path"] == "build/site" and taken["name"] == left["name"] and put["path"] == taken["path"]
    assert steps("publish", "pages")[2]["uses"].startswith("actions/deploy-pages@")


def test_citation_issue_forms_and_workflows_keep_their_published_schemas():
    """check-jsonschema carries the schemas: nothing is asked of a network."""
    root, github = environment.ROOT, environment.ROOT / ".github"
    forms = [path for path in github.glob("ISSUE_TEMPLATE/*.yml") if path.stem != "config"]
    assert sorted(path.stem for path in forms) == ["taught", "unclear", "wrong"]
    checks = {
        "citation-file-format": [root / "CITATION.cff"],
        "github-issue-forms": forms,
        "github-issue-config": [github / "ISSUE_TEMPLATE" / "config.yml"],
        "github-workflows": list(github.glob("workflows/*.yml")),
    }
    for schema, files in checks.items():
        words = ["--builtin-schema", f"vendor.{schema}", *map(str, files)]
        done = CliRunner().invoke(check_jsonschema.main, words)
        assert done.exit_code == 0 and "ok -- validation done" in done.output, done.output


COMMANDS = [
    path.stem
    for path in sorted((lessons.ROOT / "scripts/tools").glob("*.py"))
    if "__main__" in path.read_text()
]


COMMANDS.remove("lesson_cells")
# some need a word before their options are looked at
WORDS = {
    "release": "99.0",
    "colab_tag": "v99.0",
    "notebook_text": "text 01",
    "rebuild_diabetes": "nothing.csv",
}


@pytest.fixture(scope="module")
def misspelt():
    """How each command ended that was given an option it does not have, and whether a notebook changed by that."""
    notebooks = {path: path.read_bytes() for path in lessons.all_lessons()}
    ended = json.loads(program("misspelt_options", *(f"{name}={WORDS.get(name, '')}" for name in COMMANDS)))
    return ended, notebooks == {path: path.read_bytes() for path in lessons.all_lessons()}


@pytest.mark.parametrize("module", COMMANDS)
def test_a_misspelt_option_changes_nothing_and_says_so(misspelt, module):
    ended, unchanged = misspelt
    assert unchanged
    status, said = ended[module]
    assert status == 2 and "--mispelt" in said


def test_the_seconds_a_cell_names_change_only_when_they_are_no_longer_true():
    assert store.settled(None, 12.34) == 12.3
    assert (
        store.settled(12.0, 14.0) == 12.0
        and store.settled(0.2, 0.9) == 0.2
        and store.settled(0.0, 5.0) == 5.0
    )
    assert store.settled(12.0, 30.0) == 30.0
    assert store.settled(58.0, 61.0) == 61.0 and store.settled(61.0, 59.0) == 59.0


def test_setting_up_names_what_it_fetches():
    line = "  Downloading https://example.org/a/tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl (621.3 MB)"
    assert environment.fetched(line) == "fetching tensorflow-2.21.0 (621.3 MB)"
    assert environment.fetched("  Using cached torch-2.14.1-cp311-none-any.whl (1.2 GB)").endswith(
        "torch-2.14.1 (1.2 GB)"
    )
    assert environment.fetched("  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)") is None
    assert environment.fetched("Collecting tensorflow") is None


def test_every_lesson_has_its_row_on_the_lecturers_page():
    page = (environment.ROOT / "docs" / "lecturers.md").read_text(encoding="utf-8")
    for path in lessons.all_lessons():
        assert re.search(rf"^\| {path.name[:2]} ", page, re.M), f"{path.name} is missing in docs/lecturers.md"


def test_the_environment_is_stale_when_anything_it_was_made_from_changes(tmp_path, monkeypatch):
    for name in ("requirements-core.txt", "requirements.txt", "constraints.txt"):
        shutil.copy(environment.ROOT / name, tmp_path / name)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "STAMP", tmp_path / ".venv" / "stamp.json")
    assert environment.staleness("core") == "there is none yet"
    python = environment.python_of(tmp_path / ".venv")
    python.parent.mkdir(parents=True)
    python.symlink_to(os.path.realpath(shutil.which("python3")))
    assert environment.staleness("core") == "the last set-up did not finish"
    environment.STAMP.write_text(json.dumps(environment.wanted("core")))
    assert environment.staleness("core") is None
    assert "lacks what requirements.txt adds" in environment.staleness("full")
    environment.STAMP.write_text(json.dumps(environment.wanted("full")))
    assert environment.staleness("core") is None and environment.staleness("full") is None
    (tmp_path / "constraints.txt").write_text("numpy==2.1.3\n")
    assert environment.staleness("core") == "the requirements have changed"
    environment.STAMP.write_text(json.dumps({**environment.wanted("core"), "python": "3.10.1"}))
    assert environment.staleness("core") == "it was made with Python 3.10.1"


def test_an_unfit_python_is_told(monkeypatch, capsys):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 0))
    assert environment.main("core") == 1
    assert "needs Python 3.11 to 3.13" in capsys.readouterr().err


def test_the_lab_asks_before_it_fetches_five_gigabytes(monkeypatch):
    monkeypatch.setattr(lab, "staleness", lambda level: "not there")
    monkeypatch.setattr(lab.sys, "stdin", open(os.devnull))
    assert lab.wants_everything(["15"]) is False and lab.wants_everything(["01"]) is False


def test_the_lessons_chosen_decide_on_pytorch_by_their_metadata(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for name, packages in (("01_a", {"tensorflow": "tensorflow"}), ("15_b", {"torch": "torch"})):
        text = json.dumps({"metadata": {"course": {"packages": packages}}})
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(text)
    (tmp_path / "notebooks" / "02_broken.ipynb").write_text("<<<<<<<")
    for words, level in (
        (("for",), "full"),
        (("for", "1"), "core"),
        (("for", "2", "77"), "core"),
        (("for", "01", "15"), "full"),
        (("core",), "core"),
        ((), "core"),
    ):
        assert environment.arguments(*words) == level


def test_weights_that_cannot_be_had_do_not_stop_the_set_up(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(environment.subprocess, "run", lambda command, **how: calls.append(command))
    environment.fetch_weights("core")
    environment.fetch_weights("full")
    assert calls[0][1:] == ["-m", "scripts.pretrained", "efficientnet_lite0"]
    assert calls[1][1:] == ["-m", "scripts.pretrained", "efficientnet_lite0", "tiny_yolov3"]
    (tmp_path / "efficientnet-lite0-57934424.pth").touch()
    environment.fetch_weights("full")
    assert calls[2][1:] == ["-m", "scripts.pretrained", "tiny_yolov3"]
    (tmp_path / "tiny-yolov3.pt").touch()
    environment.fetch_weights("full")
    assert len(calls) == 3


def test_make_sets_up_what_the_lessons_need_and_the_lab_asks_first():
    text = (environment.ROOT / "Makefile").read_text(encoding="utf-8")
    assert "scripts.tools.environment for $(LESSONS)" in text
    for target in ("course", "test", "notebooks", "seeds"):
        assert f"\n{target}: environment\n" in text
    assert "\nlab: core\n" in text


def test_weights_of_a_lesson_without_any_are_told(capsys):
    assert train_weights.main("01") == 0
    assert "No lesson ships trained weights among 01." in capsys.readouterr().out


def test_every_shipped_weight_has_a_trainer_and_every_trainer_a_lesson():
    modules = [
        import_module(f"scripts.tools.trainers.lesson_{n}") for n in train_weights.lessons_with_weights()
    ]
    names = {name for module in modules for name in module.TRAINERS}
    assert names == set(weights.manifest())
    assert {"07", "08"} <= set(train_weights.lessons_with_weights())
    for number in train_weights.lessons_with_weights():
        assert lessons.chosen([number])


def test_trainers_are_called_by_lesson(monkeypatch, capsys):
    called = []
    monkeypatch.setitem(
        import_module("scripts.tools.trainers.lesson_07").TRAINERS,
        "mnist_cnn",
        lambda: called.append("mnist_cnn"),
    )
    assert train_weights.main("7") == 0 and called == ["mnist_cnn"]
    assert "training mnist_cnn" in capsys.readouterr().out


def test_help_names_every_target_and_every_target_runs_a_tool_that_is_there():
    text = (environment.ROOT / "Makefile").read_text()
    targets = set(re.search(r"\.PHONY: (.*)", text).group(1).split())
    told = subprocess.run(["make", "help"], cwd=environment.ROOT, capture_output=True, text=True).stdout
    assert all(
        f"make {target} " in told for target in targets - {"help", "environment", "core", "alone-environment"}
    )
    tools = set(re.findall(r"(?:\$\(RUN\)|scripts\.tools)\.(\w+)", text))
    assert len(tools) > 10 and tools <= {
        path.stem for path in (environment.ROOT / "scripts/tools").glob("*.py")
    }


@pytest.mark.parametrize(
    ("lesson", "told"), [("01_linear_regression", "is there already"), ("20-trial", "is named like")]
)
def test_a_text_never_takes_the_place_of_a_lesson_that_is_there(lesson, told, tmp_path):
    before = {path: path.read_bytes() for path in lessons.all_lessons()}
    (tmp_path / "text.py").write_text("")
    command = [
        sys.executable,
        "-m",
        "scripts.tools.notebook_text",
        "notebook",
        str(tmp_path / "text.py"),
        lesson,
    ]
    done = subprocess.run(command, cwd=environment.ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and told in done.stderr
    assert before == {path: path.read_bytes() for path in lessons.all_lessons()}
