"""nbval, strengthened: what a notebook run must not hide, and what an output must equal.

nbval alone passes a cell that was never run, a cell whose magic does not exist (the rest of it never runs), and a tag it
does not know; it compares text exactly or not at all. With this plugin those three fail; numbers compare within the
tolerance that a tag course-rtol-... names; outputs that depend on data, weights or environment compare only where this
run matches the one that made the page. The last lines tell how many cells were compared, which were not, and why.
"""

import copy
import importlib.util
import json
import os
import re
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from scripts import forms
from scripts.claims import STATUSES, missing, read_claims
from scripts.tools import anatomy, lessons, store

# of the code cells with output, compared in the canonical run and in others
CANONICAL_SHARE, OTHER_SHARE = (0.6, 0.4)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# the rung of the ladder that served: any that met the manifest is as good
RUNG = re.compile(r"(the full set), .*")
BAR = re.compile(r".*B/s\]\s*|^\s*\r", re.M)  # a bar of progress, shown where a set was fetched just now
FORM_SECONDS = 60  # that a cell of values may take as a form
_run_cell, _set_up_file = IPyNbCell.runtest, IPyNbFile.setup


def same(reference: str, got: str, rtol: float | None) -> bool:
    """Whether two texts are equal; with a tolerance, whether their numbers are close and all else is equal.

    Whole numbers compare exactly. Numbers with equally many decimals may also differ by one in the last of them, which is
    what rounding does to two close numbers. Runs of spaces count as one, since a column is padded by its numbers' widths.
    """
    if rtol is None:
        return reference == got
    if _frame(reference) != _frame(got):
        return False
    pairs = zip(NUMBER.findall(reference), NUMBER.findall(got), strict=True)
    return all(_close(a, b, rtol) for a, b in pairs)


def _frame(text: str) -> str:
    """A text with a mark for each number and one space for many."""
    return re.sub(r"\s+", " ", NUMBER.sub("#", text)).replace("[ ", "[").strip()


def _close(a: str, b: str, rtol: float) -> bool:
    if a == b:
        return True
    if not re.search(r"[.eE]", a + b):
        return False
    x, y = float(a), float(b)
    decimals = [len(number.partition(".")[2]) for number in (a, b)]
    plain = "e" not in (a + b).lower() and decimals[0] == decimals[1]
    return abs(x - y) <= rtol * max(abs(x), abs(y)) + (1.001 * 10.0 ** -decimals[0] if plain else 0.0)


def differences(reference: list, got: list, rtol: float | None) -> list[str]:
    """How new outputs differ from stored ones, in words; pictures only have to be there."""
    ours, theirs = _plain(reference), _plain(got)
    if [kind for kind, _ in ours] != [kind for kind, _ in theirs]:
        return [f"stored outputs are {[kind for kind, _ in ours]}, new ones {[kind for kind, _ in theirs]}"]
    found = []
    for (kind, a), (_, b) in zip(ours, theirs, strict=True):
        if not same(a, b, rtol):
            lines = [
                (x, y) for x, y in zip(a.splitlines(), b.splitlines(), strict=False) if not same(x, y, rtol)
            ]
            shown = lines[:5] or [(f"{len(a.splitlines())} lines", f"{len(b.splitlines())} lines")]
            found += [f"{kind}:\n  stored: {x}\n  new:    {y}" for x, y in shown]
    return found


def _plain(outputs: list) -> list[tuple[str, str]]:
    """Outputs as (kind, text)."""
    plain = []
    for output in outputs:
        if output.output_type == "stream":
            plain.append((output.name, RUNG.sub(r"\1", BAR.sub("", output.text))))
        elif output.output_type == "error":
            plain.append(("error", output.ename))
        else:
            kinds = sorted(
                kind for kind in output.data if not kind.startswith("application/vnd.jupyter.widget")
            )
            # a figure may be a PNG here and a JPEG there: what it shows is told by its alt text, which is compared
            plain += [
                ("image", "") if kind.startswith("image/") else (kind, "".join(output.data[kind]))
                for kind in kinds
            ]
    return plain


@cache
def notebook_about(path: Path) -> dict:
    """metadata.course of a notebook, or an empty dictionary."""
    return lessons.read(path).metadata.get("course") or {}


@cache
def environment_matches(path: Path) -> bool:
    """Whether this environment is the one that made the page, data aside."""
    about = notebook_about(path)
    stored = about.get("stored_with")
    return bool(stored) and lessons.environment(about) == {
        name: value for name, value in stored.items() if name != "data"
    }


def data_matches(path: Path, sources: Path | None) -> bool:
    """Whether the data sets loaded so far are those that made the page."""
    stored = (notebook_about(path).get("stored_with") or {}).get("data", {})
    lines = sources.read_text(encoding="utf-8").splitlines() if sources and sources.exists() else []
    used = dict(json.loads(line) for line in lines)
    return all(stored.get(name) == form for name, form in used.items())


def not_compared(item) -> str | None:
    """Why a cell's output is not compared in this run, or None when it is."""
    names = lessons.tags(item.cell)
    path = Path(item.parent.path)
    if os.environ.get("CLAIMS_ONLY") == "1":
        return "claims only"
    if "nbval-ignore-output" in names or not item.options["check"]:
        return "progress and timings"
    if "course-trained" in names:
        return "stochastic training, held by its claim"
    if "course-data" in names and not data_matches(path, getattr(item.parent, "course_sources", None)):
        return "other data here"
    if "course-weights" in names and any(
        missing(f"weights:{name}") for name in notebook_about(path)["weights"]
    ):
        return "weights are not here"
    if "course-env" in names and not environment_matches(path):
        return "another environment"
    return None


def broken(cell) -> str | None:
    """Why a cell fails before it is run, or None."""
    if unknown := anatomy.unknown_tags(cell):
        return f"unknown tag {unknown[0]!r}: known are {', '.join(anatomy.TAGS)} and course-rtol-..."
    if cell.source.strip() and cell.execution_count is None:
        return "this cell was never run before the notebook was stored: run make notebooks"
    try:
        anatomy.tolerance(cell)
    except ValueError as problem:
        return str(problem)
    return None


def run_cell(self) -> None:
    """Run a cell as nbval does, then hold it to the rules of this module."""
    if reason := broken(self.cell):
        self.raise_cell_error(reason)
    self.user_properties.append(("cell", self.cell.id))
    _run_cell(self)
    stderr = "".join(
        out.text for out in self.test_outputs if out.output_type == "stream" and out.name == "stderr"
    )
    strict = "nbval-ignore-output" not in lessons.tags(self.cell) and environment_matches(
        Path(self.parent.path)
    )
    if "UsageError" in stderr or (stderr and strict):
        self.raise_cell_error("this cell wrote to stderr", stderr)
    if forms.MARK in self.cell.source and "nbval-ignore-output" not in lessons.tags(self.cell):
        hold_to_form(self)
    why = not_compared(self)
    if self.cell.outputs:
        self.user_properties.append(("course", [Path(self.parent.path).stem, why]))


def hold_to_form(self) -> None:
    """Run a cell of values once more as a reader's page does, as a form: it has to print what it printed as a cell."""
    if importlib.util.find_spec("ipyform") is None:
        return
    as_cell = "".join(out.text for out in self.test_outputs if out.get("name") == "stdout")
    as_form, error = printed(
        self.parent.kernel, f"from scripts import forms\nforms.form({self.cell.source!r}, globals())"
    )
    if error or not same(as_cell, as_form, anatomy.tolerance(self.cell) or 1e-6):
        self.raise_cell_error(
            "as a form this cell does otherwise", f"cell: {as_cell}\nform: {as_form}{error}"
        )


def printed(kernel, code: str) -> tuple[str, str]:
    """Run code in nbval's kernel; returns what it printed, and the error that ended it or nothing."""
    id, text, error = kernel.execute_cell_input(code, allow_stdin=False), "", ""
    while True:
        message = kernel.get_message("iopub", timeout=FORM_SECONDS)
        if message["parent_header"].get("msg_id") != id:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream" and content["name"] == "stdout":
            text += content["text"]
        elif kind == "error":
            error = f"{content['ename']}: {content['evalue']}"
        elif kind == "status" and content["execution_state"] == "idle":
            kernel.await_reply(id, timeout=FORM_SECONDS)
            return text, error


def compare(self, test, ref, skip_compare=()) -> bool:
    """Stand in for nbval's comparison, called after a cell ran; returns whether its outputs are as stored."""
    if not_compared(self):
        return True
    # `run_cell` judges that; other versions may warn
    test = [out for out in test if out.get("name") != "stderr"]
    if anatomy.UNPUBLISHED in lessons.tags(self.cell):
        cell = nbformat.v4.new_code_cell(
            outputs=copy.deepcopy(test), metadata={"tags": [anatomy.UNPUBLISHED]}
        )
        store.unpublish(nbformat.v4.new_notebook(cells=[cell]))
        test = cell.outputs
    self.comparison_traceback = differences(ref, test, anatomy.tolerance(self.cell))
    return not self.comparison_traceback


def set_up_file(self) -> None:
    """Start a notebook's kernel as nbval does, with a file in which the data ladder notes its sources."""
    self.course_folder = tempfile.TemporaryDirectory(prefix="course-")  # goes when this notebook is done
    self.course_sources = Path(self.course_folder.name) / "sources.jsonl"
    os.environ["COURSE_SOURCES"] = str(self.course_sources)
    os.environ["COURSE_FORMS"] = "0"  # no page looks on, also where the tests were started from one
    _set_up_file(self)


IPyNbCell.runtest, IPyNbCell.compare_outputs, IPyNbFile.setup = run_cell, compare, set_up_file


class Tally:
    """Counts over all reports, in the process that prints the summary."""

    def __init__(self):
        self.compared, self.reasons, self.seconds = Counter(), Counter(), Counter()
        self.cells = {}

    def add(self, report) -> None:
        """Take one report in."""
        path = Path(report.nodeid.split("::")[0])
        if path.suffix == ".ipynb":
            self.seconds[path.stem] += report.duration
        if report.when == "call":
            for name, value in report.user_properties:
                if name == "cell":
                    self.cells[path.stem, value] = report.duration
                if name == "course":
                    self.compared[value[0], value[1] is None] += 1
                    if value[1]:
                        self.reasons[value[1]] += 1

    def share(self) -> tuple[int, int]:
        """Cells compared, and cells with output."""
        return sum(n for (_, yes), n in self.compared.items() if yes), sum(self.compared.values())

    def lowest(self) -> float:
        """The least share of compared cells that this run may have."""
        paths = {path.stem: path for path in lessons.all_lessons()}
        ran = [paths[name] for name in {name for name, _ in self.compared} if name in paths]
        canonical = ran and all(environment_matches(path) and _full_data(path) for path in ran)
        if not ran or os.environ.get("CLAIMS_ONLY") == "1":
            return 0.0
        return CANONICAL_SHARE if canonical else OTHER_SHARE


def _full_data(path: Path) -> bool:
    claims = read_claims(path.name[:2])
    used = claims[-1]["data"] if claims else {}
    return used == notebook_about(path)["stored_with"]["data"]


def pytest_configure(config):
    config.course_tally = Tally()
    config.pluginmanager.register(_Reports(config.course_tally))


class _Reports:
    def __init__(self, tally: Tally):
        self.tally = tally

    def pytest_runtest_logreport(self, report):
        self.tally.add(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    compared, total = session.config.course_tally.share()
    if (
        total
        and not hasattr(session.config, "workerinput")
        and compared < session.config.course_tally.lowest() * total
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    tally = config.course_tally
    compared, total = tally.share()
    if not total:
        return
    terminalreporter.section("lessons")
    for name, seconds in sorted(tally.seconds.items()):
        claims = read_claims(name[:2])
        counts = ", ".join(f"{sum(c['status'] == status for c in claims)} {status}" for status in STATUSES)
        yes, no = tally.compared[name, True], tally.compared[name, False]
        terminalreporter.write_line(
            f"{name}: {seconds:.1f} s; cells compared {yes} of {yes + no}; claims {counts}"
        )
    # told, and held to nothing: seconds are noisy. What a stored cell may take, make lint holds
    slowest = sorted(tally.cells.items(), key=lambda item: -item[1])[:5]
    told = ", ".join(f"{name[:2]} {cell} {seconds:.0f} s" for (name, cell), seconds in slowest)
    terminalreporter.write_line(f"the slowest cells: {told}")
    for why, count in tally.reasons.most_common():
        terminalreporter.write_line(f"not compared, {why}: {count}")
    least = tally.lowest()
    verdict = "enough" if compared >= least * total else "too few"
    terminalreporter.write_line(
        f"code cells with output compared: {compared} of {total} ({compared / total:.0%}; at least {least:.0%} asked for: {verdict})"
    )
