"""An image finds its names wherever they lie near it, and says what it did where it finds none, or several."""

from __future__ import annotations

import json
import warnings

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, AtlasError, load_atlas

NAMES = ["North", "South", "East"]
LINES = "North\nSouth\nEast\n"
CSV = "index,name\n1,North\n2,South\n3,East\n"
AFFINE = np.diag([2.0, 2, 2, 1])
FSL = (
    '<atlas version="1.0"><header><name>Mine</name><type>Probabilistic</type><images><imagefile>/Mine/Mine-prob-2mm'
    "</imagefile><summaryimagefile>/Mine/Mine-maxprob-2mm</summaryimagefile></images></header><data>"
    + "".join(f'<label index="{n}" x="1" y="1" z="1">{name}</label>' for n, name in enumerate(NAMES))
    + "</data></atlas>"
)
SPM = (
    "<atlas><header><images><imagefile>other.nii</imagefile></images></header><data>"
    + "".join(f"<label><index>{n}</index><name>{name}</name></label>" for n, name in enumerate(NAMES, 1))
    + "</data></atlas>"
)


def save(path, data=None, **header):
    """An image of the labels 1, 2 and 3."""
    if data is None:
        data = np.zeros((6, 5, 4), np.uint8)
        data[1], data[2], data[3] = 1, 2, 3
    img = nib.Nifti1Image(data, AFFINE)
    for field, value in header.items():
        img.header[field] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(img, path)
    return path


def names(path, **options):
    """Names of an atlas that is loaded without a remark."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssignmentWarning)
        return load_atlas(path, **options).regions["name"].tolist()


def remark_of(path):
    with pytest.warns(AssignmentWarning) as heard:
        atlas = load_atlas(path)
    assert atlas.regions["name"].tolist() == ["label 1", "label 2", "label 3"]
    (told,) = [str(warning.message) for warning in heard if "labels=" in str(warning.message)]
    return told


PLACES = {
    "the image's stem": ("a.nii.gz", "a.txt", LINES),
    "the image's whole name": ("a.nii.gz", "a.nii.txt", "1\tNorth\n2\tSouth\n3\tEast\n"),
    "a stem with a word for tables": (
        "BN_Atlas.nii.gz",
        "BN_Atlas_LUT.txt",
        "1 North 9 9 9\n2 South 9 9 9\n3 East 9 9 9\n",
    ),
    "the plural": ("a.nii", "a_labels.csv", CSV),
    "the singular": ("Tian_S1_2mm.nii.gz", "Tian_S1_label.txt", LINES),
    "another ending in capitals": ("a.nii.gz", "a.CSV", CSV),
    "atlas and labels in front": ("atlas_a.nii.gz", "labels_a.csv", CSV),
    "without the space": ("atl-One_space-MNI_dseg.nii.gz", "atl-One.tsv", CSV.replace(",", "\t")),
    "XML of the stem of a BIDS name": ("space-MNI_seg-mine_dseg.nii.gz", "space-MNI_seg-mine_dseg.xml", SPM),
    "without the resolution": ("Schaefer_100_order_2mm.nii.gz", "Schaefer_100_order.txt", LINES),
    "a beginning of the name": ("Schaefer_100_order_MNI152_1mm.nii.gz", "Schaefer_100_order.txt", LINES),
    "another resolution": ("a_1mm.nii.gz", "a_2mm.txt", LINES),
    "names of nodes": ("glasser360MNI.nii.gz", "glasser360NodeNames.txt", LINES),
    "labels.txt": ("parcellation.nii.gz", "labels.txt", "1 North\n2 South\n3 East\n"),
    "dseg.tsv": ("tpl-A_res-1_dseg.nii.gz", "dseg.tsv", CSV.replace(",", "\t")),
    "the only table of the only image": ("parcellation.nii.gz", "regions_of_mine.csv", CSV),
    "FSL's XML one folder up": ("Mine/Mine-maxprob-2mm.nii.gz", "Mine.xml", FSL),
}


@pytest.mark.parametrize("place", PLACES)
def test_names_are_read_from(tmp_path, place):
    image, table, text = PLACES[place]
    path = save(tmp_path / image)
    (tmp_path / table).write_text(text)
    assert names(path) == NAMES


def test_tables_that_agree_are_taken_together(tmp_path):
    path = save(tmp_path / "a.nii.gz")
    (tmp_path / "a.txt").write_text("1 North\n2 South\n3 East\n")
    (tmp_path / "a.lut").write_text("1 1 0 0 north\n2 0 1 0 south\n3 0 0 1 east\n")
    atlas = load_atlas(path)
    assert [name.lower() for name in atlas.regions["name"]] == ["north", "south", "east"]
    assert atlas.regions["color"].tolist() == ["#ff0000", "#00ff00", "#0000ff"]


def test_tables_that_differ_are_named_and_none_is_taken(tmp_path):
    path = save(tmp_path / "a.nii.gz")
    (tmp_path / "a.csv").write_text(CSV)
    (tmp_path / "a.txt").write_text("1 Up\n2 Down\n3 Over\n")
    assert "a.csv and a.txt fit its labels alike, with different names; give the table with labels=" in remark_of(path)
    assert names(path, labels=tmp_path / "a.txt") == ["Up", "Down", "Over"]


def test_the_table_of_another_atlas_is_not_taken_but_named(tmp_path):
    path = save(tmp_path / "atl-Two_space-MNI_dseg.nii.gz")
    save(tmp_path / "atl-One_space-MNI_dseg.nii.gz")
    (tmp_path / "atl-One.tsv").write_text(CSV.replace(",", "\t"))
    assert "in its folder lies atl-One.tsv" in remark_of(path)
    assert [load_atlas(tmp_path / f"atl-{n}_space-MNI_dseg.nii.gz").name for n in ("One", "Two")] == ["One", "Two"]


def test_an_image_without_any_table_says_so_once(tmp_path):
    assert remark_of(save(tmp_path / "a.nii.gz")).startswith("a: regions are named by their numbers; give the table")


@pytest.mark.parametrize("content", [b"\0\1\2", b"index,name\n1,North\n1,South\n", b"index,name\n7,North\n"])
def test_a_table_that_is_of_no_use_is_named(tmp_path, content):
    path = save(tmp_path / "a.nii.gz")
    (tmp_path / "a.csv").write_bytes(content)
    assert "a.csv beside it" in remark_of(path)


def test_too_few_lines_of_names_are_refused_where_they_were_given(tmp_path):
    path = save(tmp_path / "a.nii.gz")
    (tmp_path / "some.txt").write_text("North\nSouth\n")
    with pytest.raises(AtlasError, match=r"some\.txt has 2 names without numbers, but the image 3 regions"):
        load_atlas(path, labels=tmp_path / "some.txt")


def test_the_summary_of_an_fsl_atlas_is_said_to_be_one(tmp_path):
    save(tmp_path / "Mine" / "Mine-maxprob-2mm.nii.gz")
    (tmp_path / "Mine.xml").write_text(FSL)
    with pytest.warns(AssignmentWarning, match=r"Mine: its probabilities are not there, so the summary image"):
        assert load_atlas(tmp_path / "Mine.xml").regions["name"].tolist() == NAMES


def test_packed_probabilities_take_a_table_of_any_name(tmp_path):
    data = np.zeros((6, 5, 4), [(part, "u1") for part in "RGBA"])
    for n in (1, 2, 3):
        data["R"][n], data["B"][n] = n, 255
    path = save(tmp_path / "a.nii.gz", data)
    text = json.dumps({"labels": ["", *NAMES]})
    (tmp_path / "names.json").write_text(text)
    assert names(path) == NAMES
    (tmp_path / "b.json").write_text(text.replace("North", "Up"))
    assert names(path, labels=tmp_path / "names.json") == NAMES
    assert names(path, labels=tmp_path / "b.json")[0] == "Up"


def test_a_folder_of_images_is_named_by_its_table_of_files(tmp_path):
    rows = []
    for n, name in enumerate(NAMES):
        data = np.zeros((6, 5, 4), np.float32)
        data[n] = 0.5
        save(tmp_path / f"MY_atlas_{n:02}.nii.gz", data)
        rows.insert(0, f"{n}, {name}, MY_atlas_{n:02}.nii.gz\n")
    (tmp_path / "info_label.txt").write_text("# Keyword=IndivLabels\n# ID, name, file\n" + "".join(rows))
    assert names(tmp_path) == NAMES


@pytest.mark.parametrize("kind", ["strings", "records"])
def test_lists_in_json_name_the_maps_of_a_stack(tmp_path, kind):
    data = np.zeros((6, 5, 4, 3), np.float32)
    for n in range(3):
        data[n, ..., n] = 0.5
    path = save(tmp_path / "a.nii.gz", data)
    rois = NAMES if kind == "strings" else [{"name": name, "x": 1} for name in NAMES]
    (tmp_path / "a.json").write_text(json.dumps({"rois": rois}))
    assert names(path) == NAMES
