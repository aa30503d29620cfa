"""Loads kept detectors in a process of its own, lets them look at pictures, and saves one where there is no room.

    python -m tests.programs.kept_detector DETECTOR PICTURES FOUND FULL OTHER

PICTURES is an .npz of pictures; into FOUND, an .npz too, go boxes, scores and labels of each: what DETECTOR finds before the attempt
to save it into the folder FULL and after it, and what the detector OTHER finds. No file may be longer than LONGEST bytes in the
attempt. Printed is what the attempt says.
"""

import resource
import sys

import numpy as np

from scripts.detection.detector import Detector
from scripts.detection.detector_files import DetectorError

LONGEST = 100_000


def main(folder: str, pictures: str, found: str, full: str, other: str) -> None:
    """Load, look, try to save, look again, and let the other one look."""
    detector, arrays = Detector.load(folder), {}

    def look(when: str, detector=detector) -> None:
        with np.load(pictures) as given:
            for name in given:
                said = detector(given[name], min_score=0.0)._asdict().items()
                arrays.update({f"{when}_{name}_{part}": value for part, value in said})

    look("before")
    # what HDF5 says when it cleans up after a failure would be on the page, too
    sys.unraisablehook = lambda problem: print(problem.exc_value)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LONGEST, limits[1]))
    try:
        detector.save(full)
    except DetectorError as problem:
        print(problem)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    look("after")
    look("other", Detector.load(other))
    np.savez(found, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
