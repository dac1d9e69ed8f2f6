"""Fixtures of the tests of atlases."""

import pytest

from napari_atlas_assign.atlas.storage import in_use as shared


@pytest.fixture
def unshared(monkeypatch):
    """Every load gives an object of its own, so that what comes from the stored index can be seen."""
    monkeypatch.setattr(shared, "_are_equal", lambda a, b: False)
