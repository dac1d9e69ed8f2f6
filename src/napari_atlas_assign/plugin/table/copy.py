"""Rows of a results table as text for other programs. Without Qt.

TSV has every digit, for further work; Markdown and LaTeX are rounded as on the screen, for reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .values import TableValues, is_number


def as_tsv(columns: TableValues, names: Sequence[str], rows: Sequence[int]) -> str:
    """Tab-separated lines, the first with the names of the columns; cells as in the files of a saved result."""
    cells = [[_full(values[row]) for row in rows] for values in map(columns.values, names)]
    lines = [[_one_line(n) for n in names], *zip(*cells, strict=True)]
    return "\n".join("\t".join(line) for line in lines) + "\n"


def as_markdown(columns: TableValues, names: Sequence[str], rows: Sequence[int]) -> str:
    """A table of Markdown (as GitHub, Pandoc and Jupyter read it); numbers to the right."""
    cells = [[markdown_text(text) for text in columns.texts(n, rows)] for n in names]
    marks = ["---:" if right else "---" for right in _to_the_right(columns, names, rows)]
    lines = [[markdown_text(n) for n in names], marks, *zip(*cells, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def as_latex(columns: TableValues, names: Sequence[str], rows: Sequence[int]) -> str:
    """A LaTeX ``tabular`` that needs no package; numbers to the right."""
    cells = [[latex_text(text) for text in columns.texts(n, rows)] for n in names]
    alignment = "".join("r" if right else "l" for right in _to_the_right(columns, names, rows))
    lines = [
        f"\\begin{{tabular}}{{{alignment}}}",
        "\\hline",
        " & ".join(latex_text(n) for n in names) + r" \\",
        "\\hline",
        *(" & ".join(line) + r" \\" for line in zip(*cells, strict=True)),
        "\\hline",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


FORMATS: dict[str, Callable[[TableValues, Sequence[str], Sequence[int]], str]] = {
    "TSV": as_tsv,
    "Markdown": as_markdown,
    "LaTeX": as_latex,
}


def markdown_text(text: str) -> str:
    """Escape what Markdown, and HTML and formulas within it, would take for markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", _one_line(text))


def latex_text(text: str) -> str:
    """Escape what LaTeX would take for commands; minus signs of numbers stay minus signs."""
    escaped = re.sub(r"[\\{}&%$#_~^<>|\"]", lambda match: _LATEX[match[0]], _one_line(text)).replace("–", "--")
    return re.sub(r"(?<![\w.-])-(?=\d)", "$-$", escaped)


_LATEX = {c: f"\\{c}" for c in "{}&%$#_"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)


def _full(value: Any) -> str:
    return "n/a" if value is None else _one_line(value) if isinstance(value, str) else str(value)


def _to_the_right(columns: TableValues, names: Sequence[str], rows: Sequence[int]) -> list[bool]:
    """Which columns hold numbers or coordinates, as far as they hold anything."""
    present = ([values[row] for row in rows if values[row] is not None] for values in map(columns.values, names))
    return [bool(cells) and all(map(is_number, cells)) for cells in present]
