"""Every option of every command with values that nobody means: done, or refused in one line that is no surprise."""

from __future__ import annotations

import argparse
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.cli import build_parser

VALUES = (
    "1" + "0" * 30,
    "-1" + "0" * 30,
    "1e400",
    "nan",
    "-inf",
    "0",
    "",
    "/",
    "x" * 5000,
    "x/" * 3000,
    "\N{BRAIN}\n<b>",
    "a=b=c",
)
COMMANDS = {
    "assign": ["assign", "map.nii", "--atlas", "atlas_dseg.nii", "--threshold", "1", "--output", "out"],
    "rois": ["assign", "atlas_dseg.nii", "--rois", "--atlas", "atlas_dseg.nii", "--output", "out"],
    "points": ["assign", "points.csv", "--points", "--atlas", "atlas_dseg.nii", "--output", "out"],
    "sweep": ["sweep", "map.nii", "--atlas", "atlas_dseg.nii", "--output", "out"],
    "region-test": ["region-test", "map.nii", "--atlas", "atlas_dseg.nii", "--surrogates", "19", "--output", "out"],
    "batch": ["batch", "map.nii", "--atlas", "atlas_dseg.nii", "--threshold", "1", "--output", "out"],
    "label": ["label", "points.csv", "--atlas", "atlas_dseg.nii", "--output", "out.csv"],
    "rerun": ["rerun", "provenance.json"],
    "atlases": ["atlases"],
    "cache": ["cache"],
}
SLOW = {"--surrogates", "--placements", "--draws", "--workers", "--cluster", "--traceback", "--help"}
"""Counts of what is to be drawn or started: the largest that is allowed takes as long as it says."""


def options_of(command: str) -> list[argparse.Action]:
    """The options of a command of the parser that take a value."""
    (commands,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    parser = commands.choices[command]
    return [a for a in parser._actions if a.option_strings and a.nargs != 0]


CASES = [
    (name, option.option_strings[-1])
    for name, arguments in COMMANDS.items()
    for option in options_of(arguments[0])
    if option.option_strings[-1] not in SLOW
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    noise = np.random.default_rng(0).normal(size=(6, 6, 6)).astype(np.float32)
    nib.save(nib.Nifti1Image(noise, np.diag([2.0, 2, 2, 1])), folder / "map.nii")
    labels = np.repeat(np.array([1, 2], np.uint8), 3)[:, None, None] * np.ones((6, 6, 6), np.uint8)
    nib.save(nib.Nifti1Image(labels, np.diag([2.0, 2, 2, 1])), folder / "atlas_dseg.nii")
    (folder / "points.csv").write_text("x,y,z\n2,2,2\n8,2,2\n")
    (folder / "provenance.json").write_text("{}")
    return folder


def test_every_command_of_the_parser_is_tried():
    (commands,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert set(commands.choices) - {arguments[0] for arguments in COMMANDS.values()} == {"demo"}  # opens a viewer


@pytest.mark.parametrize(("command", "option"), CASES)
def test_no_value_of_an_option_is_a_surprise(run, files, tmp_path, monkeypatch, command, option):
    for path in files.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    for value in VALUES:
        code, _, err = run(*COMMANDS[command], f"{option}={value}")
        assert code in (0, 1, 2), (value[:40], err)  # 1: no map of a batch could be read, or a table is not the same
        assert "unexpected" not in err
        errors = [line for line in err.splitlines() if "warning: " not in line]
        assert len(errors) == (code != 0), (value[:40], err)


@pytest.mark.parametrize("command", [name for name, arguments in COMMANDS.items() if len(arguments) > 1])
@pytest.mark.parametrize("value", [value for value in VALUES if value])  # an empty path is the current folder
def test_no_input_is_a_surprise(run, files, tmp_path, monkeypatch, command, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "atlas_dseg.nii").symlink_to(files / "atlas_dseg.nii")
    first, _, *others = COMMANDS[command]
    code, _, err = run(first, *others, "--", value)
    assert code in (1, 2), err
    assert "unexpected" not in err
    assert len([line for line in err.splitlines() if "warning: " not in line]) == 1
    assert not Path("out").exists()
