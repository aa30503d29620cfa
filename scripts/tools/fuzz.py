"""`make fuzz`: files and answers damaged at random; each must give a clear error or a right result.

Prints a table, and for each wrong result a line of Python that repeats it. Status 1 when there is any.
"""

import argparse
import faulthandler
import sys
import time

from scripts.tools.fuzzing import answers, boxes, files, kept
from scripts.tools.fuzzing.engine import LIMIT, Counts, Target, run, within


def targets() -> list[Target]:
    """All that is tried, in order."""
    return [*files.targets(), *boxes.targets(), *kept.targets(), *answers.targets()]


def repeat(name: str, example) -> bool:
    """Judge one example of a target again. Raises Wrong where it is still wrong."""
    [target] = [one for one in targets() if one.name == name]
    return within(LIMIT, target.judge, example)


def try_all(chosen: list[Target], seconds: float, seed: int) -> dict[str, Counts]:
    """Try each target for its share of the time that is left."""
    end, found = time.monotonic() + seconds, {}
    for place, target in enumerate(chosen):
        # where a call of C hangs or breaks down, this is the last line
        print(f"trying {target.name}", file=sys.stderr, flush=True)
        share = (end - time.monotonic()) / (len(chosen) - place)
        found[target.name] = run(target, share, seed)
    return found


def told(found: dict[str, Counts]) -> str:
    """The table, and the lines that repeat what is wrong."""
    lines = [f"{'target':12}{'examples':>10}{'errors':>10}{'right':>10}{'wrong':>8}"]
    for name, one in found.items():
        lines.append(f"{name:12}{one.examples:10,}{one.errors:10,}{one.right:10,}{len(one.wrong):8,}")
    for name, one in found.items():
        for reason, example in one.wrong.items():
            lines += [
                f"{name}: {reason}",
                f"  from scripts.tools.fuzz import repeat; repeat({name!r}, {example})",
            ]
    return "\n".join(lines)


def main(*arguments: str) -> int:
    """Returns an exit status."""
    parser = argparse.ArgumentParser(
        prog="make fuzz", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("--seconds", type=float, default=280, help="for all targets together")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    faulthandler.enable()
    found = try_all(targets(), options.seconds, options.seed)
    print(told(found))
    return int(any(one.wrong for one in found.values()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
