"""What a file is, is told by its content: neither the case of its ending nor a wrong one changes what is read."""

from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Image, assign, load_atlas
from napari_atlas_assign.cli import main
from napari_atlas_assign.modes.point_files import read_points
from napari_atlas_assign.plugin.layers.reader import get_reader
from tests.atlas.formats.helpers import write_dataset

AFFINE = np.diag([2.0, 2, 2, 1])
NAMES = ["North", "South"]
CSV = "index,name\n1,North\n2,South\n"


def labels():
    data = np.zeros((6, 6, 6), np.uint8)
    data[1:3], data[3:5] = 1, 2
    return data


def written(folder, ending):
    """A volume of labels in a file that nibabel has named itself."""
    if ending == ".img":
        nib.save(nib.Nifti1Pair(labels(), AFFINE), folder / "x.img")
    elif ending in (".mgz", ".mgh"):
        nib.save(nib.MGHImage(labels().astype(np.float32), AFFINE), folder / f"x{ending}")
    else:
        nib.save(nib.Nifti1Image(labels(), AFFINE), folder / f"x{ending}")
    return folder / f"x{ending}"


RENAMED = {
    **{"case of " + name: (name.lower()[1:], name) for name in ("X.NII.GZ", "x.Nii", "X.NII", "x.nii.GZ")},
    **{"case of " + name: (name.lower()[1:], name) for name in ("X.MGZ", "X.MGH", "X.IMG")},
    "packed NIfTI named .nii": (".nii.gz", "x.nii"),
    "plain NIfTI named .nii.gz": (".nii", "x.nii.gz"),
    "NIfTI named .img": (".nii", "x.img"),
    "packed NIfTI named .mgz": (".nii.gz", "x.mgz"),
    "packed MGH named .mgh": (".mgz", "x.mgh"),
    "plain MGH named .mgz": (".mgh", "x.mgz"),
    "packed MGH named .nii.gz": (".mgz", "x.nii.gz"),
}


@pytest.mark.parametrize(("ending", "name"), RENAMED.values(), ids=RENAMED.keys())
def test_an_image_and_an_atlas_are_read_whatever_they_are_called(tmp_path, ending, name):
    path = written(tmp_path, ending).rename(tmp_path / name)
    if ending == ".img":
        (tmp_path / "x.hdr").rename(tmp_path / "X.HDR")
    (tmp_path / f"{name.split('.')[0]}.CSV").write_text(CSV)
    image = Image.from_file(path)
    np.testing.assert_array_equal(image.data, labels())
    np.testing.assert_array_equal(image.grid.affine, AFFINE)
    assert load_atlas(path).regions["name"].tolist() == NAMES
    read = get_reader(str(path))
    assert read is not None
    assert read(str(path))[0][2] == "labels"


def test_an_image_without_an_ending_is_read(tmp_path):
    path = written(tmp_path, ".nii").rename(tmp_path / "x")
    np.testing.assert_array_equal(Image.from_file(path).data, labels())


def test_atlas_files_name_their_images_in_any_case(tmp_path):
    data = "".join(f'<label index="{n}" x="1" y="1" z="1">{name}</label>' for n, name in enumerate(NAMES, 1))
    head = "<header><name>M</name><type>Label</type><images><imagefile>/M/x</imagefile></images></header>"
    (tmp_path / "M.XML").write_text(f'<atlas version="1.0">{head}<data>{data}</data></atlas>')
    (tmp_path / "M").mkdir()
    written(tmp_path / "M", ".nii.gz").rename(tmp_path / "M" / "X.NII.GZ")
    assert load_atlas(tmp_path / "M.XML").regions["name"].tolist() == NAMES


def test_afni_datasets_are_known_in_small_letters(tmp_path):
    table = '<VALUE_LABEL_DTABLE ni_type="2*String" ni_dimen="2" >"1" "North" "2" "South"</VALUE_LABEL_DTABLE>'
    head = write_dataset(tmp_path, labels().astype(np.int16), "a+tlrc", VALUE_LABEL_DTABLE=table)
    head.with_suffix(".BRIK").rename(tmp_path / "a+tlrc.brik")
    atlas = load_atlas(head.rename(tmp_path / "a+tlrc.head"))
    assert atlas.regions["name"].tolist() == NAMES
    assert atlas.name == "a"


POINTS = "x,y,z\n4,2,2\n8,6,6\n"
POINT_FILES = {
    **{name: POINTS.encode() for name in ("P.CSV", "p.tsv", "p", "p.dat")},
    "P.TSV": POINTS.replace(",", "\t").encode(),
    "P.TXT": POINTS.replace(",", "  ").encode(),
    "bom.csv": ("\ufeff" + POINTS).encode(),
    "lines.csv": POINTS.replace("\n", "\r\n").encode(),
    "packed.csv": gzip.compress(POINTS.encode()),
    "packed.csv.gz": gzip.compress(POINTS.encode()),
    "packed.dat": gzip.compress(POINTS.encode()),
}


@pytest.mark.parametrize("name", POINT_FILES)
def test_points_are_told_by_their_columns(tmp_path, name):
    (tmp_path / name).write_bytes(POINT_FILES[name])
    (tmp_path / "atlas").mkdir()
    atlas = written(tmp_path / "atlas", ".nii.gz")
    (tmp_path / "atlas" / "x.csv").write_text(CSV)
    assert assign(tmp_path / name, load_atlas(atlas)).assignments["region"].tolist() == NAMES


@pytest.mark.parametrize("name", ["P.NPY", "p.csv", "p.xyz"])
def test_arrays_of_points_are_told_by_how_they_begin(tmp_path, name):
    with (tmp_path / name).open("wb") as file:
        np.save(file, np.array([[4.0, 2, 2]]))
    np.testing.assert_array_equal(read_points(tmp_path / name, coordinates="mm").xyz, [[4, 2, 2]])


@pytest.mark.parametrize("name", ["P.PARQUET", "p.csv"])
def test_parquet_is_told_by_how_it_begins(tmp_path, name):
    pd.DataFrame({"x": [4.0], "y": [2.0], "z": [2.0]}).to_parquet(tmp_path / name)
    np.testing.assert_array_equal(read_points(tmp_path / name).xyz, [[4, 2, 2]])


@pytest.mark.parametrize("name", ["C.CSV", "C.TSV", "c.txt", "packed.csv"])
def test_tables_of_clusters_are_told_by_their_columns(tmp_path, name):
    text = b"Cluster ID,X,Y,Z,Peak Stat,Cluster Size (mm3)\n1,4,2,2,5.1,80\n"
    (tmp_path / name).write_bytes(gzip.compress(text) if name == "packed.csv" else text)
    (tmp_path / "atlas").mkdir()
    atlas = written(tmp_path / "atlas", ".nii.gz")
    (tmp_path / "atlas" / "x.csv").write_text(CSV)
    assert main(["label", str(tmp_path / name), "--atlas", str(atlas), "--output", str(tmp_path / "out.csv")]) == 0
    assert "North" in (tmp_path / "out.csv").read_text()


TABLES = {
    "T.CSV": CSV,
    "T.TSV": CSV.replace(",", "\t"),
    "T.JSON": '["North", "South"]',
    "T.LUT": "1 0.1 0.1 0.1 North\n2 .2 .2 .2 South\n",
    "T.XML": "<atlas><data><label><index>1</index><name>North</name></label><label><index>2</index><name>South</name>"
    "</label></data></atlas>",
    "T": CSV,
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_label_tables_are_told_by_their_content(tmp_path, name, packed):
    text = TABLES[name].encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if packed else text)
    atlas = load_atlas(written(tmp_path, ".nii.gz"), labels=tmp_path / name)
    assert atlas.regions["name"].tolist() == NAMES
