"""TinyYOLOv3 as a Keras model, from the weights that lesson 15 uses; for lessons whose kernel holds TensorFlow.

`load` gives the net with its weights, `detect` what it finds in a picture: the same boxes as lesson 15's net in ImageAI, to a
pixel, and the same scores (tests/torch/test_keras_yolo.py). Where the weights are not here (yolo_file.py), `stored` holds what
was found before. Net: Redmon and Farhadi 2018, "YOLOv3: An Incremental Improvement", yolov3-tiny.cfg.
"""

import numpy as np

from scripts.data import DataError
from scripts.data.own_picture import in_colab
from scripts.pretrained import darknet, files, yolo_file
from scripts.pretrained.nets import ANCHORS
from scripts.pretrained.yolo_file import LAST, LAYERS, NET
from scripts.weights import WeightsError

SIDE = 416  # pixels: pictures are brought to this square
OVERLAP = 0.4  # IoU from which on a box of the same class is dropped
COCO = (
    "person,bicycle,car,motorbike,aeroplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,"
    "cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,"
    "sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,"
    "bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,sofa,pottedplant,bed,diningtable,toilet,"
    "tvmonitor,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,"
    "teddy bear,hair drier,toothbrush"
).split(",")

Found = dict  # {"name": str, "percentage_probability": float, "box_points": [x1, y1, x2, y2] whole pixels}, as ImageAI has it


def build():
    """The net without trained weights: a ``keras.Model`` from (416, 416, 3), RGB from 0 to 1, to the two raw maps.

    The maps are (13, 13, 255) and (26, 26, 255): for each cell three boxes of 4 numbers, an objectness and 80 classes.
    """
    import keras
    from keras import layers

    def convolution(x, number: int):
        _, filters, side = LAYERS[number - 1]
        last = number in LAST
        x = layers.Conv2D(filters, side, padding="same", use_bias=last, name=f"conv{number}")(x)
        if last:
            return x
        x = layers.BatchNormalization(epsilon=1e-5, name=f"batch_norm{number}")(x)
        return layers.LeakyReLU(negative_slope=0.1, name=f"leaky{number}")(x)

    x = picture = keras.Input((SIDE, SIDE, 3), name="picture")
    for number in range(1, 6):
        x = fine = convolution(x, number)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = convolution(x, 6)
    # as ImageAI pads its last pooling: with zeros; Darknet pads with nothing at all
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="pad6")(x)
    x = layers.MaxPooling2D(2, strides=1, name="pool6")(x)
    x = middle = convolution(convolution(x, 7), 8)
    coarse_map = convolution(convolution(x, 9), 10)
    x = layers.UpSampling2D(2, interpolation="nearest", name="upsample")(convolution(middle, 11))
    x = layers.Concatenate(name="join")([x, fine])
    fine_map = convolution(convolution(x, 12), 13)
    return keras.Model(picture, [coarse_map, fine_map], name="tiny_yolov3")


def load(fetch_it: bool = False):
    """The net with its trained weights, a ``keras.Model``; see `build`.

    Args:
        fetch_it: fetch the file (34 MB) where it is not here. In Colab, where the file goes to the runtime and not through the
            student's own connection, this is done in any case; elsewhere nothing is fetched that nobody asked for.

    Raises:
        WeightsError: the file is not here and could not or was not to be fetched, or it is of another net.
    """
    path = yolo_file.find()
    if path is None:
        if not (fetch_it or in_colab()):
            raise yolo_file.missing([])
        path = yolo_file.fetch()
    arrays = yolo_file.read(path)
    model = build()
    for number in range(1, len(LAYERS) + 1):
        name = f"conv{number}"
        # from (out, in, height, width) to Keras's (height, width, in, out)
        kernel = arrays[f"{name}.conv.weight"].transpose(2, 3, 1, 0)
        if number in LAST:
            model.get_layer(name).set_weights([kernel, arrays[f"{name}.conv.bias"]])
            continue
        model.get_layer(name).set_weights([kernel])
        bias, scale, mean, variance = (arrays[f"{name}.{part}"] for part in darknet.NORMALISED)
        model.get_layer(f"batch_norm{number}").set_weights([scale, bias, mean, variance])
    return model


def letterbox(picture: np.ndarray) -> np.ndarray:
    """A picture reduced or enlarged to fit the square, on grey.

    Args:
        picture: bytes, (height, width, 3), RGB.

    Returns:
        float32, (416, 416, 3), from 0 to 1; cubic interpolation and the offsets are ImageAI's.
    """
    import cv2

    height, width = picture.shape[:2]
    scale = min(SIDE / width, SIDE / height)
    new_width, new_height = round(width * scale), round(height * scale)
    if min(new_width, new_height) < 1:
        raise DataError(
            f"a picture of {width} x {height} pixels is too narrow: nothing of it is left at {SIDE}"
        )
    square = np.full((SIDE, SIDE, 3), 128, np.uint8)
    top, left = (SIDE - new_height) // 2, (SIDE - new_width) // 2
    small = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_CUBIC)
    square[top : top + new_height, left : left + new_width] = small
    return square.astype(np.float32) / 255


def decode(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A raw map (size, size, 255) as boxes (n, 4) in the square, objectness (n,) and classes (n, 80); lesson 15 explains it."""
    size = raw.shape[0]
    t = raw.reshape(size, size, 3, 85).astype(float)
    sides = (
        np.reshape(ANCHORS[NET], (6, 2))[3:] if size == SIDE // 32 else np.reshape(ANCHORS[NET], (6, 2))[:3]
    )
    row, column = np.mgrid[:size, :size][..., None]
    x = (column + _sigmoid(t[..., 0])) * SIDE / size
    y = (row + _sigmoid(t[..., 1])) * SIDE / size
    w, h = np.moveaxis(np.exp(t[..., 2:4]) * sides, -1, 0)
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return boxes.reshape(-1, 4), _sigmoid(t[..., 4]).ravel(), _sigmoid(t[..., 5:]).reshape(-1, 80)


def detect(model, picture, minimum: float = 50) -> list[Found]:
    """What the net finds in a picture, most probable first: what `imageai_help.detect` returns for it.

    Args:
        model: as `load` gives it.
        picture: bytes, RGB, (height, width, 3), or grey, (height, width).
        minimum: per cent, from 0 to 100, for the objectness and for the probability of the class.

    Raises:
        DataError: a picture so narrow that nothing is left of it. ValueError: another minimum.
    """
    if not 0 <= minimum <= 100:
        raise ValueError(f"minimum is a percentage, 0 to 100, not {minimum:g}")
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    maps = model(letterbox(picture)[None], training=False)
    parts = [decode(np.asarray(one)[0]) for one in maps]
    boxes, objectness, classes = (np.concatenate(part) for part in zip(*parts, strict=True))
    labels, scores = classes.argmax(axis=1), classes.max(axis=1)
    limit = max(minimum / 100, 0.001) - 1e-6
    height, width = picture.shape[:2]
    scale = min(SIDE / width, SIDE / height)
    offset = (SIDE - scale * np.array([width, height])) / 2
    found = []
    for i in _suppress(boxes, objectness, labels, limit):
        corners = (boxes[i].reshape(2, 2) - offset) / scale
        # decimals are cut off, as ImageAI does it
        x1, y1, x2, y2 = (int(v) for v in np.clip(corners, 0, [width, height]).ravel())
        if 100 * scores[i] >= minimum and x1 < x2 and y1 < y2:
            name, score = COCO[labels[i]], round(100 * float(scores[i]), 2)
            found.append({"name": name, "percentage_probability": score, "box_points": [x1, y1, x2, y2]})
    return sorted(found, key=lambda one: -one["percentage_probability"])


def stored(name: str) -> list[Found]:
    """What `detect` found with a minimum of 30 when the course was made, for where the weights are not here.

    Args:
        name: of `data.photograph`; one of those in the manifest's card.

    Raises:
        WeightsError: nothing is stored for this photograph.
    """
    kept = files.cards()[NET]["found"]
    if name not in kept:
        raise WeightsError(f"no boxes are stored for {name!r}; there are some for {', '.join(sorted(kept))}")
    return kept[name]


def _suppress(boxes, objectness, labels, limit: float) -> list[int]:
    """Non-maximum suppression in each class, the largest objectness first; ImageAI's IoU adds 1 to each side."""
    kept = []
    for label in np.unique(labels[objectness > limit]):
        order = np.flatnonzero((labels == label) & (objectness > limit))
        order = order[np.argsort(-objectness[order], kind="stable")]
        while len(order):
            best, order = order[0], order[1:]
            kept.append(int(best))
            low = np.maximum(boxes[best, :2], boxes[order, :2])
            high = np.minimum(boxes[best, 2:], boxes[order, 2:])
            common = (high - low + 1).clip(min=0).prod(axis=1)
            areas = (boxes[order, 2:] - boxes[order, :2] + 1).prod(axis=1)
            area = (boxes[best, 2:] - boxes[best, :2] + 1).prod()
            order = order[common / (area + areas - common) < OVERLAP]
    return kept


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))
