"""Whatever stands in the files of an atlas, only `AtlasError` comes out of its dialect."""

# ruff: noqa: E501 (tables of fragments)

from __future__ import annotations

import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.formats import afni, bids, fsl_xml, mricron, niivue, spm_xml
from napari_atlas_assign.errors import AtlasError

XML = [
    "<atlas>", "</atlas>", "<header>", "</header>", "<images>", "</images>", "<data>", "</data>", "<type>Label</type>",
    "<type>Probabilistic</type>", "<imagefile>", "</imagefile>", "<summaryimagefile>a</summaryimagefile>", "a", "/a", "../a",
    '<label index="1">V1</label>', '<label index="0">V1</label>', "<label><index>1</index><name>V1</name></label>", "<name>",
    "</name>", "&x;", "<!DOCTYPE atlas []>", "é", "\x00", " ", "\n",
]  # fmt: skip
HEAD = [
    "type = string-attribute\n", "type = integer-attribute\n", "type = float-attribute\n", "name = VALUE_LABEL_DTABLE\n",
    "name = DATASET_RANK\n", "name = DATASET_DIMENSIONS\n", "name = BRICK_TYPES\n", "name = BYTEORDER_STRING\n", "count = 2\n",
    "name = IJK_TO_DICOM_REAL\n", "name = DELTA\n", "name = BRICK_FLOAT_FACS\n", "'LSB_FIRST~\n", " 3 1\n", " 2 2 2\n", " 1\n",
    " 2 0 0 1 0 2 0 1 0 0 2 1\n", "'<VALUE_LABEL_DTABLE >\"1\" \"a\"~\n", "\n", "-1", "x",
]  # fmt: skip


def document(fragments):
    return st.lists(st.sampled_from(fragments), max_size=25).map("".join)


def whole_xml(fragments):
    inner = st.lists(st.sampled_from(fragments), max_size=6).map("".join)
    return st.builds("<atlas><header><imagefile>a</imagefile>{}</header><data>{}</data></atlas>".format, inner, inner)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    labels = np.zeros((2, 2, 2), np.uint8)
    labels[0, 0, 0] = 1
    nib.save(nib.Nifti1Image(labels, np.eye(4)), folder / "a.nii")
    (folder / "d.BRIK").write_bytes(bytes(16))
    return folder


def only_atlas_errors(dialect, path) -> None:
    assert dialect.sniff(path) in (True, False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in (dialect.files, dialect.read):
            try:
                call(path)
            except AtlasError as error:
                message = str(error)
            else:
                continue
            assert message


@given(text=st.one_of(document(XML), whole_xml(XML)))
@settings(max_examples=100)
def test_xml_atlases(folder, text):
    path = folder / "a.xml"
    path.write_text(text)
    for dialect in (fsl_xml, spm_xml):
        only_atlas_errors(dialect, path)


@given(text=document(HEAD))
@settings(max_examples=100)
def test_afni_headers(folder, text):
    path = folder / "d.HEAD"
    path.write_text(text)
    only_atlas_errors(afni, path)


def a_nifti() -> bytearray:
    header = nib.Nifti1Header()
    header.set_data_shape((2, 2, 2))
    header.set_data_dtype(np.uint8)
    header.set_sform(np.eye(4), 1)
    header["magic"] = b"n+1"
    header["vox_offset"] = 384
    return bytearray(header.binaryblock + b"\0\0\0\0" + b"1\tV1\n".ljust(32, b"\0") + bytes([1] * 8))


@pytest.mark.parametrize(
    ("place", "value"),
    [(70, 999), (70, 0), (72, 3), (40, 9), (40, 0), (42, -2), (42, 30000), (344, 0), (0, 0), (348, 1), (110, 0x7FC0)],
)
def test_nifti_headers_with_one_bad_field(folder, place, value):
    data = a_nifti()
    data[place : place + 2] = np.int16(value).tobytes()
    path = folder / "tpl-A_dseg.nii"
    path.write_bytes(data)
    for dialect in (mricron, niivue, bids, afni):
        only_atlas_errors(dialect, path)


@given(changes=st.lists(st.tuples(st.integers(0, 391), st.integers(0, 255)), max_size=8), cut=st.integers(0, 392))
@settings(max_examples=100)
def test_nifti_files_with_any_byte_changed_or_cut_off(folder, changes, cut):
    data = a_nifti()
    for place, byte in changes:
        data[place] = byte
    path = folder / "tpl-A_dseg.nii"
    path.write_bytes(data[: cut or None])
    for dialect in (mricron, niivue, bids, afni):
        only_atlas_errors(dialect, path)
