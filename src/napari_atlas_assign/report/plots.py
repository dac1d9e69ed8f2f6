"""Single plots of a result for notebooks and papers: what is in which region, coverage, the sweep, the overview."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..assignment.point_result import PointResult
from ..assignment.regions.table import NONE
from ..assignment.result import Result
from ..errors import InputError
from ..tables.frames import pd
from . import canvas
from .canvas import AS_FILE
from .colors import mode_color
from .figures import draw_figures
from .sweep_figure import draw_sweep
from .wording import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Plot = Literal["overview", "regions", "coverage", "sweep"]

MOST_BARS = 12
"""The largest ones; tables hold all."""

PARTS = {"assigned": "#1f9e89", "left open": "#9aa0a6", "outside all regions": "#e0c097"}
"""Of a mode, and their colours."""

_BAR, _EDGES = 0.28, 1.1
"""Inches of height, for each bar and around them."""


def plot_result(
    result: Result | PointResult, what: Plot = "overview", *, mode: int | None = None, axes: Axes | None = None
) -> Figure:
    """Draw one plot; see `Result.plot`."""
    if what not in get_args(Plot):
        raise InputError(f"there is no plot {what!r}; give {', '.join(get_args(Plot))}")
    if isinstance(result, Result) and len(result.comparisons) > 1:
        raise InputError("a plot is of one map and one atlas; give result.single(0).plot(), counted from 0")
    if mode is not None and what != "regions":
        raise InputError("mode: only for the plot of regions; leave it out")
    if axes is not None and what not in ("regions", "coverage"):
        raise InputError("axes: only for the plots of regions and coverage; leave it out")
    with canvas.own_settings():
        if isinstance(result, PointResult):
            return _plot_points(result, what, mode, axes)
        if what == "overview":
            drawn = draw_figures(result, AS_FILE)
            _, figure = next(drawn)
            drawn.close()
            return figure
        if what == "sweep":
            if result.sweep is None:
                raise InputError("no sweep was asked for; assign with sweep=[...], at least two thresholds")
            return draw_sweep(result, AS_FILE)
        return _plot_coverage(result, axes) if what == "coverage" else _plot_regions(result, mode, axes)


def _plot_points(result: PointResult, what: Plot, mode: int | None, axes: Axes | None) -> Figure:
    if what != "regions" or mode is not None:
        raise InputError("of points there is a plot of regions alone; give result.plot('regions')")
    if len(result.atlases) > 1:
        raise InputError("a plot is of one atlas; assign the points to one")
    return _bars(_lowest(result.regions)["count"], "points", result.points.name, axes=axes)


def _lowest(regions: pd.DataFrame) -> pd.DataFrame:
    """The rows of a region table, by name, that are nobody's ancestor, which would count its children again."""
    return regions[~regions["region"].isin([*regions["parent"].dropna(), NONE])].set_index("region")


def _plot_regions(result: Result, mode: int | None, axes: Axes | None) -> Figure:
    """The regions of one mode, by share; without modes, those of the map, by mean."""
    if not result.parameters.has_modes:
        return _bars(_lowest(result.regions)["mean"], "mean", result.image.name, axes=axes)
    modes = result.modes.sort_values("volume mm3", ascending=False, kind="stable")
    numbers = modes["input structure"].tolist()
    if not numbers:
        raise InputError("this result has no mode to plot; lower the threshold")
    mode = numbers[0] if mode is None else mode
    if mode not in numbers:
        raise InputError(f"there is no mode {mode}; the modes are {', '.join(map(str, numbers[:20]))}")
    score = "share" if result.atlas.holds_probabilities else "correlation"
    pairs = result.assignments[result.assignments["input structure"] == mode]
    what = f"mode {mode} of {shortened(result.image.name, 40)} in {shortened(result.atlas.name, 30)}"
    label = "share of the mode" if score == "share" else score
    return _bars(pairs.set_index("region")[score], label, what, mode_color(mode), axes)


def _plot_coverage(result: Result, axes: Axes | None) -> Figure:
    """How much of every mode regions account for, leave open, and do not reach."""
    modes = result.modes.nlargest(MOST_BARS, "volume mm3").sort_values("input structure")
    if modes.empty:
        raise InputError("this result has no mode to plot; lower the threshold")

    def draw(axes: Axes) -> None:
        names = [f"mode {number}" for number in modes["input structure"]]
        parts = (1 - modes["unassigned share"], modes["undecided share"], modes["outside share"])
        before = np.zeros(len(modes))
        for (part, color), values in zip(PARTS.items(), parts, strict=True):
            axes.barh(names, values, left=before, color=color, label=part)
            before = before + values.to_numpy()
        axes.set_xlim(0, 1)
        axes.set_xlabel("part of the mode")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(PARTS), frameon=False, fontsize="small")

    return _drawn(draw, len(modes), axes)


def _bars(
    values: pd.Series, label: str, title: str, color: str = PARTS["assigned"], axes: Axes | None = None
) -> Figure:
    """The largest values, named by their index, as bars."""
    largest = values[values != 0].dropna().sort_values(ascending=False, kind="stable").head(MOST_BARS)

    def draw(axes: Axes) -> None:
        places = np.arange(len(largest))  # names may be equal
        axes.barh(places, largest.to_numpy(float), color=color)
        names = [shortened(str(name), 40) for name in largest.index]
        axes.set_yticks(places, names, parse_math=False)
        axes.set_xlabel(label)
        more = int((values > 0).sum()) - len(largest)
        axes.set_title(title + (f"; {more} more" if more > 0 else ""), parse_math=False, fontsize="medium")

    return _drawn(draw, len(largest), axes)


def _drawn(draw: Callable[[Axes], None], n_bars: int, axes: Axes | None) -> Figure:
    """Bars from top to bottom on axes of the user's, or on a figure of their own."""
    if axes is None:
        figure = canvas.new_figure()
        figure.set_layout_engine("constrained")
        figure.set_size_inches(7, _EDGES + _BAR * max(n_bars, 1))
        axes = figure.add_subplot()
    draw(axes)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    return axes.figure.figure
