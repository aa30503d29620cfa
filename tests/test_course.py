"""Progress of long work: the same items, a bar only where it takes a while."""

from scripts import course


def test_progress_hands_the_items_on_and_says_nothing_of_short_work(capsys):
    assert list(course.progress(iter("abc"), "reading", 3)) == ["a", "b", "c"]
    assert list(course.progress([1, 2], "")) == [1, 2]
    assert capsys.readouterr().out.strip() == ""


def test_progress_shows_a_bar_of_work_that_takes_long(capsys, monkeypatch):
    now = iter(range(0, 1000, 3))  # each look at the clock finds three seconds more
    monkeypatch.setattr("tqdm.std.time", lambda: float(next(now)))
    assert list(course.progress(range(4), "training")) == [0, 1, 2, 3]
    shown = capsys.readouterr().out
    assert "training" in shown and "4/4" in shown
