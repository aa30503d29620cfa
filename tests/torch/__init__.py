"""Tests that need PyTorch and ImageAI. tests/test_imageai.py runs them, in a process of their own.

    python -m pytest tests/torch

PyTorch and TensorFlow in one process depend on which of the two came first, so the ordinary run leaves this folder out
(tests/conftest.py). PyTorch is imported inside functions only. Pictures with what was found are left in build/detections/.
"""

import importlib.util

import pytest

needs_imageai = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("torch", "torchvision", "imageai")),
    reason="PyTorch and ImageAI are not installed (requirements.txt)",
)
