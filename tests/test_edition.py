"""The rules of the second edition see what is broken: a small lesson that keeps them all is broken in each way."""

import copy
import json
import re
from pathlib import Path

import nbformat
import pytest

from scripts.tools import edition, editions_page, lessons, road, stamps
from tests.test_anatomy import drop, replace, set_source

PATH = Path("21_a_lesson.ipynb")
PREDICT = "**Predict.** Which?\n\n- **A.** one\n- **B.** two\n- **C.** three\n- **D.** four"
NOTICE = "**Notice.** B is right: A forgets one, C counts one twice, D adds."
CORRECTIONS = (
    "## If you come from the slides\n\n<details><summary>What differs</summary>\n\n- one\n\n</details>"
)


def exercise(number):
    return f'x{number} = None  # a number\ncheck("21.{number}", x{number})\nsolution("21.{number}")'


def made():
    """A lesson of the second edition that keeps its rules."""
    text, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    cells = [text("# 21", id="title"), text("## Why", id="opening-text"), code("start = 1", id="setup")]
    cells += [code("import math", id="imports"), code("start = 2", id="opening-plot")]
    for i in (1, 2, 3):
        cells += [
            text(f"## Part {i}\n\n{PREDICT}", id=f"part{i}-text"),
            code(f"y{i} = {i}", id=f"part{i}-run"),
        ]
        cells += [text(NOTICE, id=f"part{i}-notice")]
        if i < 3:
            cells += [text("Try it", id=f"exercise-{i}-text"), code(exercise(i), id=f"exercise-{i}")]
    cells += [text("**A place to pause.** Done.", id="pause")]
    cells += [text("## Deeper: more", id="more-text"), code("deep = y1", id="more-run")]
    for cell in cells[-2:]:
        cell.metadata["tags"] = ["deeper"]
    cells += [
        text("## Knobs", id="knobs-text"),
        code("k = 1", id="knobs"),
        text(CORRECTIONS, id="slides-text"),
    ]
    cells += [text("## Claims", id="claims-text"), code("print(y1)", id="claims")]
    cells += [code("print(deep)", id="claims-deeper", metadata={"tags": ["deeper"]})]
    cells += [
        text("## Exercises", id="exercises-text"),
        *(code(exercise(i), id=f"exercise-{i}") for i in (3, 4, 5)),
    ]
    cells += [text("## What you learned", id="learned")]
    about = {"id": "21", "edition": 2, "requires": ["01"], "weights": []}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"course": about})
    stamps.with_minutes(notebook.metadata.course, notebook.cells)
    return notebook


@pytest.fixture
def found():
    """A function: change the lesson, then return what the rules say of it."""

    def check(change):
        notebook = made()
        change(notebook, {cell.id: cell for cell in notebook.cells})
        return "\n".join(edition.rules(PATH, notebook))

    return check


def many(cells, make):
    """A change that puts so many more cells before the pause and has the minutes stamped again."""

    def change(nb, by_id):
        at = nb.cells.index(by_id["pause"])
        nb.cells[at:at] = [make(i) for i in range(cells)]
        stamps.with_minutes(nb.metadata.course, nb.cells)

    return change


def words(i):
    return nbformat.v4.new_markdown_cell("word " * 1000, id=f"long-{i}")


def deep_words(i):
    cell = words(i)
    cell.source, cell.metadata["tags"] = "## Deeper: long\n\n" + cell.source, ["deeper"]
    return cell


def card(text):
    def change(nb, cells):
        nb.metadata.course.weights = ["mnist_cnn"]
        score = json.loads((lessons.ROOT / "weights/manifest.json").read_text())["weights"]["mnist_cnn"][
            "score"
        ]
        cells["part1-text"].source += text.format(score=score, percent=100 * score)

    return change


CASES = [
    (drop("opening-plot"), "the first cells are"),
    (many(5, words), "the main road has 55 minutes, more than 50"),
    (many(60, lambda i: nbformat.v4.new_markdown_cell("word", id=f"c{i}")), "cells, more than 70"),
    (
        many(20, lambda i: nbformat.v4.new_code_cell("\n".join(["z = 1"] * 20), id=f"c{i}")),
        "lines of code, more than 300",
    ),
    (many(9, deep_words), "with its side roads it takes 95 minutes, more than 90"),
    (lambda nb, cells: nb.metadata.course.update(minutes=1), "its minutes are not as computed"),
    (drop("pause"), "no place to pause"),
    (replace("more-text", "Deeper: ", ""), "more-run: tagged, outside a section called Deeper: deeper"),
    (
        lambda nb, cells: cells["more-run"].metadata.update(tags=[]),
        "more-run: on a side road without the tag",
    ),
    (set_source("claims", "print(deep)"), "claims: on the main road, needs deep of a side road"),
    (
        set_source("claims", "def f():\n    return [deep for _ in range(2)]"),
        "claims: on the main road, needs deep of a side road",
    ),
    (replace("part2-text", "- **C.** three\n", ""), "the answers to predict are ['A', 'B', 'D']"),
    (replace("part2-text", PREDICT, "**Predict.** What?"), "2 questions with answers A to D, at least 3"),
    (
        replace("part2-notice", ", D adds", ""),
        "part2-notice: says nothing of D, answers to predict in part2-text",
    ),
    (replace("part3-notice", "**Notice.**", "See."), "part3-text: no Notice after its answers"),
    (replace("part1-notice", "adds.", "adds. " + "word " * 70), "a Notice of 82 words, more than 80"),
    (drop("knobs"), "there is no cell with the id knobs"),
    (lambda nb, cells: nb.cells.append(nb.cells.pop(-3)), "the end of a lesson is"),
    (replace("slides-text", "<details>", ""), "slides-text: is not folded"),
    (drop("exercise-4"), "there is no cell with the id exercise-4"),
    (lambda nb, cells: cells["exercise-1"].update(id="exercise-6"), "the exercises are"),
    (
        lambda nb, cells: nb.cells.insert(0, nb.cells.pop(nb.cells.index(cells["knobs"]))),
        "exercise-2: stands after the knobs",
    ),
    (replace("exercise-3", "solution", "answer"), "exercise-3: not in the form"),
    (replace("exercise-3", "x3 = None", "x3 = 4"), "exercise-3: not in the form"),
    (set_source("claims", "print(x2)"), "claims: reads x2, the answer of exercise-2"),
    (set_source("imports", "from scripts.exercises import answer, check"), "imports: uses `answer`"),
    (lambda nb, cells: nb.metadata.course.pop("requires"), "requires is missing"),
    (lambda nb, cells: nb.metadata.course.update(requires=["21"]), "requires 21, which does not come before"),
    (card(" It reaches {score:.4f}."), "is typed; the card of mnist_cnn holds it"),
    (card(" It reaches {percent:.2f} %."), "is typed; the card of mnist_cnn holds it"),
]


@pytest.mark.parametrize(("change", "finding"), CASES, ids=[re.sub(r"\W+", "-", f) for _, f in CASES])
def test_a_broken_lesson_is_found_out(found, change, finding):
    assert finding in found(change)


def test_a_lesson_that_keeps_the_rules_has_no_findings(found):
    assert found(lambda nb, cells: None) == ""


def test_a_road_that_grew_says_why(monkeypatch, tmp_path):
    first = tmp_path / "first.json"
    first.write_text(json.dumps({"21": {"minutes": 4}}))
    monkeypatch.setattr(edition, "FIRST", first)
    notebook = made()
    assert "the main road grew from 4 to 5 minutes" in "\n".join(edition.lengths(PATH, notebook))
    notebook.metadata.course.grown = "Because a net is drawn in three places."
    assert edition.lengths(PATH, notebook) == []


def test_minutes_are_words_and_half_a_minute_a_cell_up_to_the_next_five():
    cells = [
        nbformat.v4.new_markdown_cell("word " * 400, id="a-text"),
        nbformat.v4.new_code_cell("x = 1\n\ny = 2", id="a-run"),
    ]
    assert road.measured(cells) == road.Road(cells=2, words=400, code_cells=1, lines=2, minutes=5)
    cells += [nbformat.v4.new_code_cell("x = 1", id=f"b{i}-plot") for i in range(2)]
    assert road.measured(cells) == road.Road(cells=4, words=400, code_cells=3, lines=2, minutes=10)
    unread = [
        nbformat.v4.new_code_cell("import x", id="imports"),
        nbformat.v4.new_markdown_cell("w " * 900, id="slides-text"),
    ]
    assert road.measured(cells + unread)._replace(cells=4) == road.measured(cells)


def test_names_of_a_cell_are_told_apart_from_those_of_its_functions():
    text = "import numpy as np\n\ndef f(x, y=late):\n    z = x + other\n    return [z * k for k in np.arange(3)]\n\nw = f(given)"
    assert road.made(text) == {"np", "f", "w"}
    assert road.used(text) - {"range"} == {"late", "other", "given"}


def test_the_page_of_editions_is_as_generated():
    page = (lessons.ROOT / "docs" / "editions.md").read_text(encoding="utf-8")
    assert page == editions_page.text()
    assert all(f"| {path.name[:2]} |" in page for path in lessons.all_lessons())


def test_a_lesson_of_the_first_edition_is_not_held_to_the_second():
    notebook = copy.deepcopy(lessons.read(lessons.chosen(["13"])[0]))
    assert notebook.metadata.course.edition == 1 and edition.rules(PATH, notebook) != []
