"""The helper package of the course "From a Line to a Box".

Lessons import it as ``from scripts import course, plots``. What a lesson teaches stands in the lesson; what is here is
plumbing, and the parts that later lessons take over from earlier ones. Importing this package loads nothing heavy.
"""

COURSE = "line-to-box"  # how the Setup cell of a lesson tells this package from another one called `scripts`
