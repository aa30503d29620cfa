"""Lesson 15 where no weights can be had: every cell runs, and nothing is claimed of nets that are not here."""

import pytest

from scripts.tools import lessons
from scripts.tools.execute import execute
from tests.torch import needs_imageai


@pytest.mark.long
@needs_imageai
def test_without_weights_the_lesson_runs_and_shows_no_fake_result(tmp_path):
    nowhere = {
        name: str(tmp_path / name) for name in ("COURSE_WEIGHTS", "COURSE_USER_CACHE", "COURSE_MIRROR")
    }
    run = execute(
        lessons.chosen(["15"])[0], COURSE_OFFLINE="1", COURSE_CLAIMS_DIR=str(tmp_path / "claims"), **nowhere
    )
    assert not run.error and not run.failed, (run.cell, run.error)
    status = {claim["id"]: claim["status"] for claim in run.claims}
    for name in ("motorbike", "cup", "boxes-equal-imageai", "retinanet", "yolov3"):
        assert status[f"15.{name}"] == "not measured"
    assert status["15.guesses"] == status["15.parameters-tiny"] == "kept"
    said = "".join(out.get("text", "") for cell in run.notebook.cells for out in cell.get("outputs", []))
    assert "an untrained TinyYOLOv3 that finds nothing stands in" in said
    assert said.count("needs weights") >= 4 and "TinyYOLOv3's weights are not here" in said.replace(
        "\n    ", " "
    )
