"""`make weights`: train the weights that ship with the course, and write their cards into weights/manifest.json.

A lesson that ships weights registers here a function that trains them and calls scripts.weights.add.
"""

import sys
from collections.abc import Callable

TRAINERS: dict[str, tuple[str, Callable[[], None]]] = {}  # name: (lesson, function)


def main(*numbers: str) -> int:
    """Train the weights of the lessons named, or of all. Returns an exit status."""
    wanted = {number.zfill(2) for number in numbers}
    todo = {name: train for name, (lesson, train) in TRAINERS.items() if not wanted or lesson in wanted}
    if not todo:
        print(
            "No lesson ships trained weights" + (f" among {' '.join(sorted(wanted))}." if wanted else " yet.")
        )
    for name, train in todo.items():
        print(f"training {name}", flush=True)
        train()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
