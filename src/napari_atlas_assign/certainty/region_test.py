"""Does a whole map favour a region beyond its smoothness? Every region's mean against those of random maps.

In names, R regions, V voxels of the mask, n surrogates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from ..assignment.integrals.cache import region_integrals
from ..assignment.parameters import FEWEST_SURROGATES
from ..atlas.atlas import Atlas
from ..errors import InputError
from ..grid import Floats
from ..image import Image
from ..loops.threads import in_threads
from ..modes.modes import check_values
from ..tables.frames import pd
from .evenness import COVERED, LEVEL, Parts, evenness
from .surrogates import surrogates

FEWEST_VOXELS = 5
"""Voxels of a region inside the mask, weighted by its share; smaller regions are not tested."""


@dataclass(frozen=True)
class RegionMeans:
    """The mean of every tested region in the image and in every surrogate."""

    region: NDArray[np.int64]
    """(R,) rows of the region table that are tested."""
    observed: Floats
    """(R,)"""
    surrogate: Floats
    """(n, R)"""

    def table(self, tail: Literal["positive", "negative", "both"]) -> dict[str, Floats]:
        """``expected``, ``z``, ``p`` and ``p corrected`` (R,): see docs/certainty.md."""
        every = np.vstack([self.observed, self.surrogate])
        centre, spread = every.mean(axis=0), every.std(axis=0)
        z = (every - centre) / np.where(spread > 0, spread, 1)
        strength = {"positive": z, "negative": -z, "both": np.abs(z)}[tail]
        strongest = strength.max(axis=1, initial=-np.inf)
        return {
            "expected": self.surrogate.mean(axis=0),
            "z": z[0],
            "p": (strength >= strength[0] - _ROUNDING).mean(axis=0),
            "p corrected": (strongest[:, None] >= strength[0] - _ROUNDING).mean(axis=0),
        }


_ROUNDING = 1e-12
"""Of standardised means: equal ones, as of an image without variation, are equal."""


def compare_with_surrogates(
    image: Image,
    atlases: Sequence[Atlas],
    *,
    n_surrogates: int = 999,
    tail: Literal["positive", "negative", "both"] = "positive",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[pd.DataFrame]:
    """Test every region of some atlases; all share the same random maps.

    Parameters
    ----------
    image : Image
        Unthresholded. Its mask is its finite voxels other than 0.
    atlases : sequence of Atlas
    n_surrogates : int
        At least `FEWEST_SURROGATES`.
    tail : {"positive", "negative", "both"}
        Whether a mean is tested for being large, small, or far from what is expected.
    seed : int
    progress : callable, optional
        Called with the number of surrogates done and of all; what it raises ends the work.

    Returns
    -------
    list of DataFrame
        One for each atlas, one row per region, columns `columns.REGION_TEST`. Regions with fewer than `FEWEST_VOXELS`
        voxels of share in the mask have ``NaN``; so have the p values of a map that is less even than its random maps.

    Raises
    ------
    InputError
        If the image varies nowhere, or an argument is out of range.
    """
    if n_surrogates < FEWEST_SURROGATES:
        raise InputError(f"the number of surrogates is {n_surrogates}; give at least {FEWEST_SURROGATES}")
    if tail not in ("positive", "negative", "both"):
        raise InputError(f"the tail is {tail!r}; give 'positive', 'negative' or 'both'")
    image = image.loaded().upright()  # noise is drawn by voxel: how a file is stored must play no part
    check_values(image)
    data = image.data
    mask = np.isfinite(data) & (data != 0)
    values = data[mask].astype(np.float64)
    if len(values) < 2 or values.min() == values.max():
        raise InputError(f"{image.name} varies nowhere, so that there is nothing to test; give an unthresholded map")
    weights = [_weights(image, atlas, mask) for atlas in atlases]
    half = COVERED * image.grid.voxel_volume * (1 - _ROUNDING)  # exactly half is half, however the atlas is stored
    parts = Parts.of(mask, [w.share.sum(axis=0) >= half for w in weights])
    means: list[list[Floats]] = [[w.mean @ values] for w in weights]
    looks = [parts.looks(values)]

    def work(draw: Callable[[], Floats]) -> tuple[list[Floats], list[Floats]]:
        maps = draw()
        return [parts.looks(map_) for map_ in maps], [np.array([w.mean @ map_ for map_ in maps]) for w in weights]

    draws = surrogates(values, mask, image.grid.affine, n_surrogates, seed)
    for looks_of_maps, means_of_maps in in_threads(work, ((draw,) for draw in draws)):
        looks += looks_of_maps
        for rows, some in zip(means, means_of_maps, strict=True):
            rows.extend(some)
        if progress is not None:
            progress(len(looks) - 1, n_surrogates)
    return [
        _table(atlas, w.voxels, np.stack(rows), tail, evenness(_of_atlas(np.stack(looks), n)))
        for n, (atlas, w, rows) in enumerate(zip(atlases, weights, means, strict=True))
    ]


def _of_atlas(looks: Floats, n: int) -> Floats:
    """Of what is known of all parts (maps, 2, P), that of the eight of the mask and the two of atlas `n`."""
    return looks[:, :, [*range(8), 8 + 2 * n, 9 + 2 * n]].reshape(len(looks), -1)


@dataclass(frozen=True)
class _Weights:
    """What takes the means of an atlas's regions: sparse matrices (R, V) of volumes and of weights that add up to 1."""

    share: Any
    mean: Any
    voxels: Floats
    """(R,) voxels of every region in the mask."""


def _weights(image: Image, atlas: Atlas, mask: NDArray[np.bool_]) -> _Weights:
    integrals = region_integrals(atlas, image.grid, np.flatnonzero(mask))
    share = scipy.sparse.csr_array(
        (integrals.share, (integrals.region, integrals.row)), shape=(atlas.n_regions, int(mask.sum()))
    )
    total: Floats = share.sum(axis=1)
    scale = np.where(total > 0, 1 / np.where(total > 0, total, 1), 0)
    return _Weights(share, scipy.sparse.diags_array(scale) @ share, total / image.grid.voxel_volume)


def _table(atlas: Atlas, voxels: Floats, means: Floats, tail: Any, even: float) -> pd.DataFrame:
    tested = np.flatnonzero(voxels >= FEWEST_VOXELS * (1 - 1e-6))  # sums of parts of voxels
    columns: dict[str, Any] = {
        "region id": atlas.regions["id"].to_numpy(),
        "region": atlas.regions["name"].to_numpy(object),
        "voxels": voxels,
        "mean": np.where(voxels > 0, means[0], np.nan),
    }
    result = RegionMeans(tested, means[0, tested], means[1:, tested]).table(tail)
    for name, values in result.items():
        column = np.full(atlas.n_regions, np.nan)
        if even > LEVEL or not name.startswith("p"):
            column[tested] = values
        columns[name] = column
    columns["evenness"] = even
    return pd.DataFrame(columns)
