"""EfficientNet-Lite0 as a Keras model: a backbone that has learned from the million photographs of ImageNet.

    from scripts import pretrained
    from scripts.pretrained import efficientnet_lite

    pretrained.fetch("efficientnet_lite0")  # 18 MB, where they are not here
    net = efficientnet_lite.backbone(stride=16)  # float32 RGB from 0 to 255, of any size, to maps of 112 channels

The weights are those of the PyTorch net, carried over array by array: both nets compute the same (tests/torch). Layers, file and
sources: lite_file.py. `classifier` is the whole net; lessons take `backbone`.
"""

import numpy as np

from scripts.pretrained import files, lite_file
from scripts.pretrained.lite_file import CLASSES, GROUPS, HEAD, NET, NORMALISED, STEM

# the group of blocks after which the map has this stride, and the map's channels
LAST_GROUP = {8: 3, 16: 5}
CHANNELS = {stride: GROUPS[last - 1].out for stride, last in LAST_GROUP.items()}


def backbone(stride: int = 16, trainable_from: int | None = None):
    """The net with its trained weights, cut after the third or the fifth group of blocks.

    Args:
        stride: 8 or 16 pixels.
        trainable_from: see `train_from`; None: nothing of it is trained.

    Returns:
        A ``keras.Model`` from float32 (n, height, width, 3), RGB from 0 to 255, of any size, to float32
        (n, ceil(height / stride), ceil(width / stride), 40 channels at stride 8 or 112 at stride 16).

    Raises:
        WeightsError: the weights are not here, or not whole; nothing is fetched. ValueError: another stride or group.
    """
    if stride not in LAST_GROUP:
        raise ValueError(f"stride is {' or '.join(map(str, LAST_GROUP))}, not {stride!r}")
    arrays = lite_file.read(files.find(NET))
    model = build(LAST_GROUP[stride])
    carry_over(arrays, model)
    train_from(model, trainable_from)
    return model


def classifier():
    """The whole net with its trained weights: to the logits of ImageNet's 1,000 classes. Errors: as `backbone`."""
    arrays = lite_file.read(files.find(NET))
    model = build()
    carry_over(arrays, model)
    return model


def build(groups: int | None = None):
    """The net without trained weights: up to one of its seven groups of blocks, or with head and logits (None)."""
    import keras
    from keras import layers

    def step(x, convolution, relu: bool = True):
        x = convolution(x)
        x = layers.BatchNormalization(epsilon=1e-3, name=f"{convolution.name}_norm")(x)
        return layers.ReLU(max_value=6, name=f"{convolution.name}_relu")(x) if relu else x

    def block(x, name: str, group: lite_file.Group, first: bool):
        given, y = x.shape[-1], x
        shared = {"padding": "same", "use_bias": False}
        if group.expansion > 1:
            y = step(y, layers.Conv2D(given * group.expansion, 1, name=f"{name}_expand", **shared))
        stride = group.stride if first else 1
        y = step(y, layers.DepthwiseConv2D(group.kernel, stride, name=f"{name}_depthwise", **shared))
        y = step(y, layers.Conv2D(group.out, 1, name=f"{name}_project", **shared), relu=False)
        return y if first else layers.Add(name=f"{name}_add")([x, y])

    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(picture)
    x = step(x, layers.Conv2D(STEM, 3, 2, padding="same", use_bias=False, name="stem"))
    for number, group in enumerate(GROUPS[:groups], start=1):
        for repeat in range(1, group.repeats + 1):
            x = block(x, f"group{number}_{repeat}", group, first=repeat == 1)
    if groups is None:
        x = step(x, layers.Conv2D(HEAD, 1, use_bias=False, name="head"))
        x = layers.GlobalAveragePooling2D(name="mean")(x)
        x = layers.Dense(CLASSES, name="logits")(x)
    return keras.Model(picture, x, name=NET if groups is None else f"{NET}_group{groups}")


def carry_over(arrays: dict[str, np.ndarray], model) -> None:
    """Put the arrays of the file into the layers that a model of `build` has.

    Kernels go from (out, in, height, width) to (height, width, in, out), depthwise ones from (channels, 1, height, width) to
    (height, width, channels, 1).
    """
    here = {layer.name: layer for layer in model.layers}
    for one in lite_file.convolutions():
        if one.name in here:
            depthwise = one.name.endswith("_depthwise")
            order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
            here[one.name].set_weights([arrays[f"{one.kernel}.weight"].transpose(order)])
            here[f"{one.name}_norm"].set_weights([arrays[f"{one.norm}.{part}"] for part in NORMALISED])
    if "logits" in here:
        here["logits"].set_weights([arrays["_fc.weight"].T, arrays["_fc.bias"]])


def train_from(model, group: int | None) -> None:
    """Say which part of a backbone is trained: the convolutions from one group of blocks on.

    Batch normalisation keeps the means, variances, scales and shifts that it has from ImageNet, also when the model is called
    with ``training=True``. A compiled model, and a step that was traced, have to be made anew after this.

    Args:
        model: of `backbone` or `build`; it is changed.
        group: 1 to the last group that it has, 0 for all of it, None for nothing.
    """
    numbers = {layer.name: _group(layer.name) for layer in model.layers}
    last = max(numbers.values())
    if group is not None and group not in range(last + 1):
        raise ValueError(f"training starts at a group from 0 to {last}, not at {group!r}")
    for layer in model.layers:
        norm = layer.name.endswith("_norm")
        layer.trainable = group is not None and not norm and numbers[layer.name] >= group


def _group(name: str) -> int:
    """The group that a layer belongs to, by its name; what comes before the blocks is 0, what comes after them the last."""
    if name.startswith("group"):
        return int(name.removeprefix("group").partition("_")[0])
    return len(GROUPS) if name.startswith(("head", "mean", "logits")) else 0


def halves(model, group: int | None, ends=(3, 5)):
    """A backbone cut in two, so that what is never trained can be computed once: together they are the net, sharing its layers.

    Args:
        model: of `backbone` at stride 16, or `build`.
        group: the first group of the second half; all before it stays as it is. None: the second half has nothing to train.
        ends: the groups whose maps are the answer, rising.

    Returns:
        first, a model from pictures to a list of maps; second, a model from that list to the maps at `ends`.
    """
    import keras
    from keras import layers

    # the stem comes before every group: it is in the first half, which is never trained
    train_from(model, group if group is None else max(group, 1))
    cut = ends[-1] + 1 if group is None else max(group, 1)
    # what the second half has to be given: the map before the cut, and the answers that lie before it
    given = sorted({min(end, cut - 1) for end in ends})
    first = keras.Model(model.input, [_map_after(model, number) for number in given], name="frozen")
    ports = [keras.Input(one.shape[1:]) for one in first.outputs]
    maps, x = dict(zip(given, ports, strict=True)), ports[-1]
    if cut <= ends[-1]:
        rest = keras.Model(_map_after(model, cut - 1), [_map_after(model, end) for end in ends if end >= cut])
        later = rest(x)
        later = later if isinstance(later, list) else [later]
        maps |= dict(zip([end for end in ends if end >= cut], later, strict=True))
    answers = [layers.Identity(name=f"map{end}")(maps[end]) for end in ends]
    return first, keras.Model(ports, answers, name="trained")


def _map_after(model, group: int):
    """The tensor that a group of blocks ends with; 0: the stem's."""
    names = [layer.name for layer in model.layers if _group(layer.name) == group]
    return model.get_layer(names[-1]).output
