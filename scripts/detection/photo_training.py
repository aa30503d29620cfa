"""Training the net of photo_net.py on photographs: what its frozen half says of a picture is computed once, and kept.

A step is lesson 18's approximate joint training (S. Ren and others, 2015, section 3.2) with three changes that few photographs ask for:
the pictures of a step differ in size, so their maps are filled up rather than the pictures; and anchors that cross the border of
a picture are learnt from as well, since an object that fills a photograph has no anchor that lies inside it. And as lesson 17 does,
the heads are given boxes near each object too: on the few pictures that it knows by heart the proposal network soon proposes boxes
that need no correction, and the heads would never learn to correct.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from scripts.detection import anchors, fast_rcnn, faster_rcnn
from scripts.detection.boxes import BOX_STD, clip, encode, iou, large_enough
from scripts.detection.feature_cache import FeatureCache
from scripts.detection.photo_net import BEFORE, Net, anchor_table, as_list
from scripts.detection.views import View, view_of
from scripts.runtime import progress

STEPS, EACH = 600, 3  # steps of a training, or so many for each of its pictures where that is more
LEARNT_FROM = 200  # proposals of a picture that the heads may be taught with
BEST, BEST_IOU = 8, 0.35  # anchors that each object has at least, where they overlap it by so much
# boxes near each object that they are taught with, and by how much of a side the corners are moved
NEAR, AWAY = 32, 0.3


class Settings(NamedTuple):
    """How a net is trained.

    steps: of `pictures` pictures each. rate: the highest of Adam's, see `fast_rcnn.adam`. mirror: whether half of the pictures are
    shown with left and right changed; not for what has a left and a right, as letters. scales: a picture's size is one of these
    times the plan's. jitter: 0 to 1, how much brightness, contrast and colours may change. seed: of all that is drawn. memory:
    bytes that kept maps may take before they go to the disk. keep: whether maps are kept at all.
    """

    steps: int = STEPS
    rate: float = 5e-4
    pictures: int = 2
    mirror: bool = True
    scales: tuple[float, ...] = (1.0,)
    jitter: float = 0.0
    seed: int = 0
    memory: float = 2e9
    keep: bool = True


def match_anchors(table, truth, usable):
    """`anchors.match`, and each object's best few anchors hold it in any case.

    Small objects lie between the anchors: hardly one reaches the IoU of 0.7, while a large object has dozens. With a single
    anchor each, they would be learnt so seldom that the network stops proposing them.

    Returns: as `anchors.match`.
    """
    labels, which = anchors.match(table, truth, usable)
    if len(truth):
        overlaps = iou(table, truth) * usable[:, None]
        for k, column in enumerate(overlaps.T):
            best = np.argsort(-column, kind="stable")[:BEST]
            best = best[(column[best] >= BEST_IOU) & (labels[best] != anchors.POSITIVE)]
            labels[best], which[best] = anchors.POSITIVE, k
    return labels, which


def anchor_targets(rng, table, truth, height: int, width: int) -> anchors.Targets:
    """What the anchors of a photograph are taught: `anchors.targets`, but for which anchors hold an object or are left out.

    Left out are those whose centre lies outside the picture, on what was filled up; one that only crosses the border stays.

    Args:
        table: anchors, float (n, 4); truth: the objects' boxes, float (k, 4); height, width: of the picture, pixels.
    """
    centres = (table[:, :2] + table[:, 2:]) / 2
    usable = ((centres > 0) & (centres < (width, height))).all(axis=1)
    labels, which = match_anchors(table, truth, usable)
    labels = anchors.draw(rng, labels)
    deltas, holding = np.zeros((len(table), 4), np.float32), labels == anchors.POSITIVE
    if holding.any():
        deltas[holding] = encode(table[holding], truth[which[holding]].astype(float)) / BOX_STD
    return anchors.Targets(labels, deltas)


def near(rng, truth, size) -> np.ndarray:
    """Boxes near each object, float32 (NEAR * k, 4): its corners moved at random, cut at the picture's border.

    Args:
        truth: float (k, 4); size: (height, width) of the picture.
    """
    boxes = np.repeat(truth, NEAR, axis=0)
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return clip(boxes + rng.uniform(-AWAY, AWAY, boxes.shape).astype(np.float32) * sides, *size)


def step_targets(rng, net: Net, grid, logits, deltas, views: list[View]) -> faster_rcnn.StepTargets:
    """What one step is taught, from what the proposal network says now.

    Args:
        grid: rows and columns of the anchors' positions; logits, deltas: (pictures, anchors) and (pictures, anchors, 4).
        views: the step's pictures.
    """
    parts, table = [], anchor_table(*grid, net.stride, net.plan.anchors)
    said = {"before": BEFORE, "after": LEARNT_FROM}
    for i, view in enumerate(views):
        of_anchors = anchor_targets(rng, table, view.boxes, *view.size)
        proposals = faster_rcnn.propose(logits[i], deltas[i], table, *view.size, **said).boxes
        proposals = np.concatenate([proposals, near(rng, view.boxes, view.size)])
        if not large_enough(np.concatenate([proposals, view.boxes]), fast_rcnn.SMALLEST).any():
            # nothing is proposed, and no object is large enough for the heads: the whole of it is background
            proposals = np.float32([[0, 0, *view.size[::-1]]])
        given = fast_rcnn.prepare(None, proposals, view.boxes, view.labels, len(net.plan.classes))
        picked = fast_rcnn.sample(rng, given.overlaps, background_iou=0.0)
        image, labels = np.full(len(picked), i, np.int32), given.labels[picked].astype(np.int32)
        parts.append((*of_anchors, given.boxes[picked], image, labels, given.targets[picked]))
    labels, deltas, *rest = zip(*parts, strict=True)
    return faster_rcnn.StepTargets(np.stack(labels), np.stack(deltas), *map(np.concatenate, rest))


def joint_losses(net: Net, given, answer):
    """The four losses of lesson 18, of maps that the frozen half gave.

    Args:
        given: the maps of a step's pictures, filled up, (n, rows, columns, channels) each.
        answer: a function of grid, logits and deltas, which returns `StepTargets`.
    """
    maps = net.maps(given, training=True)
    logits, deltas = net.proposals(maps[-1], training=True)
    grid = tf.shape(maps[-1])[1:3] // net.halved
    taught = faster_rcnn.from_python(answer, grid, logits, deltas)
    pooled = net.pool(maps, taught.boxes, taught.images)
    positions = tf.reduce_prod(grid)
    of_anchors = (taught.anchor_labels, taught.anchor_deltas, positions)
    return (
        *faster_rcnn.proposal_losses(logits, deltas, *of_anchors),
        *fast_rcnn.losses(*net.heads(pooled, training=True), taught.labels, taught.targets),
    )


def trainer(net: Net, optimizer, answer):
    """A step as a graph: it takes the maps of the frozen half and returns the four losses."""
    variables = net.model.trainable_variables
    optimizer.build(variables)
    signature = [[tf.TensorSpec((None, None, None, one.shape[-1])) for one in net.frozen.outputs]]

    @tf.function(input_signature=signature, autograph=False)
    def step(given):
        with tf.GradientTape() as tape:
            losses = joint_losses(net, given, answer)
            loss = tf.add_n(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return losses

    return step


def filled_up(maps) -> np.ndarray:
    """Maps of pictures of different sizes as one array, float32 (n, rows, columns, channels): 0 at the right and below."""
    rows, columns = np.max([one.shape[:2] for one in maps], axis=0)
    whole = np.zeros((len(maps), rows, columns, maps[0].shape[-1]), np.float32)
    for place, one in zip(whole, maps, strict=True):
        place[: one.shape[0], : one.shape[1]] = one
    return whole


def train(net: Net, images, boxes, labels, settings: Settings, doing: str = "", each=None) -> np.ndarray:
    """Train everything but the frozen half.

    Args:
        images: uint8 (height, width, 3) each, brought to the plan's side; boxes: float (k, 4) each, k may be 0; labels: int (k,).
        doing: a name for a progress bar. each: called after each step with the number of steps done; True ends the training.

    Returns:
        float, shape (steps done, 4): objects and boxes of the proposals, classes and boxes of the heads.
    """
    rng, now, history = np.random.default_rng(settings.seed), [], []
    picture = [tf.TensorSpec((1, None, None, 3))]
    frozen = tf.function(lambda x: as_list(net.frozen(x, training=False)), picture, autograph=False)
    step = trainer(
        net,
        fast_rcnn.adam(settings.rate, settings.steps),
        lambda grid, logits, deltas: tuple(step_targets(rng, net, grid, logits, deltas, now)),
    )

    def maps_of(view: View) -> list[np.ndarray]:
        return [one[0].numpy() for one in frozen(view.image[None].astype(np.float32))]

    with FeatureCache(settings.memory) as cache:
        batches = fast_rcnn.shuffled_batches(rng, len(images), settings.pictures, settings.steps)
        for done, chosen in enumerate(progress(batches, doing, settings.steps), start=1):
            now, given = [], []
            for i in chosen:
                key, view = view_of(rng, images[i], boxes[i], labels[i], settings)
                kept = settings.keep and key is not None
                given.append(cache.get((i, *key), lambda v=view: maps_of(v)) if kept else maps_of(view))
                now.append(view)
            history.append(step([filled_up(maps) for maps in zip(*given, strict=True)]))
            if each and each(done):
                break
    return np.array(history, np.float32)
