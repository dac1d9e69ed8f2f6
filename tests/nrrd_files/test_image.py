"""NRRD files are read as what their headers say, and damaged ones are refused in one sentence."""

from __future__ import annotations

import builtins
import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AssignmentWarning, Image, InputError, assign, load_atlas
from napari_atlas_assign.source import as_source
from tests.nrrd_files.helpers import TYPES, header_of, packed, vectors, write_nrrd

TO_RAS = {
    "left-posterior-superior": np.diag([-1, -1, 1]),
    "LPS": np.diag([-1, -1, 1]),
    "right-anterior-superior": np.eye(3),
    "RAS": np.eye(3),
    "left-anterior-superior": np.diag([-1, 1, 1]),
    "left-posterior-superior-time": np.diag([-1, -1, 1]),
}
PLACED = {"space": "RAS", "space_directions": "(2,0,0) (0,2,0) (0,0,2)", "space_origin": "(1,2,3)"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    code=st.sampled_from(sorted(TYPES)),
    order=st.sampled_from("<>"),
    encoding=st.sampled_from(["raw", "gzip", "bzip2", "text"]),
    space=st.sampled_from(sorted(TO_RAS)),
    unit=st.sampled_from([None, "mm", "um", "m"]),
    seed=st.integers(0, 99),
)
def test_voxels_and_their_places_are_those_of_the_header(tmp_path, code, order, encoding, space, unit, seed):
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 100, (3, 4, 5)).astype(order + code if code[1] != "1" else code)
    directions, origin = rng.normal(size=(3, 3)) + 3 * np.eye(3), rng.normal(size=3)
    path = write_nrrd(
        tmp_path / "map.nrrd",
        array,
        encoding=encoding,
        space=space,
        space_directions=vectors(directions),
        space_origin=vectors(origin[:, None]),
        space_units=None if unit is None else " ".join([f'"{unit}"'] * 3),
    )
    image = Image.from_file(path)
    mm = {None: 1, "mm": 1, "um": 1e-3, "m": 1e3}[unit]
    np.testing.assert_array_equal(image.data, array)
    index = np.array([1, 2, 3])
    expected = TO_RAS[space] @ (directions @ index + origin) * mm
    np.testing.assert_allclose(image.grid.to_world(index[None])[0], expected)
    assert image.stated.remarks == ()


@pytest.mark.parametrize("place", [0, 1, 3])
def test_an_axis_that_lies_in_no_space_is_that_of_the_volumes(tmp_path, place):
    volumes = np.random.default_rng(0).random((2, 3, 4, 5)).astype("<f4")
    directions = ["(2,0,0)", "(0,2,0)", "(0,0,2)"]
    directions.insert(place, "none")
    kinds = ["domain"] * 3
    kinds.insert(place, "list")
    array = np.asfortranarray(np.moveaxis(volumes, 0, place))
    about = PLACED | {"space_directions": " ".join(directions), "kinds": " ".join(kinds)}
    stack, _ = as_source(write_nrrd(tmp_path / "stack.nrrd", array, **about))
    for image, volume in zip(stack, volumes, strict=True):
        np.testing.assert_array_equal(image.data, volume)


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_a_detached_header_has_its_voxels_beside(tmp_path, encoding):
    array = np.arange(24, dtype="<i2").reshape(2, 3, 4)
    (tmp_path / "map.raw").write_bytes(b"skipped\n" + packed(array, encoding))
    fields = {name.replace("_", " "): value for name, value in PLACED.items()}
    fields |= {"encoding": encoding, "line skip": "1", "data file": "map.raw"}
    (tmp_path / "map.nhdr").write_bytes(header_of(array, fields))
    np.testing.assert_array_equal(Image.from_file(tmp_path / "map.nhdr").data, array)


def test_what_the_header_does_not_say_of_the_place_is_remarked(tmp_path):
    array = np.zeros((2, 3, 4), "<f4")
    bare = Image.from_file(write_nrrd(tmp_path / "bare.nrrd", array, spacings="1 2 3"))
    assert "says nothing about its place" in bare.stated.remarks[0]
    np.testing.assert_array_equal(bare.grid.voxel_sizes, [1, 2, 3])
    about = PLACED | {"space": None, "space_dimension": "3"}
    unnamed = Image.from_file(write_nrrd(tmp_path / "unnamed.nrrd", array, **about))
    assert "which way its axes point" in unnamed.stated.remarks[0]
    without_origin = Image.from_file(write_nrrd(tmp_path / "origin.nrrd", array, **PLACED | {"space_origin": None}))
    assert "where its origin lies" in without_origin.stated.remarks[0]


def test_a_map_and_a_label_atlas_are_assigned_as_from_any_other_file(tmp_path):
    labels = np.zeros((8, 8, 8), "u1")
    labels[2:5, 2:5, 2:5] = 3
    atlas = write_nrrd(tmp_path / "atlas.nrrd", labels, encoding="gzip", **PLACED)
    (tmp_path / "atlas.csv").write_text("index,name\n3,North\n")
    map_ = write_nrrd(tmp_path / "map.nrrd", (labels > 0).astype("<f4") * 5, **PLACED)
    row = assign(map_, load_atlas(atlas), threshold=2).assignments.iloc[0]
    assert (row["region"], row["share"]) == ("North", pytest.approx(1))


def test_labels_are_told_by_the_name_that_slicer_gives_them(tmp_path):
    labels = np.ones((2, 2, 2), "u1")
    assert Image.from_file(write_nrrd(tmp_path / "tumour-label.nrrd", labels, **PLACED)).stated.labels


HOSTILE = {
    "sizes that the file cannot hold": {"sizes": "100000 100000 100000"},
    "packed sizes that it cannot hold": {"sizes": "100000 100000 100000", "encoding": "gzip"},
    "sizes that overflow": {"sizes": "9223372036854775807 9223372036854775807 3"},
    "no axis": {"sizes": "0 4 5"},
    "a negative size": {"sizes": "-2 4 5"},
    "another dimension": {"dimension": "2"},
    "a type that is none": {"type": "block"},
    "an unknown type": {"type": "quaternion"},
    "an unknown encoding": {"encoding": "hex"},
    "an unknown byte order": {"endian": "middle"},
    "voxels elsewhere": {"data_file": "/etc/hostname"},
    "voxels above": {"data_file": "../voxels.raw"},
    "voxels that are missing": {"data_file": "missing.raw"},
    "voxels in several files": {"data_file": "slice%03d.raw 1 4 1"},
    "voxels in a list": {"data_file": "LIST"},
    "a place that is no number": {"space_directions": "(nan,0,0) (0,2,0) (0,0,2)"},
    "an infinite origin": {"space_origin": "(inf,0,0)"},
    "a place without volume": {"space_directions": "(1,0,0) (1,0,0) (0,0,2)"},
    "a plane": {"space_dimension": "2", "space": None, "space_directions": "(1,0) (0,1) (0,1)", "space_origin": None},
    "an unknown unit": {"space_units": '"inch" "inch" "inch"'},
    "colours": {"kinds": "RGB-color domain domain"},
    "text in place of numbers": {"space_origin": "(a,b,c)"},
    "a line that is none": {"sizes": "3 4 5\nnonsense"},
    "a skip beyond the file": {"byte_skip": "99999999999999"},
}


@pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_header_is_refused_in_one_sentence(tmp_path, fields):
    path = write_nrrd(tmp_path / "bad.nrrd", np.ones((3, 4, 5), "<f4"), **{**PLACED, **fields, "encoding": None})
    if "encoding" in fields:
        path = tmp_path / "bad.nrrd"
        told = {name.replace("_", " "): value for name, value in {**PLACED, **fields}.items()}
        path.write_bytes(header_of(np.ones((3, 4, 5), "<f4"), told) + b"\n" + gzip.compress(bytes(240)))
    for read in (Image.from_file, load_atlas):
        with pytest.raises(InputError) as told:
            read(path)
        assert "bad.nrrd" in str(told.value)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "text"])
def test_voxels_that_are_cut_off_are_refused(tmp_path, encoding):
    array = np.random.default_rng(0).integers(0, 9, (6, 6, 6)).astype("<i4")
    path = write_nrrd(tmp_path / "cut.nrrd", array, encoding=encoding, **PLACED)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"cut\.nrrd"):
        Image.from_file(path)


def test_packed_voxels_beyond_what_the_header_tells_are_not_unpacked(tmp_path):
    array = np.zeros((2, 2, 2), "u1")
    path = write_nrrd(tmp_path / "bomb.nrrd", array, encoding="gzip", **PLACED)
    head = path.read_bytes()[: path.read_bytes().index(b"\n\n") + 2]
    path.write_bytes(head + gzip.compress(bytes(2**26)))
    assert Image.from_file(path).data.shape == (2, 2, 2)


def test_without_pynrrd_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    path = write_nrrd(tmp_path / "map.nrrd", np.zeros((2, 2, 2), "u1"), **PLACED)
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "nrrd":
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"needs pynrrd; install it with pip install \"napari-atlas-assign\[nrrd\]\""):
        Image.from_file(path)


def test_the_viewer_opens_what_the_command_line_opens(tmp_path):
    from napari_atlas_assign.plugin.layers.reader import get_reader

    path = write_nrrd(tmp_path / "map.nrrd", np.ones((2, 3, 4), "<f4"), **PLACED)
    read = get_reader(str(path))
    assert read is not None
    data, about, kind = read(str(path))[0]
    assert (data.shape, kind, about["scale"]) == ((4, 3, 2), "image", (2, 2, 2))
    with pytest.warns(AssignmentWarning, match="named by their numbers"):
        load_atlas(write_nrrd(tmp_path / "unnamed_dseg.nrrd", np.ones((2, 3, 4), "u1"), **PLACED))
