"""Worker processes: what they compute together, what is told of their errors, and that every one is gone in the end."""

import inspect
import json
import os
import signal
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from jupyter_client.manager import start_new_kernel

from scripts import ROOT, data
from scripts.distributed import slides_net, workers
from scripts.distributed.ring import all_reduce
from scripts.tools import lessons

SLIDES = [
    slides_net.slides_net,
    slides_net.make_step,
    slides_net.place_of,
    slides_net.rows_of,
    slides_net.resume,
    slides_net.train,
]


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


@pytest.fixture(scope="module")
def pictures():
    images = data.load_photo_patches()
    return {"x": images.x_train[:640], "y": images.y_train[:640].ravel().astype("int32")}


BOTH_WAYS = """
def both_ways(strategy, x, y):
    together = train(strategy, x, y, 6, 32)
    keras.backend.clear_session()
    strategy.reduce = lambda how, value, axis: value
    return together | {"apart": train(strategy, x, y, 6, 32)["weights"]}
"""


@pytest.fixture(scope="module")
def two(pictures):
    """Two workers' results, with the reduction and with it left out; their process numbers, and what they said."""
    with workers.start([*SLIDES, BOTH_WAYS], 2, arrays=pictures) as group:
        group.wait()
        return group.results, group.pids, [group.said(0), group.said(1)]


def test_two_workers_take_the_steps_of_one(two, pictures):
    (first, second), _, _ = two
    alone = slides_net.train(tf.distribute.get_strategy(), **pictures, steps=6, batch=32)
    np.testing.assert_allclose(first["losses"], alone["losses"], atol=1e-5)
    np.testing.assert_array_equal(first["losses"], second["losses"])
    np.testing.assert_array_equal(first["weights"], second["weights"])


def test_without_the_reduction_the_workers_part(two):
    (first, second), _, _ = two
    assert np.abs(first["apart"] - second["apart"]).max() > 1e-3


def test_workers_tell_themselves_apart_and_are_gone(two):
    _, pids, said = two
    assert len({*pids, os.getpid()}) == 3
    for index, (pid, words) in enumerate(zip(pids, said, strict=True)):
        assert words.startswith(f"worker {index} of 2, process {pid}\n")
        assert gone(pid)


STAYS = """
from scripts.distributed import workers
group = workers.start(["def stay(strategy):\\n    print('here', flush=True)\\n    time.sleep(60)\\n"], 2)
for index in (0, 1):
    group.wait_for("here", index)
print(*group.pids, group.folder)
"""


@pytest.mark.long
def test_every_worker_is_gone_after_the_notebooks_kernel_is_killed():
    manager, client = start_new_kernel(cwd=str(ROOT), env={**os.environ, "PYTHONPATH": str(ROOT)})
    told = []
    try:
        client.execute_interactive(STAYS, timeout=100, output_hook=told.append)
        lines = "".join(one["content"]["text"] for one in told if one["msg_type"] == "stream")
        *pids, folder = lines.splitlines()[-1].split()
        pids = [int(pid) for pid in pids]
        assert len(pids) == 2 and not any(gone(pid, 0.1) for pid in pids)
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        assert all(gone(pid) for pid in pids) and not Path(folder).exists()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_an_error_is_told_and_everything_ended():
    text = "def fails(strategy, what):\n    raise ValueError(f'no {what}\\nhere')\n"
    with pytest.raises(
        workers.WorkerError, match="worker 0 ended with status 1: ended by ValueError: no step here"
    ):
        with workers.start([text], 1, what="step") as group:
            group.wait()
    assert all(gone(pid) for pid in group.pids) and not group.folder.exists()


def test_what_takes_too_long_is_ended():
    text = "def stays(strategy):\n    import time\n    time.sleep(60)\n"
    with pytest.raises(workers.WorkerError, match="not done after 1 s"):
        with workers.start([text], 1, seconds=1) as group:
            group.wait()
    assert all(gone(pid) for pid in group.pids)


def test_leaving_the_block_by_an_error_ends_the_workers():
    with pytest.raises(KeyboardInterrupt):
        with workers.start(["def stays(strategy):\n    pass\n"], 2) as group:
            raise KeyboardInterrupt
    assert all(gone(pid) for pid in group.pids) and not group.folder.exists()


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match="count is 1 or more, not 0"):
        workers.start(["def f(strategy):\n    pass\n"], 0)


def test_each_worker_is_told_who_takes_part():
    addresses = workers.cluster_of(3)
    told = [json.loads(workers.tf_config(addresses, index)) for index in range(3)]
    assert len(set(addresses)) == 3
    assert [one["task"] for one in told] == [{"type": "worker", "index": i} for i in range(3)]
    assert all(one["cluster"] == {"worker": addresses} for one in told)


def test_the_page_shows_every_function_that_the_program_has():
    [path] = lessons.chosen(["20"])
    shown = "\n".join(cell.source for cell in lessons.read(path).cells if cell.cell_type == "code")
    for function in SLIDES:
        assert f"\ndef {function.__name__}(" in f"\n{shown}"
    # the others' cells say what they mirror, and a test of the anatomy compares them
    assert inspect.getsource(slides_net.place_of) in shown


def test_rows_of_an_epoch_are_shared_out_once():
    count, batch = 100, 20
    for shares in (1, 2, 4):
        rows = [slides_net.rows_of(s, batch, count, me, shares) for s in range(5) for me in range(shares)]
        assert sorted(np.concatenate(rows)) == list(range(count))
    first, second = (slides_net.rows_of(s, batch, count, 0, 1) for s in (0, 5))
    assert set(first) != set(second)  # the next epoch is mixed anew


def test_training_goes_on_where_it_was_kept(tmp_path, pictures):
    alone, folder = tf.distribute.get_strategy(), str(tmp_path)
    whole = slides_net.train(alone, **pictures, steps=6, batch=32)
    slides_net.train(alone, **pictures, steps=5, batch=32, folder=folder, every=2)
    resumed = slides_net.train(alone, **pictures, steps=6, batch=32, folder=folder, every=2)
    assert resumed["first"] == 4
    np.testing.assert_allclose(resumed["losses"], whole["losses"][4:], atol=1e-6)
    np.testing.assert_allclose(resumed["weights"], whole["weights"], atol=1e-6)
    keras.backend.clear_session()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("numbers", [1, 4, 12])
def test_the_ring_gives_everyone_the_sum(count, numbers):
    rng, rounds = np.random.default_rng(0), []
    vectors = [rng.normal(size=numbers) for _ in range(count)]
    sums, sent = all_reduce(vectors, lambda parts, message: rounds.append(message))
    for one in sums:
        np.testing.assert_allclose(one, np.sum(vectors, axis=0))
    assert len(rounds) == 2 * (count - 1)
    # each talks to its neighbour only, and sends 2 (n - 1) / n of the numbers, whatever the number of workers
    assert all(receiver == (sender + 1) % count for message in rounds for sender, receiver, _ in message)
    assert sent.sum() == 2 * (count - 1) * numbers
