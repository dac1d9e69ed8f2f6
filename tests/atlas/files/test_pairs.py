"""Tables of two columns that the user writes."""

from __future__ import annotations

import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.atlas.files.pairs import read_pairs


@pytest.mark.parametrize(
    "text",
    ["subject,group\nm1,sham\nm2,drug\n", "Group\tage\tSubject \r\nsham\t3\tm1\r\ndrug\t4\tm2\r\nsham\t3\tm1\r\n"],
)
def test_one_column_is_read_by_another(tmp_path, text):
    (tmp_path / "design.txt").write_bytes(text.encode("utf-8-sig"))
    assert read_pairs(tmp_path / "design.txt", "subject") == {"m1": "sham", "m2": "drug"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,group\nm1,sham\n", "needs the columns subject and group"),
        ("", "is empty"),
        ("subject,group\nm1\n", "line 2: a subject or its group is missing"),
        ("subject,group\nm1,sham\nm1,drug\n", "'m1' has two groups, 'sham' and 'drug'"),
        ('subject,group\nm1,"sham"x\n', "line [12] cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path, text, words):
    (tmp_path / "design.csv").write_text(text)
    with pytest.raises(InputError, match=f"design.csv.*{words}"):
        read_pairs(tmp_path / "design.csv", "subject")
