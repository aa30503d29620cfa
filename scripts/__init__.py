"""The helper package of the course "From a Line to a Box": ``from scripts import course, plots``.

What a lesson teaches stands in the lesson. What is here is plumbing, and what later lessons take over from earlier ones.

tools/          the maintainers' commands behind the Makefile, the site's among them; nothing else knows a notebook
course.py       the door: opens a lesson, installs what it misses; hands on claim, seed, quiet, progress
forms.py        cells of `# @param` values as sliders;  drawing_pad.py  a canvas for digits
box_drawing.py  boxes drawn on one's own pictures;  box_files.py  where they are kept;  box_page.py  what the page shows
claims.py       claims, their bounds, and why one cannot be measured here
exercises/      checks, hints and worked solutions, a module a lesson
detection/      boxes, proposals, pooling, R-CNN, Fast R-CNN, Faster R-CNN, how good they are, and a detector of one's own
distributed/    worker processes that train one net together, and the sum of their gradients
pretrained/     nets that others trained: found, fetched, checked, converted, used
weights.py      the weights that ship with the course: verified and loaded;  cards.py  results of long runs
data/           one loader a data set, the ladder of sources, verified downloads, files of one's own
models.py       the nets of lessons 07, 08 and 10
plots.py        the house style, and figures that lessons share
diagrams/       nets, pipelines, cells and computations drawn;  motion.py  animations
runtime.py      what every helper may use: seeds, progress, silence, errors told in one line

A file imports only from what stands below its own line; `make lint` holds that. Importing this package loads nothing heavy.
"""

import os
from pathlib import Path

COURSE = "line-to-box"  # how the Setup cell of a lesson tells this package from another one called `scripts`
ROOT = Path(__file__).resolve().parent.parent  # the course's own folder

# TensorFlow has oneDNN's convolutions in every x86 build, but by itself takes them only on processors with instructions for
# neural networks. Elsewhere they are as right, and a training step of lesson 16's CNN takes two thirds of the time
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
