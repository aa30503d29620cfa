"""The sheet of pictures with their boxes: what is drawn, told apart without colour, in true proportions, in little memory."""

import warnings
import weakref

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scripts import data, plots
from scripts.data.own_sets.contact_sheet import LONGEST
from scripts.data.scenes import Scenes
from scripts.detection.detections import Detections
from tests.test_read_any import CAT, coco, picture, voc


@pytest.fixture(autouse=True)
def closed():
    plots.use_house_style()
    yield
    plt.close("all")


def scenes(*shapes, boxes=None, labels=None, classes=("fox", "hen"), level=90):
    """A set of grey pictures (height, width), each with one box over its middle, of the first class."""
    images = [np.full((*shape, 3), level, np.uint8) for shape in shapes]
    boxes = boxes or [np.array([[w / 4, h / 4, 3 * w / 4, 3 * h / 4]], np.float32) for h, w in shapes]
    labels = labels or [np.zeros(len(one), np.int32) for one in boxes]
    return Scenes(images, boxes, labels, classes)


def found_in(pictures, score=0.5, label=0):
    """Detections exactly on the boxes."""
    return [
        Detections(boxes, np.full(len(boxes), score), np.full(len(boxes), label)) for boxes in pictures.boxes
    ]


def drawn(fig):
    """The axes that hold a picture."""
    return [ax for ax in fig.axes if ax.images]


def edges(ax):
    """Line styles of the rectangles that are not black."""
    return [one.get_linestyle() for one in ax.patches if one.get_edgecolor()[:3] != (0, 0, 0)]


def texts(ax):
    return [one.get_text() for one in ax.texts]


def titles(fig):
    return [ax.get_title() for ax in drawn(fig)]


# pictures


@pytest.mark.parametrize("shape", [(60, 80), (300, 100), (90, 900), (1500, 1200)])
def test_a_picture_keeps_its_proportions_and_is_small(shape):
    fig, _ = data.contact_sheet(scenes(shape, (50, 50), (80, 40)))
    fig.canvas.draw()
    ax = drawn(fig)[0]
    area, pixels = ax.get_window_extent(), ax.images[0].get_array()
    assert area.height / area.width == pytest.approx(shape[0] / shape[1], rel=0.02)
    assert ax.get_xlim() == (0, shape[1]) and ax.get_ylim() == (shape[0], 0)
    assert max(pixels.shape[:2]) == min(LONGEST, max(shape))
    assert pixels.shape[0] / pixels.shape[1] == pytest.approx(shape[0] / shape[1], rel=0.02)


def test_pictures_are_read_one_at_a_time():
    """Of 30 large pictures 12 are read, and never two are in memory."""
    alive, asked, most = weakref.WeakSet(), [], []

    class Large(np.ndarray):
        __hash__ = object.__hash__

    class Images:
        def __len__(self):
            return 30

        def __getitem__(self, i):
            most.append(len(alive))
            asked.append(i)
            pixels = np.zeros((600, 900, 3), np.uint8).view(Large)
            alive.add(pixels)
            return pixels

    box = np.array([[1, 1, 500, 500]], np.float32)
    data.contact_sheet(Scenes(Images(), [box] * 30, [np.array([0])] * 30, ("fox",)))
    # the one before may go when the next one has come
    assert max(most) <= 1 and asked == np.linspace(0, 29, 12).round().tolist()
    assert not len(alive)


def test_twelve_fit_a_page():
    fig, alt = data.contact_sheet(scenes(*[(400, 300)] * 40))
    width, height = fig.get_size_inches()
    assert len(drawn(fig)) == 12 and width <= 11 and height <= 12
    assert alt.startswith("12 of 40 pictures with 12 marked boxes in broken lines: fox (12).")
    assert titles(fig)[:2] == ["picture 0", "picture 4"] and titles(fig)[-1] == "picture 39"
    small, _ = data.contact_sheet(scenes((40, 40), (40, 40)))
    assert len(drawn(small)) == 2 and small.get_size_inches()[0] < 6


def test_which_pictures_and_how_many():
    pictures = scenes(*[(40, 40)] * 9)
    assert titles(data.contact_sheet(pictures, count=1)[0]) == ["picture 0"]
    assert titles(data.contact_sheet(pictures, which=[7, 2])[0]) == ["picture 7", "picture 2"]
    assert len(drawn(data.contact_sheet(pictures, count=50)[0])) == 9


def test_a_picture_that_cannot_be_read_has_its_place(tmp_path):
    voc(tmp_path, {picture(tmp_path / f"{name}.png"): CAT for name in ("elk", "fox", "hen")})
    parts = data.read_any(tmp_path, shares=(1, 0, 0), tell=False)
    (tmp_path / "fox.png").write_bytes(b"no picture")
    fig, alt = parts.sheet()
    assert [texts(ax) for ax in fig.axes if "cannot be read" in texts(ax)] == [["cannot be read"]]
    assert len(drawn(fig)) == 2 and alt.endswith("; 1 cannot be read.")


# boxes


def test_marked_and_found_are_told_apart_without_colour():
    pictures = scenes((100, 100), (100, 100))
    fig, alt = data.contact_sheet(pictures, found_in(pictures, 0.87, label=1))
    for ax in drawn(fig):
        assert edges(ax) == ["--", "-"] and texts(ax) == ["fox", "hen 0.87"]
        lower, upper = ax.texts
        assert lower.xy[1] == 75 and upper.xy[1] == 25
    assert [one.get_text() for one in fig.legends[0].get_texts()] == ["marked", "found, with score"]
    assert alt == (
        "2 of 2 pictures with 2 marked boxes in broken lines: fox (2); 2 detections in whole lines: hen (2)."
    )
    alone, _ = data.contact_sheet(pictures)
    assert edges(drawn(alone)[0]) == ["--"] and not alone.legends


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_broken_line_is_seen_on_every_ground(level):
    fig, _ = data.contact_sheet(scenes((100, 100), level=level))
    fig.canvas.draw()
    ax = drawn(fig)[0]
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., 0].astype(int)
    (x, bottom), (_, top) = ax.transData.transform([(75, 70), (75, 30)]).round().astype(int)
    line = pixels[pixels.shape[0] - top : pixels.shape[0] - bottom, x - 1 : x + 1]
    # white and black take turns along it
    assert np.abs(line - level).max() > 100 and line.max() > 200 and line.min() < 60


def test_detections_below_the_score_are_not_drawn_and_no_text_is_lost():
    pictures = scenes((100, 100))
    boxes = np.array([[-20, -10, 50, 50], [10, 10, 90, 90]], np.float32)
    found = [Detections(boxes, np.array([0.9, 0.2]), np.array([0, 1]))]
    ax = drawn(data.contact_sheet(pictures, found)[0])[0]
    assert texts(ax) == ["fox", "fox 0.90"] and ax.texts[1].xy == (0, 0)
    ax = drawn(data.contact_sheet(pictures, found, min_score=0.1)[0])[0]
    assert texts(ax) == ["fox", "fox 0.90", "hen 0.20"]


def test_of_many_boxes_each_class_is_named_once():
    """On the largest box of the class, and on its surest detection."""
    boxes = [np.array([[i, i, 2 * i + 5, 2 * i + 5] for i in range(1, 10)], np.float32)]
    labels = [np.array([0, 1] * 4 + [0])]
    pictures = scenes((100, 100), boxes=boxes, labels=labels)
    found = [Detections(boxes[0], np.linspace(0.9, 0.5, 9), labels[0])]
    ax = drawn(data.contact_sheet(pictures, found)[0])[0]
    assert sorted(texts(ax)) == ["fox", "fox 0.90", "hen", "hen 0.85"] and len(edges(ax)) == 18
    assert {one.get_text(): one.xy for one in ax.texts}["fox"] == (9, 23)


def test_a_picture_without_boxes_and_a_detector():
    pictures = scenes((80, 80), (80, 80), boxes=[np.zeros((0, 4), np.float32), np.array([[1.0, 1, 9, 9]])])
    asked = []

    def detector(pixels):
        asked.append(pixels.shape)
        return Detections(np.array([[5.0, 5, 40, 40]]), np.array([0.7]), np.array([1]))

    fig, alt = data.contact_sheet(pictures, detector)
    assert asked == [(80, 80, 3)] * 2 and [texts(ax) for ax in drawn(fig)] == [
        ["hen 0.70"],
        ["fox", "hen 0.70"],
    ]
    assert "1 of them have no marked box; 2 detections in whole lines: hen (2)." in alt
    none, alt = data.contact_sheet(pictures, [None, None])
    assert alt.endswith("0 detections in whole lines.") and edges(drawn(none)[0]) == []


@pytest.mark.parametrize("shape", [(100, 100), (200, 100), (90, 600)])
def test_no_text_reaches_over_the_right_border(shape):
    """A text at the right border is set leftwards; one that has room stays at the left corner of its box."""
    height, width = shape
    shares = np.array([[0.7, 0.1, 0.97, 0.2], [0.9, 0.5, 1.0, 0.7], [0.02, 0.3, 0.3, 0.4]])
    boxes = shares * (width, height, width, height)
    pictures = scenes(shape, (50, 50), boxes=[boxes, boxes[:0]], labels=[np.zeros(3, int), np.zeros(0, int)])
    fig, _ = data.contact_sheet(pictures, [Detections(boxes, np.full(3, 0.5), np.ones(3, int)), None])
    fig.canvas.draw()
    ax = drawn(fig)[0]
    area = ax.get_window_extent()
    for one in ax.texts:
        assert area.x0 - 1 <= one.get_window_extent().x0 and one.get_window_extent().x1 <= area.x1 + 1
    sides = {(round(one.xy[1] / height, 1), one.get_horizontalalignment()) for one in ax.texts}
    assert {(0.3, "left"), (0.4, "left"), (0.5, "right"), (0.7, "right")} <= sides


# texts


def test_pictures_of_one_kind_stand_together():
    pictures = scenes(*[(40, 40)] * 6)
    kinds = ["missed", "", "background", "missed", "background", ""]
    fig, alt = data.contact_sheet(pictures, found_in(pictures), kinds)
    assert titles(fig) == [
        "picture 0: missed",
        "picture 3: missed",
        "picture 2: background",
        "picture 4: background",
    ]
    assert alt.endswith("; by kind: missed (2), background (2).")


def test_names_that_the_font_cannot_draw_long_ones_and_dollars(tmp_path):
    """Nothing is warned of when it is drawn; the alt text has the names in full."""
    names = ("\u72d0\u72f8", "$x$ and $y$", "a name that is far too long to be read")
    boxes = [np.array([[1, 1, 9, 9], [2, 2, 20, 20], [3, 3, 30, 30]], np.float32)]
    pictures = scenes((40, 40), boxes=boxes, labels=[np.arange(3)], classes=names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig, alt = data.contact_sheet(pictures)
        fig.canvas.draw()
    assert texts(drawn(fig)[0]) == ["class 0", r"\$x\$ and \$y\$", "a name that is \u2026"]
    assert all(name in alt for name in names)


def test_the_sheet_of_what_was_read(tmp_path, monkeypatch):
    """read_any's parts draw themselves, and plots.show takes what comes."""
    coco(tmp_path, {picture(tmp_path / f"{name}.png"): CAT for name in ("elk", "fox", "hen", "owl", "cow")})
    parts = data.read_any(tmp_path, tell=False)
    assert "Look at them: .sheet(" in parts.report
    fig, alt = parts.sheet("train", count=2)
    assert set(titles(fig)) < {"elk", "fox", "hen", "owl", "cow"} and alt.startswith("2 of 3 pictures with 2")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, metadata, **more: shown.append(metadata))
    plots.show(fig, alt=alt)
    assert [list(one.values())[0]["alt"] for one in shown] == [alt]
    assert titles(parts.sheet("test")[0]) == [parts.test.images.files[0].stem]
    with pytest.raises(data.DataError, match="^part is one of train, validation, test, not 'val'$"):
        parts.sheet("val")


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"found": []}, "0 detections for 3 pictures"),
        ({"kinds": ["missed"]}, "1 texts for 3 pictures"),
        ({"which": [3]}, "there is no picture 3, the set has 3"),
        ({"which": [-1]}, "there is no picture -1, the set has 3"),
        ({"which": []}, "there is no picture to draw"),
        ({"count": 0}, "there is no picture to draw"),
        ({"kinds": ["", "", ""]}, "there is no picture to draw"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(named, reason):
    with pytest.raises(data.DataError, match=f"^contact_sheet: {reason}$"):
        data.contact_sheet(scenes(*[(40, 40)] * 3), **named)
    assert not plt.get_fignums()
