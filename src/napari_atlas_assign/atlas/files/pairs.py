"""Tables of two columns that the user writes: a region and its group, a subject and its group."""

from __future__ import annotations

import csv
from pathlib import Path

from ...encoding import decode, one_line
from ...errors import InputError
from ...limits import read_bytes


def read_pairs(path: Path, key: str, value: str = "group") -> dict[str, str]:
    """Read one column of a TSV or CSV file by another one, whatever columns there are besides.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column or a cell, or names one key with two values.
    """
    text = decode(read_bytes(path)).lstrip("\ufeff")
    separator = "\t" if "\t" in text.split("\n", 1)[0] else ","
    reader = csv.DictReader(text.splitlines(), delimiter=separator, strict=True)
    heads = [(head or "").strip().lower() for head in reader.fieldnames or ()]
    if not {key, value} <= set(heads):
        raise InputError(f"{path.name} needs the columns {key} and {value}; name them in its first line")
    reader.fieldnames = heads
    value_of: dict[str, str] = {}
    try:
        for line in reader:
            one, its = (one_line(line[name] or "").strip() for name in (key, value))
            if not one or not its:
                raise InputError(f"{path.name}, line {reader.line_num}: a {key} or its {value} is missing; fill it in")
            if value_of.setdefault(one, its) != its:
                raise InputError(f"{path.name}: {one!r} has two {value}s, {value_of[one]!r} and {its!r}; leave one")
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num} cannot be read ({error}); repair it") from error
    if not value_of:
        raise InputError(f"{path.name} has no rows; give one {key} and its {value} per line")
    return value_of
