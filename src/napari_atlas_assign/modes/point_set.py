"""Points in the world, each exact or with an uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError, counted
from ..grid import SAME_EDGE, Floats, Grid
from ..index_ranges import slices

Coordinates = Literal["mm", "voxels", "micrometres"]
"""What coordinates count: world mm, or along an atlas's array its voxels, or micrometres from its outer corner."""

COORDINATES: tuple[Coordinates, ...] = get_args(Coordinates)

_AT_A_TIME = 2**18
"""Points placed together, so that memory stays bounded."""


@dataclass(frozen=True)
class PointSet:
    """Points in the world, each with an uncertainty.

    Parameters
    ----------
    xyz : (N, 3) float
        World mm; or what `coordinates` says, until they are `placed` on an atlas.
    sigma : (N,) float
        Standard deviation of each point's Gaussian blob in mm; 0 for an exact point.
    names : tuple of str, optional
        One per point.
    name : str
        Of the set; shown in tables and messages.
    space : str, optional
        The anatomical template of the coordinates; None where unknown.
    source : dict
        Where the points came from, for the record.
    coordinates : {"mm", "voxels", "micrometres"}
        World mm, or along the axes of an atlas's array: in voxels, or in micrometres from its outer corner.
    axes : {"array", "image"}
        Of voxels and micrometres: whether the columns are the array's axes from first to last, or x, y and z as
        programs for images have them, z counting the planes of a TIFF stack.
    unlocated : dict
        Names of points whose place is not known, by their row (from 0) in the list of all; they are no part of the N.

    Raises
    ------
    InputError
        If a coordinate or sigma is not a finite number, a sigma is below 0, or the lengths differ.
    """

    xyz: Floats
    sigma: Floats
    names: tuple[str, ...] | None = None
    name: str = "points"
    space: str | None = None
    source: dict[str, Any] = field(default_factory=dict)
    coordinates: Coordinates = "mm"
    axes: Literal["array", "image"] = "array"
    unlocated: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_coordinates(self.coordinates)
        xyz, sigma = _numbers(self.xyz, self.name, "coordinates"), _numbers(self.sigma, self.name, "sigma")
        if xyz.ndim != 2 or xyz.shape[1] != 3:
            raise InputError(f"{self.name}: coordinates of shape {xyz.shape}; give one row x, y, z in mm per point")
        if sigma.shape != (len(xyz),):
            raise InputError(
                f"{self.name}: sigma of shape {sigma.shape} for {counted(len(xyz), 'point')}; give one per point"
            )
        # One sum tells of ten million numbers at once that all of them are finite.
        if not np.isfinite(xyz.sum()):
            _refuse(self.name, ~np.isfinite(xyz).all(axis=1), "has a coordinate that is not a finite number")
        if not np.isfinite(sigma.sum()):
            _refuse(self.name, ~np.isfinite(sigma), "has a sigma that is not a finite number")
        if sigma.min(initial=0) < 0:
            _refuse(self.name, sigma < 0, "has a sigma below 0")
        names = None if self.names is None else tuple(str(n) for n in self.names)
        if names is not None and len(names) != len(xyz):
            raise InputError(
                f"{self.name}: {counted(len(names), 'name')} for {counted(len(xyz), 'point')}; "
                "give one per point, or none"
            )
        object.__setattr__(self, "xyz", xyz)
        object.__setattr__(self, "sigma", sigma)
        object.__setattr__(self, "names", names)

    def __len__(self) -> int:
        return len(self.xyz)

    @classmethod
    def from_array(
        cls,
        xyz: ArrayLike,
        sigma: ArrayLike = 0.0,
        names: Sequence[str] | None = None,
        name: str = "points",
        space: str | None = None,
        coordinates: Coordinates = "mm",
    ) -> PointSet:
        """Make a set of an array (N, 3), or of one point (3,); `sigma`, in mm, is one number for all, or (N,)."""
        array = np.atleast_2d(_numbers(xyz, name, "coordinates"))
        if not array.size:
            array = array.reshape(0, 3)
        one_each = _numbers(sigma, name, "sigma")
        if one_each.ndim == 0:
            one_each = np.broadcast_to(one_each, len(array))
        return cls(array, one_each, None if names is None else tuple(names), name, space, coordinates=coordinates)

    def placed(self, grid: Grid, planes_first: bool) -> PointSet:
        """The points in world mm, of what counts along the array of an atlas on this grid.

        As in BrainGlobe, voxel v reaches from v to v + 1, and a place between two belongs to the upper one. Where all
        coordinates are whole voxels, they are the voxels' numbers, and the points lie in their centres. `planes_first`
        is whether the array's first axis counts the planes of a stack, so that z is its first and x its last.
        """
        if self.coordinates == "mm":
            return self
        at = self.xyz[:, ::-1] if self.axes == "image" and planes_first else self.xyz
        edges = grid.voxel_sizes * 1000 if self.coordinates == "micrometres" else np.ones(3)
        parts = list(slices(len(at), _AT_A_TIME))
        are_numbers = self.coordinates == "voxels" and all(np.array_equal(np.floor(at[p]), at[p]) for p in parts)
        xyz = np.empty((len(at), 3))
        for part in parts:
            here = at[part] / edges
            voxel = np.floor(here)
            within = 0.5 if are_numbers else np.clip(here - voxel, 2 * SAME_EDGE, 1 - 2 * SAME_EDGE)
            xyz[part] = grid.to_world(voxel + within - 0.5)
        xyz.setflags(write=False)
        source = self.source | {"coordinates": self.coordinates}
        return replace(self, xyz=xyz, source=source, coordinates="mm", axes="array")

    @property
    def labels(self) -> tuple[str, ...]:
        """One text per point: its name, or its number from 1."""
        return self.names if self.names is not None else tuple(map(str, range(1, len(self) + 1)))


def check_coordinates(coordinates: Any) -> None:
    """Raise an InputError for a word that is none of `COORDINATES`."""
    if coordinates not in COORDINATES:
        raise InputError(f"the coordinates are {coordinates!r}; give one of {', '.join(COORDINATES)}")


def _numbers(values: ArrayLike, name: str, what: str) -> Floats:
    """Numbers of the set's own, which nobody changes: a copy, unless they are so already."""
    try:
        is_fixed = isinstance(values, np.ndarray) and not values.flags.writeable
        numbers = np.asarray(values, np.float64) if is_fixed else np.array(values, dtype=np.float64)
        numbers.setflags(write=False)
        return numbers
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: the {what} are not all numbers; give numbers in mm") from error


def _refuse(name: str, bad: Any, what: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise InputError(f"{name}: point {rows[0] + 1}{others} {what}; correct it or leave the point out")
