"""Where numbers come from: one loader a data set. The ladder of sources stands in ladder.py.

Every loader prints one line that says which source served. Lessons use this module only:
``data.load_mnist()``, ``data.load_cifar10()``, ``data.load_photo_patches()``, ``data.load_faces()``,
``data.load_diabetes()``, ``data.photograph("chelsea")``; and ``data.read_image(path)``, ``data.frames(path)`` for
pictures and videos of one's own.
"""

from scripts.data.ladder import DataError, sources_used
from scripts.data.pictures import (
    Faces,
    Images,
    load_cifar10,
    load_cifar10_or_photo_patches,
    load_faces,
    load_mnist,
    load_photo_patches,
    photograph,
)
from scripts.data.reading import frames, read_image
from scripts.data.tables import DIABETES_COLUMNS, Table, load_diabetes, read_table

__all__ = [
    "DIABETES_COLUMNS",
    "DataError",
    "Faces",
    "Images",
    "Table",
    "frames",
    "load_cifar10",
    "load_cifar10_or_photo_patches",
    "load_diabetes",
    "load_faces",
    "load_mnist",
    "load_photo_patches",
    "photograph",
    "read_image",
    "read_table",
    "sources_used",
]
