from __future__ import annotations

import pytest

from napari_atlas_assign.atlas.files.text import read_json, read_text
from napari_atlas_assign.errors import AtlasError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_names_survive_every_encoding_and_line_end(tmp_path, encoding):
    path = tmp_path / "t.txt"
    path.write_bytes("1 Precentral_Ä\r\n2 Café\r".encode(encoding))
    assert read_text(path) == "1 Precentral_Ä\n2 Café\n"


def test_a_binary_file_is_not_text(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"\x01\x00\x02\x00")
    with pytest.raises(AtlasError, match=r"t\.txt is a binary file"):
        read_text(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "not JSON"), ("", "empty"), ("[" * 200_000, "not JSON"), ("9" * 5000, "not JSON")],
)
def test_what_is_not_json_is_refused(tmp_path, text, says):
    path = tmp_path / "t.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(AtlasError, match=rf"t\.json is {says}"):
        read_json(path)
