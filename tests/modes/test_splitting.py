"""Splitting modes at saddles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Image, InputError, assign
from napari_atlas_assign.modes.modes import find_modes
from napari_atlas_assign.modes.splitting import split_at_saddles
from tests.cases import atlas_to_world, random_image
from tests.naive import components


@st.composite
def images(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    data = random_image(rng, shape, draw(st.sampled_from(["dense", "sparse", "integer", "constant"])))
    return Image.from_array(data, atlas_to_world(rng))


def naive_prominences(data, members, connectivity):
    """By peak value: how far one must come down from each separate peak to reach a higher one; the highest is infinite.

    Levels are lowered one by one, and components looked at anew at each.
    """
    born, found = {}, []
    for level in sorted(set(members.values()), reverse=True):
        mask = np.zeros(data.shape, bool)
        for voxel, value in members.items():
            mask[voxel] = value >= level
        now = {}
        for component in components(mask, connectivity):
            older = sorted((born[v], v) for v in component if v in born)
            if older:
                *lower, highest = older
                found += [value - level for value, _ in lower]
                now[highest[1]] = highest[0]
            else:
                now[component[0]] = level
        born = now
    return found + [np.inf] * len(born)


def members_of(modes, m):
    rows = modes.mode == m
    return dict(zip(map(tuple, modes.grid.unravel(modes.voxel[rows]).tolist()), modes.value[rows], strict=True))


@given(images(), st.sampled_from([0.0, 0.3, 1.0, 2.0]), st.sampled_from([6, 18, 26]))
@settings(max_examples=50)
def test_a_mode_has_one_part_for_each_peak_that_stands_out(image, height, connectivity):
    modes = find_modes(image, connectivity=connectivity)
    parts = split_at_saddles(modes, height, connectivity)
    owner = np.zeros(image.grid.n_voxels, int)
    owner[modes.voxel] = modes.mode + 1
    for m in range(modes.n_modes):
        prominences = naive_prominences(image.data, members_of(modes, m), connectivity)
        expected = sum(p >= height and p > 0 for p in prominences)
        found = {p for p in range(parts.n_modes) if owner[parts.voxel[parts.mode == p][0]] == m + 1}
        assert len(found) == expected


@given(images(), st.sampled_from([0.0, 0.5]), st.sampled_from([6, 18, 26]), st.sampled_from(["positive", "both"]))
@settings(max_examples=50)
def test_parts_are_connected_and_together_are_the_modes(image, height, connectivity, tail):
    modes = find_modes(image, connectivity=connectivity, tail=tail)
    parts = split_at_saddles(modes, height, connectivity)
    order = np.argsort(parts.voxel)
    assert parts.voxel[order].tolist() == sorted(modes.voxel.tolist())
    whole = dict(zip(modes.voxel.tolist(), modes.mode.tolist(), strict=True))
    for p in range(parts.n_modes):
        voxel = parts.voxel[parts.mode == p]
        assert (np.diff(voxel) > 0).all()
        mask = np.zeros(image.grid.n_voxels, bool)
        mask[voxel] = True
        assert len(components(mask.reshape(image.grid.shape), connectivity)) == 1
        (mode,) = {whole[v] for v in voxel.tolist()}
        assert parts.sign[p] == modes.sign[mode]
    values = dict(zip(modes.voxel.tolist(), modes.value.tolist(), strict=True))
    assert parts.value.tolist() == [values[v] for v in parts.voxel.tolist()]
    assert parts.number.tolist() == list(range(1, parts.n_modes + 1))
    assert (np.diff(parts.counts()) <= 0).all()


@given(images(), st.sampled_from([0, 1, 2]))
@settings(max_examples=30)
def test_parts_do_not_depend_on_how_the_file_is_stored(image, axis):
    affine = image.grid.affine.copy()
    affine[:3, 3] = image.grid.to_world([n - 1 if a == axis else 0 for a, n in enumerate(image.grid.shape)])
    affine[:3, axis] *= -1
    other = Image.from_array(np.flip(image.data, axis), affine)
    one, flipped = (split_at_saddles(find_modes(i), 0.2).components() for i in (image, other))
    assert np.array_equal(one, np.flip(flipped, axis))


def line(*values):
    data = np.zeros((len(values), 1, 1))
    data[:, 0, 0] = values
    return find_modes(Image.from_array(data, np.eye(4)))


@pytest.mark.parametrize(
    ("height", "parts"),
    [
        (0, [3, 1, 1, 1, 1, 2, 2, 2]),
        (1, [3, 1, 1, 1, 1, 2, 2, 2]),
        (2, [1, 1, 1, 1, 1, 2, 2, 2]),
        (3, [1, 1, 1, 1, 1, 2, 2, 2]),
        (3.5, [1, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_peaks_below_the_height_join_over_their_highest_saddle(height, parts):
    assert split_at_saddles(line(4, 3, 5, 5, 2, 3, 6, 6), height).components()[:, 0, 0].tolist() == parts


def test_a_plateau_is_never_divided():
    data = np.zeros((5, 5, 3))
    data[:, :, 1] = [[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 0, 1]]
    assert split_at_saddles(find_modes(Image.from_array(data, np.eye(4))), 0).n_modes == 1


@pytest.mark.parametrize("height", [-1, np.nan, np.inf])
def test_a_bad_height_is_refused(height):
    with pytest.raises(InputError, match="height"):
        split_at_saddles(line(1, 2), height)


def test_a_bad_connectivity_is_refused():
    with pytest.raises(InputError, match="connectivity"):
        split_at_saddles(line(1, 2), 1, 8)


def test_no_modes_have_no_parts():
    assert split_at_saddles(line(0, 0), 1).n_modes == 0


def test_parts_of_the_connected_mass_of_a_real_map_are_anatomically_sensible(juelich, zmap_path):
    image = Image.from_file(zmap_path)
    modes = find_modes(image, threshold=2.0)
    parts = split_at_saddles(modes, 1.0)
    largest = set(modes.voxel[modes.mode == 0].tolist())
    inside = [p for p in range(parts.n_modes) if parts.voxel[parts.starts[p]] in largest]
    result = assign(image, juelich, threshold=2.0, split_height=1.0)
    assert (result.components.data == parts.components()).all()
    best = result.modes["best region by correlation"][inside].tolist()
    # of the right hemisphere: hand area, parietal operculum, medial premotor cortex, frontal operculum
    for name in ("Primary_somatosensory", "Parietal_operculum_OP1", "Premotor_cortex_BA6", "Parietal_operculum_OP4"):
        assert sum(name in region for region in best) == 1
    assert all(region.endswith("_R") for region in best)
