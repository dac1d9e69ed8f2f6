from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import Grid
from napari_atlas_assign.atlas.formats import fsl_xml
from napari_atlas_assign.errors import AtlasError

NEW = """<?xml version="1.0" encoding="ISO-8859-1"?>
<atlas version="1.0">
  <header>
    <name>MNI Structural Atlas</name><shortname>MNI</shortname><type>{kind}</type>{more}
    <images><imagefile>/MNI/MNI-prob-2mm</imagefile><summaryimagefile>/MNI/MNI-maxprob-thr25-2mm</summaryimagefile></images>
    <images><imagefile>/MNI/MNI-prob-1mm</imagefile><summaryimagefile>/MNI/MNI-maxprob-thr25-1mm</summaryimagefile></images>
  </header>
  <data>
    <label index="0" x="39" y="73" z="35">Caudate</label>
    <label index="1" x="34" y="32" z="15">Cerebellum</label>
  </data>
</atlas>"""
OLD = """<atlas><header><name>Old</name><type>Probabalistic</type><imagefile>/MNI/MNI-prob-2mm</imagefile>
<summaryimagefile>/MNI/MNI-maxprob-thr25-2mm</summaryimagefile></header>
<data><label index="0">Caudate</label><label index="1">Cerebellum</label></data></atlas>"""


@pytest.fixture
def folder(tmp_path):
    """Caudate at (0, 0, 0) with 80 %, cerebellum at (1, 1, 1) with 40 %, in 1 and 2 mm, with summaries."""
    images = tmp_path / "MNI"
    images.mkdir()
    prob = np.zeros((4, 4, 4, 2), np.uint8)
    prob[0, 0, 0, 0], prob[1, 1, 1, 1] = 80, 40
    maxprob = np.zeros((4, 4, 4), np.uint8)
    maxprob[0, 0, 0], maxprob[1, 1, 1] = 1, 2
    for mm in (1, 2):
        affine = np.diag([mm, mm, mm, 1.0])
        nib.save(nib.Nifti1Image(prob, affine), images / f"MNI-prob-{mm}mm.nii.gz")
        nib.save(nib.Nifti1Image(maxprob, affine), images / f"MNI-maxprob-thr25-{mm}mm.nii.gz")
    return tmp_path


def write(folder, text):
    path = folder / "MNI.xml"
    path.write_text(text, encoding="latin-1")
    return path


@pytest.mark.parametrize("kind", ["Probabalistic", "Probabilistic", "probabilistic"])
def test_probabilities_are_read_in_the_finest_resolution(folder, kind):
    path = write(folder, NEW.format(kind=kind, more=""))
    assert fsl_xml.sniff(path)
    atlas = fsl_xml.read(path)
    assert atlas.name == "MNI Structural Atlas"
    assert atlas.regions["name"].tolist() == ["Caudate", "Cerebellum"]
    assert atlas.regions["id"].tolist() == [0, 1]
    assert atlas.grid.voxel_sizes.tolist() == [1, 1, 1]
    assert atlas.map_of(0)[0, 0, 0] == pytest.approx(0.8)
    assert atlas.map_of(1)[1, 1, 1] == pytest.approx(0.4)
    assert fsl_xml.files(path) == [path, folder.resolve() / "MNI" / "MNI-prob-1mm.nii.gz"]


def test_the_resolution_follows_the_grid_of_the_image(folder):
    path = write(folder, NEW.format(kind="Probabilistic", more=""))
    for mm, size in ((2.0, 2), (3.0, 2), (0.7, 1), (1.2, 1)):
        grid = Grid((5, 5, 5), np.diag([mm, mm, mm, 1.0]))
        assert fsl_xml.read(path, near=grid).grid.voxel_sizes.tolist() == [size] * 3
    assert fsl_xml.files(path, near=grid)[1].name == "MNI-prob-1mm.nii.gz"


def test_the_old_nesting_is_read(folder):
    path = write(folder, OLD)
    assert fsl_xml.sniff(path)
    assert fsl_xml.read(path).grid.voxel_sizes.tolist() == [2, 2, 2]


def test_without_probabilities_the_summary_is_read_and_its_values_are_index_plus_one(folder):
    for image in (folder / "MNI").glob("*-prob-*"):
        image.unlink()
    atlas = fsl_xml.read(write(folder, NEW.format(kind="Probabilistic", more="")))
    assert atlas.is_labelled
    assert atlas.regions["id"].tolist() == [1, 2]
    assert atlas.map_of(0)[0, 0, 0] == 1
    assert atlas.regions["name"].tolist() == ["Caudate", "Cerebellum"]


def test_in_atlases_of_type_label_the_index_is_the_value(folder):
    text = NEW.format(kind="Label", more="").replace("MNI-prob", "MNI-maxprob-thr25")
    text = text.replace('index="1"', 'index="2"').replace('index="0"', 'index="1"')
    atlas = fsl_xml.read(write(folder, text))
    assert atlas.is_labelled
    assert dict(zip(atlas.regions["id"], atlas.regions["name"], strict=True)) == {1: "Caudate", 2: "Cerebellum"}


def test_a_label_for_the_background_of_type_label_is_dropped(folder):
    text = NEW.format(kind="Label", more="").replace("MNI-prob", "MNI-maxprob-thr25")
    text = text.replace("</data>", '<label index="2">Last</label></data>').replace(">Caudate<", ">Unclassified<")
    text = text.replace(">Unclassified<", ">Background<")
    assert fsl_xml.read(write(folder, text)).regions["name"].tolist() == ["Cerebellum", "Last"]


def test_statistics_in_percent_are_read(folder):
    more = "<statistic>probability</statistic><units>%</units><lower>5</lower><upper>100</upper>"
    atlas = fsl_xml.read(write(folder, NEW.format(kind="Statistic", more=more)))
    assert atlas.map_of(0)[0, 0, 0] == pytest.approx(0.8)


def test_statistics_that_are_no_probabilities_are_refused(folder):
    data = np.zeros((4, 4, 4, 2), np.float32)
    data[0, 0, 0] = 250
    nib.save(nib.Nifti1Image(data, np.eye(4)), folder / "MNI" / "MNI-prob-1mm.nii.gz")
    more = "<statistic>T</statistic><units></units><lower>0</lower><upper>300</upper>"
    with pytest.raises(AtlasError, match="neither probabilities"):
        fsl_xml.read(write(folder, NEW.format(kind="Statistic", more=more)))


def test_a_table_of_ones_own_replaces_the_list(folder):
    (folder / "own.csv").write_text("index,name\n0,a\n1,b\n")
    path = write(folder, NEW.format(kind="Probabilistic", more=""))
    atlas = fsl_xml.read(path, labels=folder / "own.csv")
    assert atlas.regions["name"].tolist() == ["a", "b"]
    assert atlas.source["labels"].endswith("own.csv")


def test_paths_are_rooted_at_the_folder_never_at_the_file_system(folder):
    text = NEW.format(kind="Probabilistic", more="").replace("/MNI/MNI-prob", "/etc/MNI-prob")
    path = write(folder, text.replace("/MNI/MNI-maxprob", "/etc/MNI-maxprob"))
    with pytest.raises(AtlasError, match="are not there"):
        fsl_xml.read(path)


@pytest.mark.parametrize("outside", ["/../secret", "../secret.nii.gz", "MNI/../../secret", r"..\secret", r"C:\secret"])
def test_images_outside_the_folder_are_refused(folder, tmp_path, outside):
    inner = folder / "inner"
    inner.mkdir()
    (folder / "MNI" / "MNI-prob-1mm.nii.gz").rename(folder / "secret.nii.gz")
    path = write(inner, OLD.replace("/MNI/MNI-prob-2mm", outside))
    with pytest.raises(AtlasError, match="leads out of the folder inner"):
        fsl_xml.read(path)


def test_a_link_to_an_image_outside_is_refused(folder):
    inner = folder / "inner"
    (inner / "MNI").mkdir(parents=True)
    (inner / "MNI" / "MNI-prob-2mm.nii.gz").symlink_to(folder / "MNI" / "MNI-prob-2mm.nii.gz")
    with pytest.raises(AtlasError, match="leads out of the folder inner"):
        fsl_xml.read(write(inner, OLD))


def test_an_image_that_is_missing_is_named(folder):
    path = write(folder, OLD.replace("prob-", "none-"))
    with pytest.raises(AtlasError, match=r"MNI\.xml names the images /MNI/MNI-none-2mm, which are not there"):
        fsl_xml.read(path)


def test_a_header_that_claims_too_much_is_refused(folder):
    image = folder / "MNI" / "MNI-prob-2mm.nii.gz"
    header = nib.load(image).header
    header.set_data_shape((9000, 9000, 9000, 2))
    with nib.openers.Opener(str(image), "wb") as file:
        header["vox_offset"] = 352
        header["magic"] = b"n+1"
        file.write(header.binaryblock + b"\0" * 400)
    with pytest.raises(AtlasError, match="claims"):
        fsl_xml.read(write(folder, OLD))


@pytest.mark.parametrize(
    "text",
    [
        "<atlas/>",
        OLD.replace("<imagefile>/MNI/MNI-prob-2mm</imagefile>", ""),
        OLD.replace("index=", "no="),
        "<!DOCTYPE atlas [<!ENTITY x 'y'>]>" + OLD,
        OLD[:100],
        "",
    ],
)
def test_other_xml_is_not_claimed_and_not_read(folder, text):
    path = write(folder, text)
    assert not fsl_xml.sniff(path)
    with pytest.raises(AtlasError):
        fsl_xml.read(path)


def test_an_index_twice_is_refused(folder):
    with pytest.raises(AtlasError, match="gives the id 0 more than once"):
        fsl_xml.read(write(folder, OLD.replace('index="1"', 'index="0"')))
