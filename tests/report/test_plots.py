"""Single plots show what the tables hold."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import napari_atlas_assign as naa


@pytest.fixture(scope="module")
def result(small_atlas):
    values = np.zeros(small_atlas.grid.shape)
    values[1:4, 3:8, 2:6], values[6:9, 4:8, 2:5] = 3, 2
    values[2, 5, 3], values[7, 5, 3] = 5, 4
    return naa.assign((values, small_atlas.grid.affine), small_atlas, threshold=1, sweep=[1, 2.5])


def bars(figure):
    """Names of bars from top to bottom, with their lengths."""
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert axes.yaxis_inverted()
    return names, [bar.get_width() for bar in axes.patches]


@pytest.mark.parametrize("mode", [1, 2])
def test_the_bars_of_a_mode_are_the_shares_of_its_regions_the_largest_first(result, mode):
    rows = result.assignments[result.assignments["input structure"] == mode]
    expected = rows.sort_values("share", ascending=False)
    names, lengths = bars(result.plot("regions", mode=mode))
    assert names == expected["region"].tolist()
    assert lengths == expected["share"].tolist()


def test_without_a_number_the_largest_mode_is_shown(result):
    assert bars(result.plot("regions")) == bars(result.plot("regions", mode=1))


def test_of_an_atlas_without_probabilities_the_bars_are_correlations(result):
    atlas = result.atlas.described(source={"values": "loadings"})
    figure = naa.assign(result.image, atlas, threshold=1).plot("regions")
    rows = result.assignments[result.assignments["input structure"] == 1]
    assert bars(figure)[1] == sorted(rows["correlation"].tolist(), reverse=True)


def test_the_parts_of_every_mode_add_up_to_one(result):
    _, lengths = bars(result.plot("coverage"))
    parts = np.reshape(lengths, (3, -1))
    np.testing.assert_allclose(parts.sum(axis=0), 1)
    np.testing.assert_allclose(parts[2], result.modes["outside share"])
    np.testing.assert_allclose(parts[1], result.modes["undecided share"])


def test_the_bars_of_a_map_without_modes_are_means_and_those_of_points_are_numbers(result):
    heat = naa.assign(result.image, result.atlas, threshold=None)
    means = heat.regions.dropna(subset=["region id"]).set_index("region")["mean"].sort_values(ascending=False)
    assert bars(heat.plot("regions"))[1] == means[means != 0].tolist()
    points = naa.assign(np.array([[-5.0, 0, 0], [-5, 0, 1], [5, 0, 0]]), result.atlas)
    names, lengths = bars(points.plot("regions"))
    counts = points.regions.dropna(subset=["region id"]).set_index("region")["count"]
    assert dict(zip(names, lengths, strict=True)) == counts[counts > 0].to_dict()


def test_ancestors_have_no_bars_beside_those_of_their_children(result):
    tree = replace(result.atlas, regions=result.atlas.regions.assign(parent="all"))
    heat = naa.assign(result.image, tree, threshold=None)
    assert set(bars(heat.plot("regions"))[0]) <= set(tree.regions["name"])
    assert "all" in heat.regions["region"].tolist()


def test_at_most_twelve_bars_are_drawn_and_the_title_says_how_many_more(small_atlas):
    grid = small_atlas.grid
    labels = np.arange(grid.n_voxels).reshape(grid.shape) // 48 + 1
    regions = pd.DataFrame({"id": range(1, 21), "name": [f"r{n} $x^2$" for n in range(1, 21)]})
    atlas = naa.Atlas.from_labels(labels, grid, regions, name="many")
    figure = naa.assign((np.ones(grid.shape), grid.affine), atlas).plot("regions")
    assert len(bars(figure)[0]) == 12
    assert figure.axes[0].get_title().endswith("; 8 more")
    assert "$x^2$" in bars(figure)[0][0]


@pytest.mark.parametrize("what", ["overview", "regions", "coverage", "sweep"])
def test_every_plot_is_a_figure_that_belongs_to_no_window(result, what):
    pyplot = sys.modules.get("matplotlib.pyplot")
    before = [] if pyplot is None else pyplot.get_fignums()
    figure = result.plot(what)
    assert isinstance(figure, Figure)
    assert len(figure.axes) >= 1
    assert ([] if pyplot is None else pyplot.get_fignums()) == before


def test_bars_are_drawn_on_axes_of_the_users(result):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert result.plot("regions", axes=left) is figure
    assert result.plot("coverage", axes=right) is figure
    assert left.patches
    assert right.patches


REFUSED = {
    "no such plot, flat": ({"what": "flat"}, "there is no plot 'flat'; give overview"),
    "a mode that is not there": ({"what": "regions", "mode": 7}, "there is no mode 7; the modes are 1, 2"),
    "a mode of the overview": ({"mode": 1}, "mode: only for the plot of regions"),
    "axes of the overview": ({"axes": Figure().subplots()}, "axes: only for the plots of regions and coverage"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_plotted_is_one_sentence(result, what):
    options, says = REFUSED[what]
    with pytest.raises(naa.InputError, match=says):
        result.plot(**options)


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
def test_a_result_with_nothing_to_plot_says_so(result):
    for other, what, says in (
        (naa.assign(result.image, result.atlas, threshold=1), "sweep", "no sweep was asked for"),
        (naa.assign(result.image, result.atlas, threshold=99), "regions", "has no mode to plot"),
        (naa.assign(result.image, result.atlas, threshold=99), "coverage", "has no mode to plot"),
        (naa.assign([[0, 0, 0]], result.atlas), "coverage", "of points there is a plot of regions alone"),
        (naa.assign(result.image, [result.atlas, replace(result.atlas, name="b")]), "regions", r"result.single\(0\)"),
    ):
        with pytest.raises(naa.InputError, match=says):
            other.plot(what)


def test_without_matplotlib_one_sentence_says_what_to_install(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(naa.InputError, match="figures need matplotlib: pip install"):
        result.plot("regions")
