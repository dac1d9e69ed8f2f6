"""README and docs say what the code does."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.assignment.columns import (
    ASSIGNMENTS,
    CERTAINTY_OF_ASSIGNMENTS,
    CERTAINTY_OF_MODES,
    CLUSTERS,
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
from napari_atlas_assign.cli import build_parser, main
from tests.mouse import MICROMETRES, annotation, random_cells, write_mouse

ROOT = Path(__file__).parents[1]
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


@pytest.fixture
def inputs_folder(tmp_path, monkeypatch, zmap_path):
    """A current folder with the files that docs/inputs.md talks of."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(zmap_path, "zmap.nii.gz")
    img = nib.load(zmap_path)
    data = img.get_fdata(dtype=np.float32)
    nib.save(nib.Nifti1Image(np.stack([data, -data], axis=-1), img.affine), "components.nii.gz")
    areas = np.zeros(data.shape, np.uint8)
    areas[data > 4], areas[data < -4] = 1, 2
    for name in ("rois", "areas"):
        nib.save(nib.Nifti1Image(areas, img.affine), f"{name}.nii.gz")
    Path("areas.csv").write_text("index,name,parent\n1,More,All\n2,Less,All\n")
    Path("points.csv").write_text("x,y,z,name\n28,-32,64,hand\n0,0,200,far\n")
    Path("sub-01_electrodes.tsv").write_text("name\tx\ty\tz\tsize\nA1\t28\t-32\t64\t1\n")
    write_mouse(Path("allen_mouse_25um_v1.2"))
    nib.save(nib.Nifti1Image((annotation() == 11).astype(np.float32), np.eye(4)), "heatmap.nii.gz")
    np.save("points.npy", random_cells(10) * MICROMETRES)
    Path("cell_classification.xml").write_text(
        "<CellCounter_Marker_File><Marker_Data><Marker_Type><Type>2</Type><Marker><MarkerX>12</MarkerX>"
        "<MarkerY>10</MarkerY><MarkerZ>14</MarkerZ></Marker></Marker_Type></Marker_Data></CellCounter_Marker_File>"
    )
    return tmp_path


def test_every_call_in_the_page_of_inputs_runs(inputs_folder):
    lines = [line for block in blocks(ROOT / "docs" / "inputs.md", "python") for line in block.splitlines()]
    names = {}
    n_results = 0
    for line in lines:
        if line.startswith("naa.assign("):
            assert len(eval(line, names).assignments) > 0, line
            n_results += 1
        else:
            exec(line, names)
    assert n_results >= 13


def test_the_page_of_the_mouse_runs_and_prints_its_table(tmp_path, monkeypatch, capsys):
    page = ROOT / "docs" / "mouse.md"
    monkeypatch.chdir(tmp_path)
    write_mouse(Path("generated_mouse_100um_v1.0"))
    np.save("points.npy", random_cells(400) * MICROMETRES)
    np.save("heatmap.npy", (annotation() == 11).astype(np.float32))
    for n in range(1, 5):
        np.save(f"m{n}.npy", random_cells(50, n) * MICROMETRES)
    names = {}
    for block in blocks(page, "python"):
        exec(block, names)
    assert capsys.readouterr().out == blocks(page, "text")[0]
    assert names["means"].set_index("region")["mean"]["Visual areas"] == 1
    assert names["counts"].shape == (4, len(names["p"]))
    for command in (line for block in blocks(page, "bash") for line in block.splitlines()):
        assert main(shlex.split(command)[1:]) == 0, command


def test_every_command_in_the_page_of_inputs_runs(inputs_folder, capsys):
    commands = [line for block in blocks(ROOT / "docs" / "inputs.md", "bash") for line in block.splitlines()]
    for command in commands:
        arguments = shlex.split(command)[1:]
        assert main(arguments) == 0, command
        assert Path(arguments[-1], "assignments.tsv").is_file()
    assert len(re.findall(r"\bassignments? to\b", capsys.readouterr().out)) == len(commands)


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


def test_the_five_lines_of_the_readme_run(zmap_path, tmp_path, monkeypatch, capsys):
    (example,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in example.splitlines() if line]) == 5
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
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_version_is_the_same_everywhere():
    import yaml

    from napari_atlas_assign import __version__

    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
