"""Measures AtlasReader: python atlasreader_peer.py TASK DATA_JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile

os.environ["MPLBACKEND"] = "agg"

from measure import peak_mib, report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])
if TASK:
    import contextlib
    import warnings

    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        from atlasreader import atlasreader as ar

match TASK.split(":"):
    case ["load", name]:
        time, _ = seconds(lambda: ar.get_atlas(name))
        report(step=f"load {name}, first", seconds=time, peak_mib=peak_mib())
    case ["assign", name]:
        atlas = ar.get_atlas(name)
        image = DATA["images"]["z > 3"]["path"]
        time, frames = seconds(
            lambda: ar.get_statmap_info(image, cluster_extent=1, atlas=[name], voxel_thresh=3.0, direction="pos")
        )
        report(step=f"cluster table z > 3, {name}", seconds=time, rows=len(frames[0]), peak_mib=peak_mib())
    case ["output"]:
        with tempfile.TemporaryDirectory() as folder:
            image = DATA["images"]["z > 3"]["path"]
            time, _ = seconds(
                lambda: ar.create_output(image, cluster_extent=5, voxel_thresh=3.0, direction="pos", outdir=folder)
            )
        report(step="report with tables and pictures", seconds=time, peak_mib=peak_mib())
