"""Which cytoarchitectonic areas is a functional mode of the fusiform gyrus in?

siibra's example "Assign modes in activation maps to brain regions", by this package: the mode "fusiform posterior" of
DiFuMo 64 is assigned to the probabilistic maps of Julich-Brain 2.9. Both come through siibra, so the first run needs a
network: pip install "napari-atlas-assign[siibra]"

    python seed_example.py            prints the table
    python seed_example.py --check    also compares it with the published one
"""

from __future__ import annotations

import sys

import pandas as pd
import siibra

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


def assignments() -> pd.DataFrame:
    """The example's table."""
    with siibra.QUIET:
        modes = siibra.get_map(parcellation="difumo 64", space="mni152", maptype="statistical")
        image = modes.fetch(region="fusiform posterior")
    result = naa.assign(image, naa.load_atlas("siibra:julich 2.9"), convention="siibra")
    return result.assignments.query("correlation >= 0.35")


def differences(table: pd.DataFrame, published: pd.DataFrame = PUBLISHED) -> list[str]:
    """Where a table is not the published one, to the digits that are printed there."""
    if len(table) != len(published):
        return [f"{len(table)} rows, not {len(published)}"]
    found = []
    for column in published:
        for ours, theirs in zip(table[column], published[column], strict=True):
            if isinstance(theirs, float):
                same = abs(ours - theirs) <= 1.5e-6
            elif isinstance(theirs, tuple):
                same = all(abs(a - b) <= 0.015 for a, b in zip(ours, theirs, strict=True))
            else:
                same = ours == theirs
            if not same:
                found.append(f"{column}: {ours}, published {theirs}")
    return found


def main(arguments: list[str]) -> int:
    """Print the table; with ``--check``, also where it differs. 0: it does not, or was not asked for."""
    try:
        table = assignments()
    except naa.AtlasError as error:
        print(error, file=sys.stderr)
        return 2
    print(table.to_string(index=False))
    if "--check" not in arguments:
        return 0
    found = differences(table)
    print("\n".join(found) if found else "This is the published table.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
