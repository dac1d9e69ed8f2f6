"""Which cytoarchitectonic areas is a functional mode of the fusiform gyrus in?

siibra's example "Assign modes in activation maps to brain regions", by this package: the mode "fusiform posterior" of
DiFuMo 64 is assigned to the probabilistic maps of Julich-Brain 2.9. Both come through siibra, so the first run needs a
network: pip install "napari-atlas-assign[siibra]"

    python seed_example.py                     prints the table
    python seed_example.py --check             also compares it with the published one, cell by cell
    python seed_example.py --against-siibra    also compares all rows with those that siibra itself computes here

It ends with 0, with 1 if a comparison found a difference, or with 2 if the maps cannot be had.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd

import napari_atlas_assign as naa

PUBLISHED = pd.DataFrame(
    {
        "input structure": [1, 2],
        "centroid": [(-43.61, -63.71, -12.64), (42.9, -60.76, -14.91)],
        "region": ["Area FG2 (FusG) left", "Area FG2 (FusG) right"],
        "correlation": [0.641933, 0.73607],
        "intersection over union": [0.514049, 0.522092],
        "map value": [0.868882, 0.838194],
        "map weighted mean": [0.23183, 0.235593],
        "map containedness": [0.778082, 0.771513],
        "input weighted mean": [0.000261, 0.000278],
        "input containedness": [0.602363, 0.617583],
    }
)
"""The rows with a correlation of 0.35 or more, as siibra's documentation shows them."""

CENTROID_MM = 0.015
"""How far a coordinate, printed with two digits, may be from the published one."""


def best(assignments: pd.DataFrame) -> pd.DataFrame:
    """The rows that the example shows."""
    return assignments.query("correlation >= 0.35")


def cells(ours: pd.DataFrame, theirs: pd.DataFrame, columns: list[str], tolerance: float) -> pd.DataFrame:
    """Both tables cell by cell, with the differences and whether they are small enough.

    Raises
    ------
    ValueError
        If the tables do not have the same number of rows.
    """
    rows = []
    for column in columns:
        for ours_here, theirs_here in zip(ours[column], theirs[column], strict=True):
            if isinstance(theirs_here, str):
                difference = 0.0 if ours_here == theirs_here else np.inf
            else:
                difference = float(np.max(np.abs(np.subtract(tuple_of(ours_here), tuple_of(theirs_here)))))
            same = difference <= (CENTROID_MM if column == "centroid" else tolerance)
            rows.append((column, ours_here, theirs_here, difference, "" if same else "DIFFERS"))
    return pd.DataFrame(rows, columns=["column", "ours", "theirs", "difference", ""])


def tuple_of(value: object) -> tuple[float, ...]:
    """A number, or the coordinates of a point of any library."""
    return tuple(map(float, value)) if hasattr(value, "__iter__") else (float(value),)  # type: ignore[arg-type]


def compare(ours: pd.DataFrame, theirs: pd.DataFrame, tolerance: float, name: str, shown: int = 40) -> bool:
    """Print how two tables differ; whether they are the same."""
    if len(ours) != len(theirs):
        print(f"\n{len(ours)} rows, {name} has {len(theirs)}")
        return False
    columns = [column for column in PUBLISHED if column in theirs]
    found = cells(ours, theirs, columns, tolerance)
    wrong = found[found[""] != ""]
    print(f"\nAgainst {name}: {len(ours)} rows, {len(found)} cells, {len(wrong)} differ")
    print((found if len(found) <= shown else wrong.head(shown)).to_string(index=False))
    return wrong.empty


def describe(image: naa.Image, atlas: naa.Atlas) -> str:
    """What was compared, and with which versions: where tables differ, the reason mostly shows here."""
    data = np.ascontiguousarray(image.data)
    neighbours = [len(naa.assign(image, atlas, convention="siibra", connectivity=n).modes) for n in (18, 26)]
    return "\n".join(
        [
            ", ".join(
                f"{package} {version(package)}" for package in ("napari-atlas-assign", "siibra", "nibabel", "numpy")
            ),
            f"image: {data.shape} voxels, {data.dtype}, minimum {data.min():.3g}, {int((data < 0).sum())} below 0",
            f"affine: {image.grid.affine.tolist()}",
            f"SHA-256 of its values: {hashlib.sha256(data.tobytes()).hexdigest()}",
            f"modes: {neighbours[0]} by 18 neighbours, {neighbours[1]} by 26",
            f"atlas: {atlas.n_regions} regions on {atlas.grid.shape} voxels",
        ]
    )


def of_siibra(image: naa.Image) -> pd.DataFrame:
    """All rows of siibra's own table."""
    import nibabel
    import siibra

    with siibra.QUIET:
        julich = siibra.get_map(parcellation="julich 2.9", space="mni152", maptype="statistical")
        volume = siibra.volumes.volume.from_nifti(
            nibabel.Nifti1Image(image.data, image.grid.affine), "mni152", "fusiform posterior"
        )
        table = julich.assign(volume)
    return table.assign(region=[getattr(region, "name", region) for region in table["region"]])


def main(arguments: list[str]) -> int:
    """Print the table, and compare it with others if asked to; see above for what is returned."""
    parser = argparse.ArgumentParser(description="siibra's example of modes and Julich-Brain")
    parser.add_argument("--check", action="store_true", help="compare with the published table")
    parser.add_argument("--against-siibra", action="store_true", help="compare with siibra's own table")
    options = parser.parse_args(arguments)
    try:
        image, atlas = naa.seed_example()
    except naa.InputError as error:
        print(error, file=sys.stderr)
        return 2
    assignments = naa.assign(image, atlas, convention="siibra").assignments
    print(best(assignments).to_string(index=False))
    same = []
    if options.check or options.against_siibra:
        print(f"\n{describe(image, atlas)}")
    if options.check:
        same.append(compare(best(assignments), PUBLISHED, 1.5e-6, "the published table"))
    if options.against_siibra:
        try:
            theirs = of_siibra(image)
        except Exception as error:  # siibra raises what it likes
            print(f"siibra computes no table here ({type(error).__name__}: {error})", file=sys.stderr)
            return 2
        same.append(compare(assignments, theirs, 1e-6, "siibra's table"))
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
