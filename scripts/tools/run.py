"""`make course`: run every lesson from a fresh kernel, print a table, leave the site of this run in build/site.

The table tells seconds, the most memory that the lesson's kernel held, its claims, and which data served.
Environment: WORKERS, how many lessons run at a time (2; a GPU takes 1).
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from scripts.tools import anatomy, lessons, site, site_check
from scripts.tools.execute import WORKERS, Run, alone, execute, shared_cores

HEAD = ("lesson", "seconds", "MB", "kept", "missed", "not measured", "data")


def table(runs: list[Run]) -> str:
    """The runs as a table of text."""
    rows = [HEAD]
    for run in runs:
        counts = [str(run.count(status)) for status in ("kept", "missed", "not measured")]
        memory = "-" if run.megabytes is None else f"{run.megabytes:.0f}"
        rows.append(
            (run.path.stem, f"{run.seconds:.1f}", memory, *counts, "failed" if run.error else run.data)
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def problems(run: Run) -> list[str]:
    """What went wrong in a run, a line each."""
    found = [f"{run.path.stem}, cell {run.cell}: {run.error}"] if run.error else []
    missed = [claim for claim in run.claims if claim["status"] == "missed"]
    return found + [
        f"{run.path.stem}, claim {c['id']} missed: got {c['got']:.6g}, bound {c['bound']}" for c in missed
    ]


def run_all(paths: list[Path], workers: int) -> list[Run]:
    """Run lessons, `workers` at a time; a bar counts cells. Returns the runs in the given order."""
    total = sum(lessons.count_cells(path) for path in paths)
    bar = tqdm(total=total, unit="cell", ncols=79, file=sys.stdout, disable=None)

    def one(path: Path) -> Run:
        left = lessons.count_cells(path)

        def step():
            nonlocal left
            left -= 1
            bar.update(1)

        bar.set_description(path.stem[:24])
        run = execute(path, step=step, **shared_cores(workers))
        bar.update(left)  # cells behind the one at which a lesson failed
        if not sys.stdout.isatty():
            print(f"{path.stem}: {run.seconds:.1f} s{', failed' if run.failed else ''}", flush=True)
        return run

    with bar, ThreadPoolExecutor(workers) as pool:
        try:
            return list(pool.map(one, paths))
        except KeyboardInterrupt:
            print("\nStopped.", flush=True)
            # the pool would wait for its lessons' ends; a kernel ends by itself when its parent does
            os._exit(130)


def main(*arguments: str) -> int:
    """Run the lessons named, or all. Returns 1 when a cell failed or a claim was missed."""
    chosen = lessons.chosen(lessons.parser("make course", __doc__).parse_args(arguments).lessons)
    with alone():
        return course_of(chosen)


def course_of(chosen: list[Path]) -> int:
    """Run these lessons, print what they took, and make the site of the run. Returns an exit status."""
    workers = min(WORKERS, len(chosen))
    began = time.monotonic()
    runs = run_all(chosen, workers)
    print("\n" + table(runs))
    if workers > 1:
        print(f"The lessons ran {workers} at a time; alone, as by WORKERS=1, each takes fewer seconds.")
    for run in runs:
        if workers == 1 and run.seconds > (limit := anatomy.limit_of(run.path)):
            print(f"note: {run.path.stem} took {run.seconds:.0f} s, its budget on 2 cores is {limit} s")
    print(f"{time.monotonic() - began:.0f} s in all", end="")
    if measured := [run for run in runs if run.megabytes is not None]:
        most = max(measured, key=lambda run: run.megabytes)
        print(f"; most memory: {most.path.stem}, {most.megabytes:.0f} MB", end="")
    print()
    lines = [line for run in runs for line in problems(run)]
    print("\n".join(["", *(lines or ["Every lesson ran."])]), flush=True)
    began, course = time.monotonic(), site.of_runs(runs)
    try:
        found = site.build(course) + site_check.problems(site.SITE, course)
    except OSError as problem:
        print(f"\nThe site of this run could not be written: {problem.strerror or problem}")
        return 1
    print(
        "\n".join(["", *found, "The site of this run: " + site.report(site.SITE, time.monotonic() - began)])
    )
    return 1 if lines + found else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
