"""Where siibra loses, invents or mixes up assignments, and what this package does instead.

One test for each of 32 quirks of siibra 1.0, numbered q01 to q32, on data small enough to know the answer. Where a
quirk belongs to siibra's own machinery, the property of this package is held that answers the same need.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import napari_atlas_assign as naa
from napari_atlas_assign import AssignmentWarning, Atlas, AtlasError, Grid, Image, InputError
from napari_atlas_assign.assignment.columns import ASSIGNMENTS, SCORES
from napari_atlas_assign.assignment.integrals import cache as integrals
from napari_atlas_assign.assignment.sums.resample import resample, resample_labels
from napari_atlas_assign.modes.point_set import PointSet
from tests.cases import atlas_of
from tests.modes.helpers import blobs

CONVENTIONS = pytest.mark.parametrize("convention", ["default", "siibra"])
ONE_MM = np.eye(4)


def filled(shape, *boxes):
    """A volume of zeros with boxes, each ``(value, slice, slice, slice)``."""
    volume = np.zeros(shape, np.float32)
    for value, *box in boxes:
        volume[tuple(box)] = value
    return volume


def cube(low, high, value=1.0):
    return (value, *(slice(low, high),) * 3)


def image_of(volume, affine=ONE_MM, name="map.nii", space=None):
    return Image.from_array(volume, affine, name, space)


@pytest.fixture
def two_cubes():
    """Two statistical regions of 0.5 in opposite corners of a grid of 10 voxels of 1 mm; background is between them."""
    shape = (10, 10, 10)
    return atlas_of(np.stack([filled(shape, cube(0, 3, 0.5)), filled(shape, cube(7, 10, 0.5))]), ONE_MM)


@pytest.fixture
def labelled(two_cubes):
    """The same two regions as labels."""
    maps = np.stack([two_cubes.map_of(r) > 0 for r in range(2)]).astype(np.float32)
    atlas = atlas_of(maps, ONE_MM)
    assert atlas.is_labelled
    return atlas


@CONVENTIONS
def test_q01_a_coordinate_in_no_region_is_given_none_and_the_nearest(two_cubes, convention):
    rows = naa.assign([[4.0, 4.0, 4.0]], two_cubes, convention=convention).assignments
    assert rows["region"].tolist() == [None]
    assert rows["nearest region"].tolist() == ["region 0"]
    assert rows["distance mm"].tolist() == pytest.approx([np.sqrt(3) * 1.5])


@CONVENTIONS
def test_q02_a_point_beyond_the_grid_neither_wraps_nor_harms_the_others(two_cubes, convention):
    points = [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], [10.0, 10.0, 10.0], [1e4, 0.0, 0.0]]
    rows = naa.assign(points, two_cubes, convention=convention).assignments
    assert rows["region"].fillna("").tolist() == ["", "region 0", "", ""]
    assert rows["nearest region"].fillna("").tolist() == ["region 0", "", "region 1", "region 1"]


def test_q03_labelled_and_statistical_atlases_have_one_definition_of_every_column():
    maps = filled((10, 10, 10), cube(2, 4))[None]
    mask = image_of(filled((10, 10, 10), (1.0, slice(2, 4), slice(2, 4), slice(0, 10))))
    as_labels = naa.assign(mask, atlas_of(maps, ONE_MM)).assignments
    (row,) = as_labels.to_dict("records")
    assert row["map containedness"] == 1  # all of the region lies in the mode
    assert row["input containedness"] == pytest.approx(0.2)
    assert row["map weighted mean"] == pytest.approx(0.2)
    assert row["input weighted mean"] == 1
    nearly = naa.assign(mask, atlas_of(maps * np.float32(1 - 1e-7), ONE_MM)).assignments
    pd.testing.assert_frame_equal(nearly, as_labels, rtol=1e-6)


def test_q04_the_map_value_is_the_largest_under_the_mode(two_cubes):
    maps = two_cubes.map_of(0)[None].copy()
    maps[0, 0, 0, 0] = 0.9
    mode = image_of(filled((10, 10, 10), (1.0, slice(2, 4), slice(0, 2), slice(0, 2))))
    (row,) = naa.assign(mode, atlas_of(maps, ONE_MM)).assignments.to_dict("records")
    assert (row["map value"], row["map maximum"]) == (0.5, pytest.approx(0.9))
    (row,) = naa.assign(mode, atlas_of(maps, ONE_MM), convention="siibra").assignments.to_dict("records")
    assert (row["map value"], row["map maximum"]) == (pytest.approx(0.9), pytest.approx(0.9))


@CONVENTIONS
def test_q05_a_threshold_means_one_thing_a_bound_of_the_images_values(two_cubes, labelled, convention):
    volume = filled((10, 10, 10), cube(0, 2, 2.0), (0.7, slice(2, 4), slice(0, 2), slice(0, 2)))
    for atlas in (two_cubes, labelled):
        found = naa.assign(image_of(volume), atlas, threshold=0.8, convention=convention)
        expected = naa.assign(image_of(np.where(volume > 0.8, volume, 0)), atlas, convention=convention)
        pd.testing.assert_frame_equal(found.assignments, expected.assignments)
        # Neither the region's values of 0.5 nor the overlaps are held against it.
        assert found.assignments["region"].tolist() == ["region 0"]


def test_q06_a_minimum_size_of_n_voxels_keeps_modes_of_n(two_cubes):
    volume = filled((10, 10, 10), (1, 0, 0, 0), (1, slice(0, 2), 2, 0), (1, slice(7, 10), 9, 9))
    assert naa.assign(image_of(volume), two_cubes).modes["voxels"].tolist() == [3, 2, 1]
    assert naa.assign(image_of(volume), two_cubes, min_voxels=2).modes["voxels"].tolist() == [3, 2]
    assert naa.assign(image_of(volume), two_cubes, min_volume_mm3=3).modes["voxels"].tolist() == [3]


@CONVENTIONS
def test_q07_a_minimum_size_counts_for_labelled_atlases_too(two_cubes, labelled, convention):
    volume = image_of(filled((10, 10, 10), (1, slice(0, 2), 0, 0), (1, slice(7, 10), 9, 9)))
    for atlas in (two_cubes, labelled):
        assert naa.assign(volume, atlas, min_voxels=3, convention=convention).modes["voxels"].tolist() == [3]


@CONVENTIONS
def test_q08_negative_modes_are_found_when_asked_for_and_missed_with_a_word(two_cubes, convention):
    image = image_of(filled((10, 10, 10), cube(0, 2, -4.0)))
    with pytest.warns(AssignmentWarning, match="no mode beyond the threshold 0: its values run from -4 to 0"):
        assert len(naa.assign(image, two_cubes, convention=convention).assignments) == 0
    result = naa.assign(image, two_cubes, tail="negative", convention=convention)
    assert result.assignments[["region", "sign"]].to_numpy().tolist() == [["region 0", -1]]
    assert result.modes["peak value"].tolist() == [-4]


def test_q09_a_mode_keeps_its_volume_on_a_finer_atlas():
    atlas = atlas_of(np.full((1, 30, 30, 30), 0.5, np.float32), ONE_MM)
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = 1
    image = image_of(filled((10, 10, 10), cube(3, 6, 2.0)), affine)
    result = naa.assign(image, atlas)
    assert result.modes["volume mm3"].tolist() == [729]
    assert result.assignments["map containedness"].tolist() == pytest.approx([729 / 30**3])
    # The convention that reproduces siibra's numbers grows it as siibra does.
    assert naa.assign(image, atlas, convention="siibra").modes["volume mm3"].tolist() == [1331]


def test_q10_modes_one_voxel_apart_stay_two_on_a_shifted_grid():
    atlas = atlas_of(np.full((1, 12, 12, 12), 0.5, np.float32), ONE_MM)
    shifted = ONE_MM.copy()
    shifted[:3, 3] = 0.5
    image = image_of(filled((11, 11, 11), (2, slice(2, 4), 5, 5), (2, slice(5, 7), 5, 5)), shifted)
    assert naa.assign(image, atlas).modes["voxels"].tolist() == [2, 2]
    assert len(naa.assign(image, atlas, convention="siibra").modes) == 1


@CONVENTIONS
def test_q11_labels_are_never_mixed_with_their_neighbours(convention):
    atlas = atlas_of(np.full((1, 20, 20, 20), 0.5, np.float32), ONE_MM)
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = 0.5
    labels = filled((10, 10, 10), cube(2, 5, 1), (3, slice(5, 8), slice(2, 5), slice(2, 5))).astype(np.int16)
    result = naa.assign(image_of(labels, affine), atlas, rois=True, convention=convention)
    assert result.modes["input structure"].tolist() == [1, 3]
    assert result.modes["volume mm3"].tolist() == pytest.approx([216, 216])


def test_q12_the_kind_of_interpolation_is_no_argument_that_could_be_passed_over():
    grid = Grid((9, 9, 9), ONE_MM * [0.5, 0.5, 0.5, 1])
    labels = image_of(filled((5, 5, 5), cube(1, 3, 1), (2, 3, 3, 3)).astype(np.int16))
    assert set(np.unique(resample_labels(labels, grid).data)) == {0, 1, 2}
    assert list(inspect.signature(resample).parameters) == ["image", "grid"]
    binary = image_of(filled((5, 5, 5), cube(1, 3)))
    assert set(resample(binary, grid)[1]) == {1}
    assert len(np.unique(resample(image_of(binary.data * 0.9), grid)[1])) > 1


def test_q13_the_correlation_does_not_depend_on_how_much_background_is_stored(two_cubes):
    volume = filled((10, 10, 10), cube(1, 4, 2.0), cube(2, 3, 3.0))
    wide, moved = np.pad(volume, 1), ONE_MM.copy()
    moved[:3, 3] = -1
    atlas = atlas_of(np.stack([np.pad(two_cubes.map_of(r), 1) for r in range(2)]), moved)
    expected = naa.assign(image_of(volume), two_cubes).assignments
    assert expected["correlation"].notna().all()
    for image, with_atlas in ((image_of(wide, moved), two_cubes), (image_of(volume), atlas)):
        pd.testing.assert_frame_equal(naa.assign(image, with_atlas).assignments, expected)


@CONVENTIONS
def test_q14_a_correlation_that_is_undefined_is_missing_and_the_row_stays(convention):
    atlas = atlas_of(np.full((1, 4, 4, 4), 0.5, np.float32), ONE_MM)
    image = image_of(filled((4, 4, 4), cube(0, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        (row,) = naa.assign(image, atlas, convention=convention).assignments.to_dict("records")
    if convention == "default":  # siibra's box reaches one voxel beyond the map, where a is 0
        assert np.isnan(row["correlation"])
    assert row["input containedness"] == 1


@CONVENTIONS
def test_q15_boxes_that_share_an_edge_or_a_corner_of_voxels_are_an_overlap(two_cubes, convention):
    along_an_edge = filled((10, 10, 10), (1, slice(2, 5), slice(2, 5), slice(1, 3)))
    at_a_corner = filled((10, 10, 10), cube(2, 5))
    for volume, voxels in ((along_an_edge, 2), (at_a_corner, 1)):
        (row,) = naa.assign(image_of(volume), two_cubes, convention=convention).assignments.to_dict("records")
        assert row["region"] == "region 0"
        assert row["map containedness"] == pytest.approx(voxels / 27)


def test_q16_a_4d_image_is_a_stack_and_single_axes_are_none(two_cubes, tmp_path):
    volume = filled((10, 10, 10), cube(0, 2, 2.0))
    single = naa.assign(image_of(volume), two_cubes).assignments
    two = np.stack([volume, volume[::-1, ::-1, ::-1]], axis=-1)
    for name, data in (("4d.nii", two), ("afni.nii", two[:, :, :, None, :])):
        nib.save(nib.Nifti1Image(data, ONE_MM), tmp_path / name)
        table = naa.assign(tmp_path / name, two_cubes).assignments
        assert table[["map", "region"]].to_numpy().tolist() == [[0, "region 0"], [1, "region 1"]]
    nib.save(nib.Nifti1Image(volume[..., None, None], ONE_MM), tmp_path / "single.nii")
    pd.testing.assert_frame_equal(naa.assign(tmp_path / "single.nii", two_cubes).assignments, single)


@CONVENTIONS
@pytest.mark.parametrize("shift", [0, 0.5])
def test_q17_a_background_of_nan_is_background_on_any_grid(two_cubes, convention, shift):
    affine = ONE_MM.copy()
    affine[:3, 3] = shift
    volume = filled((10, 10, 10), cube(0, 4, 2.0), cube(6, 9, 2.0))
    result = naa.assign(image_of(np.where(volume > 0, volume, np.nan), affine), two_cubes, convention=convention)
    assert result.assignments["region"].tolist() == ["region 0", "region 1"]
    assert result.assignments[[name for name in SCORES if name != "correlation"]].notna().all(axis=None)
    if convention == "default":
        expected = naa.assign(image_of(volume, affine), two_cubes)
        pd.testing.assert_frame_equal(result.assignments, expected.assignments)


def test_q18_the_space_is_compared_for_statistical_and_labelled_atlases_alike(two_cubes, labelled):
    image = image_of(filled((10, 10, 10), cube(0, 2)), space="Talairach")
    for atlas in (two_cubes, labelled):
        atlas = atlas.described(space="MNI152NLin6Asym")
        with pytest.warns(AssignmentWarning, match=r"map\.nii is in Talairach but atlas in MNI152NLin6Asym"):
            result = naa.assign(image, atlas)
        assert len(result.warnings) == 1


def test_q19_the_blob_of_an_uncertain_point_is_a_sphere():
    grid = Grid((41, 41, 41), ONE_MM)
    modes = blobs(PointSet.from_array([20.2, 19.7, 20.4], 4.0), grid)
    distance = np.linalg.norm(modes.grid.to_world(modes.grid.unravel(modes.voxel)) - [20.2, 19.7, 20.4], axis=1)
    assert distance.max() <= 12
    assert len(modes.voxel) == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.02)
    # A region in the corner of the cube of 6 sigma, and outside the sphere, is not met.
    corner = atlas_of(filled((41, 41, 41), cube(28, 31, 0.5))[None], ONE_MM)
    (row,) = naa.assign([[20.2, 19.7, 20.4]], corner, sigma=4.0).assignments.to_dict("records")
    assert row["region"] is None


def test_q20_scores_change_smoothly_with_sigma_and_not_with_the_atlas_resolution():
    coarse = filled((20, 20, 20), (0.8, slice(0, 10), slice(0, 20), slice(0, 20)))[None]
    fine_affine = np.diag([0.5, 0.5, 0.5, 1.0])
    fine_affine[:3, 3] = -0.25
    atlases = [atlas_of(coarse, ONE_MM), atlas_of(coarse.repeat(2, 1).repeat(2, 2).repeat(2, 3), fine_affine)]
    at_3_voxels = [
        [naa.assign([[9.0, 9.5, 9.5]], atlas, sigma=s).assignments.iloc[0] for s in (2.99, 3.0, 3.01)]
        for atlas in atlases
    ]
    for rows in at_3_voxels:
        for name in ("map weighted mean", "map value", "share"):
            assert [row[name] for row in rows] == pytest.approx([rows[1][name]] * 3, abs=0.01), name
        assert all(np.isfinite(row["correlation"]) for row in rows)
    coarsely, finely = (rows[1] for rows in at_3_voxels)
    assert coarsely["map weighted mean"] == pytest.approx(finely["map weighted mean"], abs=0.02)


@CONVENTIONS
def test_q21_points_of_different_sigma_share_one_set(two_cubes, convention):
    xyz, sigma = [[1.0, 1.0, 1.0], [8.0, 8.0, 8.0], [2.0, 2.0, 2.0]], [0.0, 3.5, 4.5]
    together = naa.assign(xyz, two_cubes, sigma=sigma, convention=convention).assignments
    each = zip(xyz, sigma, strict=True)
    alone = [naa.assign([x], two_cubes, sigma=s, convention=convention).assignments for x, s in each]
    expected = pd.concat(alone, ignore_index=True).drop(columns="input structure")
    pd.testing.assert_frame_equal(together.drop(columns="input structure"), expected)


def test_q22_points_in_another_space_are_not_warped_and_keep_their_sigma(two_cubes):
    points = PointSet.from_array([[1.0, 1.0, 1.0]], 2.0, space="Talairach")
    with pytest.warns(AssignmentWarning, match="points is in Talairach but atlas in Colin27"):
        result = naa.assign(points, two_cubes.described(space="Colin27"))
    assert result.modes["sigma mm"].tolist() == [2]
    assert result.modes["position"].tolist() == [(1, 1, 1)]


@CONVENTIONS
def test_q23_a_single_point_is_read_whatever_integers_the_atlas_is_made_of(two_cubes, convention):
    for dtype in (np.uint16, np.int32, np.int64):
        atlas = Atlas(
            two_cubes.grid,
            two_cubes.regions,
            two_cubes.voxel.astype(dtype),
            two_cubes.region.astype(dtype),
            two_cubes.value,
        )
        result = naa.assign(PointSet.from_array([1, 1, 1]), atlas, convention=convention)
        assert result.assignments["map value"].tolist() == [0.5]


def test_q24_modes_come_by_size_and_their_regions_by_correlation():
    shape = (12, 12, 12)
    maps = np.stack([filled(shape, cube(4, 9, 0.4)), filled(shape, cube(6, 11, 0.6)), filled(shape, cube(0, 3, 0.5))])
    image = image_of(filled(shape, cube(0, 2, 9.0), cube(7, 12, 1.0)))
    result = naa.assign(image, atlas_of(maps, ONE_MM))
    assert result.modes["voxels"].tolist() == [125, 8]
    assert result.assignments["region"].tolist() == ["region 1", "region 0", "region 2"]
    assert result.assignments["correlation"].iloc[0] > result.assignments["correlation"].iloc[1]


@CONVENTIONS
def test_q25_every_table_has_the_same_columns_and_numbers_of_the_same_types(two_cubes, labelled, convention):
    full, empty = filled((10, 10, 10), cube(0, 2, 2.0)), np.zeros((10, 10, 10), np.int16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        tables = [
            naa.assign(image_of(volume), atlas, convention=convention).assignments
            for volume in (full, full.astype(np.int16), empty)
            for atlas in (two_cubes, labelled)
        ]
    for table in tables:
        assert list(table.columns) == list(ASSIGNMENTS)
        assert (table[list(SCORES)].dtypes == np.float64).all()
        assert table[["input structure", "volume", "sign"]].dtypes.map(lambda t: t.kind).eq("i").all()


def test_q26_an_assignment_prints_nothing(two_cubes, capfd, recwarn):
    naa.assign(image_of(filled((10, 10, 10), cube(0, 2))), two_cubes)
    naa.assign([[1.0, 1.0, 1.0]], two_cubes, sigma=2.0)
    assert capfd.readouterr() == ("", "")
    assert not [w for w in recwarn if issubclass(w.category, AssignmentWarning | RuntimeWarning)]


def test_q27_neither_the_import_nor_an_assignment_uses_the_network(tmp_path):
    nib.save(nib.Nifti1Image(filled((10, 10, 10), cube(0, 2)), ONE_MM), tmp_path / "map.nii")
    nib.save(nib.Nifti1Image(filled((10, 10, 10), cube(0, 3)).astype(np.uint8), ONE_MM), tmp_path / "atlas.nii")
    code = """
import socket

def no(*args, **kwargs):
    raise SystemExit("the network was asked for")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = no
import napari_atlas_assign as naa

atlas = naa.load_atlas("atlas.nii")
print(len(naa.assign("map.nii", atlas).assignments), len(naa.assign([[1, 1, 1]], atlas, sigma=1).assignments))
"""
    environment = os.environ | {"NAPARI_ATLAS_ASSIGN_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "1 1"), done.stderr


def test_q28_the_atlas_is_walked_through_once_however_many_modes_and_thresholds(two_cubes, monkeypatch):
    walks = []
    parts, integrate = Atlas.parts, integrals.integrate
    monkeypatch.setattr(Atlas, "parts", lambda self: walks.append("sums") or parts(self))
    monkeypatch.setattr(integrals, "integrate", lambda *a: walks.append("integrals") or integrate(*a))
    checkerboard = np.indices((10, 10, 10)).sum(axis=0) % 2
    half_a_voxel_off = ONE_MM + 0.5 * np.eye(4, k=3)
    volume = image_of(np.where(checkerboard, np.float32(2), 0) + filled((10, 10, 10), (3, 1, 1, 1)), half_a_voxel_off)
    many = naa.assign(volume, two_cubes, connectivity=6)
    assert len(many.modes) == 500
    first = len(walks)
    assert walks.count("integrals") == 1  # those of the maximum probability map are a column of the same
    naa.assign(volume, two_cubes, threshold=1.0)
    naa.assign(volume, two_cubes, threshold=2.5)
    assert len(walks) == first
    monkeypatch.undo()
    assert first <= 8


def region_files(folder: Path, **affines) -> Path:
    for name, affine in affines.items():
        nib.save(nib.Nifti1Image(filled((10, 10, 10), cube(0, 3, 0.5)), affine), folder / f"{name}.nii.gz")
    return folder


def test_q29_a_region_file_that_is_missing_or_damaged_is_named(tmp_path):
    folder = region_files(tmp_path, Amygdala=ONE_MM, Hippocampus=ONE_MM, Thalamus=ONE_MM)
    damaged = folder / "Hippocampus.nii.gz"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    with pytest.raises(AtlasError, match=r"Hippocampus\.nii\.gz"):
        naa.load_atlas(folder, dialect="region-folder")
    damaged.unlink()
    assert naa.load_atlas(folder).regions["name"].tolist() == ["Amygdala", "Thalamus"]
    listed = tmp_path / "listed"
    listed.mkdir()
    (listed / "atlas.xml").write_text(
        "<atlas><header><name>A</name><type>Probabilistic</type>"
        "<images><imagefile>/maps/gone</imagefile><summaryimagefile>/maps/gone</summaryimagefile></images></header>"
        '<data><label index="0" x="0" y="0" z="0">Region</label></data></atlas>'
    )
    with pytest.raises(AtlasError, match="gone"):
        naa.load_atlas(listed / "atlas.xml")


@CONVENTIONS
def test_q30_an_uncertain_point_has_scores_in_a_labelled_atlas_too(labelled, convention):
    rows = naa.assign([[1.0, 1.0, 1.0]], labelled, sigma=3.2, convention=convention).assignments
    assert "region 0" in rows["region"].tolist()
    assert rows[["correlation", "intersection over union", "map weighted mean"]].notna().all(axis=None)


@CONVENTIONS
def test_q31_the_volume_of_modes_is_given_back_and_saved(two_cubes, convention, tmp_path):
    image = image_of(filled((10, 10, 10), cube(0, 2, 2.0), cube(7, 10, 3.0)))
    result = naa.assign(image, two_cubes, convention=convention)
    assert set(np.unique(result.components.data)) == {0, *result.modes["input structure"]}
    for number, peak in zip(result.modes["input structure"], result.modes["peak"], strict=True):
        assert result.components.data[tuple(int(i) for i in peak)] == number
    saved = nib.load(result.save(tmp_path / "out") / "components.nii.gz")
    assert np.array_equal(np.asanyarray(saved.dataobj), result.components.data)


def test_q32_grids_that_do_not_belong_together_are_refused_in_a_sentence(two_cubes, tmp_path):
    shifted = ONE_MM.copy()
    shifted[:3, 3] = 5
    folder = region_files(tmp_path, Amygdala=ONE_MM, Hippocampus=ONE_MM, Thalamus=shifted)
    with pytest.raises(AtlasError, match=r"Thalamus\.nii\.gz .*grid"):
        naa.load_atlas(folder)
    stack = [image_of(np.ones((4, 4, 4))), image_of(np.ones((4, 4, 5)), name="other.nii")]
    with pytest.raises(InputError, match=r"other\.nii lies on another grid than map\.nii"):
        naa.assign(stack, two_cubes)
