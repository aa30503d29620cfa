"""Figures: the house style, the one way to show a figure, and figures that are not the lesson itself.

``plots.show(fig, alt="...")`` is the only way a lesson shows a figure: the alt text travels in the output's metadata, so
that a page, a deck and a screen reader all have it.
"""

import base64
import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

# Okabe and Ito's palette: told apart by readers with any colour vision, and in grey by lightness
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1))]
DPI = 110
PHOTOGRAPH = 10_000  # a figure with more colours holds a photograph
FINE = 300  # pixels of the longer side from which on a picture is a photograph rather than pixels to be seen
AREA = 0.001  # a colour that covers a larger share of a figure is an area, which the eye compares


def use_house_style() -> None:
    """White background, large letters, thick lines; colours always go with a line style or a marker."""
    style = {
        "figure.figsize": (7.2, 4.0),
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "white",
        "font.size": 13,
        "axes.titlesize": 14,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": matplotlib.cycler(color=COLOURS) + matplotlib.cycler(linestyle=LINES),
        "grid.color": "#dddddd",
        "grid.linewidth": 0.8,
        "lines.linewidth": 2.4,
        "lines.markersize": 8,
        "legend.frameon": True,
        "legend.framealpha": 0.9,
        "image.cmap": "cividis",
    }
    matplotlib.rcParams.update(style)


def show(fig, alt: str) -> None:
    """Show a figure once, with alt text, and close it; as a PNG, or with photographs as a JPEG (`encoded`).

    Args:
        fig: a ``matplotlib.figure.Figure``.
        alt: what the figure shows, for readers who cannot see it; at least four words.

    Raises:
        ValueError: no useful alt text.
    """
    from IPython.display import display

    if len(alt.split()) < 4:
        raise ValueError("alt: say in a sentence what the figure shows")
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png", dpi=DPI)
    plt.close(fig)
    kind, file = encoded(Image.open(drawn).convert("RGB"))
    width = int(fig.get_figwidth() * 100)
    data = {kind: base64.b64encode(file).decode("ascii"), "text/plain": f"[figure: {alt}]"}
    display(data, metadata={kind: {"alt": alt, "width": width}}, raw=True)


def encoded(picture: Image.Image) -> tuple[str, bytes]:
    """A drawn figure as a small file that keeps its colours: ("image/png" or "image/jpeg", its bytes).

    A figure with a photograph becomes a JPEG of high quality where that halves the bytes. Any other becomes a PNG, with a palette where that is as good:
    on the mean over the picture less than one level (of 255) off, and no area of one colour more than one level off.

    Args:
        picture: in RGB.
    """
    pixels = np.asarray(picture).astype(np.int32)
    packed = pixels @ np.array([65536, 256, 1])
    colours, counts = np.unique(packed, return_counts=True)
    few = picture.quantize(256, dither=Image.Dither.NONE)
    off = np.abs(np.asarray(few.convert("RGB")).astype(np.int32) - pixels)
    areas = np.isin(packed, colours[counts > AREA * packed.size])
    kept = len(colours) <= PHOTOGRAPH and off.mean() < 1 and (not areas.any() or off[areas].max() <= 1)
    png = _saved(few if kept else picture, format="png", optimize=True)
    if len(colours) > PHOTOGRAPH:
        # no subsampling: thin coloured lines beside the photograph stay what they are
        jpeg = _saved(picture, format="jpeg", quality=90, subsampling=0, optimize=True)
        if len(jpeg) < len(png) / 2:
            return "image/jpeg", jpeg
    return "image/png", png


def _saved(picture: Image.Image, **how) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    picture.save(file, **how)
    return file.getvalue()


def cost_surface(ax, cost, w_range, b_range, path=None, levels=14) -> None:
    """Contours of a cost over two parameters, with a descent path on it.

    The ground is light everywhere, so that dark letters and lines can be read on it: the lower the cost, the lighter. Lines of
    equal cost carry their cost.

    Args:
        ax: the axes to draw on.
        cost: function of (W, b), both float arrays of shape (n, n), returning the cost, shape (n, n).
        w_range, b_range: (low, high) of either parameter.
        path: points (W, b) that a descent visited, shape (steps, 2), or None.
        levels: number of contour levels, spaced by logarithm.
    """
    w, b = np.meshgrid(np.linspace(*w_range, 70), np.linspace(*b_range, 70))
    values = cost(w, b)
    # contours evenly spaced in the logarithm show the valley's floor too
    height = np.log10(values + 1e-3)
    ground = matplotlib.colors.ListedColormap(matplotlib.colormaps["Blues"](np.linspace(0.0, 0.55, 64)))
    ax.contourf(w, b, height, levels=levels, cmap=ground)
    powers = np.arange(np.ceil(height.min()), np.floor(height.max()) + 1)
    # a power of ten each, the highest within the picture
    lines = ax.contour(w, b, values, levels=10.0 ** powers[-4:], colors="#444444", linewidths=0.9)
    low, high = (np.array([w_range[i], b_range[i]]) for i in (0, 1))
    for level, curves in zip(lines.levels, lines.allsegs, strict=True):
        for curve in curves:
            # at its lowest place that is well inside, away from a path along the valley's floor
            share = (curve - low) / (high - low)
            inside = curve[((share > 0.06) & (share < 0.94)).all(axis=1)]
            # a curve smaller than its number gets none
            if len(inside) and np.ptp(share, axis=0).max() > 0.2:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
                place = inside[inside[:, 1].argmin()]
                ax.text(*place, f"{level:g}", ha="center", va="center", fontsize=10, zorder=4, bbox=box)
    ax.set(xlabel="W", ylabel="b", xlim=w_range, ylim=b_range)
    ax.grid(False)
    if path is not None:
        path = np.asarray(path)
        ax.plot(path[:, 0], path[:, 1], "-o", color="black", markersize=4, linewidth=1.5)
        ax.plot(*path[0], "s", color="#D55E00", markersize=10, markeredgecolor="white", label="start")
        ax.plot(*path[-1], "*", color="#E69F00", markersize=16, markeredgecolor="black", label="end")
        ax.legend()


def confusion_matrix(ax, counts, classes) -> None:
    """Draw a confusion matrix: its counts as numbers, its mistakes as colours, the diagonal left white.

    Args:
        ax: the axes to draw on.
        counts: int, shape (n, n); rows are true classes, columns answers.
        classes: n names.
    """
    beside = np.array(counts)
    np.fill_diagonal(beside, 0)
    ax.imshow(beside, cmap="Blues", vmax=max(beside.max() * 1.6, 1))  # so that black numbers stay readable
    for true, said in np.ndindex(beside.shape):
        ax.text(said, true, counts[true, said], ha="center", va="center", fontsize=9)
    long = max(map(len, classes)) > 2
    ax.set_xticks(range(len(classes)), classes, rotation=45 if long else 0, ha="right" if long else "center")
    ax.set(xlabel="answer", ylabel="true class", yticks=range(len(classes)), yticklabels=classes)
    ax.grid(False)


def picture(ax, pixels, longest: int | None = None) -> None:
    """Draw a picture so that the axes count its pixels: pixel (row, column) covers column to column + 1, row to row + 1.

    Args:
        ax: the axes to draw on.
        pixels: shape (height, width) or (height, width, 3), values 0..255 of any type; others are cut off.
        longest: draw it reduced to this many pixels on its longer side, which keeps a page small.
    """
    height, width = pixels.shape[:2]
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    if longest and longest < max(height, width):
        import cv2  # here, because most lessons do without it

        size = (round(width * longest / max(height, width)), round(height * longest / max(height, width)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    # a photograph that is drawn smaller than it is takes means; of a small picture each pixel shows
    fine = "antialiased" if max(pixels.shape[:2]) >= FINE else "nearest"
    look = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": fine}
    ax.imshow(pixels, extent=(0, width, height, 0), **look)
    ax.axis("off")


def boxes(ax, corners, texts=(), colour=COLOURS[4], line="-", width=2.2) -> None:
    """Draw boxes over a `picture`, each with its text at a corner inside, on a dark ground.

    Args:
        ax: the axes, whose units are pixels.
        corners: float, shape (n, 4): x1, y1, x2, y2, counted from 0, end exclusive.
        texts: a text for each of the first boxes; the upper corner takes it, with a broken line the lower one.
        colour, line, width: of matplotlib; the line style tells what the colour tells.
    """
    ground = {"facecolor": "black", "alpha": 0.6, "pad": 1.2, "linewidth": 0}
    side = "top" if line == "-" else "bottom"
    for i, (x1, y1, x2, y2) in enumerate(corners):
        edge = {"fill": False, "edgecolor": colour, "linestyle": line, "linewidth": width}
        ax.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, **edge))
        if i < len(texts):
            y = y1 if line == "-" else y2
            ax.annotate(
                texts[i],
                (x1, y),
                (3, -3 if line == "-" else 3),
                textcoords="offset points",
                color=colour,
                fontsize=10,
                va=side,
                bbox=ground,
                annotation_clip=True,
            )


def tiles(ax, pictures, columns: int) -> None:
    """Draw grey pictures side by side as one, dark ink on white.

    Args:
        ax: the axes to draw on.
        pictures: float, shape (n, height * height) or (n, height, height, ...), ink 1 and ground 0; n a multiple of columns.
        columns: how many stand in a row.
    """
    pictures = np.asarray(pictures)
    side = round((pictures.size / len(pictures)) ** 0.5)
    rows = len(pictures) // columns
    whole = pictures.reshape(rows, columns, side, side).transpose(0, 2, 1, 3).reshape(rows * side, -1)
    ax.imshow(whole, cmap="gray_r", vmin=0, vmax=1)
    ax.axis("off")


COURSE_MAP = (  # part, and its lessons as (number, name)
    ("linear functions", ((1, "a line"), (2, "pass or fail"), (3, "letter grades"))),
    ("neural networks", ((4, "neurons"), (5, "MLP"), (6, "convolution"), (7, "CNN"), (8, "CIFAR-10"))),
    (
        "sequences, generation,\nlooking deeper",
        ((9, "RNN"), (10, "GAN"), (11, "functions"), (12, "PCA, LDA"), (13, "overfitting")),
    ),
    (
        "image and vision",
        ((14, "OpenCV"), (15, "ImageAI"), (16, "R-CNN"), (17, "Fast\nR-CNN"), (18, "Faster\nR-CNN")),
    ),
    ("your own detector", ((19, "your own\npictures"), (20, "scaling\nout"))),
)


def course_map(ax, here: int | None = None) -> None:
    """Draw the lessons in their parts, in reading order, with one of them marked.

    Args:
        ax: the axes to draw on; a wide one.
        here: the number of the lesson the reader is in; 0 is the first.
    """
    ax.set(xlim=(-0.1, 7.6), ylim=(3.25 - len(COURSE_MAP), 4.3))
    ax.axis("off")
    boxes = {0: (0.0, 3.9)}
    for row, (part, lessons) in enumerate(COURSE_MAP):
        ax.text(0.0, 3 - row, part, fontsize=11, weight="bold", va="center")
        boxes.update({number: (2.2 + 1.05 * column, 3 - row) for column, (number, _) in enumerate(lessons)})
    names = {0: "start here", **{number: name for _, lessons in COURSE_MAP for number, name in lessons}}
    for number, (x, y) in boxes.items():
        colour = "#E69F00" if number == here else "#d9e8f5"
        width = 1.5 if number == 0 else 0.9
        ax.add_patch(
            plt.Rectangle((x, y - 0.36), width, 0.72, facecolor=colour, edgecolor=COLOURS[0], linewidth=1.5)
        )
        ax.text(x + width / 2, y, f"{number:02}\n{names[number]}", ha="center", va="center", fontsize=9.5)
        if number and number - 1 in boxes and boxes[number - 1][1] == y:
            ax.annotate("", (x, y), (x - 0.15, y), arrowprops={"arrowstyle": "->", "color": "black"})
