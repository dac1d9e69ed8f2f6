"""Ctrl-C twice in a batch, at random moments: it must end at once, leave no process, and lose nothing.

python benchmarks/interrupts.py --tries 100
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
SHAPE = (40, 48, 40)
LONGEST = 10.0
"""Seconds after the second interrupt within which a batch must have ended."""


def make_files(folder: Path, n_maps: int) -> None:
    """Write an atlas of 27 labels and maps of smooth noise."""
    blocks = [np.minimum(axis * 3 // n, 2) for axis, n in zip(np.indices(SHAPE), SHAPE, strict=True)]
    labels = (1 + blocks[0] + 3 * blocks[1] + 9 * blocks[2]).astype(np.uint8)
    nib.save(nib.Nifti1Image(labels, AFFINE), folder / "atlas.nii.gz")
    (folder / "maps").mkdir()
    for n in range(n_maps):
        noise = np.random.default_rng(n).normal(size=SHAPE).astype(np.float32)
        nib.save(nib.Nifti1Image(noise, AFFINE), folder / "maps" / f"{n:03d}.nii")


def start(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    """Start a batch in a group of processes of its own, as a terminal does."""
    command = [sys.executable, "-m", "napari_atlas_assign", "batch", "maps", "--atlas", "atlas.nii.gz", "--threshold"]
    command += ["2", "--workers", "2", "--output", str(out)]
    pipe = subprocess.PIPE
    environment = os.environ | {"NAPARI_ATLAS_ASSIGN_CACHE": str(folder / "cache")}
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, start_new_session=True, env=environment)


def members(group: int) -> list[int]:
    """Living processes of a group, those that have ended and wait for their parent aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, pgrp = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(pgrp) == group and state != "Z":
                found.append(int(entry.name))
    return found


def interrupt_twice(folder: Path, out: Path, first: float, gap: float, to_group: bool) -> str | None:
    """Interrupt a batch after `first` seconds, again after `gap`; returns what went wrong."""
    process = start(folder, out)
    send = os.killpg if to_group else os.kill
    for pause in (first, gap):
        time.sleep(pause)
        if process.poll() is None:
            send(process.pid, signal.SIGINT)
    try:
        _, err = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"was there {LONGEST:g} s after the second interrupt"
    deadline = time.monotonic() + 5
    while (left := members(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        os.killpg(process.pid, signal.SIGKILL)
        return f"left {len(left)} processes"
    return "said something unexpected" if b"unexpected" in err else None


def tables(out: Path) -> list[bytes]:
    """The combined tables."""
    return [(out / f"{name}.tsv").read_bytes() for name in ("assignments", "modes")]


def run(tries: int, n_maps: int, seed: int) -> list[str]:
    """Try at random moments; returns what went wrong, one line for each try that failed."""
    choose = random.Random(seed)
    failures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, n_maps)
        began = time.monotonic()
        reference = start(folder, folder / "reference")
        reference.communicate()
        whole = time.monotonic() - began
        expected = tables(folder / "reference")
        for number in range(tries):
            out = folder / "out"
            first, gap = choose.uniform(0.3, 1.1 * whole), choose.choice([0.0, 0.02, 0.05, 0.15, choose.uniform(0, 1)])
            wrong = interrupt_twice(folder, out, first, gap, bool(number % 2))
            if wrong is None:
                again = start(folder, out)
                _, err = again.communicate()
                if again.returncode or tables(out) != expected:
                    wrong = f"did not go on to the same tables: {err.decode()[-200:]}"
            if wrong:
                failures.append(f"try {number}, {first:.3f} s and {gap:.3f} s later: {wrong}")
            shutil.rmtree(out, ignore_errors=True)
    return failures


def main() -> int:
    """Print the count of tries and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--maps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    failures = run(arguments.tries, arguments.maps, arguments.seed)
    print(f"{arguments.tries} double interrupts (seed {arguments.seed}): {arguments.tries - len(failures)} clean")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
