"""Assign an image of 2048 x 2048 x 1024 voxels, far larger than the memory used, and print seconds and peak memory.

    python benchmarks/larger_than_memory.py [--scale 1]

The image (float32, 16 GiB) is computed chunk by chunk with dask: smooth blobs and ripples on a 10 micrometre grid. It
is compared with a labelled atlas of 512 x 512 x 256 voxels of 40 micrometres that covers the same field of view. All of
it runs in a process of its own, whose peak memory must stay below 4 GB. ``--scale 4`` makes every axis 4 times shorter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import dask.array as da
import numpy as np
import pandas as pd

LIMIT_GB = 4.0
CHUNK = 128
MM = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=1, help="make every axis this many times shorter")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(run(arguments.scale)))
        return
    command = [sys.executable, __file__, "--child", "--scale", str(arguments.scale)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    print(json.dumps(found, indent=2))
    if found["peak_gb"] > LIMIT_GB:
        raise SystemExit(f"{found['peak_gb']:.2f} GB of memory, more than {LIMIT_GB:g}")


def run(scale: int) -> dict[str, object]:
    from napari_atlas_assign import assign

    shape = (2048 // scale, 2048 // scale, 1024 // scale)
    image, atlas = image_of(shape), atlas_of(tuple(n // 4 for n in shape))
    result = assign(image, atlas, threshold=0.95)
    _ = result.assignments, result.modes
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {
        "shape": shape,
        "modes": result.mode_voxels.n_modes,
        "voxels_of_modes": len(result.mode_voxels.voxel),
        "assignments": len(result.assignments),
        "seconds": {stage: round(seconds, 2) for stage, seconds in result.timings.items()},
        "peak_gb": round(peak * 1024 / 1e9, 2),
        "warnings": result.warnings,
    }


def image_of(shape: tuple[int, ...]):
    from napari_atlas_assign import Image

    def blobs(block_info) -> np.ndarray:
        axes = [np.arange(*bounds, dtype=np.float32) for bounds in block_info[None]["array-location"]]
        x, y, z = (a / n for a, n in zip(axes, shape, strict=True))
        waves = (np.sin(30 * x)[:, None, None] * np.sin(26 * y)[None, :, None]) * np.sin(17 * z)[None, None, :]
        return waves + (0.1 * np.sin(400 * x)[:, None, None]) * np.sin(300 * y)[None, :, None]

    chunks = tuple((CHUNK,) * (n // CHUNK) for n in shape)
    data = da.map_blocks(blobs, chunks=chunks, dtype=np.float32, meta=np.zeros((0, 0, 0), np.float32))
    return Image.from_array(data, np.diag([MM, MM, MM, 1.0]), "blobs")


def atlas_of(shape: tuple[int, ...]):
    """Two hundred boxes of regions, with gaps between them."""
    from napari_atlas_assign import Atlas, Grid

    x, y, z = (np.arange(n, dtype=np.int32) * parts // n for n, parts in zip(shape, (8, 5, 5), strict=True))
    labels = ((x[:, None, None] * 5 + y[None, :, None]) * 5 + z[None, None, :] + 1).astype(np.uint16)
    labels[::7] = 0
    regions = pd.DataFrame({"id": np.arange(1, 201), "name": [f"region {r}" for r in range(1, 201)]})
    affine = np.diag([4 * MM, 4 * MM, 4 * MM, 1.0])
    affine[:3, 3] = 1.5 * MM
    return Atlas.from_labels(labels, Grid(shape, affine), regions, name="boxes")


if __name__ == "__main__":
    main()
