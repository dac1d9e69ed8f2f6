"""Load atlases as large as people have, and print the time and the peak memory of each.

    python benchmarks/large_atlases.py [--only labels|maps|files] [--keep FOLDER]

``labels``: one label volume of the size of the Allen 10 micrometre annotation (1320 x 800 x 1140, uint32, 40 %
occupied, 1300 labels up to 614,454,277); must load within 8 GB. ``maps``: 414 maps of 193 x 229 x 193 in one 4D NIfTI,
as many and as large as Julich-Brain's; must load within 3 GB. ``files``: the same maps in one NIfTI each.

The files are generated (synthetic, seeded). Each load runs in a process of its own, with an empty index first and then
from the index. Needs 4 GB of disk.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

ALLEN_SHAPE = (1320, 800, 1140)
JULICH_SHAPE = (193, 229, 193)
N_MAPS = 414
LIMITS_GB = {"labels": 8.0, "maps": 3.0, "files": 3.0}

CHILD = """
import json, sys, time
from napari_atlas_assign import load_atlas
start = time.perf_counter()
atlas = load_atlas(sys.argv[1])
seconds = time.perf_counter() - start
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
found = {"seconds": seconds, "peak_gb": peak * 1024 / 1e9, "entries": len(atlas.value), "regions": atlas.n_regions}
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(LIMITS_GB), action="append", help="one kind of atlas")
    parser.add_argument("--keep", type=Path, help="folder for the files, which are kept and used again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="large-atlases-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in arguments.only or LIMITS_GB:
            source = MAKERS[kind](folder)
            with tempfile.TemporaryDirectory(prefix="index-", dir=folder) as cache:
                for turn in ("first", "from the index"):
                    report(kind, turn, load(source, cache))


def report(kind: str, turn: str, found: dict) -> None:
    verdict = "within" if found["peak_gb"] <= LIMITS_GB[kind] else "ABOVE"
    print(
        f"{kind:7} {turn:15} {found['seconds']:7.1f} s  peak {found['peak_gb']:5.2f} GB"
        f" ({verdict} {LIMITS_GB[kind]:.0f} GB)  {found['entries'] / 1e6:.1f} M entries, {found['regions']} regions",
        flush=True,
    )


def load(source: Path, cache: str) -> dict:
    environment = os.environ | {"NAPARI_ATLAS_ASSIGN_CACHE": cache}
    run = subprocess.run([sys.executable, "-c", CHILD, str(source)], env=environment, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout)


def label_volume(folder: Path) -> Path:
    """Blocks of 20 x 20 x 20 voxels in an ellipsoid that fills 40 % of the volume, written slab by slab."""
    path = folder / "labels.nii.gz"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    known = np.concatenate([np.arange(1, 1297), [182_305_689, 312_782_546, 484_682_470, 614_454_277]]).astype(np.uint32)
    nx, ny, nz = ALLEN_SHAPE
    block = 20
    labels = rng.choice(known, (nx // block, ny // block, nz // block))
    header = nib.Nifti1Header()
    header.set_data_shape(ALLEN_SHAPE)
    header.set_data_dtype(np.uint32)
    header.set_sform(np.diag([0.01, 0.01, 0.01, 1]), 2)
    header["magic"], header["vox_offset"] = b"n+1", 352
    x, y = np.ogrid[-1 : 1 : nx * 1j, -1 : 1 : ny * 1j]
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.binaryblock + b"\0\0\0\0")
        for k in range(nz):
            plane = np.repeat(np.repeat(labels[:, :, k // block], block, axis=0), block, axis=1)
            # An ellipsoid with these half axes fills pi / 6 * 0.914 ** 3 = 40 %.
            inside = x**2 + y**2 + (2 * k / (nz - 1) - 1) ** 2 < 0.914**2
            file.write(np.where(inside, plane, 0).astype("<u4").tobytes(order="F"))
    return path


def map_of(r: int) -> np.ndarray:
    """A smooth blob of random place and size in the range of cytoarchitectonic probability maps."""
    rng = np.random.default_rng(r)
    centre = [rng.uniform(0.2, 0.8) * n for n in JULICH_SHAPE]
    sigma = rng.uniform(6, 11)
    squares = [((np.arange(n) - c) / sigma) ** 2 for n, c in zip(JULICH_SHAPE, centre, strict=True)]
    distance = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    return np.where(distance < 9, np.exp(-distance / 2), 0).astype("<f4")


def maps_header(shape: tuple[int, ...]) -> nib.Nifti1Header:
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.float32)
    header.set_sform([[1, 0, 0, -96], [0, 1, 0, -132], [0, 0, 1, -78], [0, 0, 0, 1]], 4)
    header["magic"], header["vox_offset"] = b"n+1", 352
    return header


def maps_in_one_file(folder: Path) -> Path:
    path = folder / "maps.nii.gz"
    if not path.exists():
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(maps_header((*JULICH_SHAPE, N_MAPS)).binaryblock + b"\0\0\0\0")
            for r in range(N_MAPS):
                file.write(map_of(r).tobytes(order="F"))
    return path


def maps_in_many_files(folder: Path) -> Path:
    path = folder / "maps"
    if not path.exists():
        path.mkdir()
        header = maps_header(JULICH_SHAPE).binaryblock + b"\0\0\0\0"
        for r in range(N_MAPS):
            with gzip.open(path / f"area-{r:03}.nii.gz", "wb", compresslevel=1) as file:
                file.write(header + map_of(r).tobytes(order="F"))
    return path


MAKERS = {"labels": label_volume, "maps": maps_in_one_file, "files": maps_in_many_files}
TITLES = {
    "labels": "labels as large as the Allen 10 µm annotation",
    "maps": "414 maps as large as Julich-Brain's, one file",
    "files": "the same maps, 414 files",
}


if __name__ == "__main__":
    main()
