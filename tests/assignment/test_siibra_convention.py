"""The siibra convention reproduces tables that siibra itself computed (tests/reference)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from napari_atlas_assign import Image, load_atlas
from napari_atlas_assign.assignment.assign import assign
from tests.cases import atlas_of, cases, quiet_assign
from tests.reference.inputs import CASES, region_maps, two_modes

REFERENCE = Path(__file__).parent.parent / "reference"
SHARED = [
    "intersection over union",
    "map weighted mean",
    "map containedness",
    "input weighted mean",
    "input containedness",
]


@pytest.fixture(scope="session")
def atlases(juelich):
    """Atlases of the reference tables by name, each loaded once."""
    loaded = {"juelich": juelich, "small": atlas_of(np.stack(region_maps("small")[0]), region_maps("small")[1])}

    def get(name):
        if name not in loaded:
            loaded[name] = load_atlas(name)
        return loaded[name]

    return get


@pytest.mark.parametrize("name", CASES)
def test_table_equals_siibras(name, atlases):
    case = CASES[name]
    image = Image.from_array(*case.image(), name=name)
    result = assign(image, atlases(case.atlas), threshold=case.threshold, tail=case.tail, convention="siibra")
    found, expected = result.assignments, pd.read_csv(REFERENCE / f"{name}.csv")
    assert list(found.columns[:11]) == ["input structure", "centroid", *expected.columns[4:]]
    for column in ("input structure", "volume"):
        assert found[column].tolist() == expected[column].tolist()
    if case.atlas != "small":
        assert found["region"].tolist() == expected["region"].tolist()
    centroids = expected[["centroid_x", "centroid_y", "centroid_z"]].to_numpy()
    np.testing.assert_allclose(np.array(found["centroid"].tolist()), centroids, atol=1e-6)
    scores = list(expected.columns[6:])
    np.testing.assert_allclose(found[scores].to_numpy(), expected[scores].to_numpy(), rtol=1e-6, atol=1e-9)


def test_overlaps_with_a_labelled_atlas_are_those_of_siibras_own_labelled_path():
    # siibra exchanges the columns "map ..." and "input ..." there, numbers modes and correlates in other ways.
    result = assign(Image.from_array(*two_modes()), load_atlas("aal"), convention="siibra")
    found = result.assignments.assign(right=[centroid[0] > 0 for centroid in result.assignments["centroid"]])
    expected = pd.read_csv(REFERENCE / "aal_twomode_labelled_path.csv")
    expected["right"] = expected["centroid_x"] * -2 + 90 > 0
    columns = {"map containedness": "input containedness", "input containedness": "map containedness"}
    expected = expected.rename(columns=columns).set_index(["right", "region"]).sort_index()
    found = found.set_index(["right", "region"]).sort_index()
    scores = ["intersection over union", "map containedness", "input containedness"]
    pd.testing.assert_frame_equal(found[scores], expected[scores], rtol=1e-6)


@settings(max_examples=50)
@given(cases(("equal",)))
def test_conventions_agree_on_equal_grids_but_for_boxes_and_map_value(case):
    case = case.changed(image=np.abs(np.nan_to_num(case.image)) * (case.image > 0), tail="positive", min_volume_mm3=0.0)
    default, siibra = (quiet_assign(case, convention=name) for name in ("default", "siibra"))
    # siibra drops modes of one voxel, numbers in scan order, and sorts rows by region.
    tables = []
    for result in (default, siibra):
        first = {
            number: np.flatnonzero(result.components.data == number).min() for number in result.modes["input structure"]
        }
        sizes = result.modes.set_index("input structure")["voxels"]
        rows = result.assignments[result.assignments["input structure"].map(sizes) > 1]
        tables.append(rows.assign(first=rows["input structure"].map(first)).set_index(["first", "volume"]).sort_index())
    columns = ["centroid", "region", *SHARED, "map maximum", "map mean", "share"]
    assert tables[0].index.tolist() == tables[1].index.tolist()
    if len(tables[0]):
        pd.testing.assert_frame_equal(tables[0][columns], tables[1][columns], rtol=1e-9)
    assert (tables[1]["map value"] == tables[1]["map maximum"]).all()
    assert (tables[0]["map value"] <= tables[1]["map value"]).all()


def test_padding_the_boxes_is_all_that_parts_the_correlations_on_equal_grids(rng):
    maps = np.zeros((2, 9, 9, 9), np.float32)
    maps[0, 1:8, 1:8, 1:8] = rng.uniform(0.1, 1, (7, 7, 7))  # reaches beyond the padded box of the mode
    maps[1, 3:5, 3:5, 3:5] = rng.uniform(0.1, 1, (2, 2, 2))  # does not
    image = np.zeros((9, 9, 9))
    image[3:6, 3:6, 3:6] = rng.uniform(1, 2, (3, 3, 3))
    atlas = atlas_of(maps, np.eye(4))
    by_convention = {}
    for name in ("default", "siibra"):
        rows = assign(Image.from_array(image, np.eye(4)), atlas, convention=name).assignments.set_index("volume")
        by_convention[name] = rows["correlation"]
    assert by_convention["default"][0] == pytest.approx(by_convention["siibra"][0])
    for name, end in (("default", 6), ("siibra", 7)):
        box = (slice(3, end),) * 3
        expected = np.corrcoef(maps[1][box].reshape(-1), image[box].reshape(-1))[0, 1]
        assert by_convention[name][1] == pytest.approx(expected)


def test_rows_that_siibra_loses_are_kept():
    maps = np.zeros((2, 8, 8, 8), np.float32)
    maps[0, 3, 3, 3] = 0.5  # a region of one voxel
    maps[1, :4, :4, :4] = 0.5  # its box and the mode's share a line of voxels
    image = np.zeros((8, 8, 8))
    image[3, 3, 3:6] = 1
    rows = assign(Image.from_array(image, np.eye(4)), atlas_of(maps, np.eye(4)), convention="siibra").assignments
    assert rows["volume"].tolist() == [0, 1]
    assert rows["input containedness"].tolist() == pytest.approx([1 / 3, 1 / 3])


def test_modes_of_one_voxel_are_dropped_and_leave_a_gap_in_the_numbers(small_atlas):
    image = np.zeros(small_atlas.grid.shape)
    image[4, 6, 4] = image[8, 6, 4] = image[8, 6, 5] = 1
    result = assign(Image.from_array(image, small_atlas.grid.affine), small_atlas, convention="siibra")
    assert result.modes["input structure"].tolist() == [2]


def test_both_tails_number_the_negative_modes_after_the_positive_ones(small_atlas):
    image = np.zeros(small_atlas.grid.shape)
    image[2, 6, 3:5], image[7, 6, 3:6] = -2, 2
    result = assign(Image.from_array(image, small_atlas.grid.affine), small_atlas, tail="both", convention="siibra")
    assert result.modes[["input structure", "sign", "voxels"]].to_numpy().tolist() == [[1, 1, 3], [2, -1, 2]]
    assert result.modes["peak value"].tolist() == [2, -2]
