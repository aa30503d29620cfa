"""How well a detector does on a set of pictures: measured, written into its card, and told in a few lines."""

import datetime

import numpy as np

from scripts import data
from scripts.data.voc import Pictures
from scripts.detection.error_kinds import kinds_of_error
from scripts.detection.evaluation import bootstrap, evaluate, objects_in

LIMITS = (0.5, 0.75)  # of IoU


def has_objects(pictures) -> bool:
    """Whether a set has an object that counts."""
    return any((~one.difficult).any() for one in objects_in(pictures) if len(one.boxes))


def together(parts: data.Parts) -> data.VocSet:
    """All pictures of a folder as one set."""
    sets = [parts.train, parts.validation, parts.test]
    files = Pictures(file for one in sets for file in one.images.files)
    boxes, labels, difficult, sizes = (
        [entry for one in sets for entry in getattr(one, part)]
        for part in ("boxes", "labels", "difficult", "sizes")
    )
    return data.VocSet(files, boxes, labels, difficult, parts.classes, sizes, parts.skipped)


def tested(detector, pictures, what: str) -> str:
    """Test a detector, write the result into its card, and tell it, in lines.

    Args:
        detector: `detector.Detector`; its card gets an entry under "tests", and "tested on" speaks of it.
        pictures: a set with at least one object. what: which pictures these are, in words.
    """
    result = detector.evaluate(pictures, doing="testing")
    truth, classes = objects_in(pictures), len(detector.classes)
    results = {limit: evaluate(detector.found, truth, classes, limit) for limit in LIMITS[1:]}
    results = {LIMITS[0]: result, **results}
    objects = sum(int(one.objects.sum()) for one in result.judged)
    entry = {"data": what, "pictures": len(pictures), "objects": objects}
    lines, words = [f"On {what}, {len(pictures):,} pictures with {objects:,} objects:"], []
    for limit, one in results.items():
        low, high = bootstrap(one)
        entry[f"mAP@{limit}"] = {"mean": one.mean, "from": low, "to": high}
        words.append(f"mAP@{limit} {one.mean:.3f} ({low:.3f} to {high:.3f})")
    lines.append(f"  {', '.join(words)}; in brackets the 95 % interval over pictures")
    by_class = entry["AP by class at 0.5 and 0.75"] = {}
    for i, name in enumerate(detector.classes):
        values = [float(one.average_precision[i]) for one in results.values()]
        by_class[name] = values
        told = " and ".join(f"{value:.3f}" for value in values)
        lines.append(f"  {name}: {told if np.isfinite(values[0]) else 'no object'}")
    kinds = {kind: int(count.sum()) for kind, count in kinds_of_error(detector.found, truth, classes).items()}
    entry |= {
        "surest detections by kind": kinds,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    found = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    lines.append(f"  the surest detections, by kind: {found or 'none'}")
    detector.card["tests"] = [*detector.card.get("tests", []), entry]
    detector.card["tested on"] = f"{what}, {len(pictures):,} pictures: {', '.join(words)}"
    return "\n".join(lines)
