"""What a row of the tables of regions is about: a region or an ancestor, and a place in it. Without Qt."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property

from ...assignment.point_result import PointResult
from ...assignment.regions.place import place_in_region
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.hierarchy import TreeNode, region_tree
from .rows import Place, Subject
from .values import TableValues


def _atlases(result: Result | PointResult) -> list[Atlas]:
    """Of each run."""
    return list(result.atlases) if isinstance(result, PointResult) else [r.atlas for r in result.comparisons]


class RegionReader:
    """Reads the rows of the region table of a result."""

    def __init__(self, result: Result | PointResult, columns: TableValues) -> None:
        self._columns = columns
        self._atlases = _atlases(result)
        self._nodes: list[tuple[int, TreeNode | None]] = []
        """Of each row its run, and its region; the last row of each run is of none."""
        for run, atlas in enumerate(self._atlases):
            self._nodes += [(run, node) for node in (*region_tree(atlas), None)]

    def subject(self, row: int) -> Subject:
        """The region of a row; none where it has no voxels."""
        run, node = self._nodes[row]
        if node is None or not self._atlases[run].region_sums.maximum[list(node.members)].any():
            return Subject(0, None, run)
        if len(node.members) == 1:
            return Subject(0, node.members[0], run)
        return Subject(0, None, run, node)

    def keys(self) -> list[Hashable]:
        """(N,) tell rows again in the table of a later result."""
        return self._keys

    @cached_property
    def _keys(self) -> list[Hashable]:
        names = ("region id", "region", "parent", "level")
        cells = (self._columns.values(name) for name in names)
        return list(zip((run for run, _ in self._nodes), *cells, strict=True))

    def place(self, row: int, column: str) -> Place | None:
        """A place within the region, in world mm, whatever the column."""
        run, node = self._nodes[row]
        return None if node is None else place_in_region(self._atlases[run], node.members)


class RegionTestReader:
    """Reads the rows of the test of whole maps: the regions of each run's atlas, in its order."""

    def __init__(self, result: Result) -> None:
        self._rows = [
            (run, atlas, region) for run, atlas in enumerate(_atlases(result)) for region in range(atlas.n_regions)
        ]

    def subject(self, row: int) -> Subject:
        """The region of a row; none where it has no voxels."""
        run, atlas, region = self._rows[row]
        return Subject(0, region if atlas.region_sums.maximum[region] else None, run)

    def keys(self) -> list[Hashable]:
        """(N,) tell rows again in the table of a later result."""
        return [(run, region) for run, _, region in self._rows]

    def place(self, row: int, column: str) -> Place | None:
        """A place within the region, in world mm, whatever the column."""
        _, atlas, region = self._rows[row]
        return place_in_region(atlas, (region,))
