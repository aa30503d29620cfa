"""`make notebooks`: run the lessons in the canonical environment and store their outputs in notebooks/.

The environment goes into metadata.course.stored_with; the tests compare outputs only where they match it. Data sets are
taken from the ladder as they are here, so name a mirror folder (COURSE_MIRROR) to store pages of the full data.
"""

import sys

from scripts.build import lessons
from scripts.build.execute import execute
from scripts.build.lint import stamp
from scripts.build.run import problems


def main(*numbers: str) -> int:
    """Store the lessons named, or all. A lesson that fails is left as it was. Returns an exit status."""
    failed = False
    for path in lessons.chosen(list(numbers)):
        stamp(path)
        run = execute(path, storing=True, COURSE_SEED="0")
        if run.failed:
            failed = True
            print("\n".join(problems(run)))
            continue
        about = run.notebook.metadata.course
        data = run.claims[-1]["data"] if run.claims else {}
        about.stored_with = {**lessons.environment(about), "data": data}
        # timings are noisy: a page's own figure changes only when it is plainly no longer true
        old = about.seconds["cpu"]
        if old is None or not 0.6 < run.seconds / old < 1.6:
            about.seconds["cpu"] = float(round(run.seconds))
        lessons.write(run.notebook, path)
        stamp(path)
        print(f"{path.name}: stored, {run.seconds:.1f} s, {run.count('kept')} claims kept, data: {run.data}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
