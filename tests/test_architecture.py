"""Arrows point one way, file by file, and importing the package costs nothing that is not needed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

import napari_atlas_assign

PACKAGE = Path(napari_atlas_assign.__file__).parent
NAME = "napari_atlas_assign"
TESTS = Path(__file__).parent

# A layer may import itself and those of a lower rank; atlas and modes know nothing of each other.
RANKS = {
    **{"encoding": -1, "errors": 0, "index_ranges": 0, "loops": 0, "timings": 0, "tables": 0},
    **{
        "grid": 1,
        "atomic": 1,
        "limits": 1,
        "opening": 1.5,
        "resources": 1,
        "schema": 1,
        "zarr_files": 1.5,
        "nrrd_files": 1.4,
        "tiff_files": 1.4,
        "lazy": 2,
        "header": 2,
        "template_space": 3,
    },
    "image": 4,
    **{"zarr_files.ome_zarr": 5, "tiff_files.images": 5, "tiff_files.registration": 7, "atlas": 5, "modes": 5},
    **{
        "assignment": 6,
        "certainty": 6,
        "source": 6,
        "cluster_tables": 7,
        "report": 7,
        "batch": 8,
        "api": 9,
        "plugin": 10,
        "cli": 10,
    },
    **{"viewer": 11, "__main__": 11},
}
# Imported inside functions only: a result saves itself; `show`, and layers taken as images, need napari when asked.
UPWARD = {("assignment", "report"), ("api", "plugin"), ("source", "plugin"), ("cli", "plugin")}

PEERS = {"assignment", "certainty"}
"""Beside each other: an assignment asks for what is certain, a sweep for assignments; the test of circles holds."""

TESTED_TOGETHER = {
    "cli": "test_cli*.py",  # a command is tested as it is typed
    "atlas/label_tables": "atlas/label_tables/test_every_table.py",  # which fails without an example of each kind
    "atlas/formats/tiff": "tiff_files/test_*.py",
    "plugin/planes": "plugin/planes/test_three_planes.py",
    "report/groups": "batch/test_design.py",
}
"""Folders whose modules are tested together, through what calls them."""

WITHOUT_TEST = {"__main__.py", "viewer.py"}
"""What starts the command line, and names that are only handed on: the tests of these run them."""

MOST_FILES = 17  # of a folder, its `__init__` aside; the top, with what everything is built on, has the most
MOST_LINES = 600
ON_DEMAND = {"schema", "zarr_files"}
"""Modules made of heavy classes; all others import them inside functions only."""

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
    return path.relative_to(PACKAGE).as_posix()


def layer_of(path: Path) -> str:
    return layer_at(path.relative_to(PACKAGE).with_suffix("").parts)


def layer_at(parts: Sequence[str]) -> str:
    """The first part of a module's name; or the first two, where a file ranks otherwise than its folder."""
    two = ".".join(parts[:2])
    return two if two in RANKS else parts[0]


def layer_named(module: str) -> str | None:
    """The layer of a module, given by its absolute name, if it is one of this package."""
    top, *parts = module.split(".")
    return layer_at(parts) if top == NAME and parts else None


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
            names = [f"{module}.{alias.name}" for alias in node.names]
            modules = {name if file_of(name) else module for name in names}  # `from . import slicer`: not the folder
            found.extend((name, at_import) for name in sorted(modules))
        inside = at_import and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def file_of(module: str) -> Path | None:
    """The file of a module, if it is one of this package."""
    top, *parts = module.split(".")
    path = PACKAGE.joinpath(*parts) if top == NAME else Path("other packages")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def arrows() -> dict[str, set[str]]:
    """Which file imports which, at import time or inside a function; names that type checkers alone import aside."""
    files = sorted(PACKAGE.rglob("*.py"))
    reached = {path: {file_of(module) for module, _ in imports(path)} for path in files}
    return {name_of(a): {name_of(b) for b in others if b not in (None, a)} for a, others in reached.items()}


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Sets of files each of which can be reached from each other one, the largest first."""
    names = sorted(arrows)
    edges = [(names.index(a), names.index(b)) for a in names for b in arrows[a]]
    rows, columns = np.array(edges, int).reshape(-1, 2).T
    graph = csr_array((np.ones(len(edges)), (rows, columns)), shape=(len(names), len(names)))
    _, circle_of = connected_components(graph, connection="strong")
    sets = [[names[i] for i in np.flatnonzero(circle_of == n)] for n in np.unique(circle_of)]
    return sorted((files for files in sets if len(files) > 1), key=lambda files: (-len(files), files))


def without_the_meant(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    return {a: {b for b in others if not is_meant(a, b)} for a, others in arrows.items()}


def is_meant(a: str, b: str) -> bool:
    """A result saves itself: the one arrow that goes up inside a circle of files."""
    return a == "assignment/saving.py" and b.startswith("report/")


def folders() -> dict[str, list[str]]:
    """The files of each folder, its `__init__` aside."""
    modules = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    names = sorted({path.parent for path in modules})
    return {folder.relative_to(PACKAGE).as_posix(): [p.name for p in modules if p.parent == folder] for folder in names}


def test_no_circle_of_files_but_that_a_result_saves_itself(record_property):
    every = arrows()
    known = circles(every)
    record_property("house", f"circles of files: {len(known)}: " + "; ".join(", ".join(files) for files in known))
    assert not circles(without_the_meant(every)), "new circles of files: let one of each import nothing of the others"
    assert len(known) == 1, "saving.py no longer reaches report/: take the exception out of `is_meant`"


def test_a_circle_is_found_whether_short_or_long():
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"e"}, "e": {"c", "a"}}) == [["c", "d", "e"], ["a", "b"]]


def test_a_folder_holds_one_subject(record_property):
    sizes = {folder: len(names) for folder, names in folders().items()}
    largest = max(sizes, key=lambda folder: sizes[folder])
    record_property("house", f"largest folder: {largest}, {sizes[largest]} files")
    assert sizes[largest] <= MOST_FILES, f"{largest} has {sizes[largest]} files: give a part of them a folder"


def test_a_file_can_be_read_at_a_sitting(record_property):
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    largest = max(lines, key=lambda name: lines[name])
    record_property("house", f"largest file: {largest}, {lines[largest]} lines")
    assert lines[largest] <= MOST_LINES, f"{largest} has {lines[largest]} lines: split it by subject"


@pytest.mark.parametrize("folder", folders())
def test_each_folder_says_what_lives_in_it(folder):
    docstring = ast.get_docstring(ast.parse((PACKAGE / folder / "__init__.py").read_text(encoding="utf-8")))
    assert docstring


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_lower_layers_do_not_import_higher_ones(path):
    layer = layer_of(path)
    for module, at_import in imports(path):
        other = layer_named(module)
        if other not in RANKS:
            continue
        if RANKS[other] < RANKS[layer] or other == layer or {layer, other} == PEERS:
            continue
        assert (layer, other) in UPWARD, f"{layer} must not import {module}"
        assert not at_import, f"{layer} may import {module} inside functions only"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_modules_are_imported_on_demand(path):
    assert (
        layer_of(path) in ON_DEMAND
        or path.stem.endswith("_schema")
        or not [module for module, at_import in imports(path) if at_import and layer_named(module) in ON_DEMAND]
    )


@pytest.mark.parametrize("path", BELOW_PLUGIN, ids=name_of)
def test_nothing_below_the_plugin_imports_a_gui(path):
    allowed = {"napari"} if layer_of(path) == "cli" else set()  # `demo` opens a viewer where there is a display
    for module, at_import in imports(path):
        top = module.split(".")[0]
        assert top not in GUI - allowed, f"{path.name} imports {module}"
        assert top not in HEAVY or not at_import or layer_of(path) in ON_DEMAND, (
            f"{path.name} imports {module} at import time"
        )


def has_code(path: Path) -> bool:
    """Whether a module has a function with a body; classes of fields, types and protocols have none."""
    functions = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    return any(len(f.body) > 1 or not isinstance(f.body[0], ast.Expr) for f in functions)


def names_imported_by(tests: Iterable[Path]) -> set[str]:
    """Absolute names of the modules that test files import, and of what they import from them."""
    names: set[str] = set()
    for node in (node for path in tests for node in ast.walk(ast.parse(path.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__init__.py" and has_code(p)], ids=name_of)
def test_each_module_has_a_test_file_in_the_folder_of_its_name(path):
    """A file of its own name, or one of a wider claim beside it, which imports it."""
    part = path.relative_to(PACKAGE)
    beside = list((TESTS / part.parent).glob("*.py"))
    is_tested = (
        name_of(path) in WITHOUT_TEST
        or (TESTS / part.parent / f"test_{part.name}").is_file()
        or ".".join([NAME, *part.with_suffix("").parts]) in names_imported_by(beside)
        or any(TESTS.glob(TESTED_TOGETHER.get(part.parent.as_posix(), "none")))
    )
    assert is_tested, f"write tests/{part.parent.as_posix()}/test_{part.name}"


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
