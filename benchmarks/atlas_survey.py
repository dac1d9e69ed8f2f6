"""Walk folders of atlases and print what the package makes of each file, as a table in Markdown.

    python benchmarks/atlas_survey.py FOLDER...

For every file that may be an atlas: its format, how many regions it has, whether they are named and from which table,
space, size of voxels, hemispheres, and what was remarked, or why it was refused. Nothing is written.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import napari_atlas_assign as naa
from napari_atlas_assign.atlas.load import read_file

IMAGES = (".nii", ".nii.gz", ".img", ".head", ".mgz", ".nrrd")
LARGEST = 2**30
"""Bytes of the largest file that is opened."""

HEADER = ("file", "format", "regions", "names from", "space", "voxel in mm", "hemispheres", "remarks")


def main(folders: list[str]) -> int:
    """Print one row per atlas, and then how many are named."""
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    rows = [row for folder in folders for row in survey(Path(folder))]
    named = sum(row[3] not in ("-", "") for row in rows)
    refused = sum(row[1] == "-" for row in rows)
    print(f"\n{len(rows)} files: {named} with names, {len(rows) - named - refused} without, {refused} refused")
    return 0


def survey(root: Path) -> Iterator[tuple[str, ...]]:
    """Print and yield the row of every image below a folder, and of every folder that is an atlas as a whole."""
    for path in candidates(root):
        row = (str(path.relative_to(root)) or ".", *about(path))
        print("| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in row) + " |", flush=True)
        yield row


def candidates(root: Path) -> Iterator[Path]:
    """Images, XML files and folders, in the order of their names."""
    for folder, below, files in os.walk(root):
        below.sort()
        here = Path(folder)
        if (here / "metadata.json").is_file() or (here / "info_label.txt").is_file():
            yield here
        for name in sorted(files):
            path = here / name
            is_image = name.lower().endswith(IMAGES)
            if (is_image or name.lower().endswith(".xml")) and path.stat().st_size <= LARGEST:
                yield path


def about(path: Path) -> tuple[str, ...]:
    """What the package makes of a file."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            atlas = read_file(path)
        except naa.InputError as error:
            return ("-", "", "", "", "", "", f"refused: {error}")
    return (
        str(atlas.source["dialect"]),
        str(atlas.n_regions),
        names_from(atlas),
        atlas.space or "-",
        " x ".join(f"{size:.3g}" for size in atlas.grid.voxel_sizes),
        hemispheres(atlas),
        "; ".join(str(warning.message) for warning in heard if issubclass(warning.category, naa.AssignmentWarning)),
    )


def names_from(atlas: naa.Atlas) -> str:
    """The file that names the regions, ``-`` where they are named by their numbers."""
    if all(name.startswith(("label ", "region ")) for name in atlas.regions["name"]):
        return "-"
    table = next((atlas.source[key] for key in ("labels", "xml") if key in atlas.source), None)
    return Path(table).name if table else "itself"


def hemispheres(atlas: naa.Atlas) -> str:
    """How many regions are left, right and neither."""
    if "hemisphere" not in atlas.regions:
        return "-"
    counts = atlas.regions["hemisphere"].value_counts()
    left, right = int(counts.get("left", 0)), int(counts.get("right", 0))
    return f"{left} left, {right} right, {atlas.n_regions - left - right} neither"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("give one or more folders of atlases")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["NAPARI_ATLAS_ASSIGN_CACHE"] = cache
        sys.exit(main(sys.argv[1:]))
