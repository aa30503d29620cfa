"""Says that it is there and stays for a minute; as worker 1, told to fail, it ends with status 7 instead."""

import os
import sys
import time

print("here", flush=True)
if sys.argv[1:] == ["fail"] and os.environ["KERAS_DISTRIBUTION_PROCESS_ID"] == "1":
    sys.exit(7)
time.sleep(60)
