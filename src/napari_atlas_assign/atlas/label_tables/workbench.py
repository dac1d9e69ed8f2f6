"""Label lists of Connectome Workbench: two lines for each label, its name and then its number, R, G, B and A."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...tables.frames import pd
from .table import Row, color_of, content_lines, is_whole_number, make_table

NAME = "Workbench label list"
PRECEDENCE = 70


def sniff(text: str, path: Path) -> bool:
    """Whether every second line is five whole numbers, and no other line is."""
    lines = _lines(text)
    numeric = [_is_numbers(line) for line in lines]
    return bool(lines) and len(lines) % 2 == 0 and all(numeric[1::2]) and not any(numeric[::2])


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the list."""
    return make_table(_rows(text), path)


def _rows(text: str) -> Iterator[Row]:
    lines = _lines(text)
    for name, numbers in zip(lines[::2], lines[1::2], strict=False):
        if _is_numbers(numbers):
            number, *levels = numbers.split()
            yield Row(int(float(number)), name, color_of(levels[:3]))


def _lines(text: str) -> list[str]:
    return [line.strip() for _, line in content_lines(text)]


def _is_numbers(line: str) -> bool:
    words = line.split()
    return len(words) == 5 and all(map(is_whole_number, words))
