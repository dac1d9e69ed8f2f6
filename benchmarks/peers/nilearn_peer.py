"""Measures nilearn: python nilearn_peer.py TASK DATA_JSON."""

from __future__ import annotations

import json
import sys
import warnings

from measure import peak_mib, report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])
warnings.simplefilter("ignore")
if TASK == "clusters":
    from nilearn.reporting import get_clusters_table

    image = DATA["images"]["z > 3"]["path"]
    time, table = seconds(lambda: get_clusters_table(image, stat_threshold=3.0, two_sided=False), 3)
    report(step="cluster table z > 3, without region names", seconds=time, rows=len(table), peak_mib=peak_mib())
if TASK == "region-means":
    from nilearn.maskers import NiftiMapsMasker

    masker = NiftiMapsMasker(DATA["atlases"]["juelich"]["path"], resampling_target="data")
    image = DATA["images"]["z > 3"]["path"]
    first, _ = seconds(lambda: masker.fit_transform(image))  # resamples the maps
    again, _ = seconds(lambda: masker.transform(image), 3)
    report(step="region means, first", seconds=first, peak_mib=peak_mib())
    report(step="region means, one more", seconds=again, peak_mib=peak_mib())
