"""The folder that a detector lies in: weights.h5 files of Keras and a card in JSON, written whole or not at all, checked when read."""

import datetime
import hashlib
import json
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from scripts.detection.photo_net import Net, Plan
from scripts.runtime import OneLine

FORM = 1  # of the folder; a later course that changes it counts on
WEIGHTS, CARD = "detector.weights.h5", "card.json"
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
    return {
        "form": FORM,
        **words,
        **(about or {}),
        "plan": {
            **plan._asdict(),
            "classes": list(plan.classes),
            "anchors": [list(one) for one in plan.anchors],
        },
        "made": {**made, "date": date, "versions": here},
        "validation": validation or [],
        "tests": [],
    }


def save(net: Net, card: dict, folder) -> None:
    """Write a detector. An older one in this folder gives way only when the new one is whole.

    Raises:
        DetectorError: the place cannot be written to, or the folder holds other things.
    """
    folder = Path(folder)
    strange = (
        [path.name for path in folder.iterdir() if path.name not in (WEIGHTS, CARD)]
        if folder.is_dir()
        else []
    )
    if strange:
        raise DetectorError(
            f"{folder.name} holds other files ({', '.join(sorted(strange)[:3])}): name a new folder for the detector"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".detector-", dir=folder.parent) as place:
            half = Path(place) / "half"
            half.mkdir()
            net.model.save_weights(half / WEIGHTS)
            content = (half / WEIGHTS).read_bytes()
            card |= {"weights": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
            (half / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            if folder.exists():
                folder.rename(Path(place) / "before")
            half.rename(folder)
    except OSError as problem:
        raise DetectorError(
            f"{folder.name} cannot be written: {problem.strerror or problem}. The detector is still in memory: "
            "make room or choose another folder, and save again"
        ) from None


def read_card(folder) -> dict:
    """The card of a detector's folder, checked.

    Raises:
        DetectorError: no such folder, no card, a damaged one, or one of a later course.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DetectorError(
            f"{folder.name}: there is no such folder. Check the spelling, or train a detector first"
        )
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise DetectorError(
                f"{folder.name}: {name} is missing; a detector's folder holds {WEIGHTS} and {CARD}"
            )
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        form = int(card["form"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DetectorError(
            f"{folder.name}: {CARD} cannot be read ({type(problem).__name__}: {problem})"
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
        classes, anchors = (
            tuple(map(str, plan["classes"])),
            tuple(tuple(map(float, one)) for one in plan["anchors"]),
        )
        if not classes or not anchors or any(len(one) != 2 or min(one) <= 0 for one in anchors):
            raise ValueError("classes or anchors")
        return Plan(**{**plan, "classes": classes, "anchors": anchors})
    except (KeyError, TypeError, ValueError) as problem:
        raise DetectorError(
            f"the plan in {CARD} is not whole ({type(problem).__name__}: {problem})"
        ) from None


def load(folder) -> tuple[Net, dict]:
    """The net and the card of a folder. Nothing is run that lies in it: weights are arrays, the card is JSON.

    Raises:
        DetectorError: as `read_card`; or weights that are not those of the card.
    """
    folder = Path(folder)
    card = read_card(folder)
    content = (folder / WEIGHTS).read_bytes()
    said = card.get("weights", {})
    if len(content) != said.get("bytes") or hashlib.sha256(content).hexdigest() != said.get("sha256"):
        raise DetectorError(
            f"{folder.name}: {WEIGHTS} is not the file that {CARD} speaks of ({len(content):,} bytes, "
            f"{said.get('bytes', 0):,} were written). Copy both again, from one place"
        )
    try:
        net = Net(plan_of(card), from_imagenet=False)
        net.model.load_weights(folder / WEIGHTS)
    except (ValueError, OSError, KeyError) as problem:
        raise DetectorError(f"{folder.name}: the weights do not fit the plan in {CARD} ({problem})") from None
    return net, card
