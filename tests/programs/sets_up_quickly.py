"""`scripts.tools.environment` for a test: where a virtual environment would be made, a folder with this interpreter is.

python -m tests.programs.sets_up_quickly LEVEL
"""

import shutil
import sys

from scripts.tools import environment


class Quick:
    """Stands in for `venv.EnvBuilder`."""

    def __init__(self, with_pip: bool, clear: bool):
        self.clear = clear

    def create(self, folder) -> None:
        """Make the folder anew, or keep what is there."""
        if self.clear:
            shutil.rmtree(folder, ignore_errors=True)
        python = environment.python_of(folder)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.symlink_to(sys.executable)


if __name__ == "__main__":
    environment.venv.EnvBuilder = Quick
    raise SystemExit(environment.main(sys.argv[1]))
