"""The net of lesson 20 by Keras' plain `fit` on its JAX backend: one worker of several, or the only one.

    python deploy/start_here.py --count 2 deploy/keras_jax.py --data build/pictures.npz

Needs deploy/requirements-jax.txt, not the course. Three variables, which have Keras' own names, tell a worker
who takes part: KERAS_DISTRIBUTION_JOB_ADDRESSES (host:port of each, commas between),
KERAS_DISTRIBUTION_NUM_PROCESSES, KERAS_DISTRIBUTION_PROCESS_ID. Without them it is the only worker.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

# read by Keras as it is imported
os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from keras import layers


def slides_net(seed: int) -> keras.Model:
    """Two convolutions and a dense layer on pictures (32, 32, 3), 0..255; the same weights everywhere."""
    keras.utils.set_random_seed(seed)
    net = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)])
    for channels in (32, 64):
        net.add(layers.Conv2D(channels, 3, padding="same", activation="relu"))
        net.add(layers.MaxPooling2D(2))
    net.add(layers.Flatten())
    net.add(layers.Dense(10))
    return net


def share(values: np.ndarray, batch: int, me: int, workers: int) -> np.ndarray:
    """This worker's rows of every batch, in the order of the batches; what fills no whole batch is left out.

    Args:
        values: (n, ...), in one order at all workers. batch: rows of all workers together.

    Returns:
        (n // batch * batch / workers, ...): of each batch every `workers`-th row, from `me` on.
    """
    whole = len(values) // batch * batch
    batches = values[:whole].reshape(-1, batch, *values.shape[1:])
    return batches[:, me::workers].reshape(-1, *values.shape[1:])


def join() -> tuple[int, int]:
    """Find the other workers, where there are any. Returns which worker this is, and how many there are."""
    addresses = os.environ.get("KERAS_DISTRIBUTION_JOB_ADDRESSES")
    if not addresses:
        return 0, 1
    count = int(os.environ["KERAS_DISTRIBUTION_NUM_PROCESSES"])
    me = int(os.environ["KERAS_DISTRIBUTION_PROCESS_ID"])
    # before anything is computed; the first address is the one that the others call
    keras.distribution.initialize(addresses, count, me)
    return me, count


def backup(folder: str, me: int) -> keras.callbacks.BackupAndRestore:
    """A backup after every epoch; every worker begins from the first one's.

    All write, since Keras makes variables while it writes, and a variable is made by all workers together.
    Were each to begin from its own, a kill between two of them would leave them in different epochs.
    """
    mine, first = Path(folder) / f"worker{me}", Path(folder) / "worker0"
    if me:
        shutil.rmtree(mine, ignore_errors=True)
        # the first worker cannot write meanwhile: its next epoch waits for this one
        if first.is_dir():
            shutil.copytree(first, mine)
    return keras.callbacks.BackupAndRestore(str(mine), double_checkpoint=True)


class Tell(keras.callbacks.Callback):
    """Print each epoch's loss, and keep it."""

    def __init__(self):
        super().__init__()
        self.losses = {}

    def on_epoch_end(self, epoch, logs=None):
        self.losses[epoch + 1] = float(logs["loss"])
        print(f"epoch {epoch + 1}, loss {self.losses[epoch + 1]:.7f}", flush=True)


def train(x, y, epochs: int, batch: int = 64, rate: float = 0.001, seed: int = 0, folder=None) -> dict:
    """Train by `fit`, from the last backup where there is one.

    Args:
        x: uint8 (n, 32, 32, 3). y: integers (n,) or (n, 1). batch: of all workers together.
        folder: of the backups, the same for all workers; None keeps none. `fit` removes them when it is done.

    Returns:
        worker, workers, losses (of each epoch done here, by its number), loss (of all pictures, at the end),
        seconds (of `fit`).

    Raises:
        ValueError: the workers cannot share a batch equally, or there are fewer pictures than one batch.
    """
    me, workers = join()
    if batch % workers:
        raise ValueError(f"a batch of {batch} cannot be shared equally by {workers} workers")
    if len(x) < batch:
        raise ValueError(f"{len(x)} pictures do not fill one batch of {batch}")
    devices = keras.distribution.list_devices()
    # each process gives its own share of every batch, so Keras is not to share it out again
    way = keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    keras.distribution.set_distribution(way)
    net, tell = slides_net(seed), Tell()
    net.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    mine = [share(np.asarray(one), batch, me, workers) for one in (x.astype("float32"), y.ravel())]
    began = time.perf_counter()
    # told once the backup is written
    callbacks = [backup(folder, me), tell] if folder else [tell]
    # the file's order in every epoch: a resumed run then sees the batches that an uninterrupted one sees
    net.fit(*mine, batch_size=batch // workers, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    seconds = time.perf_counter() - began
    loss = net.evaluate(*mine, batch_size=batch // workers, verbose=0)
    return {"worker": me, "workers": workers, "losses": tell.losses, "loss": loss, "seconds": seconds}


def main() -> None:
    reads = argparse.ArgumentParser(description="Train lesson 20's net by fit, on Keras' JAX backend.")
    reads.add_argument("--data", required=True, help="an .npz file with x (n, 32, 32, 3) and y (n,)")
    reads.add_argument("--folder", help="of the backups, on a disk that all machines share")
    reads.add_argument("--epochs", type=int, default=4)
    reads.add_argument("--batch", type=int, default=64, help="of all workers together")
    reads.add_argument("--rate", type=float, default=0.001)
    reads.add_argument("--result", help="a JSON file, written by the first worker")
    line = reads.parse_args()
    try:
        with np.load(line.data, allow_pickle=False) as kept:
            x, y = kept["x"], kept["y"]
    except (OSError, ValueError, KeyError) as problem:
        sys.exit(f"{line.data} is no .npz file with x and y: {problem}")
    try:
        result = train(x, y, line.epochs, line.batch, line.rate, folder=line.folder)
    except ValueError as problem:
        sys.exit(str(problem))
    print(f"all pictures, loss {result['loss']:.7f}, {result['seconds']:.1f} s", flush=True)
    if line.result and result["worker"] == 0:
        Path(line.result).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
