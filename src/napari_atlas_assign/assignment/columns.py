"""Every column of every table, once: its name, what it means, what kind of values it holds, and their unit.

Tables, the page of the report, the table in napari, Parquet files and the test of docs/columns.md read them here. To
add a score, write one function of `OverlapSums` in `scores.py` and one entry in `SCORES` below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from ..grid import Floats
from . import scores
from .sums.overlap import OverlapSums

Kind = Literal["text", "integer", "number", "fraction", "position", "boolean"]
"""Fractions are parts of a whole, from 0 to 1; positions are x, y, z in world mm."""

Score = Callable[[OverlapSums], Floats]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
    kind : {"text", "integer", "number", "fraction", "position", "boolean"}
    meaning : str
        One sentence.
    unit : str
        Of numbers and positions: "mm", "mm3", "image" (that of the image), or empty.
    caution : str
        What misleads who does not know it, in a sentence; empty for most.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    caution: str = ""

    @property
    def explanation(self) -> str:
        """The meaning and, where there is one, the caution."""
        return f"{self.meaning} {self.caution}".rstrip()

    def meaning_of(self, meaning: str) -> Column:
        """The same column in a table where it means something else."""
        return replace(self, meaning=meaning, caution="")


@dataclass(frozen=True)
class ScoreColumn(Column):
    """A column of the table of assignments that one function of the sums fills."""

    score: Score = scores.correlation


Columns = Mapping[str, Column]
"""The columns of a table by name, in order."""


_AnyColumn = TypeVar("_AnyColumn", bound=Column)


def _by_name(columns: Iterable[_AnyColumn]) -> dict[str, _AnyColumn]:
    return {column.name: column for column in columns}


def _score(score: Score, kind: Kind, meaning: str, unit: str = "", name: str = "", caution: str = "") -> ScoreColumn:
    """A score is named like its function, with spaces, where no `name` is given."""
    return ScoreColumn(name or score.__name__.replace("_", " "), kind, meaning, unit, caution, score)


_SCORES = _by_name(
    (
        _score(
            scores.correlation,
            "number",
            "Pearson correlation of region map and image over the smallest box that holds both: how alike they are.",
            caution="It grows with the mode's size even in a perfect place: compare regions of one mode, not modes.",
        ),
        _score(
            scores.intersection_over_union,
            "fraction",
            "Common volume of mode and region, divided by their joint volume: 1 where both cover the same space.",
        ),
        _score(scores.map_value, "number", "Largest value of the region map under the mode."),
        _score(
            scores.map_weighted_mean,
            "number",
            "Mean of the region map, weighted by the image: the expected value at a place drawn from the activation.",
        ),
        _score(scores.map_containedness, "fraction", "Part of the region that the mode covers."),
        _score(
            scores.input_weighted_mean,
            "number",
            "Mean of the image, weighted by the region map; places outside the mode count as 0.",
            "image",
        ),
        _score(
            scores.input_containedness,
            "fraction",
            "Part of the mode where the region map is above 0, however small it is.",
        ),
        _score(scores.map_maximum, "number", "Largest value of the region map anywhere."),
        _score(
            scores.map_mean,
            "number",
            "Mean of the region map over the mode: the expected value at a place drawn from the mode.",
        ),
        _score(
            scores.share,
            "fraction",
            "Part of the mode that the region accounts for; shares and the unassigned share add up to 1.",
            caution="A parent's values are capped at 1, so that its share is not the sum of its children's.",
        ),
        _score(
            scores.mpm_share,
            "fraction",
            "Part of the mode that the region has in the maximum probability map: where its value is the largest.",
            caution="This is what other programs print as the percentage of the cluster.",
        ),
        _score(
            scores.dice, "fraction", "Twice the common volume of mode and region, divided by the sum of both volumes."
        ),
        _score(scores.overlap_mm3, "number", "Common volume of mode and region.", "mm3"),
    )
)

SCORES: dict[str, Score] = {name: column.score for name, column in _SCORES.items()}
"""Name of a score -> its function, in the order of the table; siibra's seven come first."""

_NUMBER = Column(
    "input structure",
    "integer",
    "Number of the mode: its value in the volume and the layer of modes.",
    caution="Numbers follow size and change with the threshold; a peak's position does not.",
)
_CENTROID = Column("centroid", "position", "Unweighted mean position of the mode's voxels, rounded to 0.01.", "mm")
_SIGN = Column("sign", "integer", "1 for a mode above the threshold, -1 for one below its negative.")
_HEMISPHERE = Column("hemisphere", "text", "Side of the region, left or right, where the atlas says it.")
_VOLUME = Column("volume", "integer", "Index of the region's map in the atlas, from 0; siibra's word, not a size.")
_REGION = Column("region", "text", "Name of the region.")
_POINT_NUMBER = _NUMBER.meaning_of("Number of the point.")

ASSIGNMENTS: Columns = _by_name((_NUMBER, _CENTROID, _VOLUME, _REGION, *_SCORES.values(), _SIGN, _HEMISPHERE))
"""One row per mode and region that overlap: siibra's eleven columns first, under its names and in its order."""

_NEAREST = Column("nearest region", "text", "Region of the nearest voxel that has one.")
_DISTANCE = Column("distance mm", "number", "Distance to the nearest region, 0 inside one.", "mm")

SUMMARY: Columns = _by_name(
    (
        Column(
            "best region by correlation",
            "text",
            "Region with the largest correlation; missing where none is above 0.",
        ),
        Column(
            "best region by share",
            "text",
            "Region with the largest share; missing where none has 0.01, and of maps that are no probabilities.",
        ),
        Column(
            "unassigned share",
            "fraction",
            "Part of the mode that no region accounts for: the outside share and the undecided share together.",
        ),
        Column(
            "outside share",
            "fraction",
            "Part of the mode's volume where no region is above 0, or that lies outside the atlas's field of view.",
        ),
        Column(
            "undecided share",
            "fraction",
            "Probability that the atlas leaves open where it has regions: unassigned share minus outside share.",
        ),
        _NEAREST.meaning_of("Where the outside share is above 0.5, region of the voxel nearest to the mode's peak."),
        _DISTANCE.meaning_of("Where the outside share is above 0.5, distance from the mode's peak to that region."),
    )
)
"""Columns of the table of modes that belong to an atlas."""

MODES: Columns = _by_name(
    (
        _NUMBER,
        _SIGN,
        Column("voxels", "integer", "Number of the mode's voxels."),
        Column("volume mm3", "number", "Volume of the mode.", "mm3"),
        _CENTROID,
        Column(
            "peak",
            "position",
            "Centre of the voxel with the mode's most extreme value; of equal voxels, the one nearest to their mean.",
            "mm",
        ),
        Column("peak value", "number", "The most extreme value of the mode, with its sign.", "image"),
        Column(
            "peak voxels",
            "integer",
            "How many voxels of the mode hold the peak value.",
            caution="Above 1, the peak is a plateau, and its place no more than a convention.",
        ),
        Column("mean value", "number", "Mean of the image over the mode, with its sign.", "image"),
        Column(
            "left share",
            "fraction",
            "Part of the mode's volume left of the midplane; n/a where that is not known.",
        ),
        Column(
            "right share", "fraction", "Part of the mode's volume right of the midplane; n/a where that is not known."
        ),
        *SUMMARY.values(),
    )
)
"""One row per mode."""

_PROBABILITY = Column("probability", "fraction", "Value of the best region at the peak.")

PEAKS: Columns = _by_name(
    (
        _NUMBER.meaning_of("Number of the mode in which the peak lies."),
        Column("peak", "integer", "1 for the highest peak of the mode, 2 for the next."),
        Column("position", "position", "Centre of the peak's voxel.", "mm"),
        Column("value", "number", "The image at the peak, with its sign.", "image"),
        Column("best region", "text", "Region with the largest value at the peak."),
        _PROBABILITY,
        Column("regions", "text", "All regions at the peak with their values, falling."),
        _NEAREST,
        _DISTANCE,
    )
)
"""The highest local maxima of every mode."""

POINT_ASSIGNMENTS: Columns = _by_name(
    (
        _POINT_NUMBER,
        _CENTROID.meaning_of("Position of the point."),
        _VOLUME,
        _REGION.meaning_of("Name of the region; missing where the point meets none, which is then its only row."),
        *_SCORES.values(),
        _HEMISPHERE,
        _NEAREST.meaning_of("In a row without region, region of the nearest voxel that has one."),
        _DISTANCE.meaning_of("In a row without region, distance from the point to the nearest region."),
    )
) | _by_name(
    (
        _SCORES["map value"].meaning_of("Value of the region map at the point; under a blob, the largest."),
        _SCORES["share"].meaning_of("Part of the point's blob that the region accounts for."),
    )
)
"""One row per point and region."""

POINTS: Columns = _by_name(
    (
        _POINT_NUMBER,
        Column("name", "text", "Name of the point, or its number from 1."),
        Column("position", "position", "Position of the point.", "mm"),
        Column("sigma mm", "number", "Uncertainty of the point, a standard deviation; 0 for an exact one.", "mm"),
        Column(
            "best region by map value",
            "text",
            "Region with the largest value at the point; of an uncertain one, with the largest mean over its blob.",
        ),
        _PROBABILITY.meaning_of("Value of that region at the point, or its mean over the blob."),
        SUMMARY["best region by correlation"].meaning_of(
            "Region with the largest correlation; missing where none is above 0, and for exact points."
        ),
        SUMMARY["best region by share"].meaning_of(
            "Region with the largest share of the point or of its blob; missing where none has 0.01."
        ),
        SUMMARY["unassigned share"].meaning_of("Part of the point or of its blob that no region accounts for."),
        SUMMARY["outside share"].meaning_of("Part of the point or of its blob where no region is above 0."),
        SUMMARY["undecided share"],
        _NEAREST.meaning_of("Region of the voxel nearest to the point itself that has one."),
        _DISTANCE.meaning_of("Distance from the point itself to the nearest region, 0 inside one."),
    )
)
"""One row per point."""

_AXES = tuple(Column(axis, "number", f"The {axis} of the peak's voxel.", "mm") for axis in "xyz")

CLUSTERS: Columns = _by_name(
    (
        replace(_NUMBER, name="cluster"),
        MODES["voxels"],
        MODES["volume mm3"],
        MODES["peak value"],
        *_AXES,
        Column("region", "text", "Region with the largest value at the peak; missing where there is none."),
        _PROBABILITY.meaning_of("Value of that region at the peak."),
        Column(
            "best region",
            "text",
            "Region with the largest share of the mode; of maps that are no probabilities, by the largest correlation.",
        ),
        SUMMARY["outside share"],
    )
)
"""The table that papers print: one row per mode."""

LISTED_POINTS: Columns = _by_name(
    (
        replace(_POINT_NUMBER, name="point"),
        POINTS["name"],
        *(axis.meaning_of(f"The {axis.name} of the point.") for axis in _AXES),
        POINTS["sigma mm"],
        replace(POINTS["best region by map value"], name="region"),
        POINTS["probability"],
        POINTS["nearest region"],
        POINTS["distance mm"],
    )
)
"""The same of points: one row per point."""

CERTAINTY_OF_ASSIGNMENTS: Columns = _by_name(
    (
        Column(
            "share sd",
            "fraction",
            "Standard deviation of the share over random translations of the modes.",
        ),
        Column(
            "expected map mean",
            "number",
            "Mean of the region map over the mode's placements elsewhere in comparable tissue.",
        ),
        Column("enrichment", "number", "The map mean divided by the expected map mean."),
        Column(
            "p",
            "fraction",
            "Of blobs of this shape in comparable tissue, a fraction p would lie in this region as much as this one.",
            caution="For a region that was chosen by looking at the table, read p corrected.",
        ),
        Column(
            "p corrected",
            "fraction",
            "The same fraction for any region of the atlas and any mode of the map; it says nothing about activation.",
        ),
    )
)
"""Columns that the table of assignments has besides its own where it was asked how sure they are."""

CERTAINTY_OF_MODES: Columns = _by_name(
    (
        Column(
            "best region stability",
            "fraction",
            "Part of the random translations in which the best region by share is the same.",
        ),
        Column(
            "best region under shifts",
            "text",
            "Best region by share if it holds in 80 % of the random translations, else the two that it is undecided "
            "between.",
        ),
        Column("placements", "text", "How often the mode was placed elsewhere, or why it could not be."),
    )
)
"""Columns that the table of modes has besides its own where it was asked how sure they are."""

INPUT_NAME = Column("input name", "text", "Name of the region of interest, where its label has one.")
"""What tables of regions of interest have besides where a table or a layer names these."""

SWEEP: Columns = _by_name(
    (
        Column("threshold", "number", "Modes lie beyond it.", "image"),
        Column(
            "cluster",
            "integer",
            "The same number for one mode at all thresholds, told by its peak; 1 has the highest peak.",
        ),
        _NUMBER.meaning_of("Number of the mode at this threshold."),
        Column(
            "merges into",
            "integer",
            "At the next lower threshold, the cluster that it has become a part of; missing where it stays itself.",
        ),
        Column("merged", "integer", "How many modes of the next higher threshold it holds."),
        *(column for column in MODES.values() if column is not _NUMBER),
        Column("best correlation", "number", "Correlation of the best region by correlation."),
        Column("best share", "fraction", "Share of the best region by share."),
    )
)
"""One row per threshold and mode."""

REGION_TEST: Columns = _by_name(
    (
        Column("region id", "integer", "Number of the region in the atlas."),
        _REGION,
        Column(
            "voxels",
            "number",
            "Voxels of the map that the region accounts for; regions with fewer than 5 are not tested.",
        ),
        Column("mean", "number", "Mean of the unthresholded map, weighted by the region's share.", "image"),
        Column("expected", "number", "The same mean, averaged over random maps.", "image"),
        Column("z", "number", "The mean less the expected mean, in standard deviations over all these maps."),
        Column(
            "p",
            "fraction",
            "A random map as smooth as this one and with its values would have so high a mean in this region in a "
            "fraction p of cases.",
            caution="For a region that was chosen by looking at the table, read p corrected.",
        ),
        Column(
            "p corrected",
            "fraction",
            "The same fraction for any region of the atlas.",
        ),
        Column(
            "evenness",
            "fraction",
            "Part of the random maps that differ at least as much as the map, from place to place, in variance and "
            "smoothness.",
            caution="Up to 0.05, the map is not like its random maps, and has no p.",
        ),
    )
)
"""One row per region."""

_ON_SIDES = (("volume mm3", "Its volume", "mm3"), ("active mm3", "Its active mm3", "mm3"), ("count", "Its points", ""))
_NO_SIDES = "the region is lateralised itself or the midplane is not known"

REGIONS: Columns = _by_name(
    (
        Column("region id", "integer", "Number of the region in its atlas; missing where the atlas gives none."),
        _REGION.meaning_of("Name of the region or of an ancestor; (none) is all that lies in no region."),
        Column("parent", "text", "Name of its parent in the tree of regions, where it has one."),
        Column("level", "integer", "Its place in the tree of regions, 0 at the root."),
        _HEMISPHERE,
        Column("volume mm3", "number", "Volume of the region, counted by its share of each place.", "mm3"),
        Column("active mm3", "number", "Volume of all modes together that the region accounts for.", "mm3"),
        Column("active share", "fraction", "Part of the region that lies in modes."),
        Column("mean", "number", "Mean of the image, without a threshold, over the region's finite voxels.", "image"),
        Column("sum", "number", "Integral of the image, without a threshold: its unit times mm3."),
        Column("maximum", "number", "Largest value of the image where the region is the largest of all.", "image"),
        Column("count", "number", "Number of points; an uncertain one counts by the parts of its blob."),
        Column("density per mm3", "number", "Points per mm3 of the region."),
        *(
            Column(f"{side} {name}", "number", f"{what} {side} of the midplane; missing where {_NO_SIDES}.", unit)
            for name, what, unit in _ON_SIDES
            for side in ("left", "right")
        ),
    )
)
"""One row per region and ancestor, and one for what lies in none."""

DESCRIPTION = ("region id", "region", "parent", "level", "hemisphere")
"""Columns of the region table that say what a row is of."""

GROUPS: Columns = _by_name(
    (
        *(REGIONS[name] for name in DESCRIPTION),
        Column("group", "text", "Group of subjects, as the design says."),
        Column("n", "integer", "Subjects of the group for which the region has a number."),
        Column("mean", "number", "Mean of the subjects' numbers, each counted once."),
        Column("sd", "number", "Standard deviation of the subjects' numbers, with n - 1; missing below two subjects."),
    )
)
"""One row per region and group of subjects."""

ORIGIN: Columns = _by_name(
    (
        Column("file", "text", "File of the map."),
        Column("map", "integer", "Number of the map in its stack, from 0."),
        Column("map name", "text", "Name of the map."),
        Column("atlas", "text", "Name of the atlas."),
    )
)
"""Columns that tables of stacks, of several atlases and of batches have besides their own."""


_BESIDES: Columns = {
    **ORIGIN,
    **CERTAINTY_OF_ASSIGNMENTS,
    **CERTAINTY_OF_MODES,
    INPUT_NAME.name: INPUT_NAME,
}


def column_named(name: str, columns: Columns) -> Column | None:
    """A column of one of the tables above by its name, which of several atlases ends in that of one; else None.

    >>> column_named("unassigned share: aal", MODES).kind
    'fraction'
    """
    own, _, _ = name.partition(": ")
    return columns.get(own) or _BESIDES.get(own)


def in_order(columns: Columns, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values (N,) of some columns, in their order."""
    return {name: values[name] for name in columns}


def kind_of(name: str, columns: Columns) -> Kind:
    """The kind of a column; text for one that is in none of the tables."""
    column = column_named(name, columns)
    return "text" if column is None else column.kind
