"""Measures siibra 1.0 on a local configuration: python siibra_peer.py TASK DATA_JSON.

Tasks: ``index:ATLAS`` builds and saves the sparse index, ``assign:ATLAS:CASE...`` loads it and assigns,
``points:SIGMA:N``, ``labelled:ATLAS:CASE...``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from functools import partial
from pathlib import Path

from measure import peak_mib, report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])
SPACE = "minds/core/referencespace/v1.0.0/dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2"
SCRATCH = Path(DATA["scratch"]) / "siibra"
os.environ["SIIBRA_CACHEDIR"] = str(SCRATCH / "cache")
os.environ["SIIBRA_LOG_LEVEL"] = "ERROR"
(SCRATCH / "cache").mkdir(parents=True, exist_ok=True)


def configuration(atlas: str) -> Path:
    """Write the configuration of one atlas: statistical ones as one float file per region, labelled as they are."""
    import nibabel as nib
    import numpy as np
    import pandas as pd

    folder = SCRATCH / atlas
    if (folder / "maps").is_dir():
        return folder
    img = nib.load(DATA["atlases"][atlas]["path"])
    names = pd.read_csv(DATA["atlases"][atlas]["labels"])
    names = names[(img.ndim == 4) | (names["index"] > 0)]
    for name in ("spaces", "parcellations", "maps", "volumes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if img.ndim == 4:
        data = np.asarray(img.dataobj)
        paths = []
        for r in range(img.shape[3]):
            path = folder / "volumes" / f"{r:03}.nii.gz"
            nib.save(nib.Nifti1Image((data[..., r] / 100).astype(np.float32), img.affine), path)
            paths.append(str(path))
        indices = {name: [{"volume": i}] for i, name in enumerate(names["name"])}
    else:
        paths = [DATA["atlases"][atlas]["path"]]
        present = set(np.unique(np.asarray(img.dataobj)).tolist())
        rows = [(i, n) for i, n in zip(names["index"], names["name"], strict=True) if i in present]
        indices = {name: [{"volume": 0, "label": int(label)}] for label, name in rows}
    nii = [{"@type": "siibra/volume/v0.0.1", "providers": {"nii": path}} for path in paths]
    space = {"@id": SPACE, "@type": "siibra/space/v0.0.1", "name": "MNI 152 ICBM 2009c Nonlinear Asymmetric"}
    space |= {"shortName": "MNI152", "modality": "mri", "species": "homo sapiens", "volumes": nii[:1]}
    parcellation = {"@id": atlas, "@type": "siibra/parcellation/v0.0.1", "name": atlas, "shortName": atlas}
    parcellation |= {"modality": "x", "species": "homo sapiens", "regions": [{"name": n} for n in indices]}
    parcellation_map = {"@id": f"siibra-map-v0.0.1_{atlas}", "@type": "siibra/map/v0.0.1", "name": atlas}
    parcellation_map |= {"space": {"@id": SPACE}, "parcellation": {"@id": atlas}, "volumes": nii, "indices": indices}
    if img.ndim == 4:
        parcellation_map["represented_as_sparsemap"] = True
    for kind, content in (("spaces", space), ("parcellations", parcellation), ("maps", parcellation_map)):
        (folder / kind / f"{atlas}.json").write_text(json.dumps(content))
    return folder


def open_map(atlas: str):
    folder = configuration(atlas)
    import siibra

    logging.getLogger("siibra").setLevel(logging.ERROR)
    siibra.use_configuration(str(folder))
    return siibra, next(iter(siibra.maps))


def volume(siibra, case: str):
    import nibabel as nib
    import numpy as np

    entry = DATA["images"][case]
    img = nib.load(entry["path"])
    data = np.asarray(img.dataobj, np.float32)
    if entry["threshold"]:
        data = np.where(data > entry["threshold"], data, np.float32(0))
    # A name of its own for each: siibra's cache tells images apart by name.
    return siibra.volumes.volume.from_nifti(
        nib.Nifti1Image(data, img.affine), space=SPACE, name=f"{case} {os.getpid()}"
    )


match TASK.split(":"):
    case ["index", atlas]:
        siibra, parcellation_map = open_map(atlas)
        time, _ = seconds(lambda: parcellation_map.sparse_index)
        report(step=f"load {atlas}, first", seconds=time, peak_mib=peak_mib())
    case ["assign", atlas, *cases]:
        siibra, parcellation_map = open_map(atlas)
        time, _ = seconds(lambda: parcellation_map.sparse_index)
        report(step=f"load {atlas}, later", seconds=time, peak_mib=peak_mib())
        for case_name in cases:
            item = volume(siibra, case_name)
            time, table = seconds(partial(parcellation_map.assign, item))
            report(step=f"assign {case_name} to {atlas}", seconds=time, rows=len(table), peak_mib=peak_mib())
    case ["labelled", atlas, *cases]:
        siibra, parcellation_map = open_map(atlas)
        for case_name in cases:
            item = volume(siibra, case_name)
            time, table = seconds(partial(parcellation_map.assign, item))
            report(step=f"assign {case_name} to {atlas}", seconds=time, rows=len(table), peak_mib=peak_mib())
    case ["points", sigma, n]:
        siibra, parcellation_map = open_map("juelich")
        _ = parcellation_map.sparse_index  # loaded at first use
        points = siibra.PointCloud(DATA["points"][: int(n)], space=SPACE, sigma_mm=float(sigma))
        time, table = seconds(lambda: parcellation_map.assign(points))
        report(step=f"{n} points, sigma {float(sigma):g} mm", seconds=time, rows=len(table), peak_mib=peak_mib())
