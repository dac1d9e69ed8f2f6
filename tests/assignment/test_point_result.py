"""The result of an assignment of points."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_atlas_assign import PointSet, assign


def points_of(*xyz: tuple[float, float, float]) -> PointSet:
    return PointSet.from_array(np.array(xyz, float).reshape(-1, 3), name="some points")


def test_a_point_has_the_values_of_the_voxel_that_it_lies_in(small_atlas):
    result = assign(points_of((-5, 0, 0)), small_atlas)
    ijk = small_atlas.grid.containing([-5.0, 0.0, 0.0])
    values = {name: small_atlas.map_of(r)[tuple(ijk)] for r, name in enumerate(small_atlas.regions["name"])}
    table = result.assignments.set_index("region")
    assert set(table.index) == {name for name, value in values.items() if value > 0}
    assert all(np.isclose(table.loc[name, "map value"], values[name]) for name in table.index)


def test_several_atlases_have_rows_of_their_own(small_atlas):
    other = small_atlas.described(name="other")
    points = points_of((-5, 0, 0), (5, 0, 0))
    result = assign(points, [small_atlas, other])
    alone = assign(points, other)
    for both, one in (
        (result.assignments, alone.assignments),
        (result.modes, alone.modes),
        (result.regions, alone.regions),
    ):
        rows = both[both["atlas"] == "other"].drop(columns="atlas").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, one)


def test_no_points_are_said_once_and_give_empty_tables(small_atlas):
    result = assign(points_of(), small_atlas)
    assert result.warnings == ("some points has no points: all tables are empty",)
    assert result.assignments.empty
    assert result.modes.empty
