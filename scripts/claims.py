"""Claims: what the slides print, what this run got, and the bound it must keep.

``claim("01.tf-predicts", 39.9899, "39.99 +- 0.02", slide=39.989246)`` prints one line, writes the same as a JSON line to
build/claims/01.jsonl, and raises `ClaimMissed` when the bound is missed. Lessons reach it as ``course.claim``.
"""

import json
import math
import os
import re
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts import ROOT
from scripts.runtime import OneLine, current_seed

WIDEST = 105  # columns of a printed line
STATUSES = ("kept", "missed", "not measured", "reported")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FORMS = {
    "within": re.compile(rf"({_NUMBER})\s*(?:\+-|±)\s*({_NUMBER})"),
    "compare": re.compile(rf"(<=|>=|<|>|==)\s*({_NUMBER})"),
    "between": re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})"),
}


class ClaimMissed(OneLine, AssertionError):
    """A measured number outside its bound: the only thing that makes a claim fail."""


@dataclass
class Claim:
    """One claim of one run. `got` is None when it was not measured; `why` then says why."""

    id: str
    got: float | None
    bound: str | None
    slide: float | str | None
    status: str
    why: str | None
    seed: int
    data: dict[str, str]


def keeps(got: float, bound: str) -> bool:
    """Whether `got` keeps `bound`: "<= 0.2", ">= 0.96", "< 1", "> 0", "== 3", "39.99 +- 0.02" or "0.9 .. 1" (ends count).

    NaN keeps nothing. Raises ValueError for a bound of another form.
    """
    got = float(got)
    if match := _FORMS["within"].fullmatch(bound.strip()):
        middle, width = map(float, match.groups())
        return abs(got - middle) <= width
    if match := _FORMS["compare"].fullmatch(bound.strip()):
        sign, limit = match.group(1), float(match.group(2))
        return {
            "<=": got <= limit,
            ">=": got >= limit,
            "<": got < limit,
            ">": got > limit,
            "==": got == limit,
        }[sign]
    if match := _FORMS["between"].fullmatch(bound.strip()):
        low, high = map(float, match.groups())
        return low <= got <= high
    raise ValueError(f'bound {bound!r}: write "<= 0.2", ">= 0.9", "== 3", "39.99 +- 0.02" or "0.9 .. 1"')


def claim(id: str, got, bound: str | None, slide=None, needs: str | None = None) -> None:
    """State what this run got, against a bound, and print it in one line.

    Args:
        id: lesson and name, such as "01.tf-predicts"; unique in its lesson.
        got: a number (anything ``float`` takes), or a function without arguments that returns one, called only when
            the claim can be measured here.
        bound: see `keeps`; None reports a number that nothing holds to a bound.
        slide: what the slides print, if they do.
        needs: what has to be here for the number to mean anything: the name of a data set in its full form
            ("mnist"), of weights ("weights:mnist_cnn"), or "gpu". Where it is not, the status is "not measured".

    Raises:
        ClaimMissed: the number is outside its bound. With COURSE_CLAIMS=collect in the environment it is only
            recorded, so that a run over many seeds sees every claim.
    """
    # not at the top: Setup imports this module before NumPy may be there
    from scripts import data

    why = missing(needs)
    value = None if why else float(got() if callable(got) else got)
    if why:
        status = "not measured"
    elif bound is None:
        status = "reported"
    else:
        status = "kept" if keeps(value, bound) else "missed"
    made = Claim(id, value, bound, slide, status, why, current_seed(), data.sources_used())
    print(_line(made))
    _record(made)
    if status == "missed" and os.environ.get("COURSE_CLAIMS") != "collect":
        raise ClaimMissed(f"{id}: this run got {_show(value)}, the bound is {bound}")


def missing(needs: str | None) -> str | None:
    """Why what a claim `needs` is not here, or None. It only asks: nothing is converted, written, fetched or loaded for it."""
    if needs is None:
        return None
    if needs == "gpu":
        import tensorflow as tf

        return None if tf.config.list_physical_devices("GPU") else "no GPU here"
    if needs.startswith("weights:"):
        return _weights_missing(needs.removeprefix("weights:"))
    from scripts import data

    source = data.sources_used().get(needs)
    if source == "full":
        return None
    if source is None:
        return f"{needs} was not loaded"
    if source == "missing":
        return f"{needs} cannot be had here"
    return f"{needs} is the {source} here, not the full set"


def _weights_missing(name: str) -> str | None:
    """Why some weights, shipped or pretrained, cannot be used here, or None."""
    from scripts import pretrained, weights

    try:
        if name in pretrained.cards():
            return pretrained.missing(name)
        weights.verified(name)
    except weights.WeightsError as problem:
        return str(problem)
    return None


def _show(value) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def _line(made: Claim) -> str:
    """What is printed for a claim; a long reason why it was not measured follows below, so that it fits on a slide."""
    parts = [f"{made.id:<26}", f"slides {_show(made.slide):<10}", f"here {_show(made.got):<12}"]
    line = " ".join([*parts, f"bound {made.bound or 'none':<16}", made.status])
    if not made.why:
        return line
    if len(f"{line}: {made.why}") <= WIDEST:
        return f"{line}: {made.why}"
    return line + "\n" + textwrap.indent(textwrap.fill(made.why, WIDEST - 4), "    ")


def _file(lesson: str, folder: Path | None = None) -> Path:
    folder = folder or Path(os.environ.get("COURSE_CLAIMS_DIR", ROOT / "build" / "claims"))
    return folder / f"{lesson}.jsonl"


def read_claims(lesson: str, folder: Path | None = None) -> list[dict]:
    """The claims of the last run of one lesson, in order; of a cell run twice, the later ones."""
    try:
        lines = _file(lesson, folder).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return list({row["id"]: row for row in map(json.loads, lines)}.values())


def forget_claims(lesson: str, folder: Path | None = None) -> None:
    """Begin a run of a lesson: its earlier claims no longer count."""
    try:
        _file(lesson, folder).unlink(missing_ok=True)
    except OSError:
        pass  # a read-only copy of the course: the page still shows every claim


def _record(made: Claim) -> None:
    path = _file(made.id.split(".")[0])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(made)) + "\n")
    except OSError:
        pass  # as above
