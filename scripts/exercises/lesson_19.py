"""Exercises of lesson 19, your own detector."""

import numpy as np

from scripts.exercises import COUNT, Exercise, Hint, array, expect, function, hint_begins

KINDS = ("correct", "localisation", "duplicate", "similar class", "other class", "background")


def box_in_pixels(answer) -> None:
    """Exercise 1: the middle (400, 150), the sides 320 and 180."""
    expect(
        array(answer, (4,)),
        right=(240, 60, 560, 240),
        mistakes=(
            ((0.3, 0.1, 0.7, 0.4), "these are shares: multiply by 800 and by 600"),
            ((400, 150, 720, 330), "0.5 and 0.25 are the middle of the box, not its corner"),
            ((400, 150, 320, 180), "these are middle and sides: corners are asked for"),
            ((180, 80, 420, 320), "x goes with the width, 800, and y with the height, 600"),
            ((80, -30, 720, 330), "half of a side lies on each side of the middle"),
        ),
        otherwise="the middle is 0.5 x 800 and 0.25 x 600; go half of each side from there",
        rtol=0,
        atol=COUNT,
    )


def leaking_pictures(answer) -> None:
    """Exercise 2: neighbours, copies, and pictures that were chosen with."""
    if isinstance(answer, (int, float)):
        raise Hint("a list of numbers is asked for, such as [2]")
    try:
        said = {int(one) for one in answer}
    except (TypeError, ValueError):
        raise Hint("a list of numbers from 1 to 4 is asked for") from None
    if not said <= {1, 2, 3, 4}:
        raise Hint("the pictures have the numbers 1 to 4")
    for which, there, hint in (
        (2, True, "picture 2 is new in everything: this is what a test picture should be"),
        (1, False, "think of picture 1: what has changed after two seconds?"),
        (3, False, "think of picture 3: training shows mirror images too, so it is known by heart"),
        (4, False, "think of picture 4: what was chosen with a picture fits that picture"),
    ):
        if (which in said) == there:
            raise Hint(hint)


def flip(image, boxes):
    """The reference of exercise 3. Returns image and boxes."""
    x1, y1, x2, y2 = np.asarray(boxes).T
    height = image.shape[0]
    return image[::-1], np.stack([x1, height - y2, x2, height - y1], axis=1)


def flip_by_width(image, boxes):
    """A wrong answer to exercise 3: the other side, and corners in their old order."""
    x1, y1, x2, y2 = boxes.T
    width = image.shape[1]
    return image[::-1], np.stack([x1, width - y1, x2, width - y2], axis=1)


def flip_without_order(image, boxes):
    """A wrong answer to exercise 3: the corners keep their order."""
    x1, y1, x2, y2 = boxes.T
    return image[::-1], np.stack([x1, len(image) - y1, x2, len(image) - y2], axis=1)


def flip_ordered_by_width(image, boxes):
    """A wrong answer to exercise 3: the other side."""
    x1, y1, x2, y2 = boxes.T
    width = image.shape[1]
    return image[::-1], np.stack([x1, width - y2, x2, width - y1], axis=1)


def flip_image_only(image, boxes):
    """A wrong answer to exercise 3: the boxes stay."""
    return image[::-1], boxes


def mirror(image, boxes):
    """A wrong answer to exercise 3: left and right."""
    x1, y1, x2, y2 = boxes.T
    width = image.shape[1]
    return image[:, ::-1], np.stack([width - x2, y1, width - x1, y2], axis=1)


def repaired_flip(answer) -> None:
    """Exercise 3: squares of numbers of their own are found again inside their boxes."""
    for height, width in ((40, 60), (50, 30)):
        image = np.zeros((height, width, 3), np.uint8)
        boxes = np.float32([[2, 3, 10, 8], [12, 20, 25, 36]])
        for value, (x1, y1, x2, y2) in zip((100, 200), boxes.astype(int), strict=True):
            image[y1:y2, x1:x2] = value
        both = answer(image.copy(), boxes.copy())
        if not isinstance(both, (tuple, list)) or len(both) != 2:
            raise Hint("return two things: the image and the boxes")
        turned, moved = np.asarray(both[0]), both[1]
        if turned.shape != image.shape or not np.array_equal(turned, image[::-1]):
            raise Hint("the image should be turned upside down: its rows in the reverse order")
        with hint_begins("the boxes that your function returns"):
            moved = array(moved, (2, 4))
        if np.array_equal(moved, boxes):
            raise Hint("the image is turned, the boxes are not")
        if (moved[:, 3] <= moved[:, 1]).any():
            raise Hint("a box has its upper side below its lower side: which corner is the upper one now?")
        if np.allclose(moved, flip_ordered_by_width(image, boxes)[1]):
            raise Hint("y is counted along the height of the picture, not along its width")
        for value, (x1, y1, x2, y2) in zip((100, 200), moved.astype(int), strict=True):
            if not (turned[max(y1, 0) : y2, x1:x2] == value).all() or y1 < 0 or np.size(turned[y1:y2]) == 0:
                raise Hint("after the turn a box no longer lies on its object: x stays, y counts from below")
        expect(moved, right=flip(image, boxes)[1], otherwise="a box is not as large as its object any more")
    none = answer(np.zeros((4, 6, 3), np.uint8), np.zeros((0, 4), np.float32))
    with hint_begins("a picture without a box"):
        array(none[1], (0, 4))


def small_model():
    """Three stages with batch normalisation, and a head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = picture = keras.Input((8, 8, 3))
    for stage in (1, 2, 3):
        x = layers.Conv2D(4, 3, padding="same", name=f"stage{stage}_conv")(x)
        x = layers.BatchNormalization(name=f"stage{stage}_norm")(x)
        x = layers.ReLU(name=f"stage{stage}_relu")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(2, name="head")(x)
    return keras.Model(picture, x)


def trained_layers(model, wanted) -> None:
    for layer in model.layers:
        layer.trainable = wanted(layer.name)


def thaw(model, stage):
    """The reference of exercise 4."""
    later = [f"stage{number}_conv" for number in range(stage, 10)]
    trained_layers(model, lambda name: name == "head" or name in later)


def thaw_norms_too(model, stage):
    """A wrong answer to exercise 4: batch normalisation learns as well."""
    later = tuple(f"stage{number}_" for number in range(stage, 10))
    trained_layers(model, lambda name: name == "head" or name.startswith(later))


def thaw_everything(model, stage):
    """A wrong answer to exercise 4: nothing is frozen."""
    model.trainable = True


def thaw_only_stage(model, stage):
    """A wrong answer to exercise 4: the stages behind it stay frozen."""
    trained_layers(model, lambda name: name in ("head", f"stage{stage}_conv"))


def thaw_without_head(model, stage):
    """A wrong answer to exercise 4: the head is frozen."""
    later = [f"stage{number}_conv" for number in range(stage, 10)]
    trained_layers(model, lambda name: name in later)


def freeze_all(model, stage):
    """A wrong answer to exercise 4: everything is frozen."""
    model.trainable = False


def thawed(answer) -> None:
    """Exercise 4: flags first, then one step of training, and which weights it moved."""
    for stage in (2, 3):
        model = small_model()
        names = {layer.name: layer for layer in model.layers if layer.weights}
        wanted = {n: n == "head" or (n.endswith("_conv") and int(n[5]) >= stage) for n in names}
        answer(model, stage)
        moving = {name: bool(layer.trainable_weights) for name, layer in names.items()}
        for name, wants in wanted.items():
            if moving[name] == wants:
                continue
            if name == "head":
                raise Hint("head is frozen: nothing has ever taught it, so it has to learn")
            if name.endswith("_norm"):
                raise Hint(f"{name} would learn: batch normalisation stays as it is")
            state = "is frozen" if wants else "would learn"
            raise Hint(
                f"with stage {stage} the layer {name} {state}; from stage {stage} on they learn, before not"
            )
        before = {name: [np.array(one) for one in layer.get_weights()] for name, layer in names.items()}
        random = np.random.default_rng(0)
        x, y = random.normal(2, 3, (8, 8, 8, 3)).astype(np.float32), random.integers(0, 2, 8)
        model.compile(optimizer="sgd", loss="mse", jit_compile=False, run_eagerly=True)
        model.train_on_batch(x, np.eye(2, dtype=np.float32)[y])
        for name, wants in wanted.items():
            pairs = zip(before[name], names[name].get_weights(), strict=True)
            if any(not np.array_equal(a, b) for a, b in pairs) != wants:
                what = "did not move" if wants else "moved"
                raise Hint(f"after a step of training the weights of {name} {what}")


def measured(answer) -> None:
    """Exercise 5: results that can be, and that fit each other."""
    names = ("pictures", "0.5", "0.75", "objects", "kinds", "change")
    if not isinstance(answer, dict) or not all(name in answer for name in names):
        raise Hint(f"a dictionary is asked for, with {', '.join(names)}")
    with hint_begins("pictures: the two numbers of training pictures"):
        few, many = array(answer["pictures"], (2,))
    if not 0 < few < many:
        raise Hint("pictures: first the fewer, then the more")
    maps = {}
    for limit in ("0.5", "0.75"):
        with hint_begins(f"{limit}: the two mAPs"):
            maps[limit] = array(answer[limit], (2,))
        if (maps[limit] > 1).any() or (maps[limit] < 0).any():
            raise Hint(f"{limit}: a mAP is a share, from 0 to 1, and no per cent")
    if (maps["0.75"] > maps["0.5"]).any():
        raise Hint("a mAP at an IoU of 0.75 asks for more than one at 0.5: are the two swapped?")
    if maps["0.5"].max() == 0:
        raise Hint("both detectors found nothing: look at the losses, and train for more steps")
    if maps["0.5"][0] == maps["0.5"][1]:
        raise Hint(
            "both mAPs are the same: was the second detector trained on more pictures, and tested anew?"
        )
    with hint_begins("objects"):
        objects = array(answer["objects"], ())
    kinds = answer["kinds"]
    if not isinstance(kinds, (list, tuple)) or len(kinds) != 2:
        raise Hint("kinds: two dictionaries, one for each detector")
    for which, one in zip(("fewer", "more"), kinds, strict=True):
        if not isinstance(one, dict) or set(one) != set(KINDS):
            raise Hint(f"kinds, {which} pictures: a dictionary with {', '.join(KINDS)}")
        with hint_begins(f"kinds, {which} pictures: the sums over the classes"):
            counts = array([one[kind] for kind in KINDS], (len(KINDS),))
        if (counts < 0).any() or (counts != np.rint(counts)).any():
            raise Hint(f"kinds, {which} pictures: counts are whole numbers from 0 on")
        if counts.sum() > objects:
            raise Hint(
                f"kinds, {which} pictures: {counts.sum():.0f} detections are judged, but only as many as there are "
                f"objects, {objects:.0f}, may be"
            )
        if counts[0] == 0:
            raise Hint(f"kinds, {which} pictures: none is correct, which does not fit a mAP above 0")
    if not isinstance(answer["change"], str) or len(answer["change"].split()) < 8:
        raise Hint("change: a sentence of at least eight words, with a reason")


# of one run of the worked solution
RUN = {
    "pictures": [20, 80],
    "0.5": [0.31, 0.62],
    "0.75": [0.12, 0.35],
    "objects": 98,
    "kinds": [
        dict(zip(KINDS, (40, 12, 1, 0, 25, 14), strict=True)),
        dict(zip(KINDS, (63, 9, 1, 0, 15, 8), strict=True)),
    ],
    "change": "I would add more pictures of each digit, because most mistakes are other classes.",
}


EXERCISES = {
    "19.1": Exercise(
        reference=[240, 60, 560, 240],
        test=box_in_pixels,
        wrong=(
            ([0.3, 0.1, 0.7, 0.4], "shares"),
            ([400, 150, 720, 330], "middle"),
            ([400, 150, 320, 180], "corners"),
            ([180, 80, 420, 320], "width"),
            ([80, -30, 720, 330], "half"),
            ([0, 0, 1, 1], "half of each side"),
        ),
        worked="""
width, height = 0.4 * 800, 0.3 * 600  # 320 and 180
box_in_pixels = [0.5 * 800 - width / 2, 0.25 * 600 - height / 2, 0.5 * 800 + width / 2, 0.25 * 600 + height / 2]

The middle is (400, 150). Half of each side lies left and right of it, and above and below: 240, 60, 560, 240.
""",
    ),
    "19.2": Exercise(
        reference=[1, 3, 4],
        test=leaking_pictures,
        wrong=(
            ([1, 3], "picture 4"),
            ([1, 4], "picture 3"),
            ([3, 4], "picture 1"),
            ([1, 2, 3, 4], "picture 2"),
            ([5], "1 to 4"),
            (2, "list"),
        ),
        worked="""
leaking_pictures = [1, 3, 4]

Picture 1 is nearly a training picture, and picture 3 is one that was turned: both are known by heart.
The steps were chosen so that pictures like 4 come out well, so it is a validation picture. Only 2 is a fair test.
""",
    ),
    "19.3": Exercise(
        reference=flip,
        form=function("repaired_flip(image, boxes)"),
        test=repaired_flip,
        wrong=(
            (flip_by_width, "upper side"),
            (flip_without_order, "upper side"),
            (flip_ordered_by_width, "height"),
            (flip_image_only, "the boxes are not"),
            (mirror, "rows"),
            (lambda image, boxes: image[::-1], "two things"),
        ),
        worked="""
def repaired_flip(image, boxes):
    x1, y1, x2, y2 = boxes.T
    height = image.shape[0]
    return image[::-1], np.stack([x1, height - y2, x2, height - y1], axis=1)

Rows are counted along the height. What was the lower side of a box is its upper side after the turn, so y1 and y2 change
places. In a square picture the first fault would not be seen: test with one that is not square.
""",
    ),
    "19.4": Exercise(
        reference=thaw,
        form=function("thaw(model, stage)"),
        test=thawed,
        wrong=(
            (thaw_norms_too, "batch normalisation"),
            (thaw_everything, "would learn"),
            (thaw_only_stage, "is frozen"),
            (thaw_without_head, "head"),
            (freeze_all, "is frozen"),
        ),
        worked="""
def thaw(model, stage):
    for layer in model.layers:
        late = layer.name.endswith("_conv") and int(layer.name.removeprefix("stage").split("_")[0]) >= stage
        layer.trainable = layer.name == "head" or late

A layer of batch normalisation with trainable = False also uses its stored mean and variance, even in training.
The model has to be compiled after this, since compiling looks at which weights are trained.
""",
    ),
    "19.5": Exercise(
        reference=RUN,
        test=measured,
        wrong=(
            (0.5, "dictionary"),
            (RUN | {"pictures": [80, 20]}, "first the fewer"),
            (RUN | {"0.5": [31, 62]}, "share"),
            (RUN | {"0.5": RUN["0.75"], "0.75": RUN["0.5"]}, "swapped"),
            (RUN | {"0.5": [0.62, 0.62]}, "the same"),
            (RUN | {"objects": 50}, "only as many"),
            (RUN | {"kinds": RUN["kinds"][:1]}, "two dictionaries"),
            (RUN | {"change": "more pictures"}, "eight words"),
        ),
        worked="""
sets, judged = [data.load_scenes(20), data.load_scenes(80)], data.load_scenes(40, "test")
report = {"pictures": [20, 80], "0.5": [], "0.75": [], "kinds": []}
report["objects"] = sum(map(len, judged.labels))
for pictures in sets:
    one = Detector.train(pictures, steps=200, start="digits", side=160, mirror=False)
    report["0.5"].append(one.evaluate(judged).mean)
    report["0.75"].append(evaluate(one.found, objects_in(judged), 10, 0.75).mean)
    counts = kinds_of_error(one.found, objects_in(judged), 10)
    report["kinds"].append({kind: int(number.sum()) for kind, number in counts.items()})
report["change"] = "Add pictures of the digits that are taken for others, since other class is the largest mistake."

A good answer says three things. Which kind of mistake became rarer, in counts, and which did not. What to change first,
and that it follows from the largest kind. And that one training each shows little: several seeds, or an interval over
pictures and seeds, would tell whether the difference is more than chance.
""",
    ),
}
