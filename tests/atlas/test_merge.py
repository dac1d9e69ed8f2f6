"""Several atlases as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Grid
from napari_atlas_assign.atlas.atlas import Atlas
from napari_atlas_assign.atlas.merge import merge_atlases
from napari_atlas_assign.errors import AtlasError


def labelled(rng, name: str, ids: list[int]) -> Atlas:
    volume = rng.choice([0, *ids], (4, 5, 3))
    volume.flat[: len(ids)] = ids
    regions = pd.DataFrame({"id": ids, "name": [f"{name} {i}" for i in ids]})
    return Atlas.from_labels(volume, Grid((4, 5, 3), np.eye(4)), regions, name=name)


def owners(atlas: Atlas) -> np.ndarray:
    """The name of the region of every voxel; empty where there is none."""
    names = np.full(atlas.grid.n_voxels, "", object)
    names[atlas.voxel] = atlas.regions["name"].to_numpy()[atlas.region]
    return names


def test_of_labelled_atlases_the_first_has_a_voxel_that_several_have(rng):
    first, second = labelled(rng, "a", [1, 2]), labelled(rng, "b", [1, 7])
    merged = merge_atlases([first, second])
    expected = np.where(owners(first) != "", owners(first), owners(second))
    assert owners(merged).tolist() == expected.tolist()
    assert merged.is_labelled
    assert merged.regions["id"].is_unique


def test_probabilities_all_stand(small_atlas, rng):
    parts = [small_atlas, small_atlas.described(name="again")]
    merged = merge_atlases(parts, name="twice")
    assert merged.name == "twice"
    for region in range(2 * small_atlas.n_regions):
        np.testing.assert_array_equal(merged.map_of(region), small_atlas.map_of(region % small_atlas.n_regions))


def test_atlases_that_lie_elsewhere_are_refused_by_name(small_atlas):
    moved = replace(small_atlas, grid=Grid(small_atlas.grid.shape, np.eye(4)), name="moved")
    with pytest.raises(AtlasError, match="moved has other voxels than small atlas"):
        merge_atlases([small_atlas, moved])
    with pytest.raises(AtlasError, match="Colin27"):
        merge_atlases([small_atlas, small_atlas.described(space="Colin27")])
    with pytest.raises(AtlasError, match="no atlas to merge"):
        merge_atlases([])
