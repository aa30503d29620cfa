"""`make weights`: train the weights that ship with the course, and write their cards into weights/manifest.json.

A lesson that ships weights has a module trainers/lesson_NN.py whose functions train them and call scripts.weights.add.
"""

import importlib
import pkgutil
import sys

from scripts import weights
from scripts.tools import lessons, trainers


def lessons_with_weights() -> list[str]:
    """The numbers of the lessons that ship weights, such as "07"."""
    names = (module.name for module in pkgutil.iter_modules(trainers.__path__))
    return sorted(name.removeprefix("lesson_") for name in names if name.startswith("lesson_"))


def main(*arguments: str) -> int:
    """Train the weights of the lessons named, or of all. Returns an exit status."""
    numbers = lessons.parser("make weights", __doc__).parse_args(arguments).lessons
    wanted = [number.zfill(2) for number in numbers] or lessons_with_weights()
    todo = [number for number in lessons_with_weights() if number in wanted]
    if not todo:
        print(f"No lesson ships trained weights among {' '.join(wanted)}.")
    for number in todo:
        for name, train in importlib.import_module(
            f"scripts.tools.trainers.lesson_{number}"
        ).TRAINERS.items():
            print(f"training {name}", flush=True)
            try:
                train()
            except weights.WeightsError as problem:
                print(f"{name}: {problem}")
                return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
