"""How sure an assignment is, in its tables, its record and its rerun."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Atlas, Grid, Image, InputError, assign, rerun
from napari_atlas_assign.assignment.columns import CERTAINTY_OF_ASSIGNMENTS, CERTAINTY_OF_MODES
from napari_atlas_assign.certainty.judge import domain_of

GRID = Grid((16, 16, 16), np.array([[3.0, 0, 0, -24], [0, 3, 0, -24], [0, 0, 3, -24], [0, 0, 0, 1]]))


@pytest.fixture
def atlas():
    labels = np.ones(GRID.shape, np.uint8)
    labels[8:] = 2
    labels[:, :5] = 3
    return Atlas.from_labels(labels, GRID, pd.DataFrame({"id": [1, 2, 3], "name": ["A", "B", "C"]}), name="three")


@pytest.fixture
def image(rng):
    data = rng.uniform(0.1, 1, GRID.shape)
    data[5:10, 8:10, 8:10] = 5
    data[2, 2, 2] = 4
    return Image.from_array(data, GRID.affine, "map")


def test_nothing_is_added_where_nothing_was_asked(image, atlas):
    result = assign(image, atlas, threshold=3)
    assert not set(result.assignments) & set(CERTAINTY_OF_ASSIGNMENTS)
    assert not set(result.modes) & set(CERTAINTY_OF_MODES)


def test_tables_have_the_columns_that_were_asked_for(image, atlas):
    result = assign(image, atlas, threshold=3, registration_sd_mm=2, placements=999)
    assert list(result.assignments)[-len(CERTAINTY_OF_ASSIGNMENTS) :] == list(CERTAINTY_OF_ASSIGNMENTS)
    assert list(result.modes)[-len(CERTAINTY_OF_MODES) :] == list(CERTAINTY_OF_MODES)
    rows = result.assignments
    assert rows["enrichment"].to_numpy() == pytest.approx((rows["map mean"] / rows["expected map mean"]).to_numpy())
    assert rows["p corrected"].between(rows["p"] - 1e-12, 1).all()
    assert result.modes["best region stability"].between(0, 1).all()
    undecided = result.modes["best region under shifts"].str.startswith("undecided")
    assert (undecided == (result.modes["best region stability"] < 0.8)).all()


def test_a_mode_between_two_regions_is_undecided_and_names_both(image, atlas):
    words = assign(image, atlas, threshold=3, registration_sd_mm=3).modes["best region under shifts"]
    assert words[0] == "undecided: A or B"


def test_the_same_seed_gives_the_same_figures_and_another_others(image, atlas):
    one, same, other = (
        assign(image, atlas, threshold=3, registration_sd_mm=2, placements=999, seed=seed).assignments
        for seed in (4, 4, 5)
    )
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert not one["share sd"].equals(other["share sd"])
    assert not one["expected map mean"].equals(other["expected map mean"])


def test_figures_do_not_depend_on_what_else_is_assigned(image, atlas):
    options = {"threshold": 3, "registration_sd_mm": 2, "placements": 999}
    alone = assign(image, atlas, **options).assignments
    other = Image.from_array(np.asarray(image.data)[::-1].copy(), GRID.affine, "other")
    stack = assign([other, image], atlas, **options).assignments
    rows = stack[stack["map"] == 1].drop(columns=["map", "map name"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, alone, check_exact=True)


def test_a_record_runs_again_to_the_same_figures(image, atlas, tmp_path):
    nib.save(nib.Nifti1Image(image.data, GRID.affine), tmp_path / "map.nii.gz")
    labels = np.asarray(sum((r + 1) * atlas.map_of(r) for r in range(3)), np.uint8)
    nib.save(nib.Nifti1Image(labels, GRID.affine), tmp_path / "atlas.nii.gz")
    (tmp_path / "atlas.tsv").write_text("index\tname\n1\tA\n2\tB\n3\tC\n")
    result = assign(
        tmp_path / "map.nii.gz", tmp_path / "atlas.nii.gz", threshold=3, registration_sd_mm=1, placements=999, seed=3
    )
    folder = result.save(tmp_path / "out")
    record = json.loads((folder / "provenance.json").read_text())
    assert record["parameters"]["seed"] == 3
    assert record["runs"][0]["placed in"] == "finite voxels of the image other than 0"
    again = rerun(folder)
    pd.testing.assert_frame_equal(again.assignments, result.assignments, check_exact=True)
    pd.testing.assert_frame_equal(again.modes, result.modes, check_exact=True)


def test_a_mode_that_fills_the_domain_has_a_reason_instead_of_a_p(atlas):
    image = Image.from_array(np.ones(GRID.shape), GRID.affine)
    result = assign(image, atlas, placements=999)
    assert result.modes["placements"].tolist() == ["too large to be placed elsewhere"]
    assert result.assignments[["p", "p corrected", "expected map mean"]].isna().all(axis=None)


def test_modes_are_placed_in_the_brain_where_it_is_known(juelich, zmap_path):
    image = Image.from_file(zmap_path)
    domain = domain_of(image, juelich)
    assert domain.what == "finite voxels in the brain mask of MNI152NLin6Asym"
    assert 50_000 < len(domain.voxels) < 90_000
    assert not domain.inside[0, 0, 0]


def test_what_plays_no_part_or_is_too_little_is_refused(image, atlas):
    with pytest.raises(InputError, match="placements is 10"):
        assign(image, atlas, threshold=3, placements=10)
    with pytest.raises(InputError, match="registration"):
        assign(image, atlas, threshold=3, registration_sd_mm=-1)
    with pytest.raises(InputError, match="seed"):
        assign(image, atlas, threshold=3, seed=2)
    with pytest.raises(InputError, match="not for points"):
        assign([[0.0, 0, 0]], atlas, placements=999)
    with pytest.raises(InputError, match="regions of interest can be placed"):
        assign(Image.from_array((np.asarray(image.data) > 3) * 1.0, GRID.affine), atlas, rois=True, placements=999)
