"""What a row of the table of a sweep is about: a mode at another threshold. Without Qt."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Any

from ...assignment.result import Result
from .filters import MODE_COLUMN
from .rows import Place, Subject
from .values import TableValues


class SweepReader:
    """Reads the rows of the sweep of a result."""

    def __init__(self, result: Result, columns: TableValues) -> None:
        self._result, self._columns = result, columns

    def modes(self) -> list[int]:
        """(N,) the number, at the threshold of the result, of the mode with a row's peak; 0 where that is none."""
        return [mode for _, mode in self._modes]

    def mode(self, row: int) -> tuple[int, int]:
        """The run of a row, and its mode as `modes` has it."""
        return self._modes[row]

    def subject(self, row: int) -> Subject:
        """The mode of the result that a row is about."""
        run, mode = self._modes[row]
        return Subject(mode, None, run)

    def keys(self) -> list[Hashable]:
        """(N,) tell rows again in the table of a later result."""
        runs = (run for run, _ in self._modes)
        cells = (self._columns.values(name) for name in ("threshold", "sign", "peak"))
        return list(zip(runs, *cells, strict=True))

    def place(self, row: int, column: str) -> Place | None:
        """The centroid where its column was asked for, otherwise the peak."""
        place: Place | None = self._columns.values("centroid" if column == "centroid" else "peak")[row]
        return place

    @cached_property
    def _modes(self) -> list[tuple[int, int]]:
        """Run and mode of each row."""
        tables = [self._result.single(run) for run in range(len(self._result.comparisons))]
        known: dict[Any, int] = {}
        for run, table in enumerate(tables):
            columns = (table.modes[name].tolist() for name in ("sign", "peak", MODE_COLUMN))
            known |= {(run, sign, peak): number for sign, peak, number in zip(*columns, strict=True)}
        sizes = [0 if table.sweep is None else len(table.sweep) for table in tables]
        runs = [run for run, size in enumerate(sizes) for _ in range(size)]
        peaks = zip(runs, self._columns.values("sign"), self._columns.values("peak"), strict=True)
        return [(peak[0], known.get(peak, 0)) for peak in peaks]
