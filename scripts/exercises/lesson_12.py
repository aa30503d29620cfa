"""Exercises of lesson 12, PCA and LDA."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number


def first_coordinates(x, mean, U, k):
    """The reference of exercise 2: centre, then project on the first k columns."""
    return (np.asarray(x) - mean) @ np.asarray(U)[:, :k]


def who(distances, limit):
    """The reference of exercise 4: the nearest, if it is near enough."""
    best = int(np.argmin(distances))
    return best if distances[best] <= limit else -1


def components(value: float) -> None:
    """Exercise 1: running sums of 40, 25, 15, 8, 6, 4, 2."""
    expect(
        value,
        right=5,
        mistakes=(
            (4, "four hold 40 + 25 + 15 + 8 = 88 %: not yet 90"),
            (3, "three hold 40 + 25 + 15 = 80 %: not yet 90"),
            (6, "six are more than needed: the running sum passes 90 earlier"),
            (7, "seven are all of them, 100 %"),
            (90, "the share is given; the number of components is asked for"),
        ),
        otherwise="add the eigenvalues from the largest on until the sum is 90 % of their total, which is 100",
    )


def coordinates(answer) -> None:
    """Exercise 2: on random examples, with a mean far from 0."""
    random = np.random.default_rng(12)
    x, mean = random.normal(size=(6, 4)), np.array([5.0, -3.0, 2.0, 1.0])
    U = np.linalg.qr(random.normal(size=(4, 4)))[0]
    given = [value.copy() for value in (x, mean, U)]
    returned = answer(*given, 2)
    if not all(map(np.array_equal, given, (x, mean, U))):
        raise Hint("it changes x, mean or U: compute the difference in a new array")
    if np.shape(returned) == (2, 6):
        raise Hint("shape (n, k) is asked for, one row for each example; this is its transpose")
    if np.shape(returned) == (6, 4):
        if np.allclose(returned, mean + (x - mean) @ U[:, :2] @ U[:, :2].T):
            raise Hint("these are rebuilt examples; the coordinates are asked for")
        raise Hint("all coordinates are returned; only the first k are asked for")
    expect(
        array(returned, (6, 2)),
        right=first_coordinates(x, mean, U, 2),
        mistakes=(
            (x @ U[:, :2], "subtract the mean first"),
            ((x + mean) @ U[:, :2], "subtract the mean, do not add it"),
            ((x - mean) @ U[:2].T, "the directions are the columns of U, not its rows"),
            (
                (x - mean) @ U[:, -2:],
                "these are the last directions; columns come with the largest variance first",
            ),
            ((x - x.mean(axis=0)) @ U[:, :2], "use the mean that is given: it comes from the training data"),
            ((x - mean)[:, :2], "this selects columns of x; project on the directions in U"),
        ),
        otherwise="subtract the mean, then multiply by the first k columns of U",
    )
    other = np.shape(answer(x, mean, U, 3))
    if other != (6, 3):
        raise Hint(f"for k = 3 it returns shape {other} instead of (6, 3)")


def criterion(value: float) -> None:
    """Exercise 3: means 3 and 9, scatters 14 and 2."""
    expect(
        value,
        right=2.25,
        mistakes=(
            (9.0, "these are variances (divided by n); scatters are sums"),
            (6.75, "these are variances (divided by n - 1); scatters are sums"),
            (6 / 16, "square the distance of the means"),
            (36.0, "this is the numerator; divide by the two scatters"),
            (16 / 36, "the scatters belong below, the means above"),
            (36 / 28, "add the scatters, do not multiply them"),
            (36 / (14**2 + 2**2), "a scatter is already a sum of squares: do not square it again"),
            (36 / (14**0.5 + 2**0.5), "no root is taken of the scatters"),
            (36 / 376, "squares are taken from each class's own mean, not from 0"),
        ),
        otherwise="the means are 3 and 9; the scatters are the sums of squared deviations from them",
        rtol=0.005,
    )


def stranger(answer) -> None:
    """Exercise 4: known, unknown, just at the limit."""
    for distances, limit, right in (
        ([0.9, 0.2, 0.5], 0.3, 1),
        ([0.9, 0.4, 0.5], 0.3, -1),
        ([0.1, 0.2, 0.3], 0.3, 0),
        ([0.7, 0.25, 0.25 / 2], 0.125, 2),
        ([5.0, 4.0, 3.5], 4.5, 2),
    ):
        returned = answer(np.array(distances), limit)
        case = f"for {distances} and a limit of {limit}"
        with hint_begins(case):
            got = number(returned)
        if got == right:
            continue
        if right == -1:
            raise Hint(f"{case} nobody is near enough: return -1")
        if got == np.argmax(distances):
            raise Hint(f"{case} it returns the farthest face; the nearest has the smallest distance")
        if got == min(distances):
            raise Hint(f"{case} it returns the distance; the index is asked for")
        if min(distances) == limit and got == -1:
            raise Hint(f"{case}: a distance equal to the limit is still accepted (at most)")
        if got == -1:
            raise Hint(f"{case} there is a face near enough: return its index")
        raise Hint(f"{case} it returns {got:g} instead of {right}: of those near enough the nearest")


EXERCISES = {
    "12.1": Exercise(
        reference=5,
        form=number,
        test=components,
        wrong=(
            (4, "88"),
            (3, "80"),
            (6, "earlier"),
            (7, "all"),
            (90, "number of components"),
            (2, "add"),
            ("five", "number"),
        ),
    ),
    "12.2": Exercise(
        reference=first_coordinates,
        form=function("first_coordinates(x, mean, U, k)"),
        test=coordinates,
        wrong=(
            (lambda x, mean, U, k: x @ U[:, :k], "subtract the mean"),
            (lambda x, mean, U, k: (x - mean) @ U[:k].T, "columns"),
            (lambda x, mean, U, k: (x - mean) @ U[:, -k:], "last"),
            (lambda x, mean, U, k: (x - x.mean(axis=0)) @ U[:, :k], "training"),
            (lambda x, mean, U, k: ((x - mean) @ U[:, :k]).T, "transpose"),
            (lambda x, mean, U, k: (x - mean) @ U, "first k"),
            (lambda x, mean, U, k: mean + (x - mean) @ U[:, :k] @ U[:, :k].T, "rebuilt"),
            (lambda x, mean, U, k: (x - mean)[:, :k], "selects"),
            (lambda x, mean, U, k: (x - mean) @ U[:, :2], "k = 3"),
            (lambda x, mean, U, k: np.subtract(x, mean, out=x) @ U[:, :k], "changes"),
            (np.eye(2), "function"),
        ),
    ),
    "12.3": Exercise(
        reference=2.25,
        form=number,
        test=criterion,
        wrong=(
            (9, "divided by n)"),
            (6.75, "n - 1"),
            (0.375, "square"),
            (36, "numerator"),
            (0.444, "below"),
            (0.18, "again"),
            (7.0006, "root"),
            (1, "means are 3 and 9"),
        ),
    ),
    "12.4": Exercise(
        reference=who,
        form=function("who(distances, limit)"),
        test=stranger,
        wrong=(
            (lambda distances, limit: int(np.argmin(distances)), "-1"),
            (lambda distances, limit: int(np.argmax(distances)), "farthest"),
            (lambda distances, limit: min(distances), "index"),
            (
                lambda distances, limit: int(np.argmin(distances)) if min(distances) < limit else -1,
                "at most",
            ),
            (
                lambda distances, limit: next((i for i, d in enumerate(distances) if d <= limit), -1),
                "the nearest",
            ),
            (lambda distances, limit: -1, "near enough"),
            (lambda distances, limit: None, "number"),
            (3, "function"),
        ),
    ),
}
