from __future__ import annotations

import subprocess
import sys

import pandas as pd

from napari_atlas_assign.tables.frames import pd as later


def test_it_is_pandas():
    assert later.DataFrame is pd.DataFrame


def test_pandas_is_imported_when_something_of_it_is_used():
    code = (
        "import sys; from napari_atlas_assign.tables.frames import pd\n"
        "assert 'pandas' not in sys.modules; pd.DataFrame; assert 'pandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
