"""Prints which worker it was told to be, by both programs of deploy/, and its arguments, as JSON."""

import json
import os
import sys

TOLD = ("TF_CONFIG", "KERAS_DISTRIBUTION_")

print(
    json.dumps(
        {name: value for name, value in os.environ.items() if name.startswith(TOLD)}
        | {"arguments": sys.argv[1:]}
    )
)
