"""Modes, and how to find them in an image.

In names, M modes, N voxels of modes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, counted
from ..grid import Floats, Grid, indices_of, product
from ..image import Image
from ..index_ranges import lengths, listed
from ..lazy import as_stored, values_at
from .labelling import Connectivity, components, voxels_beyond

Tail = Literal["positive", "negative", "both"]
Numbering = Literal["volume", "scan"]


@dataclass(frozen=True)
class Modes:
    """Subvolumes of a grid with a value in each voxel, grouped by mode.

    Voxels of one mode are distinct and rising; two modes may share voxels (blobs of neighbouring points do).
    """

    grid: Grid
    voxel: NDArray[np.int64]
    """(N,) flat C-order voxel number."""
    mode: NDArray[np.int64]
    """(N,) which mode, 0..M-1, rising."""
    value: Floats
    """(N,) image value, sign turned in negative modes, so that it is above 0."""
    number: NDArray[np.int64]
    """(M,) the number that is shown: ``input structure`` in the tables, the value in the components volume."""
    sign: NDArray[np.int8]
    """(M,) 1 or -1."""
    label: NDArray[np.int64] | None = None
    """(M,) of regions of interest, the label that each was made of."""

    @classmethod
    def none(cls, grid: Grid) -> Modes:
        """No mode."""
        nothing = np.zeros(0, np.int64)
        return cls(grid, nothing, nothing, np.zeros(0), nothing, np.zeros(0, np.int8))

    @property
    def n_modes(self) -> int:
        """Number of modes."""
        return len(self.number)

    @cached_property
    def indices(self) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]:
        """(N,) each: the voxels' indices along the three axes."""
        return indices_of(self.voxel, self.grid.shape)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(M,) where each mode begins in the arrays (N,)."""
        return np.searchsorted(self.mode, np.arange(self.n_modes))

    def components(self, dtype: type[np.integer] = np.int32) -> NDArray[np.integer]:
        """The volume (X, Y, Z) of mode numbers; 0 is background, and of modes that overlap the smallest is seen."""
        flat = np.zeros(self.grid.n_voxels, dtype)
        counts = self.counts()
        falling = self
        if (counts[1:] > counts[:-1]).any():  # what comes last is seen
            order = np.argsort(-counts, kind="stable")
            falling = self.taken(order, self.number[order])
        flat[falling.voxel] = falling.number[falling.mode]
        return flat.reshape(self.grid.shape)

    def taken(self, order: NDArray[np.integer], number: NDArray[np.int64]) -> Modes:
        """Some of these modes (K,), in an order, with other numbers."""
        begin = self.starts[order]
        mode, rows = listed(begin, begin + self.counts()[order])
        label = None if self.label is None else self.label[order]
        taken = Modes(self.grid, self.voxel[rows], mode, self.value[rows], number, self.sign[order], label)
        if "indices" in self.__dict__:  # what is known of a mode stays true
            taken.__dict__["indices"] = tuple(index[rows] for index in self.indices)
        if "_centroids" in self.__dict__:
            taken.__dict__["_centroids"] = self._centroids[order]
        return taken

    def followed_by(self, other: Modes) -> Modes:
        """These modes and others on the same grid, whose numbers go on from the highest of these."""
        return Modes(
            self.grid,
            np.concatenate([self.voxel, other.voxel]),
            np.concatenate([self.mode, other.mode + self.n_modes]),
            np.concatenate([self.value, other.value]),
            np.concatenate([self.number, other.number + self.number.max(initial=0)]),
            np.concatenate([self.sign, other.sign]),
        )

    def counts(self) -> NDArray[np.int64]:
        """(M,) voxels of each mode."""
        return self._counts

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        return lengths(self.starts, len(self.voxel))

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """(M,) sums of values (N,) over each mode."""
        return np.add.reduceat(values, self.starts) if self.n_modes else np.zeros(0)

    def centroids(self) -> Floats:
        """(M, 3) unweighted mean position of each mode's voxels in world mm."""
        return self._centroids

    @cached_property
    def _centroids(self) -> Floats:
        sums = np.stack([self.totals(index) for index in self.indices], axis=-1)
        return self.grid.to_world(sums / self.counts()[:, None])

    def peaks(self) -> tuple[NDArray[np.int64], Floats]:
        """(M,) voxel with each mode's largest value, and (M,) that value.

        Where several voxels hold the largest value, the one nearest to their mean position is taken, then the one with
        the lowest world x, y, z: the peak lies in its mode and does not depend on how the file is stored.
        """
        return self._peaks

    @cached_property
    def _peaks(self) -> tuple[NDArray[np.int64], Floats]:
        if not self.n_modes:
            return np.zeros(0, np.int64), np.zeros(0)
        highest, tied = self._highest, self._at_peak
        if len(tied) == self.n_modes:
            return self.voxel[tied], highest
        mode = self.mode[tied]
        ijk = np.stack([index[tied] for index in self.indices])
        n_tied = np.bincount(mode, minlength=self.n_modes)
        first = np.cumsum(n_tied) - n_tied
        mean = np.add.reduceat(ijk, first, axis=1) / n_tied
        from_mean = product((ijk - np.repeat(mean, n_tied, axis=1)).T, self.grid.affine[:3, :3])
        distance = np.sqrt((from_mean**2).sum(axis=1)).round(6)
        nearest = np.flatnonzero(distance == np.repeat(np.minimum.reduceat(distance, first), n_tied))
        tied, mode = tied[nearest], mode[nearest]
        x, y, z = self.grid.to_world(ijk[:, nearest].T).round(6).T
        order = np.lexsort((z, y, x, mode))
        first = order[np.searchsorted(mode[order], np.arange(self.n_modes))]
        return self.voxel[tied[first]], highest

    def peak_counts(self) -> NDArray[np.int64]:
        """(M,) how many voxels of each mode hold its largest value."""
        if not self.n_modes:
            return np.zeros(0, np.int64)
        return np.bincount(self.mode[self._at_peak], minlength=self.n_modes)

    @cached_property
    def _highest(self) -> Floats:
        """(M,) the largest value of each mode."""
        return np.maximum.reduceat(self.value, self.starts)

    @cached_property
    def _at_peak(self) -> NDArray[np.intp]:
        """Which voxels (N,) hold the largest value of their mode."""
        return np.flatnonzero(self.value == self._highest.repeat(self.counts()))


def find_modes(
    image: Image,
    *,
    threshold: float = 0.0,
    tail: Tail = "positive",
    connectivity: Connectivity = 18,
    min_volume_mm3: float = 0.0,
    min_voxels: int = 1,
    numbering: Numbering = "volume",
) -> Modes:
    """Split an image into the connected components of its voxels beyond a threshold.

    Parameters
    ----------
    image : Image
        NaN is background.
    threshold : float
        In the unit of the image, 0 or more. Positive modes are made of voxels above it, negative modes of voxels
        below its negative; the threshold itself is background.
    tail : {"positive", "negative", "both"}
        Which sign to look at. Modes of opposite sign never merge.
    connectivity : {6, 18, 26}
        Voxels are neighbours through faces (6), also edges (18), also corners (26).
    min_volume_mm3, min_voxels : float, int
        Smaller modes are dropped.
    numbering : {"volume", "scan"}
        ``volume``: 1.. by falling volume; equal volumes by centroid x, y, z. ``scan``: in the order in which a scan
        with the last axis fastest first meets them; dropped modes leave a gap (siibra's rule).

    Returns
    -------
    Modes
        Sorted by number.

    Raises
    ------
    InputError
        If an argument is out of range, or the image has no finite value or an infinite one in a mode.
    """
    check_parameters(threshold, tail, connectivity, min_volume_mm3)
    tails: tuple[int, ...] = {"positive": (1,), "negative": (-1,), "both": (1, -1)}[tail]
    # A plain float, because numpy compares with it in the type of the data.
    limit = same_in_float32(float(threshold), image.data.dtype)
    find = _by_blocks if image.is_lazy else _at_once
    voxel, mode, value, signs = find(image, limit, tails, connectivity)
    return _chosen(
        Modes(image.grid, voxel, mode, value, np.arange(1, len(signs) + 1), np.array(signs, np.int8)),
        image.name,
        min_volume_mm3,
        min_voxels,
        numbering,
    )


def split_voxels(
    voxel: NDArray[np.int64],
    value: NDArray[Any],
    grid: Grid,
    *,
    connectivity: Connectivity,
    min_volume_mm3: float,
    min_voxels: int,
    numbering: Numbering,
    name: str,
) -> Modes:
    """Split voxels (N,), by flat C-order numbers, rising, with values (N,) above 0, into connected components.

    `name` is that of the image in messages; for the rest see `find_modes`.
    """
    check_parameters(0.0, "positive", connectivity, min_volume_mm3)
    voxel, mode, value, n = _components(voxel, value, grid, connectivity)
    modes = Modes(grid, voxel, mode, value, np.arange(1, n + 1), np.ones(n, np.int8))
    return _chosen(modes, name, min_volume_mm3, min_voxels, numbering)


def _chosen(modes: Modes, name: str, min_volume_mm3: float, min_voxels: int, numbering: Numbering) -> Modes:
    """The modes that are large enough, numbered; raises an InputError where a value is infinite."""
    if np.isinf(modes.value.max(initial=0)):
        raise InputError(
            f"{name} holds {counted(int(np.isinf(modes.value).sum()), 'infinite value')} beyond the threshold; "
            "replace them with finite numbers, for example the largest finite value"
        )
    count = modes.counts()
    # The small tolerance keeps a mode of exactly the minimum, although headers hold their affines in float32.
    keep = (count * modes.grid.voxel_volume >= min_volume_mm3 * (1 - 1e-6)) & (count >= min_voxels)
    return numbered(modes, keep, numbering)


def same_in_float32(threshold: float, dtype: np.dtype[Any]) -> float:
    """The threshold that divides values of a type as it itself divides the same values in float32.

    A map in float32, and one in whole numbers with a scale factor, which is read in float64, have the same modes then.
    """
    if threshold == 0 or dtype != np.float64:
        return threshold
    nearest = np.float32(threshold)
    above = np.nextafter(nearest, np.float32(np.inf))
    half = (float(nearest) + float(above)) / 2  # what lies here or above is rounded up, here itself to the even one
    return half if nearest.view(np.int32) % 2 == 0 else float(np.nextafter(half, -np.inf))


_Found = tuple[NDArray[np.int64], NDArray[np.int64], Floats, list[int]]
"""Voxels (N,), by mode, and rising in each; the mode of each; their values above 0; signs (M,)."""


def _at_once(image: Image, threshold: float, tails: tuple[int, ...], connectivity: Connectivity) -> _Found:
    of_signs = []
    signs: list[int] = []
    for sign in tails:
        beyond = voxels_beyond(image.data, threshold, sign)
        voxel, mode, value, n = _components(beyond, values_at(image.data, beyond), image.grid, connectivity)
        of_signs.append((voxel, mode + len(signs), value))
        signs += [sign] * n
    if not signs:  # else some voxel has a value
        check_values(image)
    voxel, mode, value = (c[0] if len(c) == 1 else np.concatenate(c) for c in zip(*of_signs, strict=True))
    return voxel, mode, value, signs


def _components(
    voxel: NDArray[np.int64], value: NDArray[Any], grid: Grid, connectivity: Connectivity
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, int]:
    """Voxels (N,) by component, that of each, their values without their sign, and how many components there are."""
    order, component, n = components(voxel, grid.shape, connectivity)
    return voxel[order], component, np.abs(value[order].astype(np.float64)), n


def _by_blocks(image: Image, threshold: float, tails: tuple[int, ...], connectivity: Connectivity) -> _Found:
    from .chunked import components_by_blocks

    of_signs = components_by_blocks(image, threshold, tails, connectivity)
    signs: list[int] = []
    for (_, mode, _), sign in zip(of_signs, tails, strict=True):
        n = int(mode.max(initial=-1)) + 1
        mode += len(signs)
        signs += [sign] * n
    voxel, mode, value = (c[0] if len(c) == 1 else np.concatenate(c) for c in zip(*of_signs, strict=True))
    rows = np.argsort(mode.astype(np.min_scalar_type(len(signs))), kind="stable")  # small numbers sort faster
    value = value[rows].astype(np.float64)
    return voxel[rows], mode[rows], np.abs(value, out=value), signs


def check_parameters(threshold: float, tail: Any, connectivity: Any, min_volume_mm3: float) -> None:
    """Raise an InputError for a parameter out of its range."""
    if not _is_finite(threshold) or threshold < 0:
        raise InputError(
            f"the threshold is {threshold}; give 0 or a positive number (for negative modes, tail='negative')"
        )
    if tail not in ("positive", "negative", "both"):
        raise InputError(f"the tail is {tail!r}; give 'positive', 'negative' or 'both'")
    if connectivity not in (6, 18, 26):
        raise InputError(f"the connectivity is {connectivity!r}; give 6, 18 or 26")
    if not _is_finite(min_volume_mm3) or min_volume_mm3 < 0:
        raise InputError(f"the minimum volume is {min_volume_mm3}; give 0 or a positive number of mm3")


def check_values(image: Image) -> None:
    """Raise an InputError for an image without any number."""
    data = as_stored(image.data).ravel(order="K")
    # A few voxels tell of most images that they hold numbers.
    if data.dtype.kind == "f" and np.isnan(data[:: max(1, len(data) // 4096)]).all() and np.isnan(data).all():
        raise InputError(f"{image.name} holds no number (all voxels are NaN); check how the map was made")


def _is_finite(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def numbered(modes: Modes, keep: NDArray[np.bool_], numbering: Numbering) -> Modes:
    """Drop modes, put the others in order, and number them."""
    first = modes.voxel[modes.starts]
    if numbering == "scan":
        order = np.argsort(first, kind="stable")
        number = np.arange(1, len(order) + 1)[keep[order]]
    else:  # modes may surround each other: then the first voxel decides
        x, y, z = modes.centroids().round(6).T
        order = np.lexsort((first, -modes.sign, z, y, x, -modes.counts()))
        number = np.arange(1, int(keep.sum()) + 1)
    order = order[keep[order]]
    if np.array_equal(order, np.arange(modes.n_modes)):
        return modes if np.array_equal(number, modes.number) else replace(modes, number=number)
    return modes.taken(order, number)
