"""FreeSurfer's own files without a table have the names and colours of its standard colour table."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas.label_tables.freesurfer_names import standard_table

# As the published table has them: structures of both sides, the midline, both cortices, and the white matter below.
PUBLISHED = {
    **{2: "245 245 245", 41: "0 225 0", 17: "220 216 20", 53: "220 216 20", 52: "13 48 255", 13: "12 48 255"},
    **{31: "0 200 200", 63: "0 200 221", 16: "119 159 176", 255: "0 0 255", 85: "234 169 30", 5002: "20 30 40"},
    **{1001: "25 100 40", 2001: "25 100 40", 3001: "230 155 215", 1035: "255 192 32", 2028: "20 220 160"},
    **{11101: "23 220 60", 12111: "180 20 20", 11146: "221 20 10", 12175: "221 60 60", 11142: "25 25 25"},
}


@pytest.mark.parametrize(("number", "levels"), PUBLISHED.items())
def test_colours_are_those_of_the_published_table(number, levels):
    table = standard_table(Path("aparc.a2009s+aseg.mgz"))
    assert table is not None
    color = table.set_index("id")["color"][number]
    assert [int(color[at : at + 2], 16) for at in (1, 3, 5)] == [int(level) for level in levels.split()]


def test_every_name_has_a_colour():
    table = standard_table(Path("aseg.mgz"))
    assert table is not None
    assert table["color"].str.fullmatch("#[0-9a-f]{6}").all()


def test_an_atlas_without_a_table_is_coloured(tmp_path):
    labels = np.zeros((4, 4, 4), np.int32)
    labels[0], labels[1], labels[2] = 17, 1024, 53
    nib.save(nib.MGHImage(labels, np.eye(4)), tmp_path / "aparc+aseg.mgz")
    regions = load_atlas(tmp_path / "aparc+aseg.mgz").regions.set_index("id")
    assert regions.loc[[17, 1024, 53], "name"].tolist() == [
        "Left-Hippocampus",
        "ctx-lh-precentral",
        "Right-Hippocampus",
    ]
    assert regions.loc[[17, 1024], "color"].tolist() == ["#dcd814", "#3c14dc"]
