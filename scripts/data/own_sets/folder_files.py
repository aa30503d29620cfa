"""The files of a folder and all folders in it, and which picture an annotation belongs to."""

import os
from collections import Counter, defaultdict
from pathlib import Path

from scripts.data.own_sets.box_forms import clean, part_called
from scripts.data.voc_annotation import Refused
from scripts.runtime import CONTROL

PICTURES = {
    *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".avif", ".heic", ".heif"),
}
# names of folders that say what kind of file lies there, not which pictures
KINDS = {
    *("images", "image", "imgs", "img", "pictures", "photos", "jpegimages"),
    *("annotations", "annotation", "labels", "label", "xml", "xmls", "txt"),
}


class Doubtful(Refused):
    """An annotation that may be of several `pictures`."""

    def __init__(self, told: str, pictures: list[Path]):
        super().__init__(told)
        self.pictures = pictures


class Files:
    """All files of a folder, in order of their paths; hidden ones, and what a Mac adds to a zip, are left aside."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.all: list[Path] = []
        for place, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name[0] != "." and name != "__MACOSX")
            self.all += [Path(place) / name for name in sorted(names) if name[0] != "."]
        self.pictures = [path for path in self.all if path.suffix.lower() in PICTURES]
        self._by_name, self._by_stem = defaultdict(list), defaultdict(list)
        for path in self.pictures:
            self._by_name[clean(path.name).casefold()].append(path)
            self._by_stem[clean(path.stem)].append(path)

    def of(self, *endings: str) -> list[Path]:
        """The files with one of these endings, such as ".xml"."""
        return [path for path in self.all if path.suffix.lower() in endings]

    def name(self, path: Path) -> str:
        """A file's path inside the folder, for messages."""
        return CONTROL.sub(" ", path.relative_to(self.folder).as_posix())

    def part(self, path: Path) -> str | None:
        """The part that the folders around a file speak of, the nearest first."""
        for name in reversed(path.relative_to(self.folder).parts[:-1]):
            if part := part_called(name):
                return part
        return None

    def inside(self, text: str) -> Path | None:
        """The file or folder that a path means, written for this or another machine; never one outside this folder."""
        parts = steps(text)
        for start in range(len(parts)):
            there = self.folder.joinpath(*parts[start:])
            if there.exists() and there.resolve().is_relative_to(self.folder.resolve()):
                return there
        return self.folder if not parts and text.strip() else None

    def same_stem(self, annotation: Path, wanted: str = "") -> Path:
        """The picture with an annotation's stem.

        Args:
            annotation: the annotation's file.
            wanted: the picture's name as the annotation has it: decides between two of one stem.

        Raises:
            Refused: there is none, or there are several and nothing decides between them.
        """
        found = self._near(self._by_stem[clean(annotation.stem)], annotation)
        if len(found) > 1 and wanted:
            named = clean(steps(wanted)[-1]) if steps(wanted) else ""
            found = [path for path in found if clean(path.name) == named] or found
        return self._only(found, f"there is no picture {clean(annotation.stem)}", "stem")

    def named(self, text: str, annotation: Path) -> Path:
        """The picture that an annotation names, by its name alone or with folders, whatever their slashes.

        Raises:
            Refused: there is none, or there are several and nothing decides between them.
        """
        parts = [clean(part) for part in steps(text)]
        # a name may lack its ending
        found = (self._by_name[parts[-1].casefold()] or self._by_stem[parts[-1]]) if parts else []
        exact = [path for path in found if clean(path.name) == parts[-1]]
        found, agree = exact or found, {}
        for path in found:
            own = [clean(part) for part in path.relative_to(self.folder).parts]
            agree[path] = 0
            while (
                agree[path] < min(len(own), len(parts)) and own[-1 - agree[path]] == parts[-1 - agree[path]]
            ):
                agree[path] += 1
        # names of folders decide only where a name alone does not
        found = [path for path in found if agree[path] == max(agree.values())]
        return self._only(self._near(found, annotation), f"there is no picture {text!r}", "name")

    def _near(self, found: list[Path], annotation: Path) -> list[Path]:
        """Of several pictures those of an annotation's own place; a picture of another part is none of them."""
        part = self.part(annotation)
        found = [path for path in found if not part or self.part(path) in (None, part)]
        for near in (
            [path for path in found if path.parent == annotation.parent],
            [path for path in found if self._place(path) == self._place(annotation)],
        ):
            if near:
                return near
        return found

    def _place(self, path: Path) -> tuple[str, ...]:
        names = path.relative_to(self.folder).parts[:-1]
        return tuple(name for name in names if name.lower() not in KINDS)

    def _only(self, found: list[Path], none: str, what: str) -> Path:
        if not found:
            raise Refused(none)
        if len(found) > 1:
            names = ", ".join(self.name(path) for path in found)
            raise Doubtful(
                f"{len(found)} pictures have this {what}, which one is meant is not known: {names}", found
            )
        return found[0]

    def seen(self) -> str:
        """What lies in the folder, in words."""
        kinds = Counter(path.suffix.lower() or "no ending" for path in self.all)
        others = [(kind, count) for kind, count in kinds.most_common() if kind not in PICTURES]
        told = [f"{len(self.pictures):,} pictures"] if self.pictures else []
        told += [f"{count:,} of {kind}" for kind, count in others[:6]]
        return ", ".join(told) or "no files at all"


def steps(text: str) -> list[str]:
    """The names in a path of any machine; those that lead nowhere, upwards or to a drive are dropped."""
    names = str(text).replace("\\", "/").split("/")
    return [name for name in names if name.strip() not in ("", ".", "..") and not name.endswith(":")]
