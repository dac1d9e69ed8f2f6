"""Tables as columns, which are worked out and written without pandas, and made into DataFrames for who asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frames import pd

Part = dict[str, Any]
"""Some rows of a table: columns (N,) by name, or one value for all rows.

A column is an array, a list, `Taken`, `Nullable` or `Lasting`, or a column of a DataFrame.
"""


@dataclass(frozen=True)
class Taken:
    """A column of another table at some rows (N,), of which a DataFrame need not look at each value again."""

    values: Sequence[Any] | NDArray[Any]
    """(R,) of that column."""
    array: Callable[[], Any]
    """The same as pandas holds them."""
    row: NDArray[np.integer]
    """(N,) which of them."""

    def __len__(self) -> int:
        return len(self.row)

    def __iter__(self) -> Iterator[Any]:
        return (self.values[row] for row in self.row.tolist())

    def tolist(self) -> list[Any]:
        """The values (N,)."""
        return list(self)


class Nullable(list[int | None]):
    """Whole numbers (N,), None where there is none."""


@dataclass(frozen=True, eq=False)
class Lasting:
    """A column that stands in many tables as it is, so that its cells are made into text once."""

    column: Any
    """(N,) as a part holds it."""

    def __len__(self) -> int:
        return len(self.column)


def columns_of_table(table: pd.DataFrame) -> Part:
    """A DataFrame as one part."""
    return {str(name): table[name] for name in table.columns}


def table_of_part(part: Part) -> pd.DataFrame:
    """A part as a DataFrame."""
    return pd.DataFrame({name: _array(column) for name, column in part.items()})


def table_of_parts(parts: Sequence[Part]) -> pd.DataFrame:
    """Parts below each other as a DataFrame."""
    tables = [table_of_part(part) for part in parts]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def names_of(parts: Sequence[Part]) -> list[str]:
    """Names of the columns of parts below each other."""
    return list(dict.fromkeys(name for part in parts for name in part))


def n_rows(part: Part) -> int:
    """How many rows a part has."""
    return next(len(column) for column in part.values() if is_column(column))


def is_column(value: Any) -> bool:
    """Whether a part holds a column, and not one value for all rows."""
    return isinstance(value, Sized) and not isinstance(value, str)


def _array(column: Any) -> Any:
    """A column as pandas takes it."""
    if isinstance(column, Lasting):
        return _array(column.column)
    if isinstance(column, Taken):
        return column.array().take(column.row)
    return pd.array(column, dtype="Int64") if isinstance(column, Nullable) else column
