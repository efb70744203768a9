"""Runs the cells of docs/notebook.ipynb; `python tests/docs/notebook.py` stores their outputs."""

import ast
import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def load() -> dict[str, Any]:
    """The notebook as it is stored."""
    notebook: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
    return notebook


def executed(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The outputs of each code cell. Cells share one namespace and run in the current folder."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    return [
        _outputs("".join(cell["source"]), number, namespace)
        for number, cell in enumerate(code_cells(notebook), 1)
    ]


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a notebook that hold code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _outputs(source: str, number: int, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """What a cell prints, and what its last expression is worth, as Jupyter stores them."""
    tree = ast.parse(source, f"cell {number}")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {number}", "exec"), namespace)
        if last is not None:
            expression = ast.Expression(last.value)
            value = eval(compile(expression, f"cell {number}", "eval"), namespace)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(text)})
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data = {"text/plain": _lines(str(value)), "text/html": _lines(value._repr_html_())}
        shown = {"data": data, "execution_count": number, "metadata": {}}
        outputs.append({**shown, "output_type": "execute_result"})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def store(notebook: dict[str, Any]) -> None:
    """Run the cells in a new folder, and write the notebook with their outputs."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        outputs = executed(notebook)
    for number, (cell, shown) in enumerate(zip(code_cells(notebook), outputs, strict=True), 1):
        cell |= {"execution_count": number, "outputs": shown}
    PATH.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    store(load())
