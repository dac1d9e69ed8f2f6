"""Names of an atlas beside the coordinates of any table."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..assignment.checks import check_atlases, tell
from ..assignment.points import assign_points
from ..atlas.atlas import Atlas
from ..atlas.load import load_atlas
from ..atlas.lookup import nearest_regions
from ..atomic import told_if_not_written, whole_file
from ..errors import InputError, warn
from ..grid import Floats
from ..limits import read_bytes
from ..modes.point_files import coordinate_system
from ..modes.point_set import PointSet
from ..tables.frames import pd
from ..template_space import compare_spaces
from .layout import Layout, coordinate_columns, layout_of
from .table import decoded, encoded, lines_of, text_of

_NONE = "n/a"
_NO_GREY = re.compile(
    r"^WM[_ ]|white matter|ventric|\bcsf\b|tract\b|fascic|radiation|capsule|corpus callosum|fornix|bundle|commissure",
    re.IGNORECASE,
)
"""Names of regions that are no grey matter."""

AnyAtlas = Atlas | str | os.PathLike[str]


@overload
def label_table(table: pd.DataFrame, atlas: AnyAtlas | Sequence[AnyAtlas], *, sigma: float = 0.0) -> pd.DataFrame: ...


@overload
def label_table(
    table: str | os.PathLike[str],
    atlas: AnyAtlas | Sequence[AnyAtlas],
    *,
    sigma: float = 0.0,
    output: str | os.PathLike[str] | None = None,
) -> str: ...


def label_table(
    table: pd.DataFrame | str | os.PathLike[str],
    atlas: AnyAtlas | Sequence[AnyAtlas],
    *,
    sigma: float = 0.0,
    output: str | os.PathLike[str] | None = None,
) -> pd.DataFrame | str:
    """Add the regions of an atlas to a table of coordinates that any program made.

    Columns are added for each atlas: the region with the largest probability at the place, that probability, the
    nearest region, and its distance in mm (0 inside). Nothing is dropped, reordered or written in another way.

    Parameters
    ----------
    table : DataFrame or path
        A table with x, y and z in mm: of nilearn's ``get_clusters_table``, FSL ``cluster``, SPM, AFNI
        ``3dClusterize``, FreeSurfer, NiMARE, Sleuth, BIDS ``electrodes.tsv`` or any other.
    atlas : Atlas, name, path, or a list of these
        In the space of the coordinates; nothing is warped.
    sigma : float
        Uncertainty of each place in mm: the probability is then the mean over a Gaussian. Electrodes with a ``size``
        (mm2) have one of their own where this is 0.
    output : path, optional
        Write the text there, too, and for electrodes the JSON file that describes the columns.

    Returns
    -------
    DataFrame or str
        A table like the one given; of a file its text.

    Raises
    ------
    InputError
        If the table has no coordinates in mm, or has the columns already.

    Warns
    -----
    AssignmentWarning
        If the table and an atlas are in different spaces.
    """
    atlases = [_loaded(one) for one in ([atlas] if isinstance(atlas, Atlas | str | os.PathLike) else list(atlas))]
    check_atlases(atlases)
    if isinstance(table, pd.DataFrame):
        if output is not None:
            raise InputError("output: only for a table in a file; leave it out, or write the table that is returned")
        return _labelled_frame(table, atlases, sigma)
    return _labelled_file(Path(table), atlases, sigma, None if output is None else Path(output))


def _loaded(atlas: AnyAtlas) -> Atlas:
    return atlas if isinstance(atlas, Atlas) else load_atlas(atlas)


def _labelled_frame(table: pd.DataFrame, atlases: Sequence[Atlas], sigma: float) -> pd.DataFrame:
    titles = [" ".join(map(str, title)) if isinstance(title, tuple) else str(title) for title in table.columns]
    columns, space = coordinate_columns(titles, "the table")
    if columns is None or len(columns) != 3:
        raise InputError("the table has no columns of coordinates; give it x, y and z in mm")
    numbers = table.iloc[:, list(columns)].apply(pd.to_numeric, errors="coerce")
    spaces = next(
        (list(table[c].astype(str)) for c in table.columns if str(c).lower() == "space"), [space] * len(table)
    )
    _tell_of_spaces(spaces, atlases, "the table")
    own = next((list(table[c].astype(str)) for c in table.columns if str(c).lower() == "sigma"), None)
    sigmas = _sigmas(len(table), sigma, "the table", own)
    added = _named(numbers.to_numpy(np.float64), sigmas, atlases)
    _refuse_twice(added, titles, "the table")
    _tell_of_emptiness(numbers.to_numpy(np.float64), "the table")
    return table.assign(**{name: np.asarray(values, dtype=object) for name, values in added.items()}).infer_objects()


def _labelled_file(path: Path, atlases: Sequence[Atlas], sigma: float, output: Path | None) -> str:
    text, encoding = decoded(read_bytes(path))
    lines = lines_of(text)
    layout = layout_of(lines, path.name)
    electrodes = path.name.lower().endswith("electrodes.tsv")
    scale, space, _ = coordinate_system(path) if electrodes else (1.0, None, {})
    xyz = _with_midpoints(layout.xyz * scale, layout)
    _tell_of_spaces([said or space for said in layout.spaces], atlases, path.name)
    sizes = layout.column("size") if electrodes and not sigma else None
    sigmas = _sigmas(len(layout.rows), sigma, path.name, layout.column("sigma"), sizes)
    added = _named(xyz, sigmas, atlases, electrodes)
    _refuse_twice(added, layout.columns, path.name)
    _tell_of_emptiness(xyz, path.name)
    if layout.header is not None:
        lines[layout.header] = lines[layout.header].with_fields(list(added), layout.separator, layout.width)
    for row, number in enumerate(layout.rows):
        values = [_cell(column[row]) for column in added.values()]
        lines[number] = lines[number].with_fields(values, layout.separator, layout.width)
    labelled = text_of(lines)
    if output is not None:
        with told_if_not_written(output, "name another file"):
            with whole_file(output) as file:
                file.write_bytes(encoded(labelled, encoding))
            if electrodes:
                _write_sidecar(path, output, atlases)
    return labelled


def _named(
    xyz: Floats, sigma: Floats, atlases: Sequence[Atlas], electrodes: bool = False
) -> dict[str, NDArray[np.object_]]:
    """The added columns, by name; None where a row has no coordinates, or no region."""
    placed = np.asarray(np.isfinite(xyz).all(axis=1))
    columns: dict[str, NDArray[np.object_]] = {}
    for atlas in atlases:
        points = PointSet(xyz[placed], sigma[placed])
        rows, table = assign_points(points, atlas)
        rows = rows.assign(probability=rows["map weighted mean"].fillna(rows["map value"]))  # of blobs, of exact points
        best = (
            rows.sort_values("probability", ascending=False, kind="stable")
            .drop_duplicates("input structure")
            .set_index("input structure")
        )
        best = best.reindex(table["input structure"])
        columns[f"{atlas.name} region"] = _spread(best["region"], placed)
        columns[f"{atlas.name} probability"] = _spread(best["probability"], placed)
        columns[f"{atlas.name} nearest region"] = _spread(table["nearest region"], placed)
        columns[f"{atlas.name} distance mm"] = _spread(table["distance mm"], placed)
        if electrodes:
            columns[f"{atlas.name} probabilities"] = _spread(_all_of(rows, table), placed)
            columns[f"{atlas.name} distance to grey matter mm"] = _spread(_to_grey(atlas, points), placed)
    return columns


def _all_of(rows: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Every region at a place with its probability, the largest first, in one text."""
    named = rows.dropna(subset=["region"]).sort_values("probability", ascending=False, kind="stable")
    texts = named["region"] + " " + named["probability"].map(_cell)
    return texts.groupby(named["input structure"]).agg("; ".join).reindex(table["input structure"])


def _to_grey(atlas: Atlas, points: PointSet) -> pd.Series:
    grey = np.array([_NO_GREY.search(name) is None for name in atlas.regions["name"]])[atlas.region]
    only = replace(atlas, voxel=atlas.voxel[grey], region=atlas.region[grey], value=atlas.value[grey])
    return pd.Series(nearest_regions(only, points.xyz)[1])


def _spread(values: pd.Series, placed: NDArray[np.bool_]) -> NDArray[np.object_]:
    column = np.full(len(placed), None, dtype=object)
    column[placed] = [None if pd.isna(value) else value for value in values]
    return column


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return _NONE
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _with_midpoints(xyz: Floats, layout: Layout) -> Floats:
    """Bipolar pairs, rows like A1-A2 without coordinates of their own, lie midway between their contacts."""
    names = layout.column("name") or layout.column("label") or []
    place = {name: row for name, row in zip(names, xyz, strict=False) if np.isfinite(row).all()}
    xyz = xyz.copy()
    for n, name in enumerate(names):
        ends = [place.get(end.strip()) for end in name.split("-")]
        if name not in place and len(ends) == 2 and all(end is not None for end in ends):
            xyz[n] = np.mean([end for end in ends if end is not None], axis=0)
    return xyz


def _sigmas(
    n: int, sigma: float, name: str, own: Sequence[str] | None = None, sizes: Sequence[str] | None = None
) -> Floats:
    """One for each of n rows: what the table says, else `sigma`, else half the radius of a contact's disc."""
    numbers, areas = (
        pd.to_numeric(pd.Series(texts or [""] * n), errors="coerce").to_numpy(np.float64) for texts in (own, sizes)
    )
    if sigma and n and np.isfinite(numbers).all():
        raise InputError(f"{name} gives every row a sigma of its own; leave out sigma")
    discs = np.sqrt(np.clip(areas, 0, None) / np.pi) / 2
    return np.where(np.isfinite(numbers), numbers, np.where(np.isfinite(discs), discs, sigma))


def _tell_of_spaces(spaces: Sequence[str | None], atlases: Sequence[Atlas], name: str) -> None:
    pairs = [(space, atlas) for space in dict.fromkeys(spaces) for atlas in atlases]
    tell(filter(None, (compare_spaces(space, atlas.space, name, atlas.name) for space, atlas in pairs)), atlases)


def _tell_of_emptiness(xyz: Floats, name: str) -> None:
    """Warn where there is no place to name."""
    if not np.isfinite(xyz).all(axis=1).any():
        warn(f"{name} has {'no row with coordinates' if len(xyz) else 'no rows'}, so that there is nothing to name")


def _refuse_twice(added: dict[str, Any], titles: Sequence[str], name: str) -> None:
    twice = [column for column in added if column in titles or re.sub(r"\s+", "_", column) in titles]
    if twice:
        raise InputError(f"{name} has a column {twice[0]!r} already; take it away, or name another atlas")


def _write_sidecar(path: Path, output: Path, atlases: Sequence[Atlas]) -> None:
    """The JSON file that describes the columns: what it said, and what was added."""
    before = path.with_suffix(".json")
    try:
        columns = json.loads(read_bytes(before)) if before.is_file() else {}
    except (ValueError, RecursionError) as error:
        raise InputError(f"{before.name} is not JSON ({error}); mend it or take it away") from error
    if not isinstance(columns, dict):
        raise InputError(f"{before.name} describes no columns; mend it or take it away")
    for atlas in atlases:
        for column, meaning, unit in _MEANINGS:
            described: dict[str, str] = {"Description": meaning} | ({"Units": unit} if unit else {})
            columns[f"{atlas.name} {column}"] = described
    with whole_file(output.with_suffix(".json")) as file:
        file.write_text(json.dumps(columns, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")


_MEANINGS = (
    ("region", "Region with the largest probability at the contact", ""),
    ("probability", "Probability of that region", ""),
    ("nearest region", "Nearest region", ""),
    ("distance mm", "Distance to the nearest region, 0 inside", "mm"),
    ("probabilities", "All regions at the contact with their probabilities", ""),
    ("distance to grey matter mm", "Distance to the nearest region of grey matter, 0 inside", "mm"),
)
