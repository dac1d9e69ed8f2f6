"""README and docs say what the code does."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from napari_atlas_assign.assignment.scores import SCORES
from napari_atlas_assign.assignment.tables import ASSIGNMENT_COLUMNS, MODE_COLUMNS
from napari_atlas_assign.cli import build_parser

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands():
    """Every line of a bash block in README and docs."""
    return [line for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]


def table_rows(page, heading):
    """Cells of the rows of the first table under a heading; a bar inside a cell is written as \\|."""
    section = page.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def system_packages(text):
    return re.findall(r"\b(?:python3-venv|xvfb|lib[\w.-]+)(?=\s)", text)


def test_every_column_of_the_assignments_is_documented_in_order():
    rows = table_rows(ROOT / "docs" / "columns.md", "Assignments")
    assert [row[0] for row in rows] == [f"`{column}`" for column in ASSIGNMENT_COLUMNS]


def test_the_definition_of_every_score_is_that_of_its_function():
    documented = {row[0].strip("`"): row[1] for row in table_rows(ROOT / "docs" / "columns.md", "Assignments")}
    for name, score in SCORES.items():
        in_code = score.__doc__.splitlines()[0].rstrip(".")
        assert documented[name].lower() == in_code.lower()


def test_every_column_of_the_modes_is_documented_in_order():
    rows = table_rows(ROOT / "docs" / "columns.md", "Modes")
    assert [row[0] for row in rows] == [f"`{column}`" for column in MODE_COLUMNS]


def test_every_extra_is_documented():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    rows = [row for row in (ROOT / "docs" / "install.md").read_text("utf-8").splitlines() if row.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == set(extras)


def test_the_five_lines_of_the_readme_run(zmap_path, tmp_path, monkeypatch, capsys):
    (example,) = blocks(ROOT / "README.md", "python")
    assert len(example.splitlines()) == 5
    monkeypatch.chdir(tmp_path)
    shutil.copy(zmap_path, "zmap.nii.gz")
    exec(example, {})
    assert "GM_Primary_somatosensory_cortex_BA1_R" in capsys.readouterr().out
    assert Path("out/assignments.tsv").is_file()


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("napari-atlas-assign")])
def test_documented_commands_are_understood(command):
    arguments = shlex.split(command, comments=True)[1:]
    if arguments == ["--version"]:
        return
    build_parser().parse_args(arguments)


def test_ci_installs_the_system_packages_of_the_test_command_and_runs_it():
    (test_command,) = (line for line in commands() if line.endswith("-m pytest"))
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    declared = re.search(r"^packages=\((.*?)\)", ci, re.MULTILINE | re.DOTALL)[1]
    assert sorted(declared.split()) == sorted(system_packages(test_command))
    assert ci.rstrip().endswith("python -m pytest")


def test_both_commands_of_the_readme_name_their_system_packages():
    main_job, tests = (line for line in commands() if line.startswith("apt-get"))
    assert set(system_packages(main_job)) | {"xvfb", "libgl1-mesa-dri"} == set(system_packages(tests))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_version_is_the_same_everywhere():
    import yaml

    from napari_atlas_assign import __version__

    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
