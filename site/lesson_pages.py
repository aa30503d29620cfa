"""An extension of Sphinx: what lessons need on the site beyond what Sphinx, myst-nb and the theme do by themselves.

Alt texts and widths of figures, animations with a strip of frames, names of folds, marks for translators, and what a page tells to
search engines. site/conf.py names it; what `scripts/tools/site_pages.py` noted in each cell's metadata as "site" is read here.
"""

import html
import re
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from PIL import Image
from sphinx.transforms.post_transforms import SphinxPostTransform

from scripts.tools import stamps

STRIP = 4  # frames of an animation that stand side by side where nothing may move
# names that a translator must leave alone where they stand in the text; code and formulas are marked by Sphinx
NAMES = re.compile(
    r"\b(?:TensorFlow|Keras|NumPy|OpenCV|ImageAI|PyTorch|JupyterLab|Jupyter|Colab|GitHub|Python|MNIST|CIFAR-10|COCO|BCCD|"
    r"Pascal VOC|R-CNN|Fast R-CNN|Faster R-CNN|RoI|YOLOv3|TinyYOLOv3|RetinaNet|ReLUs?|Adam|Otsu|Sobel)\b"
)


def _cells(doctree) -> list[tuple]:
    """The code cells of a page, each with what `prepared` noted about it."""
    found = [node for node in doctree.findall(nodes.container) if node.get("nb_element") == "cell_code"]
    return [(cell, cell["cell_metadata"]["site"]) for cell in found]


def dress_figures(app, doctree) -> None:
    """Give each figure of a lesson the alt text and width stored with it, and each animation its strip of frames.

    Raises:
        ValueError: a page has other figures than its lesson's outputs.
    """
    for cell, about_cell in _cells(doctree):
        stored = about_cell["figures"]
        images = [
            image
            for bundle in cell.findall(nodes.container)
            if bundle.get("nb_element") == "mime_bundle"
            for image in bundle.findall(nodes.image)
        ]
        if len(images) != len(stored):
            raise ValueError(
                f"{app.env.docname}: {len(images)} figures on the page, {len(stored)} in the lesson"
            )
        for image, about in zip(images, stored, strict=True):
            image["alt"] = about.get("alt", "")
            image["classes"].append("figure")
            image["loading"] = "lazy"
            file = Path(app.srcdir, image["uri"].lstrip("/"))
            if not file.exists():
                file = Path(app.env.doc2path(app.env.docname)).parent / image["uri"]
            with Image.open(file) as picture:
                width, height = picture.size
                if getattr(picture, "n_frames", 1) > 1:
                    image["classes"].append("animation")
                    strip = image.deepcopy()
                    strip["classes"][-1] = "strip"
                    strip["uri"] = f"/{_strip(picture, Path(app.srcdir), file.stem)}"
                    strip.attributes.pop("width", None)
                    image.parent.insert(image.parent.index(image) + 1, strip)
            # the place is kept while the picture is on its way
            shown = int(about.get("width", width))
            image["width"], image["height"] = str(shown), str(round(shown * height / width))


def _strip(picture, folder: Path, name: str) -> str:
    """Some frames of an animation side by side, from first to last, written below `folder`; returns where."""
    last = picture.n_frames - 1
    frames = []
    for i in range(min(STRIP, last + 1)):
        picture.seek(round(i * last / (min(STRIP, last + 1) - 1)))
        frames.append(picture.convert("RGB"))
    columns = 2
    rows = -(-len(frames) // columns)
    width, height = frames[0].size
    sheet = Image.new("RGB", (columns * width, rows * height), "white")
    for i, frame in enumerate(frames):
        sheet.paste(frame, (i % columns * width, i // columns * height))
    path = Path("_strips", f"{name}.png")
    (folder / path).parent.mkdir(exist_ok=True)
    sheet.quantize(64).save(folder / path, optimize=True)
    return path.as_posix()


def mark_names(app, doctree) -> None:
    """Mark names in running text, so that translators leave them alone."""
    for text in list(doctree.findall(nodes.Text)):
        holder = text.parent
        # a page's own title is its name in lists, windows and the search as well
        own_title = isinstance(holder, nodes.title) and holder.parent.parent is doctree
        running = isinstance(holder, nodes.paragraph | nodes.strong | nodes.emphasis | nodes.title)
        if own_title or not running or not NAMES.search(text):
            continue
        pieces, at = [], 0
        for match in NAMES.finditer(text):
            pieces += [
                nodes.Text(text[at : match.start()]),
                nodes.inline("", match.group(), classes=["notranslate"]),
            ]
            at = match.end()
        holder.replace(text, [piece for piece in [*pieces, nodes.Text(text[at:])] if piece.astext()])


class NameFolds(SphinxPostTransform):
    """Names each fold by what it hides, and groups those that answer the same question."""

    default_priority = 200  # right after myst-nb has made the folds
    formats = ("html",)

    def run(self, **how) -> None:
        for cell, about in _cells(self.document):
            for fold in cell.findall(HideCodeCellNode):
                if {"below-input", "above-output"} & set(fold["classes"]):
                    fold["classes"] += ["answer", f"to-{about['question']}"]
                    fold["prompt_show"], fold["prompt_hide"] = "Show the answer", "Hide the answer"
                else:
                    fold["prompt_show"] = fold["prompt_hide"] = about["title"]


def tell_line(title: str | None) -> str:
    """The last line of a page that is no lesson: where to say that something on it is wrong or unclear."""
    page = quote(html.unescape(re.sub(r"<[^>]+>", "", title or "")))
    new = f"{stamps.address()[0]}/issues/new"
    links = [
        f'<a href="{new}?template={form}.yml&amp;lesson={page}">{words}</a>'
        for words, form in (("Wrong", "wrong"), ("unclear", "unclear"))
    ]
    return f'<p class="tell">{links[0]} or {links[1]}? Tell us.</p>'


def finish_page(app, pagename, template, context, doctree) -> None:
    """Mark what is not to be translated in a page's HTML, and tell what it is about: description and social picture."""
    body = context.get("body")
    if body:
        body = re.sub(r'class="([^"]*\bnotranslate\b[^"]*)"', r'class="\1" translate="no"', body)
        # its label would hide the fold's own words from whoever listens
        body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
        # a lesson has this line already, written by `make lint`, with its number
        context["body"] = (
            body if pagename.startswith("notebooks/") else body + tell_line(context.get("title"))
        )
    meta = app.env.metadata.get(pagename, {})
    description = (
        meta.get("description")
        or "Deep learning for images as notebooks, from fitting a line to drawing a box."
    )
    title = re.sub(r"<[^>]+>", "", context.get("title") or app.config.project)
    tags = {
        "og:title": title,
        "og:description": description,
        "og:type": "article",
        "og:site_name": app.config.project,
    }
    address = app.config.html_baseurl
    if address:
        tags |= {"og:url": f"{address}{pagename}.html", "og:image": f"{address}course.png"}
    lines = [f'<meta name="description" content="{html.escape(description)}">']
    lines += [f'<meta property="{name}" content="{html.escape(text)}">' for name, text in tags.items()]
    if pagename == "404" and address:
        # it is shown for addresses in any folder
        lines.insert(0, f'<base href="{address}">')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def setup(app) -> dict:
    """What Sphinx calls: this module is an extension of site/conf.py."""
    # before Sphinx collects the images, so that it copies the strips as well
    app.connect("doctree-read", dress_figures, priority=100)
    app.connect("doctree-read", mark_names)
    app.add_post_transform(NameFolds)
    app.connect("html-page-context", finish_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
