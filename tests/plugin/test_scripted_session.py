"""The documented script does the whole job and saves a screenshot."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image as Picture

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "scripted_session.py"


@pytest.mark.usefixtures("qapp")  # the X server of pytest-xvfb
def test_the_scripted_session_saves_tables_and_a_picture(tmp_path):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "BA1_R" in done.stdout
    table = pd.read_csv(tmp_path / "result" / "assignments.tsv", sep="\t")
    assert table["region"][0] == "GM_Primary_somatosensory_cortex_BA1_R"
    with Picture.open(tmp_path / "session.png") as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=2**24)
    assert picture.size[0] > 400
    assert len(colours) > 200  # a brain and a table, no empty canvas
