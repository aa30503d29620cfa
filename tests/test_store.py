"""What `make notebooks` writes: seconds that noise does not move, figures whose bytes change only with their pixels."""

import base64
import io

import nbformat
import pytest
from PIL import Image

from scripts.tools import store


def page(kind, file, id="a-plot"):
    """A notebook with one cell that shows a picture."""
    data = {kind: base64.b64encode(file).decode("ascii")}
    cell = nbformat.v4.new_code_cell("pass", id=id)
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    return nbformat.v4.new_notebook(cells=[cell])


def png(colours, text="", level=9):
    """An animated PNG of plain frames, or a PNG of one, as an encoder writes it at this level."""
    from PIL.PngImagePlugin import PngInfo

    info, file = PngInfo(), io.BytesIO()
    info.add_text("run", text)
    first, *rest = [Image.new("RGB", (40, 30), colour) for colour in colours]
    more = {"save_all": True, "append_images": rest, "duration": 100} if rest else {}
    first.save(file, format="png", pnginfo=info, compress_level=level, **more)
    return file.getvalue()


@pytest.mark.parametrize("colours", [["red"], ["red", "blue", "green"]], ids=["picture", "animation"])
def test_a_figure_whose_pixels_did_not_change_keeps_its_bytes(colours):
    old, new = png(colours, "one", level=9), png(colours, "two", level=1)
    assert old != new
    here = page("image/png", new)
    assert store.keep_figures(page("image/png", old), here) == 1
    assert here == page("image/png", old)


@pytest.mark.parametrize(
    "changed",
    [["red", "blue", "gray"], ["red", "blue"], ["red"]],
    ids=["last frame", "a frame less", "no animation"],
)
def test_a_figure_that_changed_is_stored_anew(changed):
    old, here = page("image/png", png(["red", "blue", "green"])), page("image/png", png(changed))
    before = here.cells[0].outputs[0].data["image/png"]
    assert store.keep_figures(old, here) == 0
    assert here.cells[0].outputs[0].data["image/png"] == before


def test_a_picture_that_may_not_be_published_is_not_stored_and_the_page_says_so():
    here = page("image/png", png(["red"]))
    here.cells[0].outputs[0].data["text/plain"] = "[figure: a face]"
    assert store.unpublish(here) == 0
    here.cells[0].metadata.tags = ["course-unpublished"]
    assert store.unpublish(here) == 1 and store.unpublish(here) == 0
    told = "[figure: a face] Run this cell to see it: the picture may not be published."
    assert here.cells[0].outputs[0].data == {"text/plain": told}


def test_a_figure_of_another_kind_or_another_cell_is_stored_anew():
    here = page("image/jpeg", png(["red"]))
    assert store.keep_figures(page("image/png", png(["red"], level=1)), here) == 0
    assert (
        store.keep_figures(
            page("image/png", png(["red"], level=1), id="b-plot"), page("image/png", png(["red"]))
        )
        == 0
    )
