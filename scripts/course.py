"""Opening a lesson: its root, seeds, device, one line of versions; and its claims (see claims.py).

A lesson calls ``course.start("07")`` in its Setup cell, ``course.seed()`` in every cell that builds something, and
``course.claim(...)`` where it says what it measured. TensorFlow is imported only for lessons that use it.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from scripts import ROOT, forms
from scripts.claims import Claim, ClaimMissed, claim, forget_claims
from scripts.drawing_pad import draw_digit
from scripts.runtime import CourseError, before_torch, current_seed, fetch_part, progress, quiet, rng, seed

__all__ = [
    "ROOT",
    "Claim",
    "ClaimMissed",
    "CourseError",
    "before_torch",
    "claim",
    "draw_digit",
    "metadata",
    "progress",
    "quiet",
    "rng",
    "seed",
    "start",
    "version",
]

SHOWN = {"tensorflow": "TensorFlow", "keras": "Keras", "numpy": "NumPy", "cv2": "OpenCV", "torch": "PyTorch"}
# replacing the first three on Colab would ask for a restart of the runtime; PyTorch is gigabytes, and without what it
# depends on (`--no-deps`) a CUDA build of it does not even import
NEVER_INSTALL = {"tensorflow", "keras", "numpy", "torch", "torchvision"}


def start(lesson: str, notebook_version: str | None = None) -> None:
    """Open a lesson: install what it misses, seed everything, set the device up, print one line of versions.

    Args:
        lesson: two digits, such as "07". Calling it again, also after a restart, does no harm.
        notebook_version: the version of the course that the notebook belongs to, such as "1.1"; its Setup cell says it.
            Where this copy of the course is of another one, a sentence says what to do. None, as in notebooks saved
            before 1.1, is another one too.

    Raises:
        CourseError: no such lesson in this copy of the course, or a package that the lesson needs cannot be had.
    """
    if getattr(sys.modules.get("scripts"), "COURSE", None) != "line-to-box":
        raise CourseError(
            "another package called `scripts` is in the way: restart the kernel and run the Setup cell first"
        )
    about = metadata(lesson)
    if "torch" in about["packages"]:
        before_torch()
    _install_missing(about["packages"], lesson)
    forget_claims(lesson)
    device = _prepare_device(about["packages"])
    seed()
    _house_style()
    forms.offer()
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    parts = [f"Lesson {lesson}", f"{sys.modules['scripts'].COURSE} {version()}", python]
    parts += [
        f"{name} {importlib.import_module(m).__version__}"
        for m, name in SHOWN.items()
        if m in about["packages"]
    ]
    print(" · ".join([*parts, device, f"seed {current_seed()}"]))
    if notebook_version != version():
        print(_other_version(notebook_version))


def version() -> str:
    """The version of this copy of the course, as pyproject.toml says it: "1.1"."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]["version"]


def _other_version(notebook_version: str | None) -> str:
    """What to do when the notebook is of another version than this copy of the course, in one sentence."""
    whose = f"of version {notebook_version}" if notebook_version else "from before its version was told"
    fetched = ROOT == Path.cwd() / sys.modules["scripts"].COURSE  # by Setup, beside the notebook
    renew = f", or rename the folder {ROOT.name} and run this cell again to fetch the notebook's own version"
    return (
        f"This notebook is {whose}, the course in the folder {ROOT.name} is of version {version()}: open the lesson from "
        f"that folder's notebooks/{renew if fetched and notebook_version else ''}."
    )


def metadata(lesson: str) -> dict:
    """The metadata of one lesson, as its notebook carries it (schema: scripts/tools/metadata.schema.json)."""
    pattern, why = f"{lesson}_*.ipynb", None
    if not sorted((ROOT / "notebooks").glob(pattern)):
        why = fetch_part(f"notebooks/{pattern}")
    found = sorted((ROOT / "notebooks").glob(pattern))
    if not found:
        raise CourseError(
            f"no lesson {lesson!r} in {ROOT.name}/notebooks: is this copy of the course complete?"
            + (f" (git said: {why})" if why else "")
        )
    return json.loads(found[0].read_text(encoding="utf-8"))["metadata"]["course"]


def _install_missing(packages: dict[str, str], lesson: str) -> None:
    """Install the lesson's packages ({import name: distribution}) that are not there, but none of NEVER_INSTALL.

    Raises:
        CourseError: one of NEVER_INSTALL is not there, or a package could not be installed; each with the cure.
    """
    missing = {module: name for module, name in packages.items() if importlib.util.find_spec(module) is None}
    for module, name in missing.items():
        if module in ("torch", "torchvision"):
            raise CourseError(
                "PyTorch is not installed, and this lesson runs on it. Colab has it; on your own machine run "
                f"`make environment LESSONS={lesson}` in the course's folder, or, where conda or pip made the environment, "
                "`pip install -r requirements.txt -c constraints.txt` (about 5 GB)."
            )
        if module in NEVER_INSTALL:
            raise CourseError(
                f"{name} is not installed. Colab has it; on your own machine run `make lab` in the course's folder, "
                "or pip install -r requirements-core.txt."
            )
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--retries",
            "0",
            "--timeout",
            "10",
            name,
        ]
        done = subprocess.run([*command, "--disable-pip-version-check"], capture_output=True, text=True)
        importlib.invalidate_caches()
        if done.returncode or importlib.util.find_spec(module) is None:
            raise CourseError(
                f"{name} is missing and could not be installed (no network?). Run: pip install {name}"
            )
        print(f"Installed {name}.")


def _prepare_device(packages: dict[str, str]) -> str:
    """Prepare the framework that a lesson runs on, by its packages; returns that framework's device, for one line of text."""
    if "tensorflow" in packages:
        return _prepare_tensorflow()
    if "torch" in packages:
        return _torch_device()
    return "CPU"


def _torch_device() -> str:
    """The device that PyTorch, and ImageAI with it, takes: the name of the first CUDA device, else the CPU."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"


def _prepare_tensorflow() -> str:
    """Import TensorFlow in silence, let GPU memory grow, switch TF32 off. Returns the device, for one line of text.

    TensorFlow writes messages at import, at the first operation and at the first compilation, whatever
    TF_CPP_MIN_LOG_LEVEL says, so all three happen here, behind `quiet`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            with contextlib.suppress(RuntimeError):  # already in use: this cell was run before
                tf.config.experimental.set_memory_growth(gpu, True)
        # 19-bit products would make a GPU disagree with the page in the third digit
        tf.config.experimental.enable_tensor_float_32_execution(False)
        tf.function(lambda x: x + 1.0, jit_compile=True)(tf.constant(0.0))
    _end_fits_at_once(tf.data)
    if not gpus:
        return "CPU"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


def _end_fits_at_once(tf_data) -> None:
    """Let every tf.data iterator run without its tuner (`tf.data.AutotuneOptions`), those inside `fit` and `predict` too.

    The tuner's thread sleeps 10 ms, 20 ms, 40 ms and so on between two looks, and in TensorFlow 2.20 and 2.21 it can miss
    the call to stop. `fit` then returns only when the last sleep is over, up to twice as late. Pipelines as small as
    this course's have nothing to tune. The numbers that come out are the same.

    tf_data: the module tf.data. Calling it again does no harm.
    """
    with_tuner = tf_data.Dataset.__iter__
    if hasattr(with_tuner, "without_tuner"):
        return
    options = tf_data.Options()
    options.autotune.enabled = False

    def without_tuner(dataset):
        return with_tuner(dataset.with_options(options))

    without_tuner.without_tuner = True
    tf_data.Dataset.__iter__ = without_tuner


def _house_style() -> None:
    """One look for every figure, where matplotlib is installed."""
    if importlib.util.find_spec("matplotlib"):
        from scripts import plots

        plots.use_house_style()
