"""`make bench`: each listing as the lesson runs it, against the slides' way of running it.

Each side runs in a process of its own, five times, and the median counts. Building, tracing and compiling are measured;
imports are not, nor the first operation of TensorFlow's runtime, which either side gets before its clock starts. The
lesson's side executes the lesson's own cells. Either side prints what its listing prints, to a buffer in memory.
Where a listing would take minutes its time is scaled from a part and marked so; it then runs in full once for its result,
or not at all where even that would take minutes, and its result reads null.
Rows go to build/bench.json: lesson, listing, deck_s, ours_s, ratio, deck_result, ours_result and more.
"""

import contextlib
import gc
import importlib
import importlib.util
import io
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.build import lessons

REPEATS = 5


@dataclass(frozen=True)
class Listing:
    """One listing. `deck` runs it as the slides do and returns its result; `cells` are the lesson's cells that run it.

    deck: None where the whole would take minutes.
    deck_part: measures a part and returns the seconds scaled to the whole; None when `deck` is quick enough.
    value: the name of the variable that holds the lesson's result after its cells ran.
    prepare: cells that load or define what both sides have before the clock starts; given: a line of code, likewise.
    code: lines that run the cells' functions, after them, while the clock runs.
    """

    name: str
    listing: str
    kind: str
    deck: Callable[[], float] | None
    result: str
    cells: tuple[str, ...]
    value: str
    deck_part: Callable[[], float] | None = None
    prepare: tuple[str, ...] = ()
    given: str = ""
    code: str = ""


def listings(numbers: list[str]) -> list[Listing]:
    """The listings of some lessons, or of all, in order."""
    modules = (f"scripts.build.benches.lesson_{path.name[:2]}" for path in lessons.chosen(numbers))
    found = [importlib.import_module(name) for name in modules if importlib.util.find_spec(name)]
    return [listing for module in found for listing in module.LISTINGS]


def settle() -> None:
    """Before a clock starts: the garbage that imports left is theirs, and so is the cost of looking through their objects."""
    gc.collect()
    gc.freeze()


def deck_side(listing: Listing, part: bool) -> dict:
    """Run the slides' way in this process: seconds and result (None for a part)."""
    from scripts import course

    with course.quiet():
        import tensorflow as tf

        if listing.kind == "TensorFlow":
            tf.compat.v1.disable_eager_execution()
            with tf.compat.v1.Session() as session:
                session.run(tf.constant(1.0) + 1.0)
        else:
            tf.function(lambda x: x + 1.0)(tf.constant(1.0))
    if part:
        settle()
        return {"seconds": listing.deck_part(), "result": None}
    settle()
    with contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        result = listing.deck()
    return {"seconds": time.perf_counter() - began, "result": result}


def our_side(listing: Listing) -> dict:
    """Run the lesson's cells in this process, its Setup and imports before the clock starts."""
    path = lessons.chosen([listing.name[:2]])[0]
    cells = {cell.id: lessons.source(cell) for cell in lessons.read(path).cells}
    space: dict = {"__name__": "__main__"}  # as in a notebook; TensorFlow looks functions up by it
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):

        def run(id: str) -> None:
            file = (
                Path(folder) / f"{id}.py"
            )  # a real file, because TensorFlow reads the source of what it traces
            file.write_text(cells[id], encoding="utf-8")
            exec(compile(cells[id], file, "exec"), space)

        for id in ("setup", "imports", *listing.prepare):
            run(id)
        exec(listing.given, space)
        settle()
        began = time.perf_counter()
        for id in listing.cells:
            run(id)
        exec(listing.code, space)
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "result": float(space[listing.value])}


def measure(listing: Listing, side: str) -> dict:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "scripts.build.bench", "--side", side, listing.name]
    done = subprocess.run(command, cwd=lessons.ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{listing.name}, {side}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def row(listing: Listing) -> dict:
    """Both sides of one listing, taking turns, so that a slow minute of the machine meets both."""
    deck, ours = [], []
    for _ in range(REPEATS):
        deck.append(measure(listing, "part" if listing.deck_part else "deck"))
        ours.append(measure(listing, "ours"))
    whole = (
        deck[-1]
        if not listing.deck_part
        else measure(listing, "deck")
        if listing.deck
        else {"seconds": None, "result": None}
    )
    deck_s, ours_s = (statistics.median(run["seconds"] for run in runs) for runs in (deck, ours))
    return {
        "lesson": listing.name[:2], "listing": listing.listing, "kind": listing.kind,
        "deck_s": round(deck_s, 4), "ours_s": round(ours_s, 4), "ratio": round(deck_s / ours_s, 2),
        "scaled": listing.deck_part is not None, "deck_full_s": whole["seconds"] and round(whole["seconds"], 4),
        "result": listing.result, "deck_result": whole["result"], "ours_result": ours[-1]["result"],
        "deck_all_s": [round(run["seconds"], 4) for run in deck], "ours_all_s": [round(run["seconds"], 4) for run in ours],
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    """Measure the lessons named, or all; print a table, write build/bench.json. Returns an exit status."""
    if arguments[:1] == ["--side"]:
        side, name = arguments[1:]
        listing = next(listing for listing in listings([name[:2]]) if listing.name == name)
        done = our_side(listing) if side == "ours" else deck_side(listing, part=side == "part")
        print(json.dumps(done))
        return 0
    rows = []
    print(f"{'listing':<38} {'kind':<11} {'slides':>10} {'course':>8} {'ratio':>7}   result: slides, course")
    for listing in listings(arguments):
        new = row(listing)
        rows.append(new)
        seconds = f"{new['deck_s']:.2f} s" + ("*" if new["scaled"] else " ")
        print(
            f"{new['lesson']} {new['listing']:<35} {new['kind']:<11} {seconds:>10} {new['ours_s']:>6.2f} s {new['ratio']:>7.1f}"
            f"   {new['result']}: {'not run' if new['deck_result'] is None else format(new['deck_result'], '.4f')}, {new['ours_result']:.4f}",
            flush=True,
        )
    for kind in dict.fromkeys(new["kind"] for new in rows):
        ratios = [new["ratio"] for new in rows if new["kind"] == kind]
        print(
            f"{kind}: geometric mean of {len(ratios)} ratios {math.exp(statistics.fmean(map(math.log, ratios))):.1f}, lowest {min(ratios):.1f}"
        )
    if any(new["scaled"] for new in rows):
        print("* scaled from a part of the epochs")
    target = lessons.ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    from scripts.build.bench import (
        main as run,
    )  # the module the listings import, not this __main__ copy of it

    raise SystemExit(run(sys.argv[1:]))
