from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.formats import brainglobe
from napari_atlas_assign.errors import AtlasError

STRUCTURES = [
    {"acronym": "root", "id": 997, "name": "root", "structure_id_path": [997], "rgb_triplet": [255, 255, 255]},
    {"acronym": "HPF", "id": 1089, "name": "Hippocampal formation", "structure_id_path": [997, 1089],
     "rgb_triplet": [126, 208, 75]},
    {"acronym": "CA1", "id": 614454277, "name": "Field CA1", "structure_id_path": [997, 1089, 614454277],
     "rgb_triplet": [16, 0, 255]},
]  # fmt: skip
RESOLUTION = [100.0, 50.0, 25.0]


def annotation(shape=(4, 6, 8)):
    data = np.zeros(shape, np.uint32)
    data[0, 0, 0] = 997
    data[1:3, 2:4, 3:5] = 614454277
    return data


def metadata(shape=(4, 6, 8), **more):
    about = {
        "name": "test_mouse", "citation": "Someone 2020", "species": "Mus musculus", "symmetric": True,
        "resolution": RESOLUTION, "orientation": "asr", "version": "1.2", "shape": list(shape),
        "additional_references": [],
    }  # fmt: skip
    return about | more


def save_tiff(path, data, **options):
    tifffile.imwrite(path, data, photometric="minisblack", **options)


@pytest.fixture
def version2(tmp_path):
    folder = tmp_path / "test_mouse_100um_v1.2"
    folder.mkdir()
    (folder / "metadata.json").write_text(json.dumps(metadata()))
    (folder / "structures.json").write_text(json.dumps(STRUCTURES))
    save_tiff(folder / "annotation.tiff", annotation())
    return folder


def write_version3(root: Path, ome_version="0.5") -> Path:
    """A BrainGlobe folder of version 3 with two resolutions; returns the manifest."""
    levels = [annotation(), annotation()[::2, ::2, ::2]]
    scales = [[r / 1000 for r in RESOLUTION], [r / 500 for r in RESOLUTION]]
    folder = root / "annotation-sets" / "test-annotation" / "1_0" / "annotations_compressed.ome.zarr"
    group = zarr.open_group(str(folder), mode="w", zarr_format=3 if ome_version == "0.5" else 2)
    for i, level in enumerate(levels):
        array = group.create_array(str(i), shape=level.shape, chunks=(2, 3, 4), dtype=level.dtype)
        array[:] = level
    multiscales = [
        {
            "name": "/",
            "axes": [{"name": n, "type": "space", "unit": "millimeter"} for n in "zyx"],
            "datasets": [
                {
                    "path": str(i),
                    "coordinateTransformations": [
                        {"type": "scale", "scale": scale},
                        {"type": "translation", "translation": ((np.array(scale) - scales[0]) / 2).tolist()},
                    ],
                }
                for i, scale in enumerate(scales)
            ],
        }
    ]
    if ome_version == "0.5":
        group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    else:
        group.attrs["multiscales"] = multiscales
    terminology = root / "terminologies" / "test-terminology" / "1_0"
    terminology.mkdir(parents=True)
    rows = ["identifier,parent_identifier,annotation_value,name,abbreviation,color_hex_triplet,root_identifier_path"]
    for s in STRUCTURES:
        path = s["structure_id_path"]
        color = "#{:02X}{:02X}{:02X}".format(*s["rgb_triplet"])
        parent = path[-2] if len(path) > 1 else ""
        rows.append(f'{s["id"]},{parent},{s["id"]},{s["name"]},{s["acronym"]},{color},"{path}"')
    (terminology / "terminology.csv").write_text("\n".join(rows) + "\n")
    manifest = root / "atlases" / "test_mouse_100um" / "1_0" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    parts = {
        "annotation_set": {"name": "test-annotation", "location": "/annotation-sets/test-annotation/1_0"},
        "terminology": {"name": "test-terminology", "location": "/terminologies/test-terminology/1_0"},
    }
    manifest.write_text(json.dumps(metadata(**parts)))
    return manifest


@pytest.fixture
def version3(tmp_path):
    return write_version3(tmp_path / "brainglobe")


def assert_is_the_test_atlas(atlas):
    assert atlas.name == "test_mouse"
    assert atlas.is_labelled
    regions = atlas.regions.set_index("id")
    assert regions["name"].to_dict() == {997: "root", 1089: "Hippocampal formation", 614454277: "Field CA1"}
    assert regions.loc[614454277, "parent"] == "Hippocampal formation"
    assert regions.loc[614454277, "color"] == "#1000ff"
    assert regions.loc[614454277, "acronym"] == "CA1"
    assert regions["parent"].isna().tolist() == [True, False, False]
    row = atlas.regions["id"].tolist().index(614454277)
    np.testing.assert_array_equal(atlas.map_of(row) == 1, annotation() == 614454277)
    # The first voxel is the most anterior, superior and right one.
    np.testing.assert_allclose(atlas.grid.to_world([0, 0, 0]), [-0.0125, -0.05, -0.025])
    np.testing.assert_allclose(atlas.grid.to_world([1, 0, 0]) - atlas.grid.to_world([0, 0, 0]), [0, -0.1, 0])
    assert atlas.source["citation"] == "Someone 2020"


def test_a_version_2_folder_is_read(version2):
    for path in (version2, version2 / "metadata.json"):
        assert brainglobe.sniff(path)
        assert_is_the_test_atlas(brainglobe.read(path))
    assert {f.name for f in brainglobe.files(version2)} == {"metadata.json", "structures.json", "annotation.tiff"}


def test_a_packed_annotation_is_read(version2):
    save_tiff(version2 / "annotation.tiff", annotation(), compression="zlib")
    assert_is_the_test_atlas(brainglobe.read(version2))


@pytest.mark.parametrize("ome_version", ["0.5", "0.4"])
def test_a_version_3_manifest_is_read(tmp_path, ome_version):
    manifest = write_version3(tmp_path, ome_version)
    for path in (manifest, manifest.parent):
        assert brainglobe.sniff(path)
        assert_is_the_test_atlas(brainglobe.read(path))
    assert len(brainglobe.files(manifest)) > 4


def test_the_level_of_the_atlas_s_resolution_is_read(version3):
    about = json.loads(version3.read_text()) | {"resolution": [200.0, 100.0, 50.0], "shape": [2, 3, 4]}
    version3.write_text(json.dumps(about))
    atlas = brainglobe.read(version3)
    assert atlas.grid.shape == (2, 3, 4)
    # All resolutions have the same outer corner.
    np.testing.assert_allclose(atlas.grid.to_world([-0.5, -0.5, -0.5]), [0, 0, 0], atol=1e-12)
    version3.write_text(json.dumps(about | {"resolution": [10.0, 10.0, 10.0]}))
    with pytest.raises(AtlasError, match="no level of"):
        brainglobe.read(version3)


def test_voxels_that_were_not_downloaded_are_told(version3):
    for folder in version3.parents[3].rglob("c"):
        shutil.rmtree(folder)
    with pytest.raises(AtlasError, match="downloads voxels at first use"):
        brainglobe.read(version3)


def test_structures_without_voxels_stay_as_parents(version2):
    atlas = brainglobe.read(version2)
    assert atlas.region_sums.volume[atlas.regions["id"].tolist().index(1089)] == 0


def test_labels_without_a_structure_are_named_by_their_value(version2):
    data = annotation()
    data[3, 5, 7] = 12
    save_tiff(version2 / "annotation.tiff", data)
    with pytest.warns(UserWarning, match="no row"):
        assert "label 12" in brainglobe.read(version2).regions["name"].tolist()


@pytest.mark.parametrize(
    ("orientation", "world"),
    [("asr", (-3, -1, -2)), ("lpi", (1, 2, 3)), ("psl", (3, 1, -2)), ("RAS", (-1, -2, -3))],
)
def test_axes_run_away_from_where_the_array_begins(orientation, world):
    affine = brainglobe.affine_of(orientation, (1000, 1000, 1000))
    got = affine[:3, :3] @ [1, 2, 3]
    assert got.tolist() == list(world)
    assert np.abs(affine @ [-0.5, -0.5, -0.5, 1])[:3].tolist() == [0, 0, 0]


@pytest.mark.parametrize("orientation", ["", "as", "aas", "xyz", "asrl", "apr"])
def test_orientations_that_are_none_are_refused(orientation):
    with pytest.raises(AtlasError, match="orientation"):
        brainglobe.affine_of(orientation, (1, 1, 1))


def test_another_shape_than_claimed_is_refused(version2):
    (version2 / "metadata.json").write_text(json.dumps(metadata(shape=(4, 6, 9))))
    with pytest.raises(AtlasError, match=r"shape is \(4, 6, 8\)"):
        brainglobe.read(version2)


def test_locations_out_of_the_brainglobe_folder_are_refused(version3):
    about = json.loads(version3.read_text())
    for location in ("/../../etc", "/annotation-sets/../../x", "", "//etc"):
        about["terminology"]["location"] = location
        version3.write_text(json.dumps(about))
        with pytest.raises(AtlasError):
            brainglobe.read(version3)


def test_a_level_that_leads_out_of_the_zarr_is_refused(version3):
    folder = version3.parents[3] / "annotation-sets/test-annotation/1_0/annotations_compressed.ome.zarr"
    about = json.loads((folder / "zarr.json").read_text())
    about["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = "../../x"
    (folder / "zarr.json").write_text(json.dumps(about))
    with pytest.raises(AtlasError, match="leads out"):
        brainglobe.read(version3)


def test_a_zarr_that_claims_absurd_sizes_is_refused(version3):
    array = version3.parents[3] / "annotation-sets/test-annotation/1_0/annotations_compressed.ome.zarr/0/zarr.json"
    about = json.loads(array.read_text())
    about["shape"] = [10**6] * 3
    array.write_text(json.dumps(about))
    with pytest.raises(AtlasError, match="more than is read"):
        brainglobe.read(version3)


@pytest.mark.parametrize("damage", [b"", b"II*\0", b"no tiff at all"])
def test_a_damaged_tiff_is_an_atlas_error(version2, damage):
    (version2 / "annotation.tiff").write_bytes(damage)
    with pytest.raises(AtlasError, match=r"annotation\.tiff"):
        brainglobe.read(version2)


def test_a_cut_off_tiff_is_an_atlas_error(version2):
    data = (version2 / "annotation.tiff").read_bytes()
    (version2 / "annotation.tiff").write_bytes(data[: len(data) // 2])
    with pytest.raises(AtlasError):
        brainglobe.read(version2)


@pytest.mark.parametrize("module", ["tifffile", "zarr"])
def test_a_missing_package_is_told_by_its_extra(version2, version3, monkeypatch, module):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(AtlasError, match=r"napari-atlas-assign\[brainglobe\]"):
        brainglobe.read(version2 if module == "tifffile" else version3)


def test_other_folders_are_not_claimed(tmp_path, version2):
    assert not brainglobe.sniff(tmp_path)
    assert not brainglobe.sniff(version2 / "annotation.tiff")
    (tmp_path / "metadata.json").write_text("[]")
    assert not brainglobe.sniff(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    assert not brainglobe.sniff(tmp_path)
    with pytest.raises(AtlasError):
        brainglobe.read(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    about=st.dictionaries(st.sampled_from(["name", "resolution", "shape", "orientation", "version"]), json_values),
    structure=st.dictionaries(st.sampled_from(list(STRUCTURES[0])), json_values),
)
def test_no_json_leads_to_another_error(version2, about, structure):
    (version2 / "metadata.json").write_text(json.dumps(metadata() | about))
    (version2 / "structures.json").write_text(json.dumps([*STRUCTURES[1:], STRUCTURES[0] | structure]))
    brainglobe.sniff(version2)
    with contextlib.suppress(AtlasError):
        brainglobe.read(version2)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(',\n"[]#0123456789abcroot', max_size=60))
def test_no_terminology_leads_to_another_error(version3, text):
    path = version3.parents[3] / "terminologies/test-terminology/1_0/terminology.csv"
    header = path.read_text().splitlines()[0]
    path.write_text(header + "\n" + text)
    with contextlib.suppress(AtlasError):
        brainglobe.read(version3)
