"""Pictures that belong together: a burst, a video. Parts of a set (box_parts.py) keep them together.

Neighbours in a burst show the same thing almost twice: one in training and one in the test would be learned by heart, not found.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from scripts.data.own_sets.box_forms import clean

SECONDS = 5.0  # between neighbours of a burst, at most
# a series with more than this share of all pictures is the numbering of the set, or one long video
WHOLE = 0.5
RUNS = 20  # it is cut into about so many runs of neighbours
# stems that number the pictures of a camera, not those of one video
CAMERA = {"", *"img image pic picture photo foto bild dsc dscn dscf pxl p dji".split()}
# a copy as Roboflow names it: the same picture, changed
COPY = re.compile(r"(_(jpe?g|png|bmp|webp))?\.rf\.[0-9A-Za-z]+$")
NUMBER = re.compile(r"^(.*?)[ _.\-]*\(?(\d+)\)?$")


def groups_of(
    names: Sequence[str], times: Sequence[float | None], classes=(), runs: bool = True
) -> tuple[list[list[int]], str]:
    """Find bursts and videos.

    Args:
        names: of the pictures, with their folders, without ending.
        times: when each was taken, in seconds, or None.
        classes: names of classes: a series called as one is numbering by class.
        runs: whether neighbours in what only numbers the set are groups, too: they may belong together.

    Returns:
        Groups of positions, each sorted and all in order of their first, and in words how they were found. Names that share a
        stem and differ in the number at their end are one group, but for series that only number the set: those of more than half
        of the pictures, a class's or a camera's. Such a series is cut into runs of neighbours. Times within five seconds
        are one group.
    """
    series, found = defaultdict(list), _Union(len(names))
    for i, name in enumerate(names):
        stem, number = _series(clean(name))
        series[stem].append((number, i))
    whole, cut = [], []
    for stem, members in series.items():
        members.sort()
        # the same number twice: copies of one picture
        for (a, i), (b, j) in zip(members, members[1:], strict=False):
            if a == b:
                found.join(i, j)
        if len({number for number, _ in members}) == 1:
            continue
        if _numbers_only(stem, len(members), names, classes):
            if not runs:
                continue
            run = max(1, min(3, len(names) // 5), len(names) // RUNS)
            cut.append(f"{_short(stem) or 'numbers'} ({len(members):,} pictures)")
            distinct = sorted({number for number, _ in members})
            starts = {number: k // run for k, number in enumerate(distinct)}
        else:
            whole.append(_short(stem))
            starts = dict.fromkeys((number for number, _ in members), 0)
        for (a, i), (b, j) in zip(members, members[1:], strict=False):
            if starts[a] == starts[b]:
                found.join(i, j)
    taken = sorted((time, i) for i, time in enumerate(times) if time is not None)
    bursts = 0
    for k, ((a, i), (b, j)) in enumerate(zip(taken, taken[1:], strict=False)):
        if b - a <= SECONDS:
            found.join(i, j)
            bursts += k == 0 or a - taken[k - 1][0] > SECONDS
    groups = found.groups()
    told = []
    if whole:
        more = ", ..." if len(whole) > 3 else ""
        told.append(f"{len(whole):,} series of names that differ in a number ({', '.join(whole[:3])}{more})")
    if cut:
        told.append(f"neighbouring numbers stay together: {', '.join(cut[:3])}{', ...' * (len(cut) > 3)}")
    if bursts:
        told.append(f"{bursts:,} bursts by the times in the pictures (within {SECONDS:g} s)")
    return groups, f"{len(groups):,} groups: " + ("; ".join(told) or "no names or times that belong together")


def _series(name: str) -> tuple[str, int]:
    """What a name shares with others of its series, with its folder, and its number there."""
    folder, _, own = name.rpartition("/")
    own = COPY.sub("", own)
    found = NUMBER.match(own)
    stem, number = (found[1], int(found[2])) if found else (own + "\0", 0)
    return f"{folder}/{stem}", number


def _short(stem: str) -> str:
    return stem.strip("/").rpartition("/")[2]


def _numbers_only(stem: str, members: int, names: Sequence[str], classes) -> bool:
    """Whether the numbers of a series are those of the whole set, of a class or of a camera."""
    folder, _, word = stem.rpartition("/")
    own = re.sub(r"[\W\d_]+", "", word).casefold() in CAMERA
    # cat/0001 is numbered by class, clip1/0001 is a video
    told = (f"{folder.rpartition('/')[2]}/{word}" if own else word).casefold()
    named = any(len(name) > 2 and name.casefold() in told for name in classes)
    one_folder = len({name.rpartition("/")[0] for name in names}) == 1
    return members > WHOLE * len(names) or named or (own and one_folder)


class _Union:
    """Positions that are joined step by step."""

    def __init__(self, count: int):
        self.above = list(range(count))

    def top(self, i: int) -> int:
        while self.above[i] != i:
            self.above[i] = self.above[self.above[i]]
            i = self.above[i]
        return i

    def join(self, i: int, j: int) -> None:
        low, high = sorted((self.top(i), self.top(j)))
        self.above[high] = low

    def groups(self) -> list[list[int]]:
        found = defaultdict(list)
        for i in range(len(self.above)):
            found[self.top(i)].append(i)
        return list(found.values())
