"""A sweep and a test of whole maps at the command line, in the output folder, and run again."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import assign, compare_with_record, load_atlas, region_test, rerun, threshold_sweep
from napari_atlas_assign.cli.parser import thresholds

AFFINE = np.array([[3.0, 0, 0, -24], [0, 3, 0, -24], [0, 0, 3, -24], [0, 0, 0, 1]])


@pytest.fixture
def folder(tmp_path, monkeypatch, rng):
    """A current folder with a map of two joined hills, a stack of it and its mirror, and an atlas of two halves."""
    monkeypatch.chdir(tmp_path)
    data = rng.uniform(0.1, 1, (16, 16, 16)).astype(np.float32)
    data[3:13, 8, 8] = (3, 5, 3, 3, 2, 2, 3, 3, 4, 3)
    nib.save(nib.Nifti1Image(data, AFFINE), "map.nii.gz")
    nib.save(nib.Nifti1Image(np.stack([data, data[::-1]], axis=-1), AFFINE), "stack.nii.gz")
    labels = np.ones((16, 16, 16), np.uint8)
    labels[8:] = 2
    nib.save(nib.Nifti1Image(labels, AFFINE), "atlas.nii.gz")
    Path("atlas.csv").write_text("index,name\n1,Left half\n2,Right half\n")
    return tmp_path


def read(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=["n/a"])


def test_a_sweep_is_written_as_python_gives_it_and_runs_again_to_the_same(run, folder):
    code, _, err = run("sweep", "map.nii.gz", "--atlas", "atlas.nii.gz", "--thresholds", "3.5,1.5:", "--output", "out")
    assert code == 2
    assert "--thresholds" in err
    arguments = ("sweep", "map.nii.gz", "--atlas", "atlas.nii.gz", "--thresholds", "2.5,1.5,3.5", "--output", "out")
    assert run(*arguments)[0] == 0
    table = threshold_sweep("map.nii.gz", "atlas.nii.gz", [1.5, 2.5, 3.5])
    written = read("out/sweep.tsv")
    assert list(written) == list(table)
    for name in ("threshold", "cluster", "merges into", "merged", "best share"):
        assert np.array_equal(written[name].astype(float), table[name].astype(float), equal_nan=True)
    assert written["best region by share"].tolist() == table["best region by share"].tolist()
    record = json.loads(Path("out/provenance.json").read_text())
    assert record["parameters"]["sweep"] == [1.5, 2.5, 3.5]
    assert record["parameters"]["threshold"] == 1.5
    code, out, _ = run("rerun", "out")
    assert code == 0
    assert "sweep.tsv: identical" in out


def test_a_region_test_is_written_as_python_gives_it_and_runs_again_to_the_same(run, folder):
    options = ("--surrogates", "99", "--seed", "4", "--tail", "both", "--threshold", "2.5")
    assert run("region-test", "map.nii.gz", "--atlas", "atlas.nii.gz", "--output", "out", *options)[0] == 0
    table = region_test("map.nii.gz", "atlas.nii.gz", surrogates=99, seed=4, tail="both")
    written = read("out/region_test.tsv")
    assert list(written) == list(table)
    for column in ("z", "p corrected", "evenness"):
        assert np.array_equal(written[column], table[column], equal_nan=True)
    code, out, _ = run("rerun", "out")
    assert code == 0
    assert "region_test.tsv: identical" in out
    Path("out/region_test.tsv").write_text(Path("out/region_test.tsv").read_text().replace("Left", "Light"))
    assert "region_test.tsv: is the same again, but" in run("rerun", "out")[1]


def test_a_region_test_has_999_surrogates_unless_said(run, folder):
    from napari_atlas_assign.cli import build_parser

    arguments = build_parser().parse_args(["region-test", "map.nii.gz", "--atlas", "a", "--output", "out"])
    assert arguments.surrogates == 999


def test_a_sweep_without_thresholds_or_of_regions_of_interest_says_what_to_do(run, folder):
    usual = ("map.nii.gz", "--atlas", "atlas.nii.gz", "--output", "out")
    assert "give --thresholds" in run("sweep", *usual)[2]
    assert "two different thresholds" in run("sweep", *usual, "--thresholds", "2")[2]
    assert "at least 0" in run("assign", *usual, "--thresholds=-1,2")[2]
    assert "--thresholds: not for regions of interest" in run("assign", *usual, "--rois", "--thresholds", "1,2")[2]
    assert "--surrogates: not for regions of interest" in run("assign", *usual, "--rois", "--surrogates", "99")[2]
    assert "surrogates is 10" in run("region-test", *usual, "--surrogates", "10")[2]
    assert not Path("out").exists()


def test_thresholds_are_a_list_or_a_range_with_its_ends():
    assert thresholds("3.1,2.3") == (3.1, 2.3)
    assert thresholds("2.3:5:4") == pytest.approx(tuple(np.linspace(2.3, 5, 4)))
    assert thresholds("0.1:0.7:7")[-1] == 0.7
    for wrong in ("", "a", "1:2", "1:2:1", "1:2:1000000000", "1:2:3:4", "1:2:2.5"):
        with pytest.raises(ArgumentTypeError, match="give a list"):
            thresholds(wrong)


def test_all_maps_of_a_stack_and_all_atlases_stand_in_one_table(folder):
    atlases = [load_atlas("atlas.nii.gz"), load_atlas("atlas.nii.gz").described(name="again")]
    result = assign("stack.nii.gz", atlases, threshold=2.5, sweep=[1.5, 3.5], surrogates=99, seed=1)
    for number, name in ((0, "atlas"), (1, "again")):
        for table, alone in (
            (result.sweep, threshold_sweep("stack.nii.gz", atlases[0], [1.5, 3.5], volume=number)),
            (result.region_test, region_test("stack.nii.gz", atlases[0], surrogates=99, seed=1, volume=number)),
        ):
            rows = table[(table["map"] == number) & (table["atlas"] == name)]
            rows = rows.drop(columns=["map", "map name", "atlas"]).reset_index(drop=True)
            pd.testing.assert_frame_equal(rows, alone, check_exact=True)


def test_nothing_is_written_that_was_not_asked_for(folder):
    result = assign("map.nii.gz", "atlas.nii.gz", threshold=2.5)
    assert result.sweep is None
    assert result.region_test is None
    assert not {"sweep.tsv", "region_test.tsv"} & {path.name for path in result.save("out").iterdir()}


def test_the_parameters_of_a_record_are_the_same_whatever_sequence_gave_the_thresholds(folder):
    results = [
        assign("map.nii.gz", "atlas.nii.gz", threshold=2.5, sweep=levels)
        for levels in ([3.5, 2, 2], (2.0, 3.5), np.array([2, 3.5]))
    ]
    assert len({result.parameters for result in results}) == 1
    folder = results[0].save("out")
    assert rerun(folder).parameters == results[0].parameters
    assert set(compare_with_record(rerun(folder), folder).values()) == {None}
