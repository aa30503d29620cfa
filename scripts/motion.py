"""Animations: a figure drawn frame by frame, shown as one animated PNG with its alt text.

``motion.animate(fig, draw, frames, alt="...")`` is the only way a lesson moves a picture. An animated PNG plays in Colab,
JupyterLab, the pages and the decks without a network, and where it does not, its first frame stands. It plays once and
stops on its last frame, which should say most.
"""

import base64
import io
import uuid
from collections.abc import Callable

import matplotlib.pyplot as plt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

DPI = 100
COLOURS = 64  # of the common palette: few enough for small files, and lines on white need no more
BYTES, SECONDS = 250_000, 5.0  # an animation's limits
FASTEST = 0.04  # seconds a frame: more than 25 a second cost bytes, and nobody sees them


def animate(fig, draw: Callable[[int], None], frames: int, alt: str, seconds: float = 3.0) -> None:
    """Draw an animation and show it once, as an animated PNG with alt text; the figure is closed.

    Args:
        fig: a ``matplotlib.figure.Figure``, as it stands before the first frame.
        draw: draws frame i on it, 0 <= i < frames; called in order. What a frame does not change stays.
        frames: how many, at least 2.
        alt: what moves and where it ends, for readers who cannot see it; at least four words.
        seconds: how long all frames take together; the last one stays.

    Raises:
        ValueError: no useful alt text, fewer than two frames, too long, too many frames a second, or too many bytes.
    """
    from IPython.display import display

    if len(alt.split()) < 4:
        raise ValueError("alt: say in a sentence what moves, and where it ends")
    try:
        png = recorded(fig, draw, frames, seconds)
    finally:
        plt.close(fig)
    data = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": f"[animation: {alt}]"}
    about = {"alt": alt, "width": int(fig.get_figwidth() * 100), "frames": frames}
    display(data, metadata={"image/png": about}, raw=True)


def recorded(fig, draw: Callable[[int], None], frames: int, seconds: float = 3.0) -> bytes:
    """The bytes of an animated PNG, which plays once. Arguments and errors are those of `animate`.

    A browser that has played a picture to its end shows the end when it meets the same bytes again, so each recording holds
    a text of its own: running the cell plays it again.
    """
    if frames < 2:
        raise ValueError(f"an animation has at least 2 frames, not {frames}")
    if not 0 < seconds <= SECONDS:
        raise ValueError(f"an animation takes at most {SECONDS:g} s, not {seconds:g}")
    if seconds / frames < FASTEST:
        most = int(seconds / FASTEST)
        raise ValueError(f"{frames} frames in {seconds:g} s are more than the eye sees: draw at most {most}")
    drawn = []
    for i in range(frames):
        draw(i)
        page = io.BytesIO()
        fig.savefig(page, format="png", dpi=DPI)
        drawn.append(Image.open(page).convert("RGB"))
    # one palette for all frames, taken from the last, which holds most: else colours would flicker
    palette = drawn[-1].quantize(COLOURS, dither=Image.Dither.NONE)
    pages = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in drawn]
    info, file = PngInfo(), io.BytesIO()
    info.add_text("run", uuid.uuid4().hex)
    each = round(1000 * seconds / frames)
    pages[0].save(
        file,
        format="png",
        save_all=True,
        append_images=pages[1:],
        duration=each,
        loop=1,
        pnginfo=info,
        optimize=True,
    )
    if len(file.getvalue()) > BYTES:
        raise ValueError(
            f"an animation holds at most {BYTES // 1000} kB, this one {len(file.getvalue()) // 1000}: "
            "draw fewer frames, a smaller figure, or move less of it"
        )
    return file.getvalue()
