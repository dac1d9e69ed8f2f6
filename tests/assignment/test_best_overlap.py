"""The best overlap of a mode and a region is the voxel with the largest product of both."""

import numpy as np
import pytest

from napari_atlas_assign import Image, assign
from napari_atlas_assign.assignment.best_overlap import best_overlap


@pytest.fixture
def data(small_atlas, rng):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:5, 3:9, 2:6] = rng.uniform(2, 5, (4, 6, 4))
    data[6:9, 4:9, 2:6] = -rng.uniform(2, 5, (3, 5, 4))
    return data


def run_of(data, atlas, affine=None, **options):
    image = (data, atlas.grid.affine if affine is None else affine)
    return assign(image, atlas, threshold=1, tail="both", **options).comparisons[0]


def brute_force(run, number, region):
    values = run.atlas.map_of(region) * np.abs(run.image.data) * (run.modes.components() == number)
    return tuple(np.round(run.modes.grid.to_world(np.unravel_index(values.argmax(), values.shape)), 2).tolist())


def test_it_is_the_largest_product_for_every_pair(data, small_atlas):
    run = run_of(data, small_atlas)
    assert len(run.sums.mode) >= 3
    for mode, region in zip(run.sums.mode, run.sums.region, strict=True):
        number = int(run.modes.number[mode])
        assert best_overlap(run, number, int(region)) == brute_force(run, number, int(region))


def test_it_lies_in_the_mode_and_in_the_region(juelich, zmap_path):
    run = assign(zmap_path, juelich, threshold=3.1).comparisons[0]
    for mode, region in zip(run.sums.mode[:5], run.sums.region[:5], strict=True):
        number = int(run.modes.number[mode])
        place = best_overlap(run, number, int(region))
        assert run.modes.components()[tuple(run.modes.grid.containing(place))] == number
        near = juelich.grid.containing(
            np.array(place) + [[dx, dy, dz] for dx in (-1, 0, 1) for dy in (-1, 0, 1) for dz in (-1, 0, 1)]
        )
        assert juelich.map_of(int(region))[tuple(near.T)].max() > 0


def test_it_does_not_depend_on_how_the_file_is_stored(data, small_atlas):
    data[data > 0] = 3  # many voxels with the same value
    affine = small_atlas.grid.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (data.shape[0] - 1)
    affine[:3, 0] *= -1
    one, other = run_of(data, small_atlas), run_of(data[::-1].copy(), small_atlas, affine)
    for region in range(3):
        assert best_overlap(one, 1, region) == best_overlap(other, 1, region)


def test_without_overlap_there_is_no_place(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[0, 0, 0] = 2
    run = run_of(data, small_atlas)
    assert best_overlap(run, 1, 2) is None
    assert best_overlap(run, 99, 0) is None


def test_the_siibra_convention_has_places_too(data, small_atlas):
    image = Image.from_array(np.abs(data), small_atlas.grid.affine)
    run = assign(image, small_atlas, threshold=1, convention="siibra").comparisons[0]
    number = int(run.modes.number[run.sums.mode[0]])
    assert best_overlap(run, number, int(run.sums.region[0])) is not None
