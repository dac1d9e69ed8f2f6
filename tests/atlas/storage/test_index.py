from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import time
import warnings
import zlib
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign.atlas.atlas import Atlas
from napari_atlas_assign.atlas.formats import nifti
from napari_atlas_assign.atlas.storage import arrays, index
from napari_atlas_assign.atlas.storage.folder import cache_folder
from napari_atlas_assign.atlas.storage.index import StoredAtlas, clear, entries, stored
from napari_atlas_assign.atomic import leftovers
from napari_atlas_assign.errors import AssignmentWarning, AtlasError
from napari_atlas_assign.grid import Grid

GRID = Grid((4, 5, 6), np.array([[0.1, 0, 0, 1 / 3], [0, -2, 0, np.pi], [0, 0, 3, 0], [0, 0, 0, 1]]))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(folder))
    return folder / "atlases"


def maps(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((*GRID.shape, 3)) < 0.6, 0, rng.random((*GRID.shape, 3))).astype(np.float32)


def write_atlas(folder: Path, name: str = "a.nii", seed: int = 0, names: tuple[str, ...] = ("Á", "脳", "C")) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    nib.save(nib.Nifti1Image(maps(seed), GRID.affine), path)
    rows = "".join(f"{i},{n},#ff00{i:02x}\n" for i, n in enumerate(names))
    path.with_suffix(".csv").write_text("index,name,color\n" + rows, "utf-8")
    return path


def from_memory(atlas: Atlas, file: Path) -> SimpleNamespace:
    """A dialect whose file stands for an atlas in memory; it counts how often it is read."""
    dialect = SimpleNamespace(NAME="memory", times=0, files=lambda path, labels=None: [file])

    def read(path, labels=None):
        dialect.times += 1
        return atlas

    dialect.read = read
    return dialect


def an_atlas(regions: pd.DataFrame | None = None, **about) -> Atlas:
    dense = maps()
    voxels = [np.flatnonzero(dense[..., r]) for r in range(3)]
    values = [dense[..., r].reshape(-1)[v] for r, v in enumerate(voxels)]
    regions = pd.DataFrame({"id": range(3), "name": ["A", "B", "C"]}) if regions is None else regions
    return Atlas.from_region_entries(GRID, regions, voxels, values, **about)


def a_file(tmp_path: Path, content: str = "x") -> Path:
    path = tmp_path / "file.txt"
    path.write_text(content)
    return path


def assert_same(a: Atlas, b: Atlas) -> None:
    assert a.grid == b.grid
    pd.testing.assert_frame_equal(a.regions, b.regions)
    for name in ("voxel", "region", "value"):
        ours, theirs = getattr(a, name), getattr(b, name)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    assert (a.name, a.space, a.is_labelled) == (b.name, b.space, b.is_labelled)
    # The index adds which files it looked at.
    sources = [{key: value for key, value in atlas.source.items() if key != "files"} for atlas in (a, b)]
    assert sources[0] == sources[1]
    for ours, theirs in zip(vars(a.region_sums).values(), vars(b.region_sums).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def only_entry(cache: Path) -> Path:
    (folder,) = cache.iterdir()
    return folder


def reads(monkeypatch) -> list[Path]:
    """The paths that plain NIfTI is really read from."""
    seen: list[Path] = []
    original = nifti.read

    def read(path, labels=None):
        seen.append(path)
        return original(path, labels)

    monkeypatch.setattr(nifti, "read", read)
    return seen


# --- what comes back ---


def test_the_same_atlas_comes_back_without_a_look_at_the_voxels(tmp_path, monkeypatch):
    path = write_atlas(tmp_path / "in")
    first = stored(nifti, path)
    monkeypatch.setattr(nifti, "read", None)
    assert_same(stored(nifti, path), first)


def test_a_labelled_atlas_comes_back_without_values(tmp_path, cache):
    labels = np.zeros(GRID.shape, int)
    labels[1], labels[2] = 1, 2
    atlas = Atlas.from_labels(labels, GRID, pd.DataFrame({"id": [1, 2, 3], "name": ["A", "B", "none"]}), name="é")
    dialect = from_memory(atlas, a_file(tmp_path))
    stored(dialect, tmp_path)
    again = stored(dialect, tmp_path)
    assert dialect.times == 1
    assert_same(again, atlas)
    assert again.value.strides == (0,)
    assert not (only_entry(cache) / "value.npy").exists()


def test_an_atlas_without_any_voxel_comes_back(tmp_path):
    atlas = Atlas.from_labels(np.zeros(GRID.shape, int), GRID, pd.DataFrame({"id": [1], "name": ["A"]}))
    dialect = from_memory(atlas, a_file(tmp_path))
    stored(dialect, tmp_path)
    assert_same(stored(dialect, tmp_path), atlas)
    assert dialect.times == 1


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["#ff0000", None, "#00ff00"]),
        pd.Series(["#ff0000", None, np.nan], dtype=object),
        pd.Series([None, None, None], dtype=object),
        pd.Series(["1", "2020-01-01", "NaN"]),
        pd.Series([1 / 3, np.nan, 1e-300]),
        pd.Series([1.0, 2.0, 3.0], dtype=np.float32),
        pd.Series([True, False, True]),
        pd.Series([2**53 + 1, 0, -1]),
        pd.Series([1, 2, 3], dtype=np.uint16),
        pd.Series(["left", "right", "脳 \n\"'\\"]),
    ],
)
def test_every_column_keeps_its_type_and_what_is_missing(tmp_path, column):
    regions = pd.DataFrame({"id": range(3), "name": ["A", "Área", "脳"], "parent": ["A", None, None], "1": column})
    atlas = an_atlas(regions)
    dialect = from_memory(atlas, a_file(tmp_path))
    stored(dialect, tmp_path)
    again = stored(dialect, tmp_path)
    assert dialect.times == 1
    pd.testing.assert_frame_equal(again.regions, regions)
    for ours, theirs in zip(again.regions["1"], column, strict=True):
        assert type(ours) is type(theirs)


def test_what_cannot_be_stored_is_read_each_time(tmp_path, cache):
    atlas = an_atlas(source={"object": object()})
    dialect = from_memory(atlas, a_file(tmp_path))
    for _ in range(2):
        assert stored(dialect, tmp_path).source["object"] is atlas.source["object"]
    assert dialect.times == 2
    assert not cache.exists()


def test_remarks_are_made_each_time(tmp_path):
    path = write_atlas(tmp_path / "in", names=("A", "A"))
    with pytest.warns(AssignmentWarning) as first:
        stored(nifti, path)
    with pytest.warns(AssignmentWarning) as second:
        stored(nifti, path)
    assert [str(w.message) for w in first] == [str(w.message) for w in second]
    assert len(first) == 2


def test_a_dialect_that_does_not_tell_its_files_is_read_each_time(tmp_path, cache):
    dialect = from_memory(an_atlas(), a_file(tmp_path))
    del dialect.files
    stored(dialect, tmp_path)
    stored(dialect, tmp_path)
    assert dialect.times == 2
    assert not cache.exists()


def test_an_atlas_that_cannot_be_read_leaves_nothing(tmp_path, cache):
    path = write_atlas(tmp_path / "in", "a.nii.gz")
    path.write_bytes(path.read_bytes()[:-100])
    for _ in range(2):
        with pytest.raises(AtlasError, match="cannot be read"):
            stored(nifti, path)
    assert not cache.exists()


# --- the key ---


def test_the_key_changes_with_the_image_the_table_and_the_version(tmp_path, cache, monkeypatch):
    path = write_atlas(tmp_path / "in")
    stored(nifti, path)
    write_atlas(tmp_path / "in", seed=1)
    changed = stored(nifti, path)
    np.testing.assert_array_equal(changed.map_of(0), maps(1)[..., 0])
    write_atlas(tmp_path / "in", seed=1, names=("X", "Y", "Z"))
    assert stored(nifti, path).regions["name"].tolist() == ["X", "Y", "Z"]
    assert len(list(cache.iterdir())) == 3
    seen = reads(monkeypatch)
    monkeypatch.setattr(index, "VERSION", index.VERSION + 1)
    stored(nifti, path)
    assert seen == [path]
    assert len(list(cache.iterdir())) == 4


def test_the_data_file_of_a_pair_is_part_of_the_key(tmp_path):
    for seed in (0, 1):
        nib.save(nib.Nifti1Pair(maps(seed), GRID.affine), tmp_path / "a.hdr")
        np.testing.assert_array_equal(stored(nifti, tmp_path / "a.hdr").map_of(0), maps(seed)[..., 0])


def test_files_that_moved_are_found_and_recorded_where_they_are_now(tmp_path, cache, monkeypatch):
    old = write_atlas(tmp_path / "in")
    stored(nifti, old)
    seen = reads(monkeypatch)
    new = write_atlas(tmp_path / "elsewhere")
    source = stored(nifti, new).source
    assert seen == []
    assert source["path"] == str(new.resolve())
    assert source["labels"] == str(new.with_suffix(".csv").resolve())
    assert stored(nifti, old).source["path"] == str(old.resolve())
    assert len(list(cache.iterdir())) == 1


def test_a_table_that_appears_or_changes_beside_an_image_is_noticed(tmp_path):
    path = write_atlas(tmp_path / "in", "a.nii")
    path.with_suffix(".csv").unlink()
    assert stored(nifti, path).regions["name"].tolist() == ["region 0", "region 1", "region 2"]
    for names in (["V1", "V2", "V3"], ["V1", "V2", "V4"]):
        (path.parent / "labels.txt").write_text("\n".join(names))
        assert stored(nifti, path).regions["name"].tolist() == names


def test_a_dialect_that_learns_from_names_reads_renamed_files_anew(tmp_path):
    """Here a folder, which names the atlas, of one file, which names the region."""

    def read(path, labels=None):
        (file,) = path.iterdir()
        regions = pd.DataFrame({"id": [1], "name": [file.stem]})
        about = {"name": path.name, "source": {"path": str(path.resolve())}}
        return Atlas.from_labels(np.ones(GRID.shape, int), GRID, regions, **about)

    def told() -> tuple[str, str]:
        atlas = stored(dialect, folder)
        assert_same(atlas, read(folder))
        return atlas.name, atlas.regions["name"][0]

    dialect = SimpleNamespace(NAME="folder", read=read, files=lambda path, labels=None: list(path.iterdir()))
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "left.txt").write_text("x")
    assert told() == ("one", "left")
    folder = folder.rename(tmp_path / "two")
    assert told() == ("two", "left")
    (folder / "left.txt").rename(folder / "right.txt")
    assert told() == ("two", "right")
    (tmp_path / "other").mkdir()
    folder = folder.rename(tmp_path / "other" / "two")
    dialect.read = None  # a folder that only moved is found
    assert told() == ("two", "right")


def test_two_dialects_keep_their_own_atlas_of_the_same_files(tmp_path):
    file = a_file(tmp_path)
    one, other = from_memory(an_atlas(name="one"), file), from_memory(an_atlas(name="other"), file)
    other.NAME = "other"
    assert [stored(d, file).name for d in (one, other, one, other)] == ["one", "other", "one", "other"]
    assert (one.times, other.times) == (1, 1)


def test_files_that_change_while_they_are_read_are_not_kept(tmp_path, cache):
    file = a_file(tmp_path)
    dialect = from_memory(an_atlas(), file)
    read = dialect.read

    def slow(path, labels=None):
        file.write_text("changed meanwhile")
        return read(path)

    dialect.read = slow
    stored(dialect, file)
    assert not cache.exists()


# --- damage ---


def damage_flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def damage_byte_order(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"'<", b"'>", 1) if file.suffix == ".npy" else b"")


def damage_truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def damage_empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [damage_flip, damage_byte_order, damage_truncate, damage_empty, Path.unlink])
@pytest.mark.parametrize("file", ["voxel.npy", "region.npy", "value.npy", "sums_box.npy", "header.json"])
def test_a_damaged_entry_is_read_anew(tmp_path, cache, file, damage, monkeypatch):
    path = write_atlas(tmp_path / "in")
    whole = stored(nifti, path)
    damage(only_entry(cache) / file)
    seen = reads(monkeypatch)
    assert_same(stored(nifti, path), whole)
    assert seen == [path]
    assert_same(stored(nifti, path), whole)
    assert seen == [path]
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"arrays": []}', "123\n{}", f"{zlib.crc32(b'[]')}\n[]", "\xff"])
def test_a_damaged_description_is_read_anew(tmp_path, cache, text):
    path = write_atlas(tmp_path / "in")
    whole = stored(nifti, path)
    (only_entry(cache) / "header.json").write_text(text, "latin-1")
    assert [e.name for e in entries()] == ["(damaged)"]
    assert_same(stored(nifti, path), whole)
    assert [e.name for e in entries()] == ["a"]


def test_a_pickle_in_the_index_is_never_loaded(tmp_path, cache):
    """Even with a checksum that fits."""
    path = write_atlas(tmp_path / "in")
    whole = stored(nifti, path)
    folder, trap = only_entry(cache), tmp_path / "trap"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (trap,))

    for content in (pickle.dumps(Trap()), None):
        if content is None:
            np.save(folder / "voxel.npy", np.array([Trap()], dtype=object), allow_pickle=True)
        else:
            (folder / "voxel.npy").write_bytes(content)
        header = arrays.read_header(folder)
        header["checksums"]["voxel"] = arrays._checksum(folder / "voxel.npy")
        arrays._write_header(folder, header)
        assert_same(stored(nifti, path), whole)
        assert not trap.exists()
        folder = only_entry(cache)


# --- disks ---


@pytest.mark.parametrize("file", ["voxel", "value", "sums_box", "header.json"])
def test_a_full_disk_costs_the_speed_and_not_the_atlas(tmp_path, cache, monkeypatch, file):
    def full(where):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))

    real_save, real_text = np.save, Path.write_text

    def save(where, array, **options):
        if Path(where).stem == file:
            Path(where).write_bytes(b"half")
            full(where)
        real_save(where, array, **options)

    def write_text(where, *arguments, **options):
        if where.name == file:
            full(where)
        return real_text(where, *arguments, **options)

    path = write_atlas(tmp_path / "in")
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", save)
        patch.setattr(Path, "write_text", write_text)
        atlas = stored(nifti, path)
        assert list(cache.iterdir()) == []
    np.testing.assert_array_equal(atlas.map_of(0), maps()[..., 0])
    assert_same(stored(nifti, path), atlas)
    assert len(list(cache.iterdir())) == 1


def test_a_folder_that_cannot_be_written_costs_the_speed_and_not_the_atlas(tmp_path, monkeypatch):
    path = write_atlas(tmp_path / "in")
    occupied = tmp_path / "occupied"
    occupied.write_text("a file where the cache should be")
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(occupied))
    assert stored(nifti, path).n_regions == 3
    assert entries() == []
    assert clear() == 0


def test_an_index_that_can_only_be_read_is_read(tmp_path, cache, monkeypatch):
    path = write_atlas(tmp_path / "in")
    whole = stored(nifti, path)

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "read-only")

    seen = reads(monkeypatch)
    for name in ("utime", "rename", "mkdir", "rmdir", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    assert_same(stored(nifti, path), whole)
    assert seen == []


def test_a_missing_file_is_told_by_the_dialect(tmp_path, cache):
    with pytest.raises(AtlasError, match="no such file"):
        stored(nifti, tmp_path / "none.nii")
    assert not cache.exists()


# --- other processes ---


WRITER = """
import sys
from pathlib import Path
from napari_atlas_assign.atlas.formats import nifti
from napari_atlas_assign.atlas.storage import arrays, index
atlas = index.stored(nifti, Path(sys.argv[1]))
print(len(atlas.voxel), float(atlas.value.sum()), *atlas.regions["name"])
"""


def test_processes_that_write_the_same_entry_at_once_all_succeed(tmp_path, cache):
    path = write_atlas(tmp_path / "in")
    command = [sys.executable, "-c", WRITER, str(path)]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(3)]
    outputs = {process.communicate(timeout=120)[0].decode() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    atlas = stored(nifti, path)
    assert outputs == {f"{len(atlas.voxel)} {float(atlas.value.sum())} Á 脳 C\n".replace("\n", os.linesep)}
    assert len(only_entry(cache).name) == 64


def test_a_writer_that_comes_second_leaves_the_first_ones_entry(tmp_path, cache, monkeypatch):
    path = write_atlas(tmp_path / "in")
    original = nifti.read

    def read(file, labels=None):
        monkeypatch.setattr(nifti, "read", original)
        stored(nifti, file)  # another process is faster
        return original(file, labels)

    monkeypatch.setattr(nifti, "read", read)
    atlas = stored(nifti, path)
    assert_same(stored(nifti, path), atlas)
    assert len(only_entry(cache).name) == 64


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from napari_atlas_assign.atlas.formats import nifti
from napari_atlas_assign.atlas.storage import arrays, index
real, written = np.save, []
def save(where, array, **options):
    if len(written) == 2:  # voxel and region
        os._exit(9)
    written.append(where)
    real(where, array, **options)
np.save = save
index.stored(nifti, Path(sys.argv[1]))
"""


def test_a_process_killed_in_writing_leaves_nothing_that_is_taken_for_an_atlas(tmp_path, cache):
    path = write_atlas(tmp_path / "in")
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=120).returncode == 9
    left = only_entry(cache)
    assert left in leftovers(cache)
    assert (left / "voxel.npy").exists()
    assert entries() == []
    stored(nifti, path)
    assert left.exists()  # it may belong to a process that still writes
    assert [e.name for e in entries()] == ["a"]
    yesterday = time.time() - 2 * 24 * 3600
    os.utime(left, (yesterday, yesterday))
    stored(nifti, write_atlas(tmp_path / "in", "b.nii", seed=1))
    assert not left.exists()
    assert [e.name for e in entries()] == ["b", "a"]


def test_an_entry_that_vanishes_while_it_is_opened_is_read_anew(tmp_path, cache, monkeypatch):
    path = write_atlas(tmp_path / "in")
    whole = stored(nifti, path)
    original = arrays.read_header

    def read_header(folder):
        header = original(folder)
        clear()
        return header

    monkeypatch.setattr(arrays, "read_header", read_header)
    assert_same(stored(nifti, path), whole)


def test_an_atlas_in_use_outlives_its_entry(tmp_path):
    path = write_atlas(tmp_path / "in")
    stored(nifti, path)
    atlas = stored(nifti, path)
    clear()
    np.testing.assert_array_equal(atlas.map_of(1), maps()[..., 1])


# --- size ---


def test_the_least_recently_used_atlases_go_first(tmp_path, cache, monkeypatch):
    paths = [write_atlas(tmp_path / "in", f"{name}.nii", seed) for seed, name in enumerate("abc")]
    stored(nifti, paths[0])
    monkeypatch.setattr(index, "MAX_BYTES", int(entries()[0].n_bytes * 2.5))
    stored(nifti, paths[1])
    for age, name in ((200, "b"), (300, "a")):
        (entry,) = (e for e in entries() if e.name == name)
        os.utime(entry.folder, (time.time() - age,) * 2)
    stored(nifti, paths[0])  # used again: now b is the oldest
    stored(nifti, paths[2])
    assert [e.name for e in entries()] == ["c", "a"]
    assert sorted(f.name for f in cache.iterdir()) == sorted(e.key for e in entries())


def test_an_atlas_larger_than_the_limit_is_kept_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "MAX_BYTES", 1)
    for seed, name in enumerate("ab"):
        stored(nifti, write_atlas(tmp_path / "in", f"{name}.nii", seed))
    assert [e.name for e in entries()] == ["b"]


def test_entries_tell_what_is_stored_and_clear_drops_it(tmp_path, cache):
    stored(nifti, write_atlas(tmp_path / "in"))
    (entry,) = entries()
    size = sum(file.stat().st_size for file in only_entry(cache).iterdir())
    assert entry == StoredAtlas(only_entry(cache).name, "a", 3, size, only_entry(cache))
    (cache / ".writing-left").mkdir()
    (cache / ".writing-left" / "half").write_bytes(b"1234")
    assert clear() == size + 4
    assert list(cache.iterdir()) == []
    assert entries() == []


def test_the_cache_is_not_made_by_asking(cache):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert entries() == []
        assert clear() == 0
    assert cache_folder() == cache
    assert not cache.exists()
