"""Exercises of lesson 17, Fast R-CNN."""

import math

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number


def bins(first, last, size):
    """The reference of exercise 2. Returns a list of pairs (start, end), end exclusive."""
    length = last - first + 1
    return [
        (first + math.floor(i * length / size), first + math.ceil((i + 1) * length / size))
        for i in range(size)
    ]


def columns(answer) -> None:
    """Exercise 1: x = 36 to 92 at stride 8: 4.5 and 11.5, halves away from zero."""
    expect(
        array(answer, (2,)),
        right=(5, 12),
        mistakes=(
            ((4, 12), "4.5 is a half: C rounds it away from zero, NumPy to the even neighbour"),
            ((4, 11), "the coordinates are rounded, not cut off"),
            ((5, 11), "the last column is the rounded end itself: it belongs to the RoI"),
            ((5, 13), "the last column is the rounded end, not one more"),
            ((4.5, 11.5), "cells are whole numbers: round"),
            ((36, 92), "those are pixels: divide by the stride"),
        ),
        otherwise="divide both by the stride, then round halves away from zero",
        rtol=0,
        atol=1e-4,
    )


def cut(answer) -> None:
    """Exercise 2, where bins share a cell, where they do not, and where there are more bins than cells."""
    for first, last, size in ((0, 4, 2), (3, 8, 3), (5, 5, 2), (2, 20, 7)):
        found = array(answer(first, last, size), (size, 2))
        wanted, length = np.array(bins(first, last, size)), last - first + 1
        ends = [(first + i * (length - 1) / size, first + (i + 1) * (length - 1) / size) for i in range(size)]
        short = np.array([(math.floor(a), math.ceil(b)) for a, b in ends])
        apart = np.stack([wanted[:, 0], np.append(wanted[1:, 0], last + 1)], axis=1)
        yours = found.astype(int).tolist()
        expect(
            found,
            right=wanted,
            mistakes=(
                (wanted - first, "cells are counted from the map's border: add first"),
                (wanted - [0, 1], "the end is exclusive: one beyond the bin's last cell"),
                (short, "first and last both belong: the length is last - first + 1"),
                (apart, "a bin ends at the ceiling of its end: neighbours may share a cell"),
            ),
            otherwise=f"for columns {first} to {last} in {size} bins yours are {yours}",
            rtol=0,
            atol=0,
        )


def box_loss(deltas, labels, targets):
    """The reference of exercise 3. Returns one number."""
    deltas, labels, targets = np.asarray(deltas), np.asarray(labels), np.asarray(targets)
    background = deltas.shape[1]
    of_label = deltas[np.arange(len(labels)), np.minimum(labels, background - 1)]
    error = np.abs(of_label - targets)
    each = np.where(error < 1, error**2 / 2, error - 0.5).sum(axis=1)
    return (each * (labels < background)).mean()


def broken_box_loss(deltas, labels, targets):
    """What exercise 3 shows: the deltas of class 0 for every RoI, and background counts."""
    error = np.abs(deltas[:, 0] - targets)
    return np.where(error < 1, error**2 / 2, error - 0.5).sum(axis=1).mean()


def first_class_only(deltas, labels, targets):
    """A wrong answer to exercise 3: background is left out, but every RoI takes the deltas of class 0."""
    error = np.abs(deltas[:, 0] - targets)
    each = np.where(error < 1, error**2 / 2, error - 0.5).sum(axis=1)
    return (each * (labels < deltas.shape[1])).mean()


def background_counts(deltas, labels, targets):
    """A wrong answer to exercise 3: the deltas of the right class, but background counts."""
    of_label = deltas[np.arange(len(labels)), np.minimum(labels, deltas.shape[1] - 1)]
    error = np.abs(of_label - targets)
    return np.where(error < 1, error**2 / 2, error - 0.5).sum(axis=1).mean()


def repaired(answer) -> None:
    """Exercise 3: on random RoIs, some of them background."""
    random = np.random.default_rng(0)
    for count, classes in ((12, 3), (8, 5)):
        deltas, targets = random.normal(size=(count, classes, 4)), random.normal(size=(count, 4))
        labels = np.arange(count) % (classes + 1)
        given = deltas.copy(), labels.copy(), targets.copy()
        objects = labels < classes
        with hint_begins("what your function returns"):
            value = number(answer(*given))
        right = box_loss(deltas, labels, targets)
        expect(
            value,
            right=right,
            mistakes=(
                (broken_box_loss(deltas, labels, targets), "both faults are still there"),
                (
                    first_class_only(deltas, labels, targets),
                    "every RoI takes the deltas of class 0: take those of its own label",
                ),
                (
                    background_counts(deltas, labels, targets),
                    "background RoIs have no box to go to: their loss is 0",
                ),
                (
                    right * count / objects.sum(),
                    "this is the mean over objects only: divide by the number of all RoIs",
                ),
                (right * count, "this is the sum over the RoIs: take their mean"),
                (right / 4, "the four deltas of an RoI are summed, the mean is over RoIs"),
            ),
            otherwise="for each RoI that is no background: smooth L1 of the deltas of its label, summed over the four",
        )


def mean_heads(classes: int):
    """The reference of exercise 4. Returns a Keras model."""
    import keras
    from keras import layers

    pooled = keras.Input(shape=(7, 7, 96))
    hidden = layers.Dense(64, activation="relu")(layers.GlobalAveragePooling2D()(pooled))
    logits = layers.Dense(classes + 1)(hidden)
    deltas = layers.Reshape((classes, 4))(layers.Dense(4 * classes)(hidden))
    return keras.Model(pooled, [logits, deltas])


def two_heads(answer) -> None:
    """Exercise 4: shapes, weights, and that the place of a cell does not matter; untrained, for two numbers of classes."""
    import keras

    random = np.random.default_rng(0)
    pooled = random.normal(size=(2, 7, 7, 96)).astype(np.float32)
    for classes in (3, 10):
        model = answer(classes)
        if not isinstance(model, keras.Model):
            raise Hint(f"return a Keras model, this is {type(model).__name__}")
        if len(model.inputs) != 1 or tuple(model.inputs[0].shape[1:]) != (7, 7, 96):
            raise Hint("the model takes one input, a pooled RoI of shape (7, 7, 96)")
        if len(model.outputs) != 2:
            raise Hint(f"two outputs are asked for, logits and deltas; this has {len(model.outputs)}")
        wanted = (classes + 1,), (classes, 4)
        for output, shape, name in zip(model.outputs, wanted, ("logits", "deltas"), strict=True):
            if tuple(output.shape[1:]) != shape:
                raise Hint(
                    f"for {classes} classes the {name} should have the shape (n, {', '.join(map(str, shape))}), "
                    f"yours have {tuple(output.shape)}"
                )
        logits, deltas = (np.asarray(one) for one in model(pooled, training=False))
        cells = pooled.reshape(2, 49, 96)[:, random.permutation(49)].reshape(pooled.shape)
        moved = np.asarray(model(cells, training=False)[0])
        if not np.allclose(logits, moved, atol=1e-3):
            raise Hint("your heads see where a number stands: average over the 49 cells first")
        if np.allclose(logits.sum(axis=1), 1, atol=1e-3):
            raise Hint("logits are asked for: no softmax in the model")
        asked = 96 * 64 + 64 + 65 * (classes + 1) + 65 * 4 * classes
        if model.count_params() != asked:
            raise Hint(
                f"for {classes} classes {asked:,} weights are asked for, this has {model.count_params():,}: "
                "one hidden layer of 64 neurons, shared, and a dense layer for each head"
            )
        if min(logits.min(), deltas.min()) >= 0:
            raise Hint("logits and deltas may be negative: no ReLU behind the heads")


def without_averaging(classes: int):
    """A wrong answer to exercise 4, as the lesson's own heads are: it sees where each number stands."""
    import keras
    from keras import layers

    pooled = keras.Input(shape=(7, 7, 96))
    hidden = layers.Dense(64, activation="relu")(layers.Flatten()(pooled))
    deltas = layers.Reshape((classes, 4))(layers.Dense(4 * classes)(hidden))
    return keras.Model(pooled, [layers.Dense(classes + 1)(hidden), deltas])


def heads_with(classes: int, width: int = 64, activation=None, reshape: bool = True):
    """Wrong answers to exercise 4: of another width, with a softmax, or with deltas that stand in one row."""
    import keras
    from keras import layers

    pooled = keras.Input(shape=(7, 7, 96))
    hidden = layers.Dense(width, activation="relu")(layers.GlobalAveragePooling2D()(pooled))
    deltas = layers.Dense(4 * classes)(hidden)
    deltas = layers.Reshape((classes, 4))(deltas) if reshape else deltas
    return keras.Model(pooled, [layers.Dense(classes + 1, activation=activation)(hidden), deltas])


def summary_of(pool, align) -> dict:
    """What exercise 5 asks for, of the results of each seed."""
    differences = np.subtract(align, pool)
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    summary = {"pool": list(pool), "align": list(align)}
    summary |= {"difference": float(differences.mean()), "error": float(error)}
    return summary


def measured(answer) -> None:
    """Exercise 5: results that can be, and numbers that follow from them."""
    names = ("pool", "align", "difference", "error")
    if not isinstance(answer, dict) or not all(name in answer for name in names):
        raise Hint(f"a dictionary is asked for, with {', '.join(names)}")
    results = {}
    for name in ("pool", "align"):
        values = answer[name]
        if not isinstance(values, (list, tuple, np.ndarray)) or len(values) < 3:
            raise Hint(f"{name}: give the mAP@0.7 of three seeds or more, in a list")
        with hint_begins(name):
            results[name] = array(values, (len(values),))
        if (results[name] > 1).any() or (results[name] < 0).any():
            raise Hint(f"{name}: a mAP is a share, from 0 to 1, and no per cent")
        if len(np.unique(results[name])) == 1:
            raise Hint(f"{name}: all seeds give the same number; is the seed used in training?")
        if results[name].mean() < 0.3:
            raise Hint(f"{name}: a mean of {results[name].mean():.2f} is low for 100 steps from scene_digits")
    if len(results["pool"]) != len(results["align"]):
        raise Hint("pool and align need the same seeds, in the same order")
    if np.array_equal(results["pool"], results["align"]):
        raise Hint("both nets give the same results: does the second one really use roi_align?")
    wanted = summary_of(results["pool"], results["align"])
    with hint_begins("difference"):
        expect(
            number(answer["difference"]),
            right=wanted["difference"],
            mistakes=((-wanted["difference"], "the sign is reversed: align - pool"),),
            otherwise="it is the mean of align - pool over the seeds",
            rtol=1e-3,
            atol=1e-4,
        )
    with hint_begins("error"):
        expect(
            number(answer["error"]),
            right=wanted["error"],
            mistakes=(
                (
                    wanted["error"] * np.sqrt(len(results["pool"])),
                    "this is the standard deviation: divide it by the root of the number of seeds",
                ),
            ),
            otherwise="np.std(differences, ddof=1) / np.sqrt(len(differences)), of the differences seed by seed",
            rtol=1e-3,
            atol=1e-4,
        )


# of one run of the worked solution
POOL, ALIGN = (0.705, 0.625, 0.709), (0.705, 0.709, 0.754)


def side_by_side(first, last, size):
    """A wrong answer to exercise 2: bins that share no cell."""
    edges = [first + i * (last - first + 1) // size for i in range(size + 1)]
    return list(zip(edges[:-1], edges[1:], strict=True))


EXERCISES = {
    "17.1": Exercise(
        reference=(5, 12),
        test=columns,
        wrong=(
            ((4, 12), "even neighbour"),
            ((4, 11), "not cut off"),
            ((5, 11), "belongs to the RoI"),
            ((36, 92), "divide by the stride"),
            ((4.5, 11.5), "whole numbers"),
        ),
        worked="""
columns = (5, 12)

36 / 8 = 4.5 and 92 / 8 = 11.5 are halves, and both go away from zero: to 5 and to 12.
The last cell belongs to the region, so it is 12 - 5 + 1 = 8 cells long, 64 pixels for a box of 56.
""",
    ),
    "17.2": Exercise(
        reference=bins,
        form=function("bin_ranges(first, last, size)"),
        test=cut,
        wrong=(
            (
                lambda first, last, size: [(a - first, b - first) for a, b in bins(first, last, size)],
                "add first",
            ),
            (lambda first, last, size: [(a, b - 1) for a, b in bins(first, last, size)], "exclusive"),
            (lambda first, last, size: [(first + i, first + i + 1) for i in range(size)], "yours are"),
            (side_by_side, "may share a cell"),
            (lambda first, last, size: [1.0] * size, "shape"),
        ),
        worked="""
def bin_ranges(first, last, size):
    length = last - first + 1
    found = []
    for i in range(size):
        start = first + math.floor(i * length / size)
        end = first + math.ceil((i + 1) * length / size)
        found.append((start, end))
    return found

The start is rounded down and the end up, so no cell is lost and neighbours may share one.
The cells of the region are counted from its first one, so `first` is added to both.
""",
    ),
    "17.3": Exercise(
        reference=box_loss,
        form=function("repaired_loss(deltas, labels, targets)"),
        test=repaired,
        wrong=(
            (broken_box_loss, "both faults"),
            (first_class_only, "own label"),
            (background_counts, "their loss is 0"),
            (lambda d, k, t: box_loss(d, k, t) * len(k) / (k < d.shape[1]).sum(), "all RoIs"),
            (lambda d, k, t: box_loss(d, k, t) * len(k), "take their mean"),
            (lambda d, k, t: box_loss(d, k, t) / 4, "summed"),
            (lambda d, k, t: None, "None"),
        ),
        worked="""
def repaired_loss(deltas, labels, targets):
    background = deltas.shape[1]
    row = np.arange(len(labels))
    of_label = deltas[row, np.minimum(labels, background - 1)]
    error = np.abs(of_label - targets)
    each = np.where(error < 1, error**2 / 2, error - 0.5).sum(axis=1)
    return (each * (labels < background)).mean()

The box head gives four deltas for each class, and only those of the RoI's own label are compared.
A background RoI has no object to go to: it adds 0 to the sum and counts among the n.
""",
    ),
    "17.4": Exercise(
        reference=mean_heads,
        form=function("mean_heads(classes)"),
        test=two_heads,
        wrong=(
            (without_averaging, "average over the 49 cells"),
            (lambda classes: heads_with(classes, width=128), "weights are asked for"),
            (lambda classes: heads_with(classes, activation="softmax"), "no softmax"),
            (lambda classes: heads_with(classes, reshape=False), "deltas should have the shape"),
            (lambda classes: heads_with(10), "for 3 classes"),
            (lambda classes: classes, "Keras model"),
        ),
        worked="""
def mean_heads(classes):
    pooled = keras.Input(shape=(7, 7, 96))
    mean = layers.GlobalAveragePooling2D()(pooled)
    hidden = layers.Dense(64, activation="relu")(mean)
    logits = layers.Dense(classes + 1)(hidden)
    deltas = layers.Dense(4 * classes)(hidden)
    return keras.Model(pooled, [logits, layers.Reshape((classes, 4))(deltas)])

The hidden layer sees 96 numbers in place of 4,704, so it has 49 times fewer weights for each neuron.
It no longer knows where in the RoI a number stands, which a box head needs: the boxes will be worse.
""",
    ),
    "17.5": Exercise(
        reference=summary_of(POOL, ALIGN),
        test=measured,
        wrong=(
            ({"pool": [0.7, 0.71, 0.72]}, "a dictionary is asked for, with"),
            ({**summary_of(POOL, ALIGN), "pool": [0.7]}, "three seeds"),
            (summary_of((71.0, 74.0, 72.0), (75.0, 74.0, 77.0)), "no per cent"),
            (summary_of((0.7, 0.7, 0.7), ALIGN), "the same number"),
            (summary_of(POOL, POOL), "really use roi_align"),
            (summary_of((0.1, 0.2, 0.1), ALIGN), "is low"),
            ({**summary_of(POOL, ALIGN), "align": [*ALIGN, 0.7]}, "same seeds"),
            ({**summary_of(POOL, ALIGN), "difference": -0.043}, "sign is reversed"),
            (
                {
                    **summary_of(POOL, ALIGN),
                    "error": float(np.std(np.subtract(ALIGN, POOL), ddof=1)),
                },
                "root of the number",
            ),
            ({**summary_of(POOL, ALIGN), "error": 0.5}, "seed by seed"),
        ),
        worked="""
class Align(RoiPooling):
    def call(self, maps, boxes, images):
        return roi_align(maps, boxes, images, BINS, 1 / STRIDE)

def with_layer(pooling, seed):
    keras.utils.set_random_seed(seed)
    pictures = keras.Input((None, None, 3))
    boxes, images = keras.Input((4,)), keras.Input((), dtype="int32")
    pooled = pooling(BINS, 1 / STRIDE)(backbone()(pictures), boxes, images)
    net = keras.Model([pictures, boxes, images], heads(10)(pooled))
    fast_rcnn.start_from(net, digit_net)
    train(net, examples, 100, course.rng(seed))
    return test(net)[1][1].mean

pool = [with_layer(RoiPooling, seed) for seed in range(3)]
align = [with_layer(Align, seed) for seed in range(3)]
differences = np.subtract(align, pool)
aligned = {"pool": pool, "align": align, "difference": differences.mean(),
           "error": np.std(differences, ddof=1) / np.sqrt(len(differences))}

One run gave 0.705, 0.625, 0.709 with RoI pooling and 0.705, 0.709, 0.754 with RoIAlign: a difference of 0.043 with an error
of 0.024. A good answer says three things. First, the difference with its error, and whether it is more than twice the error:
here it is not, so three seeds cannot tell. Second, why RoIAlign should help boxes more than classes: rounding hides moves of less than a cell
from the box head. Third, what was held equal, and what was not: scenes, start, seeds and steps are the same for both, while
`scene_digits` was trained without either layer, and 100 steps may be too few for both.
""",
    ),
}
