"""RoI pooling as the course writes it, in graphs; prints the median seconds forward, and forward with backward.

python -m scripts.tools.benches.programs.course_roi_pool ROIS SIDE CHANNELS BINS REPEATS
"""

import json
import sys

from scripts import course
from scripts.tools.benches.programs.roi_pool_case import Case


def main(*sizes: str) -> None:
    """Time both, traced before; sizes: of a `Case`."""
    case = Case(*map(int, sizes))
    maps, boxes = case.drawn()
    with course.quiet():
        import tensorflow as tf

        from scripts.detection.pooling import roi_pool

        x, rois, images = tf.constant(maps), tf.constant(boxes), tf.zeros(case.rois, tf.int32)

        def pool():
            return roi_pool(x, rois, images, case.bins, case.scale)

        def with_gradient():
            with tf.GradientTape() as tape:
                tape.watch(x)
                pooled = pool()
            return tape.gradient(pooled, x)

        forward, both = tf.function(pool), tf.function(with_gradient)
        forward(), both()
    print(json.dumps([case.median(forward), case.median(both)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
