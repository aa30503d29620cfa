"""The command that fetches pretrained nets: see files.py."""

import sys

from scripts.pretrained.files import main

raise SystemExit(main(*sys.argv[1:]))
