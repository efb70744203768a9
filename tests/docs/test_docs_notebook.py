"""The notebook runs, and shows what its cells give."""

import notebook


def test_the_notebook_runs_and_shows_what_its_cells_give(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = notebook.load()
    for cell, outputs in zip(notebook.code_cells(stored), notebook.executed(stored), strict=True):
        assert bool(cell["outputs"]) == bool(outputs)
        if "varies" not in cell["metadata"].get("tags", []):
            assert cell["outputs"] == outputs, "python tests/docs/notebook.py stores them again"


def test_most_cells_show_something():
    cells = notebook.code_cells(notebook.load())
    assert sum(bool(cell["outputs"]) for cell in cells) > len(cells) // 2
