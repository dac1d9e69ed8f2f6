from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.formats.siibra import siibra_map
from napari_atlas_assign.errors import AtlasError

AFFINE = np.diag([2.0, 2, 2, 1])
MNI = "minds/core/referencespace/v1.0.0/dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2"


def save(path: Path, data, affine=AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.asarray(data), affine), path)
    return path


def volume(**voxels):
    """A volume (4, 5, 6) that is 0 but for the voxels given as ``v000=1.5``."""
    data = np.zeros((4, 5, 6), np.float32)
    for where, value in voxels.items():
        data[tuple(int(d) for d in where[1:])] = value
    return data


def write_map(folder: Path, volumes, indices, more=None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "@id": "siibra-map-v0.0.1_test",
        "@type": "siibra/map/v0.0.1",
        "space": {"@id": MNI},
        "parcellation": {"@id": "test"},
        "volumes": [{"@type": "siibra/volume/v0.0.1", "providers": p} for p in volumes],
        "indices": indices,
    }
    path = folder / "map.json"
    path.write_text(json.dumps(spec | (more or {})))
    return path


@pytest.fixture
def statistical(tmp_path):
    save(tmp_path / "a.nii.gz", volume(v000=0.5, v111=1))
    save(tmp_path / "b.nii.gz", volume(v111=0.25))
    indices = {"Ch 123 - left hemisphere": [{"volume": 1, "label": None}], "Area 4 right": [{"volume": 0}]}
    return write_map(tmp_path, [{"nii": "a.nii.gz"}, {"nii": "b.nii.gz"}], indices, {"represented_as_sparsemap": True})


def test_a_map_is_told_by_its_content(statistical, tmp_path):
    (tmp_path / "other.json").write_text('{"@type": "siibra/space/v0.0.1"}')
    assert siibra_map.sniff(statistical)
    assert not siibra_map.sniff(tmp_path / "other.json")
    assert not siibra_map.sniff(tmp_path / "a.nii.gz")
    assert not siibra_map.sniff(tmp_path / "missing.json")


def test_statistical_maps_come_in_the_order_of_the_indices(statistical):
    atlas = siibra_map.read(statistical)
    assert atlas.regions["name"].tolist() == ["Ch 123 left", "Area 4 right"]
    assert atlas.regions["hemisphere"].tolist() == ["left", "right"]
    assert atlas.map_of(0)[1, 1, 1] == 0.25
    assert atlas.map_of(1)[0, 0, 0] == 0.5
    assert atlas.space == "MNI152NLin2009cAsym"
    assert atlas.grid.affine.tolist() == AFFINE.tolist()


def test_a_space_may_be_known_by_its_name(tmp_path):
    save(tmp_path / "a.nii.gz", volume(v000=0.5))
    space = {"name": "MNI 152 ICBM 2009c Nonlinear Asymmetric"}
    path = write_map(tmp_path, [{"nii": "a.nii.gz"}], {"A": [{"volume": 0}]}, {"space": space})
    assert siibra_map.read(path).space == "MNI152NLin2009cAsym"


def test_all_files_that_are_read_are_told(statistical, tmp_path):
    assert siibra_map.files(statistical) == [statistical, tmp_path / "a.nii.gz", tmp_path / "b.nii.gz"]


def test_slices_of_a_4d_volume_are_picked_by_z(tmp_path):
    save(tmp_path / "4d.nii.gz", np.stack([volume(v000=0.5), volume(v111=0.25), volume(v222=0.125)], axis=-1))
    indices = {"third": [{"volume": 0, "z": 2}], "first": [{"volume": 0, "z": 0}]}
    atlas = siibra_map.read(write_map(tmp_path, [{"nii": "4d.nii.gz"}], indices))
    assert atlas.map_of(0)[2, 2, 2] == 0.125
    assert atlas.map_of(1)[0, 0, 0] == 0.5
    with pytest.raises(AtlasError, match="has no volume 3"):
        siibra_map.read(write_map(tmp_path, [{"nii": "4d.nii.gz"}], {"x": [{"volume": 0, "z": 3}]}))
    with pytest.raises(AtlasError, match="gives no 'z'"):
        siibra_map.read(write_map(tmp_path, [{"nii": "4d.nii.gz"}], {"x": [{"volume": 0}]}))


def test_labelled_regions_are_the_voxels_of_their_labels(tmp_path):
    save(tmp_path / "l.nii.gz", volume(v000=1, v001=1, v111=2001, v222=7).astype(np.int16))
    indices = {"A": [{"volume": 0, "label": 2001}], "B": [{"label": 1}]}
    atlas = siibra_map.read(write_map(tmp_path, [{"nii": "l.nii.gz"}], indices))
    assert atlas.regions["id"].tolist() == [2001, 1]
    assert atlas.is_labelled
    assert np.argwhere(atlas.map_of(1)).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_equal_labels_in_two_fragments_are_two_regions(tmp_path):
    save(tmp_path / "lh.nii.gz", volume(v000=1, v001=2))
    save(tmp_path / "rh.nii.gz", volume(v300=1, v301=2))
    provider = {"nii": {"left hemisphere": "lh.nii.gz", "right hemisphere": "rh.nii.gz"}}
    indices = {
        f"{area} {side}": [{"volume": 0, "label": label, "fragment": f"{side} hemisphere"}]
        for area, label in [("A", 1), ("B", 2)]
        for side in ("left", "right")
    }
    atlas = siibra_map.read(write_map(tmp_path, [provider], indices))
    assert atlas.regions["name"].tolist() == ["A left", "A right", "B left", "B right"]
    assert atlas.regions["hemisphere"].tolist() == ["left", "right"] * 2
    assert [np.argwhere(atlas.map_of(r)).tolist() for r in range(4)] == [
        [[0, 0, 0]],
        [[3, 0, 0]],
        [[0, 0, 1]],
        [[3, 0, 1]],
    ]
    assert atlas.regions["id"].is_unique


def test_without_a_fragment_all_fragments_are_one_map(tmp_path):
    save(tmp_path / "lh.nii.gz", volume(v000=0.5, v111=0.5))
    save(tmp_path / "rh.nii.gz", volume(v300=0.25, v111=0.75))
    provider = {"nii": {"left": "lh.nii.gz", "right": "rh.nii.gz"}}
    atlas = siibra_map.read(write_map(tmp_path, [provider], {"A": [{"volume": 0}]}))
    assert atlas.value.tolist() == [0.5, 0.75, 0.25]


def test_a_region_of_several_labels_is_their_union(tmp_path):
    save(tmp_path / "l.nii.gz", volume(v000=1, v111=2))
    atlas = siibra_map.read(
        write_map(tmp_path, [{"nii": "l.nii.gz"}], {"A": [{"volume": 0, "label": 1}, {"volume": 0, "label": 2}]})
    )
    assert atlas.n_regions == 1
    assert np.count_nonzero(atlas.map_of(0)) == 2


def test_a_table_of_labels_renames_the_regions(statistical, tmp_path):
    (tmp_path / "names.tsv").write_text("index\tname\n0\tfirst\n1\tsecond\n")
    atlas = siibra_map.read(statistical, tmp_path / "names.tsv")
    assert atlas.regions["name"].tolist() == ["first", "second"]


OUTSIDE = ["../secret.nii.gz", "/etc/passwd", "sub/../../secret.nii.gz", "C:\\x.nii", "", "\0"]


@pytest.mark.parametrize("address", OUTSIDE)
def test_paths_out_of_the_folder_are_refused(tmp_path, address):
    save(tmp_path / "secret.nii.gz", volume(v000=1))
    with pytest.raises(AtlasError):
        siibra_map.read(write_map(tmp_path / "atlas", [{"nii": address}], {"A": [{"volume": 0}]}))


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    target = save(tmp_path / "secret.nii.gz", volume(v000=1))
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas" / "a.nii.gz").symlink_to(target)
    with pytest.raises(AtlasError, match="leads out"):
        siibra_map.read(write_map(tmp_path / "atlas", [{"nii": "a.nii.gz"}], {"A": [{"volume": 0}]}))


def test_volumes_of_a_siibra_configuration_may_lie_anywhere_in_it(tmp_path):
    for name in ("spaces", "parcellations", "maps"):
        (tmp_path / name).mkdir()
    full = save(tmp_path / "volumes" / "a.nii.gz", volume(v000=0.5))
    save(tmp_path / "volumes" / "b.nii.gz", volume(v111=0.5))
    volumes = [{"nii": str(full)}, {"nii": "volumes/b.nii.gz"}]
    path = write_map(tmp_path / "maps", volumes, {"A": [{"volume": 0}], "B": [{"volume": 1}]})
    assert siibra_map.read(path).n_regions == 2


def test_another_grid_is_told_by_its_file(tmp_path):
    for i in range(3):
        save(tmp_path / f"{i}.nii.gz", volume(v000=0.5), AFFINE if i != 1 else np.diag([3.0, 3, 3, 1]))
    volumes = [{"nii": f"{i}.nii.gz"} for i in range(3)]
    with pytest.raises(AtlasError, match=r"^1\.nii\.gz has another grid"):
        siibra_map.read(write_map(tmp_path, volumes, {f"R{i}": [{"volume": i}] for i in range(3)}))


@pytest.mark.parametrize(
    ("volumes", "indices", "message"),
    [
        ([{"zip/nii": "http://x/y.zip z.nii"}], {"A": [{"volume": 0}]}, "only NIfTI files"),
        ([{"neuroglancer/precomputed": "https://x"}], {"A": [{"volume": 0}]}, "only NIfTI files"),
        ([{"nii": 3}], {"A": [{"volume": 0}]}, "neither a path"),
        ([{"nii": {}}], {"A": [{"volume": 0}]}, "neither a path"),
        ([{"nii": "missing.nii.gz"}], {"A": [{"volume": 0}]}, "no such file"),
        ([{"nii": "a.nii.gz"}], {"A": [{"volume": 1}]}, "an index names volume 1"),
        ([{"nii": "a.nii.gz"}], {"A": [{"volume": -1}]}, "no siibra map"),
        ([{"nii": "a.nii.gz"}], {"A": [{"volume": 0, "label": 10**30}]}, "no siibra map"),
        ([{"nii": "a.nii.gz"}], {"A": [{"volume": 0, "label": 0}]}, "no siibra map"),
        ([{"nii": "a.nii.gz"}], {"A": [{"label": 1}], "B": [{"volume": 0}]}, "either labelled or statistical"),
        ([{"nii": "a.nii.gz"}], {}, "no indices"),
        ([{"nii": "a.nii.gz"}], {"A": []}, "no indices"),
        ([{"nii": {"l": "a.nii.gz", "r": "a.nii.gz"}}], {"A": [{"fragment": "x"}]}, "0 fragments that match"),
        ([{"nii": {"l1": "a.nii.gz", "l2": "a.nii.gz"}}], {"A": [{"fragment": "L"}]}, "2 fragments that match"),
        ([{"nii": "a.nii.gz"}], {"A": [{"volume": 0, "label": 5}]}, "no voxel above 0"),
        ([{"nii": "a.nii.gz"}], [], "no siibra map"),
    ],
)
def test_maps_that_contradict_themselves_are_refused(tmp_path, volumes, indices, message):
    save(tmp_path / "a.nii.gz", volume(v000=1))
    with pytest.raises(AtlasError, match=message):
        siibra_map.read(write_map(tmp_path, volumes, indices))


NO_MAPS = ["", "[]", "null", "{", "[" * 100_000, '{"@type": "siibra/map/v0.0.1"}', "\x00", "1e999"]


@pytest.mark.parametrize("text", NO_MAPS)
def test_what_is_no_map_is_an_atlas_error(tmp_path, text):
    path = tmp_path / "map.json"
    path.write_text(text)
    siibra_map.sniff(path)
    with pytest.raises(AtlasError):
        siibra_map.read(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["volumes", "indices", "space", "name", "shortName", "@id"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(keys, json_values, min_size=1, max_size=2), index=json_values, provider=json_values)
def test_no_json_leads_to_another_error(tmp_path, changes, index, provider):
    save(tmp_path / "a.nii.gz", volume(v000=1))
    path = write_map(tmp_path, [{"nii": "a.nii.gz"}, {"nii": provider}], {"A": [{"volume": 0}], "B": index}, changes)
    try:
        siibra_map.files(path)
        siibra_map.read(path)
    except AtlasError:
        pass


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=served))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_remote_volumes_are_downloaded_once(tmp_path, server):
    served, url = server
    save(served / "a.nii.gz", volume(v000=0.5))
    seen = []
    path = write_map(tmp_path / "atlas", [{"nii": f"{url}/a.nii.gz"}], {"A": [{"volume": 0}]})
    assert siibra_map.read(path, progress=lambda *_: seen.append(_)).value.tolist() == [0.5]
    assert seen
    (served / "a.nii.gz").unlink()
    assert siibra_map.read(path).value.tolist() == [0.5]
    assert siibra_map.files(path) == [path]


def test_a_remote_volume_that_is_missing_leaves_no_file(tmp_path, server):
    _, url = server
    with pytest.raises(AtlasError, match="404"):
        siibra_map.read(write_map(tmp_path / "atlas", [{"nii": f"{url}/x.nii.gz"}], {"A": [{"volume": 0}]}))
    assert not list((tmp_path / "cache").rglob("*.nii.gz"))
