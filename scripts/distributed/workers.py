"""Worker processes on this machine, as a cluster of TensorFlow's: started, watched, and ended whatever happens.

    with workers.start([build, train], count=2, seconds=60, steps=50) as group:
        group.wait()
    group.results[0]["losses"]

Each process runs worker.py, which defines the functions anew from their text and calls the last one with a strategy and the
settings. On a cluster of separate machines each machine starts that program itself, and TF_CONFIG names the others' addresses.
A worker ends when it is done, when its time is over, when `start`'s block is left, and when the process that started it is gone.
"""

import contextlib
import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np

from scripts import ROOT
from scripts.runtime import CourseError

LOOPBACK = "127.0.0.1"


class WorkerError(CourseError):
    """A worker ended with an error, or did not end in time; the message holds what it said last."""


def start(
    functions,
    count: int = 2,
    seconds: float = 60,
    arrays: dict | None = None,
    threads: int | None = None,
    **settings,
) -> "Group":
    """Start `count` processes that call the last of `functions` as `function(strategy, **arrays, **settings)`.

    Args:
        functions: functions of this notebook, or their text; they see each other, np, tf, keras, layers and time, nothing else.
            What the last one returns, a dictionary of arrays and numbers, becomes an entry of `Group.results`.
        seconds: after which a worker that still runs is ended.
        arrays: NumPy arrays by name; they reach the workers by a file.
        threads: of each worker; None shares the cores out.
        settings: numbers, texts and lists, as JSON keeps them.

    Raises:
        ValueError: no worker, or a setting that JSON cannot keep.
    """
    if count < 1:
        raise ValueError(f"count is 1 or more, not {count}")
    texts = [one if isinstance(one, str) else textwrap.dedent(inspect.getsource(one)) for one in functions]
    name = [line for line in texts[-1].splitlines() if line.startswith("def ")][-1][4:].split("(")[0]
    task = json.dumps({"function": name, "settings": settings, "seconds": seconds})
    folder = Path(tempfile.mkdtemp(prefix="workers-"))
    (folder / "functions.py").write_text("\n\n".join(texts), encoding="utf-8")
    (folder / "task.json").write_text(task, encoding="utf-8")
    np.savez(folder / "arrays.npz", **(arrays or {}))
    threads = threads or max(1, (os.cpu_count() or 1) // count)
    return Group(folder, cluster_of(count), seconds, threads)


def cluster_of(count: int) -> list[str]:
    """Addresses for `count` workers on this machine, at ports that are free now."""
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [f"{LOOPBACK}:{one.getsockname()[1]}" for one in sockets]


def tf_config(addresses: list[str], index: int) -> str:
    """The variable TF_CONFIG of one worker: who takes part, the same for all, and which of them this one is."""
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


class Group:
    """Worker processes that belong together.

    pids: their process numbers. results: what each returned, after `wait`; None for one that was ended.
    """

    def __init__(self, folder: Path, addresses: list[str], seconds: float, threads: int):
        self.folder, self.addresses, self.seconds, self.threads = folder, addresses, seconds, threads
        self.results, self._processes = [], []
        self._began = time.monotonic()
        try:
            for index in range(len(addresses)):
                self._processes.append(self._start_one(index))
        except BaseException:
            self.close()
            raise

    def _start_one(self, index: int) -> subprocess.Popen:
        environment = {
            **os.environ,
            "TF_CONFIG": tf_config(self.addresses, index),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # several workers on one GPU would each claim the whole of it
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_NUM_INTRAOP_THREADS": str(self.threads),
            # a proxy of the network is not asked about addresses of this machine
            "no_grpc_proxy": LOOPBACK,
        }
        command = [sys.executable, "-m", "scripts.distributed.worker", str(self.folder)]
        with self._said(index).open("wb") as said, self._errors(index).open("wb") as errors:
            return subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=errors, cwd=ROOT
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pids(self) -> list[int]:
        return [one.pid for one in self._processes]

    def _said(self, index: int) -> Path:
        return self.folder / f"worker{index}.txt"

    def _errors(self, index: int) -> Path:
        return self.folder / f"worker{index}.errors.txt"

    def said(self, index: int) -> str:
        """All that a worker has printed so far."""
        return self._said(index).read_text(encoding="utf-8", errors="replace")

    def alive(self, index: int) -> bool:
        return self._processes[index].poll() is None

    def wait_for(self, words: str, index: int = 0) -> None:
        """Come back when a worker has printed these words.

        Raises:
            WorkerError: it ended before it did, or its time was over.
        """
        while words not in self.said(index):
            if not self.alive(index) and words not in self.said(index):
                raise WorkerError(f"worker {index} ended before it said {words!r}: {self._last_words(index)}")
            self._in_time()
            time.sleep(0.02)

    def kill(self, index: int) -> None:
        """End one worker at once, as a machine that fails does: it cannot say good-bye."""
        self._processes[index].kill()
        self._processes[index].wait()

    def wait(self, failing: bool = False) -> list:
        """Wait until all have ended, and gather `results`.

        Args:
            failing: whether a worker may end with an error, since another was killed.

        Raises:
            WorkerError: a worker ended with an error, or its time was over.
        """
        while any(self.alive(index) for index in range(len(self.pids))):
            wrong = [i for i, one in enumerate(self._processes) if one.poll() not in (None, 0)]
            if wrong and not failing:
                break
            self._in_time()
            time.sleep(0.02)
        for index, one in enumerate(self._processes):
            if one.poll() not in (None, 0) and not failing:
                words = self._last_words(index)
                self.close()
                raise WorkerError(f"worker {index} ended with status {one.poll()}: {words}")
        self.results = [self._result(index) for index in range(len(self.pids))]
        return self.results

    def error(self, index: int) -> str:
        """The kind of error that a worker ended with, such as "UnavailableError"; "" where there is none."""
        lines = self._errors(index).read_text(encoding="utf-8", errors="replace").splitlines()
        ends = [line for line in lines if line.startswith("ended by ")]
        return ends[-1].removeprefix("ended by ").split(":")[0] if ends else ""

    def _in_time(self) -> None:
        if time.monotonic() - self._began > self.seconds:
            words = "; ".join(f"{i}: {self._last_words(i)}" for i in range(len(self.pids)))
            self.close()
            raise WorkerError(
                f"the workers were not done after {self.seconds:.0f} s and were ended ({words})"
            )

    def _last_words(self, index: int) -> str:
        errors = self._errors(index).read_text(encoding="utf-8", errors="replace")
        lines = [line for line in (self.said(index) + "\n" + errors).splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"

    def _result(self, index: int) -> dict | None:
        path = self.folder / f"worker{index}.npz"
        if not path.is_file():
            return None
        with np.load(path) as kept:
            return {name: kept[name] for name in kept.files}

    def close(self) -> None:
        """End all, and remove their files. What was gathered stays."""
        for one in self._processes:
            if one.poll() is None:
                one.kill()
            one.wait()
            with contextlib.suppress(OSError):
                one.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)
