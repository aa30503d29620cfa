"""A pad to draw a digit on, in the page of a notebook, and the drawing as lesson 07's net wants it.

``pad = course.draw_digit()`` shows the pad and returns at once; ``pad.digit()``, in the next cell, is what is
drawn by then. The page sends points, not pixels: one function, `drawn`, paints what a student drew and the
bundled drawing alike. That one serves where nothing is drawn, or nobody can: in a test, in a built page,
without anywidget.

Nothing heavy is imported at the top: the Setup cell imports this module before NumPy may be there.
"""

from scripts.runtime import CourseError, page_looks_on

__all__ = ["DrawingPad", "draw_digit", "drawn", "like_mnist"]

# pixels of the paper's side and of the pen: a digit of 200 pixels has MNIST's strokes of 2 to 3 when it is 20 high
SIDE, BRUSH = 280, 22
BUNDLED, BUNDLED_DIGIT = (
    [
        [[86, 98], [91, 76], [107, 59], [130, 51], [155, 54], [175, 69], [182, 93], [176, 118], [159, 143]]
        + [[136, 168], [110, 194], [84, 221], [120, 222], [160, 222], [200, 220]],
    ],
    2,
)
# anywidget's page part takes `export default {render}` since then
OLDEST = (0, 9)

# Paper, ink and button have colours of their own: the dark modes of JupyterLab, Colab and VS Code each put
# another ground behind them
SCRIPT = (
    f"const SIDE = {SIDE}, BRUSH = {BRUSH};"
    + """
const INK = "#111111", HINT = "#6b6b6b";

function render({ model, el }) {
  const pad = document.createElement("div");
  pad.className = "course-pad";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  const clear = document.createElement("button");
  clear.type = "button";
  clear.textContent = "Clear";
  clear.setAttribute("aria-label", "Clear the drawing pad");
  pad.append(canvas, clear);
  el.append(pad);

  const sharp = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = canvas.height = Math.round(SIDE * sharp);
  const pen = canvas.getContext("2d");
  pen.scale(canvas.width / SIDE, canvas.height / SIDE);
  let stroke = null, finger = null;  // the stroke that is being drawn, and the pointer that draws it

  function paint(points) {
    pen.strokeStyle = pen.fillStyle = INK;
    pen.lineWidth = BRUSH;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...points[0]);
    for (const point of points) pen.lineTo(...point);  // to the first as well: one point is a dot
    pen.stroke();
  }

  function redraw() {
    const strokes = model.get("strokes");
    const all = stroke ? [...strokes, stroke] : strokes;
    pen.clearRect(0, 0, SIDE, SIDE);
    if (all.length === 0) {
      pen.fillStyle = HINT;
      pen.font = "16px sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText("Draw a digit here", SIDE / 2, SIDE / 2);
    }
    all.forEach(paint);
    const empty = "empty; a bundled digit serves if it stays so";
    const state = all.length === 0 ? empty : `strokes drawn: ${all.length}`;
    canvas.setAttribute("aria-label", `Drawing pad for one digit, by mouse, pen or finger; ${state}`);
  }

  function send(strokes) {
    model.set("strokes", strokes);  // calls redraw, in every view of this pad
    model.save_changes();
    // while the kernel is busy ipywidgets holds a second change back, behind any cell that is run meanwhile; a
    // message it sends at once
    model.send({ strokes });
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    const along = (value, from, length) => Math.round((10 * (value - from) * SIDE) / length) / 10;
    return [along(event.clientX, box.left, box.width), along(event.clientY, box.top, box.height)];
  }

  function end(event) {
    if (event.pointerId !== finger) return;
    const strokes = [...model.get("strokes"), stroke];
    stroke = finger = null;
    send(strokes);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || finger !== null) return;  // another button, or a second finger
    event.preventDefault();  // no selection, and the cell to be run next stays the chosen one
    finger = event.pointerId;
    canvas.setPointerCapture(finger);
    stroke = [place(event)];
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== finger) return;
    const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    const from = stroke.length - 1;
    for (const moved of between.length ? between : [event]) stroke.push(place(moved));
    paint(stroke.slice(from));
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, end);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());  // a long touch asks for it
  clear.addEventListener("click", () => {
    stroke = finger = null;
    send([]);
    redraw();  // also where only a stroke that had not ended is cleared
  });
  model.on("change:strokes", redraw);
  redraw();
  return () => model.off("change:strokes", redraw);
}

export default { render };
"""
)
STYLE = f"""
.course-pad {{
  display: inline-flex; flex-direction: column; align-items: flex-start; gap: 8px; padding: 4px;
}}
.course-pad canvas {{
  box-sizing: content-box; width: {SIDE}px; height: {SIDE}px; background: #ffffff; outline: 2px solid #767676;
  cursor: crosshair; touch-action: none;
  user-select: none; -webkit-user-select: none; -webkit-touch-callout: none;
}}
.course-pad button {{
  font: 14px sans-serif; min-height: 32px; padding: 4px 16px; color: #111111; background: #f0f0f0;
  border: 1px solid #767676; border-radius: 4px; cursor: pointer;
}}
.course-pad button:hover {{ background: #dddddd; }}
.course-pad button:focus-visible {{ outline: 3px solid #1a73e8; outline-offset: 2px; }}
"""


class DrawingPad:
    """What `draw_digit` returns; `digit` is the drawing."""

    def __init__(self, widget=None, why: str = "Nothing is drawn"):
        """widget: its ``latest`` is what the page sent; None where there is no pad. why: begins `digit`'s line."""
        self._widget, self._why, self._shown_in = widget, why, None

    def digit(self):
        """What is drawn by now, prepared as lesson 07 prepares a picture of one's own (`like_mnist`).

        With nothing drawn, or no pad, it is a bundled drawing, and one line says so.

        Returns:
            float32, shape (28, 28, 1), values 0..1, ink bright on black; ``digit[None]`` is a batch for the net.

        Raises:
            CourseError: the page sent no strokes, or strokes that leave no ink on the paper, or too much.
        """
        strokes = self._widget.latest if self._widget is not None else []
        if isinstance(strokes, list) and not strokes:
            print(f"{self._why}: here is a bundled drawing of a {BUNDLED_DIGIT} instead.")
            strokes = BUNDLED
        picture = drawn(strokes)
        try:
            return like_mnist(picture)
        except ValueError:  # all of it beside the paper, or more than half of the paper is ink
            raise CourseError(
                "this drawing is no ink on paper: press Clear on the pad and draw a digit"
            ) from None

    def __repr__(self) -> str:
        return "a pad to draw a digit on; its digit() is the drawing"

    def _ipython_display_(self) -> None:
        """Show the pad, once a cell: `draw_digit` has done so already where its cell ends with the pad."""
        from IPython import get_ipython
        from IPython.display import display

        if self._widget is None:
            return
        cell = getattr(get_ipython(), "execution_count", None)
        if cell is None or cell != self._shown_in:
            self._shown_in = cell
            display(self._widget)


def draw_digit() -> DrawingPad:
    """Show a pad to draw a digit on, and return it at once; its ``digit()``, in a later cell, is the drawing.

    Where no page looks on, or with COURSE_FORMS=0, nothing is shown, and ``digit()`` is a bundled drawing.
    """
    if not _kernel_of_a_page():
        return DrawingPad()
    try:
        widget = _widget()
    except ModuleNotFoundError as problem:
        return DrawingPad(why=f"There is no pad, for {problem.name} is not installed (pip install anywidget)")
    except Exception as problem:  # old versions, and versions that do not fit together, fail in many ways
        cure = f"({type(problem).__name__}; pip install -U anywidget)"
        why = f"There is no pad, for anywidget cannot be used {cure}"
        return DrawingPad(why=why)
    pad = DrawingPad(widget)
    pad._ipython_display_()
    return pad


def drawn(strokes: list):
    """Paint strokes with a round pen, dark on light paper, as the page shows them.

    Args:
        strokes: a list of strokes, each a list of points [x, y] in pixels of the paper, from its upper left
            corner. One point is a dot; what lies beside the paper is not painted.

    Returns:
        uint8, shape (280, 280): 255 is paper, 17 is ink.

    Raises:
        CourseError: they are no such lists, or hold something else than finite numbers.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    paper = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(paper)
    try:
        for stroke in strokes:
            points = np.asarray(stroke, "float64")
            if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
                raise ValueError
            points = np.clip(points, -SIDE, 2 * SIDE)  # Pillow's whole numbers end somewhere
            pen.line([tuple(point) for point in points.tolist()], fill=17, width=BRUSH)
            for x, y in points.tolist():  # the round pen, which Pillow's line does not have
                pen.ellipse((x - BRUSH / 2, y - BRUSH / 2, x + BRUSH / 2, y + BRUSH / 2), fill=17)
    except (TypeError, ValueError, OverflowError):
        raise CourseError(
            "what the page sent is no drawing: press Clear on the pad and draw again; if that does not help, "
            "run the cell with the pad again"
        ) from None
    return np.asarray(paper)


def like_mnist(grey):
    """A grey picture, dark ink on light paper, 0..255, as MNIST would hold it: (28, 28, 1), 0..1.

    Lesson 07 shows this function in view; a test keeps the two alike.

    Args:
        grey: an array, shape (height, width).

    Returns:
        float32, shape (28, 28, 1), values 0..1, ink bright on black.

    Raises:
        ValueError: nothing in the picture is darker than its paper.
    """
    import numpy as np
    from PIL import Image

    ink = np.clip(np.median(grey) - grey.astype("float32"), 0, None)  # invert; paper becomes 0
    ink[ink < 0.35 * ink.max()] = 0  # shadows and grain
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if len(rows) == 0:
        raise ValueError("no dark ink on lighter paper in this picture")
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # crop
    scale = 20 / max(ink.shape)
    size = [max(1, round(scale * n)) for n in reversed(ink.shape)]  # PIL counts (width, height)
    small = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX)) / ink.max()
    row, column = (np.arange(n) @ small.sum(axis=1 - i) / small.sum() for i, n in enumerate(small.shape))
    height, width = small.shape
    top = int(np.clip(round(13.5 - row), 0, 28 - height))
    left = int(np.clip(round(13.5 - column), 0, 28 - width))
    whole = np.zeros((28, 28, 1), "float32")
    whole[top : top + height, left : left + width, 0] = small
    return whole


def _kernel_of_a_page() -> bool:
    """Whether this process is a kernel that a page looks on, and forms are not turned off."""
    if not page_looks_on():
        return False
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return False
    # a program that a notebook or VS Code starts inherits the variables, but is no kernel
    return getattr(get_ipython(), "kernel", None) is not None


def _widget():
    """A fresh ``anywidget.AnyWidget``; its ``latest`` is what the page sent. Raises whatever anywidget raises."""
    import anywidget
    import traitlets

    if tuple(int(part) for part in anywidget.__version__.split(".")[:2]) < OLDEST:
        raise ImportError("this anywidget is too old")

    class Pad(anywidget.AnyWidget):
        _esm, _css = SCRIPT, STYLE
        # Any: what does not fit is told by `digit`, in its cell, not by a trait in the kernel's log. No echo: the
        # page has drawn it, and a late echo would take away the strokes that came after it
        strokes = traitlets.Any([]).tag(sync=True, echo_update=False)
        latest = []  # whichever of the two ways came last: the page sends every drawing both ways

        def __init__(self):
            super().__init__()
            self.on_msg(lambda _, content, buffers: setattr(self, "latest", content.get("strokes")))

        @traitlets.observe("strokes")
        def _changed(self, change) -> None:
            self.latest = change.new

        def __repr__(self) -> str:  # what a page shows that has no kernel
            return "A pad to draw a digit on: run this cell, and draw."

    return Pad()
