"""What every result can do: show itself, and write itself to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
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
