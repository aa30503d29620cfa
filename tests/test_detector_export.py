"""A detector as LiteRT files: they say what it says, run without the course, and are whole or not there."""

import contextlib
import errno
import json
import shutil
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest
import skimage
import tensorflow as tf

from scripts import pretrained
from scripts.detection import boxes, detector_export, photo_net, pooling, run_exported
from scripts.detection.detector import Detector
from scripts.detection.detector_export import export
from scripts.detection.detector_files import DetectorError
from scripts.detection.detector_pictures import brought_to
from scripts.detection.export_halves import AlignByProducts
from scripts.detection.photo_net import PHOTO, SMALL, Net, Plan, Stages, as_list
from scripts.detection.run_exported import FACTS, JUDGE, LOOK, ExportedDetector
from scripts.runtime import seed

SIDE, HIGH, WIDE = 96, 200, 256  # of the small net, and of the pictures that one export is made for
NAMES = {FACTS, LOOK, JUDGE, "run_exported.py"}


def net_of(backbone: str, side: int, from_imagenet: bool = False) -> Detector:
    """A detector with random weights, those of its answers so large that no two scores are nearly equal."""
    seed(0)
    sizes = ((20.0, 20.0), (40.0, 30.0), (64.0, 64.0))
    plan = Plan(("one", "été"), sizes, backbone, None if backbone == SMALL else 4, side)
    net = Net(plan, from_imagenet)
    stages, (picture,) = Stages(net), pictures(1, side, side)
    maps, logits, _ = stages.look(picture[None].astype(np.float32))
    spread_out(next(one for one in net.proposals.layers if getattr(one, "filters", 0) == len(sizes)), logits)
    pooled = net.pool(maps, tf.random.uniform((50, 4), 0, side), tf.zeros(50, tf.int32))
    spread_out(net.heads.get_layer("classes"), net.heads(pooled)[0])
    return Detector(net, {"made for": "tests"})


def spread_out(layer, said) -> None:
    """Make a layer's answers so large that no two sort in another order when they are rounded."""
    kernel, bias = layer.get_weights()
    layer.set_weights([2 / np.std(said) * kernel, bias])


def pictures(count: int, height: int, width: int):
    """Pictures of soft spots, no two alike."""
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 255, (count, height // 8, width // 8, 3), np.uint8)
    return [cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in noise]


class FilledUp(Stages):
    """A detector's stages on a picture filled up to a size: what lies beyond it is cut from the maps."""

    def __init__(self, net, size, fill):
        super().__init__(net)
        plain = self.look

        def look(picture):
            height, width = picture.shape[1:3]
            room = ((0, 0), (0, size[0] - height), (0, size[1] - width), (0, 0))
            maps, logits, deltas = plain(np.pad(picture, room, constant_values=fill))
            cut = [
                one[:, : height // stride, : width // stride]
                for one, stride in zip(maps, net.strides, strict=True)
            ]
            rows, columns = (side // net.halved for side in maps[-1].shape[1:3])
            reached = [side // net.halved for side in cut[-1].shape[1:3]]

            def first(said, last):
                table = tf.reshape(said, (rows, columns, len(net.plan.anchors), *last))
                return tf.reshape(table[: reached[0], : reached[1]], (-1, *last))

            return cut, first(logits, ()), first(deltas, (4,))

        self.look = look


def equal(detections, boxes_scores_labels, pixels: float = 1e-3) -> int:
    """Hold that detections are the same, and return how many there are."""
    for one, other, tolerance in zip(detections, boxes_scores_labels, (pixels, 1e-4, 0), strict=True):
        assert len(one) == len(other)
        np.testing.assert_allclose(other, one, rtol=0, atol=tolerance)
    return len(detections.boxes)


@pytest.fixture(scope="module")
def detector():
    return net_of(SMALL, SIDE)


@pytest.fixture(scope="module")
def square(detector, tmp_path_factory):
    """The folder of an export for pictures of any form."""
    return export(detector, tmp_path_factory.mktemp("exports") / "square")


@pytest.fixture(scope="module")
def camera(detector, tmp_path_factory):
    """The folder of an export for pictures of one size."""
    return export(detector, tmp_path_factory.mktemp("exports") / "camera", (HIGH, WIDE))


def test_products_of_matrices_are_roi_align():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(1, 12, 15, 5)).astype(np.float32)
    asked = np.sort(rng.uniform(0, 8 * 12, (40, 2, 2)), axis=1).reshape(40, 4).astype(np.float32)
    asked[0] = (0, 0, 8 * 15, 8 * 12)
    layer = AlignByProducts(12, 15, 8, 40)
    said = layer(maps, asked, np.float32([[8 * 12, 8 * 15]]))
    meant = pooling.roi_align(maps, asked, np.zeros(40, np.int32), 7, 1 / 8)
    np.testing.assert_allclose(said, meant, atol=1e-5)
    assert said.shape == layer.compute_output_shape(maps.shape, asked.shape, (1, 2))
    # of a picture of 72 x 104 pixels: 9 x 13 cells
    said = layer(maps, asked, np.float32([[72, 104]]))
    meant = pooling.roi_align(maps[:, :9, :13], asked, np.zeros(40, np.int32), 7, 1 / 8)
    inside = (asked[:, 2] <= 104) & (asked[:, 3] <= 72)
    assert inside.sum() > 5
    np.testing.assert_allclose(said.numpy()[inside], meant.numpy()[inside], atol=1e-5)


def test_pictures_of_the_size_it_was_made_for_get_the_detectors_own_answers(detector, camera):
    exported = ExportedDetector(camera)
    assert exported.facts["size"] == list(brought_to(pictures(1, HIGH, WIDE)[0], SIDE)[0].shape[:2])
    found = [equal(detector(one, 0.02), exported(one, 0.02)) for one in pictures(4, HIGH, WIDE)]
    assert min(found) > 5
    assert exported.classes == detector.classes and exported.facts["card"] == detector.card


@pytest.mark.parametrize("shape", [(HIGH, WIDE), (300, 160), (96, 96), (40, 33), (97, 96)])
def test_pictures_of_any_form_get_those_of_the_detector_on_the_filled_picture(detector, square, shape):
    exported = ExportedDetector(square)
    stages = FilledUp(detector.net, (SIDE, SIDE), exported.facts["fill"])
    (picture,) = pictures(1, *shape)
    small, factors = brought_to(picture, SIDE)
    found = photo_net.detect(stages, small, 0.02, passes=2)
    assert equal(found._replace(boxes=found.boxes / factors), exported(picture, 0.02)) > 3
    corners = exported(picture, 0.02)[0]
    assert (corners >= 0).all() and (corners <= np.tile(shape[::-1], 2) + 1e-3).all()


def test_a_square_picture_fills_nothing_up(detector, square):
    (picture,) = pictures(1, 150, 150)
    assert equal(detector(picture, 0.02), ExportedDetector(square)(picture, 0.02)) > 5


def test_arguments_mean_what_those_of_the_detector_mean(detector, camera):
    exported, (picture,) = ExportedDetector(camera), pictures(1, HIGH, WIDE)
    every = exported(picture, 0.02)
    middle = len(every[1]) // 2
    least = float(every[1][middle - 1 : middle + 1].mean())
    for settings in ({"min_score": least}, {"iou_threshold": 0.7}, {"passes": 1}):
        settings = {"min_score": 0.02, **settings}
        assert equal(detector(picture, **settings), exported(picture, **settings)) > 0
    assert 0 < len(exported(picture, least)[0]) < len(every[0])
    assert [part.shape for part in exported(picture, 1.0)] == [(0, 4), (0,), (0,)]
    with pytest.raises(ValueError, match="a picture is uint8"):
        exported(picture / 255)


def test_a_picture_of_another_form_than_the_camera_is_made_to_fit(camera):
    exported = ExportedDetector(camera)
    for shape in ((256, 200), (1000, 30), (30, 1000)):
        laid, size = exported.laid_in(np.full((*shape, 3), 9, np.uint8))
        assert laid.shape == (*exported.facts["size"], 3)
        assert size[0] <= laid.shape[0] and size[1] <= laid.shape[1]
        assert (laid[: size[0], : size[1]] == 9).all()
        assert (laid[size[0] :] == exported.facts["fill"]).all()


def test_pictures_are_brought_to_the_size_that_the_detector_brings_them_to(square):
    exported, rng = ExportedDetector(square), np.random.default_rng(0)
    for height, width in [(HIGH, WIDE), (96, 95), (33, 97), *rng.integers(20, 700, (40, 2))]:
        picture = rng.integers(0, 255, (height, width, 3), np.uint8)
        small, _ = brought_to(picture, SIDE)
        laid, size = exported.laid_in(picture)
        assert size == small.shape[:2]
        np.testing.assert_array_equal(laid[: size[0], : size[1]], small)


def test_the_runners_boxes_are_those_of_the_course():
    rng = np.random.default_rng(0)
    some = np.sort(rng.uniform(0, 100, (300, 2, 2)), axis=1).reshape(300, 4)
    moves, scores, labels = (
        rng.normal(size=(300, 4)),
        rng.uniform(size=300).round(2),
        rng.integers(3, size=300),
    )
    moves[0] = 9
    np.testing.assert_allclose(run_exported.decode(some, moves), boxes.decode(some, moves), rtol=1e-12)
    np.testing.assert_array_equal(run_exported.clip(some, 50, 70), boxes.clip(some, 50, 70))
    np.testing.assert_allclose(
        [run_exported.overlap(one, some) for one in some[:9]], boxes.iou(some[:9], some)
    )
    for limit in (0.1, 0.3, 0.7):
        np.testing.assert_array_equal(run_exported.nms(some, scores, limit), boxes.nms(some, scores, limit))
        kept = run_exported.nms_by_class(some, scores, labels, limit)
        np.testing.assert_array_equal(kept, boxes.nms_by_class(some, scores, labels, limit))
    assert len(run_exported.nms(some[:0], scores[:0], 0.3)) == 0


def test_the_exporter_prints_nothing(tmp_path, capfd):
    small = keras.Sequential([keras.Input(batch_shape=(1, 4)), keras.layers.Dense(2)])
    detector_export._to_litert(small, tmp_path / "small.tflite")
    assert capfd.readouterr() == ("", "") and (tmp_path / "small.tflite").stat().st_size > 100


def test_the_files_need_no_operations_of_tensorflow(square, camera):
    for folder in (square, camera):
        assert {path.name for path in folder.iterdir()} == NAMES
        for name in (LOOK, JUDGE):
            content = (folder / name).read_bytes()
            # operations that LiteRT borrows from TensorFlow have names that begin so
            assert content[4:8] == b"TFL3" and b"Flex" not in content


def test_the_folder_runs_without_the_course(camera, tmp_path):
    folder = shutil.copytree(camera, tmp_path / "elsewhere")
    (picture,) = pictures(1, HIGH, WIDE)
    cv2.imwrite(str(tmp_path / "one.png"), np.ascontiguousarray(picture[..., ::-1]))
    program = folder / "run_exported.py"
    # -I: neither this folder nor PYTHONPATH is searched
    command = [sys.executable, "-I", str(program), str(tmp_path / "one.png"), "missing.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    found, scores, labels = ExportedDetector(camera)(picture)
    lines = done.stdout.splitlines()
    assert lines[0] == f"{tmp_path / 'one.png'}: {len(found)} found" and len(found) > 0
    corners = " ".join(map(str, np.rint(found[0]).astype(int)))
    assert (
        lines[1] == f"  {('one', 'été')[labels[0]]} {scores[0]:.2f} at {corners}"
        and lines[-1] == "missing.png: no picture that can be read"
    )
    text = program.read_text(encoding="utf-8")
    assert "import scripts" not in text and "from scripts" not in text


def test_an_older_export_gives_way_and_other_things_do_not(detector, camera, tmp_path, monkeypatch):
    monkeypatch.setattr(detector_export, "_to_litert", lambda model, path: path.write_bytes(b"new"))
    monkeypatch.setattr(detector_export, "_compare", lambda nets, folder: None)
    folder = shutil.copytree(camera, tmp_path / "mine")
    (folder / "__pycache__").mkdir()
    export(detector, folder)
    assert (folder / LOOK).read_bytes() == b"new" and {path.name for path in folder.iterdir()} == NAMES
    (folder / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place in (folder, tmp_path / "file"):
        with pytest.raises(DetectorError, match="holds other things"):
            export(detector, place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine"]


def full_disk(*arguments, **named):
    raise OSError(errno.ENOSPC, "No space left on device")


def no_operation(*arguments, **named):
    raise RuntimeError("'tf.Odd' op is neither a custom op nor a flex op\nand more")


@pytest.mark.parametrize(
    ("place", "what", "words"),
    [
        ("copyfile", full_disk, "mine cannot be written: No space left on device"),
        ("rename", full_disk, "mine cannot be written: No space left on device"),
        (
            "export",
            no_operation,
            r"cannot be turned into LiteRT's form \(RuntimeError: 'tf.Odd' op is .* flex op\)$",
        ),
        ("compare", None, "says something else than the net: nothing was written"),
    ],
)
def test_what_goes_wrong_is_one_line_and_the_older_export_stays(
    detector, camera, tmp_path, monkeypatch, place, what, words
):
    folder = shutil.copytree(camera, tmp_path / "mine")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    if place != "export":
        # what the files would hold, without the seconds that it takes to make them
        monkeypatch.setattr(
            detector_export, "_to_litert", lambda model, path: shutil.copyfile(camera / path.name, path)
        )
    if place == "copyfile":
        monkeypatch.setattr(detector_export.shutil, "copyfile", what)
        monkeypatch.setattr(detector_export, "_to_litert", lambda model, path: path.write_bytes(b"new"))
    elif place == "export":
        monkeypatch.setattr(keras.Model, "export", what)
    elif place == "rename":
        plain = detector_export.Path.rename

        def rename(path, target):
            return full_disk() if path.name == "half" else plain(path, target)

        monkeypatch.setattr(detector_export.Path, "rename", rename)
    else:
        # files of other weights
        detector = net_of(SMALL, SIDE)
        detector.net.model.set_weights([1.1 * one for one in detector.net.model.get_weights()])
    with pytest.raises(DetectorError, match=words) as problem:
        export(detector, folder, (HIGH, WIDE))
    assert "\n" not in str(problem.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_bad_sizes_and_folders_that_are_not_whole(detector, camera, tmp_path):
    for size in ((0, 5), (5,), (1.5, 2), (640, 480, 3)):
        with pytest.raises(ValueError, match=r"\(height, width\), whole pixels from 1 on"):
            export(detector, tmp_path / "new", size)
    folder = shutil.copytree(camera, tmp_path / "mine")
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    (folder / FACTS).write_text(json.dumps({**facts, "form": 99}))
    with pytest.raises(ValueError, match="is not of form 1"):
        ExportedDetector(folder)
    (folder / JUDGE).unlink()
    with pytest.raises(FileNotFoundError, match=f"{JUDGE} is missing; copy the whole folder"):
        ExportedDetector(folder)


def test_a_detector_that_searches_is_not_exported(tmp_path):
    plan = Plan(("one",), (), SMALL, None, SIDE, search={"strategy": "fast"})
    with pytest.raises(DetectorError) as problem:
        export(Detector(Net(plan), {}), tmp_path / "new")
    assert str(problem.value) == (
        "this detector's proposals come by selective search, which no file of LiteRT holds: "
        "train one with proposals='network' to export it"
    )
    assert not list(tmp_path.iterdir())


def test_no_interpreter_is_told(monkeypatch):
    monkeypatch.setattr(
        run_exported, "INTERPRETERS", (("no.such_module", "Interpreter"), ("json", "Interpreter"))
    )
    with pytest.raises(ImportError, match="no LiteRT interpreter is installed"):
        run_exported.interpreter()


@pytest.mark.long
def test_the_photographs_backbone_and_how_far_filling_up_moves_boxes(tmp_path, capsys):
    """With ImageNet's weights where they are here, 480 pixels, photographs of scikit-image."""
    here = False
    with contextlib.suppress(Exception):
        here = pretrained.find(PHOTO).is_file()
    detector = net_of(PHOTO, 480, here)
    cat = skimage.data.chelsea()
    exported = ExportedDetector(export(detector, tmp_path / "square"))
    assert equal(detector(cat[:, :300], 0.02), exported(cat[:, :300], 0.02), 1e-2) > 3
    stages = FilledUp(detector.net, (480, 480), exported.facts["fill"])
    small, factors = brought_to(cat, 480)
    found = photo_net.detect(stages, small, 0.02, passes=2)
    assert equal(found._replace(boxes=found.boxes / factors), exported(cat, 0.02), 1e-2) > 3
    maps, *_ = stages.look(small[None].astype(np.float32))
    plain = as_list(detector._stages.look(small[None].astype(np.float32))[0])
    for one, other, stride in zip(maps, plain, detector.net.strides, strict=True):
        apart = np.abs(one.numpy() - other.numpy()).mean() / np.abs(other.numpy()).mean()
        print(f"{small.shape[1]} x {small.shape[0]}, stride {stride}: filled up, maps are {apart:.1%} apart")
