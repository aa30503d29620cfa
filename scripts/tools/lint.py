"""`make lint`: format, stamp the generated parts, check the anatomy of every lesson. `--check` changes nothing.

Returns status 1 when something is wrong that it could not mend (with --check: when anything is), 2 for an unknown option.
"""

import argparse
import os
import subprocess
import sys

from scripts.tools import anatomy, lessons, results_page, stamps
from scripts.tools.lessons import ROOT

# importing these at a test's top crashes pytest beside TensorFlow
HEAVY = ("torch", "torchvision", "imageai")


def stamp(path) -> bool:
    """Write a lesson's generated cells; returns whether anything changed."""
    notebook = lessons.read(path)
    before = path.read_text(encoding="utf-8")
    about = notebook.metadata.get("course")
    if about is None:
        return False
    stamps.with_minutes(about, notebook.cells)
    parts = {"title": stamps.title_cell(path, about), "setup": stamps.setup_cell(about)}
    for cell in notebook.cells[:3]:
        if cell.id in parts and lessons.source(cell) != parts[cell.id]:
            cell.source = parts[cell.id]
    for cell in notebook.cells:
        stamps.fold(cell)
        if cell.cell_type == "markdown":
            cell.source = stamps.with_address(lessons.source(cell))
    last = notebook.cells[-1]
    if last.id == "learned":
        last.source = stamps.with_tell_line(lessons.source(last), about)
    if lessons.text_of(notebook) == before:
        return False
    lessons.write(notebook, path)
    return True


def forbidden_imports() -> list[str]:
    """Test modules that import torch, torchvision or imageai at their top."""
    found = []
    for path in sorted((ROOT / "tests").glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            words = line.split()
            if (
                not line[:1].isspace()
                and words[:1] in (["import"], ["from"])
                and words[1].split(".")[0] in HEAVY
            ):
                found.append(
                    f"tests/{path.name}:{number}: imports {words[1]} at its top; run such code in a subprocess"
                )
    return found


def against_the_layers(root=ROOT) -> list[str]:
    """Imports that go up, or round in a circle, by the layers that pyproject.toml names; import-linter finds them."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache", "--no-logo"]
    # it colours and wraps what it says by the width of the terminal
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return []
    broken = done.stdout.partition("Broken contracts")[2] or done.stdout + done.stderr
    lines = [line.strip() for line in broken.splitlines() if "scripts." in line or " -> " in line]
    return [f"import against the layers (pyproject.toml): {line}" for line in lines or [broken.strip()]]


def main(*arguments: str) -> int:
    """Lint everything, or the lessons named. Returns an exit status."""
    parser = argparse.ArgumentParser(prog="lint", description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="the numbers of lessons; none means all")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; say what is not as it should be"
    )
    options = parser.parse_args(arguments)
    check, chosen, wrong = options.check, lessons.chosen(options.lessons), []
    if not check:
        changed = [path.name for path in lessons.all_lessons() if stamp(path)]
        for path, text in stamps.documents().items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                lessons.write_whole(text, path)
                changed.append(path.name)
        if results_page.stamp():
            changed.append("docs/results.md")
        if changed:
            print(f"stamped: {', '.join(changed)}")
    else:
        for path, text in stamps.documents().items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                wrong.append(f"{path.name} is not as generated; run make lint")
        if not results_page.current():
            wrong.append("docs/results.md is not what the stored pages print; run make lint")
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        [*ruff, "format", *(["--check"] if check else [])],
        [*ruff, "check", *([] if check else ["--fix"])],
    ):
        done = subprocess.run([*command, "--quiet", "."], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            wrong.append(f"{' '.join(command[2:4])}: {(done.stdout + done.stderr).strip()}")
    wrong += forbidden_imports() + against_the_layers()
    for path in chosen:
        wrong += [f"notebooks/{path.name}: {line}" for line in anatomy.check(path)]
    for line in wrong:
        print(line)
    print(f"lint: {len(chosen)} lessons, {len(wrong)} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
