"""docs/course.png, the picture of README: gradient descent seen twice, as a path and as the lines it passes through."""

import argparse
import sys

import matplotlib.pyplot as plt
import numpy as np

from scripts import plots
from scripts.tools.lessons import ROOT

HOURS = POINTS = np.array([1.0, 2.0, 3.0])


def cost(W, b):
    """The mean squared error of the line W x + b on three points; W and b of any equal shape."""
    return np.mean([(W * x + b - y) ** 2 for x, y in zip(HOURS, POINTS, strict=True)], axis=0)


def main(*arguments: str) -> int:
    """Draw and store. Returns an exit status."""
    argparse.ArgumentParser(prog="readme_picture", description=__doc__.partition("\n")[0]).parse_args(
        arguments
    )
    plots.use_house_style()
    W, b, path = -0.4, 2.6, [(-0.4, 2.6)]
    for _ in range(400):
        error = W * HOURS + b - POINTS
        W, b = W - 0.1 * 2 * np.mean(error * HOURS), b - 0.1 * 2 * np.mean(error)
        path.append((W, b))
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    plots.cost_surface(left, cost, (-1, 2.5), (-2, 3.5), path)
    left.set_title("gradient descent on the cost ...")
    x = np.array([0.0, 4.0])
    for step in (0, 20, 80, 400):
        right.plot(x, path[step][0] * x + path[step][1], label=f"after {step} steps")
    right.plot(HOURS, POINTS, "o", color="black")
    right.set(
        title="... and the lines it passes through", xlabel="hours of study", ylabel="points", ylim=(-0.5, 5)
    )
    right.legend(loc="lower right")
    (ROOT / "docs").mkdir(exist_ok=True)
    fig.savefig(ROOT / "docs" / "course.png", dpi=110, metadata={"Software": None})
    print("docs/course.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
