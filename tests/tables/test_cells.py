from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign.tables.cells import is_missing


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan"), np.float64("nan"), pd.NA, pd.NaT])
def test_what_is_missing_is_told(value):
    assert is_missing(value) is True


@pytest.mark.parametrize("value", ["", "nan", 0, 0.0, np.inf, False, np.True_, (1.0, 2.0), (float("nan"),)])
def test_what_is_not_missing_is_told(value):
    assert is_missing(value) is False
