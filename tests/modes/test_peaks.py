"""Peaks of modes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Grid, Image, InputError
from napari_atlas_assign.modes import peaks
from napari_atlas_assign.modes.modes import find_modes
from napari_atlas_assign.modes.peaks import find_peaks
from napari_atlas_assign.modes.point_set import PointSet
from tests.cases import atlas_to_world, random_image
from tests.modes.helpers import blobs


@st.composite
def images(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    data = random_image(rng, shape, draw(st.sampled_from(["dense", "sparse", "integer", "constant"])))
    return Image.from_array(data, atlas_to_world(rng))


def neighbours(voxel, members):
    return [other for other in members if other != voxel and max(abs(np.subtract(voxel, other))) <= 1]


def naive_maxima(members):
    """Voxels of plateaus (of 26-neighbours) without a higher neighbour."""
    found = set()
    for start in members:
        plateau, front = {start}, [start]
        while front:
            for other in neighbours(front.pop(), members):
                if members[other] == members[start] and other not in plateau:
                    plateau.add(other)
                    front.append(other)
        if not any(members[other] > members[start] for voxel in plateau for other in neighbours(voxel, members)):
            found |= plateau
    return found


@given(images(), st.integers(1, 4), st.sampled_from([0.0, 2.0, 5.0]), st.sampled_from(["positive", "both"]))
@settings(max_examples=30)
def test_peaks_are_local_maxima_of_their_mode_and_far_enough_apart(image, n, distance, tail):
    modes = find_modes(image, tail=tail)
    peaks = find_peaks(modes, n, distance)
    highest, highest_value = modes.peaks()
    for m in range(modes.n_modes):
        rows = modes.mode == m
        ijk = map(tuple, modes.grid.unravel(modes.voxel[rows]).tolist())
        members = dict(zip(ijk, modes.value[rows], strict=True))
        own = peaks.mode == m
        places = [tuple(v) for v in modes.grid.unravel(peaks.voxel[own]).tolist()]
        assert 1 <= len(places) <= n
        assert peaks.rank[own].tolist() == list(range(1, len(places) + 1))
        assert peaks.voxel[own][0] == highest[m]
        assert peaks.value[own][0] == highest_value[m]
        assert [members[p] for p in places] == peaks.value[own].tolist()
        assert (np.diff(peaks.value[own]) <= 0).all()
        maxima = naive_maxima(members)
        assert set(places) <= maxima
        xyz = modes.grid.to_world(places)
        gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=-1)[np.triu_indices(len(xyz), 1)]
        assert (gaps >= distance * (1 - 1e-6)).all()
        if distance == 0 and len(places) < n:  # every plateau is there
            reached = {p for p in maxima if any(members[p] == members[q] for q in places)}
            assert reached == maxima


@given(images(), st.sampled_from([0, 1, 2]))
@settings(max_examples=30)
def test_peaks_do_not_depend_on_how_the_file_is_stored(image, axis):
    affine = image.grid.affine.copy()
    affine[:3, 3] = image.grid.to_world([n - 1 if a == axis else 0 for a, n in enumerate(image.grid.shape)])
    affine[:3, axis] *= -1
    stored = [image, Image.from_array(np.flip(image.data, axis), affine)]
    places = []
    for one in stored:
        modes = find_modes(one)
        peaks = find_peaks(modes, 3, 2.0)
        places.append(modes.grid.to_world(modes.grid.unravel(peaks.voxel)).reshape(-1, 3))
    assert places[0] == pytest.approx(places[1], abs=1e-5)


def test_a_peak_of_a_ring_lies_on_the_ring():
    data = np.zeros((9, 9, 3), np.float32)
    x, y = np.indices((9, 9)) - 4
    data[..., 1] = (np.abs(np.hypot(x, y) - 3.5) < 0.7) * 2
    modes = find_modes(Image.from_array(data, np.eye(4)))
    peaks = find_peaks(modes, 3, 2.0)
    assert len(peaks.voxel) == 1  # the ring is one plateau
    assert data.reshape(-1)[peaks.voxel[0]] == 2


def test_overlapping_blobs_have_their_own_peaks():
    modes = blobs(PointSet.from_array([[4, 4, 4], [5, 4, 4]], 2.0), Grid((9, 9, 9), np.eye(4)))
    peaks = find_peaks(modes, 2, 0)
    assert peaks.mode.tolist() == [0, 1]
    assert modes.grid.to_world(modes.grid.unravel(peaks.voxel)).tolist() == [[4, 4, 4], [5, 4, 4]]


@pytest.mark.parametrize("edge", [0.1, 0.8, 1.0, 7 / 3])
def test_a_peak_at_exactly_the_least_distance_is_kept_and_a_nearer_one_is_not(edge):
    data = np.ones((14, 1, 1))
    data[1], data[11] = 9, 8
    affine = np.diag([edge, edge, edge, 1.0])
    affine[:3, 3] = -71.3
    modes = find_modes(Image.from_array(data, affine))
    assert find_peaks(modes, 2, 10 * edge).voxel.tolist() == [1, 11]
    assert find_peaks(modes, 2, 10 * edge * 1.001).voxel.tolist() == [1]


def test_no_modes_have_no_peaks():
    assert len(find_peaks(find_modes(Image.from_array(np.zeros((3, 3, 3)), np.eye(4)))).mode) == 0


@pytest.mark.parametrize(("n", "distance"), [(0, 8), (1.5, 8), (3, -1), (3, np.nan), (3, np.inf)])
def test_bad_arguments_are_refused(n, distance):
    modes = find_modes(Image.from_array(np.ones((3, 3, 3)), np.eye(4)))
    with pytest.raises(InputError, match="peaks"):
        find_peaks(modes, n, distance)


def test_peaks_do_not_depend_on_how_many_voxels_are_worked_on_at_a_time(zmap_path, monkeypatch):
    modes = find_modes(Image.from_file(zmap_path), threshold=3.0, tail="both")
    expected = find_peaks(modes)
    for at_a_time in (1, 50, 400):
        monkeypatch.setattr(peaks, "VOXELS_AT_A_TIME", at_a_time)
        found = find_peaks(modes)
        for name in ("mode", "rank", "voxel", "value"):
            assert np.array_equal(getattr(found, name), getattr(expected, name))
