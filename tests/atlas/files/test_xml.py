from __future__ import annotations

import pytest

from napari_atlas_assign.atlas.files.xml import parse_xml, read_xml, text_of
from napari_atlas_assign.errors import AtlasError

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)
EXTERNAL = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
DTD = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'


@pytest.mark.parametrize("xml", [BOMB, EXTERNAL, DTD], ids=["bomb", "external", "dtd"])
def test_entities_and_dtds_are_refused(tmp_path, xml):
    path = tmp_path / "evil.xml"
    path.write_text(xml)
    with pytest.raises(AtlasError, match=r"evil\.xml declares a DTD or entities"):
        read_xml(path)


@pytest.mark.parametrize("xml", ["", "<a>", "<a>&x;</a>", "no xml", '<?xml version="1.0" encoding="klingon"?><a/>'])
def test_what_is_not_xml_is_refused(xml):
    with pytest.raises(AtlasError, match=r"bad\.xml is not well-formed XML"):
        parse_xml(xml.encode(), "bad.xml")


def test_the_declared_encoding_counts():
    xml = '<?xml version="1.0" encoding="ISO-8859-1"?><a><b> Caf\xe9\n au lait </b></a>'
    assert text_of(parse_xml(xml.encode("latin-1"), "a.xml"), "b") == "Café au lait"


def test_a_file_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "large.xml"
    path.write_bytes(b"<a>" + b" " * (21 * 2**20) + b"</a>")
    with pytest.raises(AtlasError, match="holds more than 20 MiB"):
        read_xml(path)
