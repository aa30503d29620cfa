"""Run a lesson from a fresh kernel, as a student's Jupyter would, and tell what happened."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from scripts.claims import STATUSES, forget_claims, read_claims
from scripts.tools import lessons, results_page, turns

WORKERS = int(os.environ.get("WORKERS") or 2)  # lessons at a time
TIMEOUT = 180  # seconds a cell, as in the tests


@dataclass
class Run:
    """One run of one lesson. `error` is None when every cell ran; `cell` then is None too.

    cells: seconds of each code cell that ran, by its id.
    megabytes: the most memory that the kernel held at any time; None where the system does not tell (other than Linux).
    """

    path: Path
    notebook: object
    seconds: float = 0.0
    megabytes: float | None = None
    cell: str | None = None
    error: str | None = None
    claims: list[dict] = field(default_factory=list)
    cells: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a cell failed or a claim was missed."""
        return self.error is not None or self.count("missed") > 0

    def count(self, status: str) -> int:
        """How many claims have this status."""
        assert status in STATUSES, status
        return sum(claim["status"] == status for claim in self.claims)

    @property
    def data(self) -> str:
        """The data sets that served, each with its form."""
        used = self.claims[-1]["data"] if self.claims else {}
        return ", ".join(f"{name} ({form})" for name, form in used.items()) or "none needed"


def execute(
    path: Path,
    step: Callable[[], None] = lambda: None,
    storing: bool = False,
    without: tuple[str, ...] = (),
    **environment: str,
) -> Run:
    """Run every cell of a lesson in a fresh kernel whose working folder is the lesson's.

    Args:
        path: the notebook; it is not changed.
        step: called after each cell, code or text.
        storing: make the outputs fit to be stored: nothing of C code's stderr, streams joined.
        without: beginnings of names; this process's variables that begin so do not reach the kernel.
        environment: variables for the kernel, such as COURSE_SEED="3".

    Returns:
        The run, its notebook with outputs, also when a cell failed.
    """
    claims_folder = Path(environment["COURSE_CLAIMS_DIR"]) if "COURSE_CLAIMS_DIR" in environment else None
    forget_claims(path.name[:2], claims_folder)  # a run that fails early must not show those of the last one
    try:
        notebook = lessons.read(path)
    except Exception as problem:  # a broken file has many ways to be broken
        reason = f"the file is no notebook: {type(problem).__name__}"
        return Run(path, nbformat.v4.new_notebook(), cell="none", error=reason)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(tuple(without))}
    # nobody looks on, also where the command was given from a notebook
    variables = {**inherited, "COURSE_CLAIMS": "collect", "COURSE_FORMS": "0", **environment}
    if storing:
        variables["PYTEST_CURRENT_TEST"] = (
            "storing"  # ipykernel then leaves file descriptor 2 alone, as under nbval
        )
    run = Run(path, notebook)

    cell_began = {}

    def before_cell(cell, cell_index):
        cell_began[cell.id] = time.monotonic()

    def after_reply(cell, cell_index, execute_reply):
        run.cells[cell.id] = time.monotonic() - cell_began[cell.id]
        run.megabytes = peak_memory(client) or run.megabytes

    def after_cell(cell, cell_index):
        step()

    client.on_cell_start, client.on_cell_complete = before_cell, after_cell
    # nbclient's "complete" comes when a cell was sent off, its "executed" when the kernel has answered
    client.on_cell_executed = after_reply
    began = time.monotonic()
    try:
        client.execute(env=variables)
    except CellTimeoutError:
        run.error = f"still running after {TIMEOUT} s"
    except CellExecutionError as problem:
        run.error = f"{problem.ename}: {problem.evalue}".splitlines()[0][:200]
    except DeadKernelError:
        run.error = "the kernel died (out of memory?)"
    except OSError as problem:
        run.error = f"no kernel could be started: {problem.strerror or problem}"
    run.seconds = time.monotonic() - began
    if run.error:
        run.cell = _last_cell(notebook)
    try:
        run.claims = read_claims(path.name[:2], claims_folder)
    except ValueError:
        lost = True
    else:
        # what a page prints and nobody counts, a missed one perhaps
        printed = {claim["id"] for claim in results_page.claims_of(notebook)}
        lost = not printed <= {claim["id"] for claim in run.claims}
    if lost and not run.error:
        run.cell, run.error = (
            "none",
            "its claims could not be kept in build/claims (a full disk, or no right to write?)",
        )
    return run


def alone():
    """One command at a time runs lessons here, for a ``with`` block: they share build/claims, notebooks/ and build/site."""
    return turns.alone(lessons.ROOT / "build" / "lessons.lock", "Another command runs lessons in this folder")


def shared_cores(workers: int) -> dict[str, str]:
    """Environment variables that share the cores among `workers` processes; threads of the user's own choice stay.

    More threads than cores wait for each other, spinning: beside another process NumPy's products take several times as
    long with two threads as with one.
    """
    each = str(max(1, (os.cpu_count() or 1) // workers))
    names = ("TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    return {name: os.environ.get(name, each) for name in names} if workers > 1 else {}


def peak_memory(client: NotebookClient) -> float | None:
    """Megabytes that the client's kernel has held at most so far, as Linux counts them (VmHWM); elsewhere None."""
    try:
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000
    except (OSError, AttributeError, TypeError):
        return None


def _last_cell(notebook) -> str:
    """The id of the cell at which a run stopped."""
    started = [
        cell for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count is not None
    ]
    broken = [cell for cell in started if any(output.output_type == "error" for output in cell.outputs)]
    return (broken or started or notebook.cells)[-1].id
