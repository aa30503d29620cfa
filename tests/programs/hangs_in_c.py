"""A target of `make fuzz` that hangs inside one call of C, where no alarm is heard. Never ends by itself.

python -m tests.programs.hangs_in_c
"""

import collections
import itertools

from hypothesis import strategies as st

from scripts.tools.fuzzing import engine

engine.BEHIND = 0.5


def judge(_) -> bool:
    collections.deque(itertools.repeat(0), maxlen=0)
    return True


if __name__ == "__main__":
    target = engine.Target("toy", st.integers(), judge)
    engine.LIMIT = 0.5
    engine.run(target, 5, 0)
