"""What the nets find: in known photographs, against a second computation in NumPy, in every form of picture, in videos."""

import cv2
import numpy as np
import pytest
from PIL import Image

from scripts import ROOT, data, runtime
from scripts.pretrained import imageai_help
from scripts.tools import lessons
from tests.torch.support import CARRIED, PICTURES, mirror_photographs, one_line, see_small

DRAWN = ROOT / "build" / "detections"
CELLS = ("letterbox-build", "grid-build", "forward-build", "suppress-build", "find-build", "compare-build")


@pytest.fixture
def coffee():
    return data.photograph("coffee")


def found_in(detector, path) -> list[tuple[str, float]]:
    """What a detector finds in a file: name and percentage. The picture with the boxes is left in build/detections/."""
    picture = data.read_image(path)
    found = imageai_help.detect(detector, picture)
    DRAWN.mkdir(parents=True, exist_ok=True)
    Image.fromarray(imageai_help.draw(picture, found)).save(DRAWN / f"{path.stem}.png")
    return [(one["name"], one["percentage_probability"]) for one in found]


def test_the_motorbike_and_the_cup_of_the_carried_photographs_are_found(tiny):
    [(motorbike, of_motorbike)] = found_in(tiny, CARRIED / "motorcycle_left.png")
    [(cup, of_cup)] = found_in(tiny, CARRIED / "coffee.png")
    assert motorbike == "motorbike" and of_motorbike >= 95
    assert cup == "cup" and of_cup >= 70


def test_what_the_mirrors_photographs_are_known_for_is_found(tiny):
    if not mirror_photographs():
        pytest.skip("no mirror folder with photographs (COURSE_MIRROR)")
    folder = mirror_photographs()[0].parent
    persons = found_in(tiny, folder / "powersh_input_image.jpg")
    assert [name for name, _ in persons] == ["person"] * 4 and min(p for _, p in persons) >= 95, persons
    for file, names in (
        ("darknet_dog_bicycle_truck.jpg", {"bicycle", "dog"}),
        ("darknet_person_dog_horse.jpg", {"person", "dog", "horse"}),
    ):
        assert names <= {name for name, _ in found_in(tiny, folder / file)}, file


def test_the_first_three_layers_are_what_numpy_computes(tiny):
    """Convolution, batch normalisation and leaky ReLU from the file's own numbers, against ImageAI's net."""
    import torch

    net = imageai_help.network(tiny)
    state = {name: value.numpy().astype(np.float64) for name, value in net.state_dict().items()}
    runtime.seed()
    x = runtime.rng().random((3, 64, 48))
    with torch.no_grad():
        y = torch.from_numpy(x[None].astype(np.float32))
        for step in (net.conv1, net.maxpool1, net.conv2, net.maxpool2, net.conv3):
            y = step(y)
    for layer in ("conv1", "conv2", "conv3"):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
        x = np.einsum("crskl,ockl->ors", windows, state[f"{layer}.conv.weight"])
        mean, variance, scale, bias = (
            state[f"{layer}.batch_norm.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / np.sqrt(variance + 1e-5) * scale + bias
        x = np.where(x > 0, x, 0.1 * x)
        if layer != "conv3":
            x = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))
    np.testing.assert_allclose(x, y[0].numpy(), rtol=0, atol=1e-4)


def test_the_lessons_boxes_in_numpy_are_imageais(tiny):
    """The lesson's own cells, run here on five pictures, and on the mirror's where they are."""
    import torch

    notebook = lessons.read(lessons.chosen(["15"])[0])
    sources = {cell.id: lessons.source(cell) for cell in notebook.cells}

    def ask(array, minimum):
        how = {"output_type": "array", "minimum_percentage_probability": minimum}
        return tiny.detectObjectsFromImage(input_image=array, **how)[1]

    space = {
        "np": np,
        "cv2": cv2,
        "torch": torch,
        "imageai_help": imageai_help,
        "detector": tiny,
        "ask": ask,
    }
    for id in CELLS:
        exec(compile(sources[id], id, "exec"), space)
    boxes = 0
    for path in PICTURES + mirror_photographs():
        picture = data.read_image(path)
        assert space["pixel_difference"](picture) <= 1, path.name
        boxes += len(space["find"](picture))
    assert boxes >= 2


def test_a_file_with_alpha_or_turned_by_its_exif_gives_the_same_detections(tiny, coffee, tmp_path):
    right = imageai_help.detect(tiny, coffee)
    exif = Image.Exif()
    # the camera was held upright: the file lies on its side
    exif[0x0112] = 6
    Image.fromarray(coffee).save(tmp_path / "a.png")
    Image.fromarray(coffee).convert("RGBA").save(tmp_path / "rgba.png")
    Image.fromarray(np.rot90(coffee).copy()).save(tmp_path / "turned.png", exif=exif)
    for file in ("a.png", "rgba.png", "turned.png"):
        assert imageai_help.detect(tiny, tmp_path / file) == right, file


def test_a_file_in_cmyk_shows_the_cup(tiny, coffee, tmp_path):
    Image.fromarray(coffee).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    assert [one["name"] for one in imageai_help.detect(tiny, tmp_path / "cmyk.jpg")] == ["cup"]


def test_a_file_of_16_bits_gives_the_detections_of_its_high_bytes(tiny, coffee, tmp_path):
    grey = cv2.cvtColor(coffee, cv2.COLOR_RGB2GRAY)
    Image.fromarray(grey.astype(np.uint16) << 8).save(tmp_path / "deep.png")
    assert imageai_help.detect(tiny, tmp_path / "deep.png", 5) == imageai_help.detect(tiny, grey, 5)


def test_a_picture_of_40_megapixels_shows_the_cup_at_its_place(tiny, coffee, tmp_path):
    Image.fromarray(coffee).resize((7746, 5164)).save(tmp_path / "large.jpg", quality=95)
    [large] = imageai_help.detect(tiny, tmp_path / "large.jpg")
    assert large["name"] == "cup" and large["box_points"][2] > 4000


def test_a_picture_of_one_pixel_is_no_error(tiny, coffee, tmp_path):
    Image.fromarray(coffee[:1, :1]).save(tmp_path / "one.png")
    assert isinstance(imageai_help.detect(tiny, tmp_path / "one.png"), list)


def test_an_array_in_any_form_gives_the_same_detections(tiny, coffee):
    right = imageai_help.detect(tiny, coffee)
    opaque = np.full(coffee.shape[:2], 255, np.uint8)
    for form in (
        coffee / 255.0,
        coffee.astype(np.uint16) << 8,
        Image.fromarray(coffee),
        np.dstack([coffee, opaque]),
    ):
        assert imageai_help.detect(tiny, form) == right


def test_a_file_that_is_no_picture_is_one_clear_line(tiny, coffee, tmp_path):
    Image.fromarray(coffee).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(content[: len(content) // 2])
    (tmp_path / "page.jpg").write_text("<!DOCTYPE html><title>404</title>")
    for file, words in (
        ("half.jpg", "half.jpg is cut off"),
        ("page.jpg", "it is a web page"),
        ("missing.jpg", "missing.jpg is missing"),
    ):
        with pytest.raises(data.DataError, match=one_line(words)):
            imageai_help.detect(tiny, tmp_path / file)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((1, 2000, 3), np.uint8), "too narrow"),
        (np.zeros((0, 5, 3), np.uint8), "is no picture"),
        (np.zeros((4, 4, 2), np.uint8), "is no picture"),
        (np.full((4, 4, 3), 7.5), "float64 is no picture"),
        (np.zeros((4, 4, 3), np.int64), "int64 is no picture"),
    ],
)
def test_an_array_that_is_no_picture_is_one_clear_line(tiny, array, words):
    with pytest.raises(data.DataError, match=one_line(words)):
        imageai_help.detect(tiny, array)


def test_a_minimum_or_a_class_that_cannot_be_is_one_clear_line(tiny, coffee):
    with pytest.raises(ValueError, match=one_line("0 to 100")):
        imageai_help.detect(tiny, coffee, 150)
    with pytest.raises(ValueError, match=one_line("motorcycle: no class")):
        imageai_help.detect(tiny, coffee, only=("motorcycle",))


def test_a_higher_minimum_keeps_fewer_and_chosen_classes_only_themselves(tiny):
    picture = data.photograph("motorcycle_left")
    counts = [len(imageai_help.detect(tiny, picture, minimum)) for minimum in (0, 5, 20, 50, 90)]
    assert counts == sorted(counts, reverse=True) and counts[1] > counts[3]
    only = imageai_help.detect(tiny, picture, 5, only=("motorbike",))
    assert only and {one["name"] for one in only} == {"motorbike"}


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_boxes_lie_inside_the_picture(tiny, path):
    picture = data.read_image(path)
    for one in imageai_help.detect(tiny, picture, 1):
        x1, y1, x2, y2 = one["box_points"]
        assert 0 <= x1 < x2 <= picture.shape[1] and 0 <= y1 < y2 <= picture.shape[0], one


def test_what_was_found_can_be_cut_out_twice(tiny, coffee, tmp_path):
    found = imageai_help.detect(tiny, coffee)
    for _ in range(2):
        paths = imageai_help.extract(coffee, found, tmp_path / "cut")
    x1, y1, x2, y2 = found[0]["box_points"]
    np.testing.assert_array_equal(data.read_image(paths[0]), coffee[y1:y2, x1:x2])


BLANK = (200, 120, 40)


@pytest.fixture
def video(coffee, tmp_path):
    """A video of 24 frames: twelve of one colour, then twelve of the cup."""
    cup = cv2.resize(coffee, (300, 200), interpolation=cv2.INTER_AREA)
    blank = np.full_like(cup, BLANK)
    path = tmp_path / "a.avi"
    with runtime.quiet():
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20, (300, 200))
        for number in range(24):
            writer.write(np.ascontiguousarray((blank if number < 12 else cup)[..., ::-1]))
        writer.release()
    return path


def test_a_video_is_gone_through_and_written_frame_by_frame(tiny, video, tmp_path):
    found = list(imageai_help.detect_video(tiny, video, tmp_path / "b.avi", every=2))
    assert len(found) == 24 and found[0] == [] and [one["name"] for one in found[-1]] == ["cup"]
    written = list(data.frames(tmp_path / "b.avi"))
    assert len(written) == 24 and np.abs(written[0][5, 5].astype(int) - BLANK).max() <= 8


def test_a_video_that_ends_early_says_so_after_its_last_good_frame(tiny, video, tmp_path):
    content, got = video.read_bytes(), []
    (tmp_path / "half.avi").write_bytes(content[: len(content) // 2])
    with pytest.raises(data.DataError, match=one_line("half.avi ends early")):
        for one in imageai_help.detect_video(tiny, tmp_path / "half.avi", tmp_path / "c.avi"):
            got.append(one)
    assert 0 < len(got) < 24 and len(list(data.frames(tmp_path / "c.avi"))) == len(got)


def test_a_missing_video_is_one_clear_line_at_once(tiny, tmp_path):
    with pytest.raises(data.DataError, match=one_line("is missing")):
        imageai_help.detect_video(tiny, tmp_path / "missing.avi")


@pytest.mark.parametrize("name", ["tiny_yolov3", "retinanet"])
def test_an_untrained_net_finds_nothing(name, coffee, tmp_path):
    detector = imageai_help.load(name, imageai_help.untrained(name, tmp_path))
    if name == "retinanet":
        see_small(detector)
    assert imageai_help.detect(detector, coffee, 0) == []
