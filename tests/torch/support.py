"""What several of these test modules use: photographs, random weights, and the form of an error's message."""

import re
from pathlib import Path

import skimage

from scripts import runtime
from scripts.data import downloads
from scripts.pretrained import imageai_help, nets

CARRIED = Path(skimage.__file__).parent / "data"
PICTURES = [
    CARRIED / name
    for name in ("motorcycle_left.png", "motorcycle_right.png", "coffee.png", "astronaut.png", "camera.png")
]


def one_line(words: str) -> str:
    """A pattern for `pytest.raises`: a message of a single line that holds these words."""
    return rf"\A.*{re.escape(words)}.*\Z"


def mirror_photographs() -> list[Path]:
    """The photographs of the mirror folder; an empty list where there is none."""
    mirror = downloads.mirror()
    return sorted((mirror / "photos").glob("*.jpg")) if mirror else []


def random_state(name: str) -> dict:
    """A state dict of the right shapes, with which the net finds many things."""
    import torch

    runtime.seed(1)
    state = nets.empty_net(name).state_dict()
    if name == "retinanet":
        # its best scores then lie at 40 %: above a minimum of 30, below ImageAI's fixed 50
        state["head.classification_head.cls_logits.bias"] = torch.full((9 * 91,), -1.7)
    return state


def light_state(name: str) -> dict:
    """A state dict as `random_state` makes it, whose file is small.

    Of each large kernel all output channels are the first one: `torch.save` writes what is repeated once.
    """
    state = random_state(name)
    for key, value in state.items():
        if value.ndim == 4 and value.numel() > 10_000:
            state[key] = value[:1].clone().expand(value.shape)
    return state


def see_small(detector) -> None:
    """Have a loaded RetinaNet bring pictures to a height of 200 pixels, not of 800: a tenth of its time."""
    imageai_help.network(detector).transform.min_size = (200,)
