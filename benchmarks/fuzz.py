"""Damaged and forged files of every kind, at random: each is read, or refused in one InputError of one line.

    python benchmarks/fuzz.py --minutes 10

Prints how many of each kind were tried and how many were clean, and for each other one the seed that makes it again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import signal
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import zarr

from napari_atlas_assign import InputError, assign, compare_with_record, load_atlas, rerun
from napari_atlas_assign.atlas.files.volumes import check_whole
from napari_atlas_assign.atlas.sources import download
from napari_atlas_assign.batch.inputs import MapFile, find_maps
from napari_atlas_assign.batch.store import Journal
from napari_atlas_assign.batch.work import failed, unpacked

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
SHAPE = (8, 8, 8)
LONGEST = 60
"""Seconds that one try may take."""

ODD = [
    None,
    True,
    -1,
    0,
    1,
    2**63,
    10**30,
    1e308,
    float("nan"),
    "",
    "/",
    "..",
    "x" * 5000,
    "a\nb",
    "\0",
    [],
    {},
    [[]],
    {"a": 1},
]
TOKENS = [
    b"<",
    b">",
    b"&",
    b'"',
    b"'",
    b",",
    b"\t",
    b"\n",
    b"\r",
    b"\0",
    b"=",
    b"{",
    b"[",
    b"-1",
    b"9" * 40,
    b"nan",
    b"\xff\xfe",
]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Bytes with a few changed, cut out, doubled, put in, or the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) + 1)
        n = rng.choice([1, 1, 2, 4, 8, 40])
        how = rng.randrange(6)
        if how == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            changed[at : at + n] = rng.randbytes(n)
        elif how == 2:
            del changed[at : at + n]
        elif how == 3:
            changed[at:at] = rng.choice(TOKENS)
        elif how == 4:
            changed[at:at] = changed[at : at + n] * rng.randint(1, 30)
        elif rng.random() < 0.3:
            del changed[at:]
    return bytes(changed)


def changed_json(content: Any, rng: random.Random) -> Any:
    """JSON with one entry, at any depth, something else, or gone."""
    if rng.random() < 0.15 or not isinstance(content, dict | list) or not content:
        return rng.choice(ODD)
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = rng.choice(keys)
    copy: Any = dict(content) if isinstance(content, dict) else list(content)
    if rng.random() < 0.15:
        del copy[key]
    else:
        copy[key] = changed_json(content[key], rng)
    return copy


class Workshop:
    """Good files in a folder, from which bad ones are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        labels = np.repeat(np.array([1, 2], np.uint8), 4)[:, None, None] * np.ones(SHAPE, np.uint8)
        noise = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
        nib.save(nib.Nifti1Image(labels, AFFINE), folder / "atlas.nii")
        nib.save(nib.Nifti1Image(noise, AFFINE), folder / "map.nii")
        self.atlas = load_atlas(folder / "atlas.nii")
        self.map = (folder / "map.nii").read_bytes()
        self.out = assign(folder / "map.nii", self.atlas, threshold=1.0).save(folder / "out")
        self.record = json.loads((self.out / "provenance.json").read_text("utf-8"))
        group = zarr.open_group(folder / "a.zarr", mode="w", zarr_format=2)
        group.create_array("0", data=noise, chunks=(4, 4, 4))
        axes = [{"name": a, "type": "space", "unit": "millimeter"} for a in "zyx"]
        steps = [{"type": "scale", "scale": [2.0] * 3}, {"type": "translation", "translation": [0.0] * 3}]
        self.ome = {"multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": steps}]}]}
        self.chunk = (folder / "a.zarr" / "0" / "0.0.0").read_bytes()
        self.zarray = json.loads((folder / "a.zarr" / "0" / ".zarray").read_text())
        (folder / "map.gii").write_bytes(nib.gifti.GiftiImage().to_xml())

    def nifti(self, rng: random.Random) -> None:
        """A header, packed or not, as map and as atlas."""
        data = damaged(self.map[:352], rng) + self.map[352:]
        path = self.folder / rng.choice(["bad.nii", "bad.nii.gz", "bad.img", "bad.hdr", "bad.mgz"])
        path.write_bytes(gzip.compress(data, 1) if path.suffix in (".gz", ".mgz") else data)
        try:
            if rng.random() < 0.5:
                assign(path, self.atlas, threshold=1.0)
            else:
                load_atlas(path)
        finally:
            path.unlink()

    def table(self, rng: random.Random) -> None:
        """A table of labels."""
        good = [
            b"index,name\n1,Area 4\n2,Area 6\n",
            b"index\tname\tcolor\n1\tA\t#ff0000\n2\tB\t#00ff00\n",
            b"1 A 255 0 0 0\n2 B 0 255 0 0\n",
            b'0 0 0 0 0 0 0 "Clear Label"\n1 255 0 0 1 1 1 "A"\n2 0 255 0 1 1 1 "B"\n',
        ]
        path = self.folder / rng.choice(["t.csv", "t.tsv", "t.txt", "t.lut", "t.label", "t.ctbl"])
        path.write_bytes(damaged(rng.choice(good), rng))
        load_atlas(self.folder / "atlas.nii", labels=path)

    def xml(self, rng: random.Random) -> None:
        """A list of labels in XML, and an atlas of FSL."""
        good = (
            b"<?xml version='1.0'?><atlas version='1.0'><header><name>A</name><type>Label</type>"
            b"<images><imagefile>/atlas</imagefile></images></header><data><label index='1' x='1' y='1' z='1'>A</label>"
            b"<label index='2' x='1' y='1' z='1'>B</label></data></atlas>"
        )
        path = self.folder / "t.xml"
        path.write_bytes(damaged(good, rng))
        if rng.random() < 0.5:
            load_atlas(path)
        else:
            load_atlas(self.folder / "atlas.nii", labels=path)

    def json_table(self, rng: random.Random) -> None:
        """A list of labels in JSON."""
        good = [[{"id": 1, "name": "A"}, {"id": 2, "name": "B"}], {"1": "A", "2": "B"}, {"labels": ["A", "B"]}]
        path = self.folder / "t.json"
        data = json.dumps(changed_json(rng.choice(good), rng)).encode()
        path.write_bytes(damaged(data, rng) if rng.random() < 0.5 else data)
        load_atlas(self.folder / "atlas.nii", labels=path)

    def ome_zarr(self, rng: random.Random) -> None:
        """Metadata of the image, of the array, or a chunk."""
        root = self.folder / "a.zarr"
        files = {root / ".zattrs": self.ome, root / "0" / ".zarray": self.zarray}
        for file, content in files.items():
            file.write_text(json.dumps(content))
        (root / "0" / "0.0.0").write_bytes(self.chunk)
        kind = rng.randrange(3)
        if kind == 2:
            (root / "0" / "0.0.0").write_bytes(damaged(self.chunk, rng))
        else:
            file = list(files)[kind]
            file.write_text(json.dumps(changed_json(files[file], rng)))
        assign(root, self.atlas, threshold=1.0)

    def surface(self, rng: random.Random) -> None:
        """GIFTI and CIFTI, as map and as atlas."""
        gifti = (self.folder / "map.gii").read_bytes()
        header = bytearray(self.map[:352])
        struct.pack_into("<h", header, 68, rng.choice([3000, 3001, 3006, 3007]))
        xml = b"<CIFTI Version='2'><Matrix></Matrix></CIFTI>"
        cifti = bytes(header[:348]) + b"\1\0\0\0" + struct.pack("<ii", 64, 32) + xml.ljust(56, b"\0") + self.map[352:]
        name, data = rng.choice([("s.gii", gifti), ("s.dscalar.nii", cifti), ("s.dlabel.nii", cifti)])
        path = self.folder / name
        path.write_bytes(damaged(data, rng))
        if rng.random() < 0.5:
            assign(path, self.atlas)
        else:
            load_atlas(path)

    def a_record(self, rng: random.Random) -> None:
        """A record, run again."""
        path = self.out / "provenance.json"
        data = json.dumps(changed_json(self.record, rng)).encode()
        path.write_bytes(damaged(data, rng) if rng.random() < 0.3 else data)
        result = rerun(path)
        compare_with_record(result, path)

    def journal(self, rng: random.Random) -> None:
        """A journal, damaged or forged under a right checksum."""
        folder = self.folder / "finished"
        good = failed(MapFile("a"), "none")
        head = {"file": "a", "name": None, "threshold": None, "stamp": [1, 2], "sha256": "0" * 64, "volumes": 1}
        head |= {
            "modes": 1,
            "assignments": 1,
            "warnings": [],
            "timings": {},
            "columns": {"assignments": [], "modes": []},
        }
        packed = json.dumps(changed_json(head, rng)).encode()
        record = f"{len(packed)} 0\n".encode() + packed + rng.choice([zlib.compress(b"x"), b"", b"x"])
        record = rng.choice([record, damaged(record, rng), good])
        data = struct.pack("<QI", len(record), zlib.crc32(record)) + record
        folder.mkdir(exist_ok=True)
        (folder / f"{'0' * 32}.journal").write_bytes(damaged(data, rng) if rng.random() < 0.3 else data)
        with Journal(folder, "0" * 64) as opened:
            if opened.holds(MapFile("a")) or len(opened):
                opened.read(MapFile("a")) if opened._places.get(("a", None, None)) else None
        if record == good:
            unpacked(good)

    def manifest(self, rng: random.Random) -> None:
        """A list of maps, and numbers of arguments beside it."""
        path = self.folder / "maps.csv"
        path.write_bytes(damaged(b"path,name,threshold\nmap.nii,first,1.5\nmap.nii,second,2\n", rng))
        find_maps([path])
        name = rng.choice(["keep_largest", "peaks", "level", "min_voxels", "threshold", "min_volume_mm3", "volume"])
        assign(self.folder / "map.nii", self.atlas, **{name: rng.choice(ODD)})

    def answer(self, rng: random.Random) -> None:
        """What a web server says."""
        body = gzip.compress(self.map, 1)
        lines = b"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        data = damaged(lines, rng) + body if rng.random() < 0.5 else lines + damaged(body, rng)
        address = serve_once(data)
        path = download.fetch(f"{address}/{rng.random()}/a.nii.gz", self.folder / "web", check=check_whole, timeout=2)
        path.unlink()


def serve_once(data: bytes) -> str:
    """Answer one connection on this machine with these bytes, and close it; returns the address."""
    import socket
    import threading

    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with server, server.accept()[0] as connection:
            try:
                connection.recv(2**16)
                connection.sendall(data)
            except OSError:
                pass

    threading.Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


KINDS: dict[str, Callable[[Workshop, random.Random], None]] = {
    "NIfTI headers": Workshop.nifti,
    "label tables": Workshop.table,
    "XML": Workshop.xml,
    "JSON": Workshop.json_table,
    "OME-Zarr": Workshop.ome_zarr,
    "GIFTI, CIFTI": Workshop.surface,
    "records": Workshop.a_record,
    "journals": Workshop.journal,
    "manifests, numbers": Workshop.manifest,
    "HTTP answers": Workshop.answer,
}


def attempt(workshop: Workshop, kind: str, seed: int) -> str | None:
    """One try; returns what was wrong with how it ended."""
    if hasattr(signal, "alarm"):
        signal.alarm(LONGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            KINDS[kind](workshop, random.Random(f"{kind} {seed}"))
    except InputError as error:
        return None if "\n" not in str(error) and str(error) else f"a message of {len(str(error).splitlines())} lines"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)
    return None


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"more than {LONGEST} s")


def fuzz(folder: Path, seconds: float, first_seed: int, most: int = 10**9) -> dict[str, tuple[int, list[str]]]:
    """Try all kinds in turn; returns for each how many were tried, and what was wrong with which seed."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _too_long)
    workshop = Workshop(folder)
    found: dict[str, tuple[int, list[str]]] = {kind: (0, []) for kind in KINDS}
    end = time.monotonic() + seconds
    seed = first_seed
    while time.monotonic() < end and seed < first_seed + most:
        for kind in KINDS:
            wrong = attempt(workshop, kind, seed)
            tried, failures = found[kind]
            found[kind] = tried + 1, failures + ([f"seed {seed}: {wrong}"] if wrong else [])
        seed += 1
    return found


def main() -> int:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"first seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(Path(folder), arguments.minutes * 60, arguments.seed)
    for kind, (tried, failures) in found.items():
        print(f"{kind:<20} {tried:>7} tried {tried - len(failures):>7} clean")
        for failure in failures[:5]:
            print(f"    {failure}")
    return 1 if any(failures for _, failures in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
