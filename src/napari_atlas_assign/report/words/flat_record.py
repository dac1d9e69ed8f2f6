"""A record as one line for each of its facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

MAX_ENTRIES = 20
"""Of long lists, so many entries are shown."""


def flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every fact of a record with the way to it; files by name only: folders tell of the user, not of a result."""
    for key, value in record.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key} · ")
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            shown = {str(n): item for n, item in enumerate(value[:MAX_ENTRIES], 1)}
            yield from flat(shown, f"{prefix}{key} · ")
            if len(value) > MAX_ENTRIES:
                yield name, f"and {len(value) - MAX_ENTRIES} more, which stand in provenance.json"
        elif isinstance(value, list | tuple):
            if value:
                yield name, ", ".join(_file_name(str(item)) for item in value)
        elif isinstance(value, float):
            yield name, f"{value:.6g}"
        elif value is not None:
            yield name, _file_name(str(value))


def _file_name(value: str) -> str:
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(value).is_absolute():
            return kind(value).name
    return value
