"""Untrusted XML: no DTD, no entities, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ...errors import AtlasError
from ...limits import read_bytes


def read_xml(path: Path) -> Element:
    """Read an XML file, at most `limits.MAX_TEXT_BYTES` large.

    Raises
    ------
    AtlasError
        As `parse_xml`, and if the file cannot be read or is too large.
    """
    return parse_xml(read_bytes(path, error=AtlasError), path.name)


def is_xml(path: Path, fits: Callable[[Element], bool]) -> bool:
    """Whether a file is XML of a certain kind; never raises."""
    try:
        return path.suffix.lower() == ".xml" and path.is_file() and fits(read_xml(path))
    except AtlasError:
        return False


def parse_xml(data: bytes | str, name: str) -> Element:
    """Parse XML; `name` is the file, for messages. Bytes keep the encoding that the XML declares.

    Raises
    ------
    AtlasError
        If the XML is not well formed, or declares a DTD or entities.
    """
    try:
        return fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise AtlasError(
            f"{name} declares a DTD or entities ({type(error).__name__}), which no atlas needs; remove the DOCTYPE"
        ) from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise AtlasError(f"{name} is not well-formed XML ({error}); repair it or fetch it again") from error


def text_of(element: Element, path: str) -> str:
    """The text below `element` at a path of tags, on one line and without outer blanks; empty where there is none."""
    return " ".join((element.findtext(path) or "").split())
