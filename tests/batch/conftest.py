"""A small labelled atlas and small maps as files, cheap enough for processes that start from nothing."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

AFFINE = np.array([[2.0, 0, 0, -20], [0, 2, 0, -24], [0, 0, 2, -16], [0, 0, 0, 1]])


OTHER_AFFINE = np.array([[-3.0, 0, 0, 12], [0, 3, 0, -15], [0, 0, 3, -15], [0, 0, 0, 1]])


def save(path, data, affine=AFFINE):
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def random_map(seed, shape=(20, 24, 16)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype(np.float32) * 2


@pytest.fixture(scope="session")
def atlas_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("atlas")
    labels = np.zeros((20, 24, 16), np.uint8)
    labels[2:9, 3:20, 2:14], labels[11:18, 3:12, 2:14], labels[11:18, 12:20, 2:14] = 1, 2, 3
    pd.DataFrame({"id": [1, 2, 3], "name": ["left", 'the "right"', "right, behind"]}).to_csv(
        folder / "small_dseg.tsv", sep="\t", index=False
    )
    return save(folder / "small_dseg.nii.gz", labels)


@pytest.fixture
def maps_folder(tmp_path):
    """Six maps, of which two lie on another grid and one is a stack of two."""
    folder = tmp_path / "maps"
    folder.mkdir()
    for n in range(3):
        save(folder / f"a{n}.nii.gz", random_map(n))
    for n in range(2):
        save(folder / f"b{n}.nii", random_map(10 + n, (9, 10, 11)), OTHER_AFFINE)
    save(folder / "c.nii.gz", np.stack([random_map(20), random_map(21)], axis=-1))
    return folder
