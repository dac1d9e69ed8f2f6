"""Points and their blobs."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from napari_atlas_assign import AssignmentWarning, Grid, InputError
from napari_atlas_assign.modes.point_files import read_points
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.modes.points import sphere_runs
from tests.modes.helpers import blobs, grids_and_points

GRID = Grid((6, 7, 5), np.diag([2.0, 2.0, 2.0, 1.0]))


def naive_blob(xyz, sigma, grid, margin):
    """Values by voxel index, over the grid and `margin` voxels around it: every voxel centre is looked at."""
    ijk = np.stack(np.meshgrid(*[np.arange(-margin, n + margin) for n in grid.shape], indexing="ij"), -1).reshape(-1, 3)
    distance = np.linalg.norm(ijk @ grid.affine[:3, :3].T + grid.affine[:3, 3] - xyz, axis=1)
    held = distance <= 3 * sigma * (1 + 1e-9)
    if not held.any():
        return {tuple(np.floor(np.linalg.solve(grid.affine, [*xyz, 1])[:3] + 0.5).astype(int).tolist()): 1.0}
    weight = np.exp(-0.5 * (distance[held] / sigma) ** 2) if sigma else np.ones(1)
    return dict(zip(map(tuple, ijk[held].tolist()), weight / weight.sum(), strict=True))


@given(grids_and_points())
@settings(max_examples=40)
def test_blobs_equal_a_plain_loop_over_all_voxels(case):
    grid, points = case
    found = blobs(points, grid)
    assert found.n_modes == len(points)
    shift = np.round(grid.to_voxel(found.grid.affine[:3, 3])).astype(int)
    ijk = found.grid.unravel(found.voxel) + shift
    for p in range(len(points)):
        rows = found.mode == p
        expected = naive_blob(points.xyz[p], points.sigma[p], grid, margin=16)
        got = dict(zip(map(tuple, ijk[rows].tolist()), found.value[rows], strict=True))
        assert got.keys() == expected.keys()
        assert [got[k] for k in expected] == pytest.approx(list(expected.values()), rel=1e-9)


@given(grids_and_points())
@settings(max_examples=40)
def test_a_blob_is_the_same_to_the_last_bit_whatever_other_points_there_are(case):
    grid, points = case
    for chunk, work_out in sphere_runs(points, grid):
        among = work_out()
        for n, p in enumerate(chunk):
            ((_, alone),) = sphere_runs(PointSet(points.xyz[[p]], points.sigma[[p]], name="alone"), grid)
            one, other = alone(), among.take(among.point == n)
            for name in ("i", "j", "start", "stop", "factor"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
            for power in (1, 2):
                np.testing.assert_array_equal(one.sums(power), other.sums(power))


@given(grids_and_points())
@settings(max_examples=30)
def test_every_blob_has_the_sum_1_and_rising_voxels(case):
    grid, points = case
    found = blobs(points, grid)
    assert np.bincount(found.mode, found.value, len(points)) == pytest.approx(np.ones(len(points)))
    assert (np.diff(found.voxel)[np.diff(found.mode) == 0] > 0).all()


def test_a_blob_is_round_in_mm_on_voxels_of_unequal_edges():
    grid = Grid((40, 20, 10), np.diag([0.5, 1.0, 2.0, 1.0]))
    found = blobs(PointSet.from_array([10.0, 10.0, 10.0], 2.0), grid)
    xyz = found.grid.to_world(found.grid.unravel(found.voxel)) - 10
    for axis in range(3):
        assert np.average(xyz[:, axis] ** 2, weights=found.value) == pytest.approx(
            4 * 0.9178, rel=0.02
        )  # of a ball of 3 sigma: chi2(5, 9) / chi2(3, 9)
    assert np.linalg.norm(xyz, axis=1).max() <= 6 + 1e-6


def test_a_blob_is_centred_on_the_point_itself_not_on_its_voxel():
    found = blobs(PointSet.from_array([5.3, 6.9, 4.2], 2.0), Grid((12, 14, 10), np.eye(4)))
    xyz = found.grid.to_world(found.grid.unravel(found.voxel))
    assert np.average(xyz, axis=0, weights=found.value) == pytest.approx([5.3, 6.9, 4.2], abs=0.02)


def test_a_point_on_a_face_belongs_to_the_same_place_however_the_grid_is_stored():
    flipped = Grid((4, 4, 4), np.array([[-1.0, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    plain = Grid((4, 4, 4), np.eye(4))
    places = [grid.to_world(grid.containing([1.5, 2, 2])) for grid in (plain, flipped)]
    assert places[0].tolist() == places[1].tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("xyz", "sigma", "says"),
    [
        ([[0, 0, np.nan]], 0, "point 1 has a coordinate that is not a finite number"),
        ([[0, 0, 0], [0, np.inf, 0], [np.nan, 0, 0]], 0, r"point 2 \(and 1 more\)"),
        ([[0, 0, 0]], -1, "sigma below 0"),
        ([[0, 0, 0]], np.nan, "sigma that is not a finite number"),
        ([[0, 0]], 0, "one row x, y, z"),
        ([["left", 0, 0]], 0, "not all numbers"),
        ([[0, 0, 0]], [1, 2], "sigma of shape"),
        ([[0, 0, 0], [1]], 0, "not all numbers"),
    ],
)
def test_bad_points_are_refused_in_one_sentence(xyz, sigma, says):
    with pytest.raises(InputError, match=says):
        PointSet.from_array(xyz, sigma)


def test_names_must_fit_the_points():
    with pytest.raises(InputError, match="2 names for 1 point;"):
        PointSet.from_array([[0, 0, 0]], names=["a", "b"])


@pytest.mark.parametrize(
    ("xyz", "sigma"), [([0, 0, 0], 1e5), ([0, 0, 0], 1e300), ([1e300, 0, 0], 1.0), ([1e13, 0, 0], 0.0)]
)
def test_hopeless_sizes_are_refused_before_memory_is_asked_for(xyz, sigma):
    with pytest.raises(InputError, match="mm"):
        next(sphere_runs(PointSet.from_array(xyz, sigma), GRID))


def test_no_points_make_no_modes():
    assert blobs(PointSet.from_array([]), GRID).n_modes == 0


def test_a_table_has_its_columns_in_any_order_and_case(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("Name,Z,y,X,Sigma,comment\nleft,3,2,1,4.5,a\n\nright,6,5,4,,b\n")
    points = read_points(path, sigma=2.0)
    assert points.xyz.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert points.sigma.tolist() == [4.5, 2.0]
    assert points.names == ("left", "right")
    assert points.name == "points.csv"
    assert len(points.source["sha256"]) == 64


@pytest.mark.parametrize(
    "encoded", ["x\ty\tz\r\n1\t2\t3\r\n".encode("utf-16"), b"\xef\xbb\xbfx;y;z\r1;2;3\r", b"x\ty\tz\n1\t2\t3"]
)
def test_tables_of_other_programs_are_read(tmp_path, encoded):
    path = tmp_path / "points.tsv"
    path.write_bytes(encoded)
    points = read_points(path)
    assert points.xyz.tolist() == [[1, 2, 3]]
    assert points.sigma.tolist() == [0]
    assert points.labels == ("1",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x,y\n1,2\n", r"points.csv has no column z"),
        ("1,2,3\n4,5,6\n", "its first line must name the columns"),
        ("x,y,z\n1,2,3\n1,two,3\n", "points.csv, line 3: 'two' in column y is not a number"),
        ("x,y,z\n1,2,inf\n", "line 2: 'inf' in column z"),
        ("x,y,z\n1,2,3\n1,n/a,3\n,,\n4,,5\n", "no coordinates in lines 3, 5"),
        ("x,y,z,sigma\n1,2,3,-1\n", "line 2: the sigma -1 is below 0"),
        ("x,y,z\n1,2\n", "line 2: 2 fields where the first line has 3"),
        ("x,y,z,X\n1,2,3,4\n", "2 columns x"),
        ("", "is empty"),
        ("nothing here", "has no column x, y, z"),
        (",,\n\n,,\n", "has no column x, y, z"),
        ("x,y\0,z", "no table of points"),
        ('x,y,z\n1,2,"3\n4,5,6\n', "line"),
        ("x;y;z\n1,5;2;3\n", "'1,5' in column x"),
    ],
)
def test_bad_tables_are_refused_in_one_sentence_that_names_the_line(tmp_path, text, says):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        read_points(path)
    assert "\n" not in str(error.value)


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_points(tmp_path / "none.csv")


def test_electrodes_that_nobody_located_are_left_out_with_a_warning(tmp_path):
    path = tmp_path / "sub-01_electrodes.tsv"
    path.write_text("name\tx\ty\tz\tsize\nA1\t1\t2\t3\t5\nREF\tn/a\tn/a\tn/a\tn/a\n")
    with pytest.warns(AssignmentWarning, match="1 electrode without coordinates has an empty row"):
        points = read_points(path)
    assert points.names == ("A1",)


def test_units_and_space_of_electrodes_come_from_the_coordinate_system(tmp_path):
    (tmp_path / "sub-01_space-x_electrodes.tsv").write_text("name\tx\ty\tz\nA1\t0.001\t0.002\t0.003\n")
    sidecar = tmp_path / "sub-01_space-x_coordsystem.json"
    sidecar.write_text(json.dumps({"iEEGCoordinateSystem": "MNI152NLin2009cAsym", "iEEGCoordinateUnits": "m"}))
    points = read_points(tmp_path / "sub-01_space-x_electrodes.tsv")
    assert points.xyz[0] == pytest.approx([1, 2, 3])
    assert points.space == "MNI152NLin2009cAsym"
    sidecar.write_text(json.dumps({"iEEGCoordinateUnits": "pixels"}))
    with pytest.raises(InputError, match="coordinates in pixels"):
        read_points(tmp_path / "sub-01_space-x_electrodes.tsv")
