"""What the classifiers of lessons 07 and 08 have in common: random shifts and flips, one cycle of the learning rate, the card."""

import time

import keras
import numpy as np
import tensorflow as tf

from scripts import weights
from scripts.data.pictures import Images

BATCH = 125
SEED = 0


@keras.saving.register_keras_serializable("course")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Up in a straight line for a fifth of the steps, then down to 0 in another (after Smith and Topin 2017)."""

    def __init__(self, peak: float, steps: int):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        part = tf.cast(step, tf.float32) / self.steps
        return self.peak * tf.minimum(part / 0.2, (1.0 - part) / 0.8)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


def stream(x: np.ndarray, y: np.ndarray, pad: int, flip: bool, classes: int = 10) -> tf.data.Dataset:
    """Endless batches of randomly shifted (by up to `pad` pixels) and perhaps mirrored pictures, with one-hot labels.

    x: float32, shape (n, height, width, channels); y: int, shape (n,).
    """
    shape = x.shape[1:]

    def change(picture, label):
        picture = tf.pad(picture, [[pad, pad], [pad, pad], [0, 0]])
        picture = tf.image.random_crop(picture, shape, seed=SEED)
        if flip:
            picture = tf.image.random_flip_left_right(picture, seed=SEED)
        return picture, tf.one_hot(label, classes)

    # cached before the shuffle, one call: every epoch sees each picture once, in a new order
    pictures = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=SEED).repeat()
    return pictures.map(change, num_parallel_calls=2, deterministic=True).batch(BATCH).prefetch(2)


def train(
    name: str,
    model: keras.Model,
    images: Images,
    x: np.ndarray,
    y: np.ndarray,
    *,
    epochs: int,
    peak: float,
    pad: int,
    flip: bool,
    smoothing: float,
) -> None:
    """Train a classifier on x, y, score it once on the full test set, and ship its weights with a card.

    smoothing: of the labels. It raises accuracy a little, and makes a net less confident than it is right; 0 leaves it out.
    Nothing is chosen on the test pictures: the number of epochs is fixed before, the last weights count.
    """
    if images.source != "full":
        raise SystemExit(f"{name} needs the full {images.name}; here it is the {images.source}.")
    keras.utils.set_random_seed(SEED)
    steps = len(x) // BATCH
    rate = OneCycle(peak, epochs * steps)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-3)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    model.compile(optimizer, loss, metrics=["accuracy"])
    began = time.perf_counter()
    model.fit(stream(x, y, pad, flip), epochs=epochs, steps_per_epoch=steps, shuffle=False, verbose=2)
    seconds = time.perf_counter() - began
    x_test = images.x_test.reshape(-1, *x.shape[1:]).astype("float32") / 255
    logits = model.predict(x_test, batch_size=500, verbose=0)
    score = float(np.mean(logits.argmax(axis=1) == images.y_test.ravel()))
    print(f"{name}: {score:.4f} on {len(x_test):,} test pictures after {seconds:.0f} s")
    card = {
        "data": f"{images.name}, {len(x):,} training pictures, shifted by up to {pad} pixels"
        + (" and mirrored" if flip else ""),
        "seed": SEED,
        "seconds": round(seconds),
        "epochs": epochs,
        "score": score,
        "score_is": f"accuracy on the {len(x_test):,} test pictures",
        "parameters": model.count_params(),
    }
    weights.add(model, name, card)
