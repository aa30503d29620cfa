"""Workers that deploy/ starts on this machine, and what the program on JAX shares with the lesson."""

import ast
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from deploy import start_here
from scripts import ROOT

DEPLOY, PROGRAMS = ROOT / "deploy", ROOT / "tests" / "programs"


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process has ended, or does so soon."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def functions_of(path: Path) -> dict[str, ast.FunctionDef]:
    """The functions of a file that is not imported: of keras_jax.py, since it would choose Keras' backend."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_the_net_on_jax_is_that_of_the_lesson():
    bodies = []
    for path in (DEPLOY / "keras_jax.py", ROOT / "scripts" / "distributed" / "slides_net.py"):
        # the docstring aside
        bodies.append([ast.dump(one) for one in functions_of(path)["slides_net"].body[1:]])
    assert bodies[0] == bodies[1]


def test_shares_of_a_batch_are_the_batch():
    share = functions_of(DEPLOY / "keras_jax.py")["share"]
    space = {"np": np}
    exec(compile(ast.Module([share], []), "keras_jax.py", "exec"), space)
    rows = np.arange(22).reshape(11, 2)
    mine = [space["share"](rows, 4, me, 2).tolist() for me in (0, 1)]
    assert [len(one) for one in mine] == [4, 4]
    for step in range(2):
        together = sum((one[2 * step : 2 * step + 2] for one in mine), [])
        assert sorted(together) == rows[4 * step : 4 * step + 4].tolist()


def test_jax_is_pinned_apart_from_the_course():
    def pins(path: Path) -> dict[str, str]:
        found = re.findall(r"^([\w.-]+)\s*==\s*(\S+)", path.read_text(encoding="utf-8"), re.M)
        return {name.lower(): version for name, version in found}

    apart, course = pins(DEPLOY / "requirements-jax.txt"), pins(ROOT / "constraints.txt")
    assert set(apart) == {"keras", "jax", "jaxlib", "numpy"}
    assert {name: apart[name] for name in ("keras", "numpy")} == {n: course[n] for n in ("keras", "numpy")}
    for file in ("constraints.txt", "requirements-core.txt", "requirements.txt", "environment.yml"):
        assert not re.search(r"^[\s-]*jax", (ROOT / file).read_text(encoding="utf-8"), re.M), file


def test_workers_started_here_know_their_places(capsys):
    assert start_here.run(3, 30, str(PROGRAMS / "tells_its_place.py"), ["--x"]) == 0
    lines = [line.split(": ", 1) for line in capsys.readouterr().out.splitlines() if "{" in line]
    told = {who: json.loads(words) for who, words in lines}
    assert {who: one["KERAS_DISTRIBUTION_PROCESS_ID"] for who, one in told.items()} == {
        f"worker {i}": str(i) for i in range(3)
    }
    (addresses,) = {one["KERAS_DISTRIBUTION_JOB_ADDRESSES"] for one in told.values()}
    assert len(set(addresses.split(","))) == 3
    assert all(one.startswith("127.0.0.1:") for one in addresses.split(","))
    assert {one["KERAS_DISTRIBUTION_NUM_PROCESSES"] for one in told.values()} == {"3"}
    assert all(one["arguments"] == ["--x"] for one in told.values())


def pids_in(said: str) -> list[int]:
    return [int(pid) for pid in re.findall(r"process (\d+)", said)]


@pytest.mark.parametrize(
    ("arguments", "seconds", "words"),
    [
        (["fail"], 30, "worker 1 ended with status 7; the others cannot go on"),
        ([], 1, "not done after 1 s"),
    ],
)
def test_no_worker_is_left_after_a_failure_or_the_time(capsys, monkeypatch, arguments, seconds, words):
    monkeypatch.setattr(start_here, "GRACE", 0.2)
    assert start_here.run(2, seconds, str(PROGRAMS / "waits_beside_a_failing_one.py"), arguments) == 1
    said = capsys.readouterr().out
    assert words in said and len(pids_in(said)) == 2
    assert all(gone(pid) for pid in pids_in(said))


def test_no_worker_is_left_when_the_one_who_started_them_is_killed():
    command = [sys.executable, str(DEPLOY / "start_here.py"), "--seconds", "50"]
    waits = str(PROGRAMS / "waits_beside_a_failing_one.py")
    with subprocess.Popen([*command, waits], stdout=subprocess.PIPE, text=True) as group:
        said = ""
        while said.count("here") < 2:
            said += group.stdout.readline()
        group.send_signal(signal.SIGKILL)
    assert len(pids_in(said)) == 2
    assert all(gone(pid) for pid in pids_in(said))
