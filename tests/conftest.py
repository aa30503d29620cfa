"""Leaves tests/torch out of the ordinary run: no test may bring PyTorch into a process that may hold TensorFlow.

Named by itself, as tests/test_imageai.py does, that folder is run: pytest ignores nothing that it was asked for.
"""

collect_ignore = ["torch"]
