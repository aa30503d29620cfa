"""Exercises of lesson 16, R-CNN."""

import numpy as np

from scripts.exercises import Exercise, Hint, array, expect, function, hint_begins, number


def window(box, side, context):
    """The reference of exercise 1: the part of the picture that the warped box shows; box: x1, y1, x2, y2."""
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * context / (side - 2 * context), (y2 - y1) * context / (side - 2 * context)
    return x1 - across, y1 - down, x2 + across, y2 + down


def shows(answer) -> None:
    """Exercise 1, on a wide box and two sizes of the result."""
    for box, side, context in (((10.0, 20.0, 82.0, 44.0), 28, 2), ((0.0, 0.0, 195.0, 39.0), 227, 16)):
        found = array(answer(box, side, context), (4,))
        x1, y1, x2, y2 = box
        a, b = (x2 - x1) * context / side, (y2 - y1) * context / side
        yours = found.round(2).tolist()
        expect(
            found,
            right=window(box, side, context),
            mistakes=(
                (
                    (x1 - context, y1 - context, x2 + context, y2 + context),
                    "context is counted in pixels of the result, not of the picture",
                ),
                (
                    (x1 - a, y1 - b, x2 + a, y2 + b),
                    "the box itself fills side - 2 * context pixels of the result, not side",
                ),
                (box, "that is the box without its context"),
            ),
            otherwise=f"for the box {box}, side {side}, context {context} yours is {yours}",
        )


def average_precision(value: float) -> None:
    """Exercise 2: hit, false alarm, hit, hit, false alarm; four objects."""
    # Two digits are enough. A half is rounded down: 0.62 stands for 0.625 as well.
    expect(
        value - 1e-6,
        right=0.62,
        mistakes=(
            (0.60, "at each recall take the best precision at this recall or beyond it"),
            (0.61, "that is the mean at 11 recalls, as VOC 2007 has it; the area is asked for"),
            (
                0.70,
                "that is the mean of the five precisions: "
                "each hit counts with the recall it adds, a false alarm adds none",
            ),
            (0.75, "that is the recall at the end; AP weighs the precisions as well"),
            (0.83, "four objects are there, one is never found: recall rises by a quarter with each hit"),
        ),
        otherwise="precisions 1, 1/2, 2/3, 3/4, 3/5; each hit adds a quarter of recall",
        rtol=0,
        atol=0.005,
    )


def classifier(
    classes: int, outputs: int = 1, activation=None, from_logits: bool = True, compiled: bool = True
):
    """The reference of exercise 3, and its wrong answers: how many outputs are added for the background, and the loss."""
    import keras
    from keras import layers

    last = layers.Dense(classes + outputs, activation=activation)
    model = keras.Sequential([keras.Input((7, 7, 64)), layers.Flatten(), layers.Dense(32, "relu"), last])
    if compiled:
        model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits))
    return model


def learns(answer) -> None:
    """Exercise 3: an output for each class and the background, and a loss that fits what the model answers."""
    import keras

    random = np.random.default_rng(0)
    maps = random.normal(size=(6, 7, 7, 64)).astype(np.float32)
    for classes in (3, 5):
        model = answer(classes)
        if not isinstance(model, keras.Model):
            raise Hint(f"return a Keras model, this is {type(model).__name__}")
        if tuple(model.input_shape) != (None, 7, 7, 64):
            raise Hint(f"the model takes maps of shape (7, 7, 64), yours takes {model.input_shape}")
        if tuple(model.output_shape) != (None, classes + 1):
            raise Hint(
                f"for {classes} classes there are {classes + 1} answers, the last for the background; "
                f"the output of yours has the shape {model.output_shape}"
            )
        if not getattr(model, "compiled", False):
            raise Hint("the model is not compiled: call model.compile with an optimizer and a loss")
        answers = model(maps, training=False)
        said = np.asarray(answers, np.float64)
        labels = np.arange(6) % (classes + 1)
        chances = (said >= 0).all() and np.allclose(said.sum(axis=1), 1, atol=1e-4)
        if not chances:
            if said.min() >= 0:
                raise Hint("the answers are never negative: logits may be, so no ReLU in the last layer")
            said = np.exp(said - said.max(axis=1, keepdims=True))
            said /= said.sum(axis=1, keepdims=True)
        right = -np.log(said[np.arange(6), labels]).mean()
        measured = float(np.asarray(model.compute_loss(x=maps, y=labels, y_pred=answers)))
        if not np.isclose(measured, right, rtol=1e-2):
            raise Hint(
                "the loss does not fit: does the model give logits, and does the loss take them as logits?"
            )


def soft_nms(boxes, scores, sigma):
    """The reference of exercise 4: Gaussian soft-NMS. Returns float, shape (n,), in the order of the boxes."""
    from scripts.detection.boxes import iou

    boxes, scores = np.asarray(boxes, float), np.array(scores, float)
    left = list(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: scores[i])
        left.remove(best)
        for i in left:
            scores[i] *= np.exp(-(iou(boxes[[i]], boxes[[best]])[0, 0] ** 2) / sigma)
    return scores


def by_first_order(boxes, scores, sigma):
    """A wrong answer to exercise 4: the order of the first scores is kept."""
    from scripts.detection.boxes import iou

    order, new = np.argsort(-np.asarray(scores)), np.array(scores, float)
    overlaps = iou(np.asarray(boxes, float), np.asarray(boxes, float))
    for place, best in enumerate(order):
        for i in order[place + 1 :]:
            new[i] *= np.exp(-(overlaps[i, best] ** 2) / sigma)
    return new


def first_only(boxes, scores, sigma):
    """A wrong answer to exercise 4: only the best box lowers the others."""
    from scripts.detection.boxes import iou

    best = int(np.argmax(scores))
    factors = np.exp(-(iou(np.asarray(boxes, float), np.asarray(boxes, float)[[best]])[:, 0] ** 2) / sigma)
    factors[best] = 1
    return np.asarray(scores) * factors


def not_squared(boxes, scores, sigma):
    """A wrong answer to exercise 4: the overlap is not squared."""
    from scripts.detection.boxes import iou

    boxes, scores = np.asarray(boxes, float), np.array(scores, float)
    left = list(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: scores[i])
        left.remove(best)
        for i in left:
            scores[i] *= np.exp(-iou(boxes[[i]], boxes[[best]])[0, 0] / sigma)
    return scores


def hard_nms(boxes, scores, sigma):
    """A wrong answer to exercise 4: ordinary suppression, scores set to 0."""
    from scripts.detection.boxes import nms

    kept = nms(np.asarray(boxes, float), np.asarray(scores, float), 0.3)
    new = np.zeros(len(scores))
    new[kept] = np.asarray(scores)[kept]
    return new


# the third box overlaps both others; what the first takes from the second changes which comes next
ROW = np.array([[0.0, 0, 40, 40], [8, 0, 48, 40], [22, 0, 62, 40], [100, 0, 140, 40]])


def softened(answer) -> None:
    """Exercise 4: boxes in a row, in two orders, with two values of sigma; and no box at all."""
    scores = np.array([0.9, 0.8, 0.7, 0.3])
    for order, sigma in (([0, 1, 2, 3], 0.5), ([2, 3, 0, 1], 0.3)):
        boxes, given = ROW[order].copy(), scores[order].copy()
        with hint_begins("what your function returns"):
            found = array(answer(boxes, given, sigma), (4,))
        if not np.array_equal(given, scores[order]):
            raise Hint("your function changes the scores that it was given: work on a copy")
        right = soft_nms(ROW[order], scores[order], sigma)
        expect(
            found,
            right=right,
            mistakes=(
                (np.sort(right)[::-1], "return the scores in the order in which the boxes were given"),
                (scores[order], "these are the scores as they were: nothing was lowered"),
                (
                    hard_nms(ROW[order], scores[order], sigma),
                    "that is ordinary suppression: soft-NMS lowers scores and sets none to 0",
                ),
                (
                    first_only(ROW[order], scores[order], sigma),
                    "only the best box lowered the others: go on with the next one until all are taken",
                ),
                (
                    by_first_order(ROW[order], scores[order], sigma),
                    "choose the next box by the scores as they are now, after lowering",
                ),
                (not_squared(ROW[order], scores[order], sigma), "the IoU in the exponent is squared"),
            ),
            otherwise=f"for sigma {sigma} yours are {found.round(3).tolist()}; the first box taken keeps its score",
            rtol=1e-4,
        )
    with hint_begins("for no box at all"):
        array(answer(np.zeros((0, 4)), np.zeros(0), 0.5), (0,))


def summary_of(with_context, without) -> dict:
    """What exercise 5 asks for, of the shares of each seed."""
    differences = np.subtract(with_context, without)
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    summary = {"with": list(with_context), "without": list(without)}
    summary |= {"difference": float(differences.mean()), "error": float(error)}
    return summary


def measured_context(answer) -> None:
    """Exercise 5: shares that can be, and numbers that follow from them."""
    names = ("with", "without", "difference", "error")
    if not isinstance(answer, dict) or not all(name in answer for name in names):
        raise Hint(f"a dictionary is asked for, with {', '.join(names)}")
    shares = {}
    for name in ("with", "without"):
        values = answer[name]
        if not isinstance(values, (list, tuple, np.ndarray)) or len(values) < 3:
            raise Hint(f"{name}: give the share of three seeds or more, in a list")
        with hint_begins(name):
            shares[name] = array(values, (len(values),))
        if (shares[name] > 1).any() or (shares[name] < 0).any():
            raise Hint(f"{name}: a share is from 0 to 1, and no per cent")
        counts = shares[name] * 240
        if np.abs(counts - counts.round()).max() > 0.13:
            raise Hint(f"{name}: these are no shares of the 240 objects in 100 test scenes")
        if len(np.unique(shares[name])) == 1:
            raise Hint(f"{name}: all seeds give the same number; is the seed used in training?")
        if shares[name].mean() < 0.5:
            raise Hint(
                f"{name}: a mean of {shares[name].mean():.2f} is low: "
                "does the net classify the same kind of crops that it was trained on?"
            )
    if len(shares["with"]) != len(shares["without"]):
        raise Hint("with and without need the same seeds, in the same order")
    if np.array_equal(shares["with"], shares["without"]):
        raise Hint("both give the same shares: is the context really 0 in one of them?")
    wanted = summary_of(shares["with"], shares["without"])
    with hint_begins("difference"):
        expect(
            number(answer["difference"]),
            right=wanted["difference"],
            mistakes=((-wanted["difference"], "the sign is reversed: with - without"),),
            otherwise="it is the mean of with - without over the seeds",
            rtol=1e-3,
            atol=1e-4,
        )
    with hint_begins("error"):
        expect(
            number(answer["error"]),
            right=wanted["error"],
            mistakes=(
                (
                    wanted["error"] * np.sqrt(len(shares["with"])),
                    "this is the standard deviation: divide it by the root of the number of seeds",
                ),
            ),
            otherwise="np.std(differences, ddof=1) / np.sqrt(len(differences)), of the differences seed by seed",
            rtol=1e-3,
            atol=1e-4,
        )


# of one run of the worked solution
WITH, WITHOUT = (199 / 240, 198 / 240, 192 / 240), (175 / 240, 185 / 240, 187 / 240)

EXERCISES = {
    "16.1": Exercise(
        reference=window,
        form=function("window(box, side, context)"),
        test=shows,
        wrong=(
            (lambda box, side, context: box, "without its context"),
            (
                lambda box, side, context: np.add(box, (-context, -context, context, context)),
                "pixels of the result",
            ),
            (lambda box, side, context: window(box, side + 2 * context, context), "not side"),
            (lambda box, side, context: window(box, side, 2 * context), "yours is"),
        ),
        worked="""
def window(box, side, context):
    x1, y1, x2, y2 = box
    across = (x2 - x1) / (side - 2 * context) * context
    down = (y2 - y1) / (side - 2 * context) * context
    return x1 - across, y1 - down, x2 + across, y2 + down

The box fills side - 2 * context pixels of the result, so one pixel of the result is so many of the picture.
Times `context`, this is how far the window reaches beyond the box; the two directions differ, as the box is stretched.
""",
    ),
    "16.2": Exercise(
        reference=0.625,
        form=number,
        test=average_precision,
        wrong=(
            (0.604, "or beyond"),
            (0.614, "11 recalls"),
            (0.703, "a false alarm adds none"),
            (0.75, "recall at the end"),
            (0.833, "four objects"),
            (0.1, "each hit adds"),
        ),
        worked="""
average = 0.25 * (1 + 0.75 + 0.75)  # 0.625

The precisions at the three hits are 1, 2/3 and 3/4. At a recall of one half the best precision from there on is 3/4, not 2/3.
Each hit adds a quarter of recall; the fourth object is never found, so its quarter adds nothing.
""",
    ),
    "16.3": Exercise(
        reference=classifier,
        form=function("repaired_classifier(classes)"),
        test=learns,
        wrong=(
            (
                lambda classes: classifier(classes, outputs=0, activation="relu"),
                "the last for the background",
            ),
            (lambda classes: classifier(classes, from_logits=False), "take them as logits"),
            (lambda classes: classifier(classes, outputs=0), "the last for the background"),
            (lambda classes: classifier(classes, activation="relu"), "no ReLU"),
            (lambda classes: classifier(classes, compiled=False), "not compiled"),
            (lambda classes: classifier(4), "for 3 classes"),
            (lambda classes: None, "Keras model"),
        ),
        worked="""
def repaired_classifier(classes):
    hidden, answer = layers.Dense(32, "relu"), layers.Dense(classes + 1)
    model = keras.Sequential([keras.Input((7, 7, 64)), layers.Flatten(), hidden, answer])
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model

The background is one more class, so there are classes + 1 answers; without it the label `classes` has no place.
The last layer gives logits, which may be negative. A ReLU there cuts them at 0, and where it cuts, no gradient comes through.
""",
    ),
    "16.4": Exercise(
        reference=soft_nms,
        form=function("soft_nms(boxes, scores, sigma)"),
        test=softened,
        wrong=(
            (lambda boxes, scores, sigma: scores.copy(), "nothing was lowered"),
            (hard_nms, "ordinary suppression"),
            (first_only, "until all are taken"),
            (by_first_order, "as they are now"),
            (not_squared, "is squared"),
            (
                lambda boxes, scores, sigma: np.sort(soft_nms(boxes, scores, sigma))[::-1],
                "in the order in which",
            ),
            (lambda boxes, scores, sigma: soft_nms(boxes, scores, 2 * sigma), "yours are"),
            (lambda boxes, scores, sigma: soft_nms(boxes, scores, sigma)[:2], "shape"),
        ),
        worked="""
def soft_nms(boxes, scores, sigma):
    scores = np.array(scores, float)
    left = list(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: scores[i])
        left.remove(best)
        for i in left:
            overlap = iou(boxes[[i]], boxes[[best]])[0, 0]
            scores[i] = scores[i] * np.exp(-(overlap**2) / sigma)
    return scores

The next box is chosen by the scores as they are now, because lowering may have changed their order.
A box that overlaps nothing keeps its score, since exp(0) = 1. One that lies on a better box nearly loses it, but is never removed.
""",
    ),
    "16.5": Exercise(
        reference=summary_of(WITH, WITHOUT),
        test=measured_context,
        wrong=(
            ({"with": [0.9, 0.91, 0.92]}, "a dictionary is asked for, with"),
            ({**summary_of(WITH, WITHOUT), "with": [0.9]}, "three seeds"),
            (summary_of((91.0, 90.0, 92.0), (89.0, 90.0, 91.0)), "no per cent"),
            (summary_of((0.9112, 0.8932, 0.9012), WITHOUT), "no shares of the 240"),
            (summary_of((0.9, 0.9, 0.9), WITHOUT), "the same number"),
            (summary_of((0.1, 0.2, 0.1), WITHOUT), "is low"),
            (summary_of(WITH, WITH), "really 0"),
            ({**summary_of(WITH, WITHOUT), "with": [*WITH, 0.9]}, "same seeds"),
            (
                {**summary_of(WITH, WITHOUT), "difference": -summary_of(WITH, WITHOUT)["difference"]},
                "sign is reversed",
            ),
            (
                {**summary_of(WITH, WITHOUT), "error": float(np.std(np.subtract(WITH, WITHOUT), ddof=1))},
                "root of the number",
            ),
            ({**summary_of(WITH, WITHOUT), "error": 0.5}, "seed by seed"),
        ),
        worked="""
def share(context, seed):
    keras.utils.set_random_seed(seed)
    net = object_net()
    adam = keras.optimizers.Adam(0.001)
    adam.build(net.trainable_variables)
    pairs = list(zip(train_scenes.images, training))
    seen = np.concatenate([ink(warp(image, boxes, SIDE, context)).numpy() for image, boxes in pairs])
    rng = course.rng(seed)
    for _ in range(60):
        batch = draw_batch(rng, tuning)
        train_step(net, adam, seen[batch], tuning[batch])
    right = []
    for image, boxes, labels in zip(test_scenes.images, test_scenes.boxes, test_scenes.labels):
        logits = net(ink(warp(image, boxes, SIDE, context)), training=False)[2]
        right.append(logits.numpy().argmax(axis=1) == labels)
    return np.concatenate(right).mean()

by_context = {2: [share(2, seed) for seed in range(3)], 0: [share(0, seed) for seed in range(3)]}
differences = np.subtract(by_context[2], by_context[0])
context_shares = {"with": by_context[2], "without": by_context[0], "difference": differences.mean(),
                  "error": np.std(differences, ddof=1) / np.sqrt(3)}

One run gave 0.829, 0.825, 0.800 with context and 0.729, 0.771, 0.779 without it: a difference of 0.058 with an error of 0.023.
A good answer says three things. First, the difference with its error, and whether it is clear: for three seeds it has to be
above 4.3 errors, and 0.058 is 2.5 errors. So three seeds leave it open, though all three differences are positive. Second, why context may help: `ink` takes the colour of the crop's border for the ground, and
without context the digit itself touches that border. Third, what was held equal, and what was not: boxes, seeds, batches and
steps are the same, but 60 steps are few, and the objects' own boxes are not the proposals that a detector has to classify.
""",
    ),
}
