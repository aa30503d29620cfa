"""Starts two workers that would go on for a minute, says their process numbers and their folder, and waits to be killed."""

import time

from scripts.distributed import workers

WAITS = "def stay(strategy):\n    import time\n    print('here', flush=True)\n    time.sleep(60)\n"

with workers.start([WAITS], 2) as group:
    for index in (0, 1):
        group.wait_for("here", index)
    print(*group.pids, group.folder, flush=True)
    time.sleep(60)
