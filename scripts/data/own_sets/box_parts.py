"""Which part of a set each picture is in: train, validation or test."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.data.own_sets.box_forms import PARTS
from scripts.data.own_sets.folder_files import Files
from scripts.data.own_sets.groups import groups_of
from scripts.data.own_sets.marked_pictures import Kept


def dealt(files: Files, kept: list[Kept], known, shares, seed: int) -> tuple[dict[str, list[int]], str]:
    """Deal pictures to train, validation and test: by lists, else by the names of folders, else by group and seed.

    Args:
        files, kept: the folder and its pictures.
        known: names of classes.
        shares: of train, validation and test, where nothing else says.
        seed: another one deals otherwise.

    Returns:
        {part: positions in `kept`}, and in words what made the parts. A part that lists lack is taken from train.
    """
    names = [str(Path(one.name).with_suffix("")) for one in kept]
    groups, told = groups_of(names, [one.taken for one in kept], known)
    lists = [one.part for one in kept]
    ways = {"by lists": lists, "by the names of folders": [files.part(one.picture) for one in kept]}
    # either counts only where every picture has its part and there is something to train on
    how = next((way for way, of in ways.items() if None not in of and "train" in of), None)
    if how is None:
        some = sum(part is not None for part in lists)
        aside = (
            f" (lists have a part for {some:,} of {len(kept):,} pictures, so they do not count)"
            if some
            else ""
        )
        return _split(groups, shares, seed), f"by group and seed {seed}{aside}: {told}"
    of = ways[how]
    parts = {part: [i for i, own in enumerate(of) if own == part] for part in PARTS}
    missing = [part for part in PARTS[1:] if not parts[part]]
    if missing:
        place = {i: k for k, i in enumerate(parts["train"])}
        within = [[place[i] for i in group if i in place] for group in groups]
        rest = [
            share * (part == "train" or part in missing) for share, part in zip(shares, PARTS, strict=True)
        ]
        shared, train = _split([group for group in within if group], rest, seed), parts["train"]
        parts |= {part: [train[k] for k in shared[part]] for part in ("train", *missing)}
        how += (
            f", which have no {' and no '.join(missing)}: taken from train by group and seed {seed}: {told}"
        )
    else:
        sure, told = groups_of(names, [one.taken for one in kept], known, runs=False)
        torn = sum(len({of[i] for i in group}) > 1 for group in sure)
        how += f"; {torn:,} groups of pictures that belong together lie in several parts ({told})" * (
            torn > 0
        )
    return parts, how


def _split(groups: list[list[int]], shares: Sequence[float], seed: int) -> dict[str, list[int]]:
    """Deal groups to the parts.

    Args:
        groups: of positions.
        shares: of train, validation, test.
        seed: another one deals otherwise.

    Returns:
        {part: positions, sorted}. The largest group trains; with three groups or more no part of a share above 0 is empty, with two
        the second is the test.
    """
    total, largest = sum(map(len, groups)), max(groups, key=len)
    order = [groups[i] for i in np.random.default_rng(seed).permutation(len(groups))]
    order = [group for group in order if group is not largest]
    parts = {}
    for part in ("test", "validation"):
        wanted = left = shares[PARTS.index(part)] / sum(shares) * total
        # one group is kept for the validation, where there are two
        most = len(order) - (part == "test" and len(order) > 1 and shares[1] > 0)
        taken, rest = [], []
        for group in order:
            # it brings the part nearer to its share
            if len(taken) < most and len(group) < 2 * left:
                taken.append(group)
                left -= len(group)
            else:
                rest.append(group)
        if wanted and order and not taken:
            taken = [min(order, key=len)]
            rest = [group for group in order if group is not taken[0]]
        parts[part] = sorted(i for group in taken for i in group)
        order = rest
    train = sorted(i for group in [largest, *order] for i in group)
    return {"train": train, "validation": parts["validation"], "test": parts["test"]}
