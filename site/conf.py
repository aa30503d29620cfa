"""Sphinx's settings for the course's site. `make site` builds with them; lesson_pages.py beside it is an extension that
knows what a lesson is. Nothing here may make a page ask the network for anything: the site is opened from files, too.
"""

import os
import sys

from scripts import ROOT
from scripts.tools import stamps

sys.path.insert(0, str(ROOT / "site"))

repository, _ = stamps.address()

project = "From a Line to a Box"
author = "the contributors to the course"
copyright = "its contributors: prose and figures CC BY 4.0, code MIT"
language = "en"
version = release = stamps.settings()["version"]

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx_copybutton", "lesson_pages"]
exclude_patterns = ["README.md", "_notebooks"]
suppress_warnings = ["mystnb.unknown_mime_type"]

# lessons: shown as they were stored or as they ran, never run by Sphinx
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}
nb_number_source_lines = False
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_block", "attrs_inline", "colon_fence"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
myst_links_external_new_tab = False

# formulas: the one file of MathJax that site.py puts there, which needs no fonts
mathjax_path = "mathjax/tex-svg-full.js"
mathjax3_config = {"svg": {"fontCache": "global"}, "options": {"enableMenu": False}}

# where the site will lie, such as https://owner.github.io/name/; without it no sitemap, no social picture
html_baseurl = os.environ.get("SITE_ADDRESS", "")
html_title = project
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
# a figure enlarges by site.js; Sphinx would make each a link to its file
html_scaled_image_link = False
# reads the pages that were found, which a browser forbids from files
html_show_search_summary = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "repository_url": repository,
    "repository_branch": stamps.colab_ref(),
    "path_to_docs": "",
    "use_repository_button": True,
    "use_download_button": False,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    # the search stands in the margin; a bar above the page would show it twice
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    # the front page's grid takes the room of a list of its three headings
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_navbar_depth": 1,
    "search_bar_text": "Search the course",
    "toc_title": "On this page",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

copybutton_selector = "div.cell_input div.highlight pre, div[class*=highlight-] pre"
copybutton_exclude = ".linenos, .gp"

# `make links`: what asks for an account or a person, or is a form to be filled in, says nothing to a program
linkcheck_ignore = [r"https://github\.com/.*/issues/new", r"https://colab\.research\.google\.com/"]
linkcheck_timeout = 20
linkcheck_workers = 8
