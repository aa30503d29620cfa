"""What a bench of a lesson is made of, and where the benches are: scripts/tools/benches/, a module a lesson."""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from scripts.tools import lessons


@dataclass(frozen=True)
class Listing:
    """One listing. `deck` runs it as the slides do and returns its result; `cells` are the lesson's cells that run it.

    deck: None where the whole would take minutes.
    deck_part: measures a part and returns the seconds scaled to the whole; None when `deck` is quick enough.
    value: the name of the variable that holds the lesson's result after its cells ran.
    prepare: cells that load or define what both sides have before the clock starts; given: a line of code, likewise.
    code: lines that run the cells' functions, after them, while the clock runs.
    deck_prepare: loads what the slides' way has loaded before its clock starts.
    examples, flops: training examples in the measured run, and floating-point operations for each, forward and backward;
        for listings whose time is arithmetic.
    data: the data set that must be there in full, such as "mnist"; `examples` counts on it.
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
    deck_prepare: Callable[[], object] | None = None
    examples: int = 0
    flops: float = 0.0
    data: str | None = None


@dataclass(frozen=True)
class FullLength:
    """A run at the slides' full length, of which the lesson shows a part: run with several seeds, not timed.

    prepare: the lesson's cells that load and define; code: lines that train with them; value: the result's variable.
    slide: what the slides print, or None. bound: what the median must keep, or None. data: as in a Listing.
    """

    name: str
    listing: str
    prepare: tuple[str, ...]
    code: str
    value: str
    slide: float | None
    bound: str | None
    seeds: int = 5
    data: str | None = None


@cache
def missing(data_set: str | None) -> str | None:
    """Why runs on a data set are not measured here: the whole of it cannot be had. None when nothing is missing."""
    if data_set is None:
        return None
    from scripts import data

    with contextlib.redirect_stdout(io.StringIO()) as told:
        try:
            full = getattr(data, f"load_{data_set}")().source == "full"
        except data.DataError as problem:
            return str(problem)
    return None if full else f"needs the full data: {told.getvalue().strip()}"


def scaled(fit: Callable[[int], object], epochs: int, part: int) -> float:
    """Seconds that fit(epochs) would take, scaled from `part` epochs; the first epoch, which also traces, counts once."""
    began = time.perf_counter()
    fit(1)
    first = time.perf_counter() - began
    began = time.perf_counter()
    fit(part + 1)
    return first + (epochs - 1) * (time.perf_counter() - began - first) / part


def modules(numbers: list[str]) -> list:
    """The modules with the benches of some lessons, or of all, in order."""
    names = (f"scripts.tools.benches.lesson_{path.name[:2]}" for path in lessons.chosen(numbers))
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


def full_lengths(numbers: list[str]) -> list[FullLength]:
    """The runs at full length of some lessons, or of all, in order."""
    return [run for module in modules(numbers) for run in getattr(module, "FULL_LENGTH", ())]


def listings(numbers: list[str]) -> list[Listing]:
    """The listings of some lessons, or of all, in order."""
    return [listing for module in modules(numbers) for listing in module.LISTINGS]


def torch_python() -> str | None:
    """A Python with torchvision: the one that COURSE_TORCH_PYTHON names, else this one where it has it, else None."""
    here = sys.executable if importlib.util.find_spec("torchvision") else None
    return os.environ.get("COURSE_TORCH_PYTHON") or here


def store_parts(file: str, measured: dict) -> None:
    """Write what a bench of its own measured to build/`file`; parts that were not measured this time stay in it."""
    target = lessons.ROOT / "build" / file
    target.parent.mkdir(exist_ok=True)
    old = {}
    with contextlib.suppress(OSError, ValueError):  # none yet, or one that is cut short
        old = json.loads(target.read_text(encoding="utf-8"))
    whole = {**(old if isinstance(old, dict) else {}), **measured}
    target.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
