"""A siibra configuration on disk, with small volumes in the place of the published ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

SPACE = "minds/core/referencespace/v1.0.0/dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2"
GRID = (120, 100, 80)
AFFINE = np.array([[1.0, 0, 0, -60.5], [0, 1, 0, -100.5], [0, 0, 1, -50.5], [0, 0, 0, 1]])
"""Of the areas: 1 mm, half a voxel off the other grid, as the published maps are."""

MODES_GRID = (60, 50, 40)
MODES_AFFINE = np.array([[2.0, 0, 0, -60], [0, 2, 0, -100], [0, 0, 2, -50], [0, 0, 0, 1]])

AREAS = {
    "Area FG2 (FusG) left": (-43.0, -63.0, -13.0, 8.0),
    "Area FG2 (FusG) right": (42.0, -61.0, -15.0, 8.0),
    "Area FG4 (FusG) left": (-40.0, -48.0, -18.0, 7.0),
    "Area hOc1 (V1, 17, CalcS) left": (-8.0, -85.0, 2.0, 9.0),
}
MODES = {"Component 16: Fusiform gyrus posterior": ((-43.6, -63.7, -12.6), (42.9, -60.8, -14.9))}


@pytest.fixture(scope="session")
def siibra_library(tmp_path_factory):
    """The real siibra, with a cache of the suite's own."""
    os.environ["SIIBRA_CACHEDIR"] = str(tmp_path_factory.mktemp("siibra"))
    os.environ["SIIBRA_LOG_LEVEL"] = "CRITICAL"
    import siibra

    return siibra


@pytest.fixture
def standin(siibra_library, tmp_path, monkeypatch):
    """A configuration of stand-ins that siibra uses for the time of a test; returns its folder."""
    from siibra.configuration import Configuration

    folder = write(tmp_path / "configuration")
    before = Configuration.CONFIG_CONNECTORS
    siibra_library.use_configuration(str(folder))
    yield folder
    Configuration.CONFIG_CONNECTORS = before
    for clean in Configuration._cleanup_funcs:
        clean()


def write(folder: Path) -> Path:
    """Write the configuration of Julich-Brain 2.9 and DiFuMo 64, and return its folder."""
    volumes = folder / "volumes"
    volumes.mkdir(parents=True)
    areas = {}
    for n, (name, (x, y, z, width)) in enumerate(AREAS.items()):
        areas[name] = [_save(volumes / f"{n}.nii.gz", _blob((x, y, z), width))]
    of_modes = (MODES_GRID, MODES_AFFINE)
    difumo = sum(_blob(centre, 6.0, *of_modes) for centre in next(iter(MODES.values()))) * np.float32(0.02)
    other = _blob((0.0, -50.0, 20.0), 6.0, *of_modes) * np.float32(0.02)
    stack = np.stack([other, difumo], axis=-1).astype(np.float32)
    packed = _save(volumes / "maps.nii.gz", stack, MODES_AFFINE)
    labels = np.zeros(GRID, np.uint8)
    for n, (x, y, z, width) in enumerate(AREAS.values()):
        labels[_blob((x, y, z), width) > 0.5] = n + 1
    labelled = _save(volumes / "labels.nii.gz", labels)
    _json(
        folder / "spaces" / "mni152.json",
        {
            "@id": SPACE,
            "@type": "siibra/space/v0.0.1",
            "name": "MNI 152 ICBM 2009c Nonlinear Asymmetric",
            "shortName": "MNI 152",
            "modality": "mri",
            "species": "homo sapiens",
            "volumes": [_volume(_save(volumes / "template.nii.gz", np.ones(GRID, np.float32)))],
        },
    )
    _parcellation(folder, "julich", "Julich-Brain Cytoarchitectonic Atlas (v2.9)", AREAS)
    modes = ["Component 2: Cingulate", *MODES]
    _parcellation(folder, "difumo", "DiFuMo Atlas (64 dimensions)", modes)
    _map(
        folder,
        "julich-continuous",
        "julich",
        [path for paths in areas.values() for path in paths],
        {_in_json(name): [{"volume": n}] for n, name in enumerate(AREAS)},
    )
    _map(
        folder,
        "julich-labelled",
        "julich",
        [labelled],
        {_in_json(name): [{"volume": 0, "label": n + 1}] for n, name in enumerate(AREAS)},
    )
    _map(folder, "difumo-continuous", "difumo", [packed], {n: [{"volume": 0, "z": i}] for i, n in enumerate(modes)})
    return folder


def _in_json(name: str) -> str:
    """As the published maps name their regions: with a dash and the word hemisphere, which siibra drops."""
    area, side = name.rsplit(" ", 1)
    return f"{area} - {side} hemisphere"


def _blob(centre, width, shape=GRID, affine=AFFINE):
    xyz = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3] + affine[:3, 3]
    value = np.exp(-((xyz - centre) ** 2).sum(axis=-1) / (2 * (width / 2) ** 2)).astype(np.float32)
    return np.where(value < 0.05, np.float32(0), value)


def _save(path: Path, data, affine=AFFINE) -> str:
    nib.save(nib.Nifti1Image(data, affine), path)
    return str(path)


def _volume(path: str):
    return {"@type": "siibra/volume/v0.0.1", "providers": {"nii": path}}


def _parcellation(folder, key, name, regions):
    content = {
        "@id": f"standin-{key}",
        "@type": "siibra/parcellation/v0.0.1",
        "name": name,
        "shortName": name,
        "species": "homo sapiens",
        "regions": [{"name": region} for region in regions],
    }
    _json(folder / "parcellations" / f"{key}.json", content)


def _map(folder, key, parcellation, paths, indices):
    content = {
        "@id": f"siibra-map-v0.0.1_standin-{key}",
        "@type": "siibra/map/v0.0.1",
        "name": key,
        "space": {"@id": SPACE},
        "parcellation": {"@id": f"standin-{parcellation}"},
        "represented_as_sparsemap": key.endswith("continuous"),
        "volumes": [_volume(path) for path in paths],
        "indices": indices,
    }
    _json(folder / "maps" / f"{key}.json", content)


def _json(path: Path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
