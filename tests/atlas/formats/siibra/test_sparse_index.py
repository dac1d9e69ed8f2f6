from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Atlas, Grid
from napari_atlas_assign.atlas.formats.siibra import sparse_index
from napari_atlas_assign.errors import AtlasError

AFFINE = np.diag([2.0, 2, 2, 1])


def write_by_hand(folder, voxels, probs: str, bboxes: str, base="x"):
    """The three files of the format's description, made without the package."""
    nib.save(nib.Nifti1Image(np.asarray(voxels, np.int32), AFFINE), folder / f"{base}{sparse_index.VOXELS}")
    (folder / f"{base}{sparse_index.PROBS}").write_bytes(gzip.compress(probs.encode()))
    (folder / f"{base}{sparse_index.BBOXES}").write_bytes(gzip.compress(bboxes.encode()))
    return folder / base


def numbers(**where):
    data = np.full((3, 4, 5), -1, np.int32)
    for place, number in where.items():
        data[tuple(int(d) for d in place[1:])] = number
    return data


@pytest.fixture
def golden(tmp_path):
    # siibra numbers voxels as it meets them, region by region, so not in the order of the grid.
    voxels = numbers(v111=0, v222=1, v000=2)
    return write_by_hand(tmp_path, voxels, "0 0.5 1 0.25\n0 1.0\n1 1e-05\n", "1 1 1 2 2 2\n0 0 0 1 1 1\n")


def test_an_index_is_found_by_any_of_its_files_and_by_their_beginning(golden):
    for suffix in ("", sparse_index.VOXELS, sparse_index.PROBS, sparse_index.BBOXES):
        path = golden.with_name(golden.name + suffix)
        assert sparse_index.sniff(path)
        assert sparse_index.read(path).n_regions == 2
    golden.with_name(golden.name + sparse_index.BBOXES).unlink()
    assert not sparse_index.sniff(golden)
    with pytest.raises(AtlasError):
        sparse_index.read(golden)


def test_values_are_at_the_voxels_of_their_lines(golden):
    atlas = sparse_index.read(golden)
    first, second = atlas.map_of(0), atlas.map_of(1)
    assert (first[1, 1, 1], first[2, 2, 2], np.count_nonzero(first)) == (0.5, 1, 2)
    assert (second[1, 1, 1], second[0, 0, 0], np.count_nonzero(second)) == (0.25, np.float32(1e-05), 2)
    assert atlas.regions["name"].tolist() == ["region 0", "region 1"]
    assert atlas.grid.affine.tolist() == AFFINE.tolist()


def test_a_table_of_labels_names_the_regions(golden, tmp_path):
    (tmp_path / "names.csv").write_text("index,name\n0,Area A left\n1,Area A right\n")
    regions = sparse_index.read(golden, tmp_path / "names.csv").regions
    assert regions["name"].tolist() == ["Area A left", "Area A right"]


def test_values_of_zero_are_left_out(tmp_path):
    base = write_by_hand(tmp_path, numbers(v000=0, v111=1), "0 0.0 1 0.5\n0 0 1 1e-99\n", "0 0 0 1 1 1\n" * 2)
    assert sparse_index.read(base).value.tolist() == [0.5]


def test_percentages_become_probabilities(tmp_path):
    base = write_by_hand(tmp_path, numbers(v000=0), "0 50 1 100\n", "0 0 0 0 0 0\n" * 2)
    assert sparse_index.read(base).value.tolist() == [0.5, 1]


def assert_same(one: Atlas, other: Atlas):
    assert one.grid.matches(other.grid)
    np.testing.assert_array_equal(one.voxel, other.voxel)
    np.testing.assert_array_equal(one.region, other.region)
    np.testing.assert_array_equal(one.value, other.value)
    assert one.regions[["id", "name"]].to_dict() == other.regions[["id", "name"]].to_dict()


def test_what_is_written_is_read_back_exactly(small_atlas, tmp_path):
    files = sparse_index.write(small_atlas, tmp_path / "new" / "small")
    back = sparse_index.read(tmp_path / "new" / "small")
    assert_same(small_atlas, back)
    assert back.regions["hemisphere"].tolist()[:2] == ["left", "right"]
    assert sparse_index.files(tmp_path / "new" / "small") == files
    assert sorted(f.name for f in (tmp_path / "new").iterdir()) == sorted(f.name for f in files)


def test_equal_atlases_are_written_as_equal_texts(small_atlas, tmp_path):
    one = sparse_index.write(small_atlas, tmp_path / "a" / "x")[1].read_bytes()
    assert sparse_index.write(small_atlas, tmp_path / "b" / "x")[1].read_bytes() == one


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), n=st.integers(1, 5))
def test_any_atlas_survives_the_round_trip(tmp_path, seed, n):
    rng = np.random.default_rng(seed)
    grid = Grid((4, 3, 5), AFFINE)
    voxels = [np.sort(rng.choice(60, rng.integers(1, 30), replace=False)) for _ in range(n)]
    values = [np.maximum(rng.random(len(v), np.float32) ** 8, np.float32(1e-30)) for v in voxels]
    regions = pd.DataFrame({"id": range(n), "name": [f"R{i}" for i in range(n)]})
    atlas = Atlas.from_region_entries(grid, regions, voxels, values)
    sparse_index.write(atlas, tmp_path / "x")
    assert_same(atlas, sparse_index.read(tmp_path / "x"))


def test_the_text_may_come_in_pieces_of_any_size():
    text = b"".join(b"%d 0.%d %d 1e-3\n" % (i % 7, i + 1, i % 7 + 1) for i in range(50))
    whole = sparse_index.parse_probs(iter([text]), 8, 50, "x")
    for size in (1, 3, 100):
        pieces = (text[i : i + size] for i in range(0, len(text), size))
        for one, other in zip(whole, sparse_index.parse_probs(pieces, 8, 50, "x"), strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_atlas_with_an_empty_region_is_not_written(small_atlas, tmp_path):
    regions = pd.concat([small_atlas.regions, pd.DataFrame({"id": [9], "name": ["empty one"]})], ignore_index=True)
    atlas = Atlas(small_atlas.grid, regions, small_atlas.voxel, small_atlas.region, small_atlas.value)
    with pytest.raises(AtlasError, match="empty one"):
        sparse_index.write(atlas, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_atlas_error(small_atlas, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AtlasError, match="cannot be written"):
        sparse_index.write(small_atlas, tmp_path / "file" / "x")


def test_names_for_another_number_of_regions_are_refused(golden):
    golden.with_name(golden.name + sparse_index.REGIONS).write_text("id\tname\n0\tonly\n")
    with pytest.raises(AtlasError, match="has 1 region, but the index has 2"):
        sparse_index.read(golden)


BOXES = "0 0 0 0 0 0\n" * 2


@pytest.mark.parametrize(
    ("voxels", "probs", "bboxes", "message"),
    [
        (numbers(v000=0), "0 0.5 1\n", BOXES, "row of pairs"),
        (numbers(v000=0), "\n0 0.5\n", BOXES, "row of pairs"),
        (numbers(v000=0), "2 0.5\n", BOXES, "regions beyond the 2"),
        (numbers(v000=0), "-1 0.5\n", BOXES, "regions beyond the 2"),
        (numbers(v000=0), "0.5 0.5\n", BOXES, "regions beyond the 2"),
        (numbers(v000=0), "0 -0.5\n", BOXES, "negative"),
        (numbers(v000=0), "0 1e999\n", BOXES, "infinite"),
        (numbers(v000=0), "0 nan\n", BOXES, "more than numbers"),
        (numbers(v000=0), "0 0.5 0 0.25\n", BOXES, "twice"),
        (numbers(v000=0), "0 1-2\n", BOXES, "no number"),
        (numbers(v000=0), "0 1.2.3\n", BOXES, "no number"),
        (numbers(v000=0), "0 e\n", BOXES, "no number"),
        (numbers(v000=0), "", BOXES, "empty"),
        (numbers(v000=0), "0 0.5\n", "", "empty"),
        (numbers(v000=0), "0 0.5\n", "0 0 0 0 0\n", "box of six"),
        (numbers(v000=0), "0 0.5\n", "0 0 0 0 0 x\n", "box of six"),
        (numbers(v000=0), "0 0.5\n0 0.5\n", BOXES, "does not fit"),
        (numbers(v000=0, v111=0), "0 0.5\n", BOXES, "does not fit"),
        (numbers(v000=0, v111=5), "0 0.5\n0 0.5\n", BOXES, "does not fit"),
        (numbers(), "0 0.5\n", BOXES, "does not fit"),
        (numbers(v000=0), "0 500\n", BOXES, "neither probabilities"),
    ],
)
def test_damaged_files_are_refused(tmp_path, voxels, probs, bboxes, message):
    base = write_by_hand(tmp_path, voxels, probs, bboxes)
    with pytest.raises(AtlasError, match=message):
        sparse_index.read(base)


def test_a_cut_off_file_is_refused(golden):
    path = golden.with_name(golden.name + sparse_index.PROBS)
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(AtlasError, match="cannot be read"):
        sparse_index.read(golden)


def test_a_file_that_unpacks_without_end_is_given_up():
    read = 0

    def endless(text):
        nonlocal read
        while True:
            read += 1
            assert read < 1000
            yield text

    with pytest.raises(AtlasError, match="more lines than the 60 voxels"):
        sparse_index.parse_probs(endless(b"0 0.5\n" * 50), 2, 60, "x")
    with pytest.raises(AtlasError, match="too long"):
        sparse_index.parse_probs(endless(b"0" * 2**20), 2, 60, "x")


@settings(max_examples=150)
@given(st.lists(st.text("0123456789 .e-+\n", max_size=20).map(str.encode) | st.binary(max_size=10), max_size=4))
def test_no_text_leads_to_another_error(chunks):
    try:
        line, region, value = sparse_index.parse_probs(iter(chunks), 5, 100, "x")
    except AtlasError:
        return
    assert len(line) == len(region) == len(value)
    assert (value >= 0).all()
