"""The three detectors of lessons 16 to 18 and what they share: boxes, region proposals, evaluation."""
