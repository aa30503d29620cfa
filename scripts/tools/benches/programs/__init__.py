"""Programs that benches run in a process of their own, most of them in another environment's Python; each prints JSON last.

What stands here and in `scripts` imports the standard library only, so that any environment can start these programs.
"""

import json
import subprocess

from scripts import ROOT


def run(python, name: str, *arguments):
    """Run one of these programs in a Python, from the course's root, and return the JSON of its last line.

    Args:
        python: the path of an interpreter; name: of a module of this folder; arguments: what it is given, as text.
    """
    command = [str(python), "-m", f"{__name__}.{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit((done.stderr.strip() or "no message").splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])
