"""Asks often whether some weights are here; prints the answer, how long it took, and what was imported for it.

    python -m tests.programs.weights_question weights:yolov3 20

It prints JSON: answer, milliseconds (the median), loaded (which of PyTorch and its kin this process holds).
"""

import json
import statistics
import sys
import time

from scripts.claims import missing
from scripts.tools.lint import HEAVY


def main(needs: str, times: str) -> None:
    """Ask `times` times what is missing of `needs`."""
    seconds = []
    for _ in range(int(times)):
        began = time.perf_counter()
        answer = missing(needs)
        seconds.append(time.perf_counter() - began)
    milliseconds = round(1000 * statistics.median(seconds), 3)
    loaded = sorted(set(HEAVY) & set(sys.modules))
    print(json.dumps({"answer": answer, "milliseconds": milliseconds, "loaded": loaded}))


if __name__ == "__main__":
    main(*sys.argv[1:])
