"""What every helper may use: seeds, progress, silence, and errors that are told in one line. Standard library only.

Nothing here knows a lesson, a data set or a net. Libraries are imported where they are needed, and only then.
"""

import contextlib
import os
import random
import re
import subprocess
import sys

from scripts import ROOT

_state = {"seed": 0}


GIT = "git -c core.askPass=true -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=20".split()


# characters that are no text, but commands for the screen; the ends of lines are among them
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine:
    """Mixed into an exception: its message is one line, and a notebook shows it without a traceback."""

    def __str__(self) -> str:
        # names of files and what stands in them may hold anything, also what moves a terminal's cursor
        return CONTROL.sub(" ", super().__str__())

    def _render_traceback_(self):
        return [f"{type(self).__name__}: {self}"]


class CourseError(OneLine, RuntimeError):
    """A problem of the course's set-up; the message names it and the cure."""


def seed(value: int | None = None) -> None:
    """Seed Python, NumPy's global generator, TensorFlow, Keras and PyTorch, so that a rerun cell gives the same numbers.

    Args:
        value: the seed; None takes the lesson's own: the environment variable COURSE_SEED, else 0.
    """
    value = int(os.environ.get("COURSE_SEED", "0")) if value is None else int(value)
    _state["seed"] = value
    if "tensorflow" in sys.modules:
        import keras

        keras.utils.set_random_seed(value)
    else:
        random.seed(value)
        if "numpy" in sys.modules:
            import numpy as np

            np.random.seed(value)  # noqa: NPY002  # for libraries that draw from the global generator
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(value)


def before_torch() -> None:
    """What has to happen before torchvision is imported.

    PyTorch's threads spin while they wait for work. Beside any other busy process, such as a second notebook of the
    tests, that makes a small net five times as slow (measured); told so in time, they sleep instead.

    Raises:
        CourseError: TensorFlow was imported first, and importing torchvision would crash the interpreter.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "tensorflow" in sys.modules and "torchvision" not in sys.modules:
        raise CourseError(
            "TensorFlow runs in this kernel, and PyTorch beside it would crash. Restart the kernel, then run this again"
        )


def current_seed() -> int:
    """The seed that was set last."""
    return _state["seed"]


def rng(offset: int = 0):
    """A NumPy generator (``numpy.random.Generator``) that depends on the lesson's seed; `seed()` does not reach those."""
    import numpy as np

    return np.random.default_rng([current_seed(), offset])


def progress(items, doing: str, total: int | None = None):
    """The same items, one after another; a bar tells how far they are where that takes more than two seconds.

    Args:
        doing: what is done with them, in a few words; an empty one shows nothing. total: how many, where `items` cannot tell.
    """
    if not doing:
        return items
    from tqdm import tqdm

    return tqdm(
        items, desc=doing, total=total, delay=2, mininterval=1, ncols=79, leave=False, file=sys.stdout
    )


@contextlib.contextmanager
def quiet():
    """Silence what C++ code writes to file descriptor 2; Python's own messages and exceptions still come through."""
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no such descriptor, as in some embedded consoles
        yield
        return
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def page_looks_on() -> str:
    """Where a page shows this kernel's widgets: "Colab", "Jupyter" or "VS Code"; "" in a run by nbval, nbclient or a grader.

    Whoever starts a kernel for a page sets these variables; nbconvert's and nbclient's kernels have none. COURSE_FORMS=0 says no.
    """
    if os.environ.get("COURSE_FORMS") == "0":
        return ""
    pages = {"COLAB_RELEASE_TAG": "Colab", "JPY_SESSION_NAME": "Jupyter", "VSCODE_PID": "VS Code"}
    return next((page for name, page in pages.items() if os.environ.get(name)), "")


def fetch_part(pattern: str) -> str | None:
    """Bring a part of the course that its Setup has left out, such as "weights/mnist_cnn.*"; in a whole copy nothing is done.

    Setup fetches scripts and data only. The rest of the same version comes from the same address, by git, when it is asked
    for.

    Args:
        pattern: a path from the course's folder, as git's pathspecs.

    Returns:
        Why it could not be fetched, in one line; None when it could, or when this copy was not fetched by Setup.
    """
    partial = ["config", "--get", "remote.origin.promisor"]
    command = [*GIT, "-C", str(ROOT)]
    try:
        if (
            not (ROOT / ".git").exists()
            or subprocess.run([*command, *partial], capture_output=True).returncode
        ):
            return None
        # Setup's sparse checkout skips what it did not name
        fetched = [*command, "checkout", "-q", "--ignore-skip-worktree-bits", "HEAD", "--", pattern]
        done = subprocess.run(fetched, capture_output=True, text=True)
    except OSError as problem:
        return f"git cannot be run ({problem.strerror})"
    return " ".join(done.stderr.split()) or "git failed" if done.returncode else None
