"""A column that the table in napari has beside those of the files: the value at the mode's peak. Without Qt."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...assignment.columns import Column
from ...assignment.result import Result
from ...atlas.lookup import regions_at
from .filters import MODE_COLUMN

PEAK_PROBABILITY = Column("peak probability", "fraction", "Value of the region's map at the peak of the mode.")


def with_peak_probability(result: Result) -> pd.DataFrame:
    """The table of assignments with the column `PEAK_PROBABILITY`; 0 where the region does not reach the peak."""
    table = result.assignments
    at_peaks = [_at_peaks(result, run) for run in range(len(result.comparisons))]
    runs = {(c.map_index, c.atlas.name): n for n, c in enumerate(result.comparisons)}
    maps = table["map"] if "map" in table else [result.comparisons[0].map_index] * len(table)
    atlases = table["atlas"] if "atlas" in table else [result.atlas.name] * len(table)
    rows = zip(maps, atlases, table[MODE_COLUMN], table["volume"], strict=True)
    return table.assign(
        **{
            PEAK_PROBABILITY.name: [
                np.nan if pd.isna(region) else at_peaks[runs[number, atlas]].get((int(mode), int(region)), 0.0)
                for number, atlas, mode, region in rows
            ]
        }
    )


def _at_peaks(result: Result, run: int) -> dict[tuple[int, int], float]:
    """(mode, region) -> the value of the region's map at the mode's peak."""
    comparison = result.comparisons[run]
    modes = comparison.modes
    places = modes.grid.to_world(modes.grid.unravel(modes.peaks()[0]))
    return {
        (number, region): value
        for number, place in zip(modes.number.tolist(), places, strict=True)
        for region, value in regions_at(comparison.atlas, place)
    }
