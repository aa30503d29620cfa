"""ImageAI's module imported safely, and its three nets without trained weights."""

import sys
import types
import warnings
from pathlib import Path

from scripts import runtime

ANCHORS = {
    "tiny_yolov3": (10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319),
    "yolov3": (10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326),
}


def imageai():
    """The module ``imageai.Detection``.

    Raises:
        CourseError: TensorFlow is in this process already: torchvision would crash it.
    """
    runtime.before_torch()
    try:
        import tkinter  # noqa: F401
    except ImportError:
        # ImageAI takes the name Image from it and then, one line later, another Image from Pillow
        sys.modules["tkinter"] = types.SimpleNamespace(Image=None)
    import torchvision  # noqa: F401  # first of all
    from imageai import Detection

    if isinstance(sys.modules.get("tkinter"), types.SimpleNamespace):
        del sys.modules["tkinter"]
    warnings.filterwarnings("ignore", module="torchvision.models")  # ImageAI calls it in an outdated way
    # ImageAI has switched these on, for all modules
    warnings.filterwarnings("ignore", category=ResourceWarning)
    return Detection


def empty_net(name: str):
    """One of ImageAI's three nets with random weights, a ``torch.nn.Module``, for shapes, counts and timings."""
    imageai()
    import torchvision
    from imageai.yolov3.tiny_yolov3 import YoloV3Tiny
    from imageai.yolov3.yolov3 import YoloV3

    if name == "retinanet":
        build = torchvision.models.detection.retinanet_resnet50_fpn
        return build(weights=None, weights_backbone=None, num_classes=91).eval()
    return {"tiny_yolov3": YoloV3Tiny, "yolov3": YoloV3}[name](list(ANCHORS[name]), num_classes=80).eval()


def untrained(name: str, folder: Path) -> Path:
    """Write weights that find nothing, for when the trained ones cannot be had: every cell runs, and shows no fake result.

    Random weights of the right shapes, with the answer "no object here" in the biases of the last layers.
    """
    imageai()
    import torch

    runtime.seed()
    net = empty_net(name)
    with torch.no_grad():
        for key, value in net.named_parameters():
            if name == "retinanet" and key == "head.classification_head.cls_logits.bias":
                value.fill_(-20)
            if name != "retinanet" and key.endswith("conv.bias"):  # only the last layers have one
                value.fill_(-20)
    path = Path(folder) / f"untrained_{name}.pt"
    torch.save(net.state_dict(), path)
    return path
