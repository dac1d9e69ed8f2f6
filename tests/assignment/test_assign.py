"""The one pipeline does each piece of work once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_atlas_assign
from napari_atlas_assign import Image, PointSet, assign
from napari_atlas_assign.assignment.assign import assigning, finish
from napari_atlas_assign.assignment.parameters import Parameters

PACKAGE = str(Path(napari_atlas_assign.__file__).parent)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each function of the package is called, by its name with the class."""
    calls: Counter[str] = Counter()

    def count(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_qualname] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.fixture
def stack(small_atlas, rng):
    return [Image(rng.random(small_atlas.grid.shape).astype(np.float32), small_atlas.grid) for _ in range(3)]


@pytest.fixture
def atlases(small_atlas):
    return [small_atlas.described(name=name) for name in ("first", "second")]


def test_modes_are_found_once_for_each_image_and_summed_once_with_each_atlas(stack, atlases):
    with counted() as calls:
        result = assign(stack, atlases, threshold=0.9)
        assert calls["assignment_parts"] == calls["mode_parts"] == 0  # tables are made when they are asked for
        _ = result.assignments, result.modes
    assert calls["find_modes"] == len(stack)
    assert calls["overlap_sums"] == len(stack) * len(atlases)
    assert calls["Parameters.threshold_for"] <= len(stack)
    assert calls["assignment_parts"] == calls["mode_parts"] == 1


def test_what_an_atlas_is_summed_up_to_is_worked_out_once(stack, atlases):
    fresh = [replace(atlas, name=f"fresh {n}") for n, atlas in enumerate(atlases)]
    with counted() as calls:
        assign(stack, fresh, threshold=0.9)
        assign(stack[0], fresh, threshold=0.8)
    assert calls["Atlas.region_sums"] == len(fresh)
    assert calls["Atlas.by_region"] <= len(fresh)


def test_reading_a_result_again_works_nothing_out(stack, atlases):
    result = assign(stack, atlases, threshold=0.9)
    _ = result.assignments, result.modes, result.regions, result.peaks
    with counted() as calls:
        _ = result.assignments, result.modes, result.regions, result.peaks
    assert not calls


def test_points_are_summed_once_with_each_atlas(atlases):
    points = PointSet.from_array([[-5.0, 0, 0], [5, 0, 0]], 2.0)
    with counted() as calls:
        result = assign(points, atlases)
        _ = result.assignments, result.modes, result.assignments
    assert calls["sums_of_runs"] == len(atlases)


def test_an_image_is_told_of_when_it_is_done_and_the_caller_may_stop_there(stack, atlases):
    steps = assigning(stack, atlases, Parameters(threshold=0.9), lambda done, total: (done, total))
    with counted() as calls:
        assert next(steps) == (1, 3)
        steps.close()
    assert calls["find_modes"] == 1
    whole = finish(assigning(stack, atlases, Parameters(threshold=0.9)))
    assert len(whole.images) == 3
