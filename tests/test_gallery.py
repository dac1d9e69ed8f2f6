"""The notebooks of the gallery run from the installed package, on data that it brings or that they make.

Their code runs here in this process, cell after cell as a kernel would run it, without one: that is fast, and needs no
Jupyter.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOKS = sorted((DOCS / "gallery").glob("*.ipynb"))
MAGIC = "%matplotlib inline\n"


def code_of(notebook):
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]).removeprefix(MAGIC) for cell in cells if cell["cell_type"] == "code"]


def shown(cell, names):
    """Run a cell; gives what a notebook would show below it: the value of its last line."""
    body = ast.parse(cell).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_tables_and_a_figure(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    with mpl.rc_context({"backend": "agg"}):
        values = [shown(cell, names) for cell in code_of(notebook)]
    assert any(isinstance(value, Figure) for value in values)
    assert any(hasattr(value, "columns") and len(value) for value in values)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_outputs_and_uses_the_public_face_alone(notebook):
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    for node in ast.walk(ast.parse("\n".join(code_of(notebook)))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert "napari_atlas_assign." not in ast.unparse(node)


def test_the_page_of_the_gallery_leads_to_every_notebook():
    text = (DOCS / "gallery.md").read_text("utf-8")
    assert len(NOTEBOOKS) == 5
    assert all(f"(gallery/{notebook.name})" in text for notebook in NOTEBOOKS)
