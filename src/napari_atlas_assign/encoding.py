"""Text of unstated encoding."""

from __future__ import annotations

import codecs
import re
from typing import Any

_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""Control characters, and halves of characters, as bytes of file names that are no UTF-8 reach Python."""


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what text begins that spreadsheets calculate; it may then fetch an address or start a program."""


def decode(data: bytes) -> str:
    """Turn bytes into text: UTF-8, UTF-16 with a byte order mark, or else Latin-1; line ends become ``\\n``."""
    if data.startswith(_BYTE_ORDER_MARKS):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def no_formula(value: Any) -> Any:
    """Text that a spreadsheet takes for text, with an apostrophe in front where it would calculate; all else passes."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def one_line(text: str) -> str:
    """Text that can be printed and saved: what is no character, such as a line end, is a blank."""
    return _NO_TEXT.sub(" ", text).strip()
