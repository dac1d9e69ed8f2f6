"""`show`: a result in a viewer. The widget calls it, and so do scripts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..assignment.point_result import PointResult
from ..assignment.result import Result
from .layers.frame import title_of
from .turns import at_once
from .viewer.keep_in_view import keep_whole
from .viewer.placing import color_of_mode, draw, find_frame, find_layers, put_layers

TABLE_NAME = "Assigned regions"
"""The docked table's name; by it, a later result finds the table of an earlier one."""


def show(result: Result | PointResult, viewer: Any) -> None:
    """Add a result to a napari viewer, or update what an earlier result of the same image left there.

    Adds two Labels layers, the modes and each mode's best region (one for each atlas), or of points a Points layer,
    and the docked table of results. Where every atlas has modes of its own, it has its own layer of modes, too.

    Parameters
    ----------
    result : Result or PointResult
        What `assign` returns.
    viewer : napari.Viewer
        Or a ``ViewerModel``, which has no window and gets no table.
    """
    frame = find_frame(result, viewer)
    earlier = find_layers(viewer, "modes", title_of(result)) if isinstance(result, Result) else []
    put_layers(viewer, result, draw(result, frame, earlier), frame)
    show_table(result, viewer)


def show_table(result: Result | PointResult, viewer: Any) -> None:
    """Show a result in the docked table, which is opened if need be; a viewer without a window has none."""
    at_once(show_table_in_turns(result, viewer))


def show_table_in_turns(result: Result | PointResult, viewer: Any) -> Iterator[None]:
    """As `show_table`, but pause between the steps of opening the table."""
    if not hasattr(viewer, "window"):
        return
    from .docks import beside_left_docks
    from .table.viewer_link import TableLink
    from .table.widget import ResultsTable  # Qt, which scripts without a window do without

    color = partial(color_of_mode, viewer, result)
    table = viewer.window.dock_widgets.get(TABLE_NAME)
    if table is not None:
        table.set_result(result, color)
        return
    table = ResultsTable()
    yield
    table.set_result(result, color)  # before it is seen: what comes later is laid out anew, before the user's eyes
    yield
    if TABLE_NAME in viewer.window.dock_widgets:  # opened by someone else in the meantime
        return
    keep_whole(viewer)
    viewer.window.add_dock_widget(table, name=TABLE_NAME, area="bottom")
    beside_left_docks(table)
    yield
    TableLink(table, viewer)
