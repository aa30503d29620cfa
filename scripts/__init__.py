"""The helper package of the course "From a Line to a Box".

Lessons import it as ``from scripts import course, plots``. What a lesson teaches stands in the lesson; what is here is
plumbing, and the parts that later lessons take over from earlier ones. Importing this package loads nothing heavy.
"""

import os
from pathlib import Path

COURSE = "line-to-box"  # how the Setup cell of a lesson tells this package from another one called `scripts`
ROOT = Path(__file__).resolve().parent.parent  # the course's own folder

# TensorFlow has oneDNN's convolutions in every x86 build, but by itself takes them only on processors with instructions for
# neural networks. Elsewhere they are as right, and a training step of lesson 16's CNN takes two thirds of the time
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
