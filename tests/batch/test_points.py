"""Batches of files of points: the region table of each, by animal and by group."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import InputError, assign, load_atlas
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.batch.run import run_batch
from napari_atlas_assign.batch.work import AtlasFile, Job
from napari_atlas_assign.cli import main
from tests.batch.conftest import random_map, save

SHAPE = (20, 24, 16)


@pytest.fixture
def animals(tmp_path):
    """Voxels of the atlas of four animals, as files and as arrays."""
    (tmp_path / "cells").mkdir()
    voxels = {}
    for n in range(4):
        at = np.random.default_rng(n).integers(0, SHAPE, size=(50 + 10 * n, 3)).astype(float)
        np.save(tmp_path / "cells" / f"m{n}.npy", at)
        voxels[f"m{n}"] = at.astype(int)
    return tmp_path / "cells", voxels


@pytest.fixture
def job(atlas_file):
    return Job((AtlasFile(str(atlas_file)),), Parameters(), coordinates="voxels")


def read(path):
    return pd.read_csv(path, sep="\t", na_values="n/a", keep_default_na=False)


def test_a_batch_of_points_counts_what_numpy_does_by_animal_and_group(animals, atlas_file, tmp_path):
    folder, voxels = animals
    design = tmp_path / "design.tsv"
    design.write_text("subject\tgroup\nm0\tsham\nm1\tsham\nm2\tdrug\nm3\tdrug\n")
    files = sorted(map(str, folder.iterdir()))
    options = ["--atlas", str(atlas_file), "--coordinates", "voxels", "--matrix", "count", "--workers", "1"]
    out = tmp_path / "out"
    assert main(["batch", *files, *options, "--design", str(design), "--output", str(out)]) == 0
    labels = np.zeros(SHAPE, int)
    labels[2:9, 3:20, 2:14], labels[11:18, 3:12, 2:14], labels[11:18, 12:20, 2:14] = 1, 2, 3
    expected = {name: np.bincount(labels[tuple(at.T)], minlength=4)[[1, 2, 3, 0]] for name, at in voxels.items()}
    matrix = read(out / "matrix.tsv").set_index("subject")
    for name, counts in expected.items():
        assert matrix.loc[name].iloc[-4:].tolist() == counts.tolist()
    groups = read(out / "groups.tsv")
    sham = groups[groups["group"] == "sham"]
    assert sham["mean"].tolist() == ((expected["m0"] + expected["m1"]) / 2).tolist()
    assert not (out / "modes.tsv").exists()
    assert json.loads((out / "batch.json").read_text())["coordinates"] == "voxels"


def test_the_rows_are_those_of_each_file_alone(animals, job, atlas_file, tmp_path):
    folder, _ = animals
    run_batch(find_maps([str(folder / "*.npy")]), job, tmp_path / "out", workers=1)
    alone = assign(folder / "m2.npy", load_atlas(atlas_file), coordinates="voxels").regions
    table = read(tmp_path / "out" / "regions.tsv")
    of_file = table[table["map name"] == "m2.npy"]
    assert of_file["count"].tolist() == alone["count"].tolist()
    assert of_file["density per mm3"].tolist() == pytest.approx(alone["density per mm3"].tolist(), nan_ok=True)


def test_neither_workers_nor_a_second_run_change_the_tables(animals, job, tmp_path):
    folder, _ = animals
    files = find_maps([str(folder / "*.npy")])
    run_batch(files, job, tmp_path / "one", workers=1)
    run_batch(files[:2], job, tmp_path / "two", workers=2)
    assert run_batch(files, job, tmp_path / "two", workers=2).earlier == 2
    assert (tmp_path / "one" / "regions.tsv").read_bytes() == (tmp_path / "two" / "regions.tsv").read_bytes()


def test_a_table_of_points_is_no_manifest_and_a_broken_file_fails_alone(animals, job, tmp_path):
    folder, voxels = animals
    pd.DataFrame(voxels["m0"], columns=["x", "y", "z"]).to_csv(folder / "m0.csv", index=False)
    np.save(folder / "bad.npy", np.zeros((4, 2)))
    files = find_maps([folder / "m0.csv", folder / "m0.npy", folder / "bad.npy"])
    summary = run_batch(files, job, tmp_path / "out", workers=1)
    (reason,) = summary.failures.values()
    assert "bad.npy" in reason
    assert "unexpected" not in reason
    table = read(tmp_path / "out" / "regions.tsv")
    assert table["count"].tolist()[:4] == table["count"].tolist()[4:]


def test_what_does_not_go_with_points_is_refused(animals, job, atlas_file, tmp_path):
    folder, _ = animals
    files = find_maps([folder / "m0.npy"])
    image = save(tmp_path / "map.nii.gz", random_map(0))

    def refused(message, files=files, coordinates="voxels", matrix=None, volume=None, **parameters):
        job = Job((AtlasFile(str(atlas_file)),), Parameters(**parameters), volume, coordinates=coordinates)
        with pytest.raises(InputError, match=message):
            run_batch(files, job, tmp_path / "out", workers=1, matrix=matrix)

    refused("m0.npy holds points, and .*map.nii.gz does not", find_maps([folder / "m0.npy", image]))
    refused("coordinates: only for points", find_maps([image]))
    refused("volume: points have no volumes", volume=0)
    refused("threshold: not for points", threshold=2.0)
    refused("convention: not for a batch of points", convention="siibra")
    refused("no numbers 'mean'; give one of volume mm3, count", matrix="mean")
