"""The folder that a detector lies in: weights.h5 files of Keras and a card in JSON, written whole or not at all, checked when read."""

import datetime
import hashlib
import json
import math
import os
import platform
import re
import tempfile
import textwrap
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scripts.runtime import OneLine, quiet

# this is the first of a detector's files to be imported: TensorFlow writes to file descriptor 2 at its import, and goes on
# writing at each compilation where nobody says what level is wanted
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with quiet():
    from scripts.detection.photo_net import Net, Plan
    from scripts.detection.photo_proposals import SEARCH, search_of

# of the folder, the highest that is read; a later course that changes it counts on. A detector with a proposal network is still
# written in form 1, so that an older course reads it; form 2 has a plan with the field search
FORM = 2
WEIGHTS, CARD = "detector.weights.h5", "card.json"
# what file managers leave in a folder that was looked at
LEFT_BEHIND = (".DS_Store", "Thumbs.db", "desktop.ini")
MADE_FOR = "pictures like those it was trained on"
NOT_FOR = "decisions about people; anything that was not tested"


class DetectorError(OneLine, RuntimeError):
    """A detector's folder cannot be written or read; the message names file, reason and cure."""


def card_of(plan: Plan, made: dict, about: dict | None = None, validation: list | None = None) -> dict:
    """What is written down of a detector.

    Args:
        made: start, settings, seconds, pictures, objects. about: the author's own lines, such as "data" and "not for".
        validation: what the checks during training gave.
    """
    here = {name: version(name) for name in ("tensorflow", "keras", "numpy")} | {
        "python": platform.python_version()
    }
    words = {"made for": MADE_FOR, "tested on": "not tested yet", "not for": NOT_FOR}
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    fields = plan._asdict()
    fields |= {"classes": list(plan.classes), "anchors": [list(one) for one in plan.anchors]}
    if plan.search is None:
        del fields["search"]
    return {
        "form": 1 if plan.search is None else 2,
        **words,
        **(about or {}),
        "plan": fields,
        "made": {**made, "date": date, "versions": here},
        "validation": validation or [],
        "tests": [],
    }


def place_for(folder) -> Path:
    """Where a detector can be written, links followed. To be asked before a training, too; nothing is written.

    Raises:
        DetectorError: it is a file, or a folder that holds other things than a detector.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not there.is_dir():
            raise DetectorError(f"{there.name} is a file: name a folder for the detector")
        return folder
    strange = sorted({path.name for path in folder.iterdir()} - {WEIGHTS, CARD, *LEFT_BEHIND})
    if strange:
        raise DetectorError(
            f"{folder.name} holds other files ({', '.join(strange[:3])}): name a new folder for the detector"
        )
    return folder


def save(net: Net, card: dict, folder) -> None:
    """Write a detector. An older one in this folder gives way only when the new one is whole.

    Args:
        card: of `card_of`; when all is written it says which weights and plan belong to it, under "weights".

    Raises:
        DetectorError: the place cannot be written to, the folder holds other things, or the card is no JSON.
    """
    written = _plain(card)
    plan_of(written)
    try:
        json.dumps(written, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError) as problem:
        raise DetectorError(
            f"{Path(folder).name} is not written: the card holds what JSON cannot ({_reason(problem)}). "
            "The detector is still in memory: correct detector.card, and save again"
        ) from None
    try:
        folder = place_for(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        there = {"prefix": ".detector-", "dir": folder.parent, "ignore_cleanup_errors": True}
        with tempfile.TemporaryDirectory(**there) as place:
            half, before = Path(place) / "half", Path(place) / "before"
            half.mkdir()
            # is there room? Python's answer is one line; what HDF5 says, and says again when it cleans up, is a page
            (half / WEIGHTS).write_bytes(bytes(_room_for(net.model)))
            net.model.save_weights(half / WEIGHTS)
            content = (half / WEIGHTS).read_bytes()
            sums = {"sha256": hashlib.sha256(content).hexdigest(), "plan": _plan_sum(written)}
            sums["arrays"] = _arrays_sum(net.model)
            written["weights"] = {"bytes": len(content), **sums}
            text = json.dumps(written, indent=1, ensure_ascii=False, allow_nan=False)
            (half / CARD).write_text(text + "\n", encoding="utf-8")
            _exchange(half, folder, before)
    except DetectorError:
        raise
    except (OSError, RuntimeError) as problem:
        raise DetectorError(
            f"{Path(folder).name} cannot be written: {_reason(problem)}. The detector is still in memory: "
            "make room or choose another folder, and save again"
        ) from None
    card |= {"weights": written["weights"]}


def _room_for(model) -> int:
    """Bytes that a file of a model's weights has at most: its numbers, and a page for the name of each array."""
    return sum(4 * math.prod(weight.shape) + 4096 for weight in model.weights)


def _exchange(half: Path, folder: Path, before: Path) -> None:
    """Put a folder that is whole in the place of an older one, which comes back where that fails."""
    if folder.exists():
        folder.rename(before)
    try:
        half.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise


def _reason(problem: Exception) -> str:
    """Why, in one line. HDF5 tells it in ten, with the number of the system's error among them."""
    number = re.search(r"errno = (\d+)", str(problem))
    if number:
        return os.strerror(int(number[1]))
    return " ".join(str(getattr(problem, "strerror", None) or problem).split())


def _plain(value):
    """The same as JSON can keep it: NumPy's numbers become Python's, what is no number becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plan_sum(card: dict) -> str:
    """A hash of a card's plan: a digit changed in an anchor would move boxes, and nobody would see why."""
    return hashlib.sha256(json.dumps(card["plan"], sort_keys=True).encode()).hexdigest()


def _arrays_sum(model) -> str:
    """A hash of the weights in memory: another Keras may read a whole file and, with no more than a warning, leave layers out."""
    total = hashlib.sha256()
    for array in model.get_weights():
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def read_card(folder) -> dict:
    """The card of a detector's folder, checked.

    Raises:
        DetectorError: no such folder, no card, a damaged one, or one of a later course.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        why = "it is a file" if folder.exists() else "there is no such folder"
        raise DetectorError(f"{folder.name}: {why}. Check the spelling, or train a detector first")
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise DetectorError(
                f"{folder.name}: {name} is missing; a detector's folder holds {WEIGHTS} and {CARD}"
            )
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        form = card["form"]
        if type(form) is not int or form < 1:
            raise ValueError(f"the form is a whole number, not {form!r}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DetectorError(
            f"{folder.name}: {CARD} cannot be read ({type(problem).__name__}: {_reason(problem)}). Copy the folder again"
        ) from None
    if form > FORM:
        raise DetectorError(
            f"{folder.name} was written by a later version of the course (form {form}, this one reads up to {FORM}): "
            "update the course"
        )
    return card


def plan_of(card: dict) -> Plan:
    """The plan of a card. Raises DetectorError for one that is not whole."""
    try:
        plan = card["plan"]
        names = plan["classes"]
        if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
            raise ValueError("classes are a list of names")
        anchors = tuple(tuple(map(float, one)) for one in plan["anchors"])
        searched = plan.get("search") is not None
        if searched:
            search_of(SEARCH, plan["search"])
        if searched == bool(anchors) or any(
            len(one) != 2 or not 0 < min(one) <= max(one) < math.inf for one in anchors
        ):
            raise ValueError("anchors are pairs of numbers above 0, and none with selective search")
        for name in ("side", "width"):
            if name in plan and (type(plan[name]) is not int or not 0 < plan[name] <= 10_000):
                raise ValueError(f"{name} is a whole number from 1 to 10,000, not {plan[name]!r}")
        return Plan(**{**plan, "classes": tuple(names), "anchors": anchors})
    except (KeyError, TypeError, ValueError) as problem:
        raise DetectorError(
            f"the plan in {CARD} is not whole ({type(problem).__name__}: {problem})"
        ) from None


def load(folder) -> tuple[Net, dict]:
    """The net and the card of a folder. Nothing is run that lies in it: weights are arrays, the card is JSON.

    Raises:
        DetectorError: as `read_card`; or weights that are not those of the card.
    """
    folder = Path(folder).expanduser().resolve()
    card = read_card(folder)
    plan, said = plan_of(card), card.get("weights")
    said = said if isinstance(said, dict) else {}
    try:
        content = (folder / WEIGHTS).read_bytes()
    except OSError as problem:
        raise DetectorError(f"{folder.name}: {WEIGHTS} cannot be read ({_reason(problem)})") from None
    if len(content) != said.get("bytes") or hashlib.sha256(content).hexdigest() != said.get("sha256"):
        raise DetectorError(
            f"{folder.name}: {WEIGHTS} is not the file that {CARD} speaks of ({len(content):,} bytes, "
            f"{said.get('bytes', 'none')} were written). Copy both again, from one place"
        )
    if said.get("plan") != _plan_sum(card):
        raise DetectorError(
            f"{folder.name}: the plan in {CARD} was changed after the detector was written. Copy both files again"
        )
    try:
        net = Net(plan, from_imagenet=False)
        with warnings.catch_warnings():
            # what it would warn of is found below
            warnings.simplefilter("ignore")
            net.model.load_weights(folder / WEIGHTS)
    except (ValueError, OSError, KeyError) as problem:
        raise DetectorError(
            f"{folder.name}: the weights do not fit the plan in {CARD} ({textwrap.shorten(str(problem), 160)})"
        ) from None
    if said.get("arrays") != _arrays_sum(net.model):
        written = card.get("made", {}).get("versions", {}).get("keras", "another")
        raise DetectorError(
            f"{folder.name}: Keras {version('keras')} does not read all of {WEIGHTS}, which Keras {written} wrote. "
            "Load it with that version, or train again"
        )
    return net, card
