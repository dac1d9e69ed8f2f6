"""Modes placed elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import Atlas, Grid, Image
from napari_atlas_assign.certainty import placements as module
from napari_atlas_assign.certainty.placements import (
    COVERAGE,
    Domain,
    Placements,
    corrected_over_modes,
    covered_voxels,
    place,
    place_modes,
)
from napari_atlas_assign.modes.modes import find_modes
from tests.certainty.helpers import naive_p

GRID = Grid((20, 22, 18), np.array([[3.0, 0, 0, -30], [0, 3, 0, -33], [0, 0, 3, -27], [0, 0, 0, 1]]))


@pytest.fixture(scope="module")
def world():
    """A ball as domain, and four regions with soft borders that cover most of it."""
    x, y, z = np.moveaxis(GRID.to_world(np.indices(GRID.shape).reshape(3, -1).T), -1, 0)
    inside = (x**2 + y**2 + z**2 < 26**2).reshape(GRID.shape)
    maps = [1 / (1 + np.exp(-(a * x + b * y) / 3)) * inside.ravel() for a, b in ((1, 0), (-1, 0), (0, 1), (0.7, -0.7))]
    maps = [np.where(m / 2 > 0.05, m / 2, 0).astype(np.float32) for m in maps]
    voxels = [np.flatnonzero(m) for m in maps]
    regions = pd.DataFrame({"id": range(4), "name": list("ABCD")})
    atlas = Atlas.from_region_entries(GRID, regions, voxels, [m[v] for m, v in zip(maps, voxels, strict=True)])
    return atlas, Domain(GRID, inside, "a ball")


def a_blob(centre, n=6):
    steps = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[: n * 3]
    return np.asarray(centre) + steps * 3.0


def test_the_statistic_is_the_mean_of_each_map_over_the_points(world):
    atlas, domain = world
    xyz = a_blob((5.0, -4.0, 2.0))
    placed = place(xyz, atlas, covered_voxels(atlas), domain, 20, np.random.default_rng(1))
    ijk = tuple(atlas.grid.containing(xyz).T)
    assert placed.observed == pytest.approx([atlas.map_of(r)[ijk].mean() for r in range(4)])
    assert placed.placed.shape == (20, 4)
    assert placed.tried >= 20


def test_every_placement_keeps_its_shape_lies_in_the_domain_and_is_covered_alike(world, monkeypatch):
    atlas, domain = world
    xyz = a_blob((5.0, -4.0, 2.0))
    seen = []
    original = np.floor

    def positions(turns, centres):
        around = xyz - xyz.mean(axis=0)
        return np.einsum("nij,pj->npi", turns, around) + centres[:, None]

    drawn = module._draw

    def draw(*arguments):
        seen.append(drawn(*arguments))
        return seen[-1]

    monkeypatch.setattr(module, "_draw", draw)
    result = place(xyz, atlas, covered_voxels(atlas), domain, 50, np.random.default_rng(3))
    total = sum(atlas.map_of(r) for r in range(4))
    covered = total > 0.2
    own = covered[tuple(atlas.grid.containing(xyz).T)].mean()
    expected = []
    for turns, centres in seen:
        for points in positions(turns, centres):
            assert np.linalg.norm(points - points.mean(axis=0), axis=1).sum() == pytest.approx(
                np.linalg.norm(xyz - xyz.mean(axis=0), axis=1).sum()
            )
            at = original(domain.grid.to_voxel(points) + 0.5).astype(int)
            within = ((at >= 0) & (at < GRID.shape)).all(axis=1)
            inside = np.zeros(len(at), bool)
            inside[within] = domain.inside[tuple(at[within].T)]
            lies = np.zeros(len(at), bool)
            lies[within] = covered[tuple(at[within].T)]
            if inside.mean() >= 0.95 and abs(lies.mean() - own) <= COVERAGE + 1e-12:
                values = [
                    np.where(within, atlas.map_of(r)[tuple(np.where(within[:, None], at, 0).T)], 0) for r in range(4)
                ]
                expected.append([v.mean() for v in values])
    assert result.placed == pytest.approx(np.array(expected)[:50], abs=1e-6)


def test_rotations_and_places_are_uniform():
    inside = np.zeros(GRID.shape, bool)
    inside[2:6, 3:9, 4:7] = True
    turns, centres = module._draw(Domain(GRID, inside, "a box"), 20_000, np.random.default_rng(0))
    first = turns[:, :, 0]  # where the first axis goes: uniform on the sphere, so that each coordinate is uniform
    for coordinate in first.T:
        assert scipy.stats.kstest(coordinate, "uniform", (-1, 2)).pvalue > 1e-4
    ijk = GRID.to_voxel(centres)
    for axis, (low, high) in enumerate([(2, 6), (3, 9), (4, 7)]):
        assert scipy.stats.kstest(ijk[:, axis], "uniform", (low - 0.5, high - low)).pvalue > 1e-4


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(5, 40))
def test_p_values_are_those_of_plain_counting(seed, n_regions, n):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 4, (n + 1, n_regions)) / 4  # with many ties, and with zeros
    result = Placements(table[0], table[1:], n)
    p, corrected = naive_p(table[0], table[1:])
    assert result.p() == pytest.approx(p)
    assert result.p_corrected() == pytest.approx(corrected)
    assert (result.p_corrected() >= result.p() - 1e-12).all()
    assert (result.p()[table[0] == 0] == 1).all()


def test_a_mode_that_is_itself_a_placement_has_an_exactly_uniform_p(world):
    atlas, domain = world
    drawn = place(a_blob((3.0, 2.0, 0.0)), atlas, covered_voxels(atlas), domain, 199, np.random.default_rng(5))
    every = drawn.placed
    smallest, of_region = [], []
    for row in range(len(every)):
        others = Placements(every[row], np.delete(every, row, axis=0), 0)
        smallest.append(others.p_corrected().min())
        of_region.append(others.p()[0])
    for values in (np.array(smallest), np.array(of_region)):
        assert len(set(values)) > 50
        for level in values:  # at every value that it takes, so that ties are no excuse
            assert (values <= level + 1e-9).mean() == pytest.approx(level, abs=1e-9)


def test_many_regions_leave_small_corrected_p_values_possible(rng):
    every = rng.random((100, 40)) * (rng.random((100, 40)) < 0.2)
    smallest = [Placements(every[i], np.delete(every, i, axis=0), 0).p_corrected().min() for i in range(100)]
    assert np.sort(smallest) == pytest.approx(np.arange(1, 101) / 100)


def test_too_large_a_mode_has_no_placements(world):
    atlas, domain = world
    xyz = GRID.to_world(np.argwhere(domain.inside))
    result = place(xyz, atlas, covered_voxels(atlas), domain, 3, np.random.default_rng(0))
    assert not result.is_placed
    assert np.isnan(result.p()).all()
    assert np.isnan(result.p_corrected()).all()
    assert np.isnan(result.expected()).all()


def test_a_mode_s_placements_depend_on_its_number_and_the_seed_alone(world):
    atlas, domain = world
    data = np.zeros(GRID.shape)
    data[8:10, 9:12, 8:10] = 2
    data[12:14, 9:10, 8:9] = 3
    both = find_modes(Image.from_array(data, GRID.affine))
    data[8:10, 9:12, 8:10] = 0
    alone = find_modes(Image.from_array(data, GRID.affine))
    alone = replace(alone, number=np.array([2]))
    one = place_modes(both, atlas, domain, 999, 11)[1]
    other = place_modes(alone, atlas, domain, 999, 11)[0]
    assert np.array_equal(one.placed, other.placed)
    assert not np.array_equal(one.placed, place_modes(alone, atlas, domain, 999, 12)[0].placed)


def test_the_order_of_regions_plays_no_part(world):
    atlas, domain = world
    order = [2, 0, 3, 1]
    entries = [atlas.entries_of(r) for r in order]
    turned = Atlas.from_region_entries(
        GRID, atlas.regions.iloc[order].reset_index(drop=True), [v for v, _ in entries], [a for _, a in entries]
    )
    xyz = a_blob((5.0, -4.0, 2.0))
    one = place(xyz, atlas, covered_voxels(atlas), domain, 99, np.random.default_rng(1))
    other = place(xyz, turned, covered_voxels(turned), domain, 99, np.random.default_rng(1))
    assert one.placed[:, order] == pytest.approx(other.placed)
    assert one.p_corrected()[order] == pytest.approx(other.p_corrected())


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order_round():
    p = [np.array([0.04, 0.5]), np.array([0.01, 0.2]), np.array([np.nan, np.nan]), np.array([0.03, 0.9])]
    one, two, none, three = corrected_over_modes(p)
    assert two == pytest.approx([0.03, 0.6])
    assert three == pytest.approx([0.06, 1.0])
    assert one == pytest.approx([0.06, 0.5])
    assert np.isnan(none).all()
