"""Benchmarks: every listing names cells and results that its lesson has, and both sides of a quick one run."""

import math
import re

import pytest

from scripts.build import bench, lessons

ALL = bench.listings([])


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


def test_names_are_unique_and_kinds_known():
    names = [listing.name for listing in ALL]
    assert len(set(names)) == len(names) and {listing.kind for listing in ALL} <= {"TensorFlow", "Keras"}


def test_both_sides_of_a_listing_run_and_agree():
    listing = next(listing for listing in ALL if listing.name == "01.tf")
    deck, ours = bench.measure(listing, "deck"), bench.measure(listing, "ours")
    assert 0 < ours["seconds"] < 60 and 0 < deck["seconds"] < 60
    assert math.isclose(deck["result"], 39.99, abs_tol=0.02) and math.isclose(
        ours["result"], 39.99, abs_tol=0.02
    )
