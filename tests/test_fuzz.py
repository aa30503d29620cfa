"""`make fuzz` notices what it is there to notice, in small targets with a fault planted."""

import subprocess
import sys
import time

import pytest
from hypothesis import strategies as st

from scripts import ROOT
from scripts.tools import fuzz
from scripts.tools.fuzzing import answers, boxes, kept, plain_boxes
from scripts.tools.fuzzing.damage import changed
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


def test_hang_inside_c_ends_the_process_and_tells_its_place():
    command = [sys.executable, "-m", "tests.programs.hangs_in_c"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("Timeout") and 'hangs_in_c.py", line' in done.stderr


def test_the_target_that_is_tried_is_named_before(capsys):
    fuzz.try_all([Target("toy", st.integers(), lambda value: True)], 0.1, 0)
    assert capsys.readouterr().err == "trying toy\n"


@pytest.mark.parametrize("form", boxes.FORMS)
def test_undamaged_annotations_are_right_and_plainly_read(form):
    [cat, dog] = plain_boxes.READERS[form](boxes.FORMS[form])
    assert (cat[0], dog[0]) == ("cat", "dog") and len(cat[1]) == len(dog[1]) == 4
    assert boxes.judge_of(form)((sorted(boxes.FORMS[form])[0], [], []))


@pytest.mark.parametrize("form", boxes.FORMS)
def test_other_line_ends_marks_and_space_change_no_box(form):
    # lines apart from spaces in names; XML in UTF-16 says so by its mark
    for kind in ("windows", "mac", "mark", "utf-16"):
        assert boxes.judge_of(form)((sorted(boxes.FORMS[form])[0], [(kind, 0, "")], []))


def test_wrong_boxes_and_classes_are_told():
    written = [("cat", (1, 2, 9, 11)), ("dog", (4, 4, 30, 14))]
    read = [("dog", (4, 4, 20, 14)), ("cat", (1, 2, 9, 11))]
    boxes.compare(read, written, ())
    boxes.compare(read[:1], written, ("a.txt: line 1: no number",))
    boxes.compare([], written, ("a.csv: line 2: there is no picture 'b.png', and 1 more of its lines",))
    with pytest.raises(Wrong, match="neither read nor named"):
        boxes.compare(read[:1], written, ())
    for other in ("cat", (2, 2, 9, 11)), ("dog", (1, 2, 9, 11)), ("dog", (4, 4, 20, 14)):
        with pytest.raises(Wrong, match="not written so"):
            boxes.compare([read[0], other], written, ())


def test_damage_to_texts():
    text = "a 1\nb 2\n"
    assert changed(text, [("number", 1, "7")]) == b"a 1\nb 7\n"
    assert changed(text, [("name", 2, "c")]) == b"c 1\nb 2\n"
    assert changed(text, [("swap", 0, ""), ("windows", 0, "")]) == b"b 2\r\na 1\r\n"
    assert changed(text, [("percent", 0, ""), ("fields", 0, "")]) == b"100 a\nb 200\n"


def test_undamaged_things_that_the_course_keeps_are_right():
    assert kept.npz([]) and kept.detector(("card.json", []))
    assert not kept.npz([("end", 40, b"")]) and not kept.detector(("card.json", [("end", 40, b"")]))


def test_answers_are_judged():
    assert answers.judge(("01.2", "ref")) and not answers.judge(("01.2", "7"))
    assert {"float(ref)", "int(ref)"} <= set(answers.guises(40)) and "int(ref)" not in answers.guises(0.5)
    assert {"list(ref)", "tuple(ref)"} <= set(answers.guises((1, 2)))
    with pytest.raises(Wrong, match="calls its reference wrong"):
        answers.judge(("01.2", "ref + 1"))
