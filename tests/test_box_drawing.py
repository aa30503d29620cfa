"""scripts/box_drawing.py without a browser: what the page sends becomes files that `data.read_any` reads."""

import io
import os
import subprocess
import sys
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from scripts import box_files, box_page, data
from scripts.box_drawing import draw_boxes
from scripts.course import ROOT
from scripts.data.voc_annotation import Object
from scripts.runtime import CourseError
from tests.programs.one_box import OneBox

SIZE = (200, 120)


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """No test depends on where it is run."""
    for name in ("COURSE_FORMS", "JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def page(monkeypatch):
    """A kernel that a page looks on: what it displayed, and its shell."""
    pytest.importorskip("ipywidgets")
    events = types.SimpleNamespace(trigger=lambda name: None)  # comm calls it round every message of the page
    shell, shown = types.SimpleNamespace(kernel=object(), execution_count=1, events=events), []
    monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", shown.append)
    return types.SimpleNamespace(shown=shown, shell=shell)


@pytest.fixture
def widget(page):
    pytest.importorskip("jupyter_bbox_widget")
    return page


@pytest.fixture
def folder(tmp_path):
    """A folder with three pictures."""
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / "mine" / name)
    return tmp_path / "mine"


def picture(path, size=SIZE, **named):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "grey").save(path, **named)
    return path


def said(drawing) -> str:
    """What the page shows in words."""
    line, _, note = drawing._page.column.children
    return f"{line.value} {note.value}"


def on_page(drawing, box) -> dict:
    """A box in pixels of the file as the page has it, in whole pixels of its own."""
    size = Image.open(io.BytesIO(drawing._page.boxes.image_bytes)).size
    scale = np.array(size) / SIZE
    (x1, y1), (x2, y2) = np.rint(np.reshape(box, (2, 2)) * scale).tolist()
    return {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "label": "cat"}


def press(drawing, button: str, *boxes, **more) -> str:
    """What the page sends by a button; returns what it then says."""
    boxes_widget = drawing._page.boxes
    content = {"type": button, "shown": boxes_widget.shown, "bboxes": list(boxes), **more}
    data_of = {"method": "custom", "content": content}
    answered = boxes_widget.answered
    boxes_widget.comm.handle_msg({"content": {"data": data_of}, "buffers": []})
    assert boxes_widget.answered == answered + 1  # else the page would wait for ever
    return said(drawing)


def read(folder) -> dict:
    """{name of the picture: (boxes, names of their classes)}, as `data.read_any` reads the folder."""
    parts, found = data.read_any(folder, tell=False), {}
    for one in (parts.train, parts.validation, parts.test):
        for file, boxes, labels in zip(one.images.files, one.boxes, one.labels, strict=True):
            found[file.name] = boxes.tolist(), [one.classes[label] for label in labels]
    return found


@pytest.mark.parametrize("form", ["beside", "Annotations", "JPEGImages", "images", "both"])
def test_each_submit_is_read_by_read_any(form, widget, tmp_path):
    inner = {"JPEGImages": "JPEGImages", "images": "images", "both": "images"}.get(form, "")
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / "mine" / inner / name)
    if form in ("Annotations", "both"):
        (tmp_path / "mine" / ("annotations" if form == "both" else form)).mkdir()
    drawing = draw_boxes(tmp_path / "mine", ["cat"])
    assert "0 of 3 done" in said(drawing) and "a.png, 200 x 120 pixels, has no boxes yet" in said(drawing)
    box = [20, 30, 120, 90]
    told = press(drawing, "submit", on_page(drawing, box))
    assert "Saved 1 box in a.xml. 1 of 3 done." in told and "b.png" in told
    assert read(tmp_path / "mine") == {"a.png": ([box], ["cat"])}
    assert "Saved no boxes in b.xml. 2 of 3 done." in press(drawing, "submit")
    assert read(tmp_path / "mine") == {"a.png": ([box], ["cat"]), "b.png": ([], [])}
    where = {"beside": "a.xml", "images": "images/a.xml", "both": "annotations/a.xml"}
    assert (tmp_path / "mine" / where.get(form, "Annotations/a.xml")).exists()
    if form == "JPEGImages":
        assert len(data.read_voc(tmp_path / "mine")) == 2


def test_skip_saves_nothing_and_the_pictures_come_again(widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    assert "0 of 3 done" in press(drawing, "skip", on_page(drawing, [0, 0, 50, 50])) and "b.png" in said(
        drawing
    )
    press(drawing, "skip")
    assert "a.png" in press(drawing, "skip")
    assert not list(folder.glob("*.xml")) and repr(drawing) == "0 of 3 pictures in mine done"


def test_going_on_shows_pictures_without_boxes_first_then_the_others_with_theirs(widget, folder):
    press(
        draw_boxes(folder, ["cat"]), "submit", {"x": 0, "y": 0, "width": 400, "height": 400, "label": "cat"}
    )
    kept = (folder / "a.xml").read_bytes()
    drawing = draw_boxes(folder, ["dog"])
    assert [one.name for one in drawing.pictures] == ["b.png", "c.png", "a.png"]
    # the class that the folder has boxes of can be drawn too
    assert drawing.classes == ("dog", "cat") == tuple(drawing._page.boxes.classes)
    press(drawing, "submit")
    told = press(drawing, "skip")
    assert (
        "2 of 3 done" in told
        and "a.png, 200 x 120 pixels, has 1 box. What was skipped (1) comes first" in told
    )
    (box,) = drawing._page.boxes.bboxes
    assert box["label"] == "cat" and box["x"] == 0
    press(drawing, "submit", box)
    assert (folder / "a.xml").read_bytes() == kept
    assert "These are all" in press(drawing, "skip") + press(drawing, "submit")


def test_what_another_program_marked_stays_or_is_changed_where_it_is(widget, folder):
    tree = data.voc_write.annotation(
        "a.png", (*SIZE[::-1], 3), [[10, 10, 90, 90], [50, 20, 60, 21]], ["cat", "cat"]
    )
    first = tree.getroot().find("object")
    first.find("difficult").text = "1"
    first.append(first.makeelement("pose", {}))
    (folder / "from_elsewhere").mkdir()
    tree.write(folder / "from_elsewhere" / "a.xml")
    drawing = draw_boxes(folder, ["cat"])
    press(drawing, "skip"), press(drawing, "skip")
    (box,) = drawing._page.boxes.bboxes  # the other one has no height for `data.read_any`
    press(drawing, "submit", box)
    assert b"<pose" in (folder / "from_elsewhere" / "a.xml").read_bytes() and not (folder / "a.xml").exists()
    press(drawing, "skip"), press(drawing, "skip")
    press(drawing, "submit", box, on_page(drawing, [100, 60, 160, 100]))
    train = data.read_any(folder, tell=False).train
    assert train.difficult[0].tolist() == [True, False]
    assert train.boxes[0].tolist() == [[10, 10, 90, 90], [100, 60, 160, 100]]


@pytest.mark.parametrize("turn", range(1, 9))
def test_boxes_lie_on_the_picture_as_it_is_shown(turn, widget, tmp_path):
    notes = Image.Exif()
    notes[0x0112] = turn
    picture(tmp_path / "mine" / "a.jpg", size=SIZE if turn < 5 else SIZE[::-1], exif=notes)
    drawing = draw_boxes(tmp_path / "mine", ["cat"])
    assert "a.jpg, 200 x 120 pixels" in said(drawing)
    box = [20, 30, 180, 60]
    press(drawing, "submit", on_page(drawing, box))
    assert read(tmp_path / "mine")["a.jpg"][0] == [box]


@pytest.mark.parametrize("size", [(3000, 2000), (20_000, 300), (30, 20)], ids=str)
def test_pictures_are_sent_shrunk_or_enlarged_and_boxes_are_of_the_file(size, widget, tmp_path):
    picture(tmp_path / "mine" / "a.png", size=size)
    drawing = draw_boxes(tmp_path / "mine", ["cat"])
    content = drawing._page.boxes.image_bytes
    sent = Image.open(io.BytesIO(content)).size
    assert sent[0] <= 1920 and sent[1] <= 1280 and len(content) < 1e6
    box = {"x": sent[0] // 4, "y": 4, "width": sent[0] // 2, "height": 12, "label": "cat"}
    press(drawing, "submit", box)
    (found,) = read(tmp_path / "mine")["a.png"][0]
    right, down = size[0] / sent[0], size[1] / sent[1]
    wanted = [right * (sent[0] // 4), down * 4, right * (sent[0] // 4 + sent[0] // 2), down * 16]
    np.testing.assert_allclose(found, wanted, atol=0.5)


def test_the_detector_proposes_on_pictures_without_boxes(widget, folder):
    press(draw_boxes(folder, ["cat"]), "submit")
    drawing = draw_boxes(folder, ["cat", "cup"], detector=OneBox())
    # of a class that is not asked for, or unsure: not proposed
    assert "b.png, 200 x 120 pixels, has 1 box proposed by the detector" in said(drawing)
    (box,) = drawing._page.boxes.bboxes
    press(drawing, "submit", box)
    assert read(folder)["b.png"] == ([[50, 30, 150, 90]], ["cat"])
    press(drawing, "skip")
    assert "a.png, 200 x 120 pixels, has no boxes." in said(drawing) and drawing._page.boxes.bboxes == []
    assert "proposes none with a score above 0.95" in said(
        draw_boxes(folder, "cat", OneBox(), min_score=0.95)
    )


def test_a_detector_that_fails_is_told_and_drawing_goes_on(widget, folder):
    class Fails(OneBox):
        def __call__(self, picture):
            raise ValueError("no weights")

    drawing = draw_boxes(folder, ["cat"], detector=Fails())
    assert "has no boxes yet; the detector failed (ValueError: no weights)" in said(drawing)
    assert "1 of 3 done" in press(drawing, "submit", on_page(drawing, [0, 0, 50, 50]))
    for no_detector in (3, len):
        with pytest.raises(CourseError, match="needs .classes"):
            draw_boxes(folder, ["cat"], detector=no_detector)
    with pytest.raises(CourseError, match="the detector knows cat, dog, none of which is in classes: Cat"):
        draw_boxes(folder, ["Cat"], detector=OneBox())


def test_without_a_page_one_line_says_so_and_nothing_is_shown(folder, capsys):
    (folder / "no.png").write_text("nothing")
    drawing = draw_boxes(folder, ["cat"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "0 of 3 pictures in mine done. Boxes are drawn in a page, such as JupyterLab or Colab"
    )
    assert second == (
        "Left out: no.png: is no picture that can be read: it is a text. Open it in a viewer and save "
        "it as PNG or JPEG, or download the picture itself."
    )
    assert drawing.done == 0


@pytest.mark.parametrize("name", ["jupyter_bbox_widget", "anywidget", "ipywidgets"])
def test_a_package_that_is_not_installed_is_one_line_with_the_cure(name, page, folder, monkeypatch, capsys):
    for module in [module for module in sys.modules if module.split(".")[0] == "jupyter_bbox_widget"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)  # Python's own way to say that there is no such module
    draw_boxes(folder, ["cat"])
    told = capsys.readouterr().out
    assert told.startswith(
        f"Boxes cannot be drawn here: {name} is not installed (pip install jupyter-bbox-widget, "
    )
    assert "such as LabelImg, that saves them as Pascal VOC, YOLO or COCO: data.read_any reads each" in told
    assert told.count("\n") == 1 and page.shown == []


def test_a_package_of_another_version_is_one_line_with_the_cure(page, folder, monkeypatch, capsys):
    old = types.ModuleType("jupyter_bbox_widget")
    old.BBoxWidget = type("BBoxWidget", (), {})
    monkeypatch.setitem(sys.modules, "jupyter_bbox_widget", old)
    draw_boxes(folder, ["cat"])
    told = capsys.readouterr().out
    assert "cannot be used (AttributeError) (pip install -U jupyter-bbox-widget" in told and page.shown == []


@pytest.mark.parametrize(
    "content, reason",
    [
        ({}, "mine: no pictures. Seen: no files at all"),
        ({"a.txt": "no"}, "mine: no pictures. Seen: 1 of .txt"),
        ({"a.png": "no"}, "mine: none of its pictures can be used (a.png: is no picture that can be read"),
    ],
    ids=["empty", "no pictures", "no good ones"],
)
def test_a_folder_without_pictures_is_one_clear_line(content, reason, tmp_path):
    (tmp_path / "mine").mkdir()
    for name, text in content.items():
        (tmp_path / "mine" / name).write_text(text)
    with pytest.raises(data.DataError) as problem:
        draw_boxes(tmp_path / "mine", ["cat"])
    assert str(problem.value).startswith(reason)


def test_no_folder_and_a_file_are_one_clear_line(folder):
    with pytest.raises(data.DataError, match="nowhere is missing: there is no such folder"):
        draw_boxes(folder / "nowhere", ["cat"])
    with pytest.raises(data.DataError, match="a.png is a file. Name a folder"):
        draw_boxes(folder / "a.png", ["cat"])


@pytest.mark.parametrize(
    "classes", [[], "", ["cat", ""], ["  "], "cat,,dog", ["a\x07b"], ["\ud800"]], ids=ascii
)
def test_no_class_and_no_name_are_one_clear_line(classes, folder):
    with pytest.raises(CourseError, match="classes is empty|is no name of a class"):
        draw_boxes(folder, classes)


def test_names_of_classes_with_accents_slashes_and_spaces(widget, folder):
    classes = ["café/au lait", "e\u0301cureuil <b>&amp;", "浣熊", " cat\n", "cat"]
    drawing = draw_boxes(folder, classes)
    assert drawing.classes == ("café/au lait", "écureuil <b>&amp;", "浣熊", "cat")
    boxes = [
        {**on_page(drawing, [9 * i, 0, 9 * i + 20, 50]), "label": name}
        for i, name in enumerate(drawing.classes)
    ]
    press(drawing, "submit", *boxes)
    assert read(folder)["a.png"][1] == list(drawing.classes)
    assert draw_boxes(folder, "cat, dog").classes[:2] == ("cat", "dog")


def test_broken_pictures_are_named_and_left_out(widget, folder):
    whole = picture(folder / "d.png", size=(300, 300)).read_bytes()
    (folder / "aa.png").write_bytes(whole[:-60])  # its header is whole: found when its turn comes
    (folder / "no.jpg").write_text("<html>")
    (folder / "c.png").write_bytes(b"")
    drawing = draw_boxes(folder, ["cat"])
    assert "0 of 4 done" in said(drawing) and "Left out: c.png: is empty" in said(drawing)
    assert "no.jpg: is no picture that can be read: it is a web page" in said(drawing)
    assert "0 of 3 done" in press(drawing, "skip") and "aa.png is cut off or damaged" in said(drawing)
    assert "b.png" in said(drawing)
    for name in ("a.png", "b.png", "d.png"):
        (folder / name).write_bytes(b"no more")
    told = press(drawing, "skip")
    assert "No picture is left that can be read" in told and drawing._page.boxes.hide_buttons


def test_of_many_files_left_out_the_first_are_named(folder, capsys):
    for i in range(10):
        (folder / f"no_{i}.png").write_bytes(b"")
    assert len(draw_boxes(folder, ["cat"]).left_out) == 10
    told = capsys.readouterr().out
    assert "no_7.png" in told and "no_8.png" not in told and told.endswith("; and 2 more.\n")


def test_two_pictures_with_one_stem(widget, folder):
    picture(folder / "a.bmp")
    picture(folder / "more" / "a.png")
    drawing = draw_boxes(folder, ["cat"])
    assert [one.name for one in drawing.pictures] == ["a.bmp", "b.png", "c.png", "more/a.png"]
    assert "a.png: another picture has the boxes of a.xml: give one of them another name" in drawing.left_out
    press(drawing, "submit", on_page(drawing, [0, 0, 50, 50]))
    assert read(folder) == {"a.bmp": ([[0, 0, 50, 50]], ["cat"])}
    press(drawing, "skip"), press(drawing, "skip")
    press(drawing, "submit", on_page(drawing, [9, 9, 50, 50]))
    assert read(folder) == {"a.bmp": ([[0, 0, 50, 50]], ["cat"]), "a.png": ([[9, 9, 50, 50]], ["cat"])}


def test_boxes_in_another_form_are_told(widget, folder):
    (folder / "b.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "classes.txt").write_text("cat\n")
    drawing = draw_boxes(folder, ["cat"])
    (told,) = drawing.left_out
    assert told.startswith("YOLO (pictures with boxes: 1): neither shown nor changed here;")
    assert len(drawing.pictures) == 3


@pytest.mark.parametrize("good", [False, True], ids=["alone", "beside a good one"])
def test_a_file_of_boxes_that_cannot_be_read_is_not_written_over(good, widget, folder):
    if good:
        press(
            draw_boxes(folder, ["cat"]), "submit", {"x": 0, "y": 0, "width": 99, "height": 99, "label": "cat"}
        )
    (folder / "b.xml").write_text("<annotation>")
    drawing = draw_boxes(folder, ["cat"])
    assert "b.png" not in [one.name for one in drawing.pictures]
    (told,) = drawing.left_out
    assert "b.xml" in told and (folder / "b.xml").read_text() == "<annotation>"


def test_a_folder_that_cannot_be_written_to_loses_no_boxes(widget, folder, monkeypatch):
    drawing = draw_boxes(folder, ["cat"])
    shown, box = drawing._page.boxes.shown, on_page(drawing, [10, 10, 60, 60])

    def refused(*names):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as change:
        change.setattr(os, "replace", refused)
        told = press(drawing, "submit", box)
    assert "a.xml could not be saved (Permission denied). Make the folder writable" in told
    assert "The boxes are still here." in told and "0 of 3 done." in told
    # the page still has the picture, with whatever is drawn on it
    assert (
        drawing._page.boxes.shown == shown
        and [path.name for path in folder.iterdir() if "xml" in path.name] == []
    )
    assert "Saved 1 box in a.xml. 1 of 3 done." in press(drawing, "submit", box)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told(widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    folder.chmod(0o500)
    assert "could not be saved (Permission denied)" in press(drawing, "submit")
    folder.chmod(0o700)


def test_a_folder_that_is_gone_is_told(widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    folder.rename(folder.with_name("elsewhere"))
    assert "a.xml could not be saved (No such file or directory)" in press(drawing, "submit")


def test_a_second_press_for_the_same_picture_does_nothing(widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    shown = drawing._page.boxes.shown
    press(drawing, "submit", on_page(drawing, [0, 0, 50, 50]))
    press(drawing, "submit", shown=shown)
    press(drawing, "skip", shown=shown)
    assert "b.png" in said(drawing) and [path.name for path in folder.glob("*.xml")] == ["a.xml"]


@pytest.mark.parametrize(
    "boxes",
    [None, 3, [3], [{}], [{"x": "a", "y": 0, "width": 1, "height": 1, "label": "cat"}]]
    + [[{"x": float("nan"), "y": 0, "width": 1, "height": 1, "label": "cat"}]]
    + [[{"x": 1e400, "y": 0, "width": 1, "height": 1, "label": "cat"}]],
    ids=str,
)
def test_broken_data_of_the_page_are_told_and_not_saved(boxes, widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    told = press(drawing, "submit", bboxes=boxes)
    assert "The boxes are still here" in told and "a.png" in told and not list(folder.glob("*.xml"))


def test_clicks_and_boxes_outside_are_left_out_and_told_and_others_cut(widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    far = {"x": 5000, "y": 0, "width": 90, "height": 90, "label": "cat"}
    click = {"x": 50, "y": 50, "width": 0, "height": 2, "label": "cat"}
    inverted = {"x": 200, "y": 100, "width": -160, "height": -80, "label": "cat"}
    over = on_page(drawing, [150, -20, 260, 60])
    told = press(drawing, "submit", far, click, inverted, over)
    assert "Saved 2 boxes in a.xml. 2 boxes too small or outside: left out." in told
    assert read(folder)["a.png"][0] == [[10, 5, 50, 25], [150, 0, 200, 60]]


def test_it_is_shown_once_a_cell(widget, folder):
    drawing = draw_boxes(folder, ["cat"])
    drawing._ipython_display_()  # as IPython does with the last expression of a cell
    assert len(widget.shown) == 1
    widget.shell.execution_count += 1
    drawing._ipython_display_()
    assert widget.shown == 2 * widget.shown[:1]


def run(variables: dict[str, str], folder) -> list[list]:
    """The outputs of two cells in a real kernel with these environment variables, a list a cell."""
    cells = [f"from scripts.box_drawing import draw_boxes\ndraw_boxes({str(folder)!r}, 'cat')", "1 + 1"]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}})
    client.execute(env={**os.environ, **variables})
    return [cell.outputs for cell in notebook.cells]


def test_a_kernel_without_a_page_stores_one_line_of_text(folder):
    (output,), _ = run({}, folder)
    assert output.text.count("\n") == 1 and output.text.startswith("0 of 3 pictures in mine done. ")


def test_a_kernel_with_a_page_shows_it_once(folder):
    pytest.importorskip("jupyter_bbox_widget")
    (output,), _ = run({"JPY_SESSION_NAME": "lesson.ipynb"}, folder)
    assert "application/vnd.jupyter.widget-view+json" in output.data
    assert output.data["text/plain"] == "Pictures to draw boxes on: run this cell, and draw."


def test_importing_it_imports_nothing_heavy():
    program = "import sys; from scripts import box_drawing; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    heavy = {"jupyter_bbox_widget", "anywidget", "ipywidgets", "IPython", "numpy", "PIL"}
    assert "scripts" in loaded and not loaded & heavy


def test_nothing_is_fetched():
    for text in (box_page.SCRIPT, box_page.STYLE):
        assert not any(word in text for word in ("http", "//cdn", "fetch(", "@import", "url("))


def colab(monkeypatch, uploads: dict):
    """A stand-in for google.colab whose `files.upload` gives these files."""
    google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
    colab.files = types.SimpleNamespace(upload=lambda: uploads)
    google.colab = colab
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setattr("scripts.data.own_picture.in_colab", lambda: True)


def test_several_uploads_and_the_webcam_come_into_the_folder(folder, tmp_path, monkeypatch):
    content = (folder / "a.png").read_bytes()
    colab(monkeypatch, {"a.jpg": content, "../up.png": content, "A.png": content})
    added = box_files.add_pictures(folder)
    # a stem that is taken gets a number, so that each picture has its own file of boxes
    assert [path.name for path in added] == ["a_2.jpg", "up.png", "A_3.png"]
    assert all(path.parent == folder and path.read_bytes() == content for path in added)
    frame = np.zeros((20, 30, 3), np.uint8)
    monkeypatch.setattr("scripts.data.own_picture.own_picture", lambda way: frame)
    added = [box_files.add_pictures(tmp_path / "new", "webcam")[0].name for _ in range(2)]
    assert added == ["webcam.jpg", "webcam_2.jpg"]
    assert data.read_image(tmp_path / "new" / "webcam.jpg").shape == (20, 30, 3)


def test_ways_that_do_not_work_are_one_clear_line(folder, monkeypatch):
    with pytest.raises(data.DataError, match="upload works in Colab only; here, copy your pictures into"):
        box_files.add_pictures(folder)
    with pytest.raises(data.DataError, match="'fax' is no way to add pictures; there are: upload, webcam"):
        box_files.add_pictures(folder, "fax")
    colab(monkeypatch, {})
    with pytest.raises(data.DataError, match="nothing was uploaded"):
        box_files.add_pictures(folder)
    colab(monkeypatch, {"x.png": b"x"})
    with pytest.raises(data.DataError, match="cannot be written to"):
        box_files.add_pictures(folder / "a.png")


def test_what_was_there_is_there_after_a_failure(folder, monkeypatch):
    (one, *_), _ = box_files.pictures_of(folder)
    box_files.save(one, (120, 200, 3), [Object("cat", (0.0, 0.0, 9.0, 9.0), False)])
    kept = one.annotation.read_bytes()
    monkeypatch.setattr("xml.etree.ElementTree.ElementTree.write", _full)
    with pytest.raises(OSError, match="No space left"):
        box_files.save(one, (120, 200, 3), [])
    assert one.annotation.read_bytes() == kept and len(one.objects) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "a.xml", "b.png", "c.png"]


def _full(tree, path, encoding):
    Path(path).write_text("<annot")
    raise OSError(28, "No space left on device")
