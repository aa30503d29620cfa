"""Training the net of photo_net.py on photographs: what its frozen half says of a picture is computed once, and kept.

A step is lesson 18's approximate joint training (S. Ren and others, 2015, section 3.2), or lesson 17's of the heads alone where
proposals come by selective search. The pictures of a step differ in size, so their maps are filled up rather than the pictures.
What a step is taught stands in photo_targets.py.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from scripts.detection import fast_rcnn, faster_rcnn
from scripts.detection.feature_cache import FeatureCache
from scripts.detection.photo_net import Net, as_list
from scripts.detection.photo_targets import search_targets, step_targets
from scripts.detection.views import View, view_of
from scripts.runtime import progress

STEPS, EACH = 600, 3  # steps of a training, or so many for each of its pictures where that is more


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


def heads_trainer(net: Net, optimizer):
    """A step of Fast R-CNN as a graph: it takes the maps of the frozen half and `HeadTargets`, and returns the heads' two losses."""
    variables = net.model.trainable_variables
    optimizer.build(variables)
    maps = [tf.TensorSpec((None, None, None, one.shape[-1])) for one in net.frozen.outputs]
    boxes, whole = tf.TensorSpec((None, 4)), tf.TensorSpec((None,), tf.int32)

    @tf.function(input_signature=[maps, boxes, whole, whole, boxes], autograph=False)
    def step(given, boxes, images, labels, targets):
        with tf.GradientTape() as tape:
            pooled = net.pool(net.maps(given, training=True), boxes, images)
            losses = fast_rcnn.losses(*net.heads(pooled, training=True), labels, targets)
            loss = tf.add_n(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return losses

    return step


def viewed(rng, image, boxes, labels, proposals, settings: Settings):
    """`views.view_of` a picture and its proposals, which go with it as the objects' boxes do.

    Returns:
        key and view of `view_of`; the proposals in pixels of the view, float32 (n, 4).
    """
    every = np.concatenate([np.asarray(boxes, np.float32), proposals])
    key, view = view_of(rng, image, every, labels, settings)
    return key, view._replace(boxes=view.boxes[: len(boxes)]), view.boxes[len(boxes) :]


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
        float, shape (steps done, 4): objects and boxes of the proposals, classes and boxes of the heads; with selective search
        (steps done, 2), those of the heads alone.
    """
    rng, now, proposed, history = np.random.default_rng(settings.seed), [], [], []
    picture = [tf.TensorSpec((1, None, None, 3))]
    frozen = tf.function(lambda x: as_list(net.frozen(x, training=False)), picture, autograph=False)
    optimizer = fast_rcnn.adam(settings.rate, settings.steps)
    if net.proposals:
        step = trainer(
            net,
            optimizer,
            lambda grid, logits, deltas: tuple(step_targets(rng, net, grid, logits, deltas, now)),
        )
    else:
        of_heads = heads_trainer(net, optimizer)

        def step(given):
            return of_heads(given, *search_targets(rng, net, now, proposed))

    def maps_of(view: View) -> list[np.ndarray]:
        return [one[0].numpy() for one in frozen(view.image[None].astype(np.float32))]

    with FeatureCache(settings.memory) as cache, net.source.remembered():
        batches = fast_rcnn.shuffled_batches(rng, len(images), settings.pictures, settings.steps)
        for done, chosen in enumerate(progress(batches, doing, settings.steps), start=1):
            now, proposed, given = [], [], []
            for i in chosen:
                # of the picture at its own size: a search sees it once, whatever is done to it afterwards
                found = net.source.from_picture(images[i])
                key, view, moved = viewed(rng, images[i], boxes[i], labels[i], found, settings)
                kept = settings.keep and key is not None
                given.append(cache.get((i, *key), lambda v=view: maps_of(v)) if kept else maps_of(view))
                now.append(view)
                proposed.append(moved)
            history.append(step([filled_up(maps) for maps in zip(*given, strict=True)]))
            if each and each(done):
                break
    return np.array(history, np.float32)
