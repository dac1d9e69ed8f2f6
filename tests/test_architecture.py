"""Arrows point one way, and importing the package costs nothing that is not needed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import napari_atlas_assign

PACKAGE = Path(napari_atlas_assign.__file__).parent
NAME = "napari_atlas_assign"

# A layer may import itself and those of a lower rank; atlas and modes know nothing of each other.
RANKS = {
    **{"errors": 0, "encoding": 0, "index_ranges": 0},
    **{"grid": 1, "limits": 1, "resources": 1, "lazy": 2, "template_space": 3},
    "image": 4,
    **{"ome_zarr": 5, "atlas": 5, "modes": 5},
    **{"assignment": 6, "report": 7, "batch": 8, "api": 9, "plugin": 10, "cli": 10, "__main__": 11},
}
# Imported inside functions only: a result saves itself; `show`, and layers taken as images, need napari when asked.
UPWARD = {("assignment", "report"), ("api", "plugin"), ("cli", "plugin")}

GUI = {"napari", "magicgui", "qtpy", "PyQt5", "PyQt6", "PySide2", "PySide6", "superqt", "vispy", "app_model", "npe2"}
HEAVY = GUI | {
    "matplotlib",
    "dask",
    "zarr",
    "nilearn",
    "siibra",
    "atlasreader",
    "brainglobe_atlasapi",
    "skimage",
    "templateflow",
}


PUBLIC_FACE = PACKAGE / "__init__.py"  # it imports lazily; the test of a fresh interpreter holds it
MODULES = sorted(set(PACKAGE.rglob("*.py")) - {PUBLIC_FACE})
BELOW_PLUGIN = [path for path in MODULES if "plugin" not in path.relative_to(PACKAGE).parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> list[tuple[str, bool]]:
    """Absolute names of all modules that a file imports, and whether at import time; type checkers' imports aside."""
    package = [NAME, *path.relative_to(PACKAGE).parent.parts]
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, at_import: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.append((module, at_import))
            found.extend((f"{module}.{alias.name}", at_import) for alias in node.names if module == NAME)
        inside = at_import and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_lower_layers_do_not_import_higher_ones(path):
    layer = layer_of(path)
    for module, at_import in imports(path):
        _, *parts = module.split(".")
        if not module.startswith(f"{NAME}.") or parts[0] not in RANKS:
            continue
        other = parts[0]
        if RANKS[other] < RANKS[layer] or other == layer:
            continue
        assert (layer, other) in UPWARD, f"{layer} must not import {module}"
        assert not at_import, f"{layer} may import {module} inside functions only"


@pytest.mark.parametrize("path", BELOW_PLUGIN, ids=name_of)
def test_nothing_below_the_plugin_imports_a_gui(path):
    allowed = {"napari"} if layer_of(path) == "cli" else set()  # `demo` opens a viewer where there is a display
    for module, at_import in imports(path):
        top = module.split(".")[0]
        assert top not in GUI - allowed, f"{path.name} imports {module}"
        assert top not in HEAVY or not at_import, f"{path.name} imports {module} at import time"


def loaded_after(statements: str) -> set[str]:
    """Top-level names of the modules that a fresh interpreter holds after some statements."""
    script = f"import json, sys; {statements}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_every_module_has_a_layer():
    assert {layer_of(path) for path in MODULES} <= set(RANKS)


def test_a_fresh_import_brings_in_nothing_heavy():
    loaded = loaded_after(f"import {NAME} as naa; [getattr(naa, name) for name in naa.__all__]")
    assert NAME in loaded
    assert not loaded & HEAVY


def test_the_bare_import_brings_in_no_more_than_the_standard_library():
    loaded = loaded_after(f"import {NAME}")
    assert not loaded & {"numpy", "pandas", "scipy", "nibabel"}
