"""Exercises of lesson 18, Faster R-CNN."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number

FIVE = np.array([[0.75, 0.0], [0.5, 0.1], [0.2, 0.28], [0.1, 0.25], [0.0, 0.45]])


def five_labels(answer) -> None:
    """Exercise 1: above 0.7; between the limits; below 0.3 twice; best for the second object."""
    expect(
        array(answer, (5,)),
        right=(1, -1, 0, 0, 1),
        mistakes=(
            (
                (1, -1, 0, 0, -1),
                "no anchor overlaps the second object by 0.7: the one that overlaps it most is positive",
            ),
            ((1, 0, 0, 0, 1), "the second anchor overlaps the first object by 0.5: that is not below 0.3"),
            ((1, -1, -1, -1, 1), "0.28 and 0.25 are below 0.3: negative"),
            ((1, 1, 0, 0, 1), "the second anchor is neither above 0.7 nor the best of an object"),
        ),
        otherwise="first the two rules for positive, then below 0.3 with every object, and -1 for the rest",
        rtol=0,
        atol=1e-4,
    )


def align_bin(cells, x1, y1, x2, y2):
    """The reference of exercise 2. Returns one number."""
    values = []
    for y in (y1 + (y2 - y1) / 4, y1 + 3 * (y2 - y1) / 4):
        for x in (x1 + (x2 - x1) / 4, x1 + 3 * (x2 - x1) / 4):
            values.append(at_point(cells, x - 0.5, y - 0.5))
    return float(np.mean(values))


def at_point(cells, x, y):
    """The value of a map at a point, in steps from the middle of cell (0, 0)."""
    column, row = int(np.floor(x)), int(np.floor(y))
    right, low = x - column, y - row
    upper = (1 - right) * cells[row, column] + right * cells[row, column + 1]
    lower = (1 - right) * cells[row + 1, column] + right * cells[row + 1, column + 1]
    return (1 - low) * upper + low * lower


def without_half(cells, x1, y1, x2, y2):
    """A wrong answer to exercise 2: the cells' values stand at their corners."""
    return align_bin(cells, x1 + 0.5, y1 + 0.5, x2 + 0.5, y2 + 0.5)


def nearest_cells(cells, x1, y1, x2, y2):
    """A wrong answer to exercise 2: the value of the cell that a point lies in."""
    xs, ys = x1 + (x2 - x1) * np.array([0.25, 0.75]), y1 + (y2 - y1) * np.array([0.25, 0.75])
    return float(np.mean([cells[int(y), int(x)] for y in ys for x in xs]))


def middle_only(cells, x1, y1, x2, y2):
    """A wrong answer to exercise 2: one point, in the middle of the bin."""
    return float(at_point(cells, (x1 + x2) / 2 - 0.5, (y1 + y2) / 2 - 0.5))


def largest_point(cells, x1, y1, x2, y2):
    """A wrong answer to exercise 2: the largest of the four points."""
    xs, ys = x1 + (x2 - x1) * np.array([0.25, 0.75]), y1 + (y2 - y1) * np.array([0.25, 0.75])
    return float(max(at_point(cells, x - 0.5, y - 0.5) for y in ys for x in xs))


def swapped(cells, x1, y1, x2, y2):
    """A wrong answer to exercise 2: x counts rows."""
    return align_bin(cells.T, x1, y1, x2, y2)


def aligned(answer) -> None:
    """Exercise 2, on maps of random numbers."""
    random = np.random.default_rng(0)
    cells = random.normal(0, 5, (9, 9))
    for box in ((1.2, 2.1, 3.9, 4.4), (2.0, 3.0, 4.0, 5.0), (3.3, 1.1, 7.2, 6.9)):
        with hint_begins("what your function returns"):
            value = number(answer(cells.copy(), *box))
        rules = (
            (without_half, "the value of a cell stands at its middle: half a cell from its corner"),
            (nearest_cells, "this takes the cell that each point lies in: interpolate between four cells"),
            (middle_only, "this is one point in the middle: the bin has four points"),
            (largest_point, "this is the largest of the four points: RoIAlign takes their mean"),
            (swapped, "cells[row, column]: y counts rows and x counts columns"),
        )
        expect(
            value,
            right=align_bin(cells, *box),
            mistakes=[(rule(cells, *box), hint) for rule, hint in rules],
            otherwise="interpolate along x in two rows, then along y, at each of the four points; then take the mean",
        )


def net_of(channels, shapes, padding="same", activation=None, pool=False, width=64, start=None):
    """The reference of exercise 3, and with other arguments wrong answers. Returns a Keras model."""
    import keras
    from keras import layers

    maps = keras.Input((None, None, channels))
    hidden = layers.MaxPooling2D(2)(maps) if pool else maps
    hidden = layers.Conv2D(width, 3, padding=padding, activation="relu")(hidden)
    logits = layers.Conv2D(shapes, 1, activation=start)(hidden)
    deltas = layers.Conv2D(4 * shapes, 1, activation=activation)(hidden)
    return keras.Model(maps, [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(deltas)])


def repaired_net(answer) -> None:
    """Exercise 3: answers for every position, and deltas of both signs; untrained, two sizes of map."""
    import keras

    random = np.random.default_rng(0)
    for channels, shapes in ((8, 9), (5, 3)):
        model = answer(channels, shapes)
        if not isinstance(model, keras.Model):
            raise Hint(f"return a Keras model, this is {type(model).__name__}")
        if len(model.outputs) != 2:
            raise Hint(f"two outputs are asked for, logits and deltas; this has {len(model.outputs)}")
        for rows, columns in ((6, 10), (8, 8)):
            maps = random.normal(0, 3, (2, rows, columns, channels)).astype(np.float32)
            logits, deltas = (np.asarray(one) for one in model(maps, training=False))
            asked, less = rows * columns * shapes, (rows - 2) * (columns - 2) * shapes
            if logits.shape == (2, less):
                raise Hint(
                    "each position at the border is still missing: what does the 3 x 3 convolution do there?"
                )
            if logits.shape != (2, asked) or deltas.shape != (2, asked, 4):
                raise Hint(
                    f"for {rows} x {columns} positions and {shapes} shapes the logits should have the shape "
                    f"{(2, asked)} and the deltas {(2, asked, 4)}; yours have {logits.shape} and {deltas.shape}"
                )
            if deltas.min() >= 0:
                raise Hint("a delta may be negative: the box has to move left, up or shrink as well")
            if logits.min() >= 0:
                raise Hint("a logit may be negative: no activation behind the last layer")
        wanted = channels * 9 * 64 + 64 + 65 * 5 * shapes
        if model.count_params() != wanted:
            raise Hint(
                f"keep the layers: {wanted:,} weights are asked for, this has {model.count_params():,}"
            )


def kmeans(sides, start):
    """The reference of exercise 4. Returns float, shape (k, 2)."""
    centres, before = np.array(start, float), None
    for _ in range(100):
        which = (1 - overlaps(sides, centres)).argmin(axis=1)
        if before is not None and np.array_equal(which, before):
            break
        for k in range(len(centres)):
            if (which == k).any():
                centres[k] = sides[which == k].mean(axis=0)
        before = which
    return centres


def overlaps(sides, centres):
    """IoU of boxes with the same centre, shape (n, k)."""
    common = np.minimum(sides[:, None], centres[None]).prod(axis=2)
    return common / (sides.prod(axis=1)[:, None] + centres.prod(axis=1)[None] - common)


def by_distance(sides, start):
    """A wrong answer to exercise 4: the ordinary k-means."""
    centres, before = np.array(start, float), None
    while True:
        which = ((sides[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        if before is not None and np.array_equal(which, before):
            return centres
        for k in range(len(centres)):
            if (which == k).any():
                centres[k] = sides[which == k].mean(axis=0)
        before = which


def one_round(sides, start):
    """A wrong answer to exercise 4: it stops after the first round."""
    centres = np.array(start, float)
    which = overlaps(sides, centres).argmax(axis=1)
    for k in range(len(centres)):
        if (which == k).any():
            centres[k] = sides[which == k].mean(axis=0)
    return centres


def farthest(sides, start):
    """A wrong answer to exercise 4: each object goes to the shape that it overlaps least."""
    centres = np.array(start, float)
    for _ in range(10):
        which = overlaps(sides, centres).argmin(axis=1)
        for k in range(len(centres)):
            if (which == k).any():
                centres[k] = sides[which == k].mean(axis=0)
    return centres


def anchors_by_kmeans(answer) -> None:
    """Exercise 4, on random sides, slim ones among them; in the last case a shape has no object."""
    random = np.random.default_rng(1)
    for count, k, far in ((60, 4, False), (90, 6, False), (40, 3, True)):
        sides = np.exp(random.uniform(np.log([6, 20]), np.log([60, 70]), (count, 2)))
        start = np.array(sides[:k])
        start[-1] = (900.0, 900.0) if far else start[-1]
        first = start.copy()
        found = answer(sides.copy(), start)
        with hint_begins("what your function returns"):
            found = array(found, (k, 2))
        expect(
            found,
            right=kmeans(sides, first),
            mistakes=(
                (
                    by_distance(sides, first),
                    "this is k-means by the difference of the sides: the distance is 1 - IoU",
                ),
                (
                    one_round(sides, first),
                    "this is one round: repeat until every object stays with its shape",
                ),
                (first, "these are the first shapes: move each to the mean of its objects"),
                (
                    farthest(sides, first),
                    "each object goes to the shape with the smallest distance, the largest IoU",
                ),
            ),
            otherwise="the shapes are not those of k-means with the distance 1 - IoU from this start",
            rtol=1e-4,
            atol=1e-3,
        )


def measured(answer) -> None:
    """Exercise 5: results that can be, and differences that follow from them."""
    names = ("0.5", "0.8", "second", "third")
    if not isinstance(answer, dict) or not all(name in answer for name in names):
        raise Hint(f"a dictionary is asked for, with {', '.join(names)}")
    maps = {}
    for limit in ("0.5", "0.8"):
        with hint_begins(f"{limit}: the mAP with 1, 2 and 3 passes"):
            maps[limit] = array(answer[limit], (3,))
        if (maps[limit] > 1).any() or (maps[limit] < 0).any():
            raise Hint(f"{limit}: a mAP is a share, from 0 to 1, and no per cent")
        if len(np.unique(maps[limit])) == 1:
            raise Hint(
                f"{limit}: all passes give the same number: are the boxes that were moved pooled again?"
            )
    if (maps["0.5"] <= maps["0.8"]).any():
        raise Hint("a mAP at an IoU of 0.8 asks for more than one at 0.5, so it is lower: are they swapped?")
    if maps["0.5"].min() < 0.6:
        raise Hint(
            f"0.5: {maps['0.5'].min():.2f} is low for this net: deltas are multiplied by BOX_STD, boxes cut"
        )
    for place, name in enumerate(("second", "third"), start=1):
        with hint_begins(name):
            gain, low, high = array(answer[name], (3,))
            right = maps["0.8"][place] - maps["0.8"][place - 1]
            expect(
                gain,
                right=right,
                mistakes=(
                    (100 * right, "as a share, not in points"),
                    (-right, "the sign is reversed: the later pass less the one before"),
                    (
                        maps["0.8"][place] - maps["0.8"][0],
                        "the difference to the pass before, not to the first",
                    ),
                    (maps["0.5"][place] - maps["0.5"][place - 1], "the difference at 0.8 is asked for"),
                ),
                otherwise="it is the mAP at 0.8 with this pass less that with the pass before",
                rtol=1e-3,
                atol=1e-4,
            )
            if not low <= gain <= high:
                raise Hint("the interval holds the difference: give (difference, low, high)")
            if low == high:
                raise Hint("the interval has no width: take it from paired_bootstrap")


# of one run of the worked solution
RUN = {
    "0.5": (0.918, 0.915, 0.912),
    "0.8": (0.401, 0.382, 0.395),
    "second": (-0.019, -0.099, 0.065),
    "third": (0.013, -0.05, 0.07),
}


EXERCISES = {
    "18.1": Exercise(
        reference=[1, -1, 0, 0, 1],
        test=five_labels,
        wrong=(
            ([1, -1, 0, 0, -1], "overlaps it most"),
            ([1, 0, 0, 0, 1], "not below 0.3"),
            ([1, -1, -1, -1, 1], "negative"),
            ([1, 1, 0, 0, 1], "neither"),
            ([0, 0, 0, 0, 0], "two rules"),
            ([1, 0], "shape"),
        ),
        worked="""
five_labels = [1, -1, 0, 0, 1]

The first is above 0.7. The second is between the limits: ignored. The third and the fourth are below 0.3 with both objects.
No anchor overlaps the second object by 0.7, so the fifth, which overlaps it most, is positive although 0.45 is little.
""",
    ),
    "18.2": Exercise(
        reference=align_bin,
        form=function("align_bin(cells, x1, y1, x2, y2)"),
        test=aligned,
        wrong=(
            (without_half, "half a cell"),
            (nearest_cells, "interpolate between four"),
            (middle_only, "four points"),
            (largest_point, "their mean"),
            (swapped, "rows"),
            (lambda cells, x1, y1, x2, y2: 0.0, "two rows"),
            (lambda cells, x1, y1, x2, y2: None, "None"),
        ),
        worked="""
def value_at(cells, x, y):
    x, y = x - 0.5, y - 0.5  # from the middle of cell (0, 0)
    column, row = int(np.floor(x)), int(np.floor(y))
    right, low = x - column, y - row
    upper = (1 - right) * cells[row, column] + right * cells[row, column + 1]
    lower = (1 - right) * cells[row + 1, column] + right * cells[row + 1, column + 1]
    return (1 - low) * upper + low * lower

def align_bin(cells, x1, y1, x2, y2):
    values = []
    for share_y in (0.25, 0.75):
        for share_x in (0.25, 0.75):
            x = x1 + share_x * (x2 - x1)
            y = y1 + share_y * (y2 - y1)
            values.append(value_at(cells, x, y))
    return np.mean(values)

Interpolation goes along x in two rows and then along y between them. Nothing is rounded but to find the four neighbours,
and the values change smoothly when a point moves from one cell to the next.
""",
    ),
    "18.3": Exercise(
        reference=net_of,
        form=function("repaired_net(channels, shapes)"),
        test=repaired_net,
        wrong=(
            (lambda c, s: net_of(c, s, padding="valid", activation="relu"), "border"),
            (lambda c, s: net_of(c, s, padding="valid"), "border"),
            (lambda c, s: net_of(c, s, activation="relu"), "may be negative"),
            (lambda c, s: net_of(c, s, start="sigmoid"), "a logit may"),
            (lambda c, s: net_of(c, s, pool=True), "should have the shape"),
            (lambda c, s: net_of(c, s, width=32), "keep the layers"),
            (lambda c, s: None, "Keras model"),
        ),
        worked="""
def repaired_net(channels, shapes):
    maps = keras.Input((None, None, channels))
    hidden = layers.Conv2D(64, 3, padding="same", activation="relu")(maps)
    logits = layers.Conv2D(shapes, 1)(hidden)
    deltas = layers.Conv2D(4 * shapes, 1)(hidden)
    return keras.Model(maps, [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(deltas)])

Without padding="same" a 3 x 3 convolution drops the outermost positions, and the answers no longer fit the anchors.
With a ReLU no delta can be negative, so no box could move left or up, or become smaller.
""",
    ),
    "18.4": Exercise(
        reference=kmeans,
        form=function("kmeans_shapes(sides, start)"),
        test=anchors_by_kmeans,
        wrong=(
            (by_distance, "1 - IoU"),
            (one_round, "one round"),
            (lambda sides, start: start, "first shapes"),
            (farthest, "smallest distance"),
            (lambda sides, start: sides[: len(start)] * 0 + 1, "not those"),
            (lambda sides, start: sides, "shape"),
        ),
        worked="""
def kmeans_shapes(sides, start):
    shapes, before = np.array(start, float), None
    for _ in range(100):
        common = np.minimum(sides[:, None], shapes[None]).prod(axis=2)
        areas = sides.prod(axis=1)[:, None] + shapes.prod(axis=1)[None]
        which = (1 - common / (areas - common)).argmin(axis=1)
        if before is not None and np.array_equal(which, before):
            break
        for k in range(len(shapes)):
            if np.any(which == k):
                shapes[k] = sides[which == k].mean(axis=0)
        before = which
    return shapes

The distance 1 - IoU counts a pixel more for a small box than for a large one; the difference of the sides would not.
With nine shapes, some of them become narrow, so that the 1s are overlapped too. The price: they fit this kind of object only.
""",
    ),
    "18.5": Exercise(
        reference=RUN,
        test=measured,
        wrong=(
            ({}, "dictionary"),
            ({**RUN, "0.5": (91.8, 91.5, 91.2)}, "share"),
            ({**RUN, "0.8": (0.4, 0.4, 0.4)}, "pooled again"),
            ({**RUN, "0.5": RUN["0.8"], "0.8": RUN["0.5"]}, "swapped"),
            ({**RUN, "0.5": (0.5, 0.51, 0.52)}, "BOX_STD"),
            ({**RUN, "second": (0.019, -0.099, 0.065)}, "reversed"),
            ({**RUN, "second": (-1.9, -9.9, 6.5)}, "not in points"),
            ({**RUN, "third": (-0.006, -0.05, 0.07)}, "not to the first"),
            ({**RUN, "second": (-0.019, 0.01, 0.065)}, "holds the difference"),
            ({**RUN, "second": (-0.019, -0.019, -0.019)}, "no width"),
            ({**RUN, "0.5": (0.9, 0.91)}, "shape"),
        ),
        worked="""
def run(net, image, times):
    maps = net.map(image[None] / np.float32(255))
    boxes = net.propose(maps, 160, 160).boxes
    for k in range(times):
        logits, deltas = net.heads(net.pool(maps, boxes.astype(np.float32)))
        scores, moves = tf.nn.softmax(logits).numpy()[:, :-1], deltas.numpy() * BOX_STD
        if k < times - 1:
            likeliest = moves[np.arange(len(boxes)), scores.argmax(axis=1)]
            moved = clip(decode(boxes, likeliest), 160, 160)
            boxes = np.where(large_enough(moved, 8)[:, None], moved, boxes)
    return detections.detect(boxes, scores, moves, 0.05, size=(160, 160))

judged = {}
for times in (1, 2, 3):
    found = [run(nets["in view"], image, times) for image in test_scenes.images]
    judged[times] = [evaluate(found, truth, 10, limit) for limit in (0.5, 0.8)]
passes = {name: [judged[t][k].mean for t in (1, 2, 3)] for k, name in enumerate(("0.5", "0.8"))}
passes["second"] = paired_bootstrap(judged[1][1], judged[2][1])
passes["third"] = paired_bootstrap(judged[2][1], judged[3][1])

A good answer says three things. First, each difference with its interval, and whether the interval leaves out 0: in one run
the second pass brought -0.019 (-0.099 to 0.065) at 0.8, so for this net nothing is shown. Second, why a pass can help where boxes are loose, and why
less is left for the next: a box that already fits is hardly moved. Third, that the number of passes was then chosen on the
test scenes, so their mAP is no longer an unbiased estimate: choose on scenes held out from training.
""",
    ),
}
