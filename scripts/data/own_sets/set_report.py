"""What was read, said in a few lines: form, pictures, objects by class, parts, and what was left out."""

from collections import Counter

from scripts.data.own_sets.box_forms import PARTS
from scripts.data.voc import TOLD, VocSet

CLASSES_TOLD = 12  # the most frequent ones


def report_on(
    name: str, form: str, sets: dict[str, VocSet], how: str, notes: list[str], skipped: list[str]
) -> str:
    """What was found, in a few lines.

    Args:
        name, form: of the folder, and its form in words.
        sets: by part.
        how: what made the parts.
        notes, skipped: a line each.
    """
    objects = {
        part: Counter(int(label) for labels in found.labels for label in labels)
        for part, found in sets.items()
    }
    classes, total = sets["train"].classes, sum(objects.values(), Counter())
    empty = sum(len(labels) == 0 for found in sets.values() for labels in found.labels)
    lines = [
        f"{name}: {form}, {sum(map(len, sets.values())):,} pictures ({empty:,} without objects), {total.total():,} objects of "
        f"{len(classes):,} classes."
    ]
    often = [
        f"{classes[label]} {' + '.join(str(objects[part][label]) for part in PARTS)}"
        for label, _ in total.most_common(CLASSES_TOLD)
    ]
    more = f", and {len(classes) - CLASSES_TOLD:,} more classes" if len(classes) > CLASSES_TOLD else ""
    lines.append(f"Objects ({' + '.join(PARTS)}): {', '.join(often)}{more}.")
    lines.append(f"Pictures: {', '.join(f'{part} {len(found):,}' for part, found in sets.items())}.")
    lines.append(f"Parts {how}.")
    lines.append('Look at them: .sheet("train") makes a figure of some with their boxes, and its alt text.')
    lines += [f"Note: {note}." for note in notes]
    if skipped:
        lines.append(f"Left out or cut: {len(skipped):,}, all in .skipped:")
        lines += [f"  {line}" for line in skipped[:TOLD]]
        lines += [f"  and {len(skipped) - TOLD:,} more"] if len(skipped) > TOLD else []
    return "\n".join(lines)
