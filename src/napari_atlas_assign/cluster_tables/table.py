"""The text of a table, kept as it is: columns are added at the ends of its lines, and nothing else changes."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_BLANKS = re.compile(r"\s+")
_ENCODINGS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True)
class Line:
    """One record: what stands in it, and how it ends."""

    text: str
    ending: str

    @property
    def separator(self) -> str:
        """What parts the fields: a tab, semicolon or comma, or else blanks."""
        return next((c for c in "\t;," if c in self.text), " ")

    def fields(self, separator: str) -> list[str]:
        """The fields, without blanks around them."""
        if separator == " ":
            return self.text.split()
        return [field.strip() for field in next(csv.reader([self.text], delimiter=separator), [])]

    def with_fields(self, added: Sequence[str], separator: str, width: int) -> Line:
        """The line with further fields at its end, from column `width` on."""
        if separator == " ":
            return Line("  ".join([self.text, *(_BLANKS.sub("_", field) for field in added)]), self.ending)
        absent = [""] * (width - len(self.fields(separator)))
        return Line(separator.join([self.text, *absent, *(_quoted(field, separator) for field in added)]), self.ending)


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file, with all that is in it, and the encoding that gives its bytes back."""
    encoding = _ENCODINGS.get(data[:2], "utf-8")
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    return data.decode(encoding, errors), encoding


def encoded(text: str, encoding: str) -> bytes:
    """The bytes of a text that `decoded` gave."""
    return text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "surrogatepass")


def lines_of(text: str) -> list[Line]:
    """The records of a text; a quoted field may hold the ends of lines."""
    lines: list[Line] = []
    for piece in _LINE.findall(text):
        body = piece.rstrip("\r\n")
        ending = piece[len(body) :]
        if lines and lines[-1].text.count('"') % 2 and '"' in piece:
            body = lines[-1].text + lines.pop().ending + body
        if piece:
            lines.append(Line(body, ending))
    return lines


def text_of(lines: Sequence[Line]) -> str:
    """The text of records."""
    return "".join(line.text + line.ending for line in lines)


def _quoted(field: str, separator: str) -> str:
    return '"' + field.replace('"', '""') + '"' if separator in field or '"' in field else field
