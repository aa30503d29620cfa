"""Lesson 20 has no listing in the slides. Measured are the steps a second of 1, 2 and 4 worker processes on this machine, and Keras'
own way on its JAX backend, in an environment of its own (deploy/keras_jax.py).

The lesson reads the same measurements, repeated, from data/cards/scaling_out.json (`make cards LESSONS=20`).
Run: python -m scripts.tools.benches.lesson_20 (or with a part's name: throughput, keras_jax).
"""

import sys

from scripts.tools import listings
from scripts.tools.card_runs import lesson_20
from scripts.tools.card_runs.keras_on_jax import keras_jax

LISTINGS = ()


def throughput() -> dict:
    """One round of each count of workers: milliseconds of a step, whole and without the sum of the gradients."""
    rows = lesson_20.speed(0)
    print(
        "workers, threads of each: milliseconds of a step of 64 pictures, of it for the sum and for waiting"
    )
    for name, row in rows.items():
        print(f"  {name:6} {row['whole']:7.1f} {row['whole'] - row['apart']:7.1f}", flush=True)
    return rows


PARTS = {"throughput": throughput, "keras_jax": keras_jax}


def main(*only: str) -> None:
    """Measure, print and store the parts named, or all."""
    everything = {name: part() for name, part in PARTS.items() if not only or name in only}
    listings.store_parts("scaling_out.json", everything)


if __name__ == "__main__":
    main(*sys.argv[1:])
