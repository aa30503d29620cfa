"""Nets that others have trained: found, fetched, checked, converted. Those of lessons 00 and 15 are used through ImageAI.

files.py          where the weights lie, and how they come here; the command ``python -m scripts.pretrained``
state_dicts.py    files of a PyTorch net's weights: checked before they are used, and remembered
darknet.py        the format of the YOLOs' author
pt_arrays.py      a PyTorch file read without PyTorch
yolo_file.py      TinyYOLOv3's file for lessons without PyTorch
keras_yolo.py     TinyYOLOv3 as a Keras model, for lessons whose kernel holds TensorFlow
lite_file.py      EfficientNet-Lite0's layers, and its file read as arrays
efficientnet_lite.py  EfficientNet-Lite0 as a Keras model: a backbone that has seen photographs
nets.py           ImageAI imported safely, and its nets without trained weights
imageai_help.py   pictures in, detections out, with what is wrong in ImageAI handled in one place
"""

from scripts.pretrained.files import cards, check, convert, fetch, find, folders, main, missing

__all__ = ["cards", "check", "convert", "fetch", "find", "folders", "main", "missing"]
