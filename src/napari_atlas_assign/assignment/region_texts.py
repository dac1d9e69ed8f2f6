"""Names of regions as tables hold them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.kept import kept_with_atlas
from ..tables.frames import pd
from ..tables.parts import Taken


class Texts(NamedTuple):
    """A column of the table of regions, and a last row, which -1 finds, for no region."""

    array: Any
    """(R + 1,) as pandas keeps text."""
    is_missing: NDArray[np.bool_]
    """(R + 1,)"""


@kept_with_atlas()
def texts_of_regions(atlas: Atlas, column: str = "name") -> Texts:
    """Kept, since making texts of pandas takes longer than a table of a few rows; a missing column has none."""
    column_of_regions = pd.Series([*atlas.regions.get(column, [None] * atlas.n_regions), None])
    return Texts(column_of_regions.array, column_of_regions.isna().to_numpy())


def named_regions(atlas: Atlas, region: NDArray[np.integer]) -> Taken:
    """Names of regions (N,) as a column; missing for -1."""
    return Taken(names_of_regions(atlas), lambda: texts_of_regions(atlas).array, region)


@kept_with_atlas()
def names_of_regions(atlas: Atlas) -> NDArray[np.object_]:
    """(R + 1,) names of the regions; the last, which -1 finds, is None: no region."""
    return np.array([*(atlas.column("name") or ()), None], object)
