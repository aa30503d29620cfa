"""Training on photographs: what is kept changes nothing, boxes reach the loss, what is frozen stays, anchors at the border."""

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from scripts import data
from scripts.data.scenes import Scenes
from scripts.detection import anchors, photo_targets, photo_training
from scripts.detection.feature_cache import FeatureCache
from scripts.detection.photo_net import PHOTO, SMALL, Net, Plan
from scripts.detection.photo_proposals import anchor_table
from scripts.detection.photo_training import Settings
from scripts.detection.views import View
from scripts.runtime import seed

SIZES = ((15.0, 20.0), (28.0, 30.0))
PLAN = Plan(tuple("0123456789"), SIZES, SMALL, None, 80, 16)


@pytest.fixture(scope="module")
def scenes():
    """Half as large: what is tested here does not ask for more."""
    made = data.load_scenes(6)
    return replace(made, images=made.images[:, ::2, ::2].copy(), boxes=[one / 2 for one in made.boxes])


@pytest.fixture
def eager():
    """Without graphs, whose making takes longer than a step or two."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def trained(plan, scenes, boxes=None, labels=None, **settings):
    """A new net, the same for everyone who asks, and the losses of its training."""
    seed(0)
    net = Net(plan, from_imagenet=False)
    before = [weight.numpy() for weight in net.model.weights]
    given = (boxes or scenes.boxes, labels or scenes.labels)
    history = photo_training.train(net, list(scenes.images), *given, Settings(**{"steps": 10, **settings}))
    return net, before, history


# what is kept


def test_kept_maps_in_memory_or_on_disk_and_none_give_the_same_losses(scenes, monkeypatch):
    # nothing of the backbone is trained: what is kept is the same, and the graph of a step is made in half the time
    plan, made, kept = PLAN._replace(backbone=PHOTO, trainable_from=None), [], {}
    pictures = replace(scenes, images=scenes.images[:3], boxes=scenes.boxes[:3], labels=scenes.labels[:3])

    class Counted(FeatureCache):
        def get(self, key, make):
            return super().get(key, lambda: made.append(key) or make())

        def __exit__(self, *problem):
            kept["memory"], kept["disk"] = len(self._here), len(self._files)
            super().__exit__(*problem)

    monkeypatch.setattr(photo_training, "FeatureCache", Counted)
    uncached = trained(plan, pictures, keep=False)[2]
    assert made == [] and uncached.shape == (10, 4) and np.isfinite(uncached).all()
    # maps of 40 channels at stride 8 and of 112 at stride 16, float32; there is room for those of two views
    one = 4 * (10 * 10 * 40 + 5 * 5 * 112)
    assert np.abs(trained(plan, pictures, memory=2.5 * one)[2] - uncached).max() <= 1e-4
    # 20 pictures are shown, of 6 different views at most; each was made once
    assert len(made) == len(set(made)) <= 6
    assert kept == {"memory": 2, "disk": len(made) - 2} and kept["disk"] > 0


def test_a_cache_makes_a_thing_once_and_leaves_no_file(monkeypatch):
    maps, asked = [np.ones((2, 3, 4), np.float32), np.zeros((1, 1, 2), np.float32)], []

    def make():
        asked.append(1)
        return maps

    with FeatureCache(maps[0].nbytes + maps[1].nbytes) as cache:
        for key in ("first", "second") * 3:
            assert all(map(np.array_equal, cache.get(key, make), maps))
        assert len(asked) == 2 and list(cache._here) == ["first"] and list(cache._files) == ["second"]
        folder = Path(cache._folder.name)
        assert len(list(folder.iterdir())) == 1

        def full(path, *_):
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(np, "savez", full)
        for _ in range(2):
            assert cache.get("third", make) is maps
        assert len(asked) == 4 and len(list(folder.iterdir())) == 1
    assert not folder.exists()


def test_where_no_folder_can_be_made_maps_are_made_anew(monkeypatch):
    def none(**_):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory")

    monkeypatch.setattr(
        photo_training.FeatureCache.__init__.__globals__["tempfile"], "TemporaryDirectory", none
    )
    with FeatureCache(0) as cache:
        assert (
            cache.get("a", lambda: [np.ones(2)])[0].sum() == cache.get("a", lambda: [np.ones(3)])[0].sum() - 1
        )


# boxes reach the loss


def test_exchanged_boxes_and_swapped_axes_change_the_losses(scenes, eager):
    pair = [1, 4]  # digits 1, 7, 3, 1 and 6, 3, 5
    pair = Scenes(scenes.images[pair], *([part[i] for i in pair] for part in (scenes.boxes, scenes.labels)))
    how = {"steps": 1, "mirror": False}
    right = trained(PLAN, pair, **how)[2][0]
    assert np.array_equal(trained(PLAN, pair, **how)[2][0], right)
    # each class has the box of another: the proposals are taught the same, the heads are not
    exchanged = trained(PLAN, pair, labels=[one[::-1] for one in pair.labels], **how)[2][0]
    assert np.array_equal(exchanged[:2], right[:2]) and abs(exchanged - right)[2] > 1e-4
    turned = trained(PLAN, pair, [one[:, [1, 0, 3, 2]] for one in pair.boxes], **how)[2][0]
    assert (abs(turned - right)[[0, 1, 3]] > 1e-4).all()


# what is frozen


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(("backbone", "group"), [(PHOTO, None), (PHOTO, 4), (SMALL, None)])
def test_what_is_frozen_stays_and_the_rest_moves(scenes, eager, backbone, group):
    plan = PLAN._replace(backbone=backbone, trainable_from=group)
    net, before, _ = trained(plan, scenes, steps=2)
    pairs = zip(net.model.weights, before, strict=True)
    moved = {weight.path.split("/")[-2] for weight, old in pairs if not np.array_equal(weight, old)}
    of_backbone = {name for name in moved if name.startswith(("stem", "group", "conv")) and "2d" not in name}
    if backbone == SMALL:
        assert of_backbone == {"conv1", "conv2", "conv3", "conv4"}
    else:
        parts = ("expand", "depthwise", "project")
        groups = range(group or 6, 6)
        assert of_backbone == {f"group{g}_{i}_{part}" for g in groups for i in (1, 2, 3) for part in parts}
    assert {"hidden", "classes", "boxes"} <= moved and not any(name.endswith("norm") for name in moved)
    frozen = [weight.path for weight in net.frozen.weights]
    assert (len(frozen) > 0) == (backbone == PHOTO)
    # the four convolutions of the proposals, and three layers of the heads
    assert len(moved - of_backbone) == 7


# targets


def test_an_anchor_that_crosses_the_border_is_learnt_from_and_one_on_the_filling_is_not():
    table = anchor_table(6, 8, 16, ((90.0, 60.0), (12.0, 12.0)))
    truth, rng = np.float32([[2, 2, 92, 62]]), np.random.default_rng(0)
    # the picture has 64 x 96 pixels, the map reaches to 96 x 128
    targets = photo_targets.anchor_targets(rng, table, truth, 64, 96)
    holding = targets.labels == anchors.POSITIVE
    crossing = ~anchors.inside(table, 64, 96)
    assert (holding & crossing).any()
    beyond = ((table[:, :2] + table[:, 2:]) / 2 > (96, 64)).any(axis=1)
    assert beyond.any() and (targets.labels[beyond] == anchors.IGNORED).all()
    assert (targets.labels[~beyond & ~holding] == anchors.NEGATIVE).any()
    # of these anchors lesson 18 would have learnt from the small ones alone
    before = anchors.targets(np.random.default_rng(0), table, truth, 64, 96)
    assert (before.labels[crossing] == anchors.IGNORED).all()
    assert (targets.deltas[holding] != 0).any() and not targets.deltas[~holding].any()


def test_maps_are_filled_up_at_the_right_and_below():
    one, two = np.ones((2, 5, 3), np.float32), np.full((4, 1, 3), 2, np.float32)
    whole = photo_training.filled_up([one, two])
    assert whole.shape == (2, 4, 5, 3) and whole.dtype == np.float32
    assert (whole[0, :2] == 1).all() and (whole[1, :, :1] == 2).all() and whole.sum() == one.sum() + two.sum()


@pytest.mark.parametrize("boxes", [np.zeros((0, 4)), [[5, 5, 7, 8]]], ids=["no object", "a tiny object"])
def test_a_picture_of_which_nothing_is_proposed_is_background(boxes):
    net = Net(PLAN)
    view = View(np.zeros((64, 96, 3), np.uint8), np.float32(boxes), np.zeros(len(boxes), int))
    nothing = np.full((1, 8 * 12 * 2), -np.inf, np.float32)
    deltas = np.zeros((1, 8 * 12 * 2, 4), np.float32)
    taught = photo_targets.step_targets(np.random.default_rng(0), net, (8, 12), nothing, deltas, [view])
    assert (taught.labels == 10).all() and (taught.boxes == [0, 0, 96, 64]).all() and len(taught.boxes)


# training


def test_a_training_ends_when_it_is_told_to(scenes, eager):
    asked = []
    history = photo_training.train(
        Net(PLAN),
        scenes.images,
        scenes.boxes,
        scenes.labels,
        Settings(steps=9),
        each=lambda done: asked.append(done) or done == 2,
    )
    assert asked == [1, 2] and history.shape == (2, 4) and history.dtype == np.float32
