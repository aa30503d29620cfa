"""Forms: a cell of `# @param` values becomes sliders and fields in JupyterLab and VS Code, as Colab shows it by itself.

`course.start` calls `offer`. The comfort is ipyform's; what it does otherwise than a cell is mended here, in `CourseForm`. Where
ipyform is not installed, or no page looks on (nbval, nbclient, a grader), a cell of values is a plain cell.
"""

import ast
from typing import Any

from scripts.runtime import page_looks_on

MARK = "# @param"
MAGIC = "course_form"


def offer() -> bool:
    """Turn cells with `# @param` into forms from now on, where a page looks on; returns whether they are.

    Colab has forms of its own. Calling it again does no harm.
    """
    if not page_looks_on() or page_looks_on() == "Colab":
        return False
    try:
        import ipyform  # noqa: F401
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    if shell is None:
        return False
    shell.register_magic_function(_form, "cell", MAGIC)
    others = [
        one for one in shell.input_transformers_cleanup if getattr(one, "__name__", "") != as_form.__name__
    ]
    shell.input_transformers_cleanup[:] = [*others, as_form]
    return True


def as_form(lines: list[str]) -> list[str]:
    """A cell's lines, under the magic of forms where one holds a `# @param`."""
    if any(MARK in line for line in lines) and not lines[0].startswith("%%"):
        return [f"%%{MAGIC}\n", *lines]
    return lines


def _form(line: str, cell: str):
    """The cell magic: shows the form, which runs the cell at once and again whenever a value is moved."""
    __tracebackhide__ = True
    from IPython import get_ipython

    return form(cell, get_ipython().user_ns)


def form(cell: str, names: dict):
    """A form (an ipywidgets box) for a cell of code, which has run it.

    Args:
        cell: the cell's code.
        names: the notebook's names, which the code reads and writes.

    Raises:
        whatever the code raises in its first run.
    """
    __tracebackhide__ = True
    from ipyform import parser
    from ipyform.widgets import FormWidget

    class CourseForm(FormWidget):
        """A form whose code runs as that of a cell does: with the notebook's names everywhere, whole numbers staying whole, and
        an error of the first run failing the cell."""

        def __init__(self):
            __tracebackhide__ = True
            super().__init__(parser.parse(cell), ns=names, layout={"display": "grid"})
            # ipyform's first element is a button that needs a script of its own
            inside = self.children[0]
            inside.children = inside.children[1:]

        def _rerun(self, moved) -> None:
            __tracebackhide__ = True
            if moved is None:
                for field in self.fields:
                    if field.param.field_type == "slider":
                        field.widget.readout_format = ".0f" if _whole(field.param) else ".3g"
            code, failed = list(self.data.code), None
            for field in self.fields:
                code[field.param.lineno - 1] = f"{field.param.variable} = {written(field)}"
            if moved is not None:
                self.output.clear_output(wait=True)
            with self.output:
                try:
                    run("\n".join(code), names)
                except BaseException as problem:
                    if moved is not None:
                        raise  # there is no cell to fail: it is shown where the figure was
                    failed = problem
            if failed is not None:
                raise failed

    return CourseForm()


def _whole(param) -> bool:
    """Whether the value that the cell gives is written as a whole number."""
    value = ast.parse(param.code.strip()).body[0].value
    return isinstance(ast.literal_eval(value), int)


def written(field) -> str:
    """A field's value as Python code, of the type that the cell gives it."""
    value, param = field.widget.value, field.param
    if param.field_type == "slider":
        return str(round(value)) if _whole(param) else repr(value)
    return repr(value) if param.var_type == "string" else field.str_value()


def run(code: str, names: dict) -> Any:
    """Run code as a cell runs: in the notebook's names, the value of a last expression shown."""
    __tracebackhide__ = True
    from IPython.display import display

    tree, last = ast.parse(code), None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, "<form>", "exec"), names)
    value = eval(compile(last, "<form>", "eval"), names) if last else None
    if value is not None:
        display(value)
