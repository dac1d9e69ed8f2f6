"""What a first result needs is ready before it comes."""

import subprocess
import sys

READY = """
import sys
from napari_atlas_assign.plugin.ahead import prepare
prepare()
from vispy.visuals.line import dash_atlas
drawn = dash_atlas._make_pattern.cache_info().misses
dash_atlas.DashAtlas()
print("napari_atlas_assign.plugin.table.widget" in sys.modules, drawn > 0)
print(dash_atlas._make_pattern.cache_info().misses == drawn)
"""


def test_the_table_is_imported_and_dashes_are_drawn():
    said = subprocess.run([sys.executable, "-c", READY], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True"] * 3
