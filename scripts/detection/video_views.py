"""What a detector found in a video, shown in a notebook: some frames as one figure, or moving.

What is shown is what `video_seen.Seen` kept: frames evenly spread over the video.
"""

import matplotlib.pyplot as plt
import numpy as np

from scripts import motion, plots
from scripts.detection.video_file import BRIGHT
from scripts.detection.video_seen import Seen

SURE = 3  # of the objects of a frame, so many are named in the alt text
WIDTHS = (
    4.0,
    3.2,
    2.4,
    1.6,
)  # inches of an animation: the widest that stays under the limit of bytes is taken


def show_strip(seen: Seen, count: int = 4, columns: int = 2, alt: str = "") -> None:
    """Show some frames with their boxes as one figure.

    Args:
        count: how many frames. columns: how many stand side by side. alt: None given, it names what was found
            in each frame.

    Raises:
        ValueError: there is no frame to show.
    """
    chosen = _spread(seen, count)
    columns = min(columns, len(chosen))
    rows = -(-len(chosen) // columns)
    height, width = chosen[0][1].shape[:2]
    wide = 8.6 / columns
    fig, axes = plt.subplots(
        rows, columns, figsize=(8.6, rows * (wide * height / width + 0.35)), squeeze=False
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, (place, picture, factor) in zip(axes.flat, chosen, strict=False):
        _draw(ax, seen, place, picture, factor)
        ax.set_title(f"frame {seen.numbers[place] + 1}", fontsize=11)
    words = "; ".join(f"frame {seen.numbers[place] + 1}: {_named(seen, place)}" for place, *_ in chosen)
    plots.show(fig, alt or f"{len(chosen)} frames of {seen.name} with boxes. {words}.")


def show_moving(seen: Seen, seconds: float = 3.0, alt: str = "") -> None:
    """Show the kept frames one after another, as an animated PNG; small, since photographs make large ones.

    Raises:
        ValueError: fewer than two frames, or even the smallest takes more bytes than an animation may.
    """
    chosen = _spread(seen, len(seen.kept))
    if len(chosen) < 2:
        raise ValueError("an animation has at least 2 frames: look at more of the video")
    height, width = chosen[0][1].shape[:2]
    last = chosen[-1][0]
    words = f"in the last one, frame {seen.numbers[last] + 1}: {_named(seen, last)}"
    for wide in WIDTHS:
        fig, ax = plt.subplots(figsize=(wide, wide * height / width), layout="none")
        ax.set_position((0, 0, 1, 1))

        def draw(i, ax=ax):
            ax.clear()
            _draw(ax, seen, *chosen[i], texts=False)

        try:
            alt = alt or f"{len(chosen)} frames of {seen.name} one after another, with boxes; {words}."
            return motion.animate(fig, draw, len(chosen), alt, seconds)
        except ValueError as problem:
            if "kB" not in str(problem) or wide == WIDTHS[-1]:
                raise


def _spread(seen: Seen, count: int) -> list:
    """So many of the kept frames, evenly spread, the first and the last among them."""
    if not seen.kept or count < 1:
        raise ValueError("there is no frame to show")
    places = np.linspace(0, len(seen.kept) - 1, min(count, len(seen.kept))).round().astype(int)
    return [seen.kept[i] for i in places]


def _draw(ax, seen: Seen, place: int, picture, factor: float, texts: bool = True) -> None:
    found = seen.found[place]
    plots.picture(ax, picture)
    names = [f"{seen.classes[label]} {100 * score:.0f}" for score, label in zip(*found[1:], strict=True)]
    for i, label in enumerate(found.labels):
        colour = BRIGHT[int(label) % len(BRIGHT)]
        plots.boxes(ax, found.boxes[i : i + 1] * factor, names[i : i + 1] if texts else (), colour)


def _named(seen: Seen, place: int) -> str:
    """The surest objects of a frame, for readers who cannot see it."""
    found = seen.found[place]
    if len(found.labels) == 0:
        return "nothing found"
    named = [
        f"{seen.classes[label]} {score:.0%}" for score, label in zip(found.scores, found.labels, strict=True)
    ]
    more = f" and {len(named) - SURE} more" if len(named) > SURE else ""
    return ", ".join(named[:SURE]) + more
