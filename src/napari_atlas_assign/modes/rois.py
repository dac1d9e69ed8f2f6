"""Regions of interest: a volume of labels, each of which is a mode as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Grid
from ..header import nearest_labels
from ..image import Image
from ..lazy import nonzero, values_at
from .labelling import REACH, Connectivity
from .modes import Modes, numbered


@dataclass(frozen=True)
class RoiImage(Image):
    """Regions of interest that may overlap: ``data`` shows the smaller ones uppermost."""

    sheets: tuple[Image, ...] = ()
    """Label volumes that hold every region of interest whole; in none of them two overlap."""
    notes: tuple[str, ...] = ()
    """What the user should know of them: one sentence each, without the full stop."""

    @classmethod
    def from_voxels(
        cls,
        grid: Grid,
        rois: Mapping[int, NDArray[np.integer]],
        name: str,
        space: str | None = None,
        source: dict[str, Any] | None = None,
        notes: tuple[str, ...] = (),
        names: Mapping[int, str] | None = None,
    ) -> RoiImage:
        """Make them of label -> distinct flat voxel numbers (N,)."""
        sheets: list[NDArray[np.int32]] = []
        for label, voxels in rois.items():
            free = next((sheet for sheet in sheets if not sheet[voxels].any()), None)
            if free is None:
                sheets.append(free := np.zeros(grid.n_voxels, np.int32))
            free[voxels] = label
        if len(sheets) > 1:
            notes += (
                f"regions of interest of {name} overlap: each is scored whole, and where volumes and layers can show "
                "only one, it is the smallest",
            )
        shown = np.zeros(grid.n_voxels, np.int32)
        for label in sorted(rois, key=lambda label: -len(rois[label])):
            shown[rois[label]] = label
        facts: dict[str, Any] = {"space": space, "source": source or {}}
        images = [Image(sheet.reshape(grid.shape), grid, name, **facts) for sheet in sheets]
        facts |= {"sheets": tuple(images), "notes": notes, "names": names or {}}
        return cls(shown.reshape(grid.shape), grid, name, **facts)


def sheets_of(image: Image) -> Sequence[Image]:
    """Label volumes that hold every region of interest of an image whole."""
    return image.sheets if isinstance(image, RoiImage) else (image,)


def joined_rois(sheets: Sequence[Image], *, split: bool = False, connectivity: Connectivity = 18) -> Modes:
    """As `rois_as_modes`, of several label volumes on one grid, sorted by label."""
    parts = [rois_as_modes(sheet, split=split, connectivity=connectivity) for sheet in sheets]
    labels = np.concatenate([roi_labels(part, sheet) for part, sheet in zip(parts, sheets, strict=True)])
    if len(parts) == 1:
        return replace(parts[0], label=labels)
    order = np.argsort(labels, kind="stable")
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.followed_by(part)
    number = np.arange(1, len(order) + 1) if split else labels[order]
    return replace(joined.taken(order, number), label=labels[order])


def rois_as_modes(image: Image, *, split: bool = False, connectivity: Connectivity = 18) -> Modes:
    """Make one mode of every label of a label image; 0 and NaN are background.

    Parameters
    ----------
    image : Image
        Whole numbers, 0 or more.
    split : bool
        Make one mode of every connected component of every label instead.
    connectivity : {6, 18, 26}
        For `split`: voxels are neighbours through faces (6), also edges (18), also corners (26).

    Returns
    -------
    Modes
        Value 1 in every voxel. Numbers are the labels, rising; with `split`, 1.. by label, then by falling volume,
        then by centroid x, y, z (`roi_labels` tells the label of each).

    Raises
    ------
    InputError
        If a value is negative, infinite, too large for a label, or not a whole number.
    """
    if connectivity not in (6, 18, 26):
        raise InputError(f"the connectivity is {connectivity!r}; give 6, 18 or 26")
    if split:
        image = image.loaded()
    voxel, values = nonzero(image.data, image.name)
    labels = _whole_numbers(image, values)
    voxel, labels = voxel[labels > 0], labels[labels > 0]
    distinct, which = np.unique(labels, return_inverse=True)
    if split:
        return _components(image, voxel, which, connectivity)
    order = np.argsort(which, kind="stable")
    n = len(distinct)
    return Modes(image.grid, voxel[order], which[order], np.ones(len(order)), distinct, np.ones(n, np.int8))


def roi_labels(modes: Modes, image: Image) -> NDArray[np.int64]:
    """The label (M,) in `image` of each of the modes that were made of it."""
    first = modes.voxel[modes.starts] if modes.n_modes else np.zeros(0, np.int64)
    return np.rint(values_at(image.data, first).astype(np.float64)).astype(np.int64)


def _whole_numbers(image: Image, values: NDArray[Any]) -> NDArray[np.int64]:
    """Values of the image as labels, NaN as 0."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
        values = nearest_labels(values, image.stated.step)
    if len(values) and values.min() < 0:
        raise InputError(
            f"{image.name} holds negative labels (down to {values.min():g}); number regions of interest from 1"
        )
    if len(values) and values.max() >= 2**31:
        raise InputError(f"{image.name} holds the label {values.max():g}; labels go up to {2**31 - 1}")
    if values.dtype.kind == "f":
        broken = values != np.rint(values)
        if broken.any():
            raise InputError(
                f"{image.name} holds the value {values[broken][0]:g}, which is no label; give whole numbers "
                "(labels are resampled with nearest neighbour interpolation, never linear)"
            )
    return values.astype(np.int64)


def _components(image: Image, voxel: NDArray[np.intp], which: NDArray[np.intp], connectivity: Connectivity) -> Modes:
    structure = scipy.ndimage.generate_binary_structure(3, REACH[connectivity])
    rank = np.zeros(image.grid.n_voxels, np.int32)
    rank[voxel] = which + 1
    rank = rank.reshape(image.grid.shape)
    component = np.zeros(image.grid.shape, np.int64)
    label_of: list[int] = []
    for label, box in enumerate(scipy.ndimage.find_objects(rank)):
        labelled, n = scipy.ndimage.label(rank[box] == label + 1, structure)
        component[box] += np.where(labelled > 0, labelled + len(label_of), 0)
        label_of += [label] * n
    mode = component.reshape(-1)[voxel] - 1
    order = np.argsort(mode, kind="stable")
    n = len(label_of)
    parts = Modes(image.grid, voxel[order], mode[order], np.ones(len(order)), np.arange(1, n + 1), np.ones(n, np.int8))
    by_volume = numbered(parts, np.ones(n, bool), "volume")
    if not n:
        return by_volume
    labels = which[np.searchsorted(voxel, by_volume.voxel[by_volume.starts])]
    place = np.empty(n, np.int64)
    place[np.argsort(labels, kind="stable")] = np.arange(n)
    mode = place[by_volume.mode]
    order = np.argsort(mode, kind="stable")
    return Modes(
        image.grid, by_volume.voxel[order], mode[order], by_volume.value[order], by_volume.number, by_volume.sign
    )
