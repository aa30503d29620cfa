"""Our reading of Darknet's file against OpenCV 4's, which lives in an environment of its own (build/opencv4)."""

import subprocess
import sys

import pytest

from scripts.course import ROOT
from tests.test_detector import FULL


@pytest.mark.skipif(not FULL, reason="PyTorch and ImageAI are not installed (requirements.txt)")
def test_opencv_4_reads_the_same_net():
    command = [sys.executable, "-m", "scripts.build.second_reading"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    if "CalledProcessError" in done.stderr and '"install"' in done.stderr.replace("'", '"'):
        pytest.skip("OpenCV 4 could not be installed in build/opencv4 (no network?)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"opencv": "4.' in done.stdout
