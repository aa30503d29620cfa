"""`make notebooks`: run the lessons in the canonical environment and store their outputs in notebooks/.

The environment goes into metadata.course.stored_with; the tests compare outputs only where they match it. There is one
canonical environment: the packages of constraints.txt, a CPU, the full data sets (name a mirror folder, COURSE_MIRROR, or let
them be downloaded). From any other, pages are stored only with `--anyway`. With `--keep-seconds` a page goes on naming the
seconds it named before: for a machine that is slower than the one the budgets are meant for, where they are not what is new.
"""

import argparse
import base64
import io
import sys
from pathlib import Path

from PIL import Image, ImageSequence

from scripts.tools import anatomy, lessons, results_page
from scripts.tools.execute import alone, execute
from scripts.tools.lessons import ROOT
from scripts.tools.lint import stamp
from scripts.tools.run import problems


def not_canonical(environment: dict, data: dict) -> list[str]:
    """What differs here from the environment that pages are stored from; nothing when it is that one."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    found = [
        f"{name} {has} instead of {pinned.get(name)}"
        for name, has in environment["packages"].items()
        if has != pinned.get(name)
    ]
    found += [f"a {environment['device']} instead of a CPU"] if environment["device"] != "CPU" else []
    found += ["oneDNN is off"] if not environment["onednn"] else []
    return found + [f"{name} is the {form}" for name, form in data.items() if form != "full"]


def settled(old: float | None, new: float) -> float:
    """The seconds that a stored cell names: as before while they are plainly still true, so that noise changes no file."""
    near = old is not None and (abs(new - old) < 1 or 0.6 * old < new < 1.6 * old)
    # on either side of the limit, what was measured now counts
    return old if near and (old > anatomy.ONE_CELL) == (new > anatomy.ONE_CELL) else round(new, 1)


def keep_figures(old, new) -> int:
    """Keep the stored bytes of every picture whose pixels did not change, frames included; returns how many.

    An encoder of another version, or the text that lets an animation play again, would change the file and nothing to see.

    Args:
        old: the notebook as it was stored; new: as it ran just now, which is changed.
    """
    before, kept = {cell.id: cell for cell in old.cells}, 0
    for cell in new.cells:
        there = before.get(cell.id, {}).get("outputs", [])
        for was, now in zip(there, cell.get("outputs", []), strict=False):
            for kind in now.get("data", {}):
                if not kind.startswith("image/") or kind not in was.get("data", {}):
                    continue
                if was.data[kind] != now.data[kind] and _frames(was.data[kind]) == _frames(now.data[kind]):
                    now.data[kind] = was.data[kind]
                    kept += 1
    return kept


def unpublish(notebook) -> int:
    """Take out the pictures of cells whose tag says that they may not be published; returns how many went. What they show is still told."""
    gone = 0
    for cell in notebook.cells:
        if anatomy.UNPUBLISHED not in lessons.tags(cell):
            continue
        for output in cell.get("outputs", []):
            for kind in [kind for kind in output.get("data", {}) if kind.startswith("image/")]:
                del output.data[kind]
                output.metadata.pop(kind, None)
                output.data["text/plain"] = output.data.get("text/plain", "[figure]") + anatomy.RUN_IT
                gone += 1
    return gone


def _frames(data: str) -> list[bytes]:
    """The pixels of a picture, of an animated one frame by frame, each with its milliseconds."""
    found = []
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        for frame in ImageSequence.Iterator(picture):
            head = f"{frame.size} {frame.info.get('duration')} ".encode()
            found.append(head + frame.convert("RGB").tobytes())
    return found


def main(*arguments: str) -> int:
    """Store the lessons named, or all. A lesson that fails is left as it was. Returns an exit status."""
    parser = argparse.ArgumentParser(prog="store", description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="the numbers of lessons; none means all")
    parser.add_argument("--anyway", action="store_true", help="store from another environment too")
    parser.add_argument("--keep-seconds", action="store_true", help="keep the seconds that a page names")
    options = parser.parse_args(arguments)
    failed = False
    with alone():
        for path in lessons.chosen(options.lessons):
            try:
                failed |= not stored(path, options)
            except OSError as problem:
                failed = True
                print(f"{path.stem}: not stored, it could not be written: {problem.strerror or problem}")
    return 1 if failed else 0


def stored(path: Path, options: argparse.Namespace) -> bool:
    """Run one lesson and store its page, unless it fails or this is not where pages are stored. Whether all is well with it."""
    stamp(path)
    run = execute(path, storing=True, COURSE_SEED="0")
    if run.failed:
        print("\n".join(problems(run)))
        return False
    about = run.notebook.metadata.course
    data = run.claims[-1]["data"] if run.claims else {}
    environment = lessons.environment(about)
    if (wrong := not_canonical(environment, data)) and not options.anyway:
        print(f"{path.stem}: not stored, this is not the canonical environment: {'; '.join(wrong)}")
        return False
    about.stored_with = {**environment, "data": data}
    # timings are noisy: a page's own figure changes only when it is plainly no longer true,
    # or lies on the other side of the lesson's budget
    old, limit = about.seconds["cpu"], anatomy.limit_of(path)
    far = old is None or not 0.6 < run.seconds / old < 1.6 or (old > limit) != (run.seconds > limit)
    if far and (old is None or not options.keep_seconds):
        about.seconds["cpu"] = float(round(run.seconds))
    for cell in run.notebook.cells:
        if cell.cell_type == "code" and not options.keep_seconds:
            cell.metadata.seconds = settled(cell.metadata.get("seconds"), run.cells[cell.id])
    unpublish(run.notebook)
    keep_figures(lessons.read(path), run.notebook)
    lessons.write(run.notebook, path)
    stamp(path)
    results_page.stamp()
    found = anatomy.check(path)
    for line in found:
        print(f"{path.name}: {line}")
    print(
        f"{path.name}: stored, {run.seconds:.1f} s, {run.count('kept')} claims kept, data: {run.data}",
        flush=True,
    )
    return not found


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
