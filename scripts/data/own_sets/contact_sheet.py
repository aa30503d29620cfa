"""A contact sheet: some pictures of a set, small and side by side, with the boxes that are marked and those that were found."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from scripts.data.ladder import DataError

COLUMNS = 4
CELL = 2.6  # inches of width for each picture
TALLEST, FLATTEST = 1.25, 0.5  # height of a row in shares of a cell's width
LONGEST = 320  # pixels of a picture's longer side on the sheet
MOST_NAMES = 4  # boxes in a picture that are all named; of more each class is named once
LETTERS = 16  # of a name; the rest is cut
USED = 0.95  # share of a cell that the picture fills
# white on black can be seen on every ground
UNDER = {"colour": "black", "line": "-", "width": 1.6}
MARKED, FOUND = {"colour": "white", "line": "--", "width": 1.6}, {"width": 1.8}


def contact_sheet(
    pictures,
    found=None,
    kinds: Sequence[str] | None = None,
    count: int = 12,
    which: Sequence[int] | None = None,
    min_score: float = 0.3,
):
    """Draw some pictures of a set with their boxes: `fig, alt = data.contact_sheet(pictures); plots.show(fig, alt=alt)`.

    Marked boxes are broken lines with the name at the lower corner, detections whole lines with name and score at the upper one.
    Pictures are read one at a time, and only a small copy is kept. In a picture with more than four boxes each class is named
    once, on its largest box or surest detection.

    Args:
        pictures: `voc.VocSet`, a part of what `read_any` read, or `scenes.Scenes`.
        found: detections (boxes, scores, labels) for each picture of the set, None where there are none; or a function that
            gives them for a picture, such as a detector.
        kinds: a text for each picture of the set, such as the mistake in it. Pictures with a text are drawn, those of one text
            together; an empty text leaves a picture out.
        count: how many pictures at most, spread evenly over the set.
        which: positions in the set, in place of `count`.
        min_score: detections below it are not drawn.

    Returns:
        A `matplotlib.figure.Figure` and its alt text.

    Raises:
        DataError: no pictures to draw, no such picture; detections or texts are not one for each picture.
    """
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    from scripts import plots

    chosen = _chosen(pictures, found, kinds, count, which)
    rows = [chosen[i : i + COLUMNS] for i in range(0, len(chosen), COLUMNS)]
    small = {i: _drawn(pictures, i, found, min_score) for i in chosen}
    heights = [max(FLATTEST, *(min(TALLEST, small[i][1][1] / small[i][1][0]) for i in row)) for row in rows]
    columns = min(COLUMNS, len(chosen))
    # a line of letters above each row, and one below all
    size = CELL * columns, sum(CELL * height + 0.28 for height in heights) + 0.35 * (found is not None)
    layout = {"height_ratios": heights, "squeeze": False, "layout": "constrained"}
    fig, axes = plt.subplots(len(rows), columns, figsize=size, **layout)
    for ax in axes.flat:
        ax.axis("off")
        ax.set_anchor("N")
    for n, (i, ax) in enumerate(zip(chosen, axes.flat, strict=False)):
        pixels, (width, height), said = small[i]
        points = CELL * 72 * USED * min(1 / width, heights[n // COLUMNS] / height)
        kind = "" if kinds is None else f": {kinds[i]}"
        ax.set_title(_drawable(_title(pictures, i) + kind, 34, f"picture {i}"), fontsize=9, pad=3)
        if pixels is None:
            ax.text(0.5, 0.5, "cannot be read", ha="center", fontsize=9)
            continue
        ax.imshow(pixels, extent=(0, width, height, 0), interpolation="antialiased")
        plots.boxes(ax, pictures.boxes[i], **UNDER)
        for boxes, texts, style in (_marked(pictures, i), _said(pictures, said)):
            # a text whose corner is outside would not be drawn
            boxes = np.clip(boxes, 0, (width, height, width, height))
            # those that are named lie above the others
            for k in sorted(range(len(boxes)), key=lambda k, texts=texts: k in texts):
                plots.boxes(ax, boxes[k : k + 1], [texts[k]] if k in texts else (), **style)
                if k in texts:
                    _leftwards(ax.texts[-1], boxes[k], width, points)
    if found is not None:
        # white lines would not be seen in the key
        lines = [Line2D([], [], color="black", linestyle="--"), Line2D([], [], color=plots.COLOURS[4])]
        fig.legend(lines, ["marked", "found, with score"], loc="outside lower center", ncols=2, fontsize=10)
    return fig, _alt(pictures, chosen, small, found, kinds)


def _chosen(pictures, found, kinds, count: int, which) -> list[int]:
    """Positions of the pictures to be drawn."""
    for what, one_each in (("detections", found), ("texts", kinds)):
        if one_each is not None and not callable(one_each) and len(one_each) != len(pictures):
            raise DataError(f"contact_sheet: {len(one_each):,} {what} for {len(pictures):,} pictures")
    some = range(len(pictures)) if which is None else [int(i) for i in which]
    if wrong := [i for i in some if not 0 <= i < len(pictures)]:
        raise DataError(f"contact_sheet: there is no picture {wrong[0]}, the set has {len(pictures):,}")
    if kinds is not None:
        order = list(dict.fromkeys(kinds))
        some = sorted((i for i in some if kinds[i]), key=lambda i: order.index(kinds[i]))
    if not len(some) or count < 1:
        raise DataError("contact_sheet: there is no picture to draw")
    if which is None and len(some) > count:
        some = [some[k] for k in np.linspace(0, len(some) - 1, count).round().astype(int)]
    return list(some)


def _drawn(pictures, i: int, found, min_score: float):
    """A small copy of a picture (None where it cannot be read), its (width, height), and what was found on it."""
    import cv2

    try:
        pixels = np.asarray(pictures.images[i])
    except DataError:
        return None, (1, 1), None
    said = found(pixels) if callable(found) else None if found is None else found[i]
    if said is not None:
        said = [np.asarray(column)[np.asarray(said.scores) >= min_score] for column in said]
    height, width = pixels.shape[:2]
    scale = min(1, LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # a copy in any case: a part of a picture would keep the whole in memory
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), (width, height), said


def _leftwards(text, box, width: int, points: float) -> None:
    """A text that would reach over the right border ends at its box's right side, or at the border.

    Args:
        text: the annotation at the left corner of `box`. width: of the picture, pixels. points: of 1/72 inch to a pixel.
    """
    from matplotlib.textpath import TextPath

    # what lies beside the letters: the way from the corner, and the dark ground
    needed = (TextPath((0, 0), text.get_text(), size=text.get_fontsize()).get_extents().width + 8) / points
    if box[0] + needed <= width:
        return
    (_, y), (_, up) = text.xy, text.xyann
    text.set_horizontalalignment("right")
    text.xy, text.xyann = (box[2] if needed <= box[2] else width, y), (-3, up)


def _marked(pictures, i: int):
    """The boxes that are marked, {position: name} of those to be named, and how they look."""
    boxes, labels = np.asarray(pictures.boxes[i]), pictures.labels[i]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return boxes, {k: _name(pictures, labels[k]) for k in _named(labels, areas)}, MARKED


def _said(pictures, said):
    """The same for detections, whose names have their scores."""
    if said is None:
        return np.zeros((0, 4)), {}, FOUND
    boxes, scores, labels = said
    texts = {k: f"{_name(pictures, labels[k])} {scores[k]:.2f}" for k in _named(labels, scores)}
    return boxes, texts, FOUND


def _named(labels, weights) -> list[int]:
    if len(labels) <= MOST_NAMES:
        return list(range(len(labels)))
    order = np.argsort(-np.asarray(weights), kind="stable")
    return list({int(labels[k]): int(k) for k in order[::-1]}.values())


def _name(pictures, label: int) -> str:
    return _drawable(str(pictures.classes[int(label)]), LETTERS, f"class {label}")


def _title(pictures, i: int) -> str:
    files = getattr(pictures.images, "files", None)
    return files[i].stem if files else f"picture {i}"


def _drawable(text: str, letters: int, otherwise: str) -> str:
    """A text of at most so many letters; `otherwise` where the font lacks one of them, which would be an empty square."""
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    text = text if len(text) <= letters else f"{text[: letters - 1]}\u2026"
    # two $ would make a formula of what is between them
    return text.replace("$", r"\$") if all(font.get_char_index(ord(one)) for one in text) else otherwise


def _counted(pictures, labels: list) -> str:
    counts = Counter(pictures.classes[int(label)] for label in labels)
    told = [f"{name} ({count})" for name, count in counts.most_common(5)]
    return ", ".join(told) + (f" and {len(counts) - 5} more classes" if len(counts) > 5 else "")


def _alt(pictures, chosen: list[int], small: dict, found, kinds) -> str:
    """What the sheet shows, in words."""
    marked = [label for i in chosen for label in pictures.labels[i]]
    lines = [
        f"{len(chosen)} of {len(pictures):,} pictures with {len(marked)} marked boxes in broken lines"
        + (f": {_counted(pictures, marked)}" if marked else "")
    ]
    if empty := sum(not len(pictures.labels[i]) for i in chosen):
        lines.append(f"{empty} of them have no marked box")
    if found is not None:
        said = [label for i in chosen if small[i][2] is not None for label in small[i][2][2]]
        told = f": {_counted(pictures, said)}" if said else ""
        lines.append(f"{len(said)} detections in whole lines{told}")
    if kinds is not None:
        counts = Counter(kinds[i] for i in chosen)
        lines.append("by kind: " + ", ".join(f"{kind} ({count})" for kind, count in counts.items()))
    if lost := sum(small[i][0] is None for i in chosen):
        lines.append(f"{lost} cannot be read")
    return "; ".join(lines) + "."
