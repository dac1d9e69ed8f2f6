from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.formats import fsl_xml, spm_xml
from napari_atlas_assign.errors import AtlasError

SPM = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- SPM atlas -->
<atlas version="2.0"><header><name>Neuromorphometrics</name><version>1.0</version><licence>CC BY-NC</licence>
<coordinate_system>MNI</coordinate_system><type>Label</type>
<images><imagefile>labels_Neuromorphometrics.nii</imagefile></images></header>
<data><label><index>23</index><name>Right Accumbens Area</name></label>
<label><index>30</index><name>Left Accumbens Area</name></label></data></atlas>"""
AAL = """<?xml version="1.0" encoding="ISO-8859-1"?>
<atlas version="2.0"><data><label><index>2001</index><name>Precentral_L</name></label>
<label><index>2002</index><name>Precentral_R</name></label></data></atlas>"""


def write(folder, text, image, values):
    labels = np.zeros((3, 3, 3), np.int16)
    labels[0, 0, 0], labels[2, 2, 2] = values
    nib.save(nib.Nifti1Image(labels, np.eye(4)), folder / image)
    path = folder / "AAL.xml"
    path.write_text(text, encoding="latin-1")
    return path


@pytest.mark.parametrize("image", ["labels_Neuromorphometrics.nii", "labels_Neuromorphometrics.nii.gz"])
def test_spm_atlases_are_read_packed_or_not(tmp_path, image):
    path = write(tmp_path, SPM, image, (23, 30))
    assert spm_xml.sniff(path)
    assert not fsl_xml.sniff(path)
    atlas = spm_xml.read(path)
    assert atlas.name == "Neuromorphometrics"
    assert atlas.source["licence"] == "CC BY-NC"
    assert atlas.space == "MNI"
    assert atlas.regions["name"].tolist() == ["Right Accumbens Area", "Left Accumbens Area"]
    assert atlas.map_of(1)[2, 2, 2] == 1
    assert spm_xml.files(path) == [path, (tmp_path / image).resolve()]


def test_aal_codes_are_kept_and_the_image_of_the_same_name_is_found(tmp_path):
    path = write(tmp_path, AAL, "AAL.nii", (2001, 2002))
    assert spm_xml.sniff(path)
    atlas = spm_xml.read(path)
    assert dict(zip(atlas.regions["id"], atlas.regions["name"], strict=True)) == {
        2001: "Precentral_L",
        2002: "Precentral_R",
    }


def test_images_outside_the_folder_are_refused(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = write(inner, SPM.replace("labels_N", "../labels_N"), "AAL.nii", (23, 30))
    with pytest.raises(AtlasError, match="leads out of the folder inner"):
        spm_xml.read(path)


def test_a_missing_image_is_named(tmp_path):
    path = write(tmp_path, SPM, "other.nii", (23, 30))
    with pytest.raises(AtlasError, match=r"AAL\.xml names the image labels_Neuromorphometrics\.nii, which is not"):
        spm_xml.read(path)


def test_values_that_the_list_does_not_know_are_refused_or_named_by_number(tmp_path):
    with pytest.raises(AtlasError, match="none of its labels"):
        spm_xml.read(write(tmp_path, SPM, "labels_Neuromorphometrics.nii", (1, 2)))


@pytest.mark.parametrize("text", ["<atlas/>", "<x><data><label><index>1</index></label></data></x>", AAL[:90], ""])
def test_other_xml_is_not_claimed_and_not_read(tmp_path, text):
    path = write(tmp_path, text, "AAL.nii", (1, 2))
    assert not spm_xml.sniff(path)
    with pytest.raises(AtlasError):
        spm_xml.read(path)
