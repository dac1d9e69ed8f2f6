"""How sure answers are, of many maps: the same figures whatever the workers."""

from __future__ import annotations

import pandas as pd
import pytest

import napari_atlas_assign as naa
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.batch.run import run_batch
from napari_atlas_assign.batch.work import TABLES, AtlasFile, Job
from tests.tables.helpers import text_by_pandas

OPTIONS = {
    **{"threshold": 1.0, "registration_sd_mm": 1.5, "placements": 999, "surrogates": 99, "seed": 2},
    "sweep": (1.0, 2.0),
}


@pytest.mark.parametrize("scheduler", [None, "local"], ids=["processes", "cluster"])
def test_the_figures_of_a_batch_are_those_of_each_map_alone_whatever_the_workers(
    maps_folder, atlas_file, tmp_path, scheduler
):
    files = find_maps([maps_folder])[:2]
    job = Job((AtlasFile(str(atlas_file)),), Parameters(**OPTIONS))
    written = []
    for workers in (1, 2):
        folder = tmp_path / f"{workers}"
        assert not run_batch(
            files, job, folder, workers=workers, scheduler=scheduler if workers == 2 else None
        ).failures
        written.append({name: (folder / f"{name}.tsv").read_text("utf-8") for name in TABLES})
    assert written[0] == written[1]
    results = [naa.assign(file.path, atlas_file, **OPTIONS) for file in files]
    for name in TABLES:
        own = pd.concat([getattr(result, name) for result in results], ignore_index=True)
        text = text_by_pandas(own.drop(columns=["map", "map name"], errors="ignore"))
        rows = [line.split("\t", 3)[3] for line in written[0][name].splitlines()]
        assert rows == text.splitlines()
