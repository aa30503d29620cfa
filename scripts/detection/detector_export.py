"""A detector as files of LiteRT (.tflite), for a phone or a small computer: Keras' own exporter writes them.

    from scripts.detection.detector_export import export

    export(detector, "my_detector_lite")

The folder holds two nets, their numbers in exported.json, and run_exported.py, which runs them by NumPy and
an interpreter of LiteRT. Two nets, because what makes boxes of anchors (sorting, suppression) stands between
them, and is no layer. Everything has a fixed size in such a file: the picture is laid into it at the top
left, and boxes are filled up to `PROPOSALS`.
"""

import contextlib
import io
import json
import shutil
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np

from scripts.detection import faster_rcnn, run_exported
from scripts.detection.boxes import BOX_STD
from scripts.detection.detector_files import DetectorError
from scripts.detection.detector_pictures import brought_to
from scripts.detection.export_halves import halves
from scripts.detection.photo_net import PHOTO, SMALL
from scripts.detection.photo_proposals import NETWORK, PROPOSALS
from scripts.detection.run_exported import FACTS, FORM, JUDGE, LOOK
from scripts.detection.views import WHOLE
from scripts.runtime import quiet

RUNNER = Path(run_exported.__file__)
FILL = {
    PHOTO: 127.0,
    SMALL: 127.5,
}  # the value of a pixel that the backbone's first convolution is given as 0
NEAR = 1e-3  # how far what the files say may be from what the nets say, of the largest number


def export(detector, folder, pictures: tuple[int, int] | None = None) -> Path:
    """Write a detector for LiteRT; before it is kept, what the files say is compared with what the net says.

    Args:
        detector: of detector.py.
        folder: a new one, or one that holds an older export, which gives way.
        pictures: (height, width) of the pictures that it will see, where all have one form, as those of a
            camera: then nothing is filled up, the answers are the detector's own, and it is quicker. None: a
            square, for pictures of any form; the grey beside a picture that is no square moves boxes by some
            pixels.

    Returns:
        The folder.

    Raises:
        DetectorError: its proposals come by selective search; the folder holds other things or cannot be written, the nets cannot be turned into
            LiteRT's form, or say something else there. ValueError: pictures of no size.
    """
    net, folder = detector.net, Path(folder)
    if net.proposals is None:
        raise DetectorError(
            "this detector's proposals come by selective search, which no file of LiteRT holds: "
            f"train one with proposals={NETWORK!r} to export it"
        )
    size = input_size(net.plan.side, pictures)
    ours = {FACTS, LOOK, JUDGE, RUNNER.name, "__pycache__"}
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - ours):
        raise DetectorError(f"{folder.name} holds other things: name a new folder for the exported detector")
    nets = halves(net, size)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as place:
            half = Path(place) / "half"
            half.mkdir()
            for name, model in zip((LOOK, JUDGE), nets, strict=True):
                _to_litert(model, half / name)
            facts = json.dumps(
                facts_of(detector, size), indent=1, ensure_ascii=False, default=lambda one: one.tolist()
            )
            (half / FACTS).write_text(facts + "\n", encoding="utf-8")
            shutil.copyfile(RUNNER, half / RUNNER.name)
            _compare(nets, half)
            before = Path(place) / "before"
            if folder.exists():
                folder.rename(before)
            try:
                half.rename(folder)
            except OSError:
                if before.exists():
                    before.rename(folder)
                raise
    except OSError as problem:
        raise DetectorError(f"{folder.name} cannot be written: {problem.strerror or problem}") from None
    return folder


def input_size(side: int, pictures: tuple[int, int] | None = None) -> tuple[int, int]:
    """(height, width) of the nets' input: that to which the detector brings such pictures, or a square."""
    pictures = (side, side) if pictures is None else pictures
    whole = len(pictures) == 2 and all(isinstance(one, (int, np.integer)) for one in pictures)
    if not whole or min(pictures) < 1:
        raise ValueError(f"pictures is their (height, width), whole pixels from 1 on, not {pictures!r}")
    return brought_to(np.zeros((*pictures, 3), np.uint8), side)[0].shape[:2]


def facts_of(detector, size: tuple[int, int]) -> dict:
    """What run_exported.py has to know: sizes, anchors, limits, and the detector's card.

    fill: what is written where the picture does not reach: to the first convolution it is what its own
        padding is.
    """
    net = detector.net
    return {
        "form": FORM,
        "classes": list(net.plan.classes),
        "size": [int(side) for side in size],
        "side": net.plan.side,
        "multiple": WHOLE,
        "fill": FILL[net.plan.backbone],
        "anchors": [list(one) for one in net.plan.anchors],
        "anchor_std": [round(float(std), 6) for std in BOX_STD],
        "stride": net.stride,
        "before": faster_rcnn.BEFORE,
        "proposals": PROPOSALS,
        "proposal_iou": faster_rcnn.IOU_THRESHOLD,
        "smallest": faster_rcnn.SMALLEST,
        "card": detector.card,
    }


def _to_litert(model: keras.Model, path: Path) -> None:
    """Write a model of fixed shapes. By itself, the exporter would leave the number of pictures open."""
    signature = [keras.InputSpec(shape=one.shape, dtype="float32") for one in model.inputs]
    signature = signature if len(signature) == 1 else [signature]
    try:
        # older versions of Keras print what they do, whatever `verbose` says
        with quiet(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            model.export(str(path), format="litert", verbose=False, input_signature=signature)
    except OSError:
        raise
    except Exception as problem:
        reason = (str(problem).splitlines() or [""])[0]
        raise DetectorError(
            f"the net cannot be turned into LiteRT's form ({type(problem).__name__}: {reason})"
        ) from None


def _compare(nets, folder: Path) -> None:
    """Ask nets and files the same. Raises DetectorError where an answer is another."""
    rng = np.random.default_rng(0)
    for name, model in zip((LOOK, JUDGE), nets, strict=True):
        asked = [rng.uniform(0, 1, one.shape).astype(np.float32) for one in model.inputs]
        if name == LOOK:
            asked = [255 * asked[0]]
        else:
            height, width = nets[0].inputs[0].shape[1:3]
            asked[-2:] = [np.sort(height * asked[-2]), np.float32([[height, width]])]
        with quiet():
            said = run_exported.Net(folder / name)(*asked)
        meant = [np.asarray(one) for one in model(asked if len(asked) > 1 else asked[0], training=False)]
        for one, other in zip(said, meant, strict=True):
            if one.shape != other.shape or np.abs(one - other).max() > NEAR * max(1, np.abs(other).max()):
                raise DetectorError(f"{name} says something else than the net: nothing was written")
