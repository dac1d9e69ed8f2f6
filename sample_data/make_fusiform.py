"""Make the synthetic fusiform example: a small made-up atlas, and a made-up map with one mode in each hemisphere.

Nothing here was measured. Shapes and names only resemble the fusiform areas of the example that the package
generalises. Run it in this folder: the files come out the same, byte for byte, each time.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import gaussian_filter

SEED = 20240607

# Name, centre in the right hemisphere (mm), radii (mm). The left hemisphere mirrors it.
AREAS = [
    ("FG1", (30.0, -74.0, -10.0), (7.0, 9.0, 6.0)),
    ("FG2", (42.0, -70.0, -14.0), (8.0, 10.0, 6.0)),
    ("FG3", (32.0, -54.0, -14.0), (7.0, 11.0, 6.0)),
    ("FG4", (42.0, -48.0, -19.0), (7.0, 12.0, 6.0)),
    ("hOc4v", (24.0, -80.0, -10.0), (8.0, 8.0, 6.0)),
]

MODES = [((41.0, -51.0, -18.0), (7.0, 11.0, 6.0)), ((-40.0, -58.0, -16.0), (8.0, 12.0, 6.0))]


def grid(step: float) -> tuple[tuple[int, int, int], np.ndarray]:
    """Shape and affine of a grid over both ventral temporal lobes."""
    low, high = np.array([-63.0, -99.0, -39.0]), np.array([63.0, -27.0, 9.0])
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low
    shape = np.floor((high - low) / step).astype(int) + 1
    return (int(shape[0]), int(shape[1]), int(shape[2])), affine


def bump(shape: tuple[int, int, int], affine: np.ndarray, centre: tuple, radii: tuple) -> np.ndarray:
    """A Gaussian with its centre and radii in mm."""
    xyz = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return np.exp(-0.5 * (((xyz - centre) / radii) ** 2).sum(axis=-1))


def save(path: Path, data: np.ndarray, affine: np.ndarray, description: str) -> None:
    """Write NIfTI whose bytes depend on nothing but the data."""
    image = nib.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = description
    with open(path, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(image.to_bytes())


def make(folder: Path) -> None:
    """Write the map, the atlas and its table of names."""
    rng = np.random.default_rng(SEED)
    shape, affine = grid(3.0)
    volumes, rows = [], ["index\tname\themisphere"]
    for name, centre, radii in AREAS:
        for side, sign in (("left", -1), ("right", 1)):
            where = tuple(np.multiply(centre, (sign, 1, 1)) + rng.normal(0, 1, 3))
            percent = 100 * bump(shape, affine, where, radii)
            volumes.append(np.where(percent < 5, 0, percent).round().astype(np.uint8))
            rows.append(f"{len(volumes) - 1}\tsynthetic {name} {side}\t{side}")
    save(
        folder / "synthetic-fusiform_probseg.nii.gz",
        np.stack(volumes, axis=-1),
        affine,
        "synthetic atlas, not measured",
    )
    (folder / "synthetic-fusiform_probseg.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")

    shape, affine = grid(2.0)
    values = sum(bump(shape, affine, centre, radii) for centre, radii in MODES)
    values = values + 0.15 * gaussian_filter(rng.normal(size=shape), 1.5)
    # In steps of 1/200, which pack well; background is exactly 0, as in a component map.
    values = np.where(values < 0.25, 0, np.round(values * 200) / 200).astype(np.float32)
    save(folder / "synthetic-fusiform_map.nii.gz", values, affine, "synthetic map, not measured")


if __name__ == "__main__":
    make(Path(__file__).parent)
