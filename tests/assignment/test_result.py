"""What a result gives: its parts, and each of its comparisons alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Image, InputError, assign


@pytest.fixture
def stack(small_atlas, rng):
    grid = small_atlas.grid
    return [Image(rng.random(grid.shape).astype(np.float32), grid, f"map {n}") for n in range(2)]


def two_atlases(small_atlas):
    return [small_atlas.described(name="first"), small_atlas.described(name="second")]


def test_images_and_atlases_are_each_given_once_and_in_order(stack, small_atlas):
    result = assign(stack, two_atlases(small_atlas), threshold=0.9)
    assert [image.name for image in result.images] == ["map 0", "map 1"]
    assert [atlas.name for atlas in result.atlases] == ["first", "second"]
    assert (result.image.name, result.atlas.name) == ("map 0", "first")


def test_each_comparison_alone_is_the_assignment_of_its_image_and_atlas(stack, small_atlas):
    atlases = two_atlases(small_atlas)
    result = assign(stack, atlases, threshold=0.9)
    alone = result.single(3)
    assert (alone.image.name, alone.atlas.name) == ("map 1", "second")
    pd.testing.assert_frame_equal(alone.assignments, assign(stack[1], atlases[1], threshold=0.9).assignments)


def test_the_components_hold_the_numbers_of_the_table(stack, small_atlas):
    result = assign(stack[0], small_atlas, threshold=0.9)
    numbers, voxels = np.unique(result.components.data, return_counts=True)
    assert numbers[1:].tolist() == result.modes["input structure"].tolist()
    assert voxels[1:].tolist() == result.modes["voxels"].tolist()
    assert ((result.components.data > 0) == (stack[0].data > np.float32(0.9))).all()


def test_the_components_of_a_stack_are_asked_for_one_by_one(stack, small_atlas):
    result = assign(stack, small_atlas, threshold=0.9)
    with pytest.raises(InputError, match="components_of"):
        result.components
    assert result.components_of(1).name == "map 1 modes"


def test_what_was_not_asked_for_is_none(stack, small_atlas):
    result = assign(stack[0], small_atlas, threshold=0.9)
    assert result.sweep is None
    assert result.region_test is None
