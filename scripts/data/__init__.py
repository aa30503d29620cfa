"""Where numbers come from: one loader a data set. The ladder of sources stands in ladder.py.

Every loader prints one line that says which source served. Lessons use this module only:
``data.load_mnist()``, ``data.load_cifar10()``, ``data.load_photo_patches()``, ``data.load_faces()``,
``data.load_diabetes()``, ``data.photograph("chelsea")``; and ``data.read_image(path)``, ``data.frames(path)`` for
pictures and videos of one's own. For detection: ``data.load_scenes(100)``, ``data.load_bccd()``,
``data.load_raccoons()``, ``data.load_voc2007()``, ``data.read_voc(folder)`` for a folder of one's own in Pascal VOC's form,
``data.read_any(folder_or_zip)`` for one in Pascal VOC's, YOLO's or COCO's form or with a CSV table, in parts, and
``data.contact_sheet(pictures)``, which draws some of a set's pictures with their boxes. For pictures that do not fit into
memory: ``data.write_shards(folder, pictures)``, ``data.stream_shards(folder, batch, limit)``.
"""

from scripts.data.ladder import DataError, sources_used
from scripts.data.own_files import frames, read_image
from scripts.data.own_sets.any_form import Parts, read_any
from scripts.data.own_sets.contact_sheet import contact_sheet
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
from scripts.data.scenes import Scenes, load_scenes
from scripts.data.shards import good_shards, stream_shards
from scripts.data.shards_write import write_shards
from scripts.data.tables import DIABETES_COLUMNS, Table, load_diabetes, read_table
from scripts.data.voc import VOC_CLASSES, VocSet, read_voc
from scripts.data.voc_sets import BCCD_CLASSES, RACCOON_CLASSES, load_bccd, load_raccoons, load_voc2007
from scripts.data.voc_write import write_voc

__all__ = [
    "BCCD_CLASSES",
    "DIABETES_COLUMNS",
    "RACCOON_CLASSES",
    "VOC_CLASSES",
    "DataError",
    "Faces",
    "Images",
    "Parts",
    "Scenes",
    "Table",
    "VocSet",
    "contact_sheet",
    "frames",
    "good_shards",
    "load_bccd",
    "load_cifar10",
    "load_cifar10_or_photo_patches",
    "load_diabetes",
    "load_faces",
    "load_mnist",
    "load_photo_patches",
    "load_raccoons",
    "load_scenes",
    "load_voc2007",
    "photograph",
    "read_any",
    "read_image",
    "read_table",
    "read_voc",
    "sources_used",
    "stream_shards",
    "write_shards",
    "write_voc",
]
