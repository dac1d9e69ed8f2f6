"""Files that are broken, or made to break: each is refused in one sentence that names it, or read as what it is."""

from __future__ import annotations

import gzip
import json
import os
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, InputError, assign, load_atlas
from napari_atlas_assign.errors import AtlasError
from napari_atlas_assign.image import Image, open_image, read_stack

AFFINE = np.array([[2.0, 0, 0, -8], [0, 2, 0, -8], [0, 0, 2, -8], [0, 0, 0, 1]])
LABELS = np.repeat(np.array([1, 2], np.uint8), 4)[:, None, None] * np.ones((8, 8, 8), np.uint8)
BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
XML = "{}<atlas><header><type>Label</type><imagefile>{}</imagefile></header><data>{}</data></atlas>"
TWO = '<label index="1">A</label><label index="2">B</label>'


@pytest.fixture
def folder(tmp_path):
    """With two images: ``map.nii`` of noise and ``labels.nii.gz``."""
    noise = np.random.default_rng(0).normal(size=(8, 8, 8)).astype(np.float32)
    nib.save(nib.Nifti1Image(noise, AFFINE), tmp_path / "map.nii")
    nib.save(nib.Nifti1Image(LABELS, AFFINE), tmp_path / "labels.nii.gz")
    return tmp_path


def with_header(folder, name, offset, fmt, *values):
    """The map with some fields of its header changed."""
    data = bytearray((folder / "map.nii").read_bytes())
    struct.pack_into(fmt, data, offset, *values)
    (folder / name).write_bytes(data)
    return folder / name


def refused(call, *args, says, **kwargs):
    """One sentence on one line, in short."""
    with pytest.raises(InputError, match=says) as error:
        call(*args, **kwargs)
    assert "\n" not in str(error.value)
    return error.value


# --- images ---

HEADERS = {
    "no voxels along x": (40, "<8h", (3, 0, 8, 8, 1, 1, 1, 1), "without voxels"),
    "negative sizes": (40, "<8h", (3, -8, 8, 8, 1, 1, 1, 1), "without voxels"),
    "nine axes": (40, "<8h", (9, 8, 8, 8, 1, 1, 1, 1), "not an image that can be read"),
    "two axes": (40, "<8h", (2, 8, 64, 1, 1, 1, 1, 1), "needs three axes"),
    "120 TiB of voxels": (40, "<8h", (3, 32000, 32000, 32000, 1, 1, 1, 1), "more than the file can hold"),
    "an affine of zeros": (280, "<12f", (0.0,) * 12, "the affine is singular"),
    "an affine of NaN": (280, "<12f", (float("nan"),) * 12, "not a 4x4 matrix of finite numbers"),
    "an affine of infinities": (280, "<12f", (float("inf"),) * 12, "not a 4x4 matrix of finite numbers"),
    "voxels behind the end": (108, "<f", (1e9,), "cannot be read"),
    "voxels before the start": (108, "<f", (-100.0,), "not an image that can be read"),
    "an unknown type": (70, "<h", (12345,), "not an image that can be read"),
    "complex voxels": (70, "<2h", (32, 64), "claims|not real numbers"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_header_of_nonsense_is_refused(folder, small_atlas, what):
    offset, fmt, values, says = HEADERS[what]
    path = with_header(folder, "bad.nii", offset, fmt, *values)
    refused(assign, path, small_atlas, says=rf"^bad\.nii.*({says})")
    assert isinstance(refused(load_atlas, path, says="bad"), AtlasError)


@pytest.mark.parametrize("where", [0.5, -5], ids=["in the middle", "in the checksum"])
def test_a_packed_image_with_a_byte_changed_is_refused(folder, small_atlas, where):
    packed = bytearray(gzip.compress((folder / "map.nii").read_bytes()))
    packed[int(len(packed) * where) if where > 0 else where] ^= 255
    (folder / "bad.nii.gz").write_bytes(packed)
    for read in (Image.from_file, read_stack):
        refused(read, folder / "bad.nii.gz", says=r"^bad\.nii\.gz: the voxels cannot be read")
    refused(assign, nib.load(folder / "bad.nii.gz"), small_atlas, says=r"^bad\.nii\.gz: the voxels cannot be read")


@pytest.mark.parametrize("kept", [0, 15, 40, 0.5, 0.9, -1])
def test_a_packed_image_cut_off_anywhere_is_refused(folder, small_atlas, kept):
    packed = gzip.compress((folder / "map.nii").read_bytes())
    (folder / "cut.nii.gz").write_bytes(packed[: int(len(packed) * kept) if 0 < kept < 1 else kept])
    refused(assign, folder / "cut.nii.gz", small_atlas, says=r"^cut\.nii\.gz")
    refused(load_atlas, folder / "cut.nii.gz", says="^cut")


def test_a_header_without_its_voxels_says_where_they_should_be(folder):
    (folder / "head.hdr").write_bytes((folder / "map.nii").read_bytes()[:344] + b"ni1\0")
    refused(open_image, folder / "head.hdr", says=r"^head\.hdr has its voxels in head\.img, which is not there")


def test_what_is_no_file_is_refused_by_every_way_in(folder, small_atlas):
    (folder / "dangling.nii").symlink_to(folder / "nowhere")
    (folder / "loop.nii").symlink_to(folder / "loop.nii")
    for path in (
        folder / "dangling.nii",
        folder / "loop.nii",
        Path("x" * 5000),
        Path("a\0b"),
        Path("x" * 5000 + ".csv"),
    ):
        refused(assign, path, small_atlas, says="no such file")
        refused(load_atlas, path, says="neither a file or folder")
        refused(load_atlas, folder / "labels.nii.gz", labels=path, says="no such label table")
    refused(assign, folder, small_atlas, says="is a folder; give a NIfTI file")


def test_types_of_voxels_are_kept_or_refused(folder):
    rgb = np.zeros((8, 8, 8), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for name, data in {
        "rgb": rgb,
        "complex": LABELS.astype(np.complex64),
        "five": LABELS[..., None, None] * [1, 2],
    }.items():
        nib.save(nib.Nifti1Image(data, AFFINE, dtype=data.dtype), folder / f"{name}.nii")
        refused(load_atlas, folder / f"{name}.nii", says=f"^{name}")
    for name in ("rgb", "complex"):
        refused(Image.from_file, folder / f"{name}.nii", says="not real numbers")
    big = LABELS.astype(np.int64) << 40
    nib.save(nib.Nifti1Image(big, AFFINE, dtype=np.int64), folder / "big.nii")
    assert load_atlas(folder / "big.nii").regions["id"].tolist() == [2**40, 2**41]
    nib.save(nib.Nifti1Image(LABELS.astype(np.int16) - 2, AFFINE), folder / "negative.nii")
    refused(load_atlas, folder / "negative.nii", says="^negative")


def test_labels_that_were_interpolated_are_told(folder):
    nib.save(nib.Nifti1Image(LABELS + np.float32(0.25), AFFINE), folder / "soft.nii")
    with pytest.warns(AssignmentWarning, match=r"soft: fractions up to 2\.25 are taken for per cent of one region"):
        atlas = load_atlas(folder / "soft.nii")
    assert atlas.n_regions == 1


@pytest.mark.parametrize("name", ["with blanks", "ünï_脳🧠", "a\nb", "a\tb", "-x", os.fsdecode(b"b\xffd"), "100%20"])
def test_names_of_files_may_hold_anything(folder, name):
    image, stack = folder / f"{name}.nii", folder / f"{name}4.nii"
    nib.save(nib.Nifti1Image(LABELS, AFFINE), folder / "x.nii")
    os.rename(folder / "x.nii", image)
    nib.save(nib.Nifti1Image(np.stack([LABELS, LABELS], axis=-1), AFFINE), folder / "x.nii")
    os.rename(folder / "x.nii", stack)
    atlases = [load_atlas(image), load_atlas(folder / "labels.nii.gz")]
    for number, source in enumerate((image, stack)):
        result = assign(source, atlases)
        saved = result.save(folder / f"out{number}") / "assignments.tsv"
        assert saved.read_text("utf-8").count("\n") == 1 + len(result.assignments) == 1 + 4 * (1 + number)


# --- label tables ---

ROWS = "index,name\n1,A\n2,B\n"
GOOD_TABLES = {
    "a byte order mark": b"\xef\xbb\xbf" + ROWS.encode(),
    "CR LF": ROWS.replace("\n", "\r\n").encode(),
    "CR": ROWS.replace("\n", "\r").encode(),
    "UTF-16": ROWS.encode("utf-16"),
    "control characters": b"index,name\n1,\x1bA\n2,B\x07\n",
    "an empty column more": b"index,name\n1,A,\n2,B,\n",
}
BAD_TABLES = {
    "twice.csv": (b"index,name\n1,A\n1,B\n", "gives the id 1 more than once"),
    "comma.csv": (
        b"index,name\n1,Gyrus, left\n2,Gyrus, right\n",
        "line 2: there are 3 columns, more than in the header",
    ),
    "short.csv": (b"index,name\n1\n2,B\n", "line 2: there is 1 column"),
    "nameless.csv": (b"index,name\n1,\x07\n2,B\n", "region 1 has no name"),
    "huge.csv": (b"index,name\n99999999999999999999,A\n", "a whole number is expected"),
    "binary.csv": (ROWS.encode("utf-16-be"), "is a binary file"),
    "empty.csv": (b"", "is empty"),
    "bomb.csv.gz": (gzip.compress(b"0" * 30_000_000), "holds more than 20 MiB"),
    "cut.csv.gz": (gzip.compress(ROWS.encode())[:-9], "cannot be read"),
    "nan.json": (b'[{"id": NaN, "name": "A"}]', "a whole number is expected"),
    "twice.json": (b'{"1": "A", "1": "B"}', "the key '1' stands there twice"),
    "half.json": (b'[{"id": 1, "name": "\\ud800"}]', "is not JSON .*surrogates"),
    "deep.json": (b"[" * 100_000, "is not JSON"),
    "bomb.xml": (XML.format(BOMB, "/labels", '<label index="1">&i;</label>').encode(), "declares a DTD or entities"),
    "cut.xml": (XML.format("", "/labels", TWO).encode()[:90], "is not well-formed XML"),
}


@pytest.mark.parametrize("what", GOOD_TABLES)
def test_a_table_is_read_whatever_its_line_ends_and_encoding(folder, what):
    (folder / "names.csv").write_bytes(GOOD_TABLES[what])
    atlas = load_atlas(folder / "labels.nii.gz", labels=folder / "names.csv")
    assert atlas.regions["name"].tolist() == ["A", "B"]


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_broken_table_is_refused(folder, name):
    content, says = BAD_TABLES[name]
    (folder / name).write_bytes(content)
    error = refused(load_atlas, folder / "labels.nii.gz", labels=folder / name, says=rf"^{name}.*{says}")
    assert isinstance(error, AtlasError)


def test_a_table_of_a_part_of_the_labels_that_counts_from_0_is_refused(folder):
    (folder / "names.csv").write_text("index,name\n0,Left pole\n1,Right pole\n")
    three = np.minimum(np.arange(8) // 2, 3)[:, None, None] * np.ones((1, 8, 8), int)
    nib.save(nib.Nifti1Image(three.astype(np.uint8), AFFINE), folder / "three.nii")
    refused(load_atlas, folder / "three.nii", labels=folder / "names.csv", says="its label table counts from 0")


@pytest.mark.parametrize(
    "content", [BOMB, XML.format("", "/../../etc/passwd", TWO), XML.format("", "/none", TWO), "<atlas>"]
)
def test_a_broken_atlas_in_xml_is_refused(folder, content):
    (folder / "atlas.xml").write_text(content)
    says = "declares a DTD|leads out of the folder|which are not there|is not well-formed"
    assert isinstance(refused(load_atlas, folder / "atlas.xml", says=says), AtlasError)


# --- points ---

BAD_POINTS = {
    "a quotation mark that is never closed": ('x,y,z,name\n1,2,3,"a\n4,5,6,b\n', r"cannot be read .*repair it"),
    "a number that only Python reads": ("x,y,z\n1_000,0,0\n", "'1_000' in column x is not a number"),
    "infinity": ("x,y,z\n1,inf,0\n", "'inf' in column y is not a number"),
    "NaN": ("x,y,z\nnan,0,0\n", "no coordinates in line 2"),
    "a decimal comma": ("x;y;z\n1,5;0;0\n", "'1,5' in column x is not a number"),
    "no column": ("1,2,3\n4,5,6\n", "has no column x, y, z"),
    "one column twice": ("x,x,y,z\n1,1,2,3\n", "has 2 columns x"),
    "zero bytes": ("x,y,z\n1,\0,2\n", "is no table of points"),
}


@pytest.mark.parametrize("what", BAD_POINTS)
def test_a_broken_table_of_points_is_refused(folder, small_atlas, what):
    content, says = BAD_POINTS[what]
    (folder / "points.csv").write_text(content)
    refused(assign, folder / "points.csv", small_atlas, says=rf"^points\.csv.*{says}")


@pytest.mark.parametrize(
    "about", ["{", "[" * 100_000, json.dumps({"iEEGCoordinateUnits": {"a": 1}}), '{"iEEGCoordinateUnits": NaN}']
)
def test_a_broken_coordinate_system_of_electrodes_is_refused(folder, small_atlas, about):
    (folder / "sub-1_electrodes.tsv").write_text("name\tx\ty\tz\nA\t1\t1\t1\n")
    (folder / "sub-1_coordsystem.json").write_text(about)
    refused(assign, folder / "sub-1_electrodes.tsv", small_atlas, says=r"^sub-1_coordsystem\.json")
