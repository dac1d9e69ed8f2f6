"""The real TemplateFlow client, on a folder on disk and on a web server on this machine."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.sources import library
from napari_atlas_assign.atlas.sources import templateflow as source
from napari_atlas_assign.atlas.sources.download import DownloadCancelled
from napari_atlas_assign.atlas.storage import index
from napari_atlas_assign.errors import AtlasError
from tests.loopback import web  # noqa: F401

# ruff: noqa: F811

SCHAEFER = "Schaefer2018 100 7networks 2mm MNI152NLin6Asym"
DIFUMO = "DiFuMo 64 MNI152NLin2009cAsym"
TABLES = {
    SCHAEFER: "index\tname\tcolor\n1\t7Networks_LH_Vis_1\t#781283\n2\t7Networks_RH_Vis_1\t#781284\n",
    DIFUMO: "Component\tDifumo_names\tGM\n1\tSuperior frontal sulcus\t0.68\n2\tFusiform gyrus\t0.5\n",
}


@pytest.fixture(scope="session", autouse=True)
def client(tmp_path_factory):
    """The client fills its folder when it is imported."""
    os.environ["TEMPLATEFLOW_HOME"] = str(tmp_path_factory.mktemp("templateflow"))
    import templateflow

    return templateflow


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, client):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(source, "check_reachable", lambda url: None)
    return tmp_path / "home"


def write(folder, name):
    """Write the two small files of an atlas."""
    image, table = (folder / file for file in source._atlases()[name].files)
    image.parent.mkdir(parents=True, exist_ok=True)
    data = np.zeros((4, 5, 6, 2), np.float32)
    data[1, ..., 0], data[2, ..., 1] = 0.002, 0.001
    if name == SCHAEFER:
        data = (data > 0).argmax(axis=-1).astype(np.uint8) + (data.sum(axis=-1) > 0).astype(np.uint8)
    nib.save(nib.Nifti1Image(data, np.diag([2.0, 2, 2, 1])), image)
    table.write_text(TABLES[name])
    return image, table


def serve(web, tmp_path, name, how="whole"):
    for path in write(tmp_path / "remote", name):
        url = f"https://templateflow.s3.amazonaws.com/{path.relative_to(tmp_path / 'remote').as_posix()}"
        web.put(url, path.read_bytes(), how if path.name.endswith(".gz") else "whole")


def left(folder: Path):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_every_entry_is_in_the_archive(client):
    skeleton = zipfile.ZipFile(Path(client.__file__).parent / "conf" / "templateflow-skel.zip")
    there = set(skeleton.namelist())
    for name, facts in source._atlases().items():
        assert set(facts.files) <= there, name


def test_tables_in_the_archive_name_as_many_regions_as_the_catalogue_says(client):
    skeleton = zipfile.ZipFile(Path(client.__file__).parent / "conf" / "templateflow-skel.zip")
    for name, facts in source._atlases().items():
        rows = skeleton.read(facts.files[1]).decode().strip().split("\n")[1:]
        regions = [row for row in rows if "Background" not in row]
        assert len(regions) == facts.n_regions, name
        assert [int(row.split("\t")[0]) for row in regions] == list(range(1, len(regions) + 1)), name


@pytest.mark.usefixtures("unshared")
@pytest.mark.parametrize("name", [SCHAEFER, DIFUMO])
def test_files_in_its_folder_are_read_without_a_network(home, name):
    assert not catalogue.find(f"templateflow:{name}").local
    write(home, name)
    entry = catalogue.find(f"templateflow:{name}")
    assert entry.local
    atlas = load_atlas(f"templateflow:{name}")
    assert (atlas.name, atlas.space, atlas.n_regions) == (name, entry.space, 2)
    assert atlas.is_labelled == (entry.kind == "labelled")
    assert atlas.regions["name"].tolist() == [line.split("\t")[1] for line in TABLES[name].splitlines()[1:]]
    held = load_atlas(f"templateflow:{name}").content()
    assert all(isinstance(array.base, np.memmap) for array in held.values())


@pytest.mark.parametrize("name", [SCHAEFER, DIFUMO])
def test_what_is_not_there_is_downloaded_by_the_client(web, home, tmp_path, name):
    serve(web, tmp_path, name)
    atlas = catalogue.load(f"templateflow:{name}", lambda *_: None)
    assert atlas.n_regions == 2
    assert atlas.source["path"] == str(home / source._atlases()[name].files[0])
    assert len(web.asked) == 2
    web.clear()
    assert load_atlas(f"templateflow:{name}").n_regions == 2
    assert len(left(home)) == 2


def test_empty_files_that_the_client_keeps_are_not_taken_for_atlases(web, home, tmp_path):
    for file in source._atlases()[SCHAEFER].files:
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).touch()
    assert not catalogue.find(f"templateflow:{SCHAEFER}").local
    serve(web, tmp_path, SCHAEFER)
    assert load_atlas(f"templateflow:{SCHAEFER}").n_regions == 2


@pytest.mark.parametrize("how", ["cut", "missing", "other"])
def test_a_download_that_fails_is_one_sentence_and_leaves_nothing(web, home, tmp_path, how):
    serve(web, tmp_path, SCHAEFER, how)
    if how == "other":
        (path,) = (path for path in web._server.files if path.endswith(".gz"))
        web._server.files[path] = (b"<html>please log in</html>", "whole")
    with pytest.raises(AtlasError) as caught:
        load_atlas(f"templateflow:{SCHAEFER}")
    assert "\n" not in str(caught.value)
    assert left(home) == []
    assert index.entries() == []
    serve(web, tmp_path, SCHAEFER)
    assert load_atlas(f"templateflow:{SCHAEFER}").n_regions == 2


def test_a_slow_download_can_be_cancelled_and_leaves_nothing(web, home, tmp_path):
    image = next(iter(source._atlases()[SCHAEFER].files))
    serve(web, tmp_path, SCHAEFER)
    web.put(f"https://templateflow.s3.amazonaws.com/{image}", bytes(1_000_000), "slow")
    heard = []
    with pytest.raises(DownloadCancelled):
        catalogue.load(
            f"templateflow:{SCHAEFER}",
            lambda *state: heard.append(state),
            lambda: any(path.endswith(".gz") for path in web.asked),
        )
    assert left(home) == []


def test_without_templateflow_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(library, "installed", lambda module: False)
    with pytest.raises(AtlasError, match=r'^templateflow is not installed; pip install .*assign\[templateflow\]"$'):
        load_atlas(f"templateflow:{SCHAEFER}")
