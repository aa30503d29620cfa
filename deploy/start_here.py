"""Start several workers of one program on this machine, and see to it that none is left.

    python deploy/start_here.py --count 2 --seconds 120 PROGRAM.py its arguments

Each worker gets the three variables of deploy/keras_jax.py, with addresses of this machine only. When one
fails, the others have a few seconds to end by themselves. A worker also ends when its time is over, and when
this process is gone, killed or not. Standard library only.
"""

import argparse
import os
import runpy
import socket
import subprocess
import sys
import threading
import time

LOOPBACK = "127.0.0.1"
GRACE = 5  # seconds that the others have, once one has failed
ALONE, LATE = 3, 4  # exit statuses: the process that started this one is gone; the time is over


def free_addresses(count: int) -> list[str]:
    """Addresses on this machine, at ports that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [f"{LOOPBACK}:{one.getsockname()[1]}" for one in sockets]
    finally:
        for one in sockets:
            one.close()


def variables(addresses: list[str], index: int) -> dict[str, str]:
    """What tells a worker who takes part, and which one it is."""
    return {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": ",".join(addresses),
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(len(addresses)),
        "KERAS_DISTRIBUTION_PROCESS_ID": str(index),
    }


def inside(seconds: float, program: str, arguments: list[str]) -> None:
    """What a worker process does: run the program, and watch the clock and the process that started it."""

    def until_alone() -> None:
        # the other end of standard input closes when the one who holds it ends
        while os.read(0, 1):
            pass
        os._exit(ALONE)

    threading.Thread(target=until_alone, daemon=True).start()
    clock = threading.Timer(seconds, os._exit, [LATE])
    clock.daemon = True
    clock.start()
    sys.argv = [program, *arguments]
    runpy.run_path(program, run_name="__main__")


def hand_on(index: int, said) -> None:
    """Print each line of a worker behind its number."""
    for words in said:
        print(f"worker {index}: {words.rstrip()}", flush=True)


def run(count: int, seconds: float, program: str, arguments: list[str]) -> int:
    """Run `count` workers to their end. Returns 0 where all went well, else 1; by then every one is gone."""
    addresses, workers, readers = free_addresses(count), [], []
    command = [sys.executable, os.path.abspath(__file__), "--inside", "--seconds", str(seconds)]
    # the workers talk to this machine only: no proxy of the network is to be asked
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    try:
        for index in range(count):
            told = {**own, **variables(addresses, index), "PYTHONUNBUFFERED": "1"}
            one = subprocess.Popen(
                [*command, program, *arguments],
                env=told,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            workers.append(one)
            print(f"worker {index}: process {one.pid}", flush=True)
            readers.append(threading.Thread(target=hand_on, args=[index, one.stdout], daemon=True))
            readers[-1].start()
        return wait(workers, seconds)
    finally:
        for one in workers:
            one.kill()
            one.wait()
            one.stdin.close()
        for one in readers:
            one.join(GRACE)


def wait(workers: list[subprocess.Popen], seconds: float) -> int:
    """Wait until all are done, one has failed and the others had their seconds, or the time is over."""
    end = time.monotonic() + seconds
    failed = None
    while any(one.poll() is None for one in workers):
        if time.monotonic() > end:
            print(f"not done after {seconds:g} s" if failed is None else "the others are ended", flush=True)
            return 1
        wrong = [(i, one.poll()) for i, one in enumerate(workers) if one.poll()]
        if wrong and failed is None:
            failed, end = wrong[0], min(end, time.monotonic() + GRACE)
            print(f"worker {failed[0]} ended with status {failed[1]}; the others cannot go on", flush=True)
        time.sleep(0.02)
    return int(any(one.poll() for one in workers))


def main() -> int:
    reads = argparse.ArgumentParser(description="Start several workers of one program on this machine.")
    reads.add_argument("--count", type=int, default=2)
    reads.add_argument("--seconds", type=float, default=120, help="after which all are ended")
    reads.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    reads.add_argument("program")
    reads.add_argument("arguments", nargs=argparse.REMAINDER)
    line = reads.parse_args()
    if line.count < 1:
        reads.error(f"--count is 1 or more, not {line.count}")
    if not os.path.isfile(line.program):
        reads.error(f"there is no file {line.program}")
    if line.inside:
        inside(line.seconds, line.program, line.arguments)
        return 0
    return run(line.count, line.seconds, line.program, line.arguments)


if __name__ == "__main__":
    sys.exit(main())
