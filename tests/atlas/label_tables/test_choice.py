"""Which of the tables beside an image names its regions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import AssignmentWarning
from napari_atlas_assign.atlas.label_tables import Wanted
from napari_atlas_assign.atlas.label_tables.choice import names_for, table_files

WANTED = Wanted(np.array([3, 7]))


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "abc.nii"
    path.touch()
    return path


def test_the_table_that_fits_is_taken_and_kept_for_the_record(image):
    (image.parent / "abc.txt").write_text("index,name\n3,V1\n7,V2\n")
    choice = names_for(image, None)
    assert choice(WANTED).set_index("id")["name"].to_dict() == {3: "V1", 7: "V2"}
    assert choice.used == image.parent / "abc.txt"


def test_a_table_of_other_numbers_is_not_taken_and_said_why(image):
    (image.parent / "abc.txt").write_text("index,name\n100,V1\n200,V2\n")
    with pytest.warns(AssignmentWarning, match=r"abc\.txt beside it does not fit its labels"):
        assert names_for(image, None)(WANTED) is None


def test_two_that_fit_alike_with_other_names_are_both_left(image):
    (image.parent / "abc.txt").write_text("index,name\n3,V1\n7,V2\n")
    (image.parent / "abc.csv").write_text("index,name\n3,M1\n7,M2\n")
    with pytest.warns(AssignmentWarning, match="fit its labels alike, with different names"):
        assert names_for(image, None)(WANTED) is None


def test_names_that_the_image_carries_stand_where_no_table_fits(image):
    own = pd.DataFrame({"id": [3, 7], "name": ["own 3", "own 7"]})
    assert names_for(image, None, own=own)(WANTED) is own


def test_all_that_is_looked_at_is_listed_for_the_stored_index(image):
    table = image.parent / "abc.txt"
    table.write_text("index,name\n3,V1\n7,V2\n")
    assert table in table_files(image)
    assert table_files(image, image.parent / "given.txt") == [image.parent / "given.txt"]
