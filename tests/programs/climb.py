"""Climbs the ladder of sources for one data set, and prints the rung that served and how many training examples came.

Where no rung served, it prints why the last one did not.

    python -m tests.programs.climb NAME ENTRY

ENTRY is JSON: an entry of the manifest. Folders come from the environment, as ever.
"""

import json
import sys

from scripts.data import ladder, pictures


def main(name: str, entry: str) -> None:
    """Climb once."""
    arrays, rung, failed = ladder.climb(name, json.loads(entry), {"npz": pictures.read_npz})
    print(failed[-1] if arrays is None else f"{rung} {len(arrays['x_train'])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
