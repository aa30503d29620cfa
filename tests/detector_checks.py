"""Checks that need PyTorch: run by test_detector.py in a process of their own, torchvision first.

    python -m tests.detector_checks [names]      # prints a JSON line for each: name, "ok" or "skipped: why" or what failed
Each function `check_...` is one; it raises AssertionError. Pictures with what was found are left in build/detections/.
"""

import contextlib
import functools
import http.server
import json
import os
import sys
import tempfile
import threading
import traceback
from pathlib import Path

import cv2
import numpy as np
import skimage
from PIL import Image

from scripts import course, data, pretrained
from scripts.data import downloads
from scripts.pretrained import darknet, files, imageai_help, state_dicts
from scripts.tools import lessons
from scripts.weights import WeightsError

CARRIED = Path(skimage.__file__).parent / "data"
DRAWN = course.ROOT / "build" / "detections"
PICTURES = ("motorcycle_left.png", "motorcycle_right.png", "coffee.png", "astronaut.png", "camera.png")


class Skipped(Exception):
    """A check that cannot be made here; the message says why."""


@functools.cache
def tiny():
    try:
        pretrained.fetch("tiny_yolov3", package=True)
    except WeightsError as problem:
        raise Skipped(str(problem)) from None
    return imageai_help.load("tiny_yolov3")


def photos() -> list[Path]:
    mirror = os.environ.get("COURSE_MIRROR")
    found = sorted((Path(mirror) / "photos").glob("*.jpg")) if mirror else []
    if not found:
        raise Skipped("no mirror folder with photographs (COURSE_MIRROR)")
    return found


def found_in(path: Path, minimum: float = 50) -> list[tuple[str, float]]:
    picture = data.read_image(path)
    found = imageai_help.detect(tiny(), picture, minimum)
    DRAWN.mkdir(parents=True, exist_ok=True)
    Image.fromarray(imageai_help.draw(picture, found)).save(DRAWN / f"{path.stem}.png")
    return [(one["name"], one["percentage_probability"]) for one in found]


def refused(kind, words: str, run) -> None:
    """Assert that a call raises one clear error of this kind with these words."""
    try:
        run()
    except kind as problem:
        assert words in str(problem) and "\n" not in str(problem), f"{words!r} not in {problem!s}"
        return
    raise AssertionError(f"nothing was raised instead of {words!r}")


@contextlib.contextmanager
def weights_folder():
    """An empty folder for weights, for pretrained to use in place of the course's."""
    kept = {name: os.environ.get(name) for name in ("COURSE_WEIGHTS", "COURSE_USER_CACHE", "COURSE_MIRROR")}
    with tempfile.TemporaryDirectory() as name:
        os.environ["COURSE_WEIGHTS"], os.environ["COURSE_USER_CACHE"] = f"{name}/weights", f"{name}/user"
        os.environ.pop("COURSE_MIRROR", None)
        (Path(name) / "weights").mkdir()
        try:
            yield Path(name) / "weights"
        finally:
            for variable, value in kept.items():
                os.environ.pop(variable, None)
                if value is not None:
                    os.environ[variable] = value


def random_state(name: str, seed: int = 1):
    """A state dict of the right shapes that finds many things."""
    import torch

    course.seed(seed)
    net = imageai_help.empty_net(name)
    state = net.state_dict()
    if name == "retinanet":
        # its best scores then lie at 40 %: above a minimum of 30, below ImageAI's fixed 50
        state["head.classification_head.cls_logits.bias"] = torch.full((9 * 91,), -1.7)
    return state


def check_package_photographs():
    motorbike, cup = found_in(CARRIED / "motorcycle_left.png"), found_in(CARRIED / "coffee.png")
    assert motorbike[0][0] == "motorbike" and motorbike[0][1] >= 95, motorbike
    assert cup[0][0] == "cup" and cup[0][1] >= 70, cup
    assert len(motorbike) == len(cup) == 1


def check_mirror_photographs():
    folder = photos()[0].parent
    persons = found_in(folder / "powersh_input_image.jpg")
    assert [name for name, _ in persons] == ["person"] * 4 and min(p for _, p in persons) >= 95, persons
    assert {"bicycle", "dog"} <= {name for name, _ in found_in(folder / "darknet_dog_bicycle_truck.jpg")}
    assert {"person", "dog", "horse"} <= {
        name for name, _ in found_in(folder / "darknet_person_dog_horse.jpg")
    }


def check_first_three_layers_in_numpy():
    """Convolution, batch normalisation and leaky ReLU from the file's own numbers, against ImageAI's net."""
    import torch

    tiny()
    net = imageai_help.network(tiny())
    state = {name: value.numpy().astype(np.float64) for name, value in net.state_dict().items()}
    course.seed()
    x = course.rng().random((3, 64, 48))
    with torch.no_grad():
        y = torch.from_numpy(x[None].astype(np.float32))
        for step in (net.conv1, net.maxpool1, net.conv2, net.maxpool2, net.conv3):
            y = step(y)
    for layer in ("conv1", "conv2", "conv3"):
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), (1, 2)
        )
        x = np.einsum("crskl,ockl->ors", windows, state[f"{layer}.conv.weight"])
        mean, variance, scale, bias = (
            state[f"{layer}.batch_norm.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / np.sqrt(variance + 1e-5) * scale + bias
        x = np.where(x > 0, x, 0.1 * x)
        if layer != "conv3":
            x = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))
    assert np.abs(x - y[0].numpy()).max() <= 1e-4, np.abs(x - y[0].numpy()).max()


def check_numpy_boxes_equal_imageais():
    """The lesson's own cells, run here on five pictures, and on the mirror's where they are."""
    notebook = lessons.read(lessons.chosen(["15"])[0])
    sources = {cell.id: lessons.source(cell) for cell in notebook.cells}
    import torch

    space = {"np": np, "cv2": cv2, "torch": torch, "imageai_help": imageai_help, "detector": tiny()}

    def ask(array, minimum):
        how = {"output_type": "array", "minimum_percentage_probability": minimum}
        return tiny().detectObjectsFromImage(input_image=array, **how)[1]

    space["ask"] = ask
    for id in (
        "letterbox-build",
        "grid-build",
        "forward-build",
        "suppress-build",
        "find-build",
        "compare-build",
    ):
        exec(compile(sources[id], id, "exec"), space)
    paths = [CARRIED / name for name in PICTURES]
    with contextlib.suppress(Skipped):
        paths += photos()
    boxes = 0
    for path in paths:
        picture = data.read_image(path)
        assert space["pixel_difference"](picture) <= 1, path.name
        boxes += len(space["find"](picture))
    assert boxes >= 2


def check_forms_of_pictures():
    """Grey, RGBA, 16 bits, CMYK, turned, large: the same cup, or what of it can be expected."""
    coffee = data.photograph("coffee")
    grey = cv2.cvtColor(coffee, cv2.COLOR_RGB2GRAY)
    right = imageai_help.detect(tiny(), coffee)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was held upright: the file lies on its side
        Image.fromarray(coffee).save(folder / "a.png")
        Image.fromarray(coffee).convert("RGBA").save(folder / "rgba.png")
        Image.fromarray(np.rot90(coffee).copy()).save(folder / "turned.png", exif=exif)
        Image.fromarray(coffee).convert("CMYK").save(folder / "cmyk.jpg", quality=95)
        Image.fromarray(grey.astype(np.uint16) << 8).save(folder / "deep.png")
        Image.fromarray(coffee).resize((7746, 5164)).save(folder / "large.png", compress_level=1)
        Image.fromarray(coffee[:1, :1]).save(folder / "one.png")
        for file in ("a.png", "rgba.png", "turned.png"):
            assert imageai_help.detect(tiny(), folder / file) == right, file
        assert [one["name"] for one in imageai_help.detect(tiny(), folder / "cmyk.jpg")] == ["cup"]
        same = imageai_help.detect(tiny(), grey, 5)
        assert imageai_help.detect(tiny(), folder / "deep.png", 5) == same
        large = imageai_help.detect(tiny(), folder / "large.png")
        assert [one["name"] for one in large] == ["cup"] and large[0]["box_points"][2] > 4000
        assert isinstance(imageai_help.detect(tiny(), folder / "one.png"), list)
    for form in (
        coffee / 255.0,
        coffee.astype(np.uint16) << 8,
        Image.fromarray(coffee),
        np.dstack([coffee, grey | 255]),
    ):
        assert imageai_help.detect(tiny(), form) == right


def check_what_is_no_picture():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(data.photograph("coffee")).save(folder / "whole.jpg")
        content = (folder / "whole.jpg").read_bytes()
        (folder / "half.jpg").write_bytes(content[: len(content) // 2])
        (folder / "page.jpg").write_text("<!DOCTYPE html><title>404</title>")
        for file, words in (
            ("half.jpg", "half.jpg is cut off"),
            ("page.jpg", "it is a web page"),
            ("missing.jpg", "missing.jpg is missing"),
        ):
            refused(data.DataError, words, lambda file=file: imageai_help.detect(tiny(), folder / file))
    for array, words in (
        (np.zeros((3, 2000, 3), np.uint8)[:1], "too narrow"),
        (np.zeros((0, 5, 3), np.uint8), "is no picture"),
        (np.zeros((4, 4, 2), np.uint8), "is no picture"),
        (np.full((4, 4, 3), 7.5), "float64 is no picture"),
        (np.zeros((4, 4, 3), np.int64), "int64 is no picture"),
    ):
        refused(data.DataError, words, lambda array=array: imageai_help.detect(tiny(), array))
    refused(ValueError, "0 to 100", lambda: imageai_help.detect(tiny(), data.photograph("coffee"), 150))
    refused(
        ValueError,
        "motorcycle: no class",
        lambda: imageai_help.detect(tiny(), data.photograph("coffee"), only=("motorcycle",)),
    )


def check_thresholds_chosen_classes_and_boxes_inside():
    picture = data.photograph("motorcycle_left")
    counts = [len(imageai_help.detect(tiny(), picture, minimum)) for minimum in (0, 5, 20, 50, 90)]
    assert counts == sorted(counts, reverse=True) and counts[1] > counts[3], counts
    only = imageai_help.detect(tiny(), picture, 5, only=("motorbike",))
    assert only and {one["name"] for one in only} == {"motorbike"}
    for path in [CARRIED / name for name in PICTURES]:
        picture = data.read_image(path)
        for one in imageai_help.detect(tiny(), picture, 1):
            x1, y1, x2, y2 = one["box_points"]
            assert 0 <= x1 < x2 <= picture.shape[1] and 0 <= y1 < y2 <= picture.shape[0], (path.name, one)


def check_extracting_twice():
    picture = data.photograph("coffee")
    found = imageai_help.detect(tiny(), picture)
    with tempfile.TemporaryDirectory() as name:
        for _ in range(2):
            paths = imageai_help.extract(picture, found, Path(name) / "cut")
        x1, y1, x2, y2 = found[0]["box_points"]
        np.testing.assert_array_equal(data.read_image(paths[0]), picture[y1:y2, x1:x2])


def check_videos():
    coffee = cv2.resize(data.photograph("coffee"), (300, 200), interpolation=cv2.INTER_AREA)
    blank = np.full_like(coffee, (200, 120, 40))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with course.quiet():
            writer = cv2.VideoWriter(str(folder / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 20, (300, 200))
            for number in range(24):
                writer.write(np.ascontiguousarray((blank if number < 12 else coffee)[..., ::-1]))
            writer.release()
        found = list(imageai_help.detect_video(tiny(), folder / "a.avi", folder / "b.avi", every=2))
        assert len(found) == 24 and found[0] == [] and [one["name"] for one in found[-1]] == ["cup"]
        written = list(data.frames(folder / "b.avi"))
        assert len(written) == 24 and np.abs(written[0][5, 5].astype(int) - (200, 120, 40)).max() <= 8
        content, got = (folder / "a.avi").read_bytes(), []
        (folder / "half.avi").write_bytes(content[: len(content) // 2])

        def run():
            for one in imageai_help.detect_video(tiny(), folder / "half.avi", folder / "c.avi"):
                got.append(one)

        refused(data.DataError, "half.avi ends early", run)
        assert 0 < len(got) < 24 and len(list(data.frames(folder / "c.avi"))) == len(got)
        missing = folder / "missing.avi"
        refused(data.DataError, "is missing", lambda: imageai_help.detect_video(tiny(), missing))


def check_bad_weights_are_refused_and_never_recorded():
    import torch

    whole = pretrained.find("tiny_yolov3").read_bytes()
    with weights_folder() as folder:
        path = folder / "tiny-yolov3.pt"
        torch.save(random_state("yolov3"), folder / "other.pt")
        torch.save(imageai_help.empty_net("tiny_yolov3"), folder / "module.pt")
        torch.save({"conv1.conv.weight": torch.zeros(3)}, folder / "little.pt")
        state = random_state("tiny_yolov3")
        state["conv5.conv.weight"][0, 0, 0, 0] = float("nan")
        torch.save(state, folder / "nan.pt")
        for content, words in (
            (whole[: len(whole) // 2], "is cut off or no weights"),
            (b"<!DOCTYPE html><title>404</title>", "is a web page"),
            (b"", "is cut off or no weights"),
            ((folder / "other.pt").read_bytes(), "another net than TinyYOLOv3"),
            ((folder / "module.pt").read_bytes(), "is cut off or no weights"),
            ((folder / "little.pt").read_bytes(), "another net than TinyYOLOv3: 1 arrays"),
            ((folder / "nan.pt").read_bytes(), "NaN or infinite"),
        ):
            path.write_bytes(content)
            refused(WeightsError, words, lambda: pretrained.find("tiny_yolov3"))
            refused(WeightsError, words, lambda: imageai_help.load("tiny_yolov3", path))
            assert not state_dicts.recorded(folder)
        path.write_bytes(whole)
        assert pretrained.find("tiny_yolov3") == path and path.name in state_dicts.recorded(folder)
        torch.save(random_state("tiny_yolov3"), path)
        refused(WeightsError, "has changed since its first use", lambda: pretrained.find("tiny_yolov3"))
        refused(WeightsError, "is missing", lambda: imageai_help.load("tiny_yolov3", folder / "none.pt"))


def check_a_damaged_cache_does_not_keep_a_good_darknet_file_from_serving():
    tiny()
    card = pretrained.cards()["tiny_yolov3"]
    state = imageai_help.network(tiny()).state_dict()
    arrays = {name: value.numpy() for name, value in state.items() if value.ndim}
    with weights_folder() as folder:
        source = folder / card["darknet"]["file"]
        source.write_bytes(darknet.pack(arrays, seen=32_013_312))
        assert state_dicts.sha256(source) == card["darknet"]["sha256"]  # the conversion loses nothing
        (folder / card["file"]).write_bytes(b"half")
        found = imageai_help.network(imageai_help.load("tiny_yolov3")).state_dict()
        assert all(np.array_equal(found[name], state[name]) for name in state)
        assert (folder / f"{card['file']}.damaged").read_bytes() == b"half"
        (folder / card["file"]).unlink()
        (folder / "recorded.json").unlink()
        for content, words in (
            (source.read_bytes()[:-4], "it is cut off"),
            (source.read_bytes() + b"1234", "it is too long"),
            (
                source.read_bytes()[:20] + bytes(source.stat().st_size - 20),
                "not those that its author published",
            ),
        ):
            source.write_bytes(content)
            refused(WeightsError, words, lambda: pretrained.find("tiny_yolov3"))
            assert not (folder / card["file"]).exists()


def check_yolov3_from_darknet_and_retinanet_end_to_end_with_random_weights():
    import torch

    coffee = data.photograph("coffee")
    with weights_folder() as folder:
        for name in ("yolov3", "retinanet"):
            refused(WeightsError, "weights are not here", lambda name=name: imageai_help.load(name))
        state = random_state("yolov3")
        arrays = {name: value.numpy() for name, value in state.items() if value.ndim}
        (folder / "yolov3.weights").write_bytes(darknet.pack(arrays))
        assert (folder / "yolov3.weights").stat().st_size == pretrained.cards()["yolov3"]["darknet"]["bytes"]
        detector = imageai_help.load("yolov3")
        found = imageai_help.network(detector).state_dict()
        assert all(np.array_equal(found[name], state[name]) for name in arrays)
        many = imageai_help.detect(detector, coffee, 10)
        assert many and {one["name"] for one in many} <= set(imageai_help.classes(detector))
        file = folder / pretrained.cards()["retinanet"]["file"]
        torch.save(random_state("retinanet"), file)
        refused(WeightsError, "hash does not begin with eeacb38b", lambda: imageai_help.load("retinanet"))
        own = file.rename(folder / "own.pth")
        detector = imageai_help.load("retinanet", own)
        low, high = (imageai_help.detect(detector, coffee, minimum) for minimum in (30, 60))
        assert len(low) > len(high) == 0  # a minimum below 50 has an effect here
        assert all(0 <= one["box_points"][0] < one["box_points"][2] <= 600 for one in low)


def check_untrained_nets_find_nothing():
    with tempfile.TemporaryDirectory() as name:
        for net in ("tiny_yolov3", "retinanet"):
            detector = imageai_help.load(net, imageai_help.untrained(net, Path(name)))
            assert imageai_help.detect(detector, data.photograph("coffee"), 0) == []


def check_downloads_that_are_no_weights_never_enter_the_cache():
    whole = pretrained.find("tiny_yolov3").read_bytes()
    answers = {
        "/page": b"<!DOCTYPE html><title>404</title>",
        "/half": whole[: len(whole) // 2],
        "/whole": whole,
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(answers.get(self.path, b"no"))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    card, cards, offline = (
        pretrained.cards()["tiny_yolov3"],
        pretrained.cards,
        os.environ.pop("COURSE_OFFLINE", None),
    )
    try:
        for place, words in (
            ("/page", "web page"),
            ("/half", "cut off"),
            ("/none", "answered 404"),
            ("/whole", ""),
        ):
            address = f"http://127.0.0.1:{server.server_address[1]}{place}"
            pretrained.cards = lambda address=address: {"tiny_yolov3": {**card, "url": address}}
            with weights_folder() as folder:
                if words:
                    refused(WeightsError, words, lambda: pretrained.fetch("tiny_yolov3"))
                    assert not [path for path in folder.rglob("*") if not path.name.endswith(".lock")]
                else:
                    assert pretrained.fetch("tiny_yolov3").read_bytes() == whole
                    assert state_dicts.recorded(folder)[card["file"]]["how"] == "from 127.0.0.1"
    finally:
        pretrained.cards = cards
        server.shutdown()
        if offline:
            os.environ["COURSE_OFFLINE"] = offline


def check_offline_is_one_line():
    with weights_folder():
        os.environ["COURSE_OFFLINE"] = "1"
        try:
            refused(WeightsError, "no address asked", lambda: pretrained.fetch("tiny_yolov3", package=True))
            assert pretrained.main("tiny_yolov3") == 1
        finally:
            del os.environ["COURSE_OFFLINE"]
    refused(WeightsError, "no pretrained net 'huge'", lambda: pretrained.find("huge"))
    assert downloads.LONGEST < files.LONGEST


def check_a_python_without_tkinter():
    """ImageAI asks for it and does not use it."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("imageai", "tkinter", "_tkinter")]:
        del sys.modules[name]
    sys.modules["tkinter"] = None  # an import of it now fails, as where it is not installed
    try:
        assert hasattr(imageai_help.imageai(), "ObjectDetection")
    finally:
        sys.modules.pop("tkinter", None)


CHECKS = {
    name.removeprefix("check_"): run for name, run in dict(globals()).items() if name.startswith("check_")
}


def main(*names: str) -> None:
    """Run the checks named, or all; print a JSON line for each."""
    imageai_help.imageai()
    for name in names or CHECKS:
        try:
            CHECKS[name]()
            said = "ok"
        except Skipped as why:
            said = f"skipped: {why}"
        except Exception:
            said = traceback.format_exc()
        print(json.dumps([name, said]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
