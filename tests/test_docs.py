"""What docs/ says of the lessons is true of them."""

import re

import pytest

from scripts.tools import bench, lessons, results_page

GLOSSARY = re.compile(
    r"^\| (?P<term>.+?) \| (?P<what>.+?) \| \[(?P<number>\d\d)\]\(\.\./notebooks/(?P<file>\S+)\) \|$", re.M
)
DOCS = lessons.ROOT / "docs"


def test_results_are_what_the_stored_pages_print():
    assert results_page.current()


def test_every_printed_claim_of_a_lesson_is_in_the_results():
    for path in lessons.all_lessons():
        notebook = lessons.read(path)
        printed = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
        lines = sum(len(re.findall(r"^\d\d\.\S+ +slides ", text, re.M)) for text in printed)
        claims = results_page.claims_of(notebook)
        assert len(claims) == lines >= 3, path.name
        assert {claim["id"][:2] for claim in claims} == {path.name[:2]}


def test_a_claim_line_is_read_whole():
    line = "15.x                       slides 72, 46     here -            bound >= 46            not measured: no weights: get them"
    claim = results_page.LINE.search(line).groupdict()
    assert (claim["slide"], claim["here"], claim["bound"], claim["status"]) == (
        "72, 46",
        "-",
        ">= 46",
        "not measured",
    )
    assert results_page.row(claim) == "| x | 72, 46 |  | `>= 46` | not measured |"


def test_runs_at_full_length_stand_in_the_results_with_their_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(bench.lessons, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    assert results_page.at_full_length() == ""
    run = bench.FullLength("05.x", "a net, 9 steps", (), "", "v", slide=0.9, bound=">= 0.8", seeds=3)
    monkeypatch.setattr(bench, "full_lengths", lambda numbers: [run])
    left = iter([0.81, 0.95, 0.9])
    monkeypatch.setattr(bench, "subprocess_json", lambda *a, **v: {"result": next(left), "seconds": 1.0})
    assert bench.run_full_lengths(["05"], publish=True)
    row = "| 05 | a net, 9 steps | 0.9 | 3 | 0.8100 | 0.9000 | 0.9500 | "
    assert row in results_page.at_full_length() and row in results_page.text()


def test_results_are_stamped_once(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    assert not results_page.current()
    assert results_page.stamp() and results_page.current()
    assert not results_page.stamp()


def test_terms_are_in_order_and_in_their_lessons():
    rows = [
        match.groupdict() for match in GLOSSARY.finditer((DOCS / "glossary.md").read_text(encoding="utf-8"))
    ]
    assert len(rows) >= 75
    terms = [row["term"].lower() for row in rows]
    assert terms == sorted(set(terms))
    texts = {
        path.name: " ".join(map(lessons.source, lessons.read(path).cells)).lower()
        for path in lessons.all_lessons()
    }
    for row in rows:
        assert row["file"].startswith(row["number"])
        assert row["term"].lower() in texts[row["file"]], f"{row['term']} is not in lesson {row['number']}"


@pytest.mark.parametrize(
    "file", ["README.md", "docs/lecturers.md", "docs/glossary.md", "docs/results.md", "CONTRIBUTING.md"]
)
def test_links_lead_somewhere(file):
    page = lessons.ROOT / file
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target
