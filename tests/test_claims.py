"""Claims: bounds, statuses, the line they print, the file they leave."""

import numpy as np
import pytest

from scripts import claims, course
from scripts.data import ladder


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path))
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    monkeypatch.setattr(ladder, "_used", {})
    course.seed(0)
    return tmp_path


@pytest.mark.parametrize(
    ("got", "bound", "kept"),
    [
        (39.99, "39.99 +- 0.02", True),
        (40.0101, "39.99 +- 0.02", False),
        (0.2, "<= 0.2", True),
        (0.2000001, "<= 0.2", False),
        (0.96, ">= 0.96", True),
        (0.9599, ">= 0.96", False),
        (1, "< 1", False),
        (1e-9, "> 0", True),
        (3, "== 3", True),
        (0.9, "0.9 .. 1", True),
        (1.01, "0.9 .. 1", False),
        (-2.5e-3, "-0.01 .. 1e-3", True),
        (float("nan"), "<= 1", False),
        (float("nan"), "0 +- 1", False),
        (float("inf"), ">= 1", True),
        (np.float32(0.5), "0.5 +- 0", True),
    ],
)
def test_bounds(got, bound, kept):
    assert claims.keeps(got, bound) is kept


@pytest.mark.parametrize("bound", ["about 3", "", "<= x", "3", "1 to 2"])
def test_a_bound_of_another_form_is_an_error(bound):
    with pytest.raises(ValueError, match="write"):
        claims.keeps(1.0, bound)


def test_a_kept_claim_prints_one_line_and_is_recorded(capsys):
    course.claim("01.a", 1.25, ">= 1", slide=1.2)
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and all(part in line for part in ("01.a", "1.2 ", "1.25", ">= 1", "kept"))
    (row,) = claims.read_claims("01")
    assert (row["got"], row["status"], row["slide"], row["seed"]) == (1.25, "kept", 1.2, 0)


def test_a_missed_claim_raises_and_is_recorded_all_the_same(monkeypatch):
    with pytest.raises(course.ClaimMissed, match=r"01.a: this run got 0.5, the bound is >= 1"):
        course.claim("01.a", 0.5, ">= 1")
    assert claims.read_claims("01")[0]["status"] == "missed"
    monkeypatch.setenv("COURSE_CLAIMS", "collect")
    course.claim("01.b", 0.5, ">= 1")
    assert [row["status"] for row in claims.read_claims("01")] == ["missed", "missed"]


def test_what_a_claim_needs_decides_whether_it_is_measured(capsys):
    def not_called():
        raise AssertionError("measured without its data")

    course.claim("01.a", not_called, ">= 1", needs="mnist")
    assert "not measured\n    mnist was not loaded" in capsys.readouterr().out  # too long for one line
    ladder.record("mnist", "sample", "")
    course.claim("01.b", not_called, ">= 1", needs="mnist")
    assert "not measured\n    mnist is the sample here" in capsys.readouterr().out
    ladder.record("mnist", "full", "")
    course.claim("01.c", lambda: 2, ">= 1", needs="mnist")
    course.claim("01.d", not_called, ">= 1", needs="weights:nothing")
    rows = claims.read_claims("01")
    assert [row["status"] for row in rows] == ["not measured", "not measured", "kept", "not measured"]
    assert rows[2]["data"] == {"mnist": "full"} and "no weights 'nothing'" in rows[3]["why"]


def test_a_claim_without_a_bound_is_reported_and_a_rerun_cell_replaces_its_claims():
    course.claim("01.a", 7, None)
    course.claim("01.a", 8, None)
    assert [(row["got"], row["status"]) for row in claims.read_claims("01")] == [(8.0, "reported")]
    claims.forget_claims("01")
    assert claims.read_claims("01") == []


def test_a_read_only_copy_of_the_course_still_shows_its_claims(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path / "file" / "claims"))
    course.claim("01.a", 1, ">= 1")
    assert "kept" in capsys.readouterr().out


def test_a_long_reason_stands_below_its_line(monkeypatch):
    made = claims.Claim(
        "15.net", None, ">= 50", None, "not measured", "the weights are not here. " * 8, 0, {}
    )
    first, *below = claims._line(made).splitlines()
    assert first.endswith("not measured") and len(below) > 1
    assert all(line.startswith("    ") and len(line) <= claims.WIDEST for line in below)
    assert " ".join(line.strip() for line in below) == made.why.strip()
    kept = claims.Claim(
        "15.a-rather-long-name-for-a-claim-of-a-lesson",
        1.0,
        "123456.789 +- 123456.789",
        123456.789,
        "kept",
        None,
        0,
        {},
    )
    assert len(claims._line(kept)) > claims.WIDEST and "\n" not in claims._line(kept)
