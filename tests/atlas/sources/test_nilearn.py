"""The real nilearn, on prepared files and on a web server on this machine."""

from __future__ import annotations

import inspect
import io
import json
import tarfile
import threading
import time
import zipfile

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.sources import library
from napari_atlas_assign.atlas.sources import nilearn as source
from napari_atlas_assign.atlas.sources.download import DownloadCancelled
from napari_atlas_assign.atlas.sources.nilearn_atlases import atlases
from napari_atlas_assign.atlas.storage import index
from napari_atlas_assign.errors import AssignmentWarning, AtlasError
from tests.loopback import web  # noqa: F401

# ruff: noqa: F811

NAMES = [entry.name for entry in source.entries()]
NAMES_OF_TWO = ("A L", "A R", "B L")
SHAPE = (5, 6, 7)
AFFINE = np.diag([2.0, 2, 2, 1])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty data folder of nilearn's, and an empty index."""
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NILEARN_SHARED_DATA", raising=False)
    monkeypatch.setenv("NILEARN_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def labels(n=3):
    data = np.zeros(SHAPE, np.uint8)
    for r in range(n):
        data[r] = r + 1
    return data


def maps(n=3, top=0.8):
    data = np.zeros((*SHAPE, n), np.float32)
    for r in range(n):
        data[r % 5, 1:3, :, r] = top
    return data


def save(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(data, AFFINE), path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def fsl_table(path, names):
    rows = "".join(f'<label index="{n}" x="0" y="0" z="0">{name}</label>' for n, name in enumerate(names))
    write(path, f"<atlas><data>{rows}</data></atlas>")


def prepare(folder, name):
    """Write small files in the place of an atlas's."""
    files = [folder / file for file in atlases()[name].files]
    image, table = files[0], files[-1]
    if name.startswith("difumo"):
        save(image, maps(top=0.01))
        write(table, "Component,Difumo_names\n1,Insula\n2,Cuneus\n3,Putamen\n")
    elif name.startswith(("harvard", "juelich")):
        save(image, (maps(top=80)).astype(np.uint8) if "-prob-" in f"-{name.split()[1]}" else labels())
        fsl_table(
            table, ("GM Amygdala L", "GM Amygdala R", "WM Fornix") if name.startswith("juelich") else NAMES_OF_TWO
        )
    elif name.startswith("aal"):
        save(image, labels() * 10)
        if table.suffix == ".xml":
            rows = "".join(f"<label><index>{n}0</index><name>R{n}</name></label>" for n in (1, 2, 3))
            write(table, f"<atlas><data>{rows}</data></atlas>")
        else:
            write(table, "A\tR1\t10\nB\tR2\t20\nC\tR3\t30\n")
    elif name.startswith("schaefer"):
        save(image, labels())
        write(table, "".join(f"{n}\t7Networks_LH_Vis_{n}\t120\t18\t{n}\t0\n" for n in (1, 2, 3)))
    elif name.startswith("destrieux"):
        save(image, labels())
        write(files[1], "index,name\n0,Background\n1,L G_a\n2,L G_b\n3,R G_a\n")
        write(files[2], "about")
    elif name == "msdl":
        save(image, maps())
        write(table, "x,y,z,name,net name\n1,2,3, L Aud,Aud\n1,2,3, R Aud,Aud\n1,2,3,Striate,Striate\n")
    elif name.startswith(("smith", "allen")):
        data = np.random.default_rng(1).normal(size=(*SHAPE, 28 if "rsn28" in name else 3)).astype(np.float32) * 4
        for file in files:
            save(file, data)
    elif name.startswith("pauli"):
        save(image, maps() if "prob" in name else labels())
        write(table, "0 Pu\n1 Ca\n2 NAC\n")
    elif name.startswith("basc"):
        save(image, labels(5))
    elif name.startswith("craddock"):
        save(image, np.stack([labels(1 + n % 5) for n in range(43)], axis=-1))
    elif name.startswith("talairach"):
        save(image, labels())
        write(table, json.dumps(["Background", "A", "B", "C"]))
    elif name.startswith("yeo"):
        for file in files:
            if file.suffix == ".txt":
                write(file, "0 NONE 0 0 0 0\n" + "".join(f"{n} Net_{n} 120 18 134 0\n" for n in (1, 2, 3)))
            else:
                save(file, labels()[..., None])


class Stop(Exception):
    pass


def test_nilearn_knows_each_entry_by_these_options_and_files(tmp_path, monkeypatch):
    from nilearn import datasets

    asked = []

    def record(folder, files, **_):
        asked.extend((tmp_path / folder / file[0]).relative_to(tmp_path).as_posix() for file in files)
        raise Stop

    monkeypatch.setattr("nilearn.datasets.atlas.fetch_files", record)
    for name in NAMES:
        facts = atlases()[name]
        function = getattr(datasets, f"fetch_atlas_{facts.function}")
        inspect.signature(function).bind(data_dir=tmp_path, **facts.options)
        if facts.function == "talairach":  # cuts one file into its levels itself
            continue
        asked.clear()
        with pytest.raises(Stop):
            function(data_dir=tmp_path, verbose=0, **facts.options)
        assert set(facts.files) <= set(asked), name


def test_every_volumetric_fetch_function_of_nilearn_is_offered():
    from nilearn import datasets

    functions = {name.removeprefix("fetch_atlas_") for name in dir(datasets) if name.startswith("fetch_atlas_")}
    assert {facts.function for facts in atlases().values()} == functions - {"surf_destrieux"}


def test_hemispheres_that_add_up_to_more_than_all_are_all(folder):
    name = "juelich prob-2mm"
    prepare(folder, name)
    data = maps(top=80).astype(np.uint8)
    data[..., 1] = data[..., 0]
    save(folder / atlases()[name].files[0], data)
    atlas = load_atlas(f"nilearn:{name}")
    assert atlas.regions["name"].tolist() == ["GM Amygdala", "WM Fornix"]
    assert atlas.region_sums.maximum.tolist() == [1, np.float32(0.8)]


SOME = [
    *("difumo 64", "difumo 128 3mm", "harvard_oxford cort-maxprob-thr25-2mm", "harvard_oxford sub-prob-2mm"),
    *("juelich prob-2mm", "juelich maxprob-thr0-1mm", "aal SPM12", "aal SPM5", "schaefer 400", "destrieux", "msdl"),
    *("pauli probabilistic", "pauli deterministic", "talairach ba", "yeo 7", "craddock temporal 200"),
]


@pytest.mark.usefixtures("unshared")
@pytest.mark.parametrize("name", SOME)
def test_files_in_the_data_folder_are_read_without_a_network(name, folder, capfd):
    assert not catalogue.find(f"nilearn:{name}").local
    prepare(folder, name)
    entry = catalogue.find(f"nilearn:{name}")
    assert entry.local
    atlas = load_atlas(f"nilearn:{name}")
    assert (atlas.name, atlas.space) == (name, entry.space)
    assert atlas.is_labelled == (entry.kind == "labelled")
    assert (atlas.source["licence"], atlas.source["citation"]) == (entry.licence, entry.citation)
    assert len(set(atlas.regions["name"])) == len(atlas.regions)
    assert capfd.readouterr().out == ""
    again = load_atlas(f"nilearn:{name}")
    assert all(isinstance(array.base, np.memmap) for array in again.content().values())
    assert again.source == atlas.source


def test_names_and_values_are_nilearns(folder):
    prepare(folder, "harvard_oxford sub-prob-2mm")
    atlas = load_atlas("nilearn:harvard_oxford sub-prob-2mm")
    assert atlas.regions["name"].tolist() == ["A L", "A R", "B L"]
    assert set(atlas.value.tolist()) == {np.float32(0.8)}
    prepare(folder, "aal SPM12")
    assert load_atlas("nilearn:aal SPM12").regions["id"].tolist() == [10, 20, 30]


def test_a_parcellation_of_many_in_one_file_is_the_one_of_its_size(folder):
    prepare(folder, "craddock temporal 200")
    atlas = load_atlas("nilearn:craddock temporal 200")
    assert atlases()["craddock temporal 200"].volume == 19
    assert atlas.n_regions == 5  # volume 19 of the stand-in has 1 + 19 % 5
    assert atlas.source["volume"] == 19


@pytest.mark.parametrize("name", ["smith rsn20", "allen rsn28"])
def test_statistics_count_above_3_and_are_divided_by_the_largest_and_this_is_said(name, folder):
    prepare(folder, name)
    for _ in range(2):  # read, and from the index
        with pytest.warns(AssignmentWarning, match="values, not probabilities; those above 3 count, divided by"):
            atlas = load_atlas(f"nilearn:{name}")
    file = folder / atlases()[name].files[1 if "allen" in name else 0]
    data = np.asarray(nib.load(file).dataobj)
    for r in range(atlas.n_regions):
        np.testing.assert_allclose(atlas.map_of(r), np.where(data[..., r] > 3, data[..., r] / data.max(), 0), rtol=1e-6)
    assert atlas.source["threshold"] == 3
    if "allen" in name:
        assert atlas.regions["name"].tolist()[:3] == ["Basal ganglia", "Auditory", "Sensorimotor 1"]


def test_changed_files_are_read_anew(folder):
    prepare(folder, "schaefer 400")
    load_atlas("nilearn:schaefer 400")
    save(folder / atlases()["schaefer 400"].files[0], labels(2))
    assert (load_atlas("nilearn:schaefer 400").region_sums.volume > 0).sum() == 2


# Downloads.


@pytest.fixture
def reachable(monkeypatch):
    monkeypatch.setattr(source, "check_reachable", lambda url: None)


def schaefer(web, tmp_path, how="whole"):
    prepare(tmp_path / "remote", "schaefer 400")
    for file in atlases()["schaefer 400"].files:
        path = tmp_path / "remote" / file
        base = (
            "https://raw.githubusercontent.com/ThomasYeoLab/CBIG/v0.14.3-Update_Yeo2011_Schaefer2018_labelname/"
            "stable_projects/brain_parcellation/Schaefer2018_LocalGlobal/Parcellations/MNI/"
        )
        web.put(base + path.name, path.read_bytes(), "whole" if path.suffix == ".txt" else how)


def archive(web, tmp_path, name, url, how="whole", kind="zip"):
    prepare(tmp_path / "remote", name)
    root = tmp_path / "remote" / atlases()[name].files[0].split("/")[0]
    packed = io.BytesIO()
    files = [file for file in root.rglob("*") if file.is_file()]
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as out:
            for file in files:
                out.write(file, file.relative_to(root))
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as out:
            for file in files:
                out.add(file, file.relative_to(root))
    web.put(url, packed.getvalue(), how)


def left(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_not_there_is_downloaded_once_and_its_record_names_where_it_lies(web, folder, tmp_path, reachable):
    schaefer(web, tmp_path)
    heard = []
    atlas = catalogue.load("nilearn:schaefer 400", lambda *state: heard.append(state))
    assert atlas.regions["name"].tolist() == [f"7Networks_LH_Vis_{n}" for n in (1, 2, 3)]
    assert atlas.source["path"] == str((folder / atlases()["schaefer 400"].files[0]).resolve())
    assert catalogue.find("nilearn:schaefer 400").local
    web.clear()
    assert load_atlas("nilearn:schaefer 400").source == atlas.source
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_archives_are_unpacked(web, folder, tmp_path, reachable, kind):
    if kind == "zip":
        archive(web, tmp_path, "difumo 64", "https://osf.io/pqu9r/download")
        web.put("https://osf.io/4k9bf/download", b"about")
        assert load_atlas("nilearn:difumo 64").regions["name"].tolist() == ["Insula", "Cuneus", "Putamen"]
    else:
        url = "https://www.nitrc.org/frs/download.php/9902/HarvardOxford.tgz"
        archive(web, tmp_path, "harvard_oxford cort-prob-2mm", url, kind="tgz")
        assert load_atlas("nilearn:harvard_oxford cort-prob-2mm").n_regions == 3


def test_a_redirect_is_followed(web, tmp_path, reachable):
    archive(web, tmp_path, "difumo 64", "https://files.osf.io/difumo.zip")
    web.put("https://osf.io/pqu9r/download", b"https://files.osf.io/difumo.zip", "moved")
    web.put("https://osf.io/4k9bf/download", b"about")
    assert load_atlas("nilearn:difumo 64").n_regions == 3


@pytest.mark.parametrize("how", ["cut", "missing", "other"])
def test_a_download_that_fails_is_one_sentence_and_leaves_nothing(web, folder, tmp_path, reachable, how):
    schaefer(web, tmp_path, how)
    if how == "other":
        for path in list(web._server.files):
            if path.endswith(".nii.gz"):
                web._server.files[path] = (b"<html>please log in</html>", "whole")
    with pytest.raises(AtlasError) as caught:
        load_atlas("nilearn:schaefer 400")
    assert "\n" not in str(caught.value)
    assert left(folder) == []
    assert index.entries() == []
    assert not catalogue.find("nilearn:schaefer 400").local
    schaefer(web, tmp_path)
    assert load_atlas("nilearn:schaefer 400").n_regions == 3  # the next time it works


def test_a_cut_archive_leaves_nothing(web, folder, tmp_path, reachable):
    archive(web, tmp_path, "difumo 64", "https://osf.io/pqu9r/download", "cut")
    with pytest.raises(AtlasError, match=r"^nilearn cannot deliver difumo 64"):
        load_atlas("nilearn:difumo 64")
    assert left(folder) == []


def test_a_slow_download_tells_its_progress_and_can_be_cancelled(web, folder, tmp_path, reachable):
    web.put("https://osf.io/pqu9r/download", bytes(1_000_000), "slow")
    heard = []
    with pytest.raises(DownloadCancelled):
        catalogue.load(
            "nilearn:difumo 64",
            lambda *state: heard.append(state),
            lambda: bool(heard) and heard[-1][0] > 0,
        )
    assert heard[-1][0] > 0
    assert "difumo 64" in heard[-1][2]
    deadline = time.monotonic() + 5
    while left(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(folder) == []
    assert index.entries() == []


def test_without_a_network_it_is_one_sentence_at_once():
    name = "nilearn:schaefer 400"
    facts = atlases()["schaefer 400"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "check_reachable", lambda url: library.check_reachable("http://127.0.0.1:9"))
        with pytest.raises(
            AtlasError, match=r"^127\.0\.0\.1 cannot be reached; connect to the network, or use an atlas"
        ):
            load_atlas(name)
    assert facts.url.startswith("https://")


def test_without_nilearn_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(library, "installed", lambda module: False)
    with pytest.raises(AtlasError, match=r'^nilearn is not installed; pip install "napari-atlas-assign\[nilearn\]"$'):
        load_atlas("nilearn:msdl")


# What all sources share.


def test_a_thread_that_is_stopped_ends():
    started, ended = threading.Event(), threading.Event()

    def work():
        started.set()
        try:
            for _ in range(10_000):
                time.sleep(0.01)
        finally:
            ended.set()

    with pytest.raises(DownloadCancelled):
        library.in_background(work, cancelled=started.is_set)
    assert ended.wait(5)


def test_a_server_behind_a_proxy_is_reached_by_the_proxy(web, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, web.address)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    library.check_reachable("https://nowhere.invalid")


def test_files_that_are_there_are_not_replaced(tmp_path):
    write(tmp_path / "new" / "a" / "b.txt", "new")
    write(tmp_path / "new" / "a" / "c.txt", "new")
    write(tmp_path / "old" / "a" / "b.txt", "old")
    library.move_into(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "a" / "b.txt").read_text() == "old"
    assert (tmp_path / "old" / "a" / "c.txt").read_text() == "new"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    write(tmp_path / "file", "")
    with pytest.raises(AtlasError, match="nothing can be saved in"), library.staging(tmp_path / "file" / "data"):
        pass
