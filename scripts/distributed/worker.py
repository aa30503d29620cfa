"""What each worker process runs: python -m scripts.distributed.worker FOLDER, with TF_CONFIG in its environment.

FOLDER holds functions.py, task.json and arrays.npz, as `workers.start` writes them; the result goes there too.
"""

import json
import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np

ALONE, LATE = 3, 4  # exit statuses: the process that started this one is gone; the time is over


def end_with_the_parent(folder: Path) -> None:
    """The other end of standard input belongs to the process that started this one; it closes when that one ends, killed or not."""
    # not by sys.stdin, whose lock would be held when the interpreter ends
    while os.read(0, 1):
        pass
    # whoever would have removed the files is gone
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(ALONE)


def main(folder: Path) -> None:
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    threading.Thread(target=end_with_the_parent, args=[folder], daemon=True).start()
    clock = threading.Timer(task["seconds"], os._exit, [LATE])
    clock.daemon = True
    clock.start()

    import keras
    import tensorflow as tf

    index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    ring = tf.distribute.experimental.CommunicationImplementation.RING
    options = tf.distribute.experimental.CommunicationOptions(implementation=ring)
    # the first thing that TensorFlow does here: it opens the port, and waits for the others
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    space = {"np": np, "tf": tf, "keras": keras, "layers": keras.layers, "time": time}
    text = (folder / "functions.py").read_text(encoding="utf-8")
    exec(compile(text, "functions.py", "exec"), space)
    with np.load(folder / "arrays.npz") as given:
        arrays = {name: given[name] for name in given.files}
    print(f"worker {index} of {strategy.num_replicas_in_sync}, process {os.getpid()}", flush=True)
    try:
        result = space[task["function"]](strategy, **arrays, **task["settings"])
    except Exception as problem:
        traceback.print_exc()
        words = " ".join(str(problem).split())[:200]
        print(f"ended by {type(problem).__name__}: {words}", file=sys.stderr, flush=True)
        os._exit(1)
    half = folder / f"worker{index}.half.npz"
    np.savez(half, **(result or {}))
    half.rename(folder / f"worker{index}.npz")
    sys.stdout.flush()
    # TensorFlow's servers wait for each other when they are taken down in order
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
