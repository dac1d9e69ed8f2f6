"""The record: strict JSON that says how a table came about."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, Image, InputError, assign
from napari_atlas_assign.report.provenance import PACKAGES, plain, read_record, record_of, to_json


@pytest.fixture
def result(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 5:8, 3:6] = 2.5
    return assign(Image(data, small_atlas.grid, "blob"), small_atlas, threshold=1, connectivity=26)


def _with(result, **changes):
    """The result, with another image or atlas in its run."""
    return replace(result, comparisons=[replace(result.comparisons[0], **changes)])


def test_parameters_inputs_and_versions_are_recorded(result):
    record = record_of(result)
    assert record["parameters"] == {
        "threshold": 1.0,
        "tail": "positive",
        "connectivity": 26,
        "min_volume_mm3": 0.0,
        "min_voxels": 1,
        "keep_largest": None,
        "split_height": None,
        "rois": False,
        "split_rois": False,
        "peaks": 3,
        "peak_distance_mm": 8.0,
        "minimum_probability": 0.0,
        "registration_sd_mm": 0.0,
        "placements": 0,
        "seed": 0,
        "sweep": [],
        "surrogates": 0,
        "level": None,
        "convention": "default",
    }
    assert record["runs"][0]["threshold"] == 1
    assert record["images"][0]["name"] == "blob"
    assert record["images"][0]["grid"] == {"shape": [10, 12, 8], "affine": result.image.grid.affine.tolist()}
    assert record["atlases"][0]["regions"] == 3
    assert record["runs"][0]["modes"] == 1
    assert {"napari-atlas-assign", "python", "numpy", "scipy", "pandas", "nibabel"} <= set(record["software"])
    age = datetime.now(UTC) - datetime.fromisoformat(record["created"])
    assert timedelta(0) <= age < timedelta(minutes=5)


def test_files_are_recorded_with_path_and_hash(zmap_path, small_atlas):
    with pytest.warns(AssignmentWarning, match="different spaces"):
        record = record_of(assign(zmap_path, small_atlas, threshold=3))
    assert record["images"][0]["source"] == {
        "path": str(zmap_path),
        "sha256": "badcac9bed4734f22b5c6dca1b778ade6c4d10a25ab30b807ff42f7c53304dbe",
    }


def test_an_array_is_told_from_a_changed_one_however_it_is_stored(result, small_atlas):
    data = result.image.data

    def value_hash(array):
        return record_of(_with(result, image=Image(array, small_atlas.grid)))["images"][0]["values_sha256"]

    assert value_hash(data) == value_hash(np.asfortranarray(data)) == value_hash(data.astype(">f4"))
    changed = data.copy()
    changed[0, 0, 0] = np.nextafter(np.float32(0), np.float32(1))
    assert value_hash(changed) != value_hash(data)
    assert value_hash(data.astype(np.float64)) != value_hash(data)


def test_an_atlas_without_a_file_is_recorded_by_its_values(result, small_atlas):
    described = record_of(result)["atlases"][0]
    assert len(described["values_sha256"]) == 64
    other = replace(small_atlas, value=small_atlas.value * np.float32(0.5))
    assert record_of(_with(result, atlas=other))["atlases"][0]["values_sha256"] != described["values_sha256"]


def test_warnings_are_recorded(small_atlas):
    with pytest.warns(AssignmentWarning, match="no mode"):
        result = assign(Image(np.zeros(small_atlas.grid.shape), small_atlas.grid, "zeros"), small_atlas)
    assert record_of(result)["warnings"] == list(result.warnings)


def test_plain_leaves_only_what_strict_json_has():
    value = {
        1: np.float32(0.5),
        "b": (np.int64(2), math.nan, np.inf),
        "p": Path("x"),
        "a": np.eye(2),
        "t": True,
        "n": None,
    }
    assert plain(value) == {"1": 0.5, "b": [2, None, None], "p": "x", "a": [[1, 0], [0, 1]], "t": True, "n": None}


def test_a_record_reads_back_with_any_name_and_compact_numbers(result, tmp_path):
    odd = 'map [\n 1,\n 2\n ] "視覚" \udcff.nii'
    record = record_of(_with(result, image=replace(result.image, name=odd)))
    text = to_json(record)
    (tmp_path / "provenance.json").write_bytes(text)
    assert read_record(tmp_path / "provenance.json") == record
    assert b'"shape": [10, 12, 8]' in text
    assert "視覚".encode() in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"[]", "is no record"),
        (b'{"record": "of another program"}', "is no record"),
        (b'{"record": "napari-atlas-assign record", "record_version": 99}', "later version"),
        (b'{"record": "napari-atlas-assign record", "record_version": "1"}', "later version"),
    ],
)
def test_what_is_no_record_is_refused_in_a_sentence(tmp_path, content, message):
    path = tmp_path / "provenance.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_record(path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json: no such file"):
        read_record(tmp_path / "nowhere.json")


def test_the_record_is_strict_json(result):
    def refuse(constant):
        raise AssertionError(f"{constant} is not strict JSON")

    record = record_of(replace(result, timings={"modes": math.nan}))
    assert json.loads(to_json(record), parse_constant=refuse)["timings_s"] == {"modes": None}


def test_versions_are_those_of_what_is_installed(result):
    recorded = record_of(result)["software"]
    assert {package: recorded[package] for package in PACKAGES} == {package: version(package) for package in PACKAGES}
