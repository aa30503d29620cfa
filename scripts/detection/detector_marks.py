"""Pictures with the boxes of a detector drawn on them: which are meant, how they look, and the file that each goes to."""

from pathlib import Path

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from scripts import data
from scripts.data.own_sets.folder_files import PICTURES

COLOUR = "#ffd84d"  # of what is drawn; on black it is read on any picture
MARKED = "_boxes"  # what the name of a marked picture ends with


def pictures_in(names):
    """The pictures named; of a folder all that lie in it, but for those that this command wrote."""
    for name in map(Path, names):
        if not name.is_dir():
            yield name
            continue
        inside = [path for path in sorted(name.iterdir()) if path.suffix.lower() in PICTURES]
        inside = [path for path in inside if not path.stem.endswith(MARKED)]
        if not inside:
            raise data.DataError(f"{name.name}: there is no picture in this folder")
        yield from inside


def marked_path(path: Path, folder: Path, taken: set) -> Path:
    """Where a marked picture goes: NAME_boxes.jpg or .png, with a number where that name is taken; it joins `taken`."""
    ending = ".jpg" if path.suffix.lower() in (".jpg", ".jpeg", ".jfif") else ".png"
    into, count = folder / f"{path.stem}{MARKED}{ending}", 1
    while into.resolve() in taken:
        count += 1
        into = folder / f"{path.stem}_{count}{MARKED}{ending}"
    taken.add(into.resolve())
    return into


def with_boxes(picture, found, classes) -> np.ndarray:
    """A picture with boxes drawn on it, each with its class and score, uint8, (height, width, 3).

    Args:
        picture: uint8, (height, width, 3), RGB; it stays as it is. found: `detections.Detections`. classes: names.
    """
    drawn = Image.fromarray(picture)
    pen, longest = ImageDraw.Draw(drawn), max(drawn.size)
    wide, size = max(2, longest // 250), max(11, longest // 45)
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)
    # the surest last, on top of the others
    for box, score, label in list(zip(*found, strict=True))[::-1]:
        x1, y1, x2, y2 = (round(float(corner)) for corner in box)
        # the end of a box is exclusive, that of a drawn one is not
        pen.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=COLOUR, width=wide)
        text = f"{classes[label]} {score:.2f}"
        left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
        x, y = max(0, min(x1, drawn.width - right)), max(0, min(y1, drawn.height - bottom))
        pen.rectangle((x + left, y + top, x + right, y + bottom), fill="black")
        pen.text((x, y), text, fill=COLOUR, font=font)
    return np.asarray(drawn)
