"""Lesson 04: the slides' four nets for XOR, 20001 steps each, as the slides run them."""

from collections.abc import Callable

from scripts.tools.listings import Listing

X_DATA, Y_DATA = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


def tf1_loop(*widths: int) -> Callable[[], float]:
    """A function that trains a net of these widths with one Session.run a step; it returns the last cost."""

    def run() -> float:
        import tensorflow as tf

        tf1 = tf.compat.v1
        X = tf1.placeholder(tf.float32, shape=[None, 2])
        Y = tf1.placeholder(tf.float32, shape=[None, 1])
        model = X
        for n, m in zip(widths[:-1], widths[1:], strict=True):
            W, b = tf1.Variable(tf1.random_normal([n, m])), tf1.Variable(tf1.random_normal([m]))
            model = tf.sigmoid(tf.matmul(model, W) + b)
        cost = tf.reduce_mean(-Y * tf1.log(model) - (1 - Y) * tf1.log(1 - model))
        train = tf1.train.GradientDescentOptimizer(0.1).minimize(cost)
        with tf1.Session() as session:
            session.run(tf1.global_variables_initializer())
            for step in range(20_001):
                c, _ = session.run([cost, train], feed_dict={X: X_DATA, Y: Y_DATA})
                if step % 2000 == 0:
                    print(step, c)
        return float(c)

    return run


def shape(*widths: int) -> str:
    """The lesson's own functions, run for one more shape of net."""
    return f"net = start_weights{widths}\nnet_cost = float(trainer(forward, net)(tf.constant(20_001)))"


LISTINGS = (
    Listing(
        name="04.single",
        listing="XOR, a single layer, 20001 steps",
        kind="TensorFlow",
        deck=tf1_loop(2, 1),
        result="cost",
        prepare=("neuron-run", "xor-run"),
        cells=("single-run", "train-build", "single-train"),
        value="single_cost",
    ),
    Listing(
        name="04.net",
        listing="XOR, 2-3-1, 20001 steps",
        kind="TensorFlow",
        deck=tf1_loop(2, 3, 1),
        result="cost",
        prepare=("neuron-run", "xor-run"),
        cells=("single-run", "train-build", "net-build", "net-run"),
        value="net_cost",
    ),
    Listing(
        name="04.wide",
        listing="XOR, 2-10-1, 20001 steps",
        kind="TensorFlow",
        deck=tf1_loop(2, 10, 1),
        result="cost",
        prepare=("neuron-run", "xor-run"),
        cells=("single-run", "train-build", "net-build"),
        code=shape(2, 10, 1),
        value="net_cost",
    ),
    Listing(
        name="04.deep",
        listing="XOR, 2-10-5-8-1, 20001 steps",
        kind="TensorFlow",
        deck=tf1_loop(2, 10, 5, 8, 1),
        result="cost",
        prepare=("neuron-run", "xor-run"),
        cells=("single-run", "train-build", "net-build"),
        code=shape(2, 10, 5, 8, 1),
        value="net_cost",
    ),
)
