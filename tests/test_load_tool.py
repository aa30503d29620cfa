"""`make load` in small: what its parts count, that a limit that is passed is told, and that nothing is left behind."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from scripts import ROOT
from scripts.tools import load
from scripts.tools.loading import downloads, processes, stream
from scripts.tools.loading.memory import Watch, descendants, resident

SMALL = {"mnist": (20, 10, 28, 28), "cifar10": (20, 10, 32, 32, 3)}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of `make load`, here an empty one."""
    for module in (processes, stream):
        monkeypatch.setattr(module, "FOLDER", tmp_path / "load")
    return tmp_path / "load"


def test_processes_at_one_cold_cache_download_each_file_once_and_all_have_it(folder, capsys):
    assert downloads.run(3, 60, SMALL) == []
    said = capsys.readouterr().out
    assert said.startswith("downloads: 3 of 3 processes have the same, right data after ")
    assert "{'mnist': 1, 'cifar10': 1}" in said
    assert list(folder.iterdir()) == []


def test_other_data_than_the_manifests_are_found(monkeypatch):
    """The server's files are not those that the manifest names: the loaders take their stand-ins, and that is told."""
    made_up = downloads.made_up

    def other_bytes(place, address, shapes):
        entries = made_up(place, address, shapes)
        (place / "mnist.npz").write_bytes(b"another file")
        return entries

    monkeypatch.setattr(downloads, "made_up", other_bytes)
    wrong = downloads.run(1, 60, SMALL)
    assert len(wrong) == 1 and wrong[0].startswith("a process ended with {'content': {'mnist': ")


@pytest.mark.long
def test_a_stream_is_read_whole_and_its_shards_are_removed(folder, monkeypatch, capsys):
    monkeypatch.setattr(stream, "SHARD", 3_000_000)
    # no process with TensorFlow keeps this limit, and it is all that is wrong
    monkeypatch.setattr(stream, "AT_MOST", 1e6)
    [wrong] = stream.run(0.02, 100)
    assert wrong.startswith("held ")
    assert "stream: 0.02 GB in 7 shards, written in " in capsys.readouterr().out
    assert list(folder.iterdir()) == []


def test_a_stream_without_room_writes_nothing(folder, monkeypatch):
    asked = []

    def usage(place):
        asked.append(place)
        return SimpleNamespace(free=1_005_000_000)

    monkeypatch.setattr(stream.shutil, "disk_usage", usage)
    assert stream.run(0.005, 60) == ["needs 1.006 GB of the disk, and 1.005 GB are free"]
    assert asked == [folder] and list(folder.iterdir()) == []


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError])
def test_a_stream_that_is_broken_off_leaves_no_shards(folder, monkeypatch, capsys, problem):
    def broken_off(*_):
        # by now the shards are written
        assert len(list(folder.glob("*/shards/*.tfrecord"))) == 1
        raise problem

    monkeypatch.setattr(stream, "answers", broken_off)
    if problem is KeyboardInterrupt:
        assert load.main("stream", "--gigabytes", "0.005") == 1
        assert capsys.readouterr().out.splitlines()[-1].startswith("stopped")
    else:
        with pytest.raises(problem):
            load.main("stream", "--gigabytes", "0.005")
    assert list(folder.iterdir()) == []
    assert not [pid for pid in descendants(os.getpid()) if resident(pid)]


def test_a_process_that_takes_too_long_is_told_and_ended(tmp_path):
    # it waits for a file that never comes
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with processes.children([("downloads", tmp_path)], tmp_path) as started:
        assert processes.answers(started, tmp_path, 0.2) == [{"error": "not done after 0 s"}]
    assert started[0].poll() is not None


def test_the_watch_sees_the_memory_of_children_and_of_their_children():
    command = [sys.executable, "-m", "tests.programs.holds_memory"]
    with Watch() as watch, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"60000000\n"
        pids = descendants(child.pid)
        time.sleep(0.5)
        for pid in [*pids, child.pid]:
            os.kill(pid, 9)
    if sys.platform != "linux":
        assert str(watch) == "memory not measured"
    else:
        assert len(pids) == 1
        assert 60e6 < watch.largest < watch.together < 400e6


def test_an_unknown_part_is_told():
    with pytest.raises(SystemExit):
        load.main("uploads")


def test_the_made_up_files_have_the_forms_of_the_data_sets(tmp_path):
    entries = downloads.made_up(tmp_path, "http://127.0.0.1:1", SMALL)
    assert entries["mnist"]["sources"][0]["url"] == "http://127.0.0.1:1/mnist.npz"
    with np.load(tmp_path / "cifar10.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays} == {
            "x_train": (20, 32, 32, 3),
            "y_train": (20, 1),
            "x_test": (10, 32, 32, 3),
            "y_test": (10, 1),
        }
