"""How a map is painted."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign.plugin.layers.map_colors import COLD, EASED, FAINT, HOT, map_colormap


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
    colors = map_colormap((-5, 5))["colors"][:, :3]
    above = colors[map_colormap((-5, 5))["controls"] >= 0.5]
    below = colors[map_colormap((-5, 5))["controls"] < 0.5]
    assert (above[:, 0] > above[:, 2]).all()
    assert (below[:, 0] < below[:, 2]).all()
    assert map_colormap((0, 5))["name"] != map_colormap((-5, 5))["name"]


@pytest.mark.parametrize("threshold", [None, 0.7, 2.6, 6.0])
@pytest.mark.parametrize("tail", ["both", "positive", "negative"])
@pytest.mark.parametrize("limits", [(-5.0, 5.0), (0.0, 4.0), (-1.0, 3.0), (0.5, 4.0)])
def test_between_few_colours_all_others_lie(limits, threshold, tail):
    few = map_colormap(limits, threshold, tail)
    farthest = max(map(abs, limits))
    for value in np.random.default_rng(0).uniform(*limits, 200):
        at = (value - limits[0]) / (limits[1] - limits[0])
        depth, is_cold = abs(value) / farthest, value < 0
        expected = np.array(
            [np.interp(depth, np.linspace(0, 1, 4), stops) for stops in zip(*shades(is_cold), strict=True)]
        )
        painted = [np.interp(at, few["controls"], few["colors"][:, channel]) for channel in range(4)]
        assert painted[:3] == pytest.approx(expected, abs=1e-4)
        opaque = min(depth / EASED, 1) if threshold is None else float(abs(value) > threshold)
        if threshold is not None and not opaque:
            opaque = FAINT * abs(value) / threshold
        is_other = tail == ("positive" if is_cold else "negative")
        assert painted[3] == pytest.approx(min(opaque, FAINT) if is_other else opaque, abs=1e-4)


def shades(is_cold: bool) -> list[tuple[float, ...]]:
    return [tuple(part / 255 for part in bytes.fromhex(color[1:])) for color in (COLD if is_cold else HOT)]
