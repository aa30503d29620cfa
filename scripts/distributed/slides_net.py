"""Lesson 08's net from the slides, trained by several workers at once: what lesson 20 shows, as a program for machines of one's own.

    TF_CONFIG=... python -m scripts.distributed.slides_net --folder /shared/checkpoints

Every worker runs the same program; TF_CONFIG tells it who the others are and which of them it is (deploy/README.md). Without
TF_CONFIG it is the only one. The net has no batch normalisation, dropout or augmentation: each worker would draw and normalise by
itself, and no two counts of workers would give the same curve.
"""

import argparse
import os
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def slides_net(seed):
    """Two convolutions and a dense layer on pictures (32, 32, 3), 0..255; the same weights in every process."""
    keras.utils.set_random_seed(seed)
    net = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)])
    for channels in (32, 64):
        net.add(layers.Conv2D(channels, 3, padding="same", activation="relu"))
        net.add(layers.MaxPooling2D(2))
    net.add(layers.Flatten())
    net.add(layers.Dense(10))
    return net


def make_step(strategy, net, optimizer, batch):
    """A step as a graph: this worker's share of a batch in, the loss of the whole batch out."""

    def gradients(x, y):
        with tf.GradientTape() as tape:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, net(x))
            loss = tf.nn.compute_average_loss(each, global_batch_size=batch)
        return loss, tape.gradient(loss, net.trainable_variables)

    @tf.function
    def step(x, y):
        loss, parts = strategy.run(gradients, (x, y))
        whole = [strategy.reduce("SUM", part, axis=None) for part in parts]
        optimizer.apply(whole, net.trainable_variables)
        return strategy.reduce("SUM", loss, axis=None)

    return step


def place_of(strategy):
    """Which worker this is, and how many there are."""
    resolver = strategy.cluster_resolver
    return (resolver.task_id if resolver else 0), strategy.num_replicas_in_sync


def rows_of(step, batch, count, me, workers):
    """Positions of this worker's share of a batch: every `workers`-th of its rows, from `me` on.

    count: pictures in all; they are mixed anew for each epoch, by every worker in the same way.
    """
    epoch, at = divmod(step, count // batch)
    order = np.random.default_rng(epoch).permutation(count)
    return order[at * batch : (at + 1) * batch][me::workers]


def resume(net, optimizer, folder, me):
    """A manager of checkpoints; weights, optimiser and step of the last one are put back where there is one."""
    checkpoint = tf.train.Checkpoint(net=net, optimizer=optimizer)
    latest = tf.train.latest_checkpoint(folder)
    if latest:
        checkpoint.restore(latest)
    # every worker writes, since some variables are told by all together; only the first one's files are read
    mine = folder if me == 0 else f"{folder}/worker{me}"
    return tf.train.CheckpointManager(checkpoint, mine, max_to_keep=2)


def train(strategy, x, y, steps, batch=64, rate=0.001, seed=0, folder=None, every=10):
    """Train, keep a checkpoint every few steps, and go on from the last one where there is one.

    Args:
        x, y: uint8 (n, 32, 32, 3) and int32 (n,). folder: for checkpoints; None keeps none.

    Returns:
        losses of the steps done here, the step that it began at, the weights as one vector, seconds of each step.
    """
    me, workers = place_of(strategy)
    with strategy.scope():
        net, optimizer = slides_net(seed), keras.optimizers.Adam(rate)
        optimizer.build(net.trainable_variables)
    step = make_step(strategy, net, optimizer, batch)
    kept = resume(net, optimizer, folder, me) if folder else None
    first, losses, seconds = int(optimizer.iterations.numpy()), [], []
    for i in range(first, steps):
        rows = rows_of(i, batch, len(x), me, workers)
        began = time.perf_counter()
        losses.append(float(step(x[rows].astype("float32"), y[rows])))
        seconds.append(time.perf_counter() - began)
        print(f"step {i + 1}, loss {losses[-1]:.6f}", flush=True)
        if kept and (i + 1) % every == 0:
            kept.save(checkpoint_number=i + 1)
    weights = np.concatenate([np.ravel(one) for one in net.get_weights()])
    return {"losses": losses, "first": first, "weights": weights, "seconds": seconds}


def main() -> None:
    """Train by what TF_CONFIG says, on CIFAR-10 or its stand-in."""
    from scripts import data

    reads = argparse.ArgumentParser(description="Train lesson 08's net on one machine or several.")
    reads.add_argument("--folder", help="for checkpoints, on a disk that all machines share")
    reads.add_argument("--steps", type=int, default=1000)
    reads.add_argument("--batch", type=int, default=64, help="of all workers together")
    reads.add_argument("--rate", type=float, default=0.001)
    line = reads.parse_args()
    # before anything else of TensorFlow: it opens the port, and waits for the others
    ring = tf.distribute.experimental.CommunicationImplementation.RING
    options = tf.distribute.experimental.CommunicationOptions(implementation=ring)
    together = "TF_CONFIG" in os.environ
    strategy = (
        tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
        if together
        else tf.distribute.get_strategy()
    )
    pictures = data.load_cifar10_or_photo_patches()
    labels = pictures.y_train.ravel().astype("int32")
    train(strategy, pictures.x_train, labels, line.steps, line.batch, line.rate, folder=line.folder)


if __name__ == "__main__":
    main()
