"""What the first cells of a lesson do, in a process of its own: open lesson 91, load digits, draw, claim.

python -m tests.programs.opens_a_lesson
"""

from scripts import claims, course, plots


def main() -> None:
    """Run them once; they print what a page would show."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from scripts.data.pictures import load_mnist

    course.start("91", course.version())
    images = load_mnist()
    fig, ax = plt.subplots()
    ax.imshow(images.x_train[0])
    plots.show(fig, alt="one digit of the data set")
    claims.claim("91.digits", len(images.x_train), "> 100")


if __name__ == "__main__":
    main()
