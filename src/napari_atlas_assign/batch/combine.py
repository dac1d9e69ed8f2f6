"""The combined tables: the rows of all maps of a batch, in the order of the maps, as TSV or Parquet.

Records are read one after the other, so that memory does not grow with the batch.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol

from ..errors import InputError

ColumnKinds = Sequence[Sequence[str]]
"""Names and kinds, as of `work.columns_of`."""

TableFormat = Literal["tsv", "parquet"]
FORMATS: tuple[TableFormat, ...] = ("tsv", "parquet")

_GROUP = 2**23
"""Bytes of text that become one row group of a Parquet file."""


class TableWriter(Protocol):
    """Takes the rows of a table piece by piece."""

    def add(self, columns: ColumnKinds, rows: bytes) -> None:
        """Add rows, as in a TSV file; the columns are those of all rows."""

    def __enter__(self) -> TableWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def check_format(table_format: TableFormat) -> None:
    """Raise an InputError for Parquet where pyarrow is not installed."""
    if table_format == "parquet" and find_spec("pyarrow") is None:
        raise InputError(
            'Parquet needs pyarrow: pip install "napari-atlas-assign[parquet]", or write TSV with --format tsv'
        )


def open_table(path: Path, table_format: TableFormat) -> TableWriter:
    """Begin a table; its file is there when something was added, be it no row."""
    return TsvWriter(path) if table_format == "tsv" else ParquetWriter(path)


def tsv_line(cells: Sequence[Any]) -> bytes:
    """One row of a TSV file; what is missing is ``n/a``."""
    line = io.StringIO()
    csv.writer(line, delimiter="\t", lineterminator="\n").writerow(["n/a" if cell is None else cell for cell in cells])
    return line.getvalue().encode("utf-8", errors="backslashreplace")


class TsvWriter:
    """Writes the rows as they are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def add(self, columns: ColumnKinds, rows: bytes) -> None:
        """Add rows."""
        if self._file is None:
            self._file = self._path.open("wb")
            self._file.write(tsv_line([name for name, _ in columns]))
        self._file.write(rows)

    def __enter__(self) -> TsvWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


class ParquetWriter:
    """Parses the rows, which changes no number: their text has every digit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self._columns: ColumnKinds = ()
        self._rows: list[bytes] = []
        self._size = 0

    def add(self, columns: ColumnKinds, rows: bytes) -> None:
        """Add rows."""
        self._columns = self._columns or columns
        self._rows.append(rows)
        self._size += len(rows)
        if self._size > _GROUP:
            self._write_group()

    def __enter__(self) -> ParquetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._columns:
            self._write_group()
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> None:
        import pyarrow.parquet

        table = _parsed(b"".join(self._rows), self._columns)
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._rows, self._size = [], 0


def _parsed(rows: bytes, columns: ColumnKinds) -> Any:
    """A pyarrow table of rows; positions become lists of three numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as pa_csv

    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "fraction": pa.float64(),
        "position": pa.string(),
        "boolean": pa.bool_(),
    }
    points = pa.list_(pa.float64())
    names = [name for name, _ in columns]
    schema = pa.schema([(name, types[kind]) for name, kind in columns])
    if not rows:
        table = schema.empty_table()
    else:
        table = pa_csv.read_csv(
            pa.BufferReader(rows),
            read_options=pa_csv.ReadOptions(column_names=names, block_size=len(rows) + 1),
            parse_options=pa_csv.ParseOptions(delimiter="\t", newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=schema, null_values=["n/a"], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
    for index, (name, kind) in enumerate(columns):
        if kind == "position":
            inner = pc.utf8_slice_codeunits(table[name], 1, -1)
            table = table.set_column(index, name, pc.cast(pc.split_pattern(inner, ", "), points))
    return table.combine_chunks()
