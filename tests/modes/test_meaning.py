"""What the values of an image are, as far as it says and they show."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import Grid, Image, InputError
from napari_atlas_assign.header import Stated, Statistic
from napari_atlas_assign.modes.meaning import check_no_p_values, doubts_about_values

SHAPE = (8, 9, 10)


def image(data: np.ndarray, name: str = "map.nii", **options) -> Image:
    return Image(data, Grid(SHAPE, np.eye(4)), name, **options)


def test_p_values_are_refused_where_the_header_or_the_name_says_so(rng):
    p = (1 - 0.02 * rng.random(SHAPE)).astype(np.float32)
    with pytest.raises(InputError, match="its header says so"):
        check_no_p_values(image(p, stated=Stated(Statistic("p", ()))))
    with pytest.raises(InputError, match="its name says so"):
        check_no_p_values(image(p, "pval.nii"))
    check_no_p_values(image(p))


def test_what_may_be_p_values_is_doubted(rng):
    (sentence,) = doubts_about_values(image(rng.random(SHAPE).astype(np.float32), "pval.nii"))
    assert "may hold p values" in sentence


def test_labels_of_regions_are_told_from_counts():
    blocks = np.zeros(SHAPE)
    blocks[..., :3], blocks[..., 3:6], blocks[..., 6:] = 1, 5, 2
    (sentence,) = doubts_about_values(image(blocks))
    assert "looks like labels" in sentence
    counts = np.add.outer(np.add.outer(np.arange(8), np.arange(9)), np.arange(10)).astype(float)
    assert doubts_about_values(image(counts)) == []


def test_nothing_is_said_of_a_map(rng):
    assert doubts_about_values(image(rng.normal(size=SHAPE))) == []
    check_no_p_values(image(rng.normal(size=SHAPE), "pval.nii"))
