"""Draw boxes round the objects in your own pictures, in the page of a notebook.

``draw_boxes("my_pictures", ["raccoon"])`` shows the pictures of a folder one after another and returns at
once. Each Submit keeps the boxes of one picture in a file of Pascal VOC's form; a later cell reads the folder
with ``data.read_any("my_pictures")``. The package jupyter-bbox-widget draws. Where it is not installed, or no
page looks on, one line says so.

Nothing heavy is imported at the top.
"""

import math
from pathlib import Path

from scripts import box_files, box_page
from scripts.drawing_pad import _kernel_of_a_page
from scripts.runtime import CourseError

__all__ = ["BoxDrawing", "draw_boxes"]

TOLD = 8  # files left out that are named; `left_out` has all of them
SMALLEST = 2  # pixels of a side: `data.read_any` takes what is smaller for no box
CLICK = 6  # pixels of the picture as the page has it: a new box with a smaller side is a click by mistake
HELP = (
    "Choose a class below the picture, then drag from corner to corner of an object; of two objects one inside "
    "the other, the inner first. Drag a box to move it, its edge to resize it; its cross removes it. Submit "
    "saves the picture, also one without any object; Skip saves nothing."
)
OTHER_PROGRAMS = (
    "Or draw the boxes with another program, such as LabelImg, that saves them as Pascal VOC, YOLO or COCO: "
    "data.read_any reads each of these"
)


class BoxDrawing:
    """What `draw_boxes` returns.

    folder: a Path. classes: names, first those that were given, then others that the folder has boxes of.
    pictures: `box_files.Picture` each, in the order in which they are shown. left_out: "file: reason" each.
    """

    def __init__(self, folder, classes: tuple[str, ...], detector=None, min_score: float = 0.5):
        """As `draw_boxes`, without showing anything."""
        self.folder = Path(folder).expanduser()
        self.pictures, self.left_out = box_files.pictures_of(folder)
        others = sorted({thing.name for one in self.pictures for thing in one.objects or ()} - set(classes))
        self.classes, self._asked = (*classes, *others), set(classes)
        self._detector, self._min_score = detector, min_score
        self._at, self._page, self._shown_in = 0, None, _cell()

    @property
    def done(self) -> int:
        """How many of the pictures have a file of boxes; those without any object count."""
        return sum(one.objects is not None for one in self.pictures)

    def __repr__(self) -> str:
        return f"{self.done} of {len(self.pictures)} pictures in {self.folder.name} done"

    def _ipython_display_(self) -> None:
        """Show it in a later cell again; `draw_boxes` has done so in its own."""
        from IPython.display import display

        if (cell := _cell()) == self._shown_in:
            return
        self._shown_in = cell
        if self._page is None:
            print(self)
        else:
            display(self._page.column)

    def _begin(self, page) -> None:
        """Put the first picture into a `box_page.Page`, and show it."""
        from IPython.display import display

        self._page = page
        page.boxes.classes = list(self.classes)
        self._open("")
        display(page.column)

    def _answer(self, content: dict) -> None:
        """What the page sends by Submit and Skip. Nothing is raised: a page would not show it."""
        try:
            if content.get("shown") != self._page.boxes.shown:
                return  # of a picture that another view of this widget has submitted
            told = self._submit(content.get("bboxes")) if content.get("type") == "submit" else ""
            self._at += 1
            self._open(told)
        except Exception as problem:
            why = problem if isinstance(problem, CourseError) else f"This did not work: {problem!r}"
            self._tell(f"{why}. The boxes are still here.")
        finally:
            self._page.boxes.answered += 1

    def _submit(self, boxes: list) -> str:
        """Save the boxes that the page sent for the picture that is shown; returns a sentence about it."""
        from scripts.data.voc_annotation import Object

        (height, width), things, small = self._shape[:2], [], 0
        for box in boxes:
            values = [float(box[name]) for name in ("x", "y", "width", "height")]
            if not all(map(math.isfinite, values)):
                raise ValueError("the page sent a box that is none")
            x, y, wide, high = values
            x1, x2 = sorted(min(max(round(end * self._scale[0]), 0), width) for end in (x, x + wide))
            y1, y2 = sorted(min(max(round(end * self._scale[1]), 0), height) for end in (y, y + high))
            click = "difficult" not in box and min(abs(wide), abs(high)) < CLICK
            if click or min(x2 - x1, y2 - y1) < SMALLEST:
                small += 1
                continue
            name = str(box["label"])
            things.append(
                Object(name, (float(x1), float(y1), float(x2), float(y2)), bool(box.get("difficult")))
            )
        try:
            box_files.save(self._now, self._shape, things)
        except OSError as problem:
            name, why = self._now.annotation.name, problem.strerror or repr(problem)
            raise CourseError(
                f"{name} could not be saved ({why}). Make the folder writable, or room on the disk, and press "
                "Submit again"
            ) from None
        told = f"Saved {_counted(len(things))} in {self._now.annotation.name}."
        return told + (f" {_counted(small)} too small or outside: left out." if small else "")

    def _open(self, told: str) -> None:
        """Show the picture whose turn it is; one that cannot be read is left out, and the next is taken."""
        from scripts.data import DataError, read_image

        image = None
        while image is None and self.pictures:
            self._at %= len(self.pictures)
            try:
                image = read_image(self.pictures[self._at].path)
            except DataError as problem:
                self.left_out.append(str(problem))
                del self.pictures[self._at]
        if image is None:
            self._page.boxes.hide_buttons = self._page.boxes.view_only = True
            self._page.tell("No picture is left that can be read.", self._without())
            return
        self._now, self._shape = self.pictures[self._at], image.shape
        content, self._scale = box_page.for_the_page(image)
        things, self._state = self._now.objects, f"has {_counted(len(self._now.objects or ()))}"
        if things is None:
            things, self._state = self._proposed(image)
        self._page.boxes.show_picture(content, [self._drawn(thing) for thing in things])
        self._tell(told)

    def _proposed(self, image) -> tuple[list, str]:
        """What the detector finds, of the classes asked for, in a picture without boxes; and words on it."""
        from scripts.data.voc_annotation import Object

        if self._detector is None:
            return [], "has no boxes yet"
        try:
            found, names = self._detector(image), self._detector.classes
            things = [
                Object(names[int(label)], tuple(map(float, box)), False)
                for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)
                if score > self._min_score and names[int(label)] in self._asked
            ]
        except Exception as problem:
            return [], f"has no boxes yet; the detector failed ({type(problem).__name__}: {problem})"
        if not things:
            return [], f"has no boxes yet; the detector proposes none with a score above {self._min_score:g}"
        return things, f"has {_counted(len(things))} proposed by the detector: correct what is wrong"

    def _drawn(self, thing) -> dict:
        """An object as the package has it: in pixels of the picture that was sent."""
        (x1, y1, x2, y2), (right, down) = thing.box, self._scale
        place = {"x": x1 / right, "y": y1 / down, "width": (x2 - x1) / right, "height": (y2 - y1) / down}
        return {**place, "label": thing.name, "difficult": bool(thing.difficult)}

    def _tell(self, told: str) -> None:
        """Say what came of the last press, how many are done, and what is shown."""
        height, width = self._shape[:2]
        left, more = len(self.pictures) - self.done, ""
        if not left:
            more = " These are all: a later cell may read the folder. They come again, to be looked at."
        elif self._now.objects is not None:
            more = f" What was skipped ({left}) comes first when this cell is run again."
        now = f"{self._now.name}, {width} x {height} pixels, {self._state}.{more}"
        self._page.tell(f"{told} {self.done} of {len(self.pictures)} done.".strip(), now)
        self._page.note(HELP, self._without())

    def _without(self) -> str:
        """What is left out, in words; "" where that is nothing."""
        if not self.left_out:
            return ""
        more = len(self.left_out) - TOLD
        return f"Left out: {'; '.join(self.left_out[:TOLD])}{f'; and {more} more' if more > 0 else ''}."


def draw_boxes(folder, classes, detector=None, min_score: float = 0.5) -> BoxDrawing:
    """Show the pictures of a folder to draw boxes on, and return at once.

    Each Submit saves one picture at once, in Annotations where the folder has one, else beside the picture;
    ``data.read_any(folder)``, in a later cell, reads them. Run the cell again another day, and it goes on with
    the pictures that have no boxes. Boxes lie on the picture as it is shown, so as its camera was held. It
    needs a mouse.

    Pictures come into the folder by any way. In Colab, ``box_files.add_pictures(folder, "upload")`` takes
    several files, ``"webcam"`` a frame of the camera, and ``google.colab.drive.mount("/content/drive")`` makes
    your Drive a folder like any other.

    Args:
        folder: with pictures, also in folders in it.
        classes: the names of the classes; or one text, with commas between them.
        detector: proposes boxes on pictures that have none. Called with a picture, uint8 (height, width, 3)
            RGB, it returns `detections.Detections`; its ``classes`` names their labels. Only classes asked for
            are proposed.
        min_score: proposals have a score above this, and above what the detector itself asks for.

    Returns:
        What is shown. Where no page looks on, or jupyter-bbox-widget cannot be used, nothing is shown, and one
        line says why.

    Raises:
        CourseError: no class, or a name that is none; a detector that names no class, or only others.
        DataError: no such folder, or no picture in it that can be used.
    """
    classes = _names(classes)
    if detector is not None:
        known = getattr(detector, "classes", None)
        if not (callable(detector) and known):
            raise CourseError("a detector is called with a picture, and needs .classes, names of its labels")
        if not set(known) & set(classes):
            raise CourseError(
                f"the detector knows {', '.join(known)}, none of which is in classes: {', '.join(classes)}"
            )
    drawing = BoxDrawing(folder, classes, detector, min_score)
    if not _kernel_of_a_page():
        print(f"{drawing!r}. Boxes are drawn in a page, such as JupyterLab or Colab, and none looks on here.")
        if drawing.left_out:
            print(drawing._without())
        return drawing
    try:
        page = box_page.Page(drawing._answer)
    except ModuleNotFoundError as problem:
        print(_no_drawing(f"{problem.name} is not installed", "pip install jupyter-bbox-widget"))
    except Exception as problem:  # old versions, and versions that do not fit together, fail in many ways
        why = f"jupyter-bbox-widget cannot be used ({type(problem).__name__})"
        print(_no_drawing(why, "pip install -U jupyter-bbox-widget"))
    else:
        drawing._begin(page)
    return drawing


def _no_drawing(why: str, cure: str) -> str:
    return f"Boxes cannot be drawn here: {why} ({cure}, then run this cell again). {OTHER_PROGRAMS}."


def _names(classes) -> tuple[str, ...]:
    """Names of classes, on one line each, without doubles."""
    from scripts.data.own_sets.box_forms import clean

    given = classes.split(",") if isinstance(classes, str) else list(classes)
    if not given:
        raise CourseError('classes is empty: name what you want to find, such as ["raccoon"]')
    names = {}
    for name in given:
        # as it was written: `clean` would take away what cannot be printed
        asked = " ".join(str(name).split())
        if not asked or not asked.isprintable():
            raise CourseError(f"{asked!r} is no name of a class: write letters, such as raccoon")
        names[" ".join(clean(name).split())] = True
    return tuple(names)


def _cell() -> int | None:
    """The number of the cell that runs; None outside a notebook."""
    from IPython import get_ipython

    return getattr(get_ipython(), "execution_count", None)


def _counted(boxes: int) -> str:
    return "1 box" if boxes == 1 else f"{boxes or 'no'} boxes"
