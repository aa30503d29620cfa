"""One target of `make fuzz`: hypothesis draws examples until the time is over, and shrinks what goes wrong.

An example that takes too long in Python is broken off by an alarm, told and counted. Inside one call of C no
alarm is heard: then the whole process ends, with the lines that it stood in on stderr, and its status is 1.
The name of the target was printed before, so the same seed leads there again.
"""

import faulthandler
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

LIMIT = 15.0  # seconds that one example may take
BEHIND = 30.0  # seconds after these, in which an alarm was not heard, the process ends
CHUNK = 100  # examples of one call of hypothesis
MISTAKES = 5  # kinds of wrong results after which a target is given up


class Wrong(Exception):
    """A result that is neither right nor a clear error; the message says why."""


def one_line(problem: Exception) -> bool:
    """False, for a clear error; Wrong where its message is empty or has more than one line."""
    if not str(problem).strip() or "\n" in str(problem):
        raise Wrong(f"the message of a {type(problem).__name__} is not one line")
    return False


class _Hang(BaseException):
    """The alarm of an example; no `except Exception` of the code under test swallows it."""


class _Over(BaseException):
    """The time of a target is over."""


@dataclass(frozen=True)
class Target:
    """examples: of values whose repr makes them again.

    judge: True for a right result, False for a clear error, else it raises.
    """

    name: str
    examples: SearchStrategy
    judge: Callable[[Any], bool]


@dataclass
class Counts:
    """What became of a target's examples. wrong: by reason, the repr of the smallest example."""

    examples: int = 0
    errors: int = 0
    right: int = 0
    wrong: dict[str, str] = field(default_factory=dict)


def within(limit: float, judge: Callable[[Any], bool], example) -> bool:
    """`judge(example)`; Wrong when it hangs or raises what it should not. Needs the main thread."""

    def ring(*_):
        raise _Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit)
    # its thread needs nothing of Python, so it wakes up when nothing else does
    faulthandler.dump_traceback_later(limit + BEHIND, exit=True, file=sys.__stderr__)
    try:
        return judge(example)
    except _Hang:
        raise Wrong(f"hangs: more than {limit:g} seconds") from None
    except Wrong:
        raise
    except Exception as problem:
        trace = problem.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        raise Wrong(f"{type(problem).__name__} in {place}") from problem
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(target: Target, seconds: float, number: int, limit: float | None = None) -> Counts:
    """Try a target for so many seconds. number: the seed; limit: seconds of one example, else LIMIT."""
    counts, end, closed = Counts(), time.monotonic() + seconds, set()
    limit = limit or LIMIT

    def one(example) -> None:
        if time.monotonic() > end:
            raise _Over
        counts.examples += 1
        try:
            if within(limit, target.judge, example):
                counts.right += 1
            else:
                counts.errors += 1
        except Wrong as problem:
            reason, text = str(problem), repr(example)
            known = counts.wrong.get(reason)
            if known is None or (len(text), text) < (len(known), known):
                counts.wrong[reason] = text
            # to shrink a hang would take its limit again and again; of a shrunk reason enough is known
            if not reason.startswith("hangs") and reason not in closed:
                raise

    quiet = settings(
        max_examples=CHUNK,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    while time.monotonic() < end and len(counts.wrong) < MISTAKES:
        try:
            seed(number)(quiet(given(target.examples)(one)))()
        except _Over:
            break
        except Wrong:
            closed |= set(counts.wrong)
        number += 1_000_003
    return counts
