"""Whatever can be wrong with pictures and boxes of one's own: one clear line each, and the rest is read."""

import json
import os
import stat
import zipfile

import numpy as np
import pytest
from PIL import Image

from scripts import data
from scripts.data.own_sets import unzipped
from tests.test_read_any import CAT, FORMS, coco, every, picture, read, table, voc, yolo


def good(folder, form=yolo, name="good.png", **named):
    form(folder, {picture(folder / name): CAT}, **named)


# names


@pytest.mark.parametrize("form", FORMS)
def test_names_of_classes_and_pictures(tmp_path, form):
    """Spaces, accents in one or two characters, slashes, quotes; nothing is made of them but texts."""
    names = ["../up/down", "a, b; 'c'", "café", "red fox", "赤い\u30ad\u30c4\u30cd"]
    marked = {
        picture(tmp_path / "on two lines" / f"été {i} (x) {'qwert'[i]}.png"): [(name, (1, 1, 9, 9))]
        for i, name in enumerate(names)
    }
    FORMS[form](tmp_path, marked)
    parts = read(tmp_path)
    assert parts.classes == tuple(names) and parts.skipped == () and len(every(parts)) == 5
    # a Mac's accents, in the pictures' names and in the file
    for path in tmp_path.rglob("*.*"):
        if path.suffix != ".png":
            path.write_text(path.read_text(encoding="utf-8").replace("café", "cafe\u0301"), encoding="utf-8")
    for path in marked:
        path.rename(path.with_name(path.name.replace("é", "e\u0301")))
    assert read(tmp_path).classes == tuple(names) and read(tmp_path).skipped == ()


# boxes

BOXES = {
    "outside": ((50, 5, 60, 9), "a box outside the picture of 40 x 30: 50, 5, 60, 9"),
    "inverted": ((12, 5, 9, 9), "cat: an inverted box: "),
    "zero": ((9, 5, 9, 9), "cat: a zero-size box: "),
    "cut": ((30, 5, 60, 9), "cat: a box cut at the border of the picture"),
}


@pytest.mark.parametrize("kind", BOXES)
@pytest.mark.parametrize("form", FORMS)
def test_bad_boxes_are_named(tmp_path, form, kind):
    box, reason = BOXES[kind]
    if kind == "zero" and "VOC" in form or "xmin" in form and kind == "zero":
        # as such files have it: xmin = xmax
        box = (8, 5, 9, 9)
    marked = {picture(tmp_path / "a.png"): [("cat", box), *CAT], picture(tmp_path / "b.png"): [("cat", box)]}
    FORMS[form](tmp_path, marked)
    parts = read(tmp_path)
    cut = [("cat", (30, 5, 40, 9))] * (kind == "cut")
    assert every(parts) == {"a.png": cut + CAT} | ({"b.png": cut} if cut else {})
    assert len([line for line in parts.skipped if reason in line]) == 2
    left_out = [
        line
        for line in parts.skipped
        if "none of its objects can be used, so the picture is left out" in line
    ]
    assert len(left_out) == (not cut) and len(parts.skipped) == 3 - bool(cut)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "0 50 40 25 10",
            "cat: shares of width and height (0 to 1) are expected, these may be percent or pixels: 50 40 25 10",
        ),
        ("0 320 240 25 10", "these may be pixels: 320 240 25 10"),
        ("0 0.5 0.5 0.2", "4 numbers, a class and a box have five"),
        ("0 0.5 0.5 0.2 0.2 0.9", "6 numbers"),
        ("3 0.5 0.5 0.2 0.2", "class 3 has no name: data.yaml has 1 names, from 0"),
        ("-1 0.5 0.5 0.2 0.2", "class -1 has no name"),
        ("cat 0.5 0.5 0.2 0.2", "'cat' is no number"),
        ("0 0.5 nan 0.2 0.2", "'nan' is no number"),
        ("0 0.5 0.5 -0.2 0.2", "cat: an inverted box"),
        ("0 0.5 0.5 1e-9 0.2", "cat: a zero-size box: "),
    ],
)
def test_bad_lines_of_yolo(tmp_path, line, reason):
    good(tmp_path)
    (tmp_path / "good.txt").write_text(f"0 0.5 0.5 0.5 0.5\n{line}\n")
    parts = read(tmp_path)
    assert parts.train.boxes[0].tolist() == [[10, 7.5, 30, 22.5]]
    assert (
        len(parts.skipped) == 1 and parts.skipped[0].startswith("good.txt: ") and reason in parts.skipped[0]
    )


@pytest.mark.parametrize("head", ["xmin,ymin,xmax,ymax", "x1,y1,x2,y2"])
def test_shares_in_a_table_of_pixels(tmp_path, head):
    good(tmp_path, table, head=head)
    path = tmp_path / "labels.csv"
    path.write_text(
        path.read_text()
        + "\ngood.png,40,30,dog,0.1,0.2,0.5,0.6\ngood.png,40,30,dog,1,,5,6\ngood.png,40,30,,1,2,5,6"
    )
    parts = read(tmp_path)
    assert parts.classes == ("cat",) and len(parts.skipped) == 3
    assert (
        "labels.csv: good.png: line 3: dog: pixels are expected, these may be shares of width"
        in parts.skipped[0]
    )
    assert (
        "line 4: dog: '' is no number" in parts.skipped[1]
        and "line 5: an object without a name" in parts.skipped[2]
    )


def test_line_ends_of_old_macs_in_a_table(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_bytes(b"filename,class,x1,y1,x2,y2\ra.png,cat,2,3,12,13\r")
    assert every(read(tmp_path)) == {"a.png": [("cat", (2, 3, 12, 13))]}


def test_a_quote_that_is_not_closed(tmp_path):
    """It swallows the lines up to the next quote: nothing of that is taken for a class."""
    marked = {picture(tmp_path / f"{name}.png"): CAT for name in "abc"}
    table(tmp_path, marked)
    path = tmp_path / "labels.csv"
    path.write_text(path.read_text().replace('"cat"', '"cat', 1))
    parts = read(tmp_path)
    told = "labels.csv: a.png: line 2: a line break in the name of a class: a quote before it is not closed"
    assert list(every(parts)) == ["c.png"] and parts.skipped[0] == told
    assert parts.skipped[-1] == "b.png: no annotation in the form CSV" and len(parts.skipped) == 3


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["a.png,20,15,9,9,cat"] * 3, "has no line of names, and in 3 of its 3 lines the last two numbers"),
        (["a.png,2,3,12,13,7"], "has no line of names, and 1 columns of pictures, 5 of numbers, 0 of words"),
        (["a.png,b.png,2,3,12,13"], "2 columns of pictures, 4 of numbers, 0 of words"),
        (["a.png,cat,tail,2,3,12,13"], "1 columns of pictures, 4 of numbers, 2 of words"),
    ],
)
def test_a_table_without_names_that_is_not_clear(tmp_path, lines, reason):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    with pytest.raises(data.DataError) as caught:
        read(tmp_path)
    text = str(caught.value)
    assert "labels.csv: has no line of names, and" in text and reason in text
    cure = "write a first line with the names of the columns, such as filename,class,xmin,ymin,xmax,ymax"
    assert cure in text and "\n" not in text


def test_a_list_of_pictures_is_no_table_of_boxes(tmp_path):
    """Pictures and classes without a number: it is left aside without a word."""
    good(tmp_path, coco)
    (tmp_path / "kinds.csv").write_text("good.png,cat\n")
    assert read(tmp_path).skipped == () and "CSV" not in read(tmp_path).report


def test_several_names_for_a_table_without_classes(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("filename,x1,y1,x2,y2\na.png,2,3,12,13\n")
    told = (
        r"labels\.csv: has no column of classes, and 2 names are given: give the one that it is of\. Looked"
    )
    with pytest.raises(data.DataError, match=told):
        read(tmp_path, classes=["cat", "dog"])


# pictures


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_photograph(tmp_path, turn):
    """Boxes are on the picture as it is shown; where a file's size is that of the picture as stored, they are turned with it."""
    exif, stored = Image.Exif(), np.zeros((30, 40, 3), np.uint8)
    exif[0x0112] = turn
    stored[3:13, 2:22] = 255
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    rows, columns = np.nonzero(data.read_image(tmp_path / "a.png")[..., 0])
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    shown = (40, 30) if turn < 5 else (30, 40)
    table(tmp_path, {tmp_path / "a.png": [("cat", seen)]}, "x1,y1,x2,y2")
    text = (tmp_path / "labels.csv").read_text()
    (tmp_path / "labels.csv").write_text(text.replace("a.png,40,30", "a.png,{},{}".format(*shown)))
    parts = read(tmp_path)
    assert parts.train.boxes[0].tolist() == [seen] and parts.train.sizes == [shown] and parts.skipped == ()
    assert read(tmp_path, check=False).train.sizes == [shown]
    if turn >= 5:
        table(tmp_path, {tmp_path / "a.png": [("cat", (2, 3, 22, 13))]}, "x1,y1,x2,y2")
        parts = read(tmp_path)
        assert parts.train.boxes[0].tolist() == [seen]
        assert "1 pictures had boxes on the picture as stored; they were turned with it" in parts.report


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "16 bits"])
@pytest.mark.parametrize("form", ["YOLO", "COCO"])
def test_grey_alpha_and_16_bits(tmp_path, mode, form):
    path = picture(tmp_path / "a.png", mode="L" if mode == "16 bits" else mode)
    if mode == "16 bits":
        Image.fromarray(np.full((30, 40), 40_000, np.uint16)).save(path)
    FORMS[form](tmp_path, {path: CAT})
    parts = read(tmp_path)
    assert (
        parts.skipped == () and parts.train.images[0].shape == (30, 40, 3) and every(parts) == {"a.png": CAT}
    )


def test_an_animation_and_a_truncated_picture(tmp_path):
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    yolo(
        tmp_path,
        {
            tmp_path / "moves.gif": CAT,
            picture(tmp_path / "half.jpg"): CAT,
            picture(tmp_path / "page.png"): CAT,
        },
    )
    (tmp_path / "half.jpg").write_bytes((tmp_path / "half.jpg").read_bytes()[:600])
    (tmp_path / "page.png").write_text("<!DOCTYPE html><title>404</title>")
    parts = read(tmp_path)
    assert list(every(parts)) == ["moves.gif"] and len(parts.skipped) == 3
    assert parts.train.skipped == (
        "moves.gif: 3 frames or pages: the first is taken, the others are left out",
    )
    for reason in ("half.jpg: half.jpg is cut off or damaged", "page.png: page.png is no picture"):
        assert sum(line.startswith(reason) for line in parts.skipped) == 1


def test_a_missing_picture_of_a_table_is_told_once_with_the_number_of_its_lines(tmp_path):
    picture(tmp_path / "here.png")
    lines = ["gone.png,cat,1,2,9,9"] * 3 + ["here.png,cat,1,2,9,9", "lost.png,cat,1,2,9,9"]
    (tmp_path / "boxes.csv").write_text("\n".join(["filename,class,xmin,ymin,xmax,ymax", *lines]))
    assert read(tmp_path).skipped == (
        "boxes.csv: line 2: there is no picture 'gone.png', and 2 more of its lines",
        "boxes.csv: line 6: there is no picture 'lost.png'",
    )


@pytest.mark.parametrize("form", FORMS)
def test_an_annotation_for_a_missing_picture_and_the_reverse(tmp_path, form):
    FORMS[form](tmp_path, {picture(tmp_path / f"{name}.png"): CAT for name in ("here", "gone")})
    (tmp_path / "gone.png").unlink()
    picture(tmp_path / "bare.png")
    parts = read(tmp_path)
    # beside data.yaml a picture without a label file is one without objects
    empty = form in ("YOLO", "YOLO, six decimals")
    assert every(parts) == {"here.png": CAT} | ({"bare.png": []} if empty else {})
    assert len([line for line in parts.skipped if "there is no picture" in line and "gone" in line]) == 1
    assert (
        len(parts.skipped) == 2 - empty
        and any("bare.png: no annotation" in line for line in parts.skipped) != empty
    )


@pytest.mark.parametrize("form", ["VOC beside the pictures", "YOLO", "YOLO, classes.txt"])
def test_two_pictures_with_one_stem(tmp_path, form):
    FORMS[form](tmp_path, {picture(tmp_path / "a.png"): CAT, picture(tmp_path / "b.png"): CAT})
    picture(tmp_path / "a.jpg")
    parts = read(tmp_path)
    if "VOC" in form:
        # the annotation names one of them
        assert list(every(parts)) == ["a.png", "b.png"] and parts.skipped == (
            "a.jpg: no annotation in the form Pascal VOC",
        )
        path = tmp_path / "a.xml"
        path.write_text(path.read_text().replace("a.png", "other.png"))
        parts = read(tmp_path)
    told = "2 pictures have this stem, which one is meant is not known: a.jpg, a.png"
    assert list(every(parts)) == ["b.png"] and [line.partition(": ")[2] for line in parts.skipped] == [told]


def test_one_name_in_several_folders(tmp_path):
    """In folders of their own annotations find their pictures; a name that stands for two pictures is refused."""
    marked = {picture(tmp_path / folder / "images" / "a.png"): CAT for folder in ("one", "two")}
    voc(tmp_path, marked)
    for path in marked:
        (path.parent.parent / "labels").mkdir()
        path.with_suffix(".xml").rename(path.parent.parent / "labels" / "a.xml")
    parts = read(tmp_path)
    assert parts.skipped == () and len(parts.train) + len(parts.test) == 2
    good(tmp_path, coco)
    content = json.loads((tmp_path / "labels.json").read_text())
    content["images"].append({"id": 7, "file_name": "a.png"})
    content["images"].append({"id": 8, "file_name": "/some/where/two/images/a.png"})
    (tmp_path / "labels.json").write_text(json.dumps(content))
    parts = read(tmp_path, form="coco")
    assert list(every(parts)) == ["good.png", "a.png"] or list(every(parts)) == ["a.png", "good.png"]
    assert (
        "labels.json: 2 pictures have this name, which one is meant is not known: one/images/a.png, two"
        in parts.skipped[0]
    )


def test_a_label_of_another_part(tmp_path):
    """train/a.txt is not taken for a label of test/a.png."""
    marked = {picture(tmp_path / "images" / part / f"{part}.png"): CAT for part in ("train", "test")}
    yolo(tmp_path, marked)
    picture(tmp_path / "images" / "test" / "a.png")
    (tmp_path / "images" / "train" / "a.txt").write_text("0 0.5 0.5 0.5 0.5")
    parts = read(tmp_path)
    assert every(parts)["a.png"] == [] and parts.skipped == ("images/train/a.txt: there is no picture a",)


def test_an_annotation_that_cannot_be_read_is_one_line(tmp_path):
    """Its picture is left out with it; one of the same name elsewhere that nobody marked is named by itself."""
    voc(tmp_path, {picture(tmp_path / "one" / f"{name}.png"): CAT for name in "ab"})
    (tmp_path / "one" / "a.xml").write_text("<annotation>")
    picture(tmp_path / "two" / "a.png")
    parts = read(tmp_path)
    assert list(every(parts)) == ["b.png"] and len(parts.skipped) == 2
    assert parts.skipped[0].startswith("one/a.xml: is no XML: ")
    assert parts.skipped[1] == "two/a.png: no annotation in the form Pascal VOC"


def test_two_annotations_of_one_picture(tmp_path):
    good(tmp_path, coco)
    coco(tmp_path, {tmp_path / "good.png": CAT}, "same.json")
    assert read(tmp_path).skipped == ()
    coco(tmp_path, {tmp_path / "good.png": [("cat", (1, 1, 5, 5))]}, "same.json")
    assert read(tmp_path).skipped == (
        "same.json: good.png: good.png has other boxes in labels.json: good.png, which is used",
    )


def test_the_size_of_another_picture(tmp_path):
    good(tmp_path, coco)
    voc(tmp_path, {picture(tmp_path / "b.png"): CAT, picture(tmp_path / "c.png"): CAT})
    picture(tmp_path / "b.png", (50, 30))
    told = read(tmp_path, form="voc").skipped[0]
    assert told.startswith(
        "b.xml: its size is 40 x 30 there, the picture has 50 x 30: its boxes may belong to another"
    )


# files


def test_a_coco_file_of_another_set(tmp_path):
    coco(tmp_path, {picture(tmp_path / f"{i:012d}.png"): CAT for i in range(30)}, "val.json")
    for path in tmp_path.glob("*.png"):
        path.unlink()
    picture(tmp_path / "mine.png")
    with pytest.raises(
        data.DataError, match=r"val\.json: a COCO file of another set: 30 pictures are named, none is here"
    ):
        read(tmp_path)
    good(tmp_path, coco)
    parts = read(tmp_path)
    assert (
        list(every(parts)) == ["good.png"]
        and len(parts.skipped) == 2
        and "of another set" in parts.skipped[0]
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bbox": [1, 2, 3]}, "annotation 0: cat: no box of four numbers"),
        ({"bbox": [1, 2, "x", 3]}, "annotation 0: cat: 'x' is no number"),
        ({"bbox": [0.1, 0.2, 0.3, 0.4]}, "annotation 0: cat: pixels are expected, these may be shares"),
        ({"category_id": 99}, "annotation 0: there is no category 99"),
        ({"image_id": 99}, "annotation 0: there is no picture with the id 99"),
        # int() would make of these the ids of others
        ({"category_id": 3.5}, "annotation 0: there is no category 3.5"),
        ({"image_id": False}, "annotation 0: there is no picture with the id False"),
        ({"image_id": 0.5}, "annotation 0: there is no picture with the id 0.5"),
    ],
)
def test_bad_entries_of_coco(tmp_path, change, reason):
    marked = {picture(tmp_path / "good.png"): [("cat", (1, 1, 5, 5)), *CAT]}
    coco(tmp_path, marked)
    content = json.loads((tmp_path / "labels.json").read_text())
    content["annotations"][0] |= change
    content["annotations"].append(content["annotations"][1] | {"iscrowd": 1, "bbox": [0, 0, 4, 4]})
    (tmp_path / "labels.json").write_text(json.dumps(content))
    parts = read(tmp_path)
    assert every(parts) == {"good.png": [*CAT, ("cat", (0, 0, 4, 4))]} and len(parts.skipped) == 1
    assert reason in parts.skipped[0] and parts.train.difficult[0].tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("labels.json", '{"images": [', "labels.json: is no JSON, or cut off"),
        ("data.yaml", "names: [cat\n", "data.yaml is no YAML"),
        (
            "data.yaml",
            # nothing of it is run: it is a name, and there are no labels
            "names: !!python/object/apply:os.mkdir [ran]\n",
            "Seen: 1 pictures, 1 of .yaml.",
        ),
        (
            "a.txt",
            "0 0.5 0.5 0.1 0.1\n",
            "labels in YOLO's form, but no data.yaml or classes.txt with a name a line",
        ),
        ("a.xml", "<annotation><object>", "a.xml: is no XML"),
        (
            "labels.csv",
            "filename,class,xmin,ymin,xmax,ymax\nb.png,cat,1,1,5,5\n",
            "labels.csv: line 2: there is no picture 'b.png'",
        ),
        ("notes.csv", "name,price\nfox,3\n", "Seen: 1 pictures, 1 of .csv."),
        ("via.json", '{"images": 3}', "Seen: 1 pictures, 1 of .json."),
    ],
)
def test_a_folder_that_is_none_of_these(tmp_path, name, content, reason):
    picture(tmp_path / "a.png")
    (tmp_path / name).write_text(content)
    with pytest.raises(data.DataError) as caught:
        read(tmp_path)
    text = str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.png", name])
    assert (
        reason in text
        and "Looked for: Pascal VOC" in text
        and "Seen: 1 pictures" in text
        and "\n" not in text
    )


def test_folders_that_are_not_there_empty_or_without_objects(tmp_path):
    with pytest.raises(data.DataError, match="^nowhere is missing: there is no such folder or zip file"):
        read(tmp_path / "nowhere")
    with pytest.raises(data.DataError, match=r"Seen: no files at all\.$"):
        read(tmp_path)
    with pytest.raises(
        data.DataError, match="^a.json is a file: name the folder that it is in, or a zip file"
    ):
        (tmp_path / "a.json").write_text("{}")
        read(tmp_path / "a.json")
    with pytest.raises(data.DataError, match="form is one of voc, yolo, coco, csv, not 'xml'"):
        read(tmp_path, form="xml")
    with pytest.raises(data.DataError, match="shares are three numbers"):
        read(tmp_path, shares=(1, 2))
    voc(tmp_path, {picture(tmp_path / "a.png"): []})
    with pytest.raises(data.DataError, match="there is no object in any of its pictures"):
        read(tmp_path)


# zips


def packed(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


@pytest.mark.parametrize("name", ["../../up.png", "a/../../up.png", "/tmp/up.png", "..\\up.png", "C:/up.png"])
def test_a_zip_with_paths_upwards(tmp_path, name):
    path = (
        packed(tmp_path / "in" / "a.zip", {"a.txt": "x", name: "x"})
        if (tmp_path / "in").mkdir() is None
        else None
    )
    with pytest.raises(
        data.DataError, match=r"^a\.zip: '.*up\.png' leads out of its folder; nothing of it was unpacked$"
    ):
        read(path)
    assert os.listdir(tmp_path) == ["in"] and os.listdir(tmp_path / "in") == ["a.zip"]


def test_zips_that_cannot_be_unpacked(tmp_path, monkeypatch):
    link = zipfile.ZipInfo("passwords")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(data.DataError, match="'passwords' is a link or no file; nothing of it was unpacked"):
        read(packed(tmp_path / "link.zip", {link: "/etc/passwd"}))
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(3_000_000))
    with pytest.raises(data.DataError, match=r"bomb\.zip holds 1 files of 0\.0 GB unpacked, more than"):
        unzipped.unzip(bomb, largest=2_000_000)
    (tmp_path / "half.zip").write_bytes(bomb.read_bytes()[:-40])
    (tmp_path / "page.zip").write_text("<html>")
    for name in ("half.zip", "page.zip"):
        with pytest.raises(data.DataError, match=f"^{name} is no zip file, cut off or damaged"):
            read(tmp_path / name)
    content = bytearray(packed(tmp_path / "bits.zip", {"a.png": b"12345678"}).read_bytes())
    content[content.index(b"12345678")] ^= 255
    (tmp_path / "bits.zip").write_bytes(content)
    with pytest.raises(data.DataError, match="^bits.zip is no zip file, cut off or damaged"):
        read(tmp_path / "bits.zip")
    (tmp_path / "bomb_unpacked").mkdir()
    with pytest.raises(
        data.DataError, match="the folder bomb_unpacked is there already and is not what this zip holds"
    ):
        read(bomb)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["bomb_unpacked"]


def test_a_folder_with_nothing_but_a_zip(tmp_path):
    packed(tmp_path / "a.zip", {"a.txt": "x"})
    with pytest.raises(data.DataError, match=r"Seen: 1 of \.zip\. Name the zip file itself: a\.zip\.$"):
        read(tmp_path)
