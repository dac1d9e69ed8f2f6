"""The table of peaks: what the atlas says at every peak of every mode."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..atlas.atlas import Atlas
from ..atlas.lookup import nearest_regions, values_at
from ..grid import points_as_tuples
from ..modes.modes import Modes
from ..modes.peaks import Peaks
from ..tables.parts import Part
from .best_region import highest_here
from .columns import PEAKS, in_order
from .region_texts import named_regions, names_of_regions


def peak_columns(peaks: Peaks, modes: Modes, atlas: Atlas) -> Part:
    """Describe every peak in one row.

    Returns
    -------
    Part
        Columns `columns.PEAKS`. `input structure` is the mode's number, `peak` counts its peaks from the highest,
        `position` is the centre of the peak's voxel in world mm, `value` is the image's there. `best region` has the
        largest `probability` in the atlas voxel that contains the position; `regions` lists all there, falling, as
        text: ``Area 4a 0.61; Area 3b 0.2``. Where there is none, these are missing and `regions` is empty. `nearest
        region` is `distance mm` away: the best region and 0 inside one.
    """
    xyz = modes.grid.to_world(modes.grid.unravel(peaks.voxel))
    here = values_at(atlas, xyz)
    order = np.lexsort((here.region, -here.value, here.place))
    place, region, value = here.place[order], here.region[order], here.value[order]
    n = len(peaks.mode)
    best, probability = highest_here(here, n)
    texts = [f"{name} {a:.4g}" for name, a in zip(names_of_regions(atlas)[region], value, strict=True)]
    bounds = np.searchsorted(place, np.arange(n + 1))
    nearest, distance = nearest_regions(atlas, xyz)
    return in_order(
        PEAKS,
        {
            "input structure": modes.number[peaks.mode],
            "peak": peaks.rank,
            "position": points_as_tuples(xyz),
            "value": peaks.value * modes.sign[peaks.mode],
            "best region": named_regions(atlas, best),
            "probability": probability,
            "regions": ["; ".join(texts[a:b]) for a, b in pairwise(bounds)],
            "nearest region": named_regions(atlas, nearest),
            "distance mm": distance,
        },
    )
