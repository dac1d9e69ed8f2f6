"""How a map is painted."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign.plugin.layers.map_colors import FAINT, map_colormap


def opacity(value: float, limits: tuple[float, float], *more, **options) -> float:
    colormap = map_colormap(limits, *more, **options)
    at = (value - limits[0]) / (limits[1] - limits[0])
    return float(np.interp(at, colormap["controls"], colormap["colors"][:, 3]))


@pytest.mark.parametrize("threshold", [None, 1.0, 3.0])
def test_zero_is_clear_and_the_ends_are_opaque(threshold):
    assert opacity(0, (-5, 5), threshold) == pytest.approx(0, abs=0.02)
    assert opacity(5, (-5, 5), threshold) == opacity(-5, (-5, 5), threshold) == 1


def test_what_is_below_the_threshold_is_faint_and_beyond_it_opaque():
    assert opacity(3.05, (-5, 5), 3.0) == 1
    assert 0.3 < opacity(2.9, (-5, 5), 3.0) <= FAINT


@pytest.mark.parametrize(("tail", "faint"), [("positive", -4.5), ("negative", 4.5)])
def test_the_other_tail_is_faint(tail, faint):
    assert opacity(faint, (-5, 5), 3.0, tail) <= FAINT
    assert opacity(-faint, (-5, 5), 3.0, tail) == 1


def test_warm_is_above_zero_and_cold_below():
    colors = map_colormap((-5, 5))["colors"]
    assert colors[-10, 0] > colors[-10, 2]
    assert colors[10, 2] > colors[10, 0]
    assert map_colormap((0, 5))["name"] != map_colormap((-5, 5))["name"]
