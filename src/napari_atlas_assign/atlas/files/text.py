"""Text of unknown encoding, and untrusted JSON."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ...encoding import decode
from ...errors import AtlasError
from ...limits import MAX_TEXT_BYTES, read_bytes


def read_text(path: Path, limit: int = MAX_TEXT_BYTES) -> str:
    """Read a text file, in whatever encoding; see `encoding.decode`. A name that ends in ``.gz`` is unpacked.

    Raises
    ------
    AtlasError
        If the file cannot be read, is larger than `limit` bytes, or is binary.
    """
    text = decode(read_bytes(path, limit, AtlasError))
    if "\0" in text:
        raise AtlasError(f"{path.name} is a binary file, not a table; give a text file with one region per line")
    return text


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
        If the text is not JSON, is nested too deeply, names one key twice, or holds half of a character.
    """
    try:
        content = json.loads(text, object_pairs_hook=_each_key_once)
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()  # halves of pairs are no text that could be saved
        return content
    except (ValueError, RecursionError) as error:
        raise AtlasError(f"{name} is not JSON ({error}); repair it or fetch it again") from error


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return read
