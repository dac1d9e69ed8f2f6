"""SPM atlases (version 2.0) and AAL: an XML file that lists labels by value and name, and an image of labels.

AAL's values are codes such as 2001, 2002, 2101. Where the header names no image, it is the one of the same name.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import AtlasError
from ...grid import Grid
from ..atlas import Atlas
from ..files.xml import is_xml, read_xml, text_of
from ..label_tables import read_table
from ..label_tables.xml_lists import table_of
from .one_image import maps_or_labels_from, named_image, source_of

NAME = "spm-xml"
PRECEDENCE = 20

SEVERAL_RESOLUTIONS = True


def sniff(path: Path) -> bool:
    """Whether this is XML that lists labels SPM's way."""
    return is_xml(path, _is_spm)


def read(path: Path, labels: Path | None = None, near: Grid | None = None) -> Atlas:
    """Read the image that the XML file names.

    Parameters
    ----------
    path : Path
        The XML file.
    labels : Path, optional
        A table of labels to use instead of the XML's list.
    near : Grid, optional
        Of several images, the one closest to this grid; None: the finest.

    Raises
    ------
    AtlasError
        If the XML is not SPM's, names an image outside its folder or none that exists, or does not fit it.
    """
    root = _root(path)
    image = _image(root, path, near)
    table = table_of(root, path) if labels is None else read_table(labels)
    source = source_of(image, xml=path, labels=labels)
    licence = text_of(root, "header/licence")
    if licence:
        source["licence"] = licence
    name = text_of(root, "header/name") or path.stem
    space = text_of(root, "header/coordinate_system") or None
    return maps_or_labels_from(image, table, name=name, space=space, source=source)


def files(path: Path, labels: Path | None = None, near: Grid | None = None) -> list[Path]:
    """The files that `read` looks at."""
    image = _image(_root(path), path, near)
    return [path, image] if labels is None else [path, image, labels]


def _root(path: Path) -> Element:
    root = read_xml(path)
    if not _is_spm(root):
        raise AtlasError(f"{path.name} is no SPM atlas: it needs <label><index/><name/></label> in <data>")
    return root


def _is_spm(root: Element) -> bool:
    label = root.find("data/label")
    return root.tag == "atlas" and label is not None and label.find("index") is not None


def _image(root: Element, path: Path, near: Grid | None) -> Path:
    named = [text_of(element, ".") for element in root.iterfind("header//imagefile")] or [path.stem]
    image = named_image(path, named, near)
    if image is None:
        raise AtlasError(f"{path.name} names the image {', '.join(named)[:300]}, which is not there; put it beside it")
    return image
