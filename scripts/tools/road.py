"""The roads of a lesson: which cells a first reading takes, how long they are, and in how many minutes they are read.

A section that a first reading may leave out is a side road: all its cells carry the tag `deeper`. The rest is the main road.
"""

import math
import re
import symtable
from functools import cache
from typing import NamedTuple

from scripts.tools.lessons import source, tags

SIDE_ROAD = "deeper"
# what nobody reads in its place: generated, folded, or done after the reading
UNREAD = re.compile(r"^(title|setup|imports|slides-text|exercises-text|claims.*|exercise-.*)$")
# code that no student reads as the lesson's own
PLUMBING = re.compile(r"^(setup|imports|claims.*|.*-plot)$")

# a formula takes its time however it is spaced: in a line that of a word, on a line of its own that of ten
DISPLAYED, FORMULA = re.compile(r"\$\$.+?\$\$", re.S), re.compile(r"\$[^$\n]+\$")


class Road(NamedTuple):
    """How long a way through a lesson is: cells, words of its text, cells of code, lines of code, minutes."""

    cells: int
    words: int
    code_cells: int
    lines: int
    minutes: int


def main_road(cells) -> list:
    """The cells that a first reading takes, in order."""
    return [cell for cell in cells if SIDE_ROAD not in tags(cell)]


def measured(cells) -> Road:
    """The length of a way through these cells.

    Minutes are words / 100, formulas among them, and half a minute for each cell of code that is read, up to the next five. Lines are those of code
    that are not empty, without Setup, imports, drawings and claims.
    """
    words = code_cells = lines = 0
    for cell in cells:
        if cell.cell_type == "code" and not PLUMBING.match(cell.id):
            lines += sum(bool(line.strip()) for line in source(cell).splitlines())
        if UNREAD.match(cell.id):
            continue
        if cell.cell_type == "markdown":
            words += len(FORMULA.sub(" formula ", DISPLAYED.sub(" formula" * 10, source(cell))).split())
        else:
            code_cells += 1
    return Road(len(cells), words, code_cells, lines, 5 * math.ceil((words / 100 + code_cells / 2) / 5))


def deeper_names(cells) -> dict[str, set[str]]:
    """Names that a cell of the main road uses and only a side road makes, by the cell's id."""
    by_main, by_side = set(), set()
    for cell in cells:
        if cell.cell_type == "code":
            (by_side if SIDE_ROAD in tags(cell) else by_main).update(made(source(cell)))
    only = by_side - by_main
    found = {}
    for cell in main_road(cells):
        if cell.cell_type == "code" and (names := used(source(cell)) & only):
            found[cell.id] = names
    return found


# every exercise asks this of every cell again
@cache
def made(text: str) -> frozenset[str]:
    """Names that a cell of code gives to the notebook: assigned, imported or defined at its top level."""
    table = symtable.symtable(text, "cell", "exec")
    return frozenset(
        one.get_name()
        for one in table.get_symbols()
        if one.is_assigned() or one.is_imported() or one.is_namespace()
    )


@cache
def used(text: str) -> frozenset[str]:
    """Names that a cell of code takes from the notebook: read at its top level, or as globals in its functions."""

    def globals_of(table) -> set[str]:
        names = {one.get_name() for one in table.get_symbols() if one.is_referenced() and one.is_global()}
        return names.union(*map(globals_of, table.get_children()))

    top = symtable.symtable(text, "cell", "exec")
    read = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    return frozenset(read | globals_of(top)) - made(text)
