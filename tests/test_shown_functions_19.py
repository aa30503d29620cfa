"""What lesson 19 shows is what it runs, as `test_shown_functions` finds it for lessons 16 to 18: on scenes, for two steps.

The backbone is the small one that knows digits, so that nothing is fetched; the shown functions are the same with either one.
"""

import numpy as np
import pytest

from tests.test_shown_functions import Change, Lesson

pytestmark = pytest.mark.long

SMALL = {
    r"\(data\.load_bccd\(part\) for part in .*\)": (
        "(data.load_scenes(12, 'train'), data.load_scenes(4, 'train', seed=1), data.load_scenes(2, 'test'))"
    ),
    r'pretrained\.fetch\("efficientnet_lite0"\)': "raise weights.WeightsError('this test fetches nothing')",
    r"SIDE = 480": "SIDE = 96",
    r"as_seen\(train, 80\)": "as_seen(train, 6)",
    r"count=8": "count=1",
    r"40\)": "6)",
    r"\[:40\]": "[:6]",
    r"STEPS = .*": "STEPS = 2",
    r"repeats=300": "repeats=3",
}
CHANGES = (
    Change("read-build", "(x1 + x2) / 2 / width", "x1 / width", ("read-run",), "furthest"),
    Change("split-run", "apart.argmin(axis=1)", "apart.argmax(axis=1)", (), "leaking"),
    Change("look-run", "boxes * factors", "boxes", (), "sizes"),
    Change("see-load", "alike.argmax(axis=1)", "alike.argmin(axis=1)", ("see-build", "see-run"), "same"),
    Change("see-build", "maps[b:d, a:c].mean(", "maps[b:d, a:c].max(", ("see-run",), "features"),
    Change("see-run", "each=2", "each=1", ("keras-run",), "seen_crops"),
    Change("frozen-losses", "taught.labels, taught", "0 * taught.labels, taught", ("frozen-run",), "history"),
    Change("frozen-step", "tf.add_n(losses)", "tf.add_n(losses) + losses[0]", ("frozen-check",), "uncached"),
    Change(
        "frozen-build",
        "fast_rcnn.adam(0.001",
        "fast_rcnn.adam(0.01",
        ("frozen-run", "find-run"),
        "[one.scores[:20] for one in detector.found]",
    ),
)


@pytest.fixture(scope="module")
def lesson_19(tmp_path_factory):
    # fit is Keras' own: it takes time and shows no function
    return Lesson("19", SMALL, "find-run", tmp_path_factory.mktemp("lesson_19"), skip=("keras-fit",))


def test_lesson_19_trains_with_and_without_its_cache_by_one_loop(lesson_19):
    """The shown loop is called both times, for as many steps, and the first losses are equal."""
    run = lesson_19.space
    assert run["history"].shape == run["uncached"].shape == (2, 4) and np.isfinite(run["history"]).all()
    assert run["parted"] < 1e-3 and run["moved"] == 0


@pytest.mark.parametrize("change", CHANGES, ids=[f"{one.cell}: {one.old}" for one in CHANGES])
def test_lesson_19_runs_what_it_shows(lesson_19, change):
    assert lesson_19.moves(change)
