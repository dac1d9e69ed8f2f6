"""A table that is made into a DataFrame when one is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .frames import pd


@dataclass(frozen=True)
class StoredTable:
    """Name, type and values (N,) of each column, as JSON holds them; None and NaN stay apart.

    Raises
    ------
    TypeError, ValueError
        If it is no list of such columns.
    """

    columns: list[tuple[str, str, list[Any]]]

    def __post_init__(self) -> None:
        lengths = {len(values) for _, _, values in self.columns}
        if len(lengths) > 1:
            raise ValueError("columns of different lengths")

    @classmethod
    def of(cls, table: pd.DataFrame) -> StoredTable:
        """What a DataFrame holds, with all digits of its numbers."""
        return cls([(str(name), str(column.dtype), column.tolist()) for name, column in table.items()])

    def __len__(self) -> int:
        """Number of rows."""
        return max((len(values) for _, _, values in self.columns), default=0)

    def column(self, name: str) -> list[Any] | None:
        """The values (N,) of a column; None where it has no such column."""
        return next((values for own, _, values in self.columns if own == name), None)

    def frame(self) -> pd.DataFrame:
        """The table."""
        return pd.DataFrame({name: pd.Series(values, dtype=dtype) for name, dtype, values in self.columns})


class Frame:
    """An attribute that is given as a DataFrame or as a `StoredTable`, and is a DataFrame."""

    def __init__(self, name: str) -> None:
        self._key = f"_{name}"

    def __get__(self, instance: Any, owner: type) -> pd.DataFrame:
        given = self.as_given(instance)
        if isinstance(given, StoredTable):
            given = instance.__dict__[self._key] = given.frame()
        return given

    def __set__(self, instance: Any, table: pd.DataFrame | StoredTable) -> None:
        instance.__dict__[self._key] = table

    def as_given(self, instance: Any) -> pd.DataFrame | StoredTable:
        """What was given, as long as no DataFrame was made of it."""
        given: pd.DataFrame | StoredTable = instance.__dict__[self._key]
        return given
