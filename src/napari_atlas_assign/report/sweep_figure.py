"""The figure of a threshold sweep: the size of every mode along the thresholds, its best regions, and what merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..assignment.result import Result
from ..tables.frames import pd
from . import canvas
from .canvas import EDGE, TITLE, WIDTH, Style
from .colors import mode_color
from .scene import MAX_MODES
from .wording import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 4.6
"""Of the panel in inches."""

MOST_NAMED = 12
"""Modes of which the best regions are written, the largest."""

OTHER = "#9aa0a6"
"""Colour of a mode that is none at the threshold of the assignment."""


def draw_sweep(result: Result, style: Style) -> Figure:
    """Draw the sweep of one image with one atlas, inside `canvas.own_settings`; modes have the usual colours."""
    sweep = result.sweep
    assert sweep is not None
    figure = canvas.new_figure()
    title = TITLE if style.words else 0.0
    height = HEIGHT + 2.5 * EDGE + title
    figure.set_size_inches(WIDTH, height)
    figure.set_facecolor(style.paper)
    left, bottom = 0.75 / WIDTH, 2 * EDGE / height
    axes = figure.add_axes((left, bottom, 1 - left - EDGE / WIDTH, 1 - bottom - (EDGE / 2 + title) / height))
    _dress(axes, style)
    colors = cluster_colors(result)
    labels = _Labels(axes, style)
    largest = sweep.groupby("cluster")["volume mm3"].max().sort_values(ascending=False, kind="stable")
    clusters = largest.index[:MAX_MODES].tolist()
    for cluster in clusters:
        _draw_cluster(axes, sweep[sweep["cluster"] == cluster], sweep, colors.get(cluster, OTHER))
    axes.autoscale_view()  # names are put where lines are now
    for cluster in clusters[:MOST_NAMED]:
        labels.write_changes(sweep[sweep["cluster"] == cluster], colors.get(cluster, style.text))
    if style.words:
        canvas.write_title(figure, f"Modes of {shortened(result.image.name)} along the threshold", style)
    return figure


def cluster_colors(result: Result) -> dict[int, str]:
    """The colour of every cluster of a sweep that is a mode of the assignment, told by sign and peak."""
    sweep = result.sweep
    assert sweep is not None
    cluster_of = dict(zip(zip(sweep["sign"], sweep["peak"], strict=True), sweep["cluster"], strict=True))
    modes = zip(result.modes["input structure"], result.modes["sign"], result.modes["peak"], strict=True)
    numbers = {cluster_of.get((sign, peak)): number for number, sign, peak in modes}
    return {int(cluster): mode_color(int(number)) for cluster, number in numbers.items() if cluster is not None}


def best_region(row: Any) -> str:
    """The best region by share, or where none has one, by correlation."""
    names = (row["best region by share"], row["best region by correlation"])
    return next((name for name in names if isinstance(name, str)), "no region")


def changes(rows: pd.DataFrame) -> list[tuple[float, float, str]]:
    """Threshold, volume and best region of one mode where it begins, by rising threshold, and wherever that changes."""
    places: list[tuple[float, float, str]] = []
    for _, row in rows.sort_values("threshold").iterrows():
        name = best_region(row)
        if not places or name != places[-1][2]:
            places.append((row["threshold"], row["volume mm3"], name))
    return places


def _dress(axes: Axes, style: Style) -> None:
    axes.set_yscale("log")
    axes.set_facecolor("none")
    axes.set_xlabel("threshold", color=style.text, size=9)
    axes.set_ylabel("volume of the mode (mm³)", color=style.text, size=9)
    axes.tick_params(which="both", colors=style.text, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(style.text)
    axes.margins(x=0.04, y=0.1)


def _draw_cluster(axes: Axes, rows: pd.DataFrame, sweep: pd.DataFrame, color: str) -> None:
    """One mode as a line, and where it has merged into another one, a dotted line to that."""
    axes.plot(rows["threshold"], rows["volume mm3"], color=color, lw=1.6, marker="o", ms=2.6)
    for _, row in rows[rows["merges into"].notna()].iterrows():
        lower = sweep[(sweep["cluster"] == row["merges into"]) & (sweep["threshold"] < row["threshold"])]
        parent = lower.loc[lower["threshold"].idxmax()]
        ends = [parent["threshold"], row["threshold"]], [parent["volume mm3"], row["volume mm3"]]
        axes.plot(*ends, color=color, lw=1, ls=":")


class _Labels:
    """Names of regions on a panel, none on another; one for which there is no room is left out."""

    def __init__(self, axes: Axes, style: Style) -> None:
        self._axes = axes
        self._taken: list[Any] = []
        self._ground = {"fc": style.paper, "alpha": 0.7, "lw": 0, "pad": 0.5}

    def write_changes(self, rows: pd.DataFrame, color: str) -> None:
        """Write the best regions of one mode where they begin."""
        for threshold, volume, name in changes(rows):
            self._write(threshold, volume, shortened(name, 40), color)

    def _write(self, x: float, y: float, name: str, color: str) -> None:
        for offset in (5, -10, 14, -19, 23):
            text = self._axes.annotate(
                name, (x, y), (3, offset), textcoords="offset points", size=7, color=color, parse_math=False,
                bbox=self._ground,
            )  # fmt: skip
            box = text.get_window_extent()
            if box.x1 > self._axes.bbox.x1:
                text.set_horizontalalignment("right")
                box = text.get_window_extent()
            if not any(box.overlaps(other) for other in self._taken):
                self._taken.append(box)
                return
            text.remove()
