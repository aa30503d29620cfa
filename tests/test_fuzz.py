"""`make fuzz` notices what it is there to notice, in small targets with a fault planted."""

import time

from hypothesis import strategies as st

from scripts.tools import fuzz
from scripts.tools.fuzzing.engine import Target, Wrong


def found(judge, limit: float = 5.0):
    """Counts of a target over integers."""
    return fuzz.run(Target("toy", st.integers(0, 100), judge), 1.5, 0, limit)


def test_silent_wrong_result_is_found_and_shrunk():
    def judge(value: int) -> bool:
        if value >= 10:
            raise Wrong("a silent wrong result")
        return value % 2 == 0

    counts = found(judge)
    assert counts.wrong == {"a silent wrong result": "10"}
    assert counts.right and counts.errors


def test_hang_is_found():
    def judge(value: int) -> bool:
        while value > 50:
            try:
                time.sleep(1)
            except Exception:
                pass
        return True

    assert list(found(judge, limit=0.2).wrong) == ["hangs: more than 0.2 seconds"]


def test_exception_of_another_kind_is_found():
    counts = found(lambda value: bool(1 // (value - 7)) or True)
    [reason] = counts.wrong
    assert reason.startswith("ZeroDivisionError in ") and counts.wrong[reason] == "7"


def test_counts_and_a_line_that_repeats_are_printed():
    told = fuzz.told({"toy": fuzz.Counts(1200, 700, 499, {"a silent wrong result": "10"})}).splitlines()
    assert told[1].split() == ["toy", "1,200", "700", "499", "1"]
    assert told[-1].strip() == "from scripts.tools.fuzz import repeat; repeat('toy', 10)"
