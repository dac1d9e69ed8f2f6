"""Side by side in one run: cells into the table of regions, by this package, by numpy alone and by brainglobe-utils.

    python benchmarks/cells.py [--brainglobe-python A/bin/python]

The atlas is generated: labels of the size of a mouse brain at 25 micrometres (528 x 320 x 456), 670 regions in an
ellipsoid, in a folder as BrainGlobe lays it out. The cells are random places in it. Every measurement runs in a process
of its own, which reads the cells and the atlas, counts, and reports its processor time (imports left out) and its peak
memory. The counts of all must agree. Prints a Markdown table. Needs 2 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
SHAPE = (528, 320, 456)
MICROMETRES = 25
N_REGIONS = 670
N_CELLS = (1_000_000, 10_000_000)

ROWS = (
    ("this package, npy", "npy", N_CELLS),
    ("this package, Parquet", "parquet", N_CELLS),
    ("numpy, labels and `bincount`", "numpy", N_CELLS),
    # It walks through all cells once for each region and side: ten times the cells take ten times as long.
    ("brainglobe-utils", "brainglobe", N_CELLS[:1]),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brainglobe-python", help="Python of an environment with brainglobe-utils")
    arguments = parser.parse_args()
    pythons = {"brainglobe": arguments.brainglobe_python}
    with tempfile.TemporaryDirectory(prefix="cells-") as scratch:
        make_data(Path(scratch))
        measure(sys.executable, "npy", N_CELLS[0], scratch)  # stores the index of the atlas
        found = {
            (title, n): measure(python, task, n, scratch)
            for title, task, sizes in ROWS
            for n in sizes
            if (python := pythons.get(task, sys.executable))
        }
    for n in N_CELLS:
        check_equal({title: m["counts"] for (title, size), m in found.items() if size == n})
    print(table(found))


def make_data(folder: Path) -> None:
    """The atlas as a folder of BrainGlobe's and as an array, and the cells in micrometres along its axes."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import tifffile

    labels = annotation()
    np.save(folder / "annotation.npy", labels)
    atlas = folder / "generated_mouse_25um_v1.0"
    atlas.mkdir()
    tifffile.imwrite(atlas / "annotation.tiff", labels, photometric="minisblack")
    (atlas / "structures.json").write_text(json.dumps(structures()))
    about = {"name": "generated_mouse", "citation": "none", "species": "Mus musculus", "symmetric": True}
    about |= {"resolution": [MICROMETRES] * 3, "orientation": "asr", "version": "1.0", "shape": list(SHAPE)}
    (atlas / "metadata.json").write_text(json.dumps(about | {"additional_references": []}))
    for n in N_CELLS:
        cells = random_cells(labels, n)
        np.save(folder / f"{n}.npy", cells)
        columns = {f"axis-{axis}": cells[:, axis] for axis in range(3)}
        pq.write_table(pa.table(columns), folder / f"{n}.parquet")


def annotation() -> NDArray[np.uint32]:
    """Blocks of 24 x 20 x 24 voxels with the labels 1 to 670, both sides alike, in an ellipsoid."""
    rng = np.random.default_rng(0)
    half = rng.integers(1, N_REGIONS + 1, (22, 16, 10), dtype=np.uint32)
    blocks = np.concatenate([half, half[:, :, -2::-1]], axis=2)
    labels = np.kron(blocks, np.ones((24, 20, 24), np.uint32))
    along = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in SHAPE)]
    labels[sum(x**2 for x in along) > 1] = 0
    return labels


def structures() -> list[dict[str, Any]]:
    """A root, 20 areas in it, and the regions in them."""
    area = {a: 1000 + a for a in range(20)}
    rows = [structure("root", [999]), *(structure(f"area {a}", [999, id_]) for a, id_ in area.items())]
    return rows + [structure(f"region {r}", [999, area[r % 20], r]) for r in range(1, N_REGIONS + 1)]


def structure(name: str, path: list[int]) -> dict[str, Any]:
    """An entry of BrainGlobe's list."""
    about = {"id": path[-1], "acronym": name, "name": name}
    return about | {"structure_id_path": path, "rgb_triplet": [200, 100, 50]}


def random_cells(labels: NDArray[np.uint32], n: int) -> NDArray[np.float64]:
    """Cells (n, 3) in micrometres, in voxels with a label; clear of the voxels' faces, where rounding would decide."""
    rng = np.random.default_rng(n)
    voxel = rng.choice(np.flatnonzero(labels), n)
    ijk = np.stack(np.unravel_index(voxel, labels.shape), axis=1)
    return (ijk + rng.uniform(0.01, 0.99, (n, 3))) * MICROMETRES


def measure(python: str, task: str, n: int, scratch: str) -> dict[str, Any]:
    """What a process of its own reports."""
    environment = os.environ | {"NAPARI_ATLAS_ASSIGN_CACHE": scratch + "/cache", "PYTHONPATH": python_path()}
    command = [python, str(HERE / "peers" / "cells_peer.py"), task, str(n), scratch]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{task} of {n:,} cells failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{task} {n:,}: {found['seconds']:.2f} s, {found['peak_mib']:.0f} MiB", file=sys.stderr)
    return found


def python_path() -> str:
    return os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])


def check_equal(counts: dict[str, dict[str, int]]) -> None:
    """Stop if two programs count differently."""
    (first, expected), *others = counts.items()
    for title, theirs in others:
        if theirs != expected:
            raise SystemExit(f"{title} and {first} count differently: these times compare nothing")


def table(found: dict[tuple[str, int], dict[str, Any]]) -> str:
    """A Markdown table: processor time, peak memory, and the time in times of the first row's."""
    lines = ["| cells | program | processor time, s | peak memory, GB | times the first row |", "|---|---|---|---|---|"]
    for n in N_CELLS:
        first = found[ROWS[0][0], n]["seconds"]
        for (title, size), m in found.items():
            if size == n:
                memory = m["peak_mib"] * 2**20 / 1e9
                lines.append(f"| {n:,} | {title} | {m['seconds']:.2f} | {memory:.2f} | {m['seconds'] / first:.2g} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
