"""Exercises of lesson 15, object detection with ImageAI."""

import numpy as np

from scripts.exercises import Exercise, Hint, expect, function, number


def precision_recall(hits, objects):
    """The reference of exercise 3."""
    found = np.cumsum(hits)
    return list(found / np.arange(1, len(found) + 1)), list(found / objects)


def square_row(value: float) -> None:
    """Exercise 1: scale 0.5, 208 rows of picture between margins of 104."""
    expect(
        value,
        right=154,
        mistakes=(
            (50, "the scale 0.5 is right; above the picture there is a grey margin as well"),
            (204, "the margin is there, the scale is missing: the picture is reduced to 416 columns"),
            (100, "the picture is reduced by half, and then lies between two grey margins"),
            (258, "one margin, not two: the grey is shared between above and below"),
            (
                -8,
                "the other way round: "
                "from the picture to the square multiply by the scale, then add the margin",
            ),
            (308, "the scale is 416 / 832, not 832 / 416"),
        ),
        otherwise=(
            "scale = min(416 / 832, 416 / 416); "
            "margin = (416 - scale * height) / 2; row = margin + scale * 100"
        ),
        atol=0.51,
    )


def middle(value: float) -> None:
    """Exercise 2: (6 + sigmoid(0)) * 32."""
    expect(
        value,
        right=208,
        mistakes=(
            (192, "that is the left border of the cell; sigmoid(0) is not 0"),
            (224, "that is the right border of the cell; sigmoid(0) is not 1"),
            (6.5, "that is in cells; each has 32 pixels"),
            (176, "columns count from 0: column 6 begins at 6 * 32"),
            (104, "the stride is 32 on this grid, 16 on the other"),
            (240, "columns count from 0: column 6 begins at 6 * 32"),
        ),
        otherwise="x = stride * (column + sigmoid(t_x)), and sigmoid(0) = 0.5",
    )


def curves(answer) -> None:
    """Exercise 3: fixed lists, then random ones."""
    random = np.random.default_rng(0)
    cases = [([True, True, False, True, False], 4), ([False, True], 2), ([True], 3)]
    cases += [((random.random(n) < 0.6).tolist(), int(n + random.integers(0, 5))) for n in range(3, 25)]
    for hits, objects in cases:
        right = precision_recall(hits, objects)
        got = answer(list(hits), objects)
        if got is None:
            raise Hint("it returns None: does your function return the two lists?")
        if not isinstance(got, (tuple, list, np.ndarray)) or len(got) != 2:
            raise Hint("return two lists: the precision and the recall after each box")
        got = [np.asarray(part, float) for part in got]
        if any(part.shape != (len(hits),) for part in got):
            raise Hint(f"for {len(hits)} boxes each list should have {len(hits)} numbers")
        if all(np.allclose(a, b) for a, b in zip(got, right, strict=True)):
            continue
        if np.allclose(got[0], right[1]) and np.allclose(got[1], right[0]):
            raise Hint("the two lists are exchanged: precision first")
        if np.allclose(got[1], np.cumsum(hits) / max(sum(hits), 1)):
            raise Hint("recall is over all boxes drawn by hand, also those that were never found")
        if np.allclose(got[0], np.cumsum(hits) / len(hits)):
            raise Hint("precision after k boxes is over k boxes, not over all of them")
        which = "precision" if not np.allclose(got[0], right[0]) else "recall"
        raise Hint(f"for hits {hits} and {objects} objects the {which} is not right: count the hits so far")


def smaller(value: float) -> None:
    """Exercise 4: 1 / (1 - 0.9)**2."""
    expect(
        value,
        right=100,
        mistakes=(
            (0.01, "upside down: the factor is 0.01, so it is how many times smaller?"),
            (10, "gamma is 2: the factor (1 - p) is squared"),
            (0.81, "(1 - p) is squared, not p"),
            (1 / 0.81, "(1 - p) is squared, not p"),
            (1000, "gamma is 2, not 3"),
            (-np.log(0.9), "this is the cross-entropy itself; the quotient of the two losses is asked for"),
        ),
        otherwise="the logarithm is in both and cancels: what is left is (1 - p) to the power of gamma",
        rtol=1e-3,
    )


EXERCISES = {
    "15.1": Exercise(
        reference=154,
        form=number,
        test=square_row,
        wrong=(
            (50, "margin"),
            (204, "scale is missing"),
            (100, "reduced by half"),
            (258, "not two"),
            (-8, "other way"),
            (308, "416 / 832"),
            (416, "scale = min"),
            ("the middle", "number"),
        ),
    ),
    "15.2": Exercise(
        reference=208,
        form=number,
        test=middle,
        wrong=(
            (192, "left border"),
            (224, "right border"),
            (6.5, "32 pixels"),
            (176, "from 0"),
            (104, "16 on the other"),
            (7, "sigmoid(0) = 0.5"),
            ("here", "number"),
        ),
    ),
    "15.3": Exercise(
        reference=precision_recall,
        form=function("precision_recall(hits, objects)"),
        test=curves,
        wrong=(
            (lambda hits, objects: precision_recall(hits, objects)[::-1], "exchanged"),
            (lambda hits, objects: precision_recall(hits, max(sum(hits), 1)), "never found"),
            (lambda hits, objects: (np.cumsum(hits) / len(hits), np.cumsum(hits) / objects), "over k boxes"),
            (lambda hits, objects: (sum(hits) / len(hits), sum(hits) / objects), "each list"),
            (lambda hits, objects: (np.array(hits, float), np.cumsum(hits) / objects), "hits so far"),
            (lambda hits, objects: None, "None"),
            (lambda hits, objects: 0.5, "two lists"),
            ([1, 2], "function"),
        ),
    ),
    "15.4": Exercise(
        reference=100,
        form=number,
        test=smaller,
        wrong=(
            (0.01, "upside"),
            (10, "squared"),
            (0.81, "not p"),
            (1000, "not 3"),
            (0.10536, "cross-entropy"),
            (2, "cancels"),
            ("much", "number"),
        ),
    ),
}
