"""`make bench`: each listing as the lesson runs it, against the slides' way of running it.

Each side runs in a process of its own, five times, and the median counts. Building, tracing and compiling are measured;
imports are not, nor the first operation of TensorFlow's runtime, which either side gets before its clock starts. The
lesson's side executes the lesson's own cells, after its Setup; the slides' side runs without it, and so with the waits
of tf.data's tuner at the end of each `fit`, which Setup switches off (scripts/course.py). Either side prints what its
listing prints, to a buffer in memory.
Where a listing would take minutes its time is scaled from a part and marked so; it then runs in full once for its result,
or not at all where even that would take minutes, and its result reads null.
Rows go to build/bench.json: lesson, listing, deck_s, ours_s, ratio, deck_result, ours_result and more.

Where arithmetic is what takes the time, a second line tells examples per second and which share of this machine's
measured matrix-product speed that is. Last come the runs at full length, of which a lesson shows a part: each over five
seeds, against its bound (build/full_length.json; with --full-lengths only these, and docs/results.md shows them). Where the slides list no code, as for selective search, a lesson's
bench has a function `main` that prints a table of its own.
"""

import argparse
import contextlib
import datetime
import io
import json
import math
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from scripts.claims import keeps
from scripts.tools import lessons, results_page
from scripts.tools.lesson_cells import run_cells, settle
from scripts.tools.listings import FullLength, Listing, full_lengths, listings, missing, modules

REPEATS = 5


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
    if listing.deck_prepare:
        listing.deck_prepare()
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
    seconds, space = run_cells(listing.name[:2], listing.prepare, listing.given, listing.cells, listing.code)
    return {"seconds": seconds, "result": float(space[listing.value])}


def matrix_product_speed() -> float:
    """Floating-point operations a second of a 2048 x 2048 float32 matrix product in TensorFlow, median of seven."""
    from scripts import course

    with course.quiet():
        import tensorflow as tf

        a = tf.random.stateless_normal([2048, 2048], seed=[0, 0])
        product = tf.function(lambda: tf.reduce_sum(tf.matmul(a, a)))
        float(product())
        seconds = []
        for _ in range(7):
            began = time.perf_counter()
            float(product())
            seconds.append(time.perf_counter() - began)
    return 2 * 2048**3 / statistics.median(seconds)


def subprocess_json(name: str, *arguments: str, **variables: str) -> dict:
    """Run this module in a process of its own and return the JSON of its last line. SystemExit when it fails."""
    command = [sys.executable, "-m", "scripts.tools.bench", *arguments]
    done = subprocess.run(
        command, cwd=lessons.ROOT, capture_output=True, text=True, env={**os.environ, **variables}
    )
    if done.returncode:
        raise SystemExit(f"{name}: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(listing: Listing, side: str) -> dict:
    """One measurement in a process of its own."""
    return subprocess_json(f"{listing.name}, {side}", "--side", side, listing.name)


def full_row(run: FullLength) -> dict:
    """A run at full length with each seed, in processes of their own."""
    # a seed a core, and one thread for each: nothing is timed here, and that gets through most seeds an hour
    alone = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

    def result(seed: int) -> float:
        done = subprocess_json(f"{run.name}, seed {seed}", "--full", run.name, COURSE_SEED=str(seed), **alone)
        return done["result"]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(result, range(run.seeds))
        got = list(tqdm(done, desc=run.name, total=run.seeds, unit="seed", ncols=79, disable=None))
    median = statistics.median(got)
    kept = None if run.bound is None else keeps(median, run.bound)
    return {
        "lesson": run.name[:2],
        "listing": run.listing,
        "slide": run.slide,
        "bound": run.bound,
        "kept": kept,
        "min": min(got),
        "median": median,
        "max": max(got),
        "all": got,
    }


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
        "lesson": listing.name[:2],
        "listing": listing.listing,
        "kind": listing.kind,
        "deck_s": round(deck_s, 4),
        "ours_s": round(ours_s, 4),
        "ratio": round(deck_s / ours_s, 2),
        "scaled": listing.deck_part is not None,
        "deck_full_s": whole["seconds"] and round(whole["seconds"], 4),
        "result": listing.result,
        "deck_result": whole["result"],
        "ours_result": ours[-1]["result"],
        "deck_all_s": [round(run["seconds"], 4) for run in deck],
        "ours_all_s": [round(run["seconds"], 4) for run in ours],
    }


def print_row(new: dict, listing: Listing, speed: float) -> None:
    """A line for one listing; a second one where arithmetic is what takes the time."""
    seconds = f"{new['deck_s']:.2f} s" + ("*" if new["scaled"] else " ")
    deck_result = "not run" if new["deck_result"] is None else format(new["deck_result"], ".4f")
    print(
        f"{new['lesson']} {new['listing']:<39} {new['kind']:<11} {seconds:>10} {new['ours_s']:>6.2f} s {new['ratio']:>7.2f}"
        f"   {new['result']}: {deck_result}, {new['ours_result']:.4f}",
        flush=True,
    )
    if listing.flops:
        rates = [listing.examples / new[side] for side in ("deck_s", "ours_s")]
        shares = [rate * listing.flops / speed for rate in rates]
        new["examples_per_s"], new["share_of_matrix_product_speed"] = rates, shares
        print(
            f"   {listing.examples:,} examples, {listing.flops / 1e6:.1f} MFLOP each: slides {rates[0]:,.0f}/s, "
            f"{shares[0]:.0%} of matrix-product speed; course {rates[1]:,.0f}/s, {shares[1]:.0%}",
            flush=True,
        )


def time_listings(numbers: list[str]) -> None:
    """Measure, print and store the listings of some lessons, or of all."""
    rows, chosen = [], listings(numbers)
    if not chosen:
        return
    speed = 0.0
    print(f"{'listing':<42} {'kind':<11} {'slides':>10} {'course':>8} {'ratio':>7}   result: slides, course")
    for listing in chosen:
        if missing(listing.data):
            print(
                f"{listing.name[:2]} {listing.listing:<39} not measured: {missing(listing.data)}", flush=True
            )
            continue
        rows.append(row(listing))
        if listing.flops:  # measured each time and the fastest taken: a busy moment would flatter every share
            speed = max(speed, subprocess_json("matrix product", "--speed")["flops"])
        print_row(rows[-1], listing, speed)
    if speed:
        print(f"matrix-product speed of this machine: {speed / 1e9:.0f} GFLOP/s (2048 x 2048, float32)")
    for kind in dict.fromkeys(new["kind"] for new in rows):
        ratios = [new["ratio"] for new in rows if new["kind"] == kind]
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        print(f"{kind}: geometric mean of {len(ratios)} ratios {mean:.1f}, lowest {min(ratios):.2f}")
    if any(new["scaled"] for new in rows):
        print("* scaled from a part of the epochs")
    store("build/bench.json", rows)


def run_full_lengths(numbers: list[str], publish: bool = False) -> bool:
    """Run, print and store what a lesson shows a part of; whether every bound is kept by its median.

    Args:
        numbers: of the lessons, none means all; publish: whether to keep the rows in docs/full_length.json as well, from which
            `make lint` writes their table in docs/results.md.
    """
    rows = []
    for run in full_lengths(numbers):
        if missing(run.data):
            print(f"{run.name[:2]} {run.listing:<60} not measured: {missing(run.data)}", flush=True)
            continue
        rows.append(full_row(run))
        new = rows[-1]
        verdict = (
            "no bound" if new["kept"] is None else f"{new['bound']} " + ("kept" if new["kept"] else "MISSED")
        )
        print(
            f"{new['lesson']} {new['listing']:<60} slides {new['slide'] or '-':<7} "
            f"min {new['min']:.4f} median {new['median']:.4f} max {new['max']:.4f}   {verdict}",
            flush=True,
        )
    if rows:
        store("build/full_length.json", rows)
    if rows and publish:
        store(results_page.FULL_LENGTH, [{**row, "date": datetime.date.today().isoformat()} for row in rows])
    return all(new["kept"] is not False for new in rows)


def store(file: str, rows: list[dict]) -> None:
    """Write rows to a file of the course's folder; rows of lessons that were not measured this time stay in it."""
    target = lessons.ROOT / file
    target.parent.mkdir(exist_ok=True)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # none yet, or no list of rows
        measured = {new["lesson"] for new in rows}
        old = json.loads(target.read_text(encoding="utf-8"))
        rows = sorted(
            [*(o for o in old if o["lesson"] not in measured), *rows], key=lambda row: row["lesson"]
        )
    target.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def one_measurement(asked: argparse.Namespace) -> dict:
    """What a process of its own measures: one side of a listing, a run at full length, or the machine's speed."""
    if asked.speed:
        return {"flops": matrix_product_speed()}
    if asked.full:
        run = next(run for run in full_lengths([asked.full[:2]]) if run.name == asked.full)
        seconds, space = run_cells(run.name[:2], run.prepare, "", (), run.code)
        return {"seconds": seconds, "result": float(space[run.value])}
    side, name = asked.side
    listing = next(listing for listing in listings([name[:2]]) if listing.name == name)
    return our_side(listing) if side == "ours" else deck_side(listing, part=side == "part")


def main(*arguments: str) -> int:
    """Measure the lessons named, or all; print tables. Returns an exit status."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("lessons", nargs="*", help="such as 07; none takes all")
    for option, words in (("side", ("SIDE", "LISTING")), ("full", None)):
        parser.add_argument(f"--{option}", nargs=2 if words else None, metavar=words, help=argparse.SUPPRESS)
    parser.add_argument("--speed", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--full-lengths",
        action="store_true",
        help="only the runs at full length, and keep them for docs/results.md (maintainers)",
    )
    asked = parser.parse_args(arguments)
    if asked.full_lengths:
        return 0 if run_full_lengths(asked.lessons, publish=True) else 1
    if asked.side or asked.full or asked.speed:
        print(json.dumps(one_measurement(asked)))
        return 0
    time_listings(asked.lessons)
    kept = run_full_lengths(asked.lessons)
    failed = False
    for module in modules(asked.lessons):
        if hasattr(module, "main"):  # what no listing of the slides stands against: a table of its own
            failed |= bool(module.main())
    return 0 if kept and not failed else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
