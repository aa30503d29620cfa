"""`make cards`: the long runs whose results lessons read: second seeds, what each change brings, tables, into data/cards/NAME.json.

A lesson that reads a card has a module card_runs/lesson_NN.py: CARD, its name; RUNS, the runs by name (a function and its
arguments); card, what the lesson reads, from the results of the runs. Each run's result is kept in build/cards/ as soon as it is
there, and not made again while its arguments stay the same: a command that was stopped goes on. The card is written after
every run, from what there is. With AGAIN=1 every run is made anew.
"""

import datetime
import importlib
import json
import os
import pkgutil
import platform
import re
import sys
import time
from importlib.metadata import version

from scripts import ROOT, cards
from scripts.tools import card_runs, lessons

KEPT = ROOT / "build" / "cards"


def lessons_with_cards() -> list[str]:
    """The numbers of the lessons that read a card, such as "18"."""
    names = (module.name for module in pkgutil.iter_modules(card_runs.__path__))
    return sorted(name.removeprefix("lesson_") for name in names if name.startswith("lesson_"))


def file_of(card: str, run: str):
    """Where the result of a run is kept."""
    return KEPT / card / (re.sub(r"[^0-9A-Za-z.]+", "_", run) + ".json")


def kept(card: str, run: str, arguments: str) -> dict | None:
    """The result of a run that was made before with the same arguments."""
    path = file_of(card, run)
    if not path.is_file() or os.environ.get("AGAIN"):
        return None
    there = json.loads(path.read_text(encoding="utf-8"))
    return there["result"] if there["arguments"] == arguments else None


def keep(card: str, run: str, arguments: str, result) -> None:
    """Keep a result; a command that is stopped meanwhile leaves no half a file."""
    path = file_of(card, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_text(json.dumps({"arguments": arguments, "result": result}), encoding="utf-8")
    half.replace(path)


def made(number: str) -> dict:
    """How, when and with what a card was made."""
    return {
        "command": f"make cards LESSONS={number}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def write(number: str, module, results: dict) -> None:
    """The card of a lesson, from the results that there are."""
    path = cards.FOLDER / f"{module.CARD}.json"
    path.parent.mkdir(exist_ok=True)
    card = {"made": made(number), **module.card(results)}
    # kept where git does not look until it is whole: lessons read what stands in data/cards
    half = KEPT / path.name
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    half.replace(path)


def make(number: str) -> None:
    """Make what is missing of a lesson's runs, in their order, and its card."""
    module = importlib.import_module(f"scripts.tools.card_runs.lesson_{number}")
    known = {name: kept(module.CARD, name, repr(run[1:])) for name, run in module.RUNS.items()}
    results = {name: result for name, result in known.items() if result is not None}
    print(f"{module.CARD}: {len(results)} of {len(known)} runs are there", flush=True)
    for name, (function, arguments, settings) in module.RUNS.items():
        if name in results:
            continue
        began = time.perf_counter()
        results[name] = function(*arguments, **settings)
        # an empty result says that it could not be measured here
        if results[name]:
            keep(module.CARD, name, repr((arguments, settings)), results[name])
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
        write(number, module, results)
    write(number, module, results)


def main(*arguments: str) -> int:
    """Make the cards of the lessons named, or of all. Returns an exit status."""
    wanted = [
        number.zfill(2) for number in lessons.parser("make cards", __doc__).parse_args(arguments).lessons
    ]
    todo = [number for number in lessons_with_cards() if not wanted or number in wanted]
    if not todo:
        print(f"No lesson reads a card among {' '.join(wanted)}.")
    for number in todo:
        make(number)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
