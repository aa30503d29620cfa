"""Questions to predict, and the cells that answer them: what the site folds, and what lint asks of a lesson.

A question is a markdown cell that holds "**Predict"; its answer ends at the next cell whose id ends in -notice, at most `REACH`
cells later.
"""

REACH = 6  # cells at most between a question and its Notice


def asks(cell) -> bool:
    """Whether a cell holds a question to predict."""
    return cell.cell_type == "markdown" and "**Predict" in cell.source


def answers(cells) -> dict[str, str]:
    """The code cells whose outputs answer a question: cell's id to the question's id. Exercises answer none."""
    found = {}
    for i, cell in enumerate(cells):
        if not asks(cell):
            continue
        for later in cells[i + 1 : i + 1 + REACH]:
            if later.id.endswith("-notice"):
                break
            if later.cell_type == "code" and later.outputs and not later.id.startswith("exercise-"):
                found[later.id] = cell.id
    return found


def unanswered(cells) -> list[str]:
    """The ids of the questions that have more than `REACH` cells between them and their Notice, or no Notice at all."""
    return [
        cell.id
        for i, cell in enumerate(cells)
        if asks(cell) and not any(later.id.endswith("-notice") for later in cells[i + 1 : i + 2 + REACH])
    ]
