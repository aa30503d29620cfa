"""Pictures with boxes in whatever form: equal sets from every form, parts by lists and by groups, and what is said."""

import json
import unicodedata
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from scripts import data
from scripts.data.own_sets.box_parts import _split
from scripts.data.own_sets.groups import groups_of
from scripts.data.scenes import Scenes
from scripts.data.voc_write import annotation

CAT = [("cat", (2, 3, 12, 13))]


def picture(path, size=(40, 30), mode="RGB", **named):
    """A picture of (width, height) without meaning."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **named)
    return path


def size_of(path):
    with Image.open(path) as opened:
        return opened.size


def voc(folder, marked, beside=True):
    """Annotations of {picture: objects} beside the pictures, or in Annotations; with `beside` False there are lists, too."""
    for path, things in marked.items():
        boxes, names = [box for _, box in things], [name for name, _ in things]
        target = (path.parent if beside else folder / "Annotations") / f"{path.stem}.xml"
        target.parent.mkdir(parents=True, exist_ok=True)
        annotation(path.name, (*size_of(path)[::-1], 3), boxes, names).write(target, encoding="utf-8")


def yolo(folder, marked, names=None, decimals=17, described=True):
    """Labels of {picture: objects} beside the pictures, with data.yaml or classes.txt."""
    names = names or sorted({name for things in marked.values() for name, _ in things})
    for path, things in marked.items():
        width, height = size_of(path)
        lines = []
        for name, (x1, y1, x2, y2) in things:
            shares = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
            lines.append(" ".join([str(names.index(name)), *(f"{share:.{decimals}f}" for share in shares)]))
        path.with_suffix(".txt").write_text("\n".join(lines), encoding="utf-8")
    if described:
        (folder / "data.yaml").write_text(f"names: {json.dumps(names)}\n", encoding="utf-8")
    else:
        (folder / "classes.txt").write_text("\n".join(names), encoding="utf-8")


def coco(folder, marked, name="labels.json", **more):
    """One JSON for {picture: objects}, whose categories begin with 3."""
    names = sorted({name for things in marked.values() for name, _ in things})
    content = {"images": [], "annotations": [], "categories": []} | more
    content["categories"] += [{"id": 3 + i, "name": name} for i, name in enumerate(names)]
    for i, (path, things) in enumerate(marked.items()):
        width, height = size_of(path)
        content["images"].append({"id": i, "file_name": path.name, "width": width, "height": height})
        for thing, (x1, y1, x2, y2) in things:
            box = [x1, y1, x2 - x1, y2 - y1]
            entry = {"id": len(content["annotations"]), "image_id": i, "bbox": box}
            content["annotations"].append(entry | {"category_id": 3 + names.index(thing)})
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


HEADS = {
    "xmin,ymin,xmax,ymax": lambda x1, y1, x2, y2: (x1 + 1, y1 + 1, x2, y2),
    "x1,y1,x2,y2": lambda x1, y1, x2, y2: (x1, y1, x2, y2),
    "x,y,w,h": lambda x1, y1, x2, y2: (x1, y1, x2 - x1, y2 - y1),
}


def table(folder, marked, head="xmin,ymin,xmax,ymax", name="labels.csv"):
    """A table of {picture: objects}; a picture without objects has a line without a box."""
    lines = [f"filename,width,height,class,{head}"]
    for path, things in marked.items():
        start = ",".join(map(str, (path.name, *size_of(path))))
        lines += [",".join(map(str, (start, f'"{thing}"', *HEADS[head](*box)))) for thing, box in things]
        lines += [f"{start},,,,,"] * (not things)
    (folder / name).write_text("\n".join(lines), encoding="utf-8")


FORMS = {
    "VOC beside the pictures": voc,
    "VOC in two folders": lambda folder, marked: voc(folder, marked, beside=False),
    "YOLO": yolo,
    "YOLO, six decimals": lambda folder, marked: yolo(folder, marked, decimals=6),
    "YOLO, classes.txt": lambda folder, marked: yolo(folder, marked, described=False),
    "COCO": coco,
    **{f"CSV {head}": lambda folder, marked, head=head: table(folder, marked, head) for head in HEADS},
}


def unnamed(folder, marked, sized=False, classes=True, name="labels.csv"):
    """A table without a line of names: picture, corners, class; or picture, size, class and Pascal VOC's corners."""
    lines = []
    for path, things in marked.items():
        for thing, box in things:
            numbers = [*size_of(path), *HEADS["xmin,ymin,xmax,ymax"](*box)] if sized else list(box)
            numbers[2:2] = [f'"{thing}"'] if sized and classes else []
            lines.append([path.name, *numbers, *([f'"{thing}"'] if classes and not sized else [])])
        lines += [[path.name, *[""] * 5]] * (not things)
    text = "\n".join(",".join(map(str, line)) for line in lines)
    (folder / name).write_text(text, encoding="utf-8")


UNNAMED = {
    "CSV without names of columns": unnamed,
    "CSV without names of columns, with sizes": lambda folder, marked: unnamed(folder, marked, sized=True),
}


def read(folder, **named):
    """The parts; every picture of the folder is in one of them, or named in `skipped`, whatever is wrong with it."""
    parts = data.read_any(folder, **{"tell": False} | named)
    there = {path for one in (parts.train, parts.validation, parts.test) for path in one.images.files}
    for path in folder.rglob("*.*") if folder.is_dir() else ():
        if path.suffix in (".png", ".jpg", ".gif") and path not in there:
            assert any(unicodedata.normalize("NFC", path.stem) in line for line in parts.skipped), path
    return parts


def every(parts):
    """The pictures of all parts by name: classes and boxes of the objects."""
    found = {}
    for one in (parts.train, parts.validation, parts.test):
        for file, boxes, labels in zip(one.images.files, one.boxes, one.labels, strict=True):
            found[file.name] = [
                (one.classes[k], tuple(box)) for k, box in zip(labels, boxes.tolist(), strict=True)
            ]
    return found


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A folder by write_voc: nine scenes to train, one of them without objects, and three to test."""
    folder = tmp_path_factory.mktemp("scenes")
    for part, count in (("train", 9), ("test", 3)):
        made = data.load_scenes(count, part)
        boxes, labels = list(made.boxes), list(made.labels)
        boxes[1], labels[1] = boxes[1][:0], labels[1][:0]
        data.write_voc(Scenes(made.images, boxes, labels), folder, part)
    return folder


def test_write_voc_comes_back_with_its_lists(scenes):
    parts, voc_set = read(scenes), data.read_voc(scenes, "test")
    assert [len(one) for one in (parts.train, parts.validation, parts.test)] == [7, 2, 3]
    assert "by lists, which have no validation: taken from train by group and seed 0" in parts.report
    assert [path.name for path in parts.test.images.files] == [path.name for path in voc_set.images.files]
    for a, b in zip(parts.test.boxes, voc_set.boxes, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.float32
    assert parts.skipped == () and isinstance(parts.train, data.VocSet)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_equal_sets_are_read_in_every_form(scenes, tmp_path, form, zipped):
    """Folders named train and test in place of the lists; the zip has everything in one more folder."""
    right, folder = read(scenes), tmp_path / "set"
    marked = {}
    for file, things in every(right).items():
        target = folder / file.partition("_")[0] / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((scenes / "JPEGImages" / file).read_bytes())
        marked[target] = [(name, tuple(map(int, box))) for name, box in things]
    FORMS[form](folder, marked)
    if zipped:
        with zipfile.ZipFile(tmp_path / "a set.zip", "w") as archive:
            for path in sorted(folder.rglob("*.*")):
                archive.write(path, path.relative_to(tmp_path))
        folder = tmp_path / "a set.zip"
    found = read(folder)
    assert found.skipped == () and found.classes == right.classes
    for ours, theirs in zip(*((one.train, one.validation, one.test) for one in (found, right)), strict=True):
        assert [p.name for p in ours.images.files] == [p.name for p in theirs.images.files]
        assert ours.sizes == theirs.sizes
        for a, b in zip(
            ours.boxes + ours.labels + ours.difficult,
            theirs.boxes + theirs.labels + theirs.difficult,
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype and a.shape == b.shape
    if zipped:
        assert found.train.images.files[0].is_relative_to(tmp_path / "a set_unpacked")
        # the second time nothing is unpacked
        before = (tmp_path / "a set_unpacked").stat().st_mtime_ns
        read(folder)
        assert (tmp_path / "a set_unpacked").stat().st_mtime_ns == before


# parts


def test_data_yaml_says_the_parts(tmp_path):
    """Names as a dictionary; paths of another machine, upwards, and a list of files."""
    marked = {picture(tmp_path / "images" / part / f"{part}.png"): CAT for part in ("train", "val", "third")}
    yolo(tmp_path, marked)
    for path in list(tmp_path.rglob("*/*/*.txt")):
        (tmp_path / "labels" / path.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(tmp_path / "labels" / path.parent.name / path.name)
    (tmp_path / "list.txt").write_text("./images/third/third.png\n")
    (tmp_path / "data.yaml").write_text(
        "path: /home/somebody/sets\ntrain: ../images/train\nval: C:\\sets\\images\\val\ntest: list.txt\nnc: 2\nnames: {0: cat, 1: dog}\n"
    )
    parts = read(tmp_path)
    names = [[path.stem for path in one.images.files] for one in (parts.train, parts.validation, parts.test)]
    assert names == [["train"], ["val"], ["third"]] and parts.skipped == () and parts.classes == ("cat",)
    assert "1 classes that the form names have no object" in parts.report
    (tmp_path / "data.yaml").write_text("train: images/train\nval: nowhere\ntest:\nnames: [cat]\n")
    parts = read(tmp_path)
    assert "data.yaml: validation: nowhere is not in this folder" in parts.skipped
    assert "images/val/val.png: in no list of train, validation or test" in parts.skipped


def test_parts_by_the_names_of_coco_files_and_by_a_column(tmp_path):
    for part in ("train", "val", "test"):
        coco(tmp_path, {picture(tmp_path / "pictures" / f"{part}.png"): CAT}, f"instances_{part}2017.json")
    parts = read(tmp_path)
    assert [one.images.files[0].stem for one in (parts.train, parts.validation, parts.test)] == [
        "train",
        "val",
        "test",
    ]
    lines = [f"{part}.png,{part.upper()},cat,1,1,9,9" for part in ("train", "val", "test")]
    (tmp_path / "all.csv").write_text("image;split;label;x1;y1;x2;y2\n".replace(";", ",") + "\n".join(lines))
    parts = read(tmp_path, form="csv")
    assert [one.images.files[0].stem for one in (parts.train, parts.validation, parts.test)] == [
        "train",
        "val",
        "test",
    ]
    assert "also there, not read (form=): CSV ('csv', 3 pictures)" in read(tmp_path).report


def test_a_part_for_some_pictures_only(tmp_path):
    coco(tmp_path, {picture(tmp_path / f"{name}.png"): CAT for name in ("elk", "fox", "hen")}, "train.json")
    coco(tmp_path, {picture(tmp_path / f"{name}.png"): CAT for name in ("owl", "cow")}, "more.json")
    parts = read(tmp_path)
    assert [len(one) for one in (parts.train, parts.validation, parts.test)] == [
        3,
        1,
        1,
    ] and parts.skipped == ()
    assert "by group and seed 0 (lists have a part for 3 of 5 pictures, so they do not count)" in parts.report


def test_pictures_of_one_video_stay_together(tmp_path):
    marked = {
        picture(tmp_path / f"clip{clip}_frame_{i:03d}.png", (8, 8)): [("cat", (1, 1, 5, 5))]
        for clip in "abcdefgh"
        for i in range(4)
    }
    voc(tmp_path, marked)
    dealt = []
    for seed in range(3):
        parts = read(tmp_path, seed=seed, check=False)
        clips = [
            {path.stem[:5] for path in one.images.files}
            for one in (parts.train, parts.validation, parts.test)
        ]
        assert [len(one) for one in clips] == [6, 1, 1] and len(set.union(*clips)) == 8
        assert (
            "8 groups: 8 series of names that differ in a number (clipa_frame_, clipb_frame_"
            not in parts.report
        )
        assert "8 groups: 8 series of names that differ in a number (clipa_frame, clipb_frame" in parts.report
        dealt.append(clips[2])
    assert dealt[0] == {path.stem[:5] for path in read(tmp_path, check=False).test.images.files}
    assert any(a != b for a, b in pairwise(dealt))


def test_a_burst_is_found_by_its_times(tmp_path):
    marked = {}
    for i, second in enumerate((0, 3, 7, 30, 31, 59)):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:01 10:00:{second:02d}"
        marked[picture(tmp_path / f"{'qwerty'[i]}.jpg", exif=exif)] = CAT
    voc(tmp_path, marked)
    parts = read(tmp_path)
    assert "3 groups: 2 bursts by the times in the pictures (within 5 s)" in parts.report
    assert sorted(path.stem for path in parts.train.images.files) == ["e", "q", "w"]


def test_numbers_of_a_whole_set_are_no_video():
    """raccoon-1 ... raccoon-200 cannot be one group; neighbours still stay together."""
    names = [f"raccoon-{i}" for i in range(1, 201)]
    groups, told = groups_of(names, [None] * 200, ("raccoon",))
    assert [len(group) for group in groups] == [10] * 20 and groups[0] == list(range(10))
    assert told == "20 groups: neighbouring numbers stay together: raccoon (200 pictures)"
    # a number for each class, and a camera's
    names = [f"{name}_{i}" for name in ("cat", "dog", "owl") for i in range(20)] + [
        f"IMG_{i:04d}" for i in range(20)
    ]
    groups, _ = groups_of(names, [None] * 80, ("cat", "dog", "owl"))
    assert max(map(len, groups)) == 4
    # copies of one picture, as Roboflow names them
    groups, _ = groups_of(
        [f"cat_{i}_jpg.rf.{copy}" for copy in "abc" for i in range(9)], [None] * 27, ("cat",)
    )
    assert all(len(group) % 3 == 0 for group in groups)
    assert groups_of(["fox_jpg.rf.12ab", "hen", "fox_jpg.rf.34cd"], [None] * 3)[0] == [[0, 2], [1]]


def test_a_folder_for_each_video_and_for_each_class():
    names = [f"{folder}/{i:04d}" for folder in ("cat", "walk", "run", "sit") for i in range(20)]
    groups, told = groups_of(names, [None] * 80, ("cat",))
    assert sorted(map(len, groups)) == [4] * 5 + [20] * 3
    assert (
        "3 series of names that differ in a number (walk, run, sit)" in told and "cat (20 pictures)" in told
    )
    assert len(groups_of(names, [None] * 80, ("cat",), runs=False)[0]) == 20 + 3


def test_lists_that_tear_a_video_or_name_no_training(tmp_path):
    clips = [f"{clip}_{i}" for clip in ("sea", "sky", "sun") for i in range(3)]
    marked = {picture(tmp_path / "JPEGImages" / f"{name}.png", (20, 20)): CAT for name in clips}
    voc(tmp_path, marked, beside=False)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "test.txt").write_text("sea_0\nsea_1.png\nsea_2  1\n")
    parts = read(tmp_path)
    assert [path.stem[:3] for path in parts.test.images.files] == ["sea"] * 3 and len(parts.validation) == 3
    assert "by lists, which have no validation: taken from train" in parts.report and parts.skipped == ()
    (lists / "val.txt").write_text("sky_0\n")
    (lists / "train.txt").write_text("sky_1\nsun_0\nlost\n")
    (lists / "trainval.txt").write_text("sky_0\nsky_1\nsun_0\n")
    parts = read(tmp_path)
    assert "1 groups of pictures that belong together lie in several parts" in parts.report
    assert [len(one) for one in (parts.train, parts.validation, parts.test)] == [2, 1, 3]
    assert "ImageSets/Main/train.txt: lost: there is no annotation of this name" in parts.skipped
    assert (
        "JPEGImages/sky_2.png: in no list of train, validation or test" in parts.skipped
        and len(parts.skipped) == 4
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 40, 1000])
def test_no_part_is_empty_and_nothing_is_lost(count):
    groups = np.array_split(np.arange(3 * count), count)
    parts = _split([group.tolist() for group in groups], (0.7, 0.15, 0.15), 1)
    assert sorted(i for part in parts.values() for i in part) == list(range(3 * count))
    assert [bool(parts[part]) for part in ("train", "test", "validation")] == [True, count > 1, count > 2]
    most = _split([group.tolist() for group in groups], (0.1, 0.1, 0.8), 1)
    assert [bool(most[part]) for part in ("train", "test", "validation")] == [True, count > 1, count > 2]
    if count > 10:
        assert all(abs(len(parts[part]) - 0.45 * count) <= 3 for part in ("validation", "test"))


# what is said


def test_the_report_says_what_was_found(tmp_path, capsys):
    marked = {picture(tmp_path / f"{name}.png"): CAT for name in ("sea", "sky", "sun")}
    marked[picture(tmp_path / "air.png")] = []
    marked[picture(tmp_path / "fog.png")] = [("dog", (0, 0, 9, 9))] * 2
    coco(tmp_path, marked)
    picture(tmp_path / "new.png")
    parts = data.read_any(tmp_path)
    assert capsys.readouterr().out == parts.report + "\n"
    lines = parts.report.splitlines()
    assert lines[0] == f"{tmp_path.name}: COCO, 5 pictures (1 without objects), 5 objects of 2 classes."
    assert lines[1].startswith("Objects (train + validation + test): cat ") and " dog " in lines[1]
    assert lines[2] == "Pictures: train 3, validation 1, test 1."
    assert lines[3].startswith("Parts by group and seed 0: 5 groups: no names or")
    assert (
        lines[4] == 'Look at them: .sheet("train") makes a figure of some with their boxes, and its alt text.'
    )
    assert lines[5:] == ["Left out or cut: 1, all in .skipped:", "  new.png: no annotation in the form COCO"]
    for i in range(20):
        picture(tmp_path / f"new{i}.png", (4, 4))
    lines = read(tmp_path).report.splitlines()
    assert len(lines) == 5 + 1 + 8 + 1 and lines[-1] == "  and 13 more"


def test_pictures_without_a_label_file(tmp_path):
    """Beside data.yaml such a picture has no objects; beside classes.txt nobody has looked at it yet."""
    yolo(tmp_path, {picture(tmp_path / "a.png"): CAT})
    picture(tmp_path / "b.png")
    parts = read(tmp_path)
    assert every(parts) == {"a.png": [("cat", (2, 3, 12, 13))], "b.png": []} and parts.skipped == ()
    assert "1 pictures have no .txt: pictures without objects" in parts.report
    (tmp_path / "data.yaml").unlink()
    (tmp_path / "classes.txt").write_text("cat\n")
    parts = read(tmp_path)
    assert list(every(parts)) == ["a.png"] and parts.skipped == ("b.png: no annotation in the form YOLO",)


@pytest.mark.parametrize("form", FORMS)
def test_one_picture_and_200_classes(tmp_path, form):
    things = [(f"kind {i:03d}", (i % 20, i % 15, i % 20 + 5, i % 15 + 4)) for i in range(200)]
    FORMS[form](tmp_path, {picture(tmp_path / "a.png"): things})
    parts = read(tmp_path)
    assert parts.classes == tuple(f"kind {i:03d}" for i in range(200)) and len(parts.train) == 1
    assert len(parts.validation) == len(parts.test) == 0 and "and 188 more classes" in parts.report
    assert "nothing is left for validation and test: the pictures are too few" in parts.report
    assert every(parts) == {"a.png": [(name, tuple(map(float, box))) for name, box in things]}
    few = read(tmp_path, classes=("kind 003", "kind 001"))
    assert few.train.labels[0].tolist() == [1, 0] and len(few.skipped) == 198
    with pytest.raises(data.DataError, match="there is no object of the classes dog in any of its pictures"):
        read(tmp_path, classes=["dog"])


def test_names_that_yaml_knows_and_a_list_in_each_folder(tmp_path):
    yolo(
        tmp_path,
        {
            picture(tmp_path / "a.png"): [
                ("no", (2, 3, 12, 13)),
                ("yes", (2, 3, 12, 13)),
                ("1.0", (2, 3, 12, 13)),
            ]
        },
    )
    (tmp_path / "data.yaml").write_text("names: [1.0, no, yes]\n")
    assert [name for name, _ in every(read(tmp_path))["a.png"]] == ["no", "yes", "1.0"]
    (tmp_path / "data.yaml").unlink()
    # LabelImg numbers the classes of each folder as they come
    for folder, names in (("one", ["cat", "dog"]), ("two", ["dog", "cat"])):
        yolo(tmp_path / folder, {picture(tmp_path / folder / f"{folder}.png"): CAT}, names, described=False)
    (tmp_path / "a.txt").unlink()
    found = every(read(tmp_path))
    assert [name for things in found.values() for name, _ in things] == ["cat", "cat"]


def test_a_polygon_gives_its_box(tmp_path):
    yolo(tmp_path, {picture(tmp_path / "a.png"): CAT})
    (tmp_path / "a.txt").write_text("0 0.1 0.2 0.5 0.2 0.25 0.6\n")
    np.testing.assert_allclose(read(tmp_path).train.boxes[0], [[4, 6, 20, 18]], rtol=1e-6)


def test_a_table_of_all_beside_tables_of_the_parts(tmp_path):
    """As in the raccoons' repository: each picture is in two tables, and counts once."""
    marked = {picture(tmp_path / "pictures" / f"{name}.png"): CAT for name in ("fox", "hen", "elk")}
    fox, hen, elk = marked
    table(tmp_path, marked, name="labels.csv")
    table(tmp_path, {fox: CAT, hen: CAT}, name="train_labels.csv")
    table(tmp_path, {elk: CAT}, name="test_labels.csv")
    parts = read(tmp_path)
    assert (
        parts.skipped == ()
        and len(every(parts)) == 3
        and [p.stem for p in parts.test.images.files] == ["elk"]
    )
    assert parts.test.images.files[0] == elk
    # an id in place of a name
    for path in tmp_path.glob("*.csv"):
        path.write_text(path.read_text().replace(".png", "").replace("filename", "image_id"))
    assert every(read(tmp_path)) == every(parts)


# tables without names


def test_a_table_without_a_line_of_names_says_what_it_takes_the_columns_for(tmp_path):
    two = [*CAT, ("a dog, white", (0, 0, 40, 9))]
    marked = {picture(tmp_path / f"{name}.png"): two for name in ("fox", "hen")}
    unnamed(tmp_path, marked | {picture(tmp_path / "elk.png"): []})
    parts = read(tmp_path)
    assert every(parts) == {"fox.png": two, "hen.png": two, "elk.png": []} and parts.skipped == ()
    told = "labels.csv: there is no line of names: the columns are taken for filename, x1, y1, x2, y2, class."
    assert told in parts.report and "x1, y1, x2, y2 are taken to count from 0" in parts.report
    unnamed(tmp_path, marked, sized=True)
    parts = read(tmp_path)
    assert (
        every(parts)["fox.png"] == two and "xmin, ymin, xmax, ymax are taken to count from 1" in parts.report
    )


def test_the_first_line_without_names_has_the_number_1(tmp_path):
    unnamed(tmp_path, {picture(tmp_path / f"{name}.png"): CAT for name in ("fox", "hen")})
    path = tmp_path / "labels.csv"
    path.write_text("fox.png,12,3,2,13,cat\n" + path.read_text())
    parts = read(tmp_path)
    assert every(parts) == {"fox.png": CAT, "hen.png": CAT}
    assert parts.skipped == ("labels.csv: fox.png: line 1: cat: an inverted box: x1 12, y1 3, x2 2, y2 13",)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", [None, "red fox"])
def test_a_table_without_a_column_of_classes_has_one_class(tmp_path, head, name):
    """Named by the caller, or "object"; a line without a box is a picture without objects."""
    table(tmp_path, {picture(tmp_path / "a.png"): CAT * 2, picture(tmp_path / "b.png"): []}, head)
    path = tmp_path / "labels.csv"
    path.write_text(path.read_text().replace("class,", "").replace('"cat",', "").replace(",,,,,", ",,,,"))
    parts = read(tmp_path, classes=name and [name])
    right = name or "object"
    assert every(parts) == {"a.png": [(right, CAT[0][1])] * 2, "b.png": []} and parts.skipped == ()
    assert parts.classes == (right,)
    told = f"labels.csv: there is no column of classes: every object is of the class {right}"
    assert told + ("." if name else ", which classes= names otherwise.") in parts.report
    if name:
        # one name may be given as a text
        assert read(tmp_path, classes=name).classes == (name,)


def test_neither_a_line_of_names_nor_a_column_of_classes(tmp_path):
    unnamed(tmp_path, {picture(tmp_path / "a.png"): CAT}, classes=False)
    assert every(read(tmp_path, classes=["cat"])) == {"a.png": CAT}
    unnamed(tmp_path, {tmp_path / "a.png": CAT}, sized=True, classes=False)
    parts = read(tmp_path)
    assert every(parts) == {"a.png": [("object", CAT[0][1])]}
    assert "the columns are taken for filename, width, height, xmin, ymin, xmax, ymax." in parts.report


def test_columns_that_are_not_used_are_told_where_the_class_may_be_one(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("filename,species,x1,y1,x2,y2\na.png,fox,2,3,12,13\n")
    parts = read(tmp_path)
    assert every(parts) == {"a.png": [("object", (2, 3, 12, 13))]}
    assert "labels.csv: columns species are not used" in parts.report
