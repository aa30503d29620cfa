"""A trainer of weights, as scripts/tools/trainers/lesson_91.py of a trial copy: it waits at the gate, then ships a tiny net."""

import runpy


def tiny() -> None:
    """Its training is the waiting."""
    runpy.run_module("tests.programs.waits_at_a_gate")
    import keras

    from scripts import weights

    weights.add(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), "tiny", {"seed": 0})


TRAINERS = {"tiny": tiny}
