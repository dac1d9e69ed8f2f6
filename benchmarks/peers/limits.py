"""Measures what no program can beat: python limits.py TASK DATA_JSON."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import scipy
from measure import report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])


def unpack(path: Path) -> None:
    """A file, or all of a folder, without looking at what comes out."""
    for one in sorted(path.glob("*.gz")) if path.is_dir() else [path]:
        with gzip.open(one) as file:
            while file.read(1 << 22):
                pass


def transforms() -> None:
    """The inverse Fourier transforms of the smooth random fields of 999 surrogates, two of which come from one."""
    mask = nib.load(DATA["images"]["z > 3"]["path"]).get_fdata() != 0
    shape = [scipy.fft.next_fast_len(int(np.ptp(i)) + 1 + 16) for i in np.nonzero(mask)]
    noise = np.ones(shape, np.complex64)
    for _ in range(500):
        scipy.fft.ifftn(noise, workers=1)


match TASK.split(":"):
    case ["gunzip", name]:
        source = DATA.get("large", {}).get(name) or DATA["atlases"][name]["path"]
        time, _ = seconds(lambda: unpack(Path(source)), 3 if name in DATA["atlases"] else 1)
        report(step=f"gunzip {name}", seconds=time)
    case ["comparison", name]:
        values = nib.load(DATA["images"][name]["path"]).get_fdata(dtype=np.float32)
        time, _ = seconds(lambda: values > DATA["images"][name]["threshold"], 15)
        report(step=f"one comparison of the {name} map", seconds=time)
    case ["transforms"]:
        time, _ = seconds(transforms)
        report(step="500 transforms of a surrogate's box", seconds=time)
    case ["gathering"]:
        values, where = np.ones(200_000), np.random.default_rng(0).integers(0, 200_000, (4999, 400))
        time, _ = seconds(lambda: values[where], 5)
        report(step="values of 4,999 placements", seconds=time)
