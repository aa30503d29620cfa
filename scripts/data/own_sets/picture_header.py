"""What the header of a picture says, without its pixels: the size, how the camera was held, when, and how many frames."""

import contextlib
import datetime
import warnings
from pathlib import Path
from typing import NamedTuple

ORIENTATION, TAKEN, SHARE = 0x0112, 0x9003, 0x9291  # EXIF's tags
CAMERA = 0x8769  # where EXIF keeps the last two
# where x1, y1, x2, y2 of a box on the stored picture (width w, height h) lie on the picture as it is shown
TURNED = {
    5: lambda x1, y1, x2, y2, w, h: (y1, x1, y2, x2),
    6: lambda x1, y1, x2, y2, w, h: (h - y2, x1, h - y1, x2),
    7: lambda x1, y1, x2, y2, w, h: (h - y2, w - x2, h - y1, w - x1),
    8: lambda x1, y1, x2, y2, w, h: (y1, w - x2, y2, w - x1),
}


class Header(NamedTuple):
    """stored: (width, height) in the file; orientation: EXIF's 1 to 8; taken: seconds, None where not known; frames."""

    stored: tuple[int, int]
    orientation: int = 1
    taken: float | None = None
    frames: int = 1

    @property
    def shown(self) -> tuple[int, int]:
        """(width, height) as `read_image` gives the picture."""
        return self.stored[::-1] if self.orientation in TURNED else self.stored


def header(path: Path) -> Header | None:
    """The header of a picture; None where there is none that can be read: `read_image` says why."""
    from PIL import Image

    with warnings.catch_warnings(), contextlib.suppress(Exception):  # headers can be broken in many ways
        warnings.simplefilter("ignore")
        with Image.open(path) as picture:
            found = Header(picture.size, frames=_frames(picture))
            # a broken note on the camera does not cost the picture
            with contextlib.suppress(Exception):
                exif = picture.getexif()
                orientation = exif.get(ORIENTATION, 1)
                found = found._replace(orientation=orientation if orientation in range(1, 9) else 1)
                found = found._replace(taken=_seconds(exif.get_ifd(CAMERA)))
            return found
    return None


def _frames(picture) -> int:
    # a camera keeps its previews in the same file: they are no animation
    return getattr(picture, "n_frames", 1) if picture.format != "MPO" else 1


def _seconds(notes: dict) -> float | None:
    try:
        taken = datetime.datetime.strptime(str(notes.get(TAKEN)).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    share = str(notes.get(SHARE, "")).strip("\0 ")
    return taken.replace(tzinfo=datetime.UTC).timestamp() + (float(f"0.{share}") if share.isdigit() else 0.0)
