"""Groups of the user's own are a level of any atlas, and atlases can be merged."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import AtlasError, Grid, Image, InputError, assign, load_atlas, merge_atlases
from napari_atlas_assign.atlas.groups import group_regions
from tests.cases import atlas_of


@pytest.fixture
def table(tmp_path):
    def write(*lines, name="groups.tsv"):
        (tmp_path / name).write_text("\n".join(("region\tgroup", *lines)) + "\n")
        return tmp_path / name

    return write


@pytest.fixture
def image(small_atlas, rng):
    return Image(rng.normal(size=small_atlas.grid.shape), small_atlas.grid)


def test_a_group_holds_what_its_regions_hold_and_the_rest_is_in_no_group(small_atlas, image, table):
    grouped = group_regions(small_atlas, table("Area A left\tA", "Area A right\tA"))
    alone = assign(image, small_atlas, threshold=None).regions.set_index("region")["sum"]
    regions = assign(image, grouped, threshold=None).regions
    assert regions["region"].tolist() == ["A", "Area A left", "Area A right", "(no group)", "Area B", "(none)"]
    sums = regions.set_index("region")["sum"]
    assert sums["A"] == pytest.approx(alone[["Area A left", "Area A right"]].sum())
    assert sums["(no group)"] == pytest.approx(alone["Area B"])
    assert sums[alone.index].tolist() == pytest.approx(alone.tolist())


def test_groups_are_level_0(small_atlas, image, table):
    grouped = group_regions(small_atlas, table("0\tone", "Area B\ttwo"))
    assert set(assign(image, grouped, level=0).assignments["region"]) == {"one", "two", "(no group)"}


def test_an_ancestor_stands_for_all_below_it_but_for_what_has_its_own_line(small_atlas, table):
    atlas = replace(small_atlas, regions=small_atlas.regions.assign(parent=["A", "A", None]))
    grouped = group_regions(atlas, table("A\tnetwork", "Area A right\tother"))
    assert grouped.regions["parent"].tolist() == ["network", "other", "(no group)"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Area C\tA"], "small atlas has no region 'Area C'; perhaps 'Area B' is meant"),
        (["Area B\tA", "Area B\tB"], "'Area B' has two groups, 'A' and 'B'; leave one"),
        (["Area B\t"], "line 2: a region or its group is missing"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_one_sentence(small_atlas, table, lines, message):
    with pytest.raises(InputError, match=message):
        group_regions(small_atlas, table(*lines))


def test_a_table_without_the_two_columns_is_refused(small_atlas, tmp_path):
    (tmp_path / "g.csv").write_text("name,network\nArea B,A\n")
    with pytest.raises(InputError, match=r"g\.csv needs the columns region and group"):
        group_regions(small_atlas, tmp_path / "g.csv")


def test_a_run_with_groups_comes_back_unless_the_groups_have_changed(run, tmp_path, rng, table):
    labels = np.arange(64, dtype=np.uint8).reshape(4, 4, 4) // 16 + 1
    nib.save(nib.Nifti1Image(labels, np.eye(4)), tmp_path / "atlas.nii.gz")
    nib.save(nib.Nifti1Image(rng.normal(size=(4, 4, 4)), np.eye(4)), tmp_path / "map.nii.gz")
    groups = table("1\tone", "2\tone", "3\ttwo")
    arguments = ("--atlas", tmp_path / "atlas.nii.gz", "--groups", groups, "--output", tmp_path / "out")
    assert run("assign", tmp_path / "map.nii.gz", *arguments)[0] == 0
    regions = pd.read_csv(tmp_path / "out" / "regions.tsv", sep="\t")
    assert {"one", "two", "(no group)"} < set(regions["region"])
    assert "regions.tsv: identical" in run("rerun", tmp_path / "out")[1]
    table("1\tone", "2\ttwo", "3\ttwo")
    code, _, err = run("rerun", tmp_path / "out")
    assert code == 2
    assert "groups.tsv changed" in err


def test_loading_with_groups_is_grouping_what_is_loaded(tmp_path, table):
    nib.save(nib.Nifti1Image(np.ones((3, 3, 3), np.uint8), np.eye(4)), tmp_path / "atlas.nii.gz")
    atlas = load_atlas(tmp_path / "atlas.nii.gz", groups=table("1\tall"))
    assert atlas.regions["parent"].tolist() == ["all"]


def labelled(data, name):
    n = int(data.max())
    maps = np.stack([data == label for label in range(1, n + 1)]).astype(np.float32)
    return atlas_of(maps, np.eye(4)).described(name=name)


def test_of_labelled_atlases_the_first_has_a_voxel_that_both_have():
    cortex, below = np.zeros((2, 4, 4, 4), int)
    cortex[:2], below[1:3] = 1, 1
    merged = merge_atlases([labelled(cortex, "cortex"), labelled(below, "below")])
    assert merged.is_labelled
    assert merged.name == "cortex+below"
    np.testing.assert_array_equal(merged.map_of(0), cortex == 1)
    np.testing.assert_array_equal(merged.map_of(1), (below == 1) & (cortex == 0))
    assert merged.regions["id"].is_unique


def test_probabilities_all_stand_and_shares_add_up_to_the_whole(rng):
    one, two = (atlas_of(rng.uniform(0.1, 1, (2, 3, 3, 3)).astype(np.float32), np.eye(4)) for _ in range(2))
    merged = merge_atlases([one, two.described(name="two")], name="both")
    for row in range(2):
        np.testing.assert_array_equal(merged.map_of(row), one.map_of(row))
        np.testing.assert_array_equal(merged.map_of(row + 2), two.map_of(row))
    assert np.bincount(merged.voxel, merged.share).max() <= 1 + 1e-9


def test_atlases_on_other_voxels_or_in_another_space_are_not_merged(small_atlas):
    moved = replace(small_atlas, grid=Grid(small_atlas.grid.shape, small_atlas.grid.affine @ np.diag([1, 1, 1.1, 1])))
    with pytest.raises(AtlasError, match="has other voxels than"):
        merge_atlases([small_atlas, moved])
    with pytest.raises(AtlasError, match="merge atlases of one space"):
        merge_atlases([small_atlas, small_atlas.described(space="Colin27")])
