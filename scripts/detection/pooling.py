"""RoI pooling: a region of a feature map, whatever its size, becomes size x size numbers a channel.

R. Girshick: "Fast R-CNN", ICCV 2015, section 2.1, with the rounding of the author's Caffe layer, which torchvision took
over. RoI pooling is SPP-net's pyramid (He and others, ECCV 2014) with one level. `roi_align` is the successor that does
not round (He and others: "Mask R-CNN", ICCV 2017, section 3).

How `roi_pool` is quick: the largest number of any rectangle is that of four overlapping blocks whose sides are powers of
two. The maxima of such blocks, at every place, are found once by doubling; then each bin takes four look-ups, however
large it is (a sparse table in two dimensions).
"""

import keras
import numpy as np
import tensorflow as tf

FARTHEST = 1e6  # cells; coordinates beyond are cut to this, far outside any map
LEVELS = 20  # more doublings than a map has


def round_half_away(x):
    """C's rounding: 2.5 becomes 3, -2.5 becomes -3, where NumPy and TensorFlow take the even neighbour."""
    whole = tf.floor(tf.abs(x))
    return tf.sign(x) * (whole + tf.cast(tf.abs(x) - whole >= 0.5, x.dtype))


def project(boxes, scale):
    """RoI projection: the cells of the map that boxes of the picture begin and end at.

    Args:
        boxes: float, shape (n, 4): x1, y1, x2, y2 in pixels; scale: cells a pixel, 1 / stride.

    Returns:
        int32 tensor, shape (n, 4): first column, first row, last column, last row, the last ones included. They are
        rounded in float32, so that the cells are the same everywhere.
    """
    cells = round_half_away(tf.cast(boxes, tf.float32) * tf.constant(scale, tf.float32))
    return tf.cast(tf.clip_by_value(cells, -FARTHEST, FARTHEST), tf.int32)


def bins(first, last, size, cells):
    """Where the bins of RoIs begin and end along one side of the map.

    An RoI of last - first + 1 cells, at least one, is cut into `size` parts; each begins at the cell that holds its
    start (floor) and ends after the cell that holds its end (ceil), so that neighbours may share a cell.

    Args:
        first, last: int32, shape (n,), of `project`; cells: of the map along this side.

    Returns:
        start, end: int32, shape (n, size), end exclusive, both in 0..cells. Where end <= start a bin is empty.
    """
    # rounded to float32 but once: in float32 a graph would multiply by 1 / size, which is rounded as well
    length = tf.cast(tf.cast(tf.maximum(last - first + 1, 1), tf.float64) / size, tf.float32)[:, None]
    step = tf.range(size + 1, dtype=tf.float32)
    start = tf.cast(tf.floor(step[:-1] * length), tf.int32) + first[:, None]
    end = tf.cast(tf.math.ceil(step[1:] * length), tf.int32) + first[:, None]
    return tf.clip_by_value(start, 0, cells), tf.clip_by_value(end, 0, cells)


def roi_pool(maps, boxes, images, size=7, scale=1 / 8, gradient=True):
    """RoI max pooling.

    Args:
        maps: float32, shape (pictures, height, width, channels).
        boxes: float, shape (n, 4): x1, y1, x2, y2 in pixels of the picture; n may be 0. images: int, shape (n,), which
            picture each belongs to. No gradient reaches a box.
        size: bins a side. scale: cells a pixel, 1 / stride.
        gradient: False is quicker where none is asked for.

    Returns:
        float32 tensor, shape (n, size, size, channels). A bin that holds no cell, as outside the map, is 0. Of equal
        maxima in a bin the first one, in order of rows, takes the whole gradient. NaN in a bin gives NaN.

    Raises:
        ValueError: called eagerly with a coordinate that is no finite number, or with a picture that there is not. In a
            graph, where numbers are not known yet, an RoI with such a coordinate pools to 0.
    """
    maps = tf.convert_to_tensor(maps, tf.float32)
    boxes, images = tf.cast(boxes, tf.float32), tf.cast(images, tf.int32)
    if tf.executing_eagerly():
        _check(maps, boxes, images)

    @tf.custom_gradient
    def pool(maps):
        value, first = _pool_with_places(maps, boxes, images, size, scale)
        return value, lambda upstream: _to_places(upstream, first, images, maps)

    return pool(maps) if gradient else _pool(maps, boxes, images, size, scale)


def roi_align(maps, boxes, images, size=7, scale=1 / 8, points=2):
    """RoIAlign: nothing is rounded; each bin is the mean of points x points values, interpolated between cells.

    Args:
        as `roi_pool`; points: samples a bin and side.

    Returns:
        float32 tensor, shape (n, size, size, channels); as torchvision's roi_align with aligned=True for boxes inside
        the picture.
    """
    maps, boxes = tf.convert_to_tensor(maps, tf.float32), tf.cast(boxes, tf.float32)
    side = size * points
    start = boxes[:, :2] * scale - 0.5 + 1  # pixel centres at halves, and a border of one cell
    step = (boxes[:, 2:] - boxes[:, :2]) * scale / side
    ends = tf.concat([start + 0.5 * step, start + (side - 0.5) * step], axis=1)
    padded = tf.pad(maps, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    extent = tf.cast(tf.shape(padded)[1:3] - 1, tf.float32)
    corners = tf.gather(ends, [1, 0, 3, 2], axis=1) / tf.tile(extent, [2])
    sampled = tf.image.crop_and_resize(padded, corners, tf.cast(images, tf.int32), (side, side))
    return tf.nn.avg_pool2d(sampled, points, points, "VALID")


@keras.saving.register_keras_serializable("course")
class RoiPooling(keras.layers.Layer):
    """`roi_pool` as a layer. Inputs: maps, boxes and images, as there; it has no weights."""

    def __init__(self, size=7, scale=1 / 8, **kwargs):
        super().__init__(**kwargs)
        self.size, self.scale = size, scale

    def call(self, maps, boxes, images, training=None):
        return roi_pool(maps, boxes, images, self.size, self.scale, gradient=training is not False)

    def compute_output_shape(self, maps_shape, boxes_shape, images_shape):
        return boxes_shape[0], self.size, self.size, maps_shape[-1]

    def get_config(self):
        return {**super().get_config(), "size": self.size, "scale": self.scale}


@keras.saving.register_keras_serializable("course")
class RoiAlign(RoiPooling):
    """`roi_align` as a layer, with the inputs of `RoiPooling`; it has no weights."""

    def call(self, maps, boxes, images, training=None):
        return roi_align(maps, boxes, images, self.size, self.scale)


def _check(maps, boxes, images):
    """Raise ValueError for what a graph could not tell."""
    if not np.isfinite(boxes.numpy()).all():
        raise ValueError("roi_pool: a coordinate of a box is NaN or infinite")
    if len(images) and not (0 <= images.numpy().min() and images.numpy().max() < len(maps)):
        raise ValueError(f"roi_pool: images are 0..{len(maps) - 1}, the number of maps less 1")


@tf.function(autograph=False, reduce_retracing=True)
def _pool(maps, boxes, images, size, scale):
    value, empty = _largest(maps, boxes, images, size, scale)
    return tf.where(empty, 0.0, value)


@tf.function(autograph=False, reduce_retracing=True)
def _pool_with_places(maps, boxes, images, size, scale):
    """The pooled values, and the cell (row * width + column) each came from, -1 where none.

    Value and cell travel in one whole number of 64 bits: above the bits of the float, turned so that they sort as the
    float does; below the cell, counted backwards, so that of equal values the first cell is the largest.
    """
    height, width = tf.shape(maps)[1], tf.shape(maps)[2]
    maps = tf.where(maps == 0, 0.0, maps)  # -0 has other bits than 0
    maps = tf.where(tf.math.is_nan(maps), np.float32(np.nan), maps)
    high = tf.bitwise.left_shift(tf.cast(_sortable(tf.bitcast(maps, tf.int32)), tf.int64), 32)
    cells = tf.reshape(tf.range(height * width), (1, height, width, 1))
    key = tf.bitwise.bitwise_or(high, tf.cast(tf.int32.max - cells, tf.int64))
    best, empty = _largest(key, boxes, images, size, scale)
    value = tf.bitcast(_sortable(tf.cast(tf.bitwise.right_shift(best, 32), tf.int32)), tf.float32)
    first = tf.int32.max - tf.cast(tf.bitwise.bitwise_and(best, tf.int32.max), tf.int32)
    return tf.where(empty, 0.0, value), tf.where(empty, -1, first)


def _sortable(bits):
    """The bits of float32 as int32 that sort as the floats do; its own inverse."""
    return tf.bitwise.bitwise_xor(
        bits, tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits, 31), tf.int32.max)
    )


@tf.function(autograph=False, reduce_retracing=True)
def _to_places(upstream, first, images, maps):
    """Each upstream number added to the cell that it came from: shape of the maps."""
    shape = tf.shape(maps)
    cells, channels = shape[1] * shape[2], shape[3]
    # (n, s, s, C): where each number belongs in the flattened maps
    place = (images[:, None, None, None] * cells + first) * channels + tf.range(channels)
    # counting with weights adds in order of the RoIs; one row keeps it to one thread, so every run adds alike
    flat = tf.where(first < 0, 0, place), tf.where(first < 0, 0.0, upstream)
    sums = tf.raw_ops.DenseBincount(
        input=tf.reshape(flat[0], (1, -1)), size=tf.size(maps), weights=tf.reshape(flat[1], (1, -1))
    )
    return tf.reshape(sums, shape)


def _largest(values, boxes, images, size, scale):
    """The largest number of each bin, of any dtype; and which bins are empty, shape (n, size, size, 1).

    The maximum over a bin is the largest of four blocks that cover it, whose maxima are in a table: a sparse table in two
    dimensions. In the shapes below P are pictures, H and W rows and columns of the map, C channels, n RoIs, s is `size`.
    """
    shape = tf.shape(values)
    pictures, height, width, channels = (shape[i] for i in range(4))
    finite = tf.reduce_all(tf.math.is_finite(boxes), axis=1)  # (n,)
    roi = project(tf.where(finite[:, None], boxes, -FARTHEST / scale), scale)  # (n, 4)
    x = bins(roi[:, 0], roi[:, 2], size, width)  # start and end of each column of bins, (n, s)
    y = bins(roi[:, 1], roi[:, 3], size, height)
    (x_level, x_at), (y_level, y_at) = _blocks(*x), _blocks(*y)  # (n, s) each
    across, down = (tf.maximum(tf.reduce_max(level), 0) + 1 for level in (x_level, y_level))
    table = _doubled(_doubled(values[None], 3, across), 2, down)  # (down * across, P, H, W, C)
    table = tf.reshape(table, (-1, channels))  # (down * across * P * H * W, C)
    # rows of the table: down, across, picture, row, column
    row = y_level[:, :, None] * across + x_level[:, None, :]  # (n, s, s)
    row = (row * pictures + images[:, None, None]) * height * width
    best = None
    for top in y_at:
        for left in x_at:
            found = tf.gather(table, row + (top[:, :, None] * width + left[:, None, :]))  # (n, s, s, C)
            best = found if best is None else tf.maximum(best, found)
    empty = (x[1] <= x[0])[:, None, :] | (y[1] <= y[0])[:, :, None]  # (n, s, s)
    return best, empty[..., None]


def _blocks(start, end):
    """The level of the two blocks that cover each bin, 2 ** level long, and where these begin."""
    length = tf.maximum(end - start, 1)  # (n, s)
    level = tf.reduce_sum(tf.cast(length[..., None] >= 2 ** tf.range(1, LEVELS), tf.int32), axis=-1)
    empty = end <= start
    ends = start, end - tf.bitwise.left_shift(tf.ones_like(level), level)
    return level, [tf.where(empty, 0, at) for at in ends]


def _doubled(table, axis, levels):
    """Maxima of blocks 1, 2, 4, ... long along an axis: `levels` times as many entries along axis 0, the shortest first.

    Beyond the border a block holds the cells that there are.
    """
    count = tf.shape(table)[0]
    static = tf.TensorShape([None, *table.shape[1:]])

    def double(level, table):
        last = table[-count:]
        step = tf.bitwise.left_shift(1, level)
        at = tf.minimum(tf.range(tf.shape(table)[axis]) + step, tf.shape(table)[axis] - 1)
        return level + 1, tf.concat([table, tf.maximum(last, tf.gather(last, at, axis=axis))], axis=0)

    return tf.while_loop(
        lambda level, _: level + 1 < levels, double, (0, table), shape_invariants=(tf.TensorShape([]), static)
    )[1]
