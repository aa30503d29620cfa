"""A shell where a page looks on and ipyform cannot be imported: a cell with a value is a plain cell."""

import sys

from IPython.core.interactiveshell import InteractiveShell

from scripts import forms

sys.modules["ipyform"] = None
shell = InteractiveShell.instance()
print(forms.offer())
done = shell.run_cell('rate = 0.5  # @param {type: "slider", min: 0, max: 2, step: 0.5}\nprint(rate)')
raise SystemExit(0 if done.success else 1)
