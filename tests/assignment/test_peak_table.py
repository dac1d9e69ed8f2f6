"""The table of peaks."""

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Image
from napari_atlas_assign.assignment.columns import PEAKS
from napari_atlas_assign.assignment.peak_table import peak_columns
from napari_atlas_assign.modes.modes import find_modes
from napari_atlas_assign.modes.peaks import find_peaks


def test_a_peak_tells_every_regions_probability_there(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[2:8, 6, 4] = [-9, -5, -2, -3, -4, -6]
    modes = find_modes(Image.from_array(data, small_atlas.grid.affine), tail="negative")
    table = pd.DataFrame(peak_columns(find_peaks(modes, 2, 4.0), modes, small_atlas))
    assert list(table.columns) == list(PEAKS)
    assert table["value"].tolist() == [-9, -6]
    assert table["peak"].tolist() == [1, 2]
    assert table["position"].tolist() == [(-5.0, 0.0, 0.0), (5.0, 0.0, 0.0)]
    assert table["best region"].tolist() == ["Area A left", "Area A right"]
    assert table["probability"].tolist() == [1, 1]
    at = small_atlas.map_of(2)[2, 6, 4]
    assert table["regions"].iloc[0] == (f"Area A left 1; Area B {at:.4g}" if at > 0 else "Area A left 1")
    assert table["distance mm"].tolist() == [0, 0]


def test_a_peak_in_no_region_names_the_nearest(small_atlas):
    affine = small_atlas.grid.affine.copy()
    affine[0, 3] -= 100
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[5, 5, 5] = 3
    modes = find_modes(Image.from_array(data, affine))
    table = pd.DataFrame(peak_columns(find_peaks(modes), modes, small_atlas))
    assert table["best region"].isna().all()
    assert table["probability"].isna().all()
    assert table["regions"].tolist() == [""]
    assert table["nearest region"].tolist() == ["Area A left"]
    assert table["distance mm"].iloc[0] > 80


def test_best_regions_at_the_peaks_of_a_real_map_have_the_largest_probability(juelich, zmap_path):
    modes = find_modes(Image.from_file(zmap_path), threshold=3.0)
    table = pd.DataFrame(peak_columns(find_peaks(modes, 3, 8.0), modes, juelich))
    assert set(table["input structure"]) == set(modes.number.tolist())
    for _, row in table[table["best region"].notna()].iterrows():
        first = row["regions"].split("; ")[0]
        assert first == f"{row['best region']} {row['probability']:.4g}"
        region = juelich.regions["name"].tolist().index(row["best region"])
        ijk = np.floor(juelich.grid.to_voxel(row["position"]) + 0.5 + 1e-4).astype(int)
        assert juelich.map_of(region)[tuple(ijk)] == pytest.approx(row["probability"])


def test_no_peaks_make_an_empty_table(small_atlas):
    modes = find_modes(Image.from_array(np.zeros((2, 2, 2)), np.eye(4)))
    table = pd.DataFrame(peak_columns(find_peaks(modes), modes, small_atlas))
    assert list(table.columns) == list(PEAKS)
    assert len(table) == 0
