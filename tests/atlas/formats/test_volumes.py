"""Volumes of atlas files with many axes are counted by one rule; of a stack of parcellations, one is chosen."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import AtlasError, assign, load_atlas, rerun
from napari_atlas_assign.cli import main
from napari_atlas_assign.header import volume_index
from napari_atlas_assign.plugin.layers.reader import get_reader

AFFINE = np.diag([2.0, 2, 2, 1])


@pytest.mark.parametrize("further", [(3, 1), (2, 2), (1, 3), (1, 1, 2), (2, 1, 2), (2, 3)])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_maps_of_regions_lie_along_all_further_axes(tmp_path, further, ending):
    data = np.random.default_rng(0).random((4, 5, 6, *further)).astype(np.float32) / 6
    path = tmp_path / f"atlas{ending}"
    nib.save(nib.Nifti1Image(data, AFFINE), path)
    n = int(np.prod(further))
    (tmp_path / "atlas.csv").write_text("index,name\n" + "".join(f"{r},region {'abcdef'[r]}\n" for r in range(n)))
    atlas = load_atlas(path)
    assert atlas.regions["name"].tolist() == [f"region {'abcdef'[r]}" for r in range(n)]
    for region in range(n):
        np.testing.assert_allclose(atlas.map_of(region), data[volume_index(data.shape, region)])
    read = get_reader(str(path))
    assert read is not None
    assert read(str(path))[0][0].shape == (n, 6, 5, 4)


def parcellations(highest=3):
    return np.random.default_rng(1).integers(0, highest + 1, (6, 6, 6, 3)).astype(np.int16)


@pytest.fixture
def stack(tmp_path):
    nib.save(nib.Nifti1Image(parcellations(), AFFINE), tmp_path / "stack.nii.gz")
    return tmp_path / "stack.nii.gz"


@pytest.mark.filterwarnings("ignore:.*named by their numbers")
@pytest.mark.parametrize("highest", [3, 19, 200, 5000])
def test_a_stack_of_parcellations_says_how_to_choose(tmp_path, highest):
    nib.save(nib.Nifti1Image(parcellations(highest), AFFINE), tmp_path / "stack.nii.gz")
    with pytest.raises(AtlasError, match=r"several parcellations; say which is meant.*volume=0.*--atlas-volume 0"):
        load_atlas(tmp_path / "stack.nii.gz")


def test_the_volume_that_is_chosen_is_an_atlas_of_its_own(stack, tmp_path):
    (tmp_path / "names.csv").write_text("1,North\n2,South\n3,East\n")
    one, other = (load_atlas(stack, labels=tmp_path / "names.csv", volume=v) for v in (0, 2))
    assert (one.name, other.name) == ("stack[0]", "stack[2]")
    assert other.regions["name"].tolist() == ["North", "South", "East"]
    for region in range(3):
        np.testing.assert_array_equal(other.map_of(region), parcellations()[..., 2] == region + 1)
    result = assign(((parcellations()[..., 2] == 2).astype(float), AFFINE), [one, other])
    assert result.modes["best region by share: stack[2]"].unique().tolist() == ["South"]


def test_the_command_line_and_a_record_keep_the_choice(stack, tmp_path):
    (tmp_path / "names.csv").write_text("1,North\n2,South\n3,East\n")
    nib.save(nib.Nifti1Image((parcellations()[..., 1] == 3).astype(np.float32), AFFINE), tmp_path / "map.nii")
    choice = ["--atlas", str(stack), "--labels", str(tmp_path / "names.csv"), "--atlas-volume", "1"]
    assert main(["assign", str(tmp_path / "map.nii"), *choice, "--output", str(tmp_path / "out")]) == 0
    modes = pd.read_csv(tmp_path / "out" / "modes.tsv", sep="\t")
    assert set(modes["best region by share"]) == {"East"}
    assert rerun(tmp_path / "out").modes["best region by share"].tolist() == modes["best region by share"].tolist()
    arguments = ["batch", str(tmp_path / "map.nii"), *choice, "--workers", "1", "--output", str(tmp_path / "batch")]
    assert main(arguments) == 0
    assert set(pd.read_csv(tmp_path / "batch" / "modes.tsv", sep="\t")["best region by share"]) == {"East"}


@pytest.mark.parametrize("volume", [3, -1, True, "a"])
def test_a_volume_that_is_none_is_refused(stack, volume):
    with pytest.raises(AtlasError, match=r"stack\.nii\.gz"):
        load_atlas(stack, volume=volume)
