"""A result in a few lines: in a notebook, at a Python prompt, at the end of a command."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np

from ..assignment.point_result import PointResult
from ..assignment.result import Result
from ..tables.cells import is_missing
from ..tables.frames import pd
from ..tables.parts import Part, columns_of_table, is_column, n_rows, names_of
from .wording import counted, listed, shortened

MOST_ROWS = 10
"""Of the table."""

_LONGEST_NAME = 60


def short_text(result: Result | PointResult) -> str:
    """What it is, the first rows of its summary, and its warnings, as lines of text."""
    lines = [headline(result), *summary_lines(result), *(f"Warning: {warning}." for warning in result.warnings)]
    return "\n".join(lines)


def short_html(result: Result | PointResult) -> str:
    """The same as HTML."""
    table = result.summary()
    shown = _short_names(table.head(MOST_ROWS))
    parts = [f"<p><strong>{html.escape(headline(result))}</strong></p>"]
    if len(table):
        with pd.option_context("display.max_colwidth", None):
            parts.append(shown.to_html(index=False, na_rep="–", float_format=_rounded, border=0))
    parts += [f"<p>{html.escape(line)}</p>" for line in _more(len(table))]
    parts += [f"<p>⚠ {html.escape(warning)}.</p>" for warning in result.warnings]
    return "\n".join(parts)


def headline(result: Result | PointResult) -> str:
    """What was compared, at which threshold, and how much came of it."""
    n_pairs = counted(_n_assignments(result), "assignment")
    atlases = listed([atlas.name for atlas in result.atlases])
    if isinstance(result, PointResult):
        unlocated = f" and {len(result.points.unlocated)} without coordinates" if result.points.unlocated else ""
        return f"{result.points.name}: {counted(len(result.points), 'point')}{unlocated}, {n_pairs} to {atlases}"
    first, run = result.images[0], result.comparisons[0]
    name = first.name if len(result.images) == 1 else f"{counted(len(result.images), 'map')} from {first.name}"
    if not result.parameters.has_modes:
        n_regions = counted(sum(atlas.n_regions for atlas in result.atlases), "region")
        return f"{name}, without a threshold: {n_regions} of {atlases}"
    chosen = result.parameters.threshold_in_words(first, run.threshold)
    at = f" ({chosen})" if chosen and len(result.images) == 1 else ""
    what = "region of interest" if result.parameters.rois else "mode"
    return f"{name}{at}: {counted(n_modes(result), what)}, {n_pairs} to {atlases}"


def _n_assignments(result: Result | PointResult) -> int:
    if isinstance(result, PointResult):
        return int(result.assignments["region"].notna().sum())
    return sum(map(n_rows, result.parts("assignments")))


def n_modes(result: Result) -> int:
    """How many modes were found, each once however many atlases it was compared with."""
    return sum(modes.n_modes for modes in {id(run.modes): run.modes for run in result.comparisons}.values())


def summary_lines(result: Result | PointResult, rows: int = MOST_ROWS) -> list[str]:
    """The first rows of the summary as lines of text."""
    parts = result.parts("summary") if isinstance(result, Result) else [columns_of_table(result.summary())]
    n = sum(map(n_rows, parts))
    return [*(first_rows(parts, rows).splitlines() if n else ()), *_more(n, rows)]


def first_rows(parts: Sequence[Part], rows: int) -> str:
    """The first rows of a table, with numbers rounded for reading, and texts on one line each, long ones cut."""
    columns = [[name, *map(_text, islice(_values(parts, name), rows))] for name in names_of(parts)]
    widths = [max(map(len, column)) for column in columns]
    lines = zip(*columns, strict=True)
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)


def _values(parts: Sequence[Part], name: str) -> Iterator[Any]:
    """The values of a column along all parts."""
    for part in parts:
        column = part.get(name)
        values: Any = column if is_column(column) else repeat(column)
        yield from islice(values, n_rows(part))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return shortened(value, _LONGEST_NAME)
    if is_missing(value):
        return "-"
    return _rounded(float(value)) if isinstance(value, float | np.floating) else str(value)


def _more(n: int, rows: int = MOST_ROWS) -> list[str]:
    return [f"and {n - rows} more"] if n > rows else []


def _rounded(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _short_names(table: pd.DataFrame) -> pd.DataFrame:
    """The table with texts on one line each, long ones cut in the middle, and None for what is missing."""
    columns: dict[str, Any] = {
        name: [shortened(v, _LONGEST_NAME) if isinstance(v, str) else None if is_missing(v) else v for v in table[name]]
        for name in table.columns
        if table[name].dtype == object or isinstance(table[name].dtype, pd.StringDtype | pd.Int64Dtype)
    }
    return table.assign(**columns)
