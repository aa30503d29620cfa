"""The site under faults: an older one stays whole until the new one is."""

import shutil

import pytest

from scripts.tools import site


@pytest.fixture
def made(tmp_path):
    """A finished site of two files."""
    folder = tmp_path / "elsewhere" / "out"
    folder.mkdir(parents=True)
    for name in ("index.html", "search.html"):
        (folder / name).write_text("new")
    return folder


def test_a_site_whose_putting_in_place_is_cut_off_leaves_the_older_one(made, tmp_path, monkeypatch):
    target = tmp_path / "build" / "site"
    target.mkdir(parents=True)
    (target / "index.html").write_text("old")

    def half(source, into, **how):
        into.mkdir()
        (into / "index.html").write_text("n")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(shutil, "copytree", half)
        with pytest.raises(OSError, match="No space left"):
            site.put(made, target)
    assert [(path.name, path.read_text()) for path in target.iterdir()] == [("index.html", "old")]
    site.put(made, target)
    assert sorted(path.name for path in target.iterdir()) == ["index.html", "search.html"]
    assert (target / "index.html").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["site"]
