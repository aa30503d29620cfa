"""Damage to bytes and texts as lists of edits, which hypothesis can shrink."""

import re

from hypothesis import strategies as st

WORDS = (
    b"nan",
    b"-1",
    b"1e400",
    b"1e300",
    b"0",
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b",",
    b"\n",
    b"\0",
    b"\xff",
    b"..",
)
# what may stand in the place of a number and of a name
NUMBERS = ("3", "7.5", "0", "0.25", "-2", "1e400", "NaN", "Infinity", "1e-9", "2000", "", "true")
NAMES = ("cat", "dog", "a", "png", "bird", "", "a b", "Kätzchen", "no", "object", "null", "xmin")
NUMBER, NAME = r"-?\d+\.?\d*", r"[A-Za-z]+"


def edits(most: int = 2):
    """Lists of (kind, place, bytes): put in, set, cut out, cut off."""
    kind = st.sampled_from(("insert", "set", "remove", "end"))
    value = st.one_of(st.sampled_from(WORDS), st.binary(min_size=1, max_size=4))
    return st.lists(st.tuples(kind, st.integers(0, 4095), value), max_size=most)


def damaged(content: bytes, changes) -> bytes:
    """The content after these edits; a place counts round the end."""
    for kind, place, value in changes:
        place %= len(content) + 1
        if kind == "end":
            content = content[:place]
        else:
            skipped = {"insert": 0, "set": len(value), "remove": max(1, len(value))}[kind]
            content = content[:place] + (b"" if kind == "remove" else value) + content[place + skipped :]
    return content


def text_edits(most: int = 2):
    """Lists of (kind, place, value) that leave a text readable more often than edits of its bytes do."""
    place = st.integers(0, 63)
    number = st.tuples(st.just("number"), place, st.sampled_from(NUMBERS))
    name = st.tuples(st.just("name"), place, st.sampled_from(NAMES))
    others = st.sampled_from(
        ("swap", "double", "percent", "fields", "space", "windows", "mac", "mark", "utf-16")
    )
    return st.lists(number | number | name | st.tuples(others, place, st.just("")), max_size=most)


def changed(text: str, changes) -> bytes:
    """The text after these edits, encoded; a place counts numbers, names or lines, round the end."""
    end, encoding = "\n", "utf-8"
    for kind, place, value in changes:
        lines = text.split("\n")
        here = place % len(lines)
        if kind in ("number", "name"):
            found = list(re.finditer(NUMBER if kind == "number" else NAME, text))
            if found:
                first, last = found[place % len(found)].span()
                text = text[:first] + value + text[last:]
        elif kind == "percent":
            # of all numbers: shares become percent, pixels lie outside
            text = re.sub(r"\d+\.?\d*", lambda found: f"{100 * float(found[0]):g}", text)
        elif kind in ("windows", "mac"):
            end = {"windows": "\r\n", "mac": "\r"}[kind]
        elif kind in ("mark", "utf-16"):
            encoding = {"mark": "utf-8-sig"}.get(kind, kind)
        else:
            line = lines[here]
            if kind == "swap":
                after = (here + 1) % len(lines)
                lines[here], lines[after] = lines[after], line
            elif kind == "double":
                lines.insert(here, line)
            elif kind == "fields":
                mark = "," if "," in line else " "
                cells = line.split(mark)
                lines[here] = mark.join(cells[1:] + cells[:1])
            else:
                lines[here] = f" \t{line.replace(' ', '  ').replace(',', ' , ')} "
            text = "\n".join(lines)
    return text.replace("\n", end).encode(encoding)
