"""The real brainglobe-atlasapi, on folders on disk; one of them stands in for its archive on the web."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import zarr

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.sources import brainglobe as source
from napari_atlas_assign.atlas.sources import library
from napari_atlas_assign.atlas.sources.download import DownloadCancelled
from napari_atlas_assign.atlas.storage import index
from napari_atlas_assign.errors import AtlasError

NAME = "example_mouse_100um"
RESOLUTION = [100.0, 200.0, 400.0]
STRUCTURES = ((997, "root", [997]), (8, "Basic cell groups", [997, 8]), (1, "Cortex", [997, 8, 1]))


def annotation():
    data = np.zeros((4, 5, 6), np.uint32)
    data[:2], data[2] = 1, 8
    return data


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """BrainGlobe's folder, as its configuration names it."""
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BRAINGLOBE_CONFIG_DIR", str(tmp_path / "configuration"))
    (tmp_path / "configuration").mkdir()
    (tmp_path / "configuration" / "bg_config.conf").write_text(
        f"[default_dirs]\nbrainglobe_dir = {tmp_path / 'home'}\ninterm_download_dir = {tmp_path / 'home'}\n"
    )
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def write_zarr(folder, data, values=True):
    group = zarr.open_group(str(folder), mode="w", zarr_format=3)
    array = group.create_array("0", shape=data.shape, chunks=(2, 3, 4), dtype=data.dtype)
    if values:
        array[:] = data
    scale = [{"type": "scale", "scale": [r / 1000 for r in RESOLUTION]}]
    multiscales = {
        "name": "/",
        "axes": [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"],
        "datasets": [{"path": "0", "coordinateTransformations": scale}],
    }
    group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscales]}


def write(folder, name=NAME, version="1_0", voxels=True):
    """Write an atlas of version 3 into a BrainGlobe folder."""
    root = folder / "brainglobe-atlasapi"
    template = {"name": "t", "location": f"/templates/{name}/1_0"}
    parts = {
        "annotation_set": {"name": "a", "location": f"/annotation-sets/{name}/1_0", "template": template},
        "terminology": {"name": "y", "location": f"/terminologies/{name}/1_0"},
        "coordinate_space": {"name": "c", "location": f"/coordinate-spaces/{name}/1_0"},
        "template": template,
    }
    write_zarr(root / "annotation-sets" / name / "1_0" / "annotations_compressed.ome.zarr", annotation(), voxels)
    write_zarr(root / "templates" / name / "1_0" / "template.ome.zarr", np.ones((4, 5, 6), np.uint16))
    table = root / "terminologies" / name / "1_0" / "terminology.csv"
    table.parent.mkdir(parents=True)
    rows = ["identifier,parent_identifier,annotation_value,name,abbreviation,color_hex_triplet,root_identifier_path"]
    rows += [
        f'{i},{path[-2] if path[1:] else ""},{i},{title},{"root" if i == 997 else f"A{i}"},#FF0000,"{path}"'
        for i, title, path in STRUCTURES
    ]
    table.write_text("\n".join(rows) + "\n")
    space = root / "coordinate-spaces" / name / "1_0" / "manifest.json"
    space.parent.mkdir(parents=True)
    space.write_text("{}")
    about = {
        "name": name.rsplit("_", 1)[0], "citation": "Somebody et al. 2020", "species": "Mus musculus",
        "symmetric": True, "resolution": RESOLUTION, "orientation": "asr", "version": version.replace("_", "."),
        "shape": [4, 5, 6], "additional_references": [],
    }  # fmt: skip
    manifest = root / "atlases" / name / version / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps(about | parts))
    return manifest


class Archive:
    """Stands in for the file system of the archive on the web: a folder on disk."""

    root = Path()
    seconds = 0.0
    fails_at: str | None = None

    def __init__(self, **_):
        pass

    def _here(self, path):
        return self.root / "brainglobe-atlasapi" / str(path).removeprefix("s3://brainglobe/atlas/")

    def exists(self, path):
        return self._here(path).exists()

    def ls(self, path):
        return [str(child) for child in self._here(path).iterdir()]

    def get(self, remote, local, callback=None, recursive=False):
        for _ in range(round(self.seconds / 0.01)):
            time.sleep(0.01)
        local = Path(local)
        if self.fails_at is not None and self.fails_at in str(remote):
            local.mkdir(parents=True, exist_ok=True)
            (local / "half").write_text("half")
            raise ConnectionError("connection was cut")
        start, _, pattern = str(remote).partition("**/")
        here = self._here(start.rstrip("/"))
        if here.is_file():
            shutil.copy(here, local)
            return
        for file in here.rglob(pattern or "*"):  # the stand-in has no masks
            if file.is_file():
                (local / file.relative_to(here)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, local / file.relative_to(here))


def newest_versions(url, **_):
    """Stands in for `requests.get`: the list of newest versions, which brainglobe-atlasapi reads from 3.0.3 on."""
    text = f"[atlases]\n{NAME} = 1.0\n" if url.endswith("last_versions.conf") else ""
    return SimpleNamespace(status_code=200, text=text)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    import brainglobe_atlasapi.bg_atlas as api
    import brainglobe_atlasapi.core as core
    import requests

    folder = tmp_path / "archive"
    write(folder)
    monkeypatch.setattr(Archive, "root", folder)
    for module in (api, core):
        monkeypatch.setattr(module.s3fs, "S3FileSystem", Archive)
    monkeypatch.setattr(requests, "get", newest_versions)
    monkeypatch.setattr(api, "check_s3_status", lambda *_, **__: True)
    monkeypatch.setattr(source, "check_reachable", lambda url: None)
    return folder


def left(folder):
    """Files of atlases, whole or not; the package's own copy of the list of versions is none."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "last_versions.conf"]


def test_the_list_has_atlases_that_the_installed_package_knows():
    from typing import get_args

    from brainglobe_atlasapi.atlas_name import AtlasName

    known = set(get_args(AtlasName))
    assert set(source.NAMES) <= known
    series = ("demba_", "kim_dev_mouse_", "duke_dev_rat", "hoops_", "danionella", "drosophila")
    rest = [name for name in known - set(source.NAMES) if not name.startswith(series)]
    assert rest == []


@pytest.mark.usefixtures("unshared")
def test_an_atlas_in_its_folder_is_what_the_package_itself_makes_of_it(home, archive):
    from brainglobe_atlasapi import BrainGlobeAtlas

    assert not catalogue.find(f"brainglobe:{NAME}").local
    write(home)
    assert catalogue.find(f"brainglobe:{NAME}").local
    theirs = BrainGlobeAtlas(NAME, brainglobe_dir=home, check_latest=False)
    ours = load_atlas(f"brainglobe:{NAME}")
    np.testing.assert_array_equal(theirs.annotation, annotation())
    for row, region in ours.regions.iterrows():
        np.testing.assert_array_equal(ours.map_of(row) > 0, theirs.annotation == region["id"])
        assert theirs.structures[region["id"]]["name"] == region["name"]
    assert ours.name == NAME
    assert ours.source["citation"] == "Somebody et al. 2020"
    held = load_atlas(f"brainglobe:{NAME}").content()
    assert all(isinstance(array.base, np.memmap) for array in held.values())


def test_the_newest_version_counts_and_folders_of_version_2_are_found_too(home):
    old = home / f"{NAME}_v1.2"
    old.mkdir()
    about = {"name": "example_mouse", "resolution": RESOLUTION, "orientation": "asr", "shape": [4, 5, 6]}
    (old / "metadata.json").write_text(json.dumps(about))
    keys = ("id", "name", "structure_id_path")
    rows = [dict(zip(keys, s, strict=True)) | {"acronym": "A", "rgb_triplet": [1, 2, 3]} for s in STRUCTURES]
    (old / "structures.json").write_text(json.dumps(rows))
    tifffile.imwrite(old / "annotation.tiff", annotation(), photometric="minisblack")
    assert load_atlas(f"brainglobe:{NAME}").source["path"] == str((old / "metadata.json").resolve())
    write(home)
    newer = home / "brainglobe-atlasapi" / "atlases" / NAME / "1_10"
    shutil.copytree(newer.parent / "1_0", newer)
    assert load_atlas(f"brainglobe:{NAME}").source["path"] == str((newer / "manifest.json").resolve())


def test_an_atlas_of_ones_own_in_the_folder_is_offered(home):
    write(home, "my_own_mouse_10um")
    entry = catalogue.find("brainglobe:my_own_mouse_10um")
    assert (entry.local, entry.title) == (True, "my own mouse, 10 um")
    assert load_atlas("brainglobe:my own mouse 10 um").n_regions == 3


def test_what_is_not_there_is_downloaded_by_the_package_whole(home, archive):
    heard = []
    atlas = catalogue.load(f"brainglobe:{NAME}", lambda *state: heard.append(state))
    cortex = atlas.regions["id"].tolist().index(1)
    np.testing.assert_array_equal(atlas.map_of(cortex) > 0, annotation() == 1)
    assert str(home.resolve()) in atlas.source["path"]
    assert catalogue.find(f"brainglobe:{NAME}").local
    shutil.rmtree(archive)
    assert load_atlas(f"brainglobe:{NAME}").n_regions == 3


def test_voxels_that_the_package_has_not_yet_downloaded_are_fetched(home, archive):
    write(home, voxels=False)
    assert not catalogue.find(f"brainglobe:{NAME}").local
    assert load_atlas(f"brainglobe:{NAME}").n_regions == 3
    assert catalogue.find(f"brainglobe:{NAME}").local


@pytest.mark.parametrize("part", ["terminologies", "annotations_compressed.ome.zarr/0/", "manifest.json"])
def test_a_download_that_fails_is_one_sentence_and_leaves_nothing(home, archive, monkeypatch, part):
    monkeypatch.setattr(Archive, "fails_at", part)
    with pytest.raises(AtlasError, match=r"^BrainGlobe cannot deliver example_mouse_100um \(ConnectionError: connec"):
        load_atlas(f"brainglobe:{NAME}")
    assert left(home) == []
    assert index.entries() == []
    monkeypatch.setattr(Archive, "fails_at", None)
    assert load_atlas(f"brainglobe:{NAME}").n_regions == 3


def test_a_slow_download_can_be_cancelled_and_leaves_nothing(home, archive, monkeypatch):
    monkeypatch.setattr(Archive, "seconds", 30)
    heard = []
    with pytest.raises(DownloadCancelled):
        catalogue.load(f"brainglobe:{NAME}", lambda *state: heard.append(state), lambda: len(heard) > 2)
    assert left(home) == []


def test_an_unknown_atlas_of_the_archive_is_one_sentence(home, archive, monkeypatch):
    shutil.rmtree(archive / "brainglobe-atlasapi" / "atlases")
    with pytest.raises(AtlasError, match=r"^BrainGlobe cannot deliver .*not a valid atlas name"):
        load_atlas(f"brainglobe:{NAME}")


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(library, "installed", lambda module: False)
    with pytest.raises(AtlasError, match=r'^brainglobe_atlasapi is not installed; pip install ".*\[brainglobe\]"$'):
        load_atlas(f"brainglobe:{NAME}")


def test_without_a_network_it_is_one_sentence(monkeypatch):
    monkeypatch.setattr(source, "HOST", "http://127.0.0.1:9")
    with pytest.raises(AtlasError, match=r"^127\.0\.0\.1 cannot be reached"):
        load_atlas(f"brainglobe:{NAME}")


def test_a_damaged_configuration_means_the_usual_folder(tmp_path, monkeypatch):
    (tmp_path / "configuration" / "bg_config.conf").write_bytes(b"\xff\xfe no configuration")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert source._folder() == tmp_path / ".brainglobe"
