"""Chunks of zarr arrays that are cut off, forged, lost or too many are refused or told, never read as numbers."""

from __future__ import annotations

import json
import warnings
from itertools import product
from pathlib import Path

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, ZstdCodec

from napari_atlas_assign import AssignmentWarning, Image, InputError, assign
from napari_atlas_assign.zarr_files.ome_zarr import read_ome_zarr

STEPS = [{"type": "scale", "scale": [2.0] * 3}, {"type": "translation", "translation": [-9.0, -12.0, -8.0]}]
AXES = [{"name": a, "type": "space", "unit": "millimeter"} for a in "zyx"]
ABOUT = {"multiscales": [{"axes": AXES, "datasets": [{"path": "0", "coordinateTransformations": STEPS}]}]}

PACKERS = {
    "2 blosc": numcodecs.Blosc("lz4", clevel=5),
    "2 blosc unpacked": numcodecs.Blosc("lz4", clevel=0),
    "2 zstd": numcodecs.Zstd(),
    "2 gzip": numcodecs.GZip(),
    "2 zlib": numcodecs.Zlib(),
    "2 bz2": numcodecs.BZ2(),
    "2 lzma": numcodecs.LZMA(),
    "2 lz4": numcodecs.LZ4(),
    "2 none": None,
    "3 blosc": BloscCodec(),
    "3 blosc unpacked": BloscCodec(clevel=0),
    "3 zstd": ZstdCodec(),
    "3 gzip": GzipCodec(),
    "3 sums": [BloscCodec(clevel=0), Crc32cCodec()],
    "3 none": None,
    "3 shards": BloscCodec(clevel=0),
}


def write(path: Path, data: np.ndarray, how: str, chunks=(8, 8, 8), fill_value=0) -> Path:
    """An OME-Zarr image; `how` is a key of `PACKERS`."""
    version = int(how[0])
    group = zarr.open_group(path, mode="w", zarr_format=version)
    more = {"shards": tuple(2 * n for n in chunks)} if "shards" in how else {}
    array = group.create_array(
        "0", shape=data.shape, dtype=data.dtype, chunks=chunks, compressors=PACKERS[how], fill_value=fill_value, **more
    )
    array[...] = data
    group.attrs.update({"ome": {"version": "0.5", **ABOUT}} if version == 3 else ABOUT)
    return path


def chunk_files(path: Path) -> list[Path]:
    return sorted(f for f in (path / "0").rglob("*") if f.is_file() and f.name[0] != "." and f.suffix != ".json")


@pytest.fixture
def noise(small_atlas):
    return np.random.default_rng(5).normal(size=(16, 16, 16)).astype(np.float32)


@pytest.mark.parametrize("how", PACKERS)
def test_whole_chunks_are_read_as_they_are(tmp_path, noise, how):
    (image,) = read_ome_zarr(write(tmp_path / "a.zarr", noise, how))
    np.testing.assert_array_equal(np.asarray(image.data), noise.T)


@pytest.mark.parametrize("how", PACKERS)
@pytest.mark.parametrize("kept", [0, 3, 15, 20, 0.5, -100, -1])
def test_a_chunk_that_was_cut_off_is_refused(tmp_path, noise, small_atlas, how, kept):
    path = write(tmp_path / "a.zarr", noise, how)
    file = chunk_files(path)[-1]
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept) if 0 < kept < 1 else kept])
    with pytest.raises(InputError, match=r"^a\.zarr: a chunk cannot be read") as error:
        assign(path, small_atlas)
    assert "\n" not in str(error.value)


def test_a_chunk_that_was_cut_off_is_refused_in_an_array_of_ones_own(tmp_path, noise, small_atlas):
    path = write(tmp_path / "a.zarr", noise, "2 blosc unpacked")
    file = chunk_files(path)[0]
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="a chunk cannot be read"):
        assign((zarr.open_array(path / "0", mode="r"), small_atlas.grid.affine), small_atlas)


@pytest.mark.parametrize(
    "how", ["2 blosc", "2 zstd", "2 gzip", "2 zlib", "2 bz2", "2 lzma", "2 lz4", "3 gzip", "3 zstd"]
)
def test_a_chunk_that_unpacks_to_more_than_the_metadata_say_is_refused(tmp_path, noise, small_atlas, how):
    path = write(tmp_path / "a.zarr", noise, how)
    packer = PACKERS["2" + how[1:]]
    chunk_files(path)[0].write_bytes(packer.encode(bytes(50_000_000)))
    with pytest.raises(InputError, match=r"claims [\d,]+ bytes where the metadata say 2,048"):
        assign(path, small_atlas)


def test_a_byte_changed_under_a_checksum_is_refused(tmp_path, noise, small_atlas):
    path = write(tmp_path / "a.zarr", noise, "3 sums")
    data = bytearray(chunk_files(path)[0].read_bytes())
    data[100] ^= 1
    chunk_files(path)[0].write_bytes(data)
    with pytest.raises(InputError, match="checksum"):
        assign(path, small_atlas)


@pytest.mark.parametrize(("how", "files"), [("2 blosc", 8), ("3 zstd", 8), ("3 shards", 1)])
def test_chunks_without_a_file_are_told(tmp_path, noise, how, files):
    path = write(tmp_path / "a.zarr", noise, how)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_ome_zarr(path)
    assert len(chunk_files(path)) == files
    chunk_files(path)[0].unlink()
    with pytest.warns(AssignmentWarning, match=rf"1 of {files} chunks have no file and count as 0\.0"):
        read_ome_zarr(path)


CLAIMS = {
    "20 million chunks": ((2720, 2720, 2720), (10, 10, 10), "claims 20,123,648 chunks, more than the 131,072"),
    "a chunk per voxel": ((2000, 2000, 2000), (1, 1, 1), "claims 8,000,000,000 chunks"),
    "10^15 voxels": ((10**5,) * 3, (4000, 4000, 2), "chunks"),
    "chunks of 4 GiB": ((1024,) * 3, (1024,) * 3, "each chunk of .* claims 4.00 GiB, more than the 256 MiB"),
    "10^15 in large chunks": ((10**5,) * 3, (4000, 4000, 4), "claims 3,637.98 GiB|chunks"),
}


@pytest.mark.parametrize(("what", "version"), list(product(CLAIMS, (2, 3))))
def test_more_than_is_read_is_refused_from_the_metadata(tmp_path, what, version, monkeypatch):
    shape, chunks, says = CLAIMS[what]
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    group.create_array("0", shape=shape, dtype=np.float32, chunks=chunks)
    group.attrs.update({"ome": ABOUT} if version == 3 else ABOUT)
    with pytest.raises(InputError, match=f"{says}.*NAPARI_ATLAS_ASSIGN_LIMITS"):
        read_ome_zarr(tmp_path / "a.zarr")


def test_limits_can_be_raised(tmp_path, monkeypatch):
    array = zarr.create_array(tmp_path / "a", shape=(300, 300, 300), dtype=np.uint8, chunks=(5, 5, 5))
    with pytest.raises(InputError, match="claims 216,000 chunks"):
        Image.from_array(array, np.eye(4))
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_LIMITS", "2")
    assert Image.from_array(array, np.eye(4)).is_lazy
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_LIMITS", "many")
    with pytest.raises(InputError, match="no positive number"):
        Image.from_array(array, np.eye(4))


def changed(**changes):
    return {"multiscales": [ABOUT["multiscales"][0] | changes]}


LEVEL = {"path": "0"}
DAMAGED = {
    "four axes": changed(axes=[{"name": "c"}, *AXES]),
    "one axis twice": changed(axes=[AXES[0], AXES[0], AXES[2]]),
    "axes in a text": changed(axes="zyx"),
    "no axis": changed(axes=[]),
    "a unit that is a list": changed(axes=[axis | {"unit": ["millimeter"]} for axis in AXES]),
    "a unit of 5,000 letters": changed(axes=[axis | {"unit": "m" * 5000} for axis in AXES]),
    "a name that is a number": changed(axes=[{"name": 1}, *AXES[1:]]),
    "an orientation that is a list": changed(axes=[axis | {"orientation": []} for axis in AXES]),
    "nested steps": changed(
        datasets=[LEVEL | {"coordinateTransformations": [{"type": "sequence", "sequence": STEPS}]}]
    ),
    "a scale of four": changed(
        datasets=[LEVEL | {"coordinateTransformations": [{"type": "scale", "scale": [1.0] * 4}]}]
    ),
    "a scale of zeros": changed(
        datasets=[LEVEL | {"coordinateTransformations": [{"type": "scale", "scale": [0, 0, 0]}]}]
    ),
    "a scale of texts": changed(
        datasets=[LEVEL | {"coordinateTransformations": [{"type": "scale", "scale": ["1"] * 3}]}]
    ),
    "a scale in a file": changed(datasets=[LEVEL | {"coordinateTransformations": [{"type": "scale", "path": "s"}]}]),
    "a scale beyond all numbers": changed(
        datasets=[LEVEL | {"coordinateTransformations": [{"type": "scale", "scale": [10**400] * 3}]}]
    ),
    "no level": changed(datasets=[]),
    "a level that leads out": changed(datasets=[{"path": "../../0"}]),
    "a level of 9,000 letters": changed(datasets=[{"path": "0" * 9000}]),
    "a level that is a number": changed(datasets=[{"path": 0}]),
    "the group as a level": changed(datasets=[{"path": ""}]),
    "no multiscale": {"multiscales": []},
    "a text": {"multiscales": "x"},
    "null": {"multiscales": None},
}


@pytest.mark.parametrize(("what", "version"), list(product(DAMAGED, (2, 3))))
def test_metadata_of_another_kind_are_refused_in_one_line(tmp_path, noise, what, version):
    path = write(tmp_path / "a.zarr", noise, f"{version} none")
    file = path / (".zattrs" if version == 2 else "zarr.json")
    about = json.loads(file.read_text())
    about = DAMAGED[what] if version == 2 else about | {"attributes": {"ome": DAMAGED[what]}}
    file.write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"^a\.zarr") as error:
        read_ome_zarr(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700
