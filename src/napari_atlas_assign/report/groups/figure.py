"""The bars of a column of the region tables by region and group of subjects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...assignment.columns import REGIONS
from ...tables.frames import pd
from .. import canvas
from ..canvas import EDGE, WIDTH, Style
from ..colors import mode_color
from ..wording import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_REGIONS = 24
"""Regions with bars, those with the largest means."""

BAR = 0.16
"""Height of one bar in inches."""

NAMES = 2.6
"""Inches for the names of regions."""


def draw_groups(
    table: pd.DataFrame, values: pd.DataFrame, group_of: Mapping[str, str], column: str, style: Style
) -> Figure:
    """Draw a bar for each region and group, inside `canvas.own_settings`; see `page.group_page`."""
    groups = list(dict.fromkeys(group_of.values()))
    rows = largest_rows(table, len(groups))
    figure = canvas.new_figure()
    inches = max(len(rows) * (len(groups) + 1), 4) * BAR
    height = inches + 3 * EDGE + BAR * 1.6 * len(groups)
    figure.set_size_inches(WIDTH, height)
    figure.set_facecolor(style.paper)
    axes = figure.add_axes((NAMES / WIDTH, 2 * EDGE / height, 1 - (NAMES + EDGE) / WIDTH, inches / height))
    middle = np.arange(len(rows)) * (len(groups) + 1.0)
    for number, group in enumerate(groups):
        place = middle + number - (len(groups) - 1) / 2
        of_group = table.iloc[rows * len(groups) + number]
        own = values.loc[[name for name in values.index if group_of[name] == group]].to_numpy()[:, rows]
        axes.barh(place, of_group["mean"], 0.86, xerr=of_group["sd"], color=mode_color(number + 1), alpha=0.75,
                  error_kw={"ecolor": style.text, "lw": 1}, label=shortened(group, 40))  # fmt: skip
        axes.plot(own.ravel(), np.tile(place, len(own)), "o", color=style.text, ms=2.2, mew=0, zorder=3)
    names = [shortened(name, 40) for name in table["region"].iloc[rows * len(groups)]]
    axes.set_yticks(middle, names, parse_math=False)
    axes.set_ylim(middle.max(initial=0) + len(groups), -len(groups))
    axes.set_facecolor("none")
    unit = {"": "", "image": " (unit of the image)"}.get(REGIONS[column].unit, f" ({REGIONS[column].unit})")
    axes.set_xlabel(column + unit, color=style.text, size=9)
    axes.tick_params(colors=style.text, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(style.text)
    legend = figure.legend(loc="upper right", frameon=False, fontsize=8, labelcolor=style.text)
    for label in legend.get_texts():
        label.set_parse_math(False)
    return figure


def largest_rows(table: pd.DataFrame, n_groups: int) -> NDArray[np.intp]:
    """Rows of the region table of the regions with the largest means of any group, largest first.

    Ancestors, which hold what other rows hold, are left out, and so is what lies in no region.
    """
    first = table.iloc[::n_groups]
    has_children = first["region"].isin(first["parent"].dropna())
    mean = table["mean"].abs().to_numpy().reshape(-1, n_groups)
    height = np.where(np.isnan(mean), 0, mean).max(axis=1)
    height[has_children.to_numpy() | (first["region"] == "(none)").to_numpy()] = 0
    order = np.argsort(-height, kind="stable")[:MOST_REGIONS]
    return order[height[order] > 0]
