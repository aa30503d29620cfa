"""Versions, releases, errata and the address: one place each, stamped everywhere, tried on clones of the working tree."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from scripts.tools import address, lessons, release, stamps

OLD = stamps.settings()["version"]
NEW = f"{int(OLD.split('.')[0]) + 1}.0"
GIT = ["git", "-c", "user.name=course", "-c", "user.email=course@example.org"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository with the working tree as it is, all of it committed; made once, for others to be copied from."""
    root = tmp_path_factory.mktemp("made") / "course"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=lessons.ROOT,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (lessons.ROOT / name).is_file() and not name.endswith((".weights.h5", ".part")):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(lessons.ROOT / name, target)
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "as it is"]):
        subprocess.run([*GIT, *command], cwd=root, check=True)
    for key, value in (("user.name", "course"), ("user.email", "course@example.org")):
        subprocess.run(["git", "config", key, value], cwd=root, check=True)
    return root


@pytest.fixture
def clone(made, tmp_path):
    """A repository of the working tree that a test may change."""
    return shutil.copytree(made, tmp_path / "course")


def run(root, module, *words, **variables):
    return subprocess.run(
        [sys.executable, "-m", f"scripts.tools.{module}", *words],
        cwd=root,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def git(root, *words):
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout


def setup_of(text):
    return (
        *re.search(r'URL, REF = \\"([^"]*)\\", \\"([^"]*)\\"', text).groups(),
        re.search(r'LESSON, VERSION = \\"\d\d\\", \\"([^"]*)\\"', text)[1],
    )


def test_a_release_stamps_commits_and_tags_and_a_tag_never_moves(clone):
    done = run(clone, "release", NEW, "--test", f"{sys.executable} -m scripts.tools.address")
    assert done.returncode == 0, done.stdout + done.stderr
    assert git(clone, "tag", "--list").split() == [f"v{NEW}"]
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "rev-parse", f"v{NEW}^{{commit}}") == git(clone, "rev-parse", "HEAD")
    for path in sorted((clone / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        assert setup_of(text)[1:] == (f"v{NEW}", NEW)
        assert f"/blob/v{NEW}-colab/notebooks/{path.name}" in text
        assert f"line-to-box {NEW} ·" in text and f"line-to-box {OLD} ·" not in text
    assert f"--branch=v{NEW} " in (clone / "README.md").read_text(encoding="utf-8")
    assert re.search(rf'^version: "{NEW}"$', (clone / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    changes = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## Unreleased\n\n## {re.escape(NEW)} \(\d{{4}}-\d\d-\d\d\)$", changes, re.M)
    again = run(clone, "release", NEW, "--test", "true")
    assert again.returncode == 1 and "is not newer than" in again.stderr
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    moved = run(clone, "release", NEW, "--test", "true")
    assert moved.returncode == 1 and "a tag never moves" in moved.stderr


def without_outputs(text):
    """A notebook's file without what a run writes into it."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return notebook


@pytest.mark.long
def test_the_tag_that_badges_name_holds_copies_without_outputs_is_pushed_and_never_moves(clone, tmp_path):
    remote, copy = tmp_path / "remote.git", tmp_path / "copy"
    git(tmp_path, "init", "-q", "--bare", remote)
    git(clone, "remote", "add", "origin", remote)
    git(clone, "tag", f"v{NEW}")
    git(clone, "push", "-q", "origin", "main", f"v{NEW}")
    before = git(clone, "rev-parse", "HEAD")
    done = run(clone, "colab_tag", f"v{NEW}", "--push", "origin")
    assert done.returncode == 0 and f"v{NEW}-colab is tagged and pushed" in done.stdout, done.stderr
    assert git(clone, "rev-parse", "HEAD") == before and git(clone, "status", "--porcelain") == ""
    git(tmp_path, "clone", "-q", "--branch", f"v{NEW}-colab", remote, copy)
    changed = git(copy, "diff", "--name-only", f"v{NEW}", f"v{NEW}-colab").split()
    assert sorted(changed) == [f"notebooks/{path.name}" for path in lessons.all_lessons()]
    for name in changed:
        bare, stored = (
            json.loads(git(copy, "show", f"{ref}:{name}")) for ref in (f"v{NEW}-colab", f"v{NEW}")
        )
        assert any(cell.get("outputs") for cell in stored["cells"]), name
        assert bare == without_outputs(json.dumps(stored)), name
        assert (copy / name).exists()
    again = run(clone, "colab_tag", f"v{NEW}")
    assert again.returncode == 1 and "a tag never moves" in again.stderr
    unknown = run(clone, "colab_tag", "v99.0")
    assert unknown.returncode == 1 and "No tag for Colab" in unknown.stderr


def test_a_release_is_refused_from_a_dirty_tree_and_put_back_when_the_tests_fail(clone):
    readme = clone / "README.md"
    kept = readme.read_text(encoding="utf-8")
    readme.write_text(kept + "\nA line that nobody committed.\n", encoding="utf-8")
    done = run(clone, "release", NEW, "--test", "true")
    assert done.returncode == 1 and "not committed" in done.stderr and "README.md" in done.stderr
    assert readme.read_text(encoding="utf-8").endswith("nobody committed.\n")
    readme.write_text(kept, encoding="utf-8")
    before = git(clone, "rev-parse", "HEAD")
    failed = run(clone, "release", NEW, "--test", "false")
    assert failed.returncode == 1 and "the tests failed" in failed.stderr
    assert git(clone, "rev-parse", "HEAD") == before and git(clone, "status", "--porcelain") == ""
    assert git(clone, "tag", "--list") == ""


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1", "is no version"),
        ("v1.1", "is no version"),
        ("next", "is no version"),
        ("0.9", "is not newer than"),
    ],
)
def test_what_is_no_newer_version_is_refused(made, version, why):
    with pytest.raises(release.Refused, match=why):
        release.check(made, version)


def test_a_refusal_is_one_line_and_changes_nothing(made):
    done = run(made, "release", "next", "--test", "true")
    assert done.returncode == 1 and done.stderr.startswith("No release: 'next' is no version")
    assert done.stderr.count("\n") == 1
    assert git(made, "tag", "--list") == git(made, "status", "--porcelain") == ""


def test_the_address_changed_in_one_place_is_stamped_everywhere(clone):
    old, _ = stamps.address()
    new = "https://github.com/somebody/their-course"
    project = clone / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert run(clone, "lint", "--check", "01").returncode == 1
    run(clone, "lint")
    for path in sorted((clone / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        assert setup_of(text)[0] == new and "github/somebody/their-course/blob/" in text
        assert f"{new}/issues/new?template=wrong.yml&lesson={path.name[:2]}" in text
    assert f"repository-code: {new}\n" in (clone / "CITATION.cff").read_text(encoding="utf-8")
    assert f"{new}\ncd their-course\n" in (clone / "README.md").read_text(encoding="utf-8")
    said_again = [
        name
        for name in git(clone, "ls-files").splitlines()
        if (clone / name).suffix in (".ipynb", ".md", ".toml", ".cff", ".py", ".yml")
        and old in (clone / name).read_text(encoding="utf-8")
    ]
    assert said_again == []


def test_a_forks_ci_is_told_what_to_edit(made):
    known, _ = stamps.address()
    server, name = known.rsplit("/", 2)[0], "/".join(known.split("/")[-2:])
    same = run(made, "address", GITHUB_SERVER_URL=server, GITHUB_REPOSITORY=name)
    assert same.returncode == 0
    fork = run(made, "address", GITHUB_SERVER_URL="https://github.com", GITHUB_REPOSITORY="somebody/fork")
    assert fork.returncode == 1 and fork.stdout.startswith("::error file=pyproject.toml,line=")
    assert 'set repository = "https://github.com/somebody/fork", run make lint' in fork.stdout
    line = int(re.search(r"line=(\d+)", fork.stdout)[1])
    assert (
        (made / "pyproject.toml")
        .read_text(encoding="utf-8")
        .splitlines()[line - 1]
        .startswith("repository = ")
    )
    assert address.problem(None) is None and address.problem(known.upper()) is None


def test_errata_are_the_entries_marked_error_by_version():
    text = (
        "# Changes\n\n## Unreleased\n\n- A new page.\n- **error** Lesson 07 said\n  five; it is six.\n\n"
        "## 1.1 (2026-12-01)\n\n- **error** Lesson 01 said two.\n\n## 1.0 (2026-11-01)\n\n- First.\n"
    )
    made = stamps.errata(text)
    assert "## Mended in the next release\n\n- Lesson 07 said five; it is six.\n" in made
    assert "## Mended in 1.1 (2026-12-01)\n\n- Lesson 01 said two.\n" in made
    assert "A new page" not in made and "1.0" not in made
    with pytest.raises(ValueError, match="should be like"):
        stamps.errata("## Version one\n\n- x\n")
    assert release.FORM.fullmatch("1.10.2") and not release.FORM.fullmatch("1")
