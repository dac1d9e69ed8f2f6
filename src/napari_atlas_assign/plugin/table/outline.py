"""The rows of a table as a tree of which parts are folded away. Without Qt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .values import TableValues

TREE_COLUMN = "region"
"""The column whose cells are indented."""


@dataclass(frozen=True)
class Branch:
    """How a row stands in the tree."""

    level: int
    is_open: bool | None
    """None: there is nothing below it."""


class Outline:
    """The tree of a table whose rows follow their parents, level by level."""

    def __init__(self, levels: NDArray[np.integer]) -> None:
        self.levels = levels
        self.has_children = np.append(levels[1:] > levels[:-1], False)

    def open_rows(self, rows: NDArray[np.intp], folded: Collection[int]) -> NDArray[np.intp]:
        """Of rows in the table's order, those that lie below no folded one."""
        shown, folded_at = [], np.inf
        for row in rows.tolist():
            if self.levels[row] > folded_at:
                continue
            shown.append(row)
            folded_at = self.levels[row] if row in folded else np.inf
        return np.array(shown, dtype=np.intp)


def outline_of(columns: TableValues) -> Outline | None:
    """The tree of a table of regions; None where no row is below another."""
    if "level" not in columns or TREE_COLUMN not in columns:
        return None
    levels = np.nan_to_num(columns.numbers("level")).astype(np.intp)  # what lies in no region stands with the roots
    return Outline(levels) if levels.any() else None
