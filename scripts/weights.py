"""Where trained weights come from: the manifest, and their verification before anything is loaded.

weights/manifest.json names each file that `make weights` has trained, with its card: data, seed, seconds, epochs, score
on the full test set, bytes, sha256. A file is opened only when its hash is the manifest's. The manifest's other part,
"pretrained", is about nets that others have trained and that are fetched: scripts/pretrained/.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from scripts import ROOT
from scripts.runtime import OneLine, fetch_part

FOLDER = ROOT / "weights"


class WeightsError(OneLine, RuntimeError):
    """Weights cannot be loaded; the message names the file, the reason and the cure."""


def manifest(folder: Path | None = None, part: str = "weights") -> dict[str, dict]:
    """The cards of one part of the manifest, by name. Raises WeightsError when it is missing or no JSON."""
    path = (folder or FOLDER) / "manifest.json"
    try:
        cards = json.loads(path.read_text(encoding="utf-8"))[part]
        if not isinstance(cards, dict) or not all(isinstance(card, dict) for card in cards.values()):
            raise ValueError(f"its part {part!r} names no cards")
        return cards
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise WeightsError(
            f"weights/{path.name} cannot be read ({problem}). Restore it with: git checkout weights"
        ) from problem


def verified(name: str, folder: Path | None = None) -> Path:
    """The file of some weights, after its size and hash were found right.

    Args:
        name: such as "mnist_cnn".
        folder: where manifest and files are; None takes weights/.

    Raises:
        WeightsError: unknown name, missing file, or a file with another content.
    """
    folder = folder or FOLDER
    cards = manifest(folder)
    if name not in cards:
        known = ", ".join(sorted(cards)) or "none"
        raise WeightsError(
            f"no weights {name!r} in weights/manifest.json (there are: {known}). Train them: make weights"
        )
    if not isinstance(cards[name].get("file"), str) or not {"bytes", "sha256"} <= set(cards[name]):
        raise WeightsError(
            f"weights/manifest.json does not name file, bytes and sha256 of {name!r}. "
            "Restore it with: git checkout weights"
        )
    path = folder / cards[name]["file"]
    if not path.is_file():
        raise WeightsError(
            f"weights/{path.name} is missing. Cure: git checkout weights/{path.name}, or make weights"
        )
    content = path.read_bytes()
    if len(content) != cards[name]["bytes"] or hashlib.sha256(content).hexdigest() != cards[name]["sha256"]:
        raise WeightsError(
            f"weights/{path.name} is not the file of the manifest ({len(content):,} bytes instead of "
            f"{cards[name]['bytes']:,}, or other content). Cure: git checkout weights/{path.name}"
        )
    return path


def bring(name: str, folder: Path | None = None) -> None:
    """Fetch the file of some shipped weights where the course's Setup has left it out.

    Raises:
        WeightsError: it could not be fetched. An unknown name is left to `verified`.
    """
    card = manifest(folder).get(name)
    if folder is None and card and not (FOLDER / card["file"]).exists():
        if why := fetch_part(f"weights/{card['file']}"):
            raise WeightsError(
                f"weights/{card['file']} is not here and could not be fetched: check the network and run this cell again "
                f"(git said: {why})"
            )


def load(model, name: str, folder: Path | None = None) -> dict:
    """Load verified weights into a Keras model of the right architecture and return their card.

    Raises:
        WeightsError: as `verified`; or the model's layers do not fit the file.
    """
    bring(name, folder)
    path = verified(name, folder)
    try:
        model.load_weights(path)
    except Exception as problem:  # Keras raises several types here; each means the same
        raise WeightsError(f"weights/{path.name} does not fit this model: {problem}") from problem
    return manifest(folder)[name]


def add(model, name: str, card: dict, folder: Path | None = None) -> Path:
    """Store a trained Keras model's weights and write its card into the manifest: the end of every `make weights`.

    Args:
        model: a built Keras model.
        name: such as "mnist_cnn"; the file is `name`.weights.h5.
        card: data, seed, seconds, epochs, score and whatever else a reader should know; plain JSON values.

    A command that is stopped, or a full disk, leaves the older file and a whole manifest. Stopped between the two, the new file is
    one that `verified` refuses, and the next `make weights` puts both right. Of two at once, one waits.

    Raises:
        WeightsError: they could not be written.
    """
    import keras
    from filelock import FileLock

    folder = folder or FOLDER
    path = folder / f"{name}.weights.h5"
    # without its optimizer, whose memory the file of a compiled model would hold as well
    bare = keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    # a folder of its own: git takes every weights file of this one for a shipped one
    half = folder / ".unfinished"
    with FileLock(folder / "manifest.json.lock"):
        try:
            half.mkdir(exist_ok=True)
            bare.save_weights(half / path.name)
            content = (half / path.name).read_bytes()
            file = {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            whole = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            whole["weights"] = {**manifest(folder), name: {**file, **card}}
            text = json.dumps(whole, indent=2, sort_keys=True) + "\n"
            (half / "manifest.json").write_text(text, encoding="utf-8")
            (half / path.name).replace(path)
            (half / "manifest.json").replace(folder / "manifest.json")
        except OSError as problem:
            # HDF5 tells it in many lines
            why = os.strerror(problem.errno) if problem.errno else str(problem).partition(" (")[0]
            raise WeightsError(
                f"weights/{path.name} could not be written ({why}). Is the disk full? The older file stays"
            ) from problem
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return path
