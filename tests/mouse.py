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
