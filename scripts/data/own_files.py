"""Pictures and videos of your own: a file goes in, RGB arrays come out, or one clear error (`DataError`).

OpenCV's readers return None for a file they cannot read, or half a picture, without a word. Pillow, which reads pictures
here, says what is wrong; videos are OpenCV's, checked.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scripts.data.downloads import is_web_page
from scripts.data.ladder import DataError
from scripts.runtime import quiet

SIXTEEN_BITS = ("PNG", "PPM")  # in files of these kinds Pillow's mode "I" holds 0..65535
UNKNOWN = "its bytes are of another kind, or damaged"
TEXT = "it is a text"
PROGRAMS = ("EPS",)  # kinds that Pillow hands to another program, which runs what stands in the file
SHORT = 0.02  # the share of its frames that a whole video may lack: some files hold only an estimate of their number


def read_image(path) -> np.ndarray:
    """Read a picture in any form that Pillow knows: grey, palette, RGBA, CMYK, 16 bits; PNG, JPEG, TIFF, WebP, ...

    Transparent parts are laid on white, 16 bits are cut to the upper 8, a photograph is turned as its camera was held,
    of an animation the first frame is taken.

    Args:
        path: the file.

    Returns:
        uint8, shape (height, width, 3), RGB, values 0..255.

    Raises:
        DataError: no such file, no picture, cut off or damaged; the message names file, reason and cure.
    """
    from PIL import Image, ImageOps

    path = _existing(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures and of odd, harmless headers
        try:
            picture = Image.open(path)
        except Image.UnidentifiedImageError:
            raise DataError(
                f"{path.name} is no picture that can be read: {_looks_like(path)}. "
                "Open it in a viewer and save it as PNG or JPEG, or download the picture itself"
            ) from None
        except Image.DecompressionBombError:
            raise DataError(
                f"{path.name} is too large: more than {2 * Image.MAX_IMAGE_PIXELS / 1e6:.0f} megapixels. "
                "Save it smaller, by any picture editor"
            ) from None
        except Exception as problem:  # headers can be broken in many ways
            raise _damaged(path, problem) from None
        with picture:
            if picture.format in PROGRAMS:
                raise DataError(
                    f"{path.name} is a drawing in PostScript, which would have to be run to be seen. Save it as PNG or JPEG"
                )
            try:
                picture.load()
            except Exception as problem:  # and so can what follows them
                raise _damaged(path, problem) from None
            return _rgb(picture, ImageOps.exif_transpose, path.name)


def frames(path) -> Iterator[np.ndarray]:
    """The frames of a video, one after another.

    Args:
        path: the file: .avi, .mp4, .mkv, ..., whatever the OpenCV at hand can decode.

    Returns:
        An iterator of frames: uint8, shape (height, width, 3), RGB.

    Raises:
        DataError: at once, when there is no such file, no video or none of its frames can be decoded; and after the
            last good frame, when there are fewer than the file promises: it was cut off.
    """
    import cv2

    path = _existing(path)
    looks = _looks_like(path)
    # a text is no video, but a list of others: a decoder would open what it names, wherever that lies
    if looks == TEXT:
        raise _no_video(path, looks)
    with quiet():  # the decoders write to file descriptor 2
        video = cv2.VideoCapture(str(path))
        found, first = video.read()
    # by its ending a web page "opens"
    if not video.isOpened() or (not found and looks != UNKNOWN):
        video.release()
        raise _no_video(path, looks)
    if not found:
        video.release()
        raise DataError(
            f"{path.name} holds no frames. A writer that was given frames of another size than it was opened for, "
            "(width, height), writes none; else copy or download the file again"
        )
    return _frames(path.name, video, first)


def _no_video(path: Path, looks: str) -> DataError:
    return DataError(
        f"{path.name} is no video that OpenCV can read: {looks}. "
        "If a player shows it, save it there as .mp4 or .avi; else copy or download it again"
    )


def _frames(name: str, video, frame) -> Iterator[np.ndarray]:
    """All frames of an open video, of which the first has been read."""
    import cv2

    promised, count, found = video.get(cv2.CAP_PROP_FRAME_COUNT), 0, True
    try:
        while found:
            count += 1
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            with quiet():
                found, frame = video.read()
    finally:
        video.release()
    if promised - count > max(1, SHORT * promised):
        raise DataError(
            f"{name} ends early: {count} of {promised:.0f} frames can be read. "
            "It was cut off or is damaged: copy or download it again"
        )


def _existing(path) -> Path:
    """The path of a file that can be opened and is not empty."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            if file.read(1):
                return path
    except FileNotFoundError:
        raise DataError(
            f"{path.name} is missing: there is no such file. Check the spelling, the ending and the folder"
        ) from None
    except OSError as problem:
        if path.is_dir():
            raise DataError(f"{path.name} is a folder: name a file in it") from None
        raise DataError(f"{path.name} cannot be opened ({problem.strerror}): check its permissions") from None
    raise DataError(f"{path.name} is empty: copy or download it again")


def _looks_like(path: Path) -> str:
    """What a file seems to be that is not what was hoped for."""
    with path.open("rb") as file:
        start = file.read(512)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if is_web_page(text):
        return "it is a web page"
    if b"<svg" in text:
        return "it is an SVG drawing, which has no pixels"
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return "it is a phone's HEIC file"
    if b"\0" not in start and all(byte >= 9 for byte in start):
        return TEXT
    return UNKNOWN


def _damaged(path: Path, problem: Exception) -> DataError:
    return DataError(
        f"{path.name} is cut off or damaged ({str(problem).partition(' (')[0] or type(problem).__name__}). "
        "Copy or download it again"
    )


def _rgb(picture, upright, name: str) -> np.ndarray:
    """A loaded Pillow picture as RGB, uint8."""
    from PIL import Image

    mode, kind = picture.mode, picture.format
    with contextlib.suppress(Exception):  # a broken note on how the camera was held: the picture is whole
        picture = upright(picture)
    if mode.startswith("I;16") or (mode == "I" and kind in SIXTEEN_BITS):
        grey = (np.asarray(picture).astype(np.int64) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if mode in ("I", "F"):
        raise DataError(
            f"{name} holds {'whole' if mode == 'I' else 'real'} numbers of 32 bits, which have no fixed white. "
            "Scale them to 0..255 and save them as PNG"
        )
    try:
        if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return np.array(picture.convert("RGB"))
    except ValueError:
        raise DataError(
            f"{name} has colours of the kind {mode}, which cannot be turned into RGB here. "
            "Save it as PNG or JPEG"
        ) from None
