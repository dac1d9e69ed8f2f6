"""Measures what no program can beat: python limits.py gunzip DATA_JSON."""

from __future__ import annotations

import gzip
import json
import sys

from measure import report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])


def unpack(path: str) -> None:
    with gzip.open(path) as file:
        while file.read(1 << 22):
            pass


if TASK == "gunzip":
    time, _ = seconds(lambda: unpack(DATA["atlases"]["juelich"]["path"]), 3)
    report(step="gunzip juelich", seconds=time)
