"""`make seeds LESSONS=.. N=5`: run lessons with seeds 0..N-1; print min, median and max of every claim.

A bound in a lesson must hold for every seed: status 1 when it does not. Results go to build/seeds.json.
"""

import argparse
import json
import statistics
import sys
import tempfile

from tqdm import tqdm

from scripts.tools import lessons
from scripts.tools.execute import execute
from scripts.tools.run import problems


def summary(claims: list[dict]) -> str:
    """One line for one claim over all seeds."""
    got = [claim["got"] for claim in claims if claim["got"] is not None]
    first = claims[0]
    if not got:
        return f"{first['id']:<28} not measured: {first['why']}"
    missed = sum(claim["status"] == "missed" for claim in claims)
    state = (
        f"missed by {missed} of {len(claims)}"
        if missed
        else ("no bound" if first["bound"] is None else "kept by all")
    )
    numbers = " ".join(
        f"{word} {value:<11.6g}"
        for word, value in zip(
            ("min", "median", "max"), (min(got), statistics.median(got), max(got)), strict=True
        )
    )
    return f"{first['id']:<28} {numbers} bound {first['bound'] or 'none':<16} {state}"


def main(arguments: list[str]) -> int:
    """Run and print. Returns an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=5, help="how many seeds")
    parser.add_argument("lessons", nargs="*", help="numbers of lessons; none means all")
    given = parser.parse_args(arguments)
    everything, failed = {}, False
    for path in lessons.chosen(given.lessons):
        claims: dict[str, list[dict]] = {}
        for seed in tqdm(
            range(given.n), desc=path.stem[:24], unit="seed", ncols=79, file=sys.stdout, disable=None
        ):
            with tempfile.TemporaryDirectory() as folder:
                run = execute(path, COURSE_SEED=str(seed), COURSE_CLAIMS_DIR=folder)
            if run.error:
                failed = True
                print(f"seed {seed}: {problems(run)[0]}")
            if not sys.stdout.isatty():
                print(f"{path.stem}, seed {seed}: {run.seconds:.1f} s", flush=True)
            for claim in run.claims:
                claims.setdefault(claim["id"], []).append(claim)
        print(f"\n{path.stem}, seeds 0 to {given.n - 1}")
        for rows in claims.values():
            print("  " + summary(rows))
            failed |= any(row["status"] == "missed" for row in rows)
        everything[path.stem] = claims
    target = lessons.ROOT / "build" / "seeds.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
