"""What every result can do: show itself, and write itself to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..report.plots import Plot
    from .point_result import PointResult
    from .result import Result


class Saving:
    """What results of maps and of points have in common. These are the only arrows that point up: to `report`."""

    def __repr__(self) -> str:
        """What it is, in a few lines."""
        from ..report.short import short_text

        return short_text(cast("Result | PointResult", self))

    def _repr_html_(self) -> str:
        """The same where a notebook shows it."""
        from ..report.short import short_html

        return short_html(cast("Result | PointResult", self))

    def methods(self) -> str:
        """What was done, as a paragraph for a paper, and after an empty line the works that it cites, as BibTeX.

        Made from the record; works are cited by their keys, as in ``[@siibra]``.
        """
        from ..report.provenance import record_of
        from ..report.words.methods import methods_text

        return methods_text(record_of(cast("Result | PointResult", self)))

    def plot(self, what: Plot = "overview", *, mode: int | None = None, axes: Axes | None = None) -> Figure:
        """Draw one plot of one map with one atlas, for a notebook or a paper.

        Parameters
        ----------
        what : {"overview", "regions", "coverage", "sweep"}
            ``overview``: all modes in a see-through brain. ``regions``: the regions of a mode by share (of atlases
            that hold no probabilities, by correlation); of a map without modes by mean; of points by number.
            ``coverage``: the parts of every mode that regions account for, leave open and do not reach. ``sweep``: the
            modes along the thresholds of `sweep`. Points have ``regions`` alone.
        mode : int, optional
            Number of the mode whose regions are shown; the largest if left out.
        axes : matplotlib Axes, optional
            Draw ``regions`` or ``coverage`` here instead of on a figure of their own.

        Returns
        -------
        matplotlib Figure
            It belongs to no window; ``figure.savefig`` writes it, and a notebook shows it.

        Raises
        ------
        InputError
            If there is nothing of this kind to plot, an argument plays no part, or matplotlib is missed.
        """
        from ..report.plots import plot_result

        return plot_result(cast("Result | PointResult", self), what, mode=mode, axes=axes)

    def save(self, folder: str | os.PathLike[str], report: bool = False) -> Path:
        """Write the tables, of maps the mode volumes, and the record into a new folder, whole or not at all.

        Parameters
        ----------
        folder : path
            Made with its parents. An earlier result in it is replaced.
        report : bool
            Also write ``report.html``, and of maps the folder ``figures``.

        Raises
        ------
        InputError
            If the folder exists and holds anything but an earlier result, or cannot be written.
        """
        from ..report.folder import save_result

        return save_result(cast("Result | PointResult", self), Path(folder), report)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write one self-contained HTML file with the tables, the record and of maps the figures.

        See `report.html.save_report`.

        Raises
        ------
        InputError
            If the name does not end in ``.html``, the file cannot be written, or matplotlib is missed.
        """
        from ..report.html import save_report

        return save_report(cast("Result | PointResult", self), path)
