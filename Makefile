# From a Line to a Box. `make course` runs every lesson, `make test` tests everything; both set up .venv by themselves.
# LESSONS="01 07" limits any of these to some lessons.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c "import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) and print('$(p)')" 2>/dev/null)) python3)
LESSONS ?=
N ?= 5
CONSTRAINTS ?= constraints.txt
VERSIONS ?= colab
WORKERS ?= 2
export PYTHONDONTWRITEBYTECODE = 1
export CONSTRAINTS WORKERS CLAIMS_ONLY
RUN = .venv/bin/python -m scripts.tools

.PHONY: help course test test-long alone alone-environment lab lecture notebooks seeds slides site pdf links bench weights cards load fuzz lint release clean environment core

help:
	@echo "make course      run every lesson from a fresh kernel, print a table, leave the site of this run in build/site"
	@echo "make test        lint, unit tests, then every notebook as a test"
	@echo "make test-long   the unit tests that take long: all decks in a browser, JupyterLab, overfitting (at most 5 minutes)"
	@echo "make alone       every lesson but 15 alone in an empty folder, on Colab's versions (VERSIONS=newest: the newest releases)"
	@echo "make lab         open JupyterLab on the lessons"
	@echo "make lecture     open copies of the lessons without outputs, in lecture/, so that no answer stands under a question"
	@echo "make notebooks   run the lessons and store their outputs in notebooks/ (maintainers)"
	@echo "make seeds       run the lessons with seeds 0..N-1 (N=$(N)), print min, median, max of every claim"
	@echo "make site        the site of the stored lessons in build/site, without running any"
	@echo "make pdf         a PDF per lesson in build/site/pdf/, printed from the site's pages"
	@echo "make links       whether every link that leaves the site still leads somewhere (needs the network)"
	@echo "make slides      a deck per lesson in build/slides/"
	@echo "make bench       every listing against the deck's way of doing it; writes build/bench.json"
	@echo "make weights     train the weights that ship with the course"
	@echo "make cards       the long runs whose results lessons read, into data/cards/; goes on where it was stopped (hours)"
	@echo "make load        20 processes at one cold cache, 4 kernels at once, 4 GB of pictures through one loop (half an hour)"
	@echo "make fuzz        pictures, annotations, tables, weights, pages and answers damaged at random (at most 5 minutes)"
	@echo "make lint        format, stamp generated parts, check the anatomy of every lesson"
	@echo "make release     VERSION=1.1: stamp it, run make test, commit, tag (maintainers)"
	@echo "make clean       remove build/ and caches (.venv and downloaded data stay)"
	@echo "WORKERS=1 runs or tests one lesson at a time, as a GPU needs, not two"
	@echo 'LESSONS="01 07" limits any of them. CONSTRAINTS=file installs other versions than those of constraints.txt.'

# what the lessons chosen need: for lesson 15 that is PyTorch, about 5 GB more
environment:
	@$(PYTHON) -m scripts.tools.environment for $(LESSONS)

core:
	@$(PYTHON) -m scripts.tools.environment core

course: environment
	@$(RUN).run $(LESSONS)

test: environment
	@$(RUN).test $(LESSONS)

test-long: environment
	@$(RUN).test --long

# a second environment, without PyTorch: Colab's versions, or with VERSIONS=newest whatever the ranges admit today
alone-environment:
	@VENV=.venv-$(VERSIONS) CONSTRAINTS=$(if $(filter newest,$(VERSIONS)),none,.github/$(VERSIONS)-constraints.txt) $(PYTHON) -m scripts.tools.environment core

alone: alone-environment
	@.venv-$(VERSIONS)/bin/python -m scripts.tools.alone $(LESSONS)

lab: core
	@$(PYTHON) -m scripts.tools.lab $(LESSONS)

lecture: core
	@$(RUN).lecture $(LESSONS)

notebooks: environment
	@$(RUN).store $(LESSONS)

seeds: environment
	@$(RUN).seeds -n $(N) $(LESSONS)

site: core
	@$(RUN).site

pdf: core
	@$(RUN).pdf $(LESSONS)

links: core
	@$(RUN).links

slides: core
	@$(RUN).slides $(LESSONS)

bench: core
	@$(RUN).bench $(LESSONS)

weights: core
	@$(RUN).train_weights $(LESSONS)

cards: core
	@$(RUN).cards $(LESSONS)

load: core
	@$(RUN).load

fuzz: core
	@$(RUN).fuzz

lint: core
	@$(RUN).lint $(LESSONS)

release: environment
	@$(RUN).release $(VERSION)

clean:
	@$(PYTHON) -m scripts.tools.clean
