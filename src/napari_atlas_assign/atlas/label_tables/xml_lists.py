"""XML lists of labels: FSL atlases, SPM and AAL atlases, and the sidecars of Julich-Brain maps.

======================================================  ==========================================
``<label index="0" x="" y="" z="">Name</label>``         FSL
``<label><index>23</index><name>Name</name></label>``    SPM, AAL
``<label index="1" fullname="Name">``                    Julich-Brain
``<Structure grayvalue="1">Name</Structure>``            Julich-Brain
======================================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import AtlasError
from ...tables.frames import pd
from ..files.xml import parse_xml, text_of
from .table import FROM_ZERO, Row, make_table, side, whole_number

NAME = "XML label list"
PRECEDENCE = 20


def sniff(text: str, path: Path) -> bool:
    """Whether this is XML with one of the lists."""
    if not text.lstrip().startswith("<") or "<VALUE_LABEL_DTABLE" in text or "<ATLAS_POINT" in text:
        return False
    return any(mark in text for mark in ("<label", "<Structure"))


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the list."""
    return table_of(parse_xml(text, path.name), path)


def table_of(root: Element, path: Path) -> pd.DataFrame:
    """The label table of an XML document.

    ``attrs[FROM_ZERO]`` is set for FSL's probabilistic and statistical atlases, whose label volumes hold index + 1.

    Raises
    ------
    AtlasError
        If there is no list of labels, or a label lacks a number or a name.
    """
    table = make_table(_rows(root, path), path)
    if is_fsl(root) and text_of(root, "header/type").lower() != "label":
        table.attrs[FROM_ZERO] = True
    return table


def is_fsl(root: Element) -> bool:
    """Whether labels are written FSL's way: the index as an attribute, the name as text."""
    label = root.find("data/label")
    return root.tag == "atlas" and label is not None and "index" in label.attrib and "fullname" not in label.attrib


def _rows(root: Element, path: Path) -> Iterator[Row]:
    labels = [*root.iter("label"), *root.iter("Structure")]
    if not labels:
        raise AtlasError(f"{path.name} lists no <label> and no <Structure>; give the XML that names the regions")
    for n, label in enumerate(labels, 1):
        where = f"<{label.tag}> {n}"
        index = label.get("index") or label.get("grayvalue") or label.findtext("index") or ""
        name = label.get("fullname") or text_of(label, "name") or text_of(label, ".") or label.get("name")
        if not name:
            raise AtlasError(f"{path.name}, {where}: the region has no name; complete it")
        yield Row(whole_number(index, where, path), name, hemisphere=side(label.get("hemisphere") or ""))
