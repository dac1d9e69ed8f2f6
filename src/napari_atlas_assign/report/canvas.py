"""Drawing on panels of slices with matplotlib's objects: no window, no pyplot, no lasting change to settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .colors import REGION_COLORS, value_colors
from .scene import Scene
from .slices import ENDS, VIEWS, View, ViewBox, on_plane
from .wording import shortened

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Panels = dict[View, Axes]

WIDTH = 9.0
"""Width of a figure in inches."""

EDGE, GAP, LINE, TITLE, BAR = 0.24, 0.42, 0.2, 0.32, 0.55
"""Inches around the panels, between them, and for a line of the legend, the title and the bar of colours."""


@dataclass(frozen=True)
class Style:
    """What differs between figures on a page, which has its own words and may be dark, and figures as files."""

    text: str
    paper: str
    words: bool
    """Whether title and legend are part of the figure."""


ON_PAGE = Style(text="#808488", paper="none", words=False)
AS_FILE = Style(text="#303030", paper="white", words=True)


def new_figure() -> Figure:
    """A figure that belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    return figure


def check_matplotlib() -> None:
    """Find out whether figures can be drawn, before the work.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError('figures need matplotlib: pip install "napari-atlas-assign[report]"') from error


@contextmanager
def own_settings() -> Iterator[None]:
    """matplotlib's own settings in place of the user's, for as long as figures are drawn.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    check_matplotlib()
    from matplotlib import style

    # Text in SVG stays text, and ids do not differ from run to run.
    with style.context(["default", {"svg.fonttype": "none", "svg.hashsalt": "napari-atlas-assign"}]):
        yield


def lay_out(figure: Figure, scene: Scene, style: Style, *, slices: bool) -> Panels:
    """Put one panel per view on a figure, all at one scale, with the letters of the directions around them.

    Figures of slices have room for a legend and a bar of the image's colours.
    """
    frame = scene.frame
    across, up = [frame.extent(view.across) for view in VIEWS], [frame.extent(view.up) for view in VIEWS]
    legend = LINE * (len(REGION_COLORS) + 1) if style.words and slices else 0.0
    scale = (WIDTH - 2 * EDGE - 2 * GAP - (BAR if slices else 0)) / sum(across)
    height, bottom = max(up) * scale, legend + 1.7 * EDGE
    total = bottom + height + EDGE + (TITLE if style.words else 0)
    figure.set_size_inches(WIDTH, total)
    figure.set_facecolor(style.paper)
    panels, left = {}, EDGE
    for view, w, h in zip(VIEWS, across, up, strict=True):
        middle = bottom + height / 2
        box = (left / WIDTH, (middle - h * scale / 2) / total, w * scale / WIDTH, h * scale / total)
        panels[view] = _panel(figure, box, scene, view, style)
        left += w * scale + GAP
    if slices and not scene.is_rois:
        _draw_bar(
            figure,
            ((WIDTH - 0.46) / WIDTH, (bottom + 0.2 * height) / total, 0.1 / WIDTH, 0.6 * height / total),
            scene,
            style,
        )
    side = "right on the left (radiological)" if scene.radiological else "left on the left (neurological)"
    shown = scene.background.space or shortened(scene.background.name, 40)
    note = f"{side} · background: {shown}"
    _write(figure, 1 - EDGE / WIDTH, (legend + 0.06) / total, note, style, size=7, ha="right", va="bottom")
    return panels


def artists(figure: Figure, panels: Panels) -> set[Artist]:
    """What is drawn on a figure and its panels."""
    return {*figure.get_children(), *(artist for axes in panels.values() for artist in axes.get_children())}


def draw_background(axes: Axes, scene: Scene, view: View, position: float) -> None:
    """Draw the template in grey; outside of the brain the paper shows, with a soft edge."""
    value = on_plane(scene.background, scene.frame, view, position, 1) / scene.white
    grey = np.clip(value, 0, 1) ** 1.3 * 0.85 + 0.05
    show(axes, scene.frame, view, np.stack([grey, grey, grey, np.clip(value / 0.25, 0, 1)], axis=-1))


def draw_image(axes: Axes, scene: Scene, view: View, position: float) -> None:
    """Colour the image by value; what is not beyond the threshold fades out."""
    value = np.clip(on_plane(scene.image, scene.frame, view, position, 1), *scene.values)
    rgba = value_colors()((value / scene.limit + 1) / 2)
    part = np.abs(value) / scene.threshold if scene.threshold else np.where(value, 1.0, 0.0)
    rgba[..., 3] = np.where(part >= 1, 0.9, 0.55 * part**2)
    show(axes, scene.frame, view, rgba)


def show(axes: Axes, frame: ViewBox, view: View, rgba: NDArray[np.floating], interpolation: str = "bilinear") -> None:
    """Show colours (up, across, 4) that fill a frame."""
    extent = (frame.low[view.across], frame.high[view.across], frame.low[view.up], frame.high[view.up])
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(rgba, origin="lower", extent=extent, aspect="auto", interpolation=interpolation)
    axes.set(xlim=limits[0], ylim=limits[1])


def outline(
    axes: Axes,
    frame: ViewBox,
    view: View,
    values: NDArray[np.floating],
    level: float,
    color: str,
    width: float = 1.4,
    case: bool = False,
) -> None:
    """Draw where values (up, across) that fill a frame reach a level.

    In a dark case, a line stands out from any colour.
    """
    from contourpy import contour_generator
    from matplotlib.collections import LineCollection

    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    if not len(rows) or values.max() <= level:
        return
    padded = np.pad(values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
    x = frame.low[view.across] + frame.step * (np.arange(columns[0] - 1, columns[-1] + 2) + 0.5)
    y = frame.low[view.up] + frame.step * (np.arange(rows[0] - 1, rows[-1] + 2) + 0.5)
    lines: Any = contour_generator(x, y, padded, line_type="Separate").lines(level)
    effects = halo("#101010", width + 1.4) if case else None
    axes.add_collection(LineCollection(lines, colors=color, linewidths=width, path_effects=effects), autolim=False)


def mark(axes: Axes, x: float, y: float) -> None:
    """Draw two thin lines through a place."""
    for draw, at in ((axes.axvline, x), (axes.axhline, y)):
        draw(at, color="#808080", linewidth=0.6, alpha=0.6)


def write_corner(axes: Axes, text: str, style: Style) -> None:
    """Write above the left corner of a panel."""
    _write(axes, 0, 1, text, style, ha="left", va="bottom")


def write_title(figure: Figure, text: str, style: Style) -> None:
    """Write at the top of a figure."""
    _write(
        figure, EDGE / WIDTH, 1 - 0.1 / figure.get_figheight(), text, style, size=10, weight="bold", ha="left", va="top"
    )


def write_legend(figure: Figure, entries: list[tuple[str, str]], style: Style) -> None:
    """Write lines of a colour and its meaning at the bottom of a figure of slices."""
    from matplotlib.patches import Rectangle

    inches = figure.get_figheight()
    for line, (color, text) in enumerate(entries):
        y = (0.14 + LINE * (len(REGION_COLORS) - line)) / inches
        figure.add_artist(
            Rectangle((EDGE / WIDTH, y - 0.05 / inches), 0.22 / WIDTH, 0.1 / inches, color=color, linewidth=0)
        )
        _write(figure, 0.56 / WIDTH, y, text, style, size=8, ha="left")


def halo(color: str, width: float) -> list[Any]:
    """Path effects: a line or letters on a wider stroke of a colour."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=color)]


def _panel(figure: Figure, box: tuple[float, float, float, float], scene: Scene, view: View, style: Style) -> Axes:
    frame, axes = scene.frame, figure.add_axes(box)
    axes.set_axis_off()
    axes.set_xlim(frame.low[view.across], frame.high[view.across])
    axes.set_ylim(frame.low[view.up], frame.high[view.up])
    low, high = ENDS[view.across]
    if view.across == 0 and scene.radiological:
        axes.invert_xaxis()
        low, high = high, low
    width, height = box[2] * WIDTH, box[3] * figure.get_figheight()
    _write(axes, -0.05 / width, 0.5, low, style, ha="right", weight="bold")
    _write(axes, 1 + 0.05 / width, 0.5, high, style, ha="left", weight="bold")
    _write(axes, 0.5, -0.03 / height, ENDS[view.up][0], style, va="top", weight="bold")
    _write(axes, 0.5, 1, ENDS[view.up][1], style, va="bottom", weight="bold")
    return axes


def _draw_bar(figure: Figure, box: tuple[float, float, float, float], scene: Scene, style: Style) -> None:
    """The scale of the image's colours, with its ends, 0 and the threshold, where they are not too close."""
    low, high = scene.values
    axes = figure.add_axes(box)
    values = np.linspace(low, high, 256)[:, None]
    axes.imshow(value_colors()((values / scene.limit + 1) / 2), aspect="auto", origin="lower", extent=(0, 1, low, high))
    axes.set_xticks([])
    axes.yaxis.tick_right()
    ticks: list[float] = []
    for tick in (low, high, 0.0, scene.threshold, -scene.threshold):
        if low <= tick <= high and all(abs(tick - other) > 0.06 * (high - low) for other in ticks):
            ticks.append(tick)
    axes.set_yticks(ticks, [f"{tick:.3g}".replace("-", "−") for tick in ticks])
    axes.tick_params(colors=style.text, labelsize=7, length=2, width=0.6, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write(on: Axes | Figure, x: float, y: float, text: str, style: Style, **settings: Any) -> None:
    """Write at a part of the width and height of a panel or figure."""
    place: dict[str, Any] = {"transform": on.transAxes} if hasattr(on, "transAxes") else {}
    # Names may hold dollar signs, which are no formulas.
    usual = {"ha": "center", "va": "center", "size": 9, "color": style.text, "parse_math": False}
    on.text(x, y, text, **{**usual, **place, **settings})
