"""Text of unknown encoding, and JSON that nobody vouches for."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

from ..errors import AtlasError
from .limits import MAX_TEXT_BYTES, read_bytes

_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, limit: int = MAX_TEXT_BYTES) -> str:
    """Read a text file: UTF-8, UTF-16 with a byte order mark, or else Latin-1.

    Line ends become ``\\n``. A name that ends in ``.gz`` is unpacked.

    Raises
    ------
    AtlasError
        If the file cannot be read, is larger than `limit` bytes, or is binary.
    """
    data = read_bytes(path, limit)
    text = decode(data)
    if "\0" in text:
        raise AtlasError(f"{path.name} is a binary file, not a table; give a text file with one region per line")
    return text


def decode(data: bytes) -> str:
    """Turn bytes into text, as `read_text` does."""
    if data.startswith(_BYTE_ORDER_MARKS):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: Path, limit: int = MAX_TEXT_BYTES) -> Any:
    """Read a JSON file.

    Raises
    ------
    AtlasError
        If the file cannot be read, is larger than `limit` bytes, or is not JSON.
    """
    return parse_json(read_text(path, limit), path.name)


def parse_json(text: str, name: str) -> Any:
    """Parse JSON; `name` is the file, for messages.

    Raises
    ------
    AtlasError
        If the text is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AtlasError(f"{name} is not JSON ({error}); repair it or fetch it again") from error
