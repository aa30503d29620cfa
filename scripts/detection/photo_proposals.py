"""Where the proposals of a photograph come from: the net's own proposal network, or selective search. One object each.

`from_picture` is what can be said of a picture before a net has looked at it, `propose` what the heads are given to judge.
"""

import contextlib
import hashlib
import math

import numpy as np

from scripts.detection import fast_rcnn, faster_rcnn
from scripts.detection.boxes import large_enough
from scripts.detection.proposals import STRATEGIES, selective_search

NETWORK, SEARCH = "network", "selective search"
# surest anchors that suppression sees: a picture may hold dozens of small things
BEFORE = 2000
PROPOSALS = 150  # of the network, of a picture, that the heads judge
MOST = 2000  # of selective search
FAST = {"strategy": "fast"}


class OfNetwork:
    """Faster R-CNN's: from what the proposal network says of each anchor."""

    most = PROPOSALS

    def __init__(self, sizes, stride: int, halved: int):
        """For anchors of these sizes; stride, halved: of `photo_net.Net`."""
        self.sizes, self.stride, self.halved = sizes, stride, halved

    def from_picture(self, image) -> np.ndarray:
        """None, float32 (0, 4): a net has to look first."""
        return np.zeros((0, 4), np.float32)

    def propose(self, image, maps, logits, deltas, after: int | None = None) -> np.ndarray:
        """Boxes, float (n, 4), pixels of the picture, surest first.

        Args:
            image: uint8 (height, width, 3). maps: of the net, the last is the network's; logits, deltas: of its anchors, (n,)
                and (n, 4). after: how many boxes at most; None: `most`.
        """
        rows, columns = (side // self.halved for side in maps[-1].shape[1:3])
        table = anchor_table(rows, columns, self.stride, self.sizes)
        settings = {"before": BEFORE, "after": after or self.most}
        return faster_rcnn.propose(logits.numpy(), deltas.numpy(), table, *image.shape[:2], **settings).boxes

    def remembered(self):
        """As `BySearch.remembered`; there is nothing to remember."""
        return contextlib.nullcontext()


class BySearch:
    """Fast R-CNN's: by selective search on the picture, which asks no net."""

    most = MOST

    def __init__(self, search: dict):
        """search: arguments of `proposals.selective_search`."""
        self.search, self._kept = search, None

    def from_picture(self, image) -> np.ndarray:
        """Boxes, float32 (n, 4), pixels of the picture, the most promising first, at most `most`.

        Args:
            image: uint8 (height, width, 3).
        """
        if self._kept is None:
            return self._searched(image)
        key = (image.shape, hashlib.sha256(np.ascontiguousarray(image)).digest())
        if key not in self._kept:
            self._kept[key] = self._searched(image)
        return self._kept[key]

    def _searched(self, image) -> np.ndarray:
        boxes = selective_search(image, **self.search)[: self.most]
        return boxes[large_enough(boxes, fast_rcnn.SMALLEST)]

    def propose(self, image, maps=None, after: int | None = None) -> np.ndarray:
        """As `OfNetwork.propose`, whatever the maps say."""
        return self.from_picture(image)[: after or self.most]

    @contextlib.contextmanager
    def remembered(self):
        """Within this, no picture is searched twice: of each, its boxes are kept (32 kB at most), known by its pixels."""
        self._kept = {}
        try:
            yield
        finally:
            self._kept = None


def anchor_table(rows: int, columns: int, stride: int, sizes) -> np.ndarray:
    """The anchors of a map, float64 (rows * columns * k, 4), in the order of `anchors.anchors_of`."""
    halves = np.array(sizes, float) / 2
    down, across = (np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride
    y, x = np.meshgrid(down, across, indexing="ij")
    centres = np.stack([x, y, x, y], axis=2)[:, :, None, :]
    return (centres + np.concatenate([-halves, halves], axis=1)).reshape(-1, 4)


def search_of(proposals: str, search: dict | None = None) -> dict | None:
    """The field `search` of a plan whose proposals come from there: None, or arguments of selective search, in JSON's form.

    Args:
        proposals: `NETWORK` or `SEARCH`. search: arguments of `proposals.selective_search`; None: the strategy "fast".

    Raises:
        ValueError: another word, arguments for the network, or such as selective search does not take.
    """
    if proposals not in (NETWORK, SEARCH):
        raise ValueError(f"proposals come from {NETWORK!r} or {SEARCH!r}, not {proposals!r}")
    if proposals == NETWORK:
        if search is not None:
            raise ValueError(f"search is for proposals={SEARCH!r}; these come from the network")
        return None
    search = FAST if search is None else search
    if not isinstance(search, dict) or set(search) - {"strategy", "k", "sigma", "smallest"}:
        raise ValueError(f"search is strategy, k, sigma and smallest of selective search, not {search!r}")
    plain = {name: list(one) if isinstance(one, tuple) else one for name, one in search.items()}
    starts = plain.get("k")
    starts = [1] if starts is None else starts if isinstance(starts, list) else [starts]
    sigma, smallest = plain.get("sigma", 0.8), plain.get("smallest", 20)
    numbers = [*starts, sigma, smallest]
    if plain.get("strategy", "single") not in tuple(STRATEGIES) or not starts:
        raise ValueError(f"the strategy of a search is one of {', '.join(STRATEGIES)}, and k some numbers")
    if not all(type(one) in (int, float) and 0 <= one < math.inf for one in numbers) or not min(starts) > 0:
        raise ValueError("k, sigma and smallest of a search are numbers, none below 0, and k is above 0")
    return plain
