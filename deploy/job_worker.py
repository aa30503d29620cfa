"""One pod of a Kubernetes Job becomes one worker: its index gives its TF_CONFIG, then the program starts.

    WORKERS=a:2222,b:2222,c:2222 JOB_COMPLETION_INDEX=2 python -m deploy.job_worker MODULE its arguments

Kubernetes sets JOB_COMPLETION_INDEX in each pod of an Indexed Job; WORKERS stands in kubernetes_job.yaml.
"""

import os
import re
import sys

from scripts.distributed.workers import tf_config

ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}")


def config_of_pod(variables) -> str:
    """The TF_CONFIG of the pod with these environment variables.

    Raises:
        ValueError: a variable is missing, an address is no host:port, or the index is none of the list's.
    """
    addresses = [one.strip() for one in variables.get("WORKERS", "").split(",") if one.strip()]
    if not addresses:
        raise ValueError("WORKERS is not set: the addresses of all workers, host:port, commas between")
    for one in addresses:
        if not ADDRESS.fullmatch(one):
            raise ValueError(f"WORKERS holds {one!r}, which is no host:port")
    if len(set(addresses)) < len(addresses):
        raise ValueError("WORKERS names an address twice")
    index = variables.get("JOB_COMPLETION_INDEX", "")
    if not index.isdecimal() or int(index) >= len(addresses):
        last = len(addresses) - 1
        raise ValueError(f"JOB_COMPLETION_INDEX is {index!r}; with {last + 1} workers it is 0 to {last}")
    return tf_config(addresses, int(index))


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("name the module to run: python -m deploy.job_worker scripts.distributed.slides_net")
    try:
        os.environ["TF_CONFIG"] = config_of_pod(os.environ)
    except ValueError as problem:
        sys.exit(str(problem))
    # in place of this process, so that the pod's signals reach the program
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])


if __name__ == "__main__":
    main()
