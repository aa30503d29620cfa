"""Keras' own way to several workers: deploy/keras_jax.py, measured in an environment of its own.

One process, two processes, two of which one is killed, and the same resumed. Printed and returned are the
losses, their differences, and seconds. Run: python -m scripts.tools.card_runs.keras_on_jax
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import venv
from pathlib import Path

import numpy as np

from scripts import ROOT, data
from scripts.tools.environment import python_of

VENV = ROOT / "build" / "jax-env"
REQUIREMENTS = ROOT / "deploy" / "requirements-jax.txt"
START, PROGRAM = ROOT / "deploy" / "start_here.py", ROOT / "deploy" / "keras_jax.py"
PICTURES, BATCH, EPOCHS, KILLED_AFTER = 640, 64, 4, 2
SECONDS = 200  # a run that is not done by then is ended
INSTALLING = 900  # seconds


class RunError(RuntimeError):
    """A run did not do what it is measured for; the message holds what was said last."""


def set_up() -> dict | str:
    """Make build/jax-env, or take what is there. Returns its seconds and MB, or why it cannot be had."""
    stamp, wanted = VENV / "requirements-jax.txt", REQUIREMENTS.read_text(encoding="utf-8")
    if python_of(VENV).exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return {"environment": "was there"}
    began = time.perf_counter()
    pip = [str(python_of(VENV)), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
        subprocess.run(
            [*pip, "-r", str(REQUIREMENTS)], check=True, timeout=INSTALLING, capture_output=True, text=True
        )
    except (OSError, subprocess.SubprocessError) as problem:
        said = (getattr(problem, "stderr", "") or str(problem)).strip().splitlines() or ["nothing"]
        return f"Keras on JAX is not measured: its packages cannot be had ({said[-1][:200]})"
    stamp.write_text(wanted, encoding="utf-8")
    size = sum(path.stat().st_size for path in VENV.rglob("*") if path.is_file())
    seconds = time.perf_counter() - began
    return {"environment": f"made in {seconds:.0f} s, {size / 1e6:.0f} MB"}


def run(folder: Path, count: int, kill: bool = False) -> dict:
    """One training by `count` processes.

    Args:
        folder: of pictures.npz and of the backups; a backup that lies there is gone on from.
        kill: end worker 1 by SIGKILL in the epoch after KILLED_AFTER.

    Returns:
        What deploy/keras_jax.py writes, and wall: seconds from start to end. After a kill only after: seconds
        from the kill until all were gone.

    Raises:
        RunError: the run ended otherwise than it should.
    """
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    command = [str(python_of(VENV)), str(START), "--count", str(count), "--seconds", str(SECONDS)]
    command += [str(PROGRAM), "--data", str(folder / "pictures.npz"), "--folder", str(folder / "backups")]
    command += ["--epochs", str(EPOCHS), "--batch", str(BATCH), "--result", str(result)]
    began, pids, said, killed = time.perf_counter(), {}, [], None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as group:
        try:
            for line in group.stdout:
                said.append(line.strip())
                worker, _, words = said[-1].partition(": ")
                if words.startswith("process "):
                    pids[worker] = int(words.split()[1])
                if kill and killed is None and said[-1].startswith(f"worker 0: epoch {KILLED_AFTER},"):
                    os.kill(pids["worker 1"], signal.SIGKILL)
                    killed = time.perf_counter()
        except BaseException:
            # its workers end with it
            group.kill()
            raise
    wall = time.perf_counter() - began
    if kill:
        if killed is None or group.returncode == 0:
            raise RunError(f"no worker was killed: {said[-1:]}")
        return {"after": time.perf_counter() - killed}
    if group.returncode or not result.is_file():
        raise RunError(f"the run of {count} ended with status {group.returncode}: {' / '.join(said[-4:])}")
    return json.loads(result.read_text(encoding="utf-8")) | {"wall": wall}


def keras_jax() -> dict:
    """Measure and print all four runs. Returns them for the lesson's card; {} where that cannot be done."""
    made = set_up()
    if isinstance(made, str):
        print(made)
        return {}
    pictures = data.load_cifar10_or_photo_patches()
    folder = Path(tempfile.mkdtemp(prefix="keras-jax-"))
    try:
        x, y = pictures.x_train[:PICTURES], pictures.y_train[:PICTURES].ravel()
        np.savez(folder / "pictures.npz", x=x, y=y)
        one, two = run(folder, 1), run(folder, 2)
        cut, resumed = run(folder, 2, kill=True), run(folder, 2)
    except RunError as problem:
        print(f"Keras on JAX is not measured: {problem}")
        return {}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    first, second = (np.array(list(each["losses"].values())) for each in (one, two))
    rows = {
        "packages": ", ".join(REQUIREMENTS.read_text(encoding="utf-8").replace("==", " ").split("\n")[1:-1]),
        **made,
        "data": f"{PICTURES} pictures of {pictures.name}, {EPOCHS} epochs, batches of {BATCH}",
        "losses of one process": [round(float(loss), 7) for loss in first],
        "losses of two": [round(float(loss), 7) for loss in second],
        "differences": [float(f"{gap:.1e}") for gap in np.abs(first - second)],
        "seconds of one process, of two": [round(one["wall"], 1), round(two["wall"], 1)],
        "killed": f"worker 1, after epoch {KILLED_AFTER}; all gone {cut['after']:.1f} s later",
        "resumed at epoch": min(int(epoch) for epoch in resumed["losses"]),
        "last loss, resumed and uninterrupted": [round(each["loss"], 7) for each in (resumed, two)],
    }
    for name, value in rows.items():
        print(f"{name}: {value}", flush=True)
    return rows


if __name__ == "__main__":
    keras_jax()
