"""Pictures and videos of one's own: every form a picture comes in, and every way a file can be bad."""

import cv2
import numpy as np
import pytest
from PIL import Image

from scripts import data
from scripts.runtime import quiet


@pytest.fixture(scope="module")
def coffee():
    """A photograph of 60x80, RGB."""
    return cv2.resize(data.photograph("coffee"), (80, 60), interpolation=cv2.INTER_AREA)


def save(array, path, mode=None, **how):
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **how)
    return path


def close(got, right, limit):
    assert got.dtype == np.uint8 and got.shape == right.shape and got.flags.writeable
    assert np.abs(got.astype(int) - right).mean() <= limit


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "a.ppm", "no ending", "ümläut.PNG"])
def test_rgb_comes_back_as_it_was(tmp_path, coffee, name):
    kind = {"no ending": "png", "a.webp": "webp"}.get(name)
    save(coffee, tmp_path / name, format=kind, lossless=True)
    np.testing.assert_array_equal(data.read_image(tmp_path / name), coffee)
    np.testing.assert_array_equal(data.read_image(str(tmp_path / name)), coffee)  # a path as text serves too


def test_grey_becomes_three_equal_channels(tmp_path, coffee):
    grey = coffee[..., 0]
    got = data.read_image(save(grey, tmp_path / "grey.png"))
    np.testing.assert_array_equal(got, np.stack([grey] * 3, axis=-1))
    got = data.read_image(save((grey > 99), tmp_path / "bits.png"))
    assert set(np.unique(got)) == {0, 255} and got.shape == (*grey.shape, 3)


def test_one_pixel(tmp_path):
    one = np.array([[[3, 2, 1]]], np.uint8)
    np.testing.assert_array_equal(data.read_image(save(one, tmp_path / "one.png")), one)
    grey = data.read_image(save(one[..., 0], tmp_path / "grey.png"))
    assert grey.tolist() == [[[3, 3, 3]]]


def test_transparent_parts_lie_on_white(tmp_path, coffee):
    alpha = np.zeros(coffee.shape[:2], np.uint8)
    alpha[:, 40:], alpha[:, 60:] = 128, 255
    rgba = np.dstack([coffee, alpha])
    right = np.rint(coffee * (alpha[..., None] / 255) + 255 * (1 - alpha[..., None] / 255))
    for name in ("a.png", "a.webp"):
        got = data.read_image(save(rgba, tmp_path / name, lossless=True, exact=True))
        assert np.abs(got.astype(int) - right).max() <= 1
        assert (got[:, :40] == 255).all() and np.array_equal(got[:, 60:], coffee[:, 60:])
    got = data.read_image(save(rgba, tmp_path / "grey.png", mode="LA"))
    assert (got[:, :40] == 255).all() and (got[..., 0] == got[..., 2]).all()


def test_palettes_and_animations(tmp_path, coffee):
    path = save(coffee, tmp_path / "a.png", mode="P")
    close(data.read_image(path), np.asarray(Image.open(path).convert("RGB")), 0)
    seen = Image.new("P", (2, 1))
    seen.putpalette([255, 0, 0, 0, 0, 255])
    seen.putdata([0, 1])
    seen.save(tmp_path / "hole.png", transparency=1)
    assert data.read_image(tmp_path / "hole.png").tolist() == [[[255, 0, 0], [255, 255, 255]]]
    red, blue = Image.new("RGB", (4, 3), "red"), Image.new("RGB", (4, 3), "blue")
    red.save(tmp_path / "a.gif", save_all=True, append_images=[blue])
    assert (data.read_image(tmp_path / "a.gif") == [255, 0, 0]).all()  # the first frame


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bits_are_not_cut_off_at_255(tmp_path, name):
    deep = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / name)
    assert data.read_image(tmp_path / name)[0, :, 1].tolist() == [0, 0, 1, 128, 255]


def test_16_bit_colour_and_portable_grey(tmp_path):
    deep = np.array([[[0, 256, 65535], [32768, 255, 512]]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1].copy())
    assert data.read_image(tmp_path / "a.png").tolist() == [[[0, 1, 255], [128, 0, 2]]]
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 65535\n\x80\x00\xff\xff")
    assert data.read_image(tmp_path / "a.pgm")[0, :, 0].tolist() == [128, 255]


@pytest.mark.parametrize("kind", ["int32", "float32"])
def test_numbers_without_a_white_are_refused(tmp_path, kind):
    save(np.array([[0, 1], [2, 300]], kind), tmp_path / "a.tif")
    with pytest.raises(data.DataError, match=r"^a\.tif holds .* numbers of 32 bits.*Scale them"):
        data.read_image(tmp_path / "a.tif")


def test_a_cmyk_jpeg_has_its_own_colours(tmp_path, coffee):
    path = save(coffee, tmp_path / "a.jpg", mode="CMYK", quality=95)
    assert Image.open(path).mode == "CMYK"
    close(data.read_image(path), coffee, 6)
    assert np.abs(data.read_image(path).astype(int) - (255 - coffee.astype(int))).mean() > 50  # not inverted


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photograph_stands_upright(tmp_path, coffee, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    save(coffee, tmp_path / "a.png", exif=exif)
    grey = save(coffee[..., 0].astype(np.uint16) * 256, tmp_path / "deep.png", exif=exif)
    upside = {1: 0, 2: 0, 3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}[turn]  # quarter turns to the left ...
    right = np.rot90(coffee, upside)
    if turn in (2, 4, 5, 7):  # ... and some are mirrored
        right = right[:, ::-1]
    np.testing.assert_array_equal(data.read_image(tmp_path / "a.png"), right)
    np.testing.assert_array_equal(data.read_image(grey)[..., 0], right[..., 0])


def test_a_broken_note_on_the_camera_does_not_cost_the_picture(tmp_path, coffee):
    save(coffee, tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\xff\xff")
    np.testing.assert_array_equal(data.read_image(tmp_path / "a.png"), coffee)


def test_40_megapixels(tmp_path):
    large = Image.new("RGB", (8000, 5000), (200, 100, 50))
    large.putpixel((7999, 0), (1, 2, 3))
    large.save(tmp_path / "large.png", compress_level=1)
    got = data.read_image(tmp_path / "large.png")
    assert got.shape == (5000, 8000, 3) and got[0, 7999].tolist() == [1, 2, 3]
    assert got[4999, 0].tolist() == [200, 100, 50]


def test_a_bomb_is_refused_and_a_large_photograph_gives_no_warning(tmp_path, monkeypatch, recwarn):
    save(np.zeros((30, 50), np.uint8), tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert data.read_image(tmp_path / "a.png").shape == (30, 50, 3) and not recwarn.list
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    with pytest.raises(data.DataError, match="^a.png is too large: more than .* megapixels. Save it smaller"):
        data.read_image(tmp_path / "a.png")


BAD = {
    "page.jpg": (b"<!DOCTYPE html><title>404</title>", "it is a web page"),
    "page2.png": (b"\xef\xbb\xbf\n<html><body>no</body></html>", "it is a web page"),
    "drawing.png": (b'<?xml version="1.0"?><svg xmlns="x"></svg>', "it is an SVG drawing"),
    "notes.png": ("Größe: 3 x 4\n".encode(), "it is a text"),
    "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    "noise.dat": (bytes(range(256)) * 4, "its bytes are of another kind, or damaged"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("read", [data.read_image, data.frames], ids=["picture", "video"])
def test_what_is_no_picture_and_no_video(tmp_path, name, read):
    content, what = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(data.DataError, match=rf"^{name} is no (picture|video).*{what}") as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value) and "ownload" in str(caught.value)


@pytest.mark.parametrize("read", [data.read_image, data.frames], ids=["picture", "video"])
def test_missing_empty_and_folders(tmp_path, read):
    with pytest.raises(data.DataError, match=r"^a\.png is missing: .* Check the spelling"):
        read(tmp_path / "a.png")
    with pytest.raises(data.DataError, match=r"^a\.png is missing"):
        read(tmp_path / "no such folder" / "a.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(data.DataError, match=r"^empty\.png is empty: copy or download it again"):
        read(tmp_path / "empty.png")
    (tmp_path / "folder").mkdir()
    with pytest.raises(data.DataError, match=r"^folder is a folder: name a file in it"):
        read(tmp_path / "folder")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.bmp", "a.gif"])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
def test_a_truncated_picture_is_never_half_a_picture(tmp_path, coffee, name, share):
    save(np.tile(coffee, (4, 4, 1)), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(data.DataError, match=rf"^{name} is (cut off or damaged|no picture)") as caught:
        data.read_image(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_damaged_middle_is_told(tmp_path, coffee):
    path = save(coffee, tmp_path / "a.png")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=r"^a\.png is cut off or damaged"):
        data.read_image(path)


def film(path, pictures, size=None, codec="MJPG"):
    """Write RGB pictures, 20 a second; `size` is (width, height), by default theirs."""
    size = size or pictures[0].shape[1::-1]
    with quiet():
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 20, size)
        for picture in pictures:
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        writer.release()
    return path


@pytest.fixture(scope="module")
def shots(coffee):
    """40 frames, ever brighter."""
    return [np.clip(coffee.astype(int) // 2 + 2 * number, 0, 255).astype(np.uint8) for number in range(40)]


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v")])
def test_frames_come_in_order_and_in_rgb(tmp_path, shots, name, codec):
    got = list(data.frames(film(tmp_path / name, shots, codec=codec)))
    assert len(got) == 40
    for ours, right in zip(got, shots, strict=True):
        close(ours, right, 8)
    means = [frame.mean() for frame in got]
    assert means == sorted(means)
    red, _, blue = got[0].astype(float).mean(axis=(0, 1))
    assert red > blue + 10  # coffee is brown: the channels are in their places


def test_reading_can_stop_early_and_begin_again(tmp_path, shots):
    path = film(tmp_path / "a.avi", shots)
    assert next(data.frames(path)).shape == shots[0].shape
    assert sum(1 for _ in data.frames(path)) == 40


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
def test_a_video_that_ends_early_gives_its_frames_and_then_one_error(tmp_path, shots, share, capfd):
    path = film(tmp_path / "a.avi", shots)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(int(share * len(whole)), 8000)])
    got = []
    with pytest.raises(
        data.DataError, match=r"^a\.avi ends early: \d+ of 40 frames can be read\. .*again$"
    ) as caught:
        for frame in data.frames(path):
            got.append(frame)
    assert 1 <= len(got) <= 40 * share + 3 and f" {len(got)} of" in str(caught.value)
    close(got[0], shots[0], 8)
    assert capfd.readouterr().err == ""  # the decoder complains to nobody


def test_a_truncated_mp4_has_lost_its_table_of_contents(tmp_path, shots):
    path = film(tmp_path / "a.mp4", shots, codec="mp4v")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(data.DataError, match=r"^a\.mp4 is no video that OpenCV can read.*copy or download"):
        data.frames(path)


def test_a_video_without_frames(tmp_path, shots):
    height, width = shots[0].shape[:2]
    path = film(tmp_path / "a.avi", shots, size=(height, width))  # the other way round: nothing is written
    with pytest.raises(data.DataError, match=r"^a\.avi holds no frames.*\(width, height\)"):
        data.frames(path)
