"""ImageAI asks for tkinter, which many Pythons lack, and does not use it."""

import sys

from scripts.pretrained import nets


def test_a_python_without_tkinter_imports_imageai(monkeypatch):
    for name in list(sys.modules):
        if name.split(".")[0] in ("imageai", "tkinter", "_tkinter"):
            monkeypatch.delitem(sys.modules, name)
    # an import of it now fails, as it does where it is not installed
    monkeypatch.setitem(sys.modules, "tkinter", None)
    assert hasattr(nets.imageai(), "ObjectDetection")
