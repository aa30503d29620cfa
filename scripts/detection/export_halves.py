"""A net of photo_net.py as two nets of fixed size, without what LiteRT lacks: what detector_export.py writes into files."""

import keras
import numpy as np
from keras import layers, ops

from scripts.detection import fast_rcnn
from scripts.detection.boxes import BOX_STD
from scripts.detection.photo_net import Net
from scripts.detection.photo_proposals import PROPOSALS


class AlignByProducts(layers.Layer):
    """`pooling.roi_align` of one picture by two products of matrices: LiteRT has no crop_and_resize.

    RoIAlign takes means of values between cells, and does so along rows and along columns: each bin is a
    weighted mean of the rows, then of the columns. Weights are tents one cell wide round the points at which
    the map is read.
    """

    def __init__(self, rows, columns, stride, boxes, size=fast_rcnn.BINS, points=2, **kwargs):
        """Of maps of rows x columns cells, `stride` pixels each, for so many boxes."""
        super().__init__(**kwargs)
        self.rows, self.columns, self.scale = rows, columns, 1 / stride
        self.boxes, self.size, self.points = boxes, size, points

    def call(self, maps, boxes, size):
        """Maps (1, rows, columns, channels), boxes (n, 4), picture's size (1, 2) to (n, size, size, channels).

        Boxes are x1, y1, x2, y2, and the size height, width, all in pixels. Beyond the last cell of the
        picture the map goes on as it ends there, whatever stands in the cells that were filled up.
        """
        channels = maps.shape[-1]
        down = self._weights(boxes[:, 1], boxes[:, 3], self.rows, size[0, 0])
        across = self._weights(boxes[:, 0], boxes[:, 2], self.columns, size[0, 1])
        # (n * size, rows) @ (rows, columns * channels)
        bands = ops.matmul(
            ops.reshape(down, (self.boxes * self.size, self.rows)),
            ops.reshape(maps, (self.rows, self.columns * channels)),
        )
        bands = ops.reshape(bands, (self.boxes, self.size, self.columns, channels))
        # (n, 1, size, columns) @ (n, size, columns, channels)
        return ops.matmul(across[:, None], bands)

    def _weights(self, start, end, cells: int, pixels):
        """The share of each cell in each bin along a side of so many pixels: (n, size, cells)."""
        side = self.size * self.points
        shares = (np.arange(side, dtype=np.float32) + 0.5) / side
        # cells' centres lie at whole numbers
        places = (start[:, None] + (end - start)[:, None] * shares) * self.scale - 0.5
        places = ops.maximum(ops.minimum(places, pixels * self.scale - 1), 0.0)[:, :, None]
        tents = ops.relu(1 - ops.abs(places - np.arange(cells, dtype=np.float32)))
        return ops.mean(ops.reshape(tents, (self.boxes, self.size, self.points, cells)), axis=2)

    def compute_output_shape(self, maps_shape, boxes_shape, size_shape):
        return self.boxes, self.size, self.size, maps_shape[-1]


def halves(net: Net, size: tuple[int, int], boxes: int = PROPOSALS) -> tuple[keras.Model, keras.Model]:
    """A net as two of fixed size, which share its layers.

    Returns:
        look: a picture, float32 (1, height, width, 3), 0..255, to all maps, then logits (1, anchors) and
            deltas (1, anchors, 4).
        judge: these maps, boxes (n, 4) and the picture's height and width (1, 2), in pixels, to probabilities
            (n, classes + 1), the background's last, and moves (n, classes, 4), times `BOX_STD`.
    """
    picture = keras.Input(batch_shape=(1, *size, 3), name="picture")
    maps = net.maps(net.frozen(picture))
    look = keras.Model(picture, [*maps, *net.proposals(maps[-1])])
    given = [keras.Input(batch_shape=one.shape) for one in maps]
    asked, whole = (
        keras.Input(batch_shape=(boxes, 4), name="boxes"),
        keras.Input(batch_shape=(1, 2), name="size"),
    )
    pooled = [
        AlignByProducts(*one.shape[1:3], stride, boxes)(one, asked, whole)
        for stride, one in zip(net.strides, given, strict=True)
    ]
    logits, deltas = net.heads(layers.concatenate(pooled) if len(pooled) > 1 else pooled[0])
    answers = [layers.Softmax()(logits), layers.Rescaling(BOX_STD)(deltas)]
    return look, keras.Model([*given, asked, whole], answers)
