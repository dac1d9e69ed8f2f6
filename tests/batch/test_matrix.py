"""One column of all region tables as one table of maps by regions."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest

from napari_atlas_assign import InputError, assign, load_atlas
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.batch.run import run_batch
from napari_atlas_assign.batch.work import AtlasFile, Job


@pytest.mark.parametrize("table_format", ["tsv", "parquet"])
def test_a_matrix_has_a_row_for_every_map_and_the_numbers_of_its_region_table(
    maps_folder, atlas_file, tmp_path, table_format
):
    files = find_maps([maps_folder])
    job = Job((AtlasFile(str(atlas_file)),), Parameters(threshold=None))
    run_batch(files, job, tmp_path / "out", workers=1, table_format=table_format, matrix="mean")
    read = pd.read_parquet if table_format == "parquet" else partial(pd.read_csv, sep="\t", na_values="n/a")
    matrix, regions = (read(tmp_path / "out" / f"{name}.{table_format}") for name in ("matrix", "regions"))
    assert list(matrix)[3:] == ["1 left", '2 the "right"', "3 right, behind", "(none)"]
    assert len(matrix) == 7
    assert matrix.iloc[:, 3:].to_numpy().ravel().tolist() == regions["mean"].tolist()
    expected = assign(files[0].path, load_atlas(atlas_file), threshold=None).regions
    assert matrix.iloc[0, 3:].tolist() == expected["mean"].tolist()


def test_a_matrix_of_what_is_no_column_is_refused_before_any_work(maps_folder, atlas_file, tmp_path):
    job = Job((AtlasFile(str(atlas_file)),), Parameters(threshold=None))
    for column in ("region", "active mm3", "count", "middle"):
        with pytest.raises(InputError, match=f"no numbers '{column}'; give one of volume mm3, mean"):
            run_batch(find_maps([maps_folder]), job, tmp_path / "out", matrix=column)
    assert not (tmp_path / "out").exists()


def test_a_matrix_of_several_atlases_says_whose_a_region_is(maps_folder, atlas_file, tmp_path):
    job = Job((AtlasFile(str(atlas_file)), AtlasFile("aal")), Parameters(threshold=1.0))
    run_batch(find_maps([maps_folder / "a0.nii.gz"]), job, tmp_path / "out", workers=1, matrix="active mm3")
    names = list(pd.read_csv(tmp_path / "out" / "matrix.tsv", sep="\t"))
    assert len(names) == len(set(names)) == 3 + 4 + 121
    assert sum(name.startswith("aal: ") for name in names) == 121
