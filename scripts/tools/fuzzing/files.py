"""Files damaged at random: pictures, a table, weights as PyTorch writes them."""

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from scripts.data.ladder import DataError
from scripts.data.own_files import read_image
from scripts.data.tables import load_diabetes
from scripts.pretrained import pt_arrays
from scripts.tools.fuzzing.damage import damaged, edits
from scripts.tools.fuzzing.engine import Target, Wrong, one_line

KINDS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF")
TABLE = b"0.1,0.2,-0.3,0.4,-0.5,0.6,-0.7,0.8,1\n-0.1,0.2,0.3,0.4,0.5,-0.6,0.7,-0.8,0\n"


def _array() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 20, 3)).astype(np.uint8)


def _encoded(kind: str) -> bytes:
    place = io.BytesIO()
    Image.fromarray(_array()).save(place, kind)
    return place.getvalue()


def _read(content: bytes) -> np.ndarray:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.picture"
        path.write_bytes(content)
        return read_image(path)


def picture(example) -> bool:
    """A DataError, or RGB bytes; of a PNG (it holds sums) and of a file only cut off the undamaged ones."""
    kind, changes = example
    content = _encoded(kind)
    try:
        read = _read(damaged(content, changes))
    except DataError as problem:
        return one_line(problem)
    if read.dtype != np.uint8 or read.ndim != 3 or read.shape[2] != 3 or not read.size:
        raise Wrong(f"a {kind} is read as {read.dtype} {read.shape}")
    if kind == "PNG" or all(one[0] == "end" for one in changes):
        if not np.array_equal(read, _read(content)):
            raise Wrong(f"a damaged {kind} is read as another picture")
    return True


def table(changes) -> bool:
    """A DataError, or finite figures, which are those that a plain reading of the text gives."""
    content = damaged(TABLE, changes)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "table.csv")
        path.write_bytes(content)
        try:
            read = load_diabetes(path)
        except DataError as problem:
            return one_line(problem)
    if not np.isfinite(read.x).all() or not np.isfinite(read.y).all():
        raise Wrong("a figure of a table is not finite")
    if b'"' not in content:
        lines = content.decode("utf-8-sig").replace("\r", "\n").split("\n")
        rows = [
            [float(cell) for cell in line.split(",")]
            for line in lines
            if line and not line.lstrip().startswith("#")
        ]
        if not np.array_equal(np.array(rows, np.float32), np.hstack([read.x, read.y])):
            raise Wrong("a table is read with other figures than it holds")
    return True


def _pt() -> bytes:
    """A file as PyTorch writes it: one array "a" of 2 x 2 numbers, by hand, for PyTorch is not here."""
    empty = b"ccollections\nOrderedDict\n)R"
    pid = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
    array = (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + pid
        + b"K\x00K\x02K\x02\x86K\x02K\x01\x86\x89"
        + empty
        + b"tR"
    )
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("w/data.pkl", b"\x80\x02" + empty + b"X\x01\x00\x00\x00a" + array + b"s.")
        archive.writestr("w/data/0", np.arange(4, dtype="<f4").tobytes())
    return place.getvalue()


def pt(changes) -> bool:
    """A PtError, or the undamaged array: an archive holds sums of its members."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "w.pt")
        path.write_bytes(damaged(_pt(), changes))
        try:
            read = pt_arrays.read(path)
        except pt_arrays.PtError as problem:
            return one_line(problem)
    if list(read) != ["a"] or not np.array_equal(read["a"], [[0, 1], [2, 3]]):
        raise Wrong("a damaged .pt file is read with other numbers")
    return True


def targets() -> list[Target]:
    return [
        Target("pictures", st.tuples(st.sampled_from(KINDS), edits()), picture),
        Target("tables", edits(), table),
        Target("weights .pt", edits(), pt),
    ]
