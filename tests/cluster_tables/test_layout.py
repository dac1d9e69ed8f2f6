"""Where the coordinates stand in a table."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, InputError
from napari_atlas_assign.cluster_tables.layout import layout_of
from napari_atlas_assign.cluster_tables.table import lines_of

PLACE = [-40.0, 12.5, 3.0]


@pytest.mark.parametrize(
    "text",
    [
        "x\ty\tz\n-40\t12.5\t3\n",
        "Cluster ID,X,Y,Z,Peak Stat\n1,-40,12.5,3,5.1\n",
        "name;x (mm);y (mm);z (mm)\nV1;-40;12.5;3\n",
        "Voxels\tMAX\tMAX X (mm)\tMAX Y (mm)\tMAX Z (mm)\n9\t5\t-40\t12.5\t3\n",
        "p,stat,x,y,z {mm}\n".replace("x,y,z {mm}", "x {mm},y {mm},z {mm}") + "0.1,5,-40,12.5,3\n",
        "made by a program\n\nx y z\n-40 12.5 3\n",
        "// Reference=MNI\n// Someone 2020\n-40\t12.5\t3\n",
        "x,y,z\n\u221240,12.5,3\n",
    ],
)
def test_the_coordinates_of_every_program_are_found(text):
    np.testing.assert_array_equal(layout_of(lines_of(text), "table").xyz, [PLACE])


def test_afni_counts_from_right_to_left_and_front_to_back():
    head = "#Coordinate order = {}\n#Volume  CM RL  CM AP  CM IS  MI RL  MI AP  MI IS\n"
    row = "  9  0  0  0  40  -12.5  3\n"
    assert layout_of(lines_of(head.format("RAI") + row), "t").xyz.tolist() == [[-40, 12.5, 3]]
    assert layout_of(lines_of(head.format("LPI") + row), "t").xyz.tolist() == [[40, -12.5, 3]]
    with pytest.warns(AssignmentWarning, match="coordinate order"):
        layout_of(lines_of(head.splitlines(keepends=True)[1] + row), "t")


def test_a_row_without_coordinates_keeps_its_place():
    layout = layout_of(lines_of("x,y,z,name\n1,2,3,a\nn/a,n/a,n/a,b\n4,5,6,c\n"), "t")
    assert np.isnan(layout.xyz).all(axis=1).tolist() == [False, True, False]
    assert layout.column("name") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "no columns of coordinates"),
        ("x (vox),y (vox),z (vox)\n1,2,3\n", "in voxels"),
        ("x,y,z\n1,two,3\n", "t, line 2: .*not three numbers"),
        ("// Reference=MNI\n1 2\n", "a focus is three numbers"),
    ],
)
def test_what_cannot_be_used_is_named(text, words):
    with pytest.raises(InputError, match=words):
        layout_of(lines_of(text), "t")
