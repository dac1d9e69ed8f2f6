"""Whatever stands in a label table, only `AtlasError` comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.label_tables import dialects, read_table
from napari_atlas_assign.errors import AtlasError

FRAGMENTS = [
    "index", "name", "label", "color", "parent", "1", "0", "2001", "-7", "1.5", "nan", "1e400", "9" * 20, "é",
    "\t", ",", ";", " ", "\n", "\n\n", "#", '"', "'", "#ff0000", "255", "0.5", "V1", "Left-Insula", "[", "]", "{", "}",
    "\x00", "\u2028", "\x85", "²", "٣", "<label", ' index="1"', ">", "/>", "</label>", ":", "<atlas><data>",
    "</data></atlas>",
    "<index>", "</index>", "<name>", "</name>", "<Structure grayvalue='1'>", "</Structure>", "<VALUE_LABEL_DTABLE >",
    '"0" "a"', '<ATLAS_POINT STRUCT="a" VAL="1" />', '"labels"', '"I"', '"R"', '"JulichBrainAtlas"', "null", "true",
    "# Color table file", "<!DOCTYPE a [<!ENTITY x 'y'>]>", "&x;", "[1]", '[{"id": 1, "name": "a"}]',
]  # fmt: skip

texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))


def only_atlas_errors(parse, *args) -> None:
    try:
        table = parse(*args)
    except AtlasError:
        return
    assert table["id"].dtype == "int64"
    assert table["id"].is_unique
    assert all(isinstance(name, str) and name for name in table["name"])


@pytest.mark.parametrize("dialect", dialects(), ids=lambda dialect: dialect.NAME)
@given(text=texts)
@settings(max_examples=100, deadline=None)
def test_every_parser_refuses_or_reads_any_text(dialect, text):
    path = Path("fuzz.txt")
    assert dialect.sniff(text, path) in (True, False)
    only_atlas_errors(dialect.parse, text, path)


@given(data=st.one_of(st.binary(max_size=200), texts.map(lambda text: text.encode("utf-8", "replace"))))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_refused_or_read(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.txt"
    path.write_bytes(data)
    only_atlas_errors(read_table, path)
