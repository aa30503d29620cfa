"""Calls commands of the course with an option that none of them has: `name=words ...` each; prints, as JSON, how each ended.

One process for all of them: what a command imports is most of what it takes to refuse.
"""

import contextlib
import io
import json
import runpy
import sys
import warnings

warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
ended = {}
for argument in sys.argv[1:]:
    name, _, words = argument.partition("=")
    sys.argv = [name, *words.split(), "--mispelt"]
    said, status = io.StringIO(), None
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            runpy.run_module(f"scripts.tools.{name}", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
    ended[name] = [status, said.getvalue()]
print(json.dumps(ended))
