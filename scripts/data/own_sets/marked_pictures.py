"""Pictures and the objects marked in them, whatever form the marks had: looked at, cut, turned, and each refusal named."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.data.ladder import DataError
from scripts.data.own_files import read_image
from scripts.data.own_sets.box_forms import Found, Marked, upright
from scripts.data.own_sets.picture_header import TURNED, header
from scripts.data.voc_annotation import Object, Refused, inside

# shares are written with six decimals: what is so near to a whole pixel, in shares, was one
SIX_DECIMALS = 1e-6


class Kept(NamedTuple):
    """A picture that can be used: `objects` in pixels of the picture as it is shown; `told`: what was left out of it or cut."""

    picture: Path
    name: str
    size: tuple[int, int]
    objects: list[Object]
    part: str | None
    taken: float | None
    told: list[str]
    turned: bool


def looked_at(found: Found, name_of, classes=None, check: bool = True) -> tuple[list[Kept], list[str]]:
    """Look at each picture and each box.

    Args:
        found: pictures with their objects, as a form's reader found them.
        name_of: gives a picture's path inside the folder, for messages.
        classes: names to keep; None keeps all.
        check: read every picture to its end; False trusts its header.

    Returns:
        The pictures in order of their paths, and "file: reason" for those that are left out.
    """
    kept, skipped = [], []
    for marked in _once(found.marked, name_of, skipped):
        told = []
        try:
            kept.append(_one(marked, name_of(marked.picture), classes, check, told))
        except Refused as problem:
            skipped += [*told, str(problem)]
    return sorted(kept, key=lambda one: one.name), skipped


def _once(marked: list[Marked], name_of, skipped: list[str]) -> list[Marked]:
    """Each picture once: a second annotation serves when it says the same, and may know the part."""
    first: dict[Path, Marked] = {}
    for one in marked:
        known = first.setdefault(one.picture, one)
        if known is one:
            continue
        if sorted(known.objects) == sorted(one.objects) and known.size in (None, one.size):
            first[one.picture] = known._replace(part=known.part or one.part)
        else:
            skipped.append(
                f"{one.source}: {name_of(one.picture)} has other boxes in {known.source}, which is used"
            )
    return list(first.values())


def _one(marked: Marked, name: str, classes, check: bool, told: list[str]) -> Kept:
    """One picture. What is left out of it or cut joins `told`; Refused when that is the whole picture."""
    notes, size, source = header(marked.picture), None, marked.source
    if check or notes is None:
        try:
            size = read_image(marked.picture).shape[1::-1]
        except DataError as problem:
            raise Refused(f"{name}: {problem}") from None
    width, height = size = size or notes.shown
    turn = None
    if marked.size not in (None, size):
        # the boxes were drawn on the picture as it is stored: they are turned with it
        turn = TURNED.get(notes.orientation) if notes and marked.size == notes.stored else None
        if turn is None:
            raise Refused(
                f"{source}: its size is {marked.size[0]} x {marked.size[1]} there, the picture has {width} x {height}: its boxes "
                "may belong to another picture"
            )
    if notes and notes.frames > 1:
        told.append(f"{name}: {notes.frames} frames or pages: the first is taken, the others are left out")
    told += [f"{source}: {reason}" for reason in marked.bad]
    objects, unusable = [], len(marked.bad)
    for thing in marked.objects:
        if classes is not None and thing.name not in classes:
            told.append(f"{source}: unknown class {thing.name!r}")
            continue
        box = _pixels(thing.box, width, height) if marked.shares else thing.box
        if turn:
            box = turn(*box, *marked.size)
        try:
            box, cut = _placed(box, width, height)
        except Refused as problem:
            told.append(f"{source}: {thing.name}: {problem}")
            unusable += 1
            continue
        if cut:
            told.append(f"{source}: {thing.name}: a box cut at the border of the picture")
        objects.append(thing._replace(box=box))
    if unusable and not objects:
        raise Refused(f"{source}: none of its objects can be used, so the picture is left out")
    taken = notes.taken if notes else None
    return Kept(marked.picture, name, size, objects, marked.part, taken, told, bool(turn))


def _placed(box, width: int, height: int):
    """A box cut at the borders of its picture, and whether that is to be told; Refused when nothing of it is left."""
    told = ", ".join(f"{value:g}" for value in box)
    # as the set will have it: float32 has no room for the thinnest boxes
    upright(np.array(box, np.float32).tolist(), told)
    try:
        box, cut = inside(box, width, height)
        upright(np.array(box, np.float32).tolist(), told)
    except Refused:
        raise Refused(f"a box outside the picture of {width} x {height}: {told}") from None
    return box, cut


def _pixels(box, width: int, height: int):
    """A box in shares of width and height, in pixels."""
    found = np.array(box) * (width, height, width, height)
    whole = np.rint(found)
    near = np.abs(found - whole) <= SIX_DECIMALS * np.array((width, height, width, height))
    return tuple(np.where(near, whole, found).tolist())
