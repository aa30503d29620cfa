"""Exercises of lesson 06, convolution."""

import numpy as np

from scripts.exercises import (
    Exercise,
    Hint,
    array,
    expect,
    function,
    hint_begins,
    known_mistake,
    number,
    same,
)

SOBEL_X = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


def map_size(n, k, s, p):
    """The reference of exercise 2: outputs for n pixels, kernel k, stride s and p zeros on each side."""
    return (n + 2 * p - k) // s + 1


def pool_image(image, size):
    """The reference of exercise 4: the largest number of each window of size x size, of a picture (height, width)."""
    height, width = image.shape[0] // size, image.shape[1] // size
    windows = image[: height * size, : width * size].reshape(height, size, width, size)
    return windows.max(axis=(1, 3))


def padding(value: float) -> None:
    """Exercise 1: (5 - 1) / 2 zeros on each side."""
    expect(
        value,
        right=2,
        mistakes=(
            (1, "one row on each side is right for 3x3; a window of 5 reaches two pixels beyond its middle"),
            (4, "four rows in all is right; the question is for each side"),
            (5, "that would add 10 rows in all, but a window of 5 costs only 4"),
            (2.5, "a window of 5 has a middle pixel, and on either side of it lie (5 - 1) / 2"),
            (0, "without zeros the map has 4 rows fewer than the picture"),
        ),
        otherwise="a window of 5 costs n - (n - 5 + 1) rows; half of them on each side",
    )


def sizes(answer) -> None:
    """Exercise 2: compared with the reference on all small cases in which the kernel fits."""
    cases = [
        (7, 3, 1, 0),
        (7, 3, 2, 0),
        (7, 3, 3, 0),
        (28, 5, 1, 2),
        (28, 3, 1, 0),
        (224, 7, 2, 3),
        (6, 3, 2, 1),
    ]
    got = []
    for case in cases:
        size = answer(*case)
        with hint_begins(f"for n, k, s, p = {case}"):
            got.append(number(size))

    def sizes_by(formula):
        return [formula(*case) for case in cases]

    right = sizes_by(map_size)
    if np.allclose(got, right):
        random = np.random.default_rng(0)
        for _ in range(200):
            k, s, p = random.integers((1, 1, 0), (8, 6, 5)).tolist()
            case = (k + int(random.integers(0, 40)), k, s, p)
            if not same(answer(*case), map_size(*case), rtol=0, atol=0):
                raise Hint(f"for n, k, s, p = {case} the size is {map_size(*case)}")
        return
    known_mistake(
        got,
        (
            (
                sizes_by(lambda n, k, s, p: (n + 2 * p - k) // s),
                "one too few: the first window counts before any step is made",
            ),
            (
                sizes_by(lambda n, k, s, p: (n + p - k) // s + 1),
                "p zeros stand on each side: the picture grows by 2 p",
            ),
            (sizes_by(lambda n, k, s, p: (n - k) // s + 1), "the padding does not count yet"),
            (sizes_by(lambda n, k, s, p: n + 2 * p - k + 1), "the stride does not count yet"),
            (
                sizes_by(lambda n, k, s, p: (n + 2 * p - k) / s + 1),
                "a map has a whole number of places: "
                "a window that would stick out is left out, so round down (//)",
            ),
            (
                sizes_by(lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1),
                "a window that would stick out does not count: round down, not up",
            ),
            (sizes_by(lambda n, k, s, p: -(-n // s)), "that is the rule of SAME; here p is given"),
        ),
    )
    wrong = int(np.flatnonzero(~np.isclose(got, right))[0])
    raise Hint(
        f"for n, k, s, p = {cases[wrong]} it gives {got[wrong]:g}; "
        "count the left edges that a window can have"
    )


def dark_to_bright(answer) -> None:
    """Exercise 3: weights that answer to a rise of brightness along a row, and to nothing else."""
    w = array(answer, (3, 3))
    if not w.any():
        raise Hint("all weights are 0: it never answers")
    if abs(w.sum()) > 1e-6 * np.abs(w).sum():
        raise Hint("on even ground it answers; the weights have to add up to 0")
    tolerance = 1e-6 * np.abs(w).sum()
    # what an upright and a level edge meet
    right, below = w.sum(axis=0), w.sum(axis=1)
    if np.abs(below).max() > tolerance:
        rises = [-below[:1].sum(), -below[:2].sum()]
        upright = max(np.abs([right[:1].sum(), right[:2].sum()]))
        if upright <= tolerance:
            raise Hint("it answers to horizontal edges only; exchange rows and columns")
        raise Hint(
            f"a horizontal edge draws {rises[0]:g} and {rises[1]:g}; each row of weights has to add up to 0"
        )
    # the edge before the middle column, and after it
    rises = np.array([right[1:].sum(), right[2:].sum()])
    if (rises < -tolerance).all():
        raise Hint(
            "the sign is reversed: it answers above 0 to bright-to-dark. conv2d does not turn the filter round"
        )
    if (rises <= tolerance).any():
        raise Hint(
            f"an edge from dark to bright draws {rises[0]:g} or {rises[1]:g}, by its place; "
            "both should be above 0"
        )


def pooled(answer) -> None:
    """Exercise 4: compared with the reference on pictures of several shapes, one of them all negative."""
    random = np.random.default_rng(0)
    for shape, size in (((4, 4), 2), ((6, 4), 2), ((6, 9), 3), ((7, 5), 2), ((5, 5), 1)):
        image = random.permutation(np.prod(shape)).reshape(shape).astype(float)
        right, case = pool_image(image, size), f"a picture of {shape} with windows of {size}"
        got = np.asarray(answer(image.copy(), size), dtype=float)
        if got.shape != right.shape:
            longer = tuple(-(-n // size) for n in shape)
            if got.shape == longer:
                raise Hint(
                    f"{case} gives {got.shape}: rows and columns that do not fill a window are to be dropped"
                )
            if got.shape == tuple(n - size + 1 for n in shape):
                raise Hint("the windows overlap: they have to move by their own size")
            raise Hint(f"{case} should give shape {right.shape}, it gives {got.shape}")
        height, width = right.shape
        windows = image[: height * size, : width * size].reshape(height, size, width, size)
        if size > 1:
            known_mistake(
                got,
                (
                    (
                        windows.mean(axis=(1, 3)),
                        "this is the mean of each window; the largest number is asked for",
                    ),
                    (windows.min(axis=(1, 3)), "this is the smallest number of each window"),
                ),
            )
        if not np.array_equal(got, right):
            raise Hint(
                f"{case}: some numbers are not the largest of their window; "
                "are rows and columns in their places?"
            )
        got = np.asarray(answer(image - 1000, size), dtype=float)
        if not np.array_equal(got, right - 1000):
            raise Hint(
                "where all numbers are negative, the largest is negative too: do not start the maximum at 0"
            )


def _pool_from_zero(image, size):
    return np.maximum(pool_image(image, size), 0)


def _pool_overlapping(image, size):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows.max(axis=(2, 3))


def _pool_padded(image, size):
    rows, columns = (-n % size for n in image.shape)
    return pool_image(np.pad(image, ((0, rows), (0, columns)), constant_values=-np.inf), size)


def _pool_mixed_up(image, size):
    height, width = image.shape[0] // size, image.shape[1] // size
    return image[: height * size, : width * size].reshape(height, width, size, size).max(axis=(2, 3))


EXERCISES = {
    "06.1": Exercise(
        reference=2,
        form=number,
        test=padding,
        wrong=(
            (1, "3x3"),
            (4, "each side"),
            (5, "only 4"),
            (2.5, "middle"),
            (0, "fewer"),
            (3, "half"),
            ("SAME", "number"),
        ),
    ),
    "06.2": Exercise(
        reference=map_size,
        form=function("map_size(n, k, s, p)"),
        test=sizes,
        wrong=(
            (lambda n, k, s, p: (n + 2 * p - k) // s, "one too few"),
            (lambda n, k, s, p: (n + p - k) // s + 1, "each side"),
            (lambda n, k, s, p: (n - k) // s + 1, "padding"),
            (lambda n, k, s, p: n + 2 * p - k + 1, "stride"),
            (lambda n, k, s, p: (n + 2 * p - k) / s + 1, "//"),
            (lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1, "not up"),
            (lambda n, k, s, p: -(-n // s), "SAME"),
            (lambda n, k, s, p: n, "left edges"),
            (lambda n, k, s, p: "five", "a number"),
            (5, "function"),
        ),
    ),
    "06.3": Exercise(
        reference=SOBEL_X,
        test=dark_to_bright,
        wrong=(
            (-SOBEL_X, "reversed"),
            (SOBEL_X.T, "exchange"),
            (np.full((3, 3), 1 / 9), "even ground"),
            ([[0, 0, 0], [-1, 0, 1], [0, 0, 1]], "even ground"),
            ([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]], "horizontal edge"),
            ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], "horizontal edge"),
            ([[1, -2, 1]] * 3, "both should be above 0"),
            (np.zeros((3, 3)), "never"),
            ([-1, 0, 1], "shape"),
        ),
    ),
    "06.4": Exercise(
        reference=pool_image,
        form=function("pool_image(image, size)"),
        test=pooled,
        wrong=(
            (_pool_from_zero, "negative"),
            (_pool_overlapping, "overlap"),
            (_pool_padded, "dropped"),
            (_pool_mixed_up, "places"),
            (lambda image, size: -pool_image(-image, size), "smallest"),
            (
                lambda image, size: image[::size, ::size][: len(image) // size, : image.shape[1] // size],
                "largest",
            ),
            (lambda image, size: image.max(), "shape"),
            (np.zeros((2, 2)), "function"),
            (
                lambda image, size: np.array(
                    [
                        [
                            image[r : r + size, c : c + size].mean()
                            for c in range(0, image.shape[1] - size + 1, size)
                        ]
                        for r in range(0, image.shape[0] - size + 1, size)
                    ]
                ),
                "mean",
            ),
        ),
    ),
}
