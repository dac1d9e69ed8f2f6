"""Fixtures of the napari side."""

from __future__ import annotations

import os
from functools import partialmethod

import nibabel as nib
import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from tests.plugin.helpers import AFFINES, TIMEOUT

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")  # before the first window: test machines have no graphics card


@pytest.fixture(scope="session", autouse=True)
def napari_settings(tmp_path_factory):
    """Settings of the suite's own: the user's napari is neither read nor changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_CONFIG", str(tmp_path_factory.mktemp("napari") / "settings.yaml"))
        yield


@pytest.fixture(scope="session", autouse=True)
def patience():
    """Waiting ends as soon as what is waited for is there; a machine at full load may take long until then."""
    with pytest.MonkeyPatch.context() as patch:
        for wait in ("waitUntil", "waitSignal", "waitExposed"):
            patch.setattr(QtBot, wait, partialmethod(getattr(QtBot, wait), timeout=TIMEOUT))
        yield


@pytest.fixture(autouse=True)
def no_key_held():
    """A key held by a test is let go after it: Qt keeps it for the process, and a row selected later is one more."""
    yield
    if QApplication.instance() and QApplication.keyboardModifiers():
        QTest.keyClick(QWidget(), Qt.Key.Key_Escape)


@pytest.fixture(params=list(AFFINES))
def affine(request):
    """Voxel to world, in the ways that files have them."""
    return np.array(AFFINES[request.param], dtype=np.float64)


@pytest.fixture
def write(tmp_path):
    """Write an array as NIfTI; returns its path."""

    def write_nifti(data, affine=AFFINES["ras"], name="map.nii.gz", change=None, kind=nib.Nifti1Image):
        img = kind(np.asarray(data), np.array(affine, dtype=np.float64))
        if change is not None:
            change(img)
        path = tmp_path / name
        nib.save(img, path)
        return path

    return write_nifti


@pytest.fixture
def blob_map():
    """Two blobs on a map of 8 x 9 x 7 voxels, in the left and the right half, of different size and height.

    A low value that is no whole number lies elsewhere, as in maps of statistics, which look like no labels.
    """
    data = np.zeros((8, 9, 7), np.float32)
    data[4, 0, 0] = 0.5
    data[1:3, 2:4, 2:4] = 4
    data[2, 3, 3] = 5
    data[5:7, 4:8, 3:6] = 6
    data[6, 6, 4] = 9
    return data


@pytest.fixture
def label_atlas():
    """A labelled atlas on the grid of `blob_map`: left, right and a small region; ids with gaps; colours."""
    import pandas as pd

    from napari_atlas_assign import Atlas, Grid

    labels = np.zeros((8, 9, 7), np.int64)
    labels[:4], labels[4:], labels[0, 0, 0] = 3, 7, 12
    regions = pd.DataFrame(
        {
            "id": [3, 7, 12],
            "name": ["Lobus sinister", "Lobus dexter", "Insula ﬂava"],
            "color": ["#ff0000", "#00ff00", None],
        }
    )
    return Atlas.from_labels(labels, Grid(labels.shape, np.array(AFFINES["ras"])), regions, name="tiny")


@pytest.fixture
def table_beside(qtbot):
    """Make the table of a result, linked with a viewer that has no window: the table and the link."""
    from napari_atlas_assign.plugin.table.viewer_link import TableLink
    from napari_atlas_assign.plugin.table.widget import ResultsTable

    def make(viewer, result):
        table = ResultsTable()
        qtbot.addWidget(table)
        link = TableLink(table, viewer)
        table.set_result(result)
        return table, link

    return make
