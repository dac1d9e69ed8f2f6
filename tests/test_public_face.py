"""What users import: all from the top, typed, documented with examples that run; warnings show the user's line."""

from __future__ import annotations

import ast
import doctest
import inspect
import os
import re
import subprocess
import sys
import textwrap
import typing
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import napari_atlas_assign as naa
from napari_atlas_assign import api
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.assignment.point_result import PointResult
from napari_atlas_assign.image import Image

ROOT = Path(__file__).parents[1]
PUBLIC = {"napari_atlas_assign", "napari_atlas_assign.viewer"}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
USER_PAGES = [page for page in PAGES if page.name not in ("CONTRIBUTING.md", "architecture.md")]
"""Without those for people who change the package."""
SCRIPTS = sorted((ROOT / "docs").rglob("*.py"))


# --- names ---


def test_every_public_name_is_there_and_documented():
    for name in naa.__all__:
        assert getattr(naa, name).__doc__, name
        assert name in dir(naa)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'asign'"):
        naa.asign


def test_every_line_of_the_list_of_public_names_is_understood():
    statements = ast.parse((Path(naa.__file__).parent / "__init__.pyi").read_text("utf-8")).body
    assert sorted(s.names[0].name for s in statements if isinstance(s, ast.ImportFrom)) == naa.__all__


def modules_imported_by(code: str) -> set[str]:
    """What a piece of Python imports of this package, also by ``import napari_atlas_assign.x`` and by attribute."""
    imported = set()
    for node in ast.walk(ast.parse(textwrap.dedent(code))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # Where the top is imported from, a name that is not public is a module.
            internal = node.module in PUBLIC
            imported |= {node.module if internal else f"{node.module}.{alias.name}" for alias in node.names}
            if node.module == "napari_atlas_assign":
                imported |= {f"napari_atlas_assign.{a.name}" for a in node.names if a.name not in naa.__all__}
    return {name for name in imported if name.partition(".")[0] == "napari_atlas_assign"}


def examples():
    for page in PAGES:
        for number, block in enumerate(
            re.findall(r"^```python[^\n]*\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
        ):
            yield pytest.param(block, id=f"{page.name}-{number}")
    for path in SCRIPTS:
        yield pytest.param(path.read_text("utf-8"), id=path.name)


@pytest.mark.parametrize("code", list(examples()))
def test_documentation_and_examples_import_public_modules_only(code):
    assert modules_imported_by(code) <= PUBLIC
    for name in re.findall(r"\bnaa\.(\w+)", code):
        assert name in naa.__all__, name


def test_an_internal_module_would_be_told():
    assert not modules_imported_by("from napari_atlas_assign.api import assign") <= PUBLIC
    assert not modules_imported_by("from napari_atlas_assign import api") <= PUBLIC
    assert not modules_imported_by("import napari_atlas_assign.grid as g") <= PUBLIC
    assert modules_imported_by("from napari_atlas_assign import assign") <= PUBLIC


@pytest.mark.parametrize("page", USER_PAGES, ids=lambda page: page.name)
def test_pages_for_users_name_no_internal_module(page):
    for name in re.findall(r"napari_atlas_assign(?:\.\w+)+", page.read_text("utf-8")):
        assert name in PUBLIC or name.removeprefix("napari_atlas_assign.") in naa.__all__, name


# --- arguments ---


def test_the_arguments_of_assign_are_the_parameters_with_their_defaults():
    arguments = inspect.signature(naa.assign).parameters
    assert {a.kind for name, a in arguments.items() if name not in ("source", "atlas")} == {
        inspect.Parameter.KEYWORD_ONLY
    }
    for field in fields(Parameters):
        assert arguments[field.name].default == field.default, field.name
        assert arguments[field.name].annotation == field.type, field.name


def test_type_checkers_see_every_argument_of_assign():
    arguments = list(inspect.signature(naa.assign).parameters)[2:]
    assert set(typing.get_type_hints(api.AnyOptions)) == set(arguments)
    section = inspect.cleandoc(naa.assign.__doc__).split("Parameters\n")[1].split("Returns\n")[0]
    assert re.findall(r"^(\w+) : ", section, re.M)[2:] == arguments


@pytest.mark.parametrize("name", [n for n in naa.__all__ if inspect.isfunction(getattr(naa, n))])
def test_no_public_function_takes_or_gives_anything(name):
    signature = inspect.signature(getattr(naa, name))
    assert signature.return_annotation not in ("Any", inspect.Signature.empty)
    for argument in signature.parameters.values():
        assert argument.annotation not in ("Any", inspect.Parameter.empty)
        assert argument.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


USERS_SCRIPT = """
from typing import assert_type

import nibabel as nib
import numpy as np
import pandas as pd

import napari_atlas_assign as naa

atlas = naa.load_atlas("juelich")
result = naa.assign("zmap.nii.gz", atlas, threshold=3)
assert_type(result, naa.Result)
assert_type(result.assignments, pd.DataFrame)
assert_type(result.modes, pd.DataFrame)
assert_type(result.components, naa.Image)
assert_type(naa.assign(nib.load("zmap.nii.gz"), atlas), naa.Result)
assert_type(naa.assign((np.ones((3, 3, 3)), np.eye(4)), [atlas, "harvard_oxford"]), naa.Result)
assert_type(naa.assign("rois.nii.gz", atlas, rois=True), naa.Result)

assert_type(naa.assign([[1, 2, 3]], atlas, sigma=3), naa.PointResult)
assert_type(naa.assign(np.ones((4, 3)), atlas, level=1), naa.PointResult)
points = naa.assign(naa.PointSet.from_array([[1, 2, 3]]), atlas)
assert_type(points, naa.PointResult)
assert_type(points.assignments, pd.DataFrame)

assert_type(naa.assign("points.csv", atlas), naa.Result | naa.PointResult)
assert_type(naa.assign("points.csv", atlas).assignments, pd.DataFrame)
assert_type(naa.rerun("out"), naa.Result | naa.PointResult)
assert_type(naa.atlases(), list[naa.CatalogueEntry])

naa.assign("zmap.nii.gz", atlas, treshold=3)  # type: ignore[call-overload]
naa.assign("zmap.nii.gz", atlas, threshold=3, tail="left")  # type: ignore[call-overload]
naa.assign(np.ones((4, 3)), atlas, volume=3)  # type: ignore[call-overload]
naa.load_atlas("juelich", label="names.csv")  # type: ignore[call-arg]
naa.asign  # type: ignore[attr-defined]
"""
"""Each ``ignore`` must be needed: an unused one is an error, as the project's settings say."""


def test_a_type_checker_knows_what_users_get_and_tells_a_misspelt_argument(tmp_path):
    script = tmp_path / "users_script.py"
    script.write_text(USERS_SCRIPT)
    assert (Path(naa.__file__).parent / "py.typed").is_file()
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--no-pretty", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"MYPYPATH": "src"},
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if script.name in line] == []


# --- examples ---


def with_examples():
    finder = doctest.DocTestFinder(recurse=False)
    for name in naa.__all__:
        if inspect.isfunction(getattr(naa, name)):
            for example in finder.find(getattr(naa, name), name, globs={}):
                if example.examples:
                    yield pytest.param(example, id=name)


@pytest.mark.parametrize("example", list(with_examples()))
def test_the_examples_of_the_public_functions_give_what_they_say(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    doctest.DocTestRunner().run(example, out=told.append)
    assert not told, "".join(told)


def test_the_chief_functions_have_examples():
    assert {"assign", "atlases", "load_atlas", "rerun", "show"} <= {parameters.id for parameters in with_examples()}


# --- warnings ---


def line_and_file(call):
    """Where the first warning of a call points to, and the line after this function's own call of it."""
    with pytest.warns(naa.AssignmentWarning) as told:
        call()
    return told[0].filename, told[0].lineno


def assert_points_here(call):
    filename, line = line_and_file(call)
    assert filename == call.__code__.co_filename
    assert line == call.__code__.co_firstlineno


def test_a_warning_about_a_map_points_to_the_users_line(small_atlas):
    image = Image.from_array(np.zeros(small_atlas.grid.shape), small_atlas.grid.affine)
    assert_points_here(lambda: naa.assign(image, small_atlas))


def test_a_warning_about_a_stack_points_to_the_users_line(small_atlas):
    image = Image.from_array(np.zeros(small_atlas.grid.shape), small_atlas.grid.affine)
    assert_points_here(lambda: naa.assign([image, image], small_atlas))


def test_a_warning_about_points_points_to_the_users_line(small_atlas):
    atlas = small_atlas.described(space="MNI152NLin6Asym")
    points = naa.PointSet.from_array([[0, 0, 0]], space="Talairach")
    assert_points_here(lambda: naa.assign(points, atlas))


def test_a_warning_about_a_file_of_points_points_to_the_users_line(small_atlas, tmp_path):
    path = tmp_path / "sub-01_electrodes.tsv"
    path.write_text("name\tx\ty\tz\nA\t0\t0\t0\nB\tn/a\tn/a\tn/a\n")
    assert_points_here(lambda: naa.assign(path, small_atlas))


def atlas_without_a_name(folder):
    import nibabel as nib

    nib.save(nib.Nifti1Image(np.arange(60, dtype=np.uint8).reshape(3, 4, 5) % 3, np.eye(4)), folder / "areas.nii")
    (folder / "areas.csv").write_text("index,name\n1,first\n")
    return folder / "areas.nii"


def test_a_remark_on_an_atlas_points_to_the_users_line(tmp_path):
    path = atlas_without_a_name(tmp_path)
    assert_points_here(lambda: naa.load_atlas(path, labels=tmp_path / "areas.csv"))
    assert_points_here(lambda: naa.load_atlas(path, labels=tmp_path / "areas.csv"))  # from the stored index


def test_a_remark_on_an_atlas_points_to_the_users_line_of_an_assignment(tmp_path):
    path = atlas_without_a_name(tmp_path)
    assert_points_here(lambda: naa.assign([[1, 1, 1]], path))


def test_a_warning_from_a_script_without_a_file_points_to_its_line(small_atlas):
    names = {"naa": naa, "atlas": small_atlas, "image": Image.from_array(np.zeros((4, 4, 4)), np.eye(4))}
    code = compile("\n\nnaa.assign(image, atlas)\n", "<a notebook>", "exec")
    assert line_and_file(lambda: exec(code, names | {"__name__": "__main__"})) == ("<a notebook>", 3)


def test_points_give_a_point_result_and_maps_a_result(small_atlas):
    image = Image.from_array(np.ones(small_atlas.grid.shape), small_atlas.grid.affine)
    assert isinstance(naa.assign(image, small_atlas), naa.Result)
    assert isinstance(naa.assign((image, image), small_atlas), naa.Result)
    assert isinstance(naa.assign([[0, 0, 0]], small_atlas), PointResult)
