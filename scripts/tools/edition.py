"""The rules that a lesson of the second edition keeps beyond those of every lesson; anatomy.py holds these.

Each rule is a function from a lesson to what is wrong with it, as in anatomy.py. `metadata.course.edition` says which edition a
lesson is of, and one of the first is held to the first's rules only.
"""

import io
import json
import re
import tokenize
from pathlib import Path

from scripts import cards as long_runs
from scripts.tools import road
from scripts.tools.lessons import ROOT, source, tags

MINUTES, ALL_MINUTES, CELLS, LINES = 50, 90, 70, 300  # of the main road; the second with its side roads
GROWTH = 1.2  # a main road that grew by more says why
NOTICE = 80  # words of a Notice
PREDICTS, EXERCISES, TRIED_IN_PLACE = 3, 5, 2
OPTION = re.compile(r"^- \*\*([A-D])\.\*\* ", re.M)
FORM = r'^{name} = None.*\ncheck\("{id}", {name}\)\nsolution\("{id}"\)$'
FIRST = Path(__file__).parent / "first_edition.json"
# the tokens of code that a number may stand in; from Python 3.12 on the text of an f-string is one of its own
CONSTANTS = {tokenize.NUMBER, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def rules(path: Path, notebook) -> list[str]:
    """Everything that is wrong with a lesson of the second edition, beyond the common rules."""
    wrong = []
    for rule in (opening, lengths, side_roads, predicts, notices, ending, exercises, requirements, cards):
        wrong += rule(path, notebook)
    return wrong


def opening(path: Path, notebook) -> list[str]:
    """Title, a paragraph in everyday words, Setup, imports, and one drawing of the lesson's subject."""
    first = [cell.id for cell in notebook.cells[:5]]
    asked = ["title", "opening-text", "setup", "imports", "opening-plot"]
    return [] if first == asked else [f"the first cells are {first} instead of {asked}"]


def lengths(path: Path, notebook) -> list[str]:
    """The main road is short enough, and has a place to pause; a road that grew says why."""
    about, cells = notebook.metadata.course, notebook.cells
    main, all_of_it, wrong = road.measured(road.main_road(cells)), road.measured(cells), []
    for name, has, limit in (
        ("minutes", main.minutes, MINUTES),
        ("cells", main.cells, CELLS),
        ("lines of code", main.lines, LINES),
    ):
        if has > limit:
            wrong.append(f"the main road has {has} {name}, more than {limit}")
    if all_of_it.minutes > ALL_MINUTES:
        wrong.append(f"with its side roads it takes {all_of_it.minutes} minutes, more than {ALL_MINUTES}")
    if (about.minutes, about.get("minutes_in_all")) != (main.minutes, all_of_it.minutes):
        wrong.append("metadata.course: its minutes are not as computed; run make lint")
    if [cell.id for cell in road.main_road(cells)].count("pause") != 1:
        wrong.append("no place to pause: one cell of the main road has the id pause")
    first = json.loads(FIRST.read_text(encoding="utf-8")).get(about.id)
    if first and main.minutes > GROWTH * first["minutes"] and not about.get("grown"):
        wrong.append(
            f"the main road grew from {first['minutes']} to {main.minutes} minutes: metadata.course.grown says why"
        )
    return wrong


def side_roads(path: Path, notebook) -> list[str]:
    """A side road is a whole section, called "Deeper: ...", and nothing on the main road needs one."""
    wrong, deep = [], False
    for cell in notebook.cells:
        heading = re.match(r"## (.+)", source(cell)) if cell.cell_type == "markdown" else None
        side = road.SIDE_ROAD in tags(cell)
        if heading:
            deep = heading.group(1).startswith("Deeper: ")
        if side != deep and not cell.id.startswith("claims-"):
            what = "on a side road without the tag" if deep else "tagged, outside a section called Deeper:"
            wrong.append(f"{cell.id}: {what} {road.SIDE_ROAD}")
    for id, names in road.deeper_names(notebook.cells).items():
        wrong.append(f"{id}: on the main road, needs {', '.join(sorted(names))} of a side road")
    return wrong


def predicts(path: Path, notebook) -> list[str]:
    """At least three questions have the answers A to D, and the Notice after each names all four."""
    wrong, found, waiting = [], 0, None
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        text = source(cell)
        if waiting and "**Notice.**" in text:
            if silent := [letter for letter in "ABCD" if not re.search(rf"\b{letter}\b", text)]:
                wrong.append(
                    f"{cell.id}: says nothing of {', '.join(silent)}, answers to predict in {waiting}"
                )
            waiting = None
        if "**Predict.**" in text and OPTION.search(text):
            letters = OPTION.findall(text)
            if letters != list("ABCD"):
                wrong.append(f"{cell.id}: the answers to predict are {letters} instead of A to D")
            found += 1
            waiting = cell.id
    if waiting:
        wrong.append(f"{waiting}: no Notice after its answers to predict")
    if found < PREDICTS:
        wrong.append(f"{found} questions with answers A to D, at least {PREDICTS} are asked for")
    return wrong


def notices(path: Path, notebook) -> list[str]:
    """A Notice fits beside its figure."""
    wrong = []
    for cell in notebook.cells:
        text = source(cell)
        if cell.cell_type == "markdown" and "**Notice.**" in text:
            words = len(text.partition("**Notice.**")[2].split())
            if words > NOTICE:
                wrong.append(f"{cell.id}: a Notice of {words} words, more than {NOTICE}")
    return wrong


def ending(path: Path, notebook) -> list[str]:
    """Knobs, what the slides say (folded), claims, the last three exercises, what you learned: in this order."""
    order = [cell.id for cell in notebook.cells]
    names = ["knobs", "slides-text", "claims", "exercise-3", "exercise-4", "exercise-5", "learned"]
    if missing := [name for name in names if name not in order]:
        return [f"there is no cell with the id {', '.join(missing)}"]
    places = [order.index(name) for name in names]
    wrong = (
        []
        if places == sorted(places) and order[-1] == "learned"
        else [f"the end of a lesson is {', '.join(names)}, in this order"]
    )
    corrections = source(notebook.cells[order.index("slides-text")])
    if not re.search(r"<details><summary>.+</summary>\n\n.*\n\n</details>", corrections, re.S):
        wrong.append("slides-text: is not folded, as <details><summary>...</summary> ... </details>")
    return wrong


def exercises(path: Path, notebook) -> list[str]:
    """Five exercises, two of them within the lesson; no cell reads an answer."""
    about, wrong = notebook.metadata.course, []
    cells = [c for c in notebook.cells if c.cell_type == "code" and re.fullmatch(r"exercise-\d+", c.id)]
    asked = [f"exercise-{i}" for i in range(1, EXERCISES + 1)]
    if [cell.id for cell in cells] != asked:
        return [f"the exercises are {[cell.id for cell in cells]} instead of {asked}"]
    order = [cell.id for cell in notebook.cells]
    if "knobs" in order and order.index(f"exercise-{TRIED_IN_PLACE}") > order.index("knobs"):
        wrong.append(
            f"exercise-{TRIED_IN_PLACE}: stands after the knobs; two exercises stand after their sections"
        )
    for number, cell in enumerate(cells, start=1):
        id = f"{about.id}.{number}"
        name = re.search(r"^(\w+) = None", source(cell), re.M)
        if not name or not re.search(FORM.format(name=name[1], id=re.escape(id)), source(cell), re.M):
            wrong.append(f'{cell.id}: not in the form  x = None / check("{id}", x) / solution("{id}")')
            continue
        readers = [c.id for c in notebook.cells if c.cell_type == "code" and c is not cell]
        by_id = {c.id: source(c) for c in notebook.cells}
        for other in readers:
            if name[1] in road.used(by_id[other]):
                wrong.append(f"{other}: reads {name[1]}, the answer of {cell.id}")
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.search(r"\banswer\(|import .*\banswer\b", source(cell)):
            wrong.append(f"{cell.id}: uses `answer`; exercises of the second edition have `solution`")
    return wrong


def requirements(path: Path, notebook) -> list[str]:
    """A lesson requires earlier lessons only."""
    about = notebook.metadata.course
    if "requires" not in about:
        return ["metadata.course.requires is missing: the lessons that this one builds on"]
    return [
        f"metadata.course: requires {id}, which does not come before it"
        for id in about.requires
        if id >= about.id
    ]


def cards(path: Path, notebook) -> list[str]:
    """No number of a card is typed, of weights or of long runs (data/cards): a cell reads the card and prints it."""
    known = json.loads((ROOT / "weights" / "manifest.json").read_text(encoding="utf-8"))["weights"]
    typed = {}
    for name in notebook.metadata.course.weights:
        typed |= {text: name for value in scores_of(known.get(name, {})) for text in writings(value)}
    for name in read_cards(notebook):
        # as shares only: among so many numbers some per cent of a paper would be found by chance
        shares = [f"{value:.{digits}f}" for value in results_in(long_runs.read(name)) for digits in (3, 4)]
        typed |= {text.lstrip("0"): name for text in shares}
    wrong = []
    for cell in notebook.cells:
        text = source(cell)
        if cell.cell_type == "code":  # a number in a string is typed as well, one in a comment is not
            words = tokenize.generate_tokens(io.StringIO(text).readline)
            text = " ".join(word.string for word in words if word.type in CONSTANTS)
        for number in re.findall(r"\d*\.\d+", text):
            if number.lstrip("0") in typed:
                wrong.append(
                    f"{cell.id}: {number} is typed; the card of {typed[number.lstrip('0')]} holds it"
                )
    return wrong


def scores_of(card: dict) -> list[float]:
    """The results in a card of weights."""
    results = {key: value for key, value in card.items() if key != "epochs"}
    return [
        value
        for value in [*results.values(), *card.get("other_scores", {}).values()]
        if isinstance(value, float)
    ]


def read_cards(notebook) -> list[str]:
    """The cards of long runs that a lesson reads, by name."""
    code = "\n".join(source(cell) for cell in notebook.cells if cell.cell_type == "code")
    return re.findall(r"""cards\.read\(["'](\w+)["']\)""", code)


def results_in(card) -> list[float]:
    """Every accuracy and recall in a card: the numbers of four digits between 0 and 1."""
    if isinstance(card, dict):
        return [value for part in card.values() for value in results_in(part)]
    if isinstance(card, list):
        return [value for part in card for value in results_in(part)]
    return [card] if isinstance(card, float) and 0 < card < 1 and round(card, 2) != card else []


def writings(value: float) -> set[str]:
    """How a result with three figures or more is written, as a share and in per cent, without a leading 0."""
    texts = {f"{value:.3f}", f"{value:.4f}", f"{100 * value:.1f}", f"{100 * value:.2f}"}
    return {text.lstrip("0") for text in texts if len(text.replace(".", "").strip("0")) >= 3}
