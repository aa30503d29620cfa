"""What lesson 20 shows is what it runs, in this kernel and in the worker processes, as `test_shown_functions` finds it for 16 to 18."""

import pytest

from tests.test_shown_functions import Change, Lesson

pytestmark = pytest.mark.long

SMALL = {
    r"STEPS, RATE, PICTURES = 50,": "STEPS, RATE, PICTURES = 4,",
    r"for i in range\(20\):": "for i in range(3):",
    r"apart\[:10\]": "apart[:2]",
}
CHANGES = (
    Change("hand-run", "2 * np.mean(error * hours)", "np.mean(error * hours)", (), "whole"),
    Change("ring-build", "+ numbers if adding", "if adding", ("ring-run",), "sums"),
    Change("tf-rows", "[me::workers]", "[: batch // workers]", ("shard-run",), "seen"),
    Change(
        "tf-step", "global_batch_size=batch)", "global_batch_size=2 * batch)", ("shard-apart",), "distance"
    ),
    # the workers run what the page shows: with the sum left out their weights part
    Change(
        "tf-step", 'strategy.reduce("SUM", part, axis=None)', "part", ("two-run",), "1000 * workers_apart"
    ),
)


@pytest.fixture(scope="module")
def lesson_20(tmp_path_factory):
    return Lesson(
        "20", SMALL, "shard-apart", tmp_path_factory.mktemp("lesson_20"), ("time-measure", "read-run")
    )


@pytest.mark.parametrize("change", CHANGES, ids=[f"{one.cell}: {one.new}" for one in CHANGES])
def test_lesson_20_runs_what_it_shows(lesson_20, change):
    assert lesson_20.moves(change)
