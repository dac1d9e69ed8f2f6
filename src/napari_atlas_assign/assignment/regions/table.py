"""The region table: what is in every region, and along the tree of regions in their ancestors.

Amounts add up: an ancestor's are the sums of its children's, and those of the rows without children are the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...atlas.hierarchy import TreeNode, region_tree
from ...atlas.kept import kept_with_atlas
from ...grid import Floats
from ...modes.point_set import PointSet
from ...tables.cells import is_missing
from ...tables.frames import pd
from ...tables.parts import Lasting, Nullable, table_of_part
from ..columns import REGIONS, in_order
from ..comparison import Comparison
from ..parameters import Parameters
from ..places.midplane import midplane_for
from .amounts import ImageAmounts, amounts_of_image, amounts_of_modes, amounts_of_points, volumes

NONE = "(none)"
"""The region of what lies in no region."""

_OF_POINTS = ("count", "density per mm3", "left count", "right count")
_OF_MODES = ("active mm3", "active share", "left active mm3", "right active mm3")
_OF_IMAGES = ("mean", "sum", "maximum")

Amounts = Mapping[str, Floats]
"""By column, (K, R + 1): see `amounts`."""


def regions_of_map(comparison: Comparison, parameters: Parameters) -> dict[str, Any]:
    """What the modes of a map, and the map itself, have in every region; regions of interest are modes alone."""
    atlas = comparison.atlas
    midplane = midplane_for([atlas], comparison.image.space)
    amounts = {"volume mm3": volumes(atlas, midplane)}
    if parameters.has_modes:
        amounts["active mm3"] = amounts_of_modes(comparison.modes, atlas, midplane)
    values = None if parameters.rois else amounts_of_image(comparison.image, atlas)
    return _columns(atlas, amounts, values)


def columns_of_maps(parameters: Parameters) -> list[str]:
    """Names of the columns that the region table of a map has."""
    left_out = [*_OF_POINTS, *(() if parameters.has_modes else _OF_MODES), *(_OF_IMAGES if parameters.rois else ())]
    return [name for name in REGIONS if name not in left_out]


def columns_of_points() -> list[str]:
    """Names of the columns that the region table of points has."""
    return [name for name in REGIONS if name not in (*_OF_MODES, *_OF_IMAGES)]


def regions_of_points(points: PointSet, atlas: Atlas) -> pd.DataFrame:
    """How many points lie in every region."""
    midplane = midplane_for([atlas], points.space)
    count = amounts_of_points(points, atlas, midplane)
    return table_of_part(_columns(atlas, {"volume mm3": volumes(atlas, midplane), "count": count}))


def _columns(atlas: Atlas, amounts: Amounts, values: ImageAmounts | None = None) -> dict[str, Any]:
    rows = _rows(atlas)
    of_rows = {name: rows.joined(amount) for name, amount in amounts.items()}
    columns = rows.description | {name: amount[0] for name, amount in of_rows.items()}
    volume = of_rows["volume mm3"][0]
    for part, whole in (("active share", "active mm3"), ("density per mm3", "count")):
        if whole in of_rows:
            columns[part] = _divided(of_rows[whole][0], volume)
    if values is not None:
        columns["sum"] = rows.joined(values.total[None])[0]
        columns["mean"] = _divided(columns["sum"], rows.joined(values.space[None])[0])
        columns["maximum"] = rows.joined(values.maximum[None], np.fmax)[0]
    for name, amount in of_rows.items():
        left = np.full(len(volume), np.nan) if len(amount) == 1 else np.where(rows.is_lateralised, np.nan, amount[1])
        columns[f"left {name}"], columns[f"right {name}"] = left, amount[0] - left
    return in_order({name: column for name, column in REGIONS.items() if name in columns}, columns)


@dataclass(frozen=True)
class _Rows:
    """What the rows of an atlas's region tables are of; the last row is of no region."""

    description: dict[str, Lasting]
    """Columns that say what each row is of."""
    is_lateralised: NDArray[np.bool_]
    """Whether a row lies in one hemisphere."""
    member: NDArray[np.intp]
    """Regions that the rows but the last are made of, row by row."""
    begin: NDArray[np.intp]
    """Where in `member` those of each row begin."""

    def joined(self, amount: Floats, join: np.ufunc = np.add) -> Floats:
        """(K, rows) of amounts (K, R + 1): those of each row's members joined, then what is of no region."""
        of_rows: NDArray[np.float64] = join.reduceat(amount[:, self.member], self.begin, axis=1)
        return np.concatenate([of_rows, amount[:, -1:]], axis=1)


@kept_with_atlas()
def _rows(atlas: Atlas) -> _Rows:
    tree = region_tree(atlas)
    description = _description(tree, atlas)
    is_lateralised = np.array([side is not None for side in description["hemisphere"].column])
    member = np.array([member for node in tree for member in node.members])
    begin = np.cumsum([0, *(len(node.members) for node in tree)])[:-1]
    return _Rows(description, is_lateralised, member, begin)


def _description(tree: Sequence[TreeNode], atlas: Atlas) -> dict[str, Lasting]:
    """The columns that say what each row is of."""
    ids = atlas.column("id") or []
    of_row = [None if is_missing(side) else str(side) for side in atlas.column("hemisphere") or [None] * len(ids)]
    return {
        "region id": Lasting(Nullable([*(None if node.row is None else ids[node.row] for node in tree), None])),
        "region": Lasting(np.array([*(node.name for node in tree), NONE], object)),
        "parent": Lasting(np.array([*(node.parent for node in tree), None], object)),
        "level": Lasting(Nullable([*(node.level for node in tree), None])),
        "hemisphere": Lasting(np.array([*(_side_of(node, of_row) for node in tree), None], object)),
    }


def _side_of(node: TreeNode, sides: Sequence[str | None]) -> str | None:
    """The hemisphere of a node's own row, else that of all its members; None where there is no such one."""
    if node.row is not None and sides[node.row] is not None:
        return sides[node.row]
    of_members = {sides[member] for member in node.members}
    return of_members.pop() if len(of_members) == 1 else None


def _divided(amount: Floats, whole: Floats) -> Floats:
    """Amount by whole; undefined where there is no whole."""
    return np.divide(amount, whole, out=np.full(len(amount), np.nan), where=whole > 0)
