"""Damage to bytes and texts as a list of edits, which hypothesis can shrink."""

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
