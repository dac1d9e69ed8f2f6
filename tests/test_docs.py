"""README and docs say what the code does."""

from __future__ import annotations

import ast
import builtins
import re
import tomllib
from pathlib import Path

import pytest

from napari_atlas_assign.assignment.columns import (
    ASSIGNMENTS,
    CERTAINTY_OF_ASSIGNMENTS,
    CERTAINTY_OF_MODES,
    CLUSTERS,
    GROUPS,
    LISTED_POINTS,
    MODES,
    PEAKS,
    POINT_ASSIGNMENTS,
    POINTS,
    REGION_TEST,
    REGIONS,
    SCORES,
    SWEEP,
)
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.cli import build_parser
from tests.docs.helpers import blocks as all_blocks

ROOT = Path(__file__).parents[1]
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
REPOSITORY = URLS["Source"]
PICTURES = REPOSITORY.replace("github.com", "raw.githubusercontent.com") + "/main"
SWEEP_ONLY = {name: column for name, column in SWEEP.items() if column != MODES.get(name)}
"""The columns of a sweep that are not those of the table of modes."""
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands():
    """Every line of a bash block in README and docs."""
    return [line for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]


def table_rows(page, heading, number=0):
    """Cells of the rows of a table under a heading, by default the first; a bar inside a cell is written as \\|."""
    section = page.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)[number].splitlines()[2:]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def system_packages(text):
    return re.findall(r"\b(?:python3-venv|xvfb|lib[\w.-]+)(?=\s)", text)


def told(column):
    """What docs say of a column besides its name."""
    return [column.kind + (f", {column.unit}" if column.unit else ""), column.explanation]


@pytest.mark.parametrize(
    ("heading", "number", "columns"),
    [
        ("Assignments", 0, ASSIGNMENTS),
        ("Modes", 0, MODES),
        ("How sure", 0, CERTAINTY_OF_ASSIGNMENTS),
        ("How sure", 1, CERTAINTY_OF_MODES),
        ("How sure", 2, SWEEP_ONLY),
        ("How sure", 3, REGION_TEST),
        ("Peaks", 0, PEAKS),
        ("Points", 0, POINT_ASSIGNMENTS),
        ("Points", 1, POINTS),
        ("Regions", 0, REGIONS),
        ("Regions", 1, GROUPS),
        ("Summary", 0, CLUSTERS),
        ("Summary", 1, LISTED_POINTS),
    ],
)
def test_every_column_is_documented_in_order_with_its_kind_unit_and_meaning(heading, number, columns):
    documented = [row[:3] for row in table_rows(ROOT / "docs" / "columns.md", heading, number)]
    if heading == "Points" and number == 0:  # the scores that mean the same as those of modes stand there alone
        columns = {name: column for name, column in columns.items() if column != ASSIGNMENTS.get(name)}
    assert documented == [[f"`{name}`", *told(column)] for name, column in columns.items()]


def test_the_definition_of_every_score_is_that_of_its_function():
    documented = {row[0].strip("`"): row[3] for row in table_rows(ROOT / "docs" / "columns.md", "Assignments")}
    for name, score in SCORES.items():
        in_code = score.__doc__.splitlines()[0].rstrip(".")
        assert documented[name].lower().startswith(in_code.lower())


def test_the_page_of_columns_tells_how_many_peaks_there_are():
    section = (ROOT / "docs" / "columns.md").read_text("utf-8").split("\n## Peaks\n")[1]
    defaults = Parameters()
    assert f"{defaults.peaks} at most and at least {defaults.peak_distance_mm:g} mm apart" in section


@pytest.mark.parametrize(
    "arguments", [row[2] for row in table_rows(ROOT / "docs" / "inputs.md", "Thresholds, sizes, splitting")]
)
def test_every_option_in_the_page_of_inputs_is_understood(arguments):
    for option in re.findall("`([^`]+)`", arguments):
        build_parser().parse_args(["assign", "map.nii", "--atlas", "a", "--output", "out", *option.split()])


def test_every_extra_is_documented():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    rows = [row for row in (ROOT / "docs" / "install.md").read_text("utf-8").splitlines() if row.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == set(extras)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_uses_no_name_that_it_does_not_make(page):
    """What tests/docs finds by running every block, found without running it."""
    made, used = set(dir(builtins)), set()
    for block in (block for block in all_blocks(page) if block.language == "python"):
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                made |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                made.add(node.name)
            elif isinstance(node, ast.arg):
                made.add(node.arg)
            elif isinstance(node, ast.Name):
                made |= {node.id} if isinstance(node.ctx, ast.Store) else set()
                used.add(node.id)
    assert not used - made


def test_the_example_of_the_readme_has_five_lines():
    (example,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in example.splitlines() if line]) == 5


def test_ci_installs_the_system_packages_of_the_test_command_and_runs_it():
    (test_command,) = (line for line in commands() if line.endswith("-m pytest"))
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    declared = re.search(r"^packages=\((.*?)\)", ci, re.MULTILINE | re.DOTALL)[1]
    assert sorted(declared.split()) == sorted(system_packages(test_command))
    assert re.search(r"^timeout \d+ python -m pytest\b", ci, re.MULTILINE)


def test_both_commands_of_the_readme_name_their_system_packages():
    main_job, tests = (line for line in commands() if line.startswith("apt-get"))
    assert set(system_packages(main_job)) | {"xvfb", "libgl1-mesa-dri"} == set(system_packages(tests))


def test_the_manifest_in_the_package_is_the_one_at_the_top():
    """Two files, since a symbolic link is text in a clone on Windows; `cp napari.yaml src/napari_atlas_assign/`."""
    assert (ROOT / "src" / "napari_atlas_assign" / "napari.yaml").read_text() == (ROOT / "napari.yaml").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        here = re.match(f"{REPOSITORY}/(?:blob|tree)/main/(.+)|{PICTURES}/(.+)", target)
        if here:
            assert (ROOT / (here[1] or here[2])).exists(), target
        elif not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_description_on_pypi_needs_no_file_beside_it():
    text = (ROOT / "README.md").read_text("utf-8")
    assert all(target.startswith("https://") for target in re.findall(r"\]\(([^)\s]+)", text))


def test_the_version_is_the_same_everywhere():
    import yaml

    from napari_atlas_assign import __version__

    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
