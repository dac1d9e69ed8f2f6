"""The report of a batch whose maps are of groups of subjects: one column of the region tables by region and group."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from ...assignment.columns import GROUPS, REGIONS
from ...tables.frames import pd
from .. import canvas
from ..figures import figure_bytes
from ..html import column_meanings, html_table, text, whole_page
from ..wording import counted, number
from .figure import draw_groups


def group_page(
    table: pd.DataFrame, values: pd.DataFrame, group_of: Mapping[str, str], column: str, record: Mapping[str, Any]
) -> str:
    """The report as the text of a page.

    Parameters
    ----------
    table : DataFrame
        Of `regions_by_group`.
    values : DataFrame
        (subjects, rows of the region table).
    group_of : mapping
        Subject -> group.
    column : str
        The column of the region tables that is described.
    record : mapping
        What the batch was made from.
    """
    sizes = pd.Series(group_of.values()).value_counts(sort=False)
    subjects = ", ".join(f"{number(size, 0)} of {text(group)}" for group, size in sizes.items())
    listed = pd.DataFrame({"subject": list(group_of), "group": list(group_of.values())})
    content = f"""<header>
<p class="kind">Regions by group</p>
<h1>{text(column)} by region and group</h1>
<p>{text(REGIONS[column].explanation, 1000)} {counted(len(group_of), "subject")}: {subjects}. Nothing is tested
here.</p>
</header>
{_figure(table, values, group_of, column)}
<section>
<h2>All regions</h2>
<p class="quiet">One row for each region and group; mean and sd over the subjects, each counted once.</p>
{html_table(table, {}, GROUPS)}
{column_meanings(list(table.columns), GROUPS)}
</section>
<section>
<h2>Subjects</h2>
<details><summary>Who is in which group</summary>{html_table(listed, {}, GROUPS)}</details>
</section>"""
    return whole_page(f"{column} by region and group", content, record)


def _figure(table: pd.DataFrame, values: pd.DataFrame, group_of: Mapping[str, str], column: str) -> str:
    """The bars as a picture within the page; a word where they cannot be drawn."""
    if not find_spec("matplotlib"):
        return '<p class="quiet">Bars need matplotlib, which is not installed: napari-atlas-assign[report].</p>'
    with canvas.own_settings():
        figure = draw_groups(table, values, group_of, column, canvas.ON_PAGE)
        picture = base64.b64encode(figure_bytes(figure)).decode()
    words = f"Mean {text(column)} of each group, with its standard deviation; a dot is a subject."
    return f"""<figure><img src="data:image/png;base64,{picture}" alt="{words}">
<figcaption>{words} The regions with the largest means, of those that nothing else is below.</figcaption></figure>"""
