"""The anatomy of a lesson: every rule a notebook must keep, each a function from a lesson to what is wrong with it.

`make lint` prints what they find, and the tests assert that they find nothing, and that they do find what is broken.
"""

import ast
import copy
import json
import re
from pathlib import Path

import jsonschema

from scripts.tools import edition, lessons, predicts, road, stamps
from scripts.tools.lessons import ROOT, source, tags

LINES = 20  # of a code cell, at most
COLUMNS = 110  # of a line of code, at most: what a projector shows
# of a notebook, at most; the lessons of image and vision show photographs
BYTES, BYTES_OF_VISION, VISION = 1_500_000, 2_500_000, range(14, 20)
ALL_BYTES = 30_000_000
UNPUBLISHED, RUN_IT = "course-unpublished", " Run this cell to see it: the picture may not be published."
ANIMATIONS = 3  # in a lesson, at most
# seconds of a lesson run alone on 2 cores, at most: wide limits that catch accidents
BUDGETS = {
    "00": 25,
    "01": 15,
    "02": 25,
    "03": 25,
    "04": 30,
    "05": 50,
    "07": 75,
    "08": 80,
    "10": 80,
    "13": 55,
    "16": 100,
    "17": 85,
    "18": 100,
    "19": 90,
    "20": 75,
}
# any other lesson; their sum; a cell
BUDGET, ALL_LESSONS, ONE_CELL = 45, 1_055, 60
SLIDES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
TAGS = {
    "course-data": "compared only on the data the page was made with",
    "course-weights": "compared only where the shipped weights are here",
    "course-env": "compared only in the environment the page was made in",
    "course-trained": "printed by stochastic training: held by its claim only",
    "nbval-ignore-output": "progress and timings",
    UNPUBLISHED: "runs and is checked; its picture may not be shown, so none is stored",
    "hide-input": "plumbing, folded on the site",
    road.SIDE_ROAD: "of a section that a first reading may leave out",
    "raises-exception": "an error the lesson shows on purpose",
}
TOLERANCE = re.compile(r"course-rtol-(\d(?:\.\d+)?e-\d+)")
LARGEST_TOLERANCE = 5e-2
LEAK = re.compile(
    r"(?:^|[\s\"'(=])/(?:" + "|".join(("work", "root", "farm", "home", "Users", "tmp")) + r")/\S*"
    r"|python" + r"hosted|pypi" + r"\.org|registry" + r"\.npm",
    re.M,
)
BUILDS = re.compile(
    r"\b(?:tf\.random\.(?!stateless_)|keras\.Sequential\(|keras\.Model\(|keras\.layers\.\w+\(|\.shuffle\()"
)
UNSEEDED = re.compile(r"\bnp\.random\.|\brandom\.(?:random|randint|choice|shuffle)\(")


def tolerance(cell) -> float | None:
    """The relative tolerance a cell's tags ask for, or None. Raises ValueError for one that is too large."""
    for tag in tags(cell):
        if match := TOLERANCE.fullmatch(tag):
            value = float(match.group(1))
            if value > LARGEST_TOLERANCE:
                raise ValueError(f"{tag}: larger than {LARGEST_TOLERANCE:g}")
            return value
    return None


def unknown_tags(cell) -> list[str]:
    """Tags that mean nothing here: misspelt ones would silently compare nothing."""
    return [tag for tag in tags(cell) if tag not in TAGS and not TOLERANCE.fullmatch(tag)]


def check(path: Path) -> list[str]:
    """Everything that is wrong with one lesson, each as "cell: what"."""
    try:
        notebook = lessons.read(path)
    except Exception as problem:  # a broken file has many ways to be broken
        return [f"cannot be read: {type(problem).__name__}: {problem}"]
    wrong = metadata(path, notebook)
    if wrong:
        return wrong
    for rule in (
        budget,
        form,
        ids,
        first_cells,
        last_cells,
        tracks,
        sections,
        code,
        knobs,
        cell_tags,
        outputs,
        mirrors,
        answered,
    ):
        wrong += rule(path, notebook)
    if notebook.metadata.course.edition == 2:
        wrong += edition.rules(path, notebook)
    return wrong


def metadata(path: Path, notebook) -> list[str]:
    """metadata.course keeps its schema and agrees with the file's name and the manifests."""
    about = notebook.metadata.get("course")
    if about is None:
        return ["metadata.course is missing"]
    schema = json.loads((Path(__file__).parent / "metadata.schema.json").read_text(encoding="utf-8"))
    wrong = [
        f"metadata.course{''.join(f'[{part!r}]' for part in error.path)}: {error.message}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(json.dumps(about)))
    ]
    if wrong:
        return wrong
    if path.name != f"{about.id}_{about.slug}.ipynb":
        wrong.append(f"the file should be called {about.id}_{about.slug}.ipynb")
    for kind in ("data", "weights"):
        known = json.loads((ROOT / kind / "manifest.json").read_text(encoding="utf-8"))
        known = {*known.get("datasets", {}), *known.get("weights", {}), *known.get("pretrained", {})}
        wrong += [
            f"metadata.course: {name!r} is not in {kind}/manifest.json"
            for name in about[kind]
            if name not in known
        ]
    return wrong


def limit_of(path: Path) -> int:
    """The seconds that a lesson may take, alone on two cores."""
    return BUDGETS.get(path.name[:2], BUDGET)


def budget(path: Path, notebook) -> list[str]:
    """The seconds measured when the page was stored are within the lesson's budget, and each cell's within a cell's."""
    seconds, limit = notebook.metadata.course.seconds["cpu"], limit_of(path)
    wrong = [f"{seconds:.0f} s on 2 cores, its budget is {limit} s"] if seconds and seconds > limit else []
    for cell in notebook.cells:
        if (took := cell.metadata.get("seconds") or 0) > ONE_CELL:
            wrong.append(f"{cell.id}: took {took:.0f} s when it was stored; a cell may take {ONE_CELL} s")
    return wrong


def form(path: Path, notebook) -> list[str]:
    """nbformat 4.5, a plain kernel, a size that a browser opens at once, nothing of the maker's machine."""
    wrong = []
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        wrong.append(f"nbformat {notebook.nbformat}.{notebook.nbformat_minor} instead of 4.5")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        wrong.append("the kernel should be python3")
    limit = BYTES_OF_VISION if int(path.name[:2]) in VISION else BYTES
    if path.stat().st_size > limit:
        wrong.append(f"{path.stat().st_size:,} bytes: more than {limit:,}")
    for cell in notebook.cells:
        texts = [source(cell)] + [text for output in cell.get("outputs", []) for text in output_texts(output)]
        if match := next(filter(None, map(LEAK.search, texts)), None):
            wrong.append(
                f"{cell.id}: holds {match.group().strip()!r}, a path of one machine or a registry's host"
            )
    return wrong


def ids(path: Path, notebook) -> list[str]:
    """Cell ids are slugs (nbformat sees that each is its own); every cell says what it is on a slide."""
    wrong = []
    for number, cell in enumerate(notebook.cells):
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell.id):
            wrong.append(f"cell {number}: id {cell.id!r} is no slug such as sgd-run")
        if cell.metadata.get("slideshow", {}).get("slide_type") not in SLIDES:
            wrong.append(f"{cell.id}: no slide type")
    return wrong


def first_cells(path: Path, notebook) -> list[str]:
    """Title and Setup are as `make lint` stamps them; then the imports, visible."""
    about, wrong = notebook.metadata.course, []
    at = {1: (0, 1, 2), 2: (0, 2, 3)}[about.edition]  # a second edition opens with a text
    first = [notebook.cells[i] if i < len(notebook.cells) else None for i in at]
    expected = (("title", stamps.title_cell(path, about)), ("setup", stamps.setup_cell(about)))
    for cell, (name, text) in zip(first, expected, strict=False):
        if cell is None or cell.id != name or source(cell) != text:
            wrong.append(f"{cell.id if cell else 'none'}: the {name} cell is not as generated; run make lint")
    for cell in notebook.cells:
        folded = copy.deepcopy(cell)
        stamps.fold(folded)
        if folded != cell:
            wrong.append(f"{cell.id}: is not folded; run make lint")
    if source(notebook.cells[-1]) != stamps.with_tell_line(source(notebook.cells[-1]), about):
        wrong.append(f"{notebook.cells[-1].id}: its last line is not as generated; run make lint")
    third = first[2]
    if third is None or third.id != "imports" or third.cell_type != "code" or "import " not in source(third):
        wrong.append("the cell behind Setup should be the imports, id imports")
    return wrong


def last_cells(path: Path, notebook) -> list[str]:
    """Knobs, claims, exercises, what you learned: in this order, each in its form."""
    about, by_id = notebook.metadata.course, {cell.id: source(cell) for cell in notebook.cells}
    order = [cell.id for cell in notebook.cells]
    wrong = [
        f"there is no cell with the id {name}" for name in ("knobs", "claims", "learned") if name not in by_id
    ]
    if wrong:
        return wrong
    if "# @param" not in by_id["knobs"]:
        wrong.append("knobs: no value is marked # @param")
    claims = [cell for cell in notebook.cells if cell.cell_type == "code" and "course.claim(" in source(cell)]
    names = [name for cell in claims for name in re.findall(r'course\.claim\(\s*"([^"]+)"', source(cell))]
    if len(names) < 3:
        wrong.append(f"claims: {len(names)} claims, at least three are asked for")
    wrong += [
        f"claims: {name!r} should begin with {about.id}."
        for name in names
        if not name.startswith(f"{about.id}.")
    ]
    wrong += [
        f"claims: {name!r} is claimed twice" for name in {name for name in names if names.count(name) > 1}
    ]
    if len(re.findall(r"^- ", by_id["learned"], re.M)) < 3:
        wrong.append("learned: three points that mirror the goals are asked for")
    if about.edition == 2:
        return wrong
    exercises = [
        cell for cell in notebook.cells if cell.id.startswith("exercise-") and cell.cell_type == "code"
    ]
    if not 2 <= len(exercises) <= 4:
        wrong.append(f"{len(exercises)} exercises: two to four are asked for")
    for number, cell in enumerate(exercises, start=1):
        name = re.escape(f"{about.id}.{number}")
        answer = rf'(\w+) = None.*\ncheck\("{name}", \1\).*\n\1 = answer\("{name}", \1\)'
        if cell.id != f"exercise-{number}" or not re.search(answer, source(cell)):
            wrong.append(
                f'{cell.id}: not in the form  x = None / check("{about.id}.{number}", x) / x = answer(...)'
            )
    places = [order.index(name) for name in ("knobs", "claims", *(cell.id for cell in exercises), "learned")]
    if places != sorted(places) or order[-1] != "learned":
        wrong.append("the end of a lesson is: knobs, claims, exercises, learned, in this order")
    return wrong


def tracks(path: Path, notebook) -> list[str]:
    """Sections "In TensorFlow", "In Keras" and so on stand in the order of the metadata."""
    text = "\n".join(source(cell) for cell in notebook.cells if cell.cell_type == "markdown")
    found = [name for name in re.findall(r"^##+ (?:.*: )?In (\w+)", text, re.M)]
    first = list(dict.fromkeys(found))
    asked = list(notebook.metadata.course.tracks)
    return (
        []
        if first == asked
        else [f"sections In {first or 'none'} instead of {asked}, the tracks of the metadata"]
    )


def sections(path: Path, notebook) -> list[str]:
    """Every section with code asks for a prediction before it runs and says what to notice after it."""
    wrong, name, texts, has_code = [], None, [], False

    def close():
        text = "\n".join(texts)
        for word in ("**Predict.**", "**Notice.**"):
            if name and has_code and word not in text:
                wrong.append(f"section {name!r}: no {word}")

    after = next((i for i, cell in enumerate(notebook.cells) if cell.id == "imports"), 2) + 1
    for cell in notebook.cells[after:]:
        heading = re.match(r"## (.+)", source(cell)) if cell.cell_type == "markdown" else None
        if cell.id in ("knobs-text", "knobs", "claims-text", "claims"):
            break
        if heading:
            close()
            name, texts, has_code = heading.group(1), [], False
        texts.append(source(cell))
        has_code |= (
            cell.cell_type == "code" and cell.metadata.get("slideshow", {}).get("slide_type") != "skip"
        )
    close()
    return wrong


def code(path: Path, notebook) -> list[str]:
    """Code cells are short, seeded, free of magics, and show figures with alt text only."""
    wrong = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.id == "setup":
            continue
        text = source(cell)
        # the title of a folded cell is no code
        if (count := len(text.splitlines()) - (stamps.folded_as(cell) is not None)) > LINES:
            wrong.append(f"{cell.id}: {count} lines, more than {LINES}")
        wrong += [
            f"{cell.id}: a line of {len(line)} characters"
            for line in text.splitlines()
            if len(line) > COLUMNS
        ]
        try:
            ast.parse(text)
        except SyntaxError as problem:
            wrong.append(
                f"{cell.id}: no plain Python (line {problem.lineno}): magics and shell lines do not run everywhere"
            )
            continue
        # a cell that mirrors a helper only defines it; the seed stands where it is called
        if BUILDS.search(text) and "course.seed(" not in text and "mirrors" not in cell.metadata:
            wrong.append(f"{cell.id}: builds something random without course.seed()")
        if "mirrors" not in cell.metadata and UNSEEDED.search(text):
            wrong.append(
                f"{cell.id}: draws from a generator that the lesson's seed does not reach; use course.rng()"
            )
        if "plt.show(" in text or "fig.show(" in text:
            wrong.append(f"{cell.id}: figures are shown by plots.show(fig, alt=...) only")
        if re.search(r"plots\.show\(|motion\.animate\(", text) and "alt=" not in text:
            wrong.append(
                f"{cell.id}: {'plots.show' if 'plots.show(' in text else 'motion.animate'} without alt="
            )
    return wrong


NUMBER_KNOB = re.compile(r"^\s*(\w+) = (-?[\d.e-]+)\s+# @param (.*)$")
MOVED = re.compile(r"\{(?=.*\bmin: )(?=.*\bmax: )(?=.*\bstep: ).*\}|\[.+\] \{type: \"raw\"\}")


def knobs(path: Path, notebook) -> list[str]:
    """One value a line; a number has its least, its most and its step, or is a list of choices."""
    wrong = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for line in source(cell).splitlines():
            if "# @param" not in line:
                continue
            number = NUMBER_KNOB.match(line)
            if not re.match(r"^\s*(\w+ = )?\S.*\s# @param ", line) or "," in line.partition(" = ")[0]:
                wrong.append(f"{cell.id}: not one value before # @param: {line.strip()}")
            elif number and not MOVED.fullmatch(number[3]):
                wrong.append(f"{cell.id}: {number[1]} has no min, max and step, and no list of choices")
    return wrong


def cell_tags(path: Path, notebook) -> list[str]:
    """Only known tags, and no tolerance that hides an error."""
    wrong = []
    for cell in notebook.cells:
        wrong += [f"{cell.id}: unknown tag {tag!r}" for tag in unknown_tags(cell)]
        try:
            tolerance(cell)
        except ValueError as problem:
            wrong.append(f"{cell.id}: {problem}")
    return wrong


def outputs(path: Path, notebook) -> list[str]:
    """Stored from one fresh kernel, in order, without errors or stderr; every picture has alt text."""
    wrong, number, animations = [], 0, 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        number += 1
        if cell.execution_count != number:
            wrong.append(
                f"{cell.id}: execution count {cell.execution_count} instead of {number}; run make notebooks"
            )
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                wrong.append(f"{cell.id}: stores an error")
            if output.get("name") == "stderr":
                wrong.append(f"{cell.id}: stores stderr")
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                kind = next(kind for kind in output.data if kind.startswith("image/"))
                if not output.metadata.get(kind, {}).get("alt"):
                    wrong.append(f"{cell.id}: a picture without alt text")
                if UNPUBLISHED in tags(cell):
                    wrong.append(f"{cell.id}: stores a picture that may not be published; run make notebooks")
                animations += "frames" in output.metadata.get(kind, {})
    if animations > ANIMATIONS:
        wrong.append(f"{animations} animations, more than {ANIMATIONS}")
    return wrong


def mirrors(path: Path, notebook) -> list[str]:
    """A cell that says it mirrors "scripts/file.py::name" has the same syntax tree, docstrings and annotations aside."""
    wrong = []
    for cell in notebook.cells:
        if "mirrors" not in cell.metadata:
            continue
        file, _, name = cell.metadata["mirrors"].partition("::")
        try:
            theirs = definition((ROOT / file).read_text(encoding="utf-8"), name)
            ours = definition(source(cell), name)
        except (OSError, KeyError) as problem:
            wrong.append(f"{cell.id}: mirrors {file}::{name}, which is not there ({problem})")
            continue
        if ours != theirs:
            wrong.append(f"{cell.id}: differs from {file}::{name}, which it mirrors")
    return wrong


def answered(path: Path, notebook) -> list[str]:
    """Every question to predict has its Notice near: the site folds what stands between them."""
    return [
        f"{id}: asks to predict, and no Notice stands within {predicts.REACH} cells after it"
        for id in predicts.unanswered(notebook.cells)
    ]


def definition(text: str, name: str) -> str:
    """The syntax tree of one function or class in a text, without docstrings and annotations: a lesson's code has few.

    Raises KeyError when it is not there.
    """
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            for part in ast.walk(node):
                if isinstance(part, ast.arg):
                    part.annotation = None
                if isinstance(part, ast.FunctionDef):
                    part.returns = None
                body = getattr(part, "body", None)
                if isinstance(part, (ast.FunctionDef, ast.ClassDef)) and isinstance(body[0], ast.Expr):
                    if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
                        part.body = body[1:] or [ast.Pass()]
            return ast.dump(node)
    raise KeyError(name)


def output_texts(output) -> list[str]:
    """The texts of one output."""
    texts = [output.get("text", "")]
    texts += [data for kind, data in output.get("data", {}).items() if kind.startswith("text/")]
    return ["".join(text) for text in texts]
