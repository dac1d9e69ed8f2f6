"""Several atlases as one: cortex and subcortex."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import AtlasError
from ..tables.frames import pd
from .atlas import Atlas


def merge_atlases(atlases: Sequence[Atlas], name: str | None = None) -> Atlas:
    """Put the regions of several atlases on one grid into one atlas.

    Where labelled atlases overlap, a voxel belongs to the first of them that has a region there. If any of them holds
    probabilities, all values stand: where they add up to more than 1, shares divide them, as within one atlas.

    Parameters
    ----------
    atlases : sequence of Atlas
        On the same voxels, in the same space.
    name : str, optional
        Of the new atlas; by default the names joined by ``+``.

    Returns
    -------
    Atlas
        The regions in order of the atlases. Numbers of a later atlas that an earlier one has, too, are moved up, all by
        the same.

    Raises
    ------
    AtlasError
        If there is no atlas, or their voxels or spaces differ.
    """
    if not atlases:
        raise AtlasError("there is no atlas to merge; give at least one")
    first = atlases[0]
    for other in atlases[1:]:
        if not other.grid.matches(first.grid):
            raise AtlasError(
                f"{other.name} has other voxels than {first.name}; resample one of them to the other's grid"
            )
        if other.space != first.space:
            raise AtlasError(
                f"{other.name} is in {other.space}, {first.name} in {first.space}; merge atlases of one space"
            )
    offsets = np.cumsum([0, *(atlas.n_regions for atlas in atlases)])
    voxel = np.concatenate([atlas.voxel.astype(np.int64) for atlas in atlases])
    region = np.concatenate([atlas.region.astype(np.int64) + n for atlas, n in zip(atlases, offsets, strict=False)])
    order = np.lexsort((region, voxel))
    if all(atlas.is_labelled for atlas in atlases):
        order = order[np.diff(voxel[order], prepend=-1) > 0]
        value = np.broadcast_to(np.float32(1), order.shape)
    else:
        value = np.concatenate([atlas.value for atlas in atlases])[order]
    joined = "+".join(atlas.name for atlas in atlases) if name is None else name
    remarks = tuple(dict.fromkeys(remark for atlas in atlases for remark in atlas.remarks))
    source = {"merged": [atlas.source | {"name": atlas.name} for atlas in atlases]}
    return Atlas(first.grid, _table(atlases), voxel[order], region[order], value, joined, first.space, source, remarks)


def _table(atlases: Sequence[Atlas]) -> pd.DataFrame:
    """The rows of all tables of regions, with numbers that are each given once."""
    tables: list[pd.DataFrame] = []
    used: set[int] = set()
    for atlas in atlases:
        ids = atlas.regions["id"].to_numpy(np.int64)
        if used & set(ids.tolist()):
            ids = ids + max(used) + 1 - min(0, int(ids.min()))
        used |= set(ids.tolist())
        tables.append(atlas.regions.assign(id=ids))
    return pd.concat(tables, ignore_index=True)
