"""Boxes drawn with the mouse in a real JupyterLab are those that `data.read_any` reads; keys; a busy kernel."""

import os
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from scripts import data
from scripts.course import ROOT
from tests import lab_server
from tests.browser import needs_browser
from tests.test_lab_drawing import ran

# (width, height) as shown, and the boxes to draw: from x, y to x, y in pixels of the file, with the name of a
# class. A drag that begins in a box would move that box
COFFEE, CAT, PLAIN = (2400, 1600), (400, 600), (400, 240)
ON_COFFEE = [((420, 260, 1900, 1420), "cup"), ((1560, 120, 2130, 900), "spoon/café")]
ON_CAT = [((60, 90, 360, 470), "cat"), ((380, 580, 200, 420), "cup")]
CELLS = (
    f"import sys\n\nsys.path.insert(0, {str(ROOT)!r})\n"
    "from scripts.box_drawing import draw_boxes\n\n"
    'drawing = draw_boxes("my_pictures", ["cup", "spoon/café", "cat"])',
    "from scripts import data\n\nparts = data.read_any('my_pictures')",
    "from tests.programs.one_box import OneBox\n\n"
    'drawing = draw_boxes("plain", "cup, cat", detector=OneBox())',
    "import time\n\ntime.sleep(4)",
    'again = draw_boxes("plain", "cup, cat")',
    "from dataclasses import replace\n\nfrom scripts.detection.detector import Detector\n\n"
    "how = {'steps': 3, 'start': 'nothing', 'side': 96, 'doing': ''}\n"
    "exchanged = replace(parts.train, boxes=[boxes[::-1] for boxes in parts.train.boxes])\n"
    "drawn, other = (Detector.train(one, **how).history for one in (parts.train, exchanged))\n"
    "print('losses', drawn.shape, 'finite', bool((abs(drawn) < 1e3).all()), 'differ', bool(abs(drawn - other).max() > 1e-3))",
)


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab that serves a folder with a notebook and two photographs."""
    folder = tmp_path / "served"
    pictures = folder / "my_pictures"
    pictures.mkdir(parents=True)
    photograph = Image.fromarray(data.photograph("coffee")).resize(COFFEE, Image.Resampling.BICUBIC)
    photograph.save(pictures / "coffee.jpg")
    # the camera was held upright: the file is stored lying, and its note says how to turn it
    cat = Image.fromarray(data.photograph("chelsea")).resize((600, 400)).transpose(Image.Transpose.ROTATE_180)
    notes = Image.Exif()
    notes[0x0112] = 6
    cat.save(pictures / "cat.jpg", exif=notes)
    (folder / "plain").mkdir()
    for name in ("one", "three", "two"):
        Image.new("RGB", PLAIN, "lightgrey").save(folder / "plain" / f"{name}.png")
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "boxes.ipynb")
    with lab_server.served(folder, tmp_path / "settings") as address:
        yield address


def status(page, words: str, view: int = 0) -> None:
    """Wait until the line above the picture says this."""
    page.locator(".widget-vbox [role=status]").nth(view).get_by_text(words).wait_for(timeout=30_000)


def draw(page, size, box, view: int = 0) -> np.ndarray:
    """Draw a box on a picture of a size with the mouse; returns it as whole pixels of the page make it."""
    canvas = page.locator(".course-boxes svg").nth(view)
    canvas.scroll_into_view_if_needed()
    at = canvas.bounding_box()
    scale = np.array([at["width"] / size[0], at["height"] / size[1]] * 2)
    origin = np.array([at["x"], at["y"]] * 2)
    place = np.rint(box * scale + origin)
    page.mouse.move(*place[:2])
    page.mouse.down()
    page.mouse.move(*place[2:], steps=8)
    page.mouse.up()
    x1, y1, x2, y2 = (place - origin) / scale
    return np.array([min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)])


def choose(page, name: str, view: int = 0) -> None:
    page.locator(".course-boxes").nth(view).locator(".class-label", has_text=name).click()


def press(page, button: str, view: int = 0) -> None:
    page.locator(".course-boxes").nth(view).get_by_role("button", name=button).click()


def read(folder) -> dict:
    """{name of the picture: (boxes, names of their classes)}, as `data.read_any` reads the folder."""
    parts, found = data.read_any(folder, tell=False), {}
    for one in (parts.train, parts.validation, parts.test):
        for file, boxes, labels in zip(one.images.files, one.boxes, one.labels, strict=True):
            found[file.name] = boxes, [one.classes[label] for label in labels]
    return found


@pytest.mark.long
@needs_browser
def test_boxes_drawn_with_the_mouse_are_read_back(lab, tmp_path):
    pytest.importorskip("jupyter_bbox_widget")
    shots = Path(os.environ.get("COURSE_SHOTS", tmp_path))  # where a person wants to look at them
    folder, asked, drawn = tmp_path / "served" / "my_pictures", [], {}
    with lab_server.opened(lab, "boxes.ipynb", len(CELLS), size=(1300, 1500)) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_text("| Idle").wait_for(timeout=60_000)  # the kernel, in the status bar
        ran(page, 0)
        for name, size, boxes in (("cat.jpg", CAT, ON_CAT), ("coffee.jpg", COFFEE, ON_COFFEE)):
            status(page, f"{name}, {size[0]} x {size[1]} pixels, has no boxes yet.")
            page.locator(".course-boxes svg").wait_for()
            drawn[name] = []
            for box, kind in boxes:
                choose(page, kind)
                drawn[name].append(draw(page, size, box))
            page.screenshot(path=shots / f"boxes_{name}.png")
            press(page, "Submit")
            status(page, f"Saved 2 boxes in {name[:-4]}.xml.")
        status(page, "2 of 2 done.")
        status(page, "These are all: a later cell may read the folder.")
        page.screenshot(path=shots / "boxes_all_done.png")
        assert "2 pictures" in ran(page, 1)
        # they are learnt from, and with the boxes of two objects exchanged the losses are others
        assert "losses (3, 4) finite True differ True" in ran(page, 5)
    found = read(folder)
    for name, boxes in (("cat.jpg", ON_CAT), ("coffee.jpg", ON_COFFEE)):
        off = np.abs(found[name][0] - np.array(drawn[name])).max()
        print(f"{name}: at most {off:.2f} pixels of the file beside what was drawn")
        assert found[name][1] == [kind for _, kind in boxes]
        assert off <= 2, (name, found[name], drawn[name])
    elsewhere = [url for url in asked if not url.startswith((lab, "data:", "blob:"))]
    assert not elsewhere, elsewhere


@pytest.mark.long
@needs_browser
def test_proposals_keys_a_busy_kernel_and_going_on(lab, tmp_path):
    pytest.importorskip("jupyter_bbox_widget")
    shots = Path(os.environ.get("COURSE_SHOTS", tmp_path))
    folder = tmp_path / "served" / "plain"
    with lab_server.opened(lab, "boxes.ipynb", len(CELLS), size=(1300, 1500)) as page:
        page.get_by_text("| Idle").wait_for(timeout=60_000)
        page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
        ran(page, 0)
        ran(page, 2)
        status(page, "one.png, 400 x 240 pixels, has 1 box proposed by the detector", view=1)
        widget = page.locator(".course-boxes").nth(1)
        widget.locator("svg").wait_for()
        page.screenshot(path=shots / "boxes_proposed_dark.png")

        # the keys of the widget: Tab chooses the box, D moves it by a pixel of what was sent, here a quarter of
        # one of the file; JupyterLab deletes no cell
        widget.locator(".wrapper").focus()
        page.keyboard.press("Tab")
        for _ in range(8):
            page.keyboard.press("d")
        assert page.locator(".jp-CodeCell").count() == len(CELLS)

        # while the kernel is busy: drawn, submitted, and submitted again by an impatient hand
        page.locator(".jp-CodeCell").nth(3).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.locator(".jp-CodeCell").nth(3).get_by_text("[*]:").wait_for()
        choose(page, "cup", view=1)
        drawn = draw(page, PLAIN, (10, 200, 90, 235), view=1)
        press(page, "Submit", view=1)
        page.screenshot(path=shots / "boxes_waiting.png")
        assert page.locator(".jp-CodeCell").nth(3).get_by_text("[*]:").count()
        widget.locator(".wrapper").focus()
        page.keyboard.press("Enter")
        status(page, "Saved 2 boxes in one.xml. 1 of 3 done.", view=1)
        assert "cat" in (folder / "one.xml").read_text() and not (folder / "three.xml").exists()
        boxes, names = read(folder)["one.png"]
        assert names == ["cat", "cup"]
        np.testing.assert_array_equal(boxes[0], [102, 60, 302, 180])
        np.testing.assert_allclose(boxes[1], drawn, atol=2)
        assert read(folder).keys() == {"one.png"}

        press(page, "Skip", view=1)
        status(page, "two.png, 400 x 240 pixels, has 1 box proposed", view=1)
        assert sorted(path.name for path in folder.glob("*.xml")) == ["one.xml"]

        # another day: the pictures without boxes come first; one without any object counts as done
        ran(page, 4)
        status(page, "1 of 3 done.", view=2)
        status(page, "three.png, 400 x 240 pixels, has no boxes yet.", view=2)
        press(page, "Submit", view=2)
        status(page, "Saved no boxes in three.xml. 2 of 3 done.", view=2)
        press(page, "Skip", view=2)
        status(page, "one.png, 400 x 240 pixels, has 2 boxes. What was skipped (1) comes first", view=2)
        page.screenshot(path=shots / "boxes_again_dark.png", full_page=True)
    assert {name: len(boxes) for name, (boxes, _) in read(folder).items()} == {"one.png": 2, "three.png": 0}
