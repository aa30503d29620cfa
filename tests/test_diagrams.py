"""scripts/diagrams: what is drawn is what the model or the arrays hold, and changes with them."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from scripts import diagrams


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(fig) -> list[str]:
    """All texts on a figure, in the order in which they were drawn."""
    return [text.get_text() for text in fig.axes[0].texts]


def xor_net() -> keras.Model:
    """The net of lesson 04 that computes XOR, its weights set by hand."""
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    net.set_weights(
        [np.array([[1, 1], [1, 1]]), np.array([-0.5, -1.5]), np.array([[1], [-1]]), np.array([-0.25])]
    )
    return net


def test_weights_and_biases_of_a_model_are_written_and_change_with_it():
    net = xor_net()
    before = texts(diagrams.network(net))
    assert before.count("1") == 5 and before.count("-1") == 1
    assert {"b -0.5", "b -1.5", "b -0.25"} <= set(before)
    net.layers[1].set_weights([np.array([[1], [-7.125]]), np.array([0.5])])
    after = texts(diagrams.network(net))
    assert "-7.12" in after and "b 0.5" in after and "-1" not in after


def test_a_line_is_thicker_for_a_larger_weight_and_broken_for_a_negative_one():
    fig = diagrams.network([(np.array([[2.0], [-1.0], [0.0]]), None)])
    large, negative, none = fig.axes[0].lines
    assert large.get_linewidth() > negative.get_linewidth() > none.get_linewidth() > 0
    assert large.get_linestyle() == "-" and negative.get_linestyle() == "--"


def test_values_and_names_stand_with_their_neurons():
    fig = diagrams.network(xor_net(), values=[[0, 1], [0.5, -0.5], [0.75]], names=[["x1", "x2"], None, ["y"]])
    shown = texts(fig)
    assert {"0", "0.5", "-0.5", "0.75", "x1", "x2", "y"} <= set(shown)
    places = {text.get_text(): text.get_position() for text in fig.axes[0].texts}
    assert places["x1"][1] == places["0"][1] and places["y"][1] == places["0.75"][1]


def test_a_wide_layer_shows_its_first_neurons_and_how_many_there_are():
    fig = diagrams.network([(np.ones((784, 256)), None), (np.ones((256, 10)), None)], shown=5)
    assert {"... 784 in all", "... 256 in all", "... 10 in all"} <= set(texts(fig))
    assert len(fig.axes[0].patches) == 15 and len(fig.axes[0].lines) == 50


def test_gradients_stand_in_brackets_with_their_numbers_and_heads_above_all():
    slopes = [(np.full((2, 2), 0.25), np.array([0.5, -0.5])), (np.array([[3], [4]]), np.array([-2]))]
    fig = diagrams.network(xor_net(), gradients=slopes, heads=["input", "hidden layer", "output"])
    shown = texts(fig)
    assert {"1\n[0.25]", "1\n[3]", "-1\n[4]", "b -0.5 [0.5]", "b -1.5 [-0.5]", "b -0.25 [-2]"} <= set(shown)
    heights = {text.get_text(): text.get_position()[1] for text in fig.axes[0].texts}
    assert min(heights[head] for head in ("input", "hidden layer", "output")) > heights["1\n[3]"] + 1


def test_without_numbers_only_names_are_written():
    names = [["x1", "x2"], ["h1", "h2"], ["p"]]
    assert texts(diagrams.network(xor_net(), names=names, numbers=False)) == sum(names, [])


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(ValueError, match="no dense layer"):
        diagrams.network(keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()]))
    with pytest.raises(ValueError, match="3 outputs do not fit 2 inputs"):
        diagrams.network([(np.ones((2, 3)), None), (np.ones((2, 1)), None)])


def cnn(filters: int) -> keras.Model:
    layers = [
        keras.layers.Conv2D(filters, 3),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


def test_a_pipeline_reads_its_shapes_from_the_model():
    for filters in (8, 12):
        shown = texts(diagrams.blocks(cnn(filters)))
        assert {
            "28 x 28 x 1",
            f"26 x 26 x {filters}",
            f"13 x 13 x {filters}",
            str(169 * filters),
            "10",
        } <= set(shown)
        assert {"Conv2D", "MaxPooling2D", "Flatten", "Dense"} <= set(shown)


def test_what_is_frozen_is_hatched_and_says_so():
    net = cnn(8)
    net.layers[0].trainable = False
    fig = diagrams.blocks(net)
    hatched = [patch for patch in fig.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 1 and "Conv2D\n(frozen)" in texts(fig)


def test_a_fork_draws_its_branches_side_by_side_and_a_long_line_goes_on_below():
    heads = [[diagrams.Block("classes", "64 x 11")], [diagrams.Block("boxes", "64 x 40")]]
    fig = diagrams.blocks([diagrams.Block("features", "64 x 128"), heads])
    places = {text.get_text(): text.get_position() for text in fig.axes[0].texts}
    assert places["classes"][0] == places["boxes"][0] and places["classes"][1] > places["boxes"][1]
    assert texts(fig).count("64 x 128") == 1
    fig = diagrams.blocks([f"s{i}" for i in range(5)], width=3)
    places = {text.get_text(): text.get_position() for text in fig.axes[0].texts}
    assert places["s3"][1] < places["s0"][1] == places["s2"][1] and places["s3"][0] == places["s0"][0]


def test_a_fork_in_the_middle_is_told():
    with pytest.raises(ValueError, match="a fork stands at the end"):
        diagrams.blocks(["features", [["classes"], ["boxes"]], "loss"])
    assert "alone" in texts(diagrams.blocks(diagrams.Block("alone", (3,))))


NODES = [
    diagrams.Node("W", value=2, gradient=-6),
    diagrams.Node("x", value=3),
    diagrams.Node("b", value=1, gradient=-2),
    diagrams.Node("u", "W x", ("W", "x"), 6, -2),
    diagrams.Node("v", "u + b", ("u", "b"), 7, -2),
]


def test_a_graph_goes_from_left_to_right_with_values_and_gradients():
    fig = diagrams.graph(NODES)
    shown = texts(fig)
    assert {"W\n2", "u = W x\n6", "v = u + b\n7", "[-6]", "[-2]"} <= set(shown)
    places = {text.get_text(): text.get_position() for text in fig.axes[0].texts}
    assert places["W\n2"][0] < places["u = W x\n6"][0] < places["v = u + b\n7"][0]
    assert places["b\n1"][0] == places["u = W x\n6"][0]  # just before it is used
    with pytest.raises(ValueError, match="u needs W"):
        diagrams.graph(NODES[1:])


def test_an_unrolled_cell_has_a_step_for_each_input():
    shown = texts(diagrams.cell("rnn", list("hell")))
    assert shown.count("cell") == 4 and {"h", "e", "l", "h0", "h4", "y1", "y4"} <= set(shown)


@pytest.mark.parametrize(
    ("kind", "gates"), [("lstm", {"forget", "input", "output"}), ("gru", {"reset", "update"})]
)
def test_a_gated_cell_names_its_gates(kind, gates):
    shown = texts(diagrams.cell(kind))
    assert gates <= set(shown) and shown.count("σ") == len(gates)


def test_another_kind_of_cell_is_told():
    with pytest.raises(ValueError, match="'relu' is none of rnn, lstm, gru"):
        diagrams.cell("relu")
