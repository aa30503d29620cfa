"""`make load`: what many processes at once, and many pictures, take. Status 1 where a limit is passed.

    python -m scripts.tools.load [downloads] [lessons] [stream]

downloads: 20 processes call the loaders of lessons 05 and 08 at once, with nothing in the cache. One download of each file.
lessons: 4 kernels run lessons 05 and 08 whole at the same time, under 12 GB together.
stream: 4 GB of shards, made here and removed afterwards, read as lesson 20 reads them, under 1.5 GB.
Memory is what Linux tells of processes: of one, all that it holds; of several together, what they share counts once. Elsewhere
nothing is measured.
"""

import argparse
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from scripts.tools import execute, lessons
from scripts.tools.loading import downloads, stream
from scripts.tools.loading.memory import Watch
from scripts.tools.loading.processes import scratch
from scripts.tools.run import problems, table

TOGETHER = 12e9  # bytes that the kernels may hold


def lessons_at_once(kernels: int) -> list[str]:
    """Some kernels, each with a whole lesson, at the same time. Returns what is wrong, a line each."""
    paths = [lessons.chosen([("05", "08")[i % 2]])[0] for i in range(kernels)]
    cores = execute.shared_cores(kernels)
    # they share the cores: a cell takes longer than alone
    execute.TIMEOUT *= kernels
    with scratch() as folder, Watch() as watch, ThreadPoolExecutor(kernels) as pool:

        def one(place: int) -> execute.Run:
            return execute.execute(paths[place], COURSE_CLAIMS_DIR=str(folder / str(place)), **cores)

        runs = list(pool.map(one, range(kernels)))
    print(table(runs))
    print(f"lessons: {kernels} kernels at once; {watch}; at most {TOGETHER / 1e9:.0f} GB together")
    wrong = [line for one in runs for line in problems(one)]
    return wrong + [f"held {watch.together / 1e9:.1f} GB together"] * (watch.together > TOGETHER)


def _end(*_) -> None:
    raise KeyboardInterrupt


def main(*arguments: str) -> int:
    """Returns an exit status."""
    parser = argparse.ArgumentParser(
        prog="make load", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("parts", nargs="*", help="downloads, lessons, stream; all where none is named")
    parser.add_argument("--processes", type=int, default=20, help="of downloads")
    parser.add_argument("--kernels", type=int, default=4, help="of lessons")
    parser.add_argument("--gigabytes", type=float, default=4, help="of the stream")
    parser.add_argument("--seconds", type=float, default=900, help="that a process may take")
    options = parser.parse_args(arguments)
    parts = {
        "downloads": lambda: downloads.run(options.processes, options.seconds),
        "lessons": lambda: lessons_at_once(options.kernels),
        "stream": lambda: stream.run(options.gigabytes, options.seconds),
    }
    if unknown := set(options.parts) - set(parts):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    # who is asked to end removes what is there, as with Ctrl-C
    before, wrong = signal.signal(signal.SIGTERM, _end), []
    try:
        for name in options.parts or parts:
            wrong += [f"{name}: {line}" for line in parts[name]()]
    except KeyboardInterrupt:
        wrong.append("stopped; processes are ended, shards removed")
    finally:
        signal.signal(signal.SIGTERM, before)
    print("\n".join(wrong or ["every limit is kept"]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
