"""Benchmarks: every listing names cells and results that its lesson has, and both sides of a quick one run."""

import json
import math
import re

import pytest

from scripts.tools import bench, lessons, listings

ALL = listings.listings([])


@pytest.mark.parametrize("listing", ALL, ids=[listing.name for listing in ALL])
def test_a_listing_names_cells_and_a_result_of_its_lesson(listing):
    cells = {
        cell.id: lessons.source(cell) for cell in lessons.read(lessons.chosen([listing.name[:2]])[0]).cells
    }
    assert set(listing.cells) | set(listing.prepare) <= set(cells)
    assert re.search(
        rf"\b{listing.value}\b.*=", "\n".join([cells[id] for id in listing.cells] + [listing.code])
    )
    assert listing.deck or listing.deck_part


FULL = listings.full_lengths([])


@pytest.mark.parametrize("run", FULL, ids=[run.name for run in FULL])
def test_a_run_at_full_length_names_cells_of_its_lesson_and_a_result(run):
    notebook = lessons.read(lessons.chosen([run.name[:2]])[0])
    cells = {cell.id: lessons.source(cell) for cell in notebook.cells}
    assert set(run.prepare) <= set(cells)
    assert re.search(rf"\b{run.value}\b.*=", "\n".join([*(cells[id] for id in run.prepare), run.code]))
    assert run.bound is None or bench.keeps(run.slide, run.bound)


def test_a_median_below_its_bound_makes_bench_fail(monkeypatch, capsys, tmp_path):
    run = listings.FullLength("05.x", "a run", (), "", "v", slide=0.9, bound=">= 0.8", seeds=3)
    monkeypatch.setattr(bench, "full_lengths", lambda numbers: [run])
    monkeypatch.setattr(bench, "store", lambda file, rows: None)
    for results, status in (([0.7, 0.81, 0.9], True), ([0.7, 0.79, 0.9], False)):
        left = iter(results)
        monkeypatch.setattr(
            bench, "subprocess_json", lambda *a, left=left, **v: {"result": next(left), "seconds": 1.0}
        )
        assert bench.run_full_lengths(["05"]) is status
        assert ("MISSED" in capsys.readouterr().out) is not status


def test_names_are_unique_and_kinds_known():
    names = [listing.name for listing in [*ALL, *FULL]]
    assert len(set(names)) == len(names) and {listing.kind for listing in ALL} <= {"TensorFlow", "Keras"}


@pytest.mark.long
def test_both_sides_of_a_listing_run_and_agree():
    listing = next(listing for listing in ALL if listing.name == "01.tf")
    deck, ours = bench.measure(listing, "deck"), bench.measure(listing, "ours")
    assert 0 < ours["seconds"] < 60 and 0 < deck["seconds"] < 60
    assert math.isclose(deck["result"], 39.99, abs_tol=0.02) and math.isclose(
        ours["result"], 39.99, abs_tol=0.02
    )


def test_a_run_that_needs_full_data_is_not_measured_on_the_sample(monkeypatch, capsys):
    monkeypatch.setattr(
        bench, "missing", lambda name: "needs the full data: the sample" if name == "mnist" else None
    )
    monkeypatch.setattr(bench, "full_row", lambda run: pytest.fail("ran on the sample"))
    monkeypatch.setattr(bench, "store", lambda file, rows: pytest.fail("stored no rows"))
    assert bench.run_full_lengths(["05"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all("not measured: needs the full data" in line for line in lines)


def test_what_is_missing_is_read_off_the_loader(monkeypatch):
    from types import SimpleNamespace

    from scripts import data

    def unavailable():
        raise data.DataError("no network here")

    for loader, expected in (
        (lambda: SimpleNamespace(source="full"), None),
        (
            lambda: print("MNIST: the sample.") or SimpleNamespace(source="sample"),
            "needs the full data: MNIST: the sample.",
        ),
        (unavailable, "no network here"),
    ):
        listings.missing.cache_clear()
        monkeypatch.setattr(data, "load_mnist", loader)
        assert listings.missing("mnist") == expected
    listings.missing.cache_clear()
    assert listings.missing(None) is None


def test_rows_of_other_lessons_stay_in_the_file(monkeypatch, tmp_path):
    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    for rows in ([{"lesson": "05", "n": 1}], [{"lesson": "01", "n": 2}], [{"lesson": "05", "n": 3}]):
        bench.store("build/bench.json", rows)
    stored = json.loads((tmp_path / "build" / "bench.json").read_text(encoding="utf-8"))
    assert stored == [{"lesson": "01", "n": 2}, {"lesson": "05", "n": 3}]
    (tmp_path / "build" / "bench.json").write_text("[", encoding="utf-8")  # cut short
    bench.store("build/bench.json", [{"lesson": "05", "n": 4}])
    assert json.loads((tmp_path / "build" / "bench.json").read_text(encoding="utf-8"))[0]["n"] == 4


def test_a_bench_may_print_a_table_of_its_own(monkeypatch, capsys):
    from types import SimpleNamespace

    module = SimpleNamespace(LISTINGS=(), main=lambda: print("a table"))
    monkeypatch.setattr(bench, "modules", lambda numbers: [module])
    monkeypatch.setattr(bench, "store", lambda file, rows: pytest.fail("there are no rows"))
    assert bench.main("16") == 0
    assert capsys.readouterr().out == "a table\n"


def test_parts_that_were_not_measured_stay_in_the_file(monkeypatch, tmp_path):
    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    for measured in ({"pooling": 1, "ratios": 2}, {"ratios": 3}):
        listings.store_parts("fast_rcnn.json", measured)
    stored = tmp_path / "build" / "fast_rcnn.json"
    assert json.loads(stored.read_text(encoding="utf-8")) == {"pooling": 1, "ratios": 3}
    stored.write_text("{", encoding="utf-8")  # cut short
    listings.store_parts("fast_rcnn.json", {"bccd": 4})
    assert json.loads(stored.read_text(encoding="utf-8")) == {"bccd": 4}
