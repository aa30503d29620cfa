"""The page's part of `box_drawing.py`: the widget of jupyter-bbox-widget, and what is mended round it.

Nothing heavy is imported at the top.
"""

import html
import io

# pixels of the page that a picture takes at most, (width, height); it is sent with twice as many, for sharp
# screens and for boxes finer than a step of the mouse. One with few pixels is enlarged, at most so many times
ROOM, SHARP, ENLARGED = (960, 640), 2, 4
# dark enough to be read as text on white
COLORS = [
    "#0b5cad",
    "#b34700",
    "#1b7a1b",
    "#c01818",
    "#7a3fb0",
    "#7a4a3f",
    "#b8318f",
    "#555555",
    "#6b6b00",
    "#00707c",
]
# Round the package's own script. What is drawn is sent with Submit itself: while the kernel is busy, a page
# holds changes of values back, but not messages
SCRIPT = """
async function render({ model, el }) {
  el.classList.add("course-boxes");
  const file = URL.createObjectURL(new Blob([model.get("package")], { type: "text/javascript" }));
  const loaded = await import(file);
  URL.revokeObjectURL(file);

  const answered = () => el.classList.remove("course-waiting");
  const heard = {
    save_changes() {},
    send(content) {
      if (el.classList.contains("course-waiting")) return;  // a second press would be of the next picture
      el.classList.add("course-waiting");
      model.send({ ...content, bboxes: model.get("bboxes"), shown: model.get("shown") });
    },
  };
  for (const name of ["get", "set", "on", "off"]) heard[name] = (...given) => model[name](...given);
  model.on("change:answered", answered);
  const end = await (loaded.default ?? loaded).render({ model: heard, el });
  return () => { model.off("change:answered", answered); end?.(); };
}

export default { render };
"""
STYLE = f"""
.course-boxes {{ background: #ffffff; color: #111111; padding: 4px; }}
.course-boxes.course-boxes img {{ max-width: min(100%, {ROOM[0]}px); max-height: {ROOM[1]}px; }}
.course-boxes.course-boxes svg {{ cursor: crosshair; }}
.course-boxes.course-boxes button {{ color: #111111; background: #e8e8e8; border: 1px solid #767676; }}
.course-boxes.course-boxes button:focus-visible {{ outline: 3px solid #1a73e8; outline-offset: 2px; }}
.course-waiting {{ opacity: 0.4; pointer-events: none; }}
"""


def for_the_page(image) -> tuple[bytes, tuple[float, float]]:
    """A picture as the page gets it.

    Args:
        image: uint8, shape (height, width, 3), RGB.

    Returns:
        A JPEG; and how many pixels of the file one of its pixels is, (to the right, down).
    """
    from PIL import Image

    height, width = image.shape[:2]
    factor = min(SHARP * ROOM[0] / width, SHARP * ROOM[1] / height, ENLARGED)
    size = max(1, round(factor * width)), max(1, round(factor * height))
    content = io.BytesIO()
    Image.fromarray(image).resize(size, Image.Resampling.BICUBIC).save(content, "JPEG", quality=90)
    return content.getvalue(), (width / size[0], height / size[1])


class Page:
    """What is shown: column, with a line of text, `boxes`, the package's widget, and a note under it.

    Raises:
        whatever the packages raise when they are not there, or do not fit together.
    """

    def __init__(self, answer):
        """answer: is called with what the page sends by Submit and Skip: a dict of type, bboxes, shown."""
        import ipywidgets

        self._line, self._note = ipywidgets.HTML(), ipywidgets.HTML()
        self.boxes = _boxes(answer)

        class Column(ipywidgets.VBox):
            def __repr__(self) -> str:  # what a page shows that has no kernel
                return "Pictures to draw boxes on: run this cell, and draw."

        self.column = Column([self._line, self.boxes, self._note])

    def tell(self, first: str, second: str) -> None:
        """The two sentences above the picture; names of files may hold anything."""
        first, second = html.escape(first), html.escape(second)
        # two lines are always there, so that the buttons stay under the mouse
        self._line.value = (
            f'<div role="status" style="min-height: 2.8em; line-height: 1.4"><b>{first}</b><br>{second}</div>'
        )

    def note(self, *lines: str) -> None:
        """What stands under the picture."""
        text = "<br>".join(html.escape(line) for line in lines if line)
        self._note.value = f'<div style="line-height: 1.4">{text}</div>'


def _boxes(answer):
    """The package's widget with the script above round its own."""
    import traitlets
    from jupyter_bbox_widget import BBoxWidget

    if not isinstance(BBoxWidget._esm, str) or "image_bytes" not in BBoxWidget.class_trait_names():
        raise ImportError("another version of the package")

    # in Colab anywidget, which the package is built on, asks for the widget manager by itself
    class Boxes(BBoxWidget):
        _esm, _css = SCRIPT, BBoxWidget._css + STYLE
        package = traitlets.Unicode(BBoxWidget._esm).tag(sync=True)
        shown = traitlets.Int(0).tag(sync=True)
        answered = traitlets.Int(0).tag(sync=True)

        def _handle_custom_msg(self, content, buffers) -> None:
            answer(content)

        def show_picture(self, content: bytes, bboxes: list[dict]) -> None:
            with self.hold_sync():
                self.image_bytes, self.bboxes, self.selected_index = content, bboxes, -1
                self.shown += 1
            # the page may hold other values than were sent last, which hold_sync does not know
            self.send_state(["bboxes", "selected_index"])

    return Boxes(colors=COLORS)
