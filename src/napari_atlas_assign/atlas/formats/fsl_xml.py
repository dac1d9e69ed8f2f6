"""FSL atlases: an XML file that lists labels and names images, of probabilities in percent (4D) and of labels (3D).

A label's index is the number of its volume from 0, and one less than its value in the summary ("maxprob") image; in
atlases of type Label the index is the value itself. Paths start with ``/`` but are relative to the XML file, and often
lack an ending. New files list several resolutions in ``<images>``; old ones have one ``<imagefile>`` in the header.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import AtlasError
from ...grid import Grid
from ..atlas import Atlas
from ..files.xml import is_xml, read_xml, text_of
from ..label_tables import read_table
from ..label_tables.xml_lists import is_fsl, table_of
from ..remarks import remark
from .one_image import labels_from, maps_from, named_image, source_of

NAME = "fsl-xml"
PRECEDENCE = 10

SEVERAL_RESOLUTIONS = True


def sniff(path: Path) -> bool:
    """Whether this is XML that lists labels FSL's way and names images."""
    return is_xml(path, _is_fsl_atlas)


def read(path: Path, labels: Path | None = None, near: Grid | None = None) -> Atlas:
    """Read the probabilities; where only the summary images are there, these.

    Parameters
    ----------
    path : Path
        The XML file.
    labels : Path, optional
        A table of labels to use instead of the XML's list.
    near : Grid, optional
        Of several resolutions, the one closest to this grid; None: the finest.

    Raises
    ------
    AtlasError
        If the XML is not FSL's, names images outside its folder or none that exist, or does not fit them.
    """
    root = _root(path)
    image, labelled = _image(root, path, near)
    table = table_of(root, path) if labels is None else read_table(labels)
    source = source_of(image, xml=path, labels=labels)
    name = text_of(root, "header/name") or path.stem
    if labelled and not _is_of_labels(root):
        remark(
            f"{name}: its probabilities are not there, so the summary image {image.name} is used, in which each "
            "voxel has its most probable region alone"
        )
    return (labels_from if labelled else maps_from)(image, table, name=name, source=source)


def files(path: Path, labels: Path | None = None, near: Grid | None = None) -> list[Path]:
    """The files that `read` looks at."""
    image, _ = _image(_root(path), path, near)
    return [path, image] if labels is None else [path, image, labels]


def _root(path: Path) -> Element:
    root = read_xml(path)
    if not _is_fsl_atlas(root):
        raise AtlasError(f"{path.name} is no FSL atlas: it lacks <imagefile> in <header>, or <label index=''>")
    return root


def _is_fsl_atlas(root: Element) -> bool:
    return is_fsl(root) and root.find("header//imagefile") is not None


def _is_of_labels(root: Element) -> bool:
    return text_of(root, "header/type").lower() == "label"


def _image(root: Element, path: Path, near: Grid | None) -> tuple[Path, bool]:
    """The image to read, and whether it holds labels."""
    for tag, labelled in (("imagefile", _is_of_labels(root)), ("summaryimagefile", True)):
        image = named_image(path, [text_of(element, ".") for element in root.iterfind(f"header//{tag}")], near)
        if image is not None:
            return image, labelled
    named = [text_of(element, ".") for element in root.iterfind("header//imagefile")]
    raise AtlasError(f"{path.name} names the images {', '.join(named)[:300]}, which are not there; put them beside it")
